"""The places of a request's envelope, each at most once and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from runner.simulator.names import Ns, tag
from runner.simulator.parser import parser
from runner.simulator.refusal import Code, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

_IDENTIFIERS = ("Id", "ID", "id")
_SECURITY_PARTS = {
    tag(Ns.WSU, "Timestamp"): "timestamp",
    tag(Ns.SAML, "Assertion"): "assertion",
    tag(Ns.WSSE, "UsernameToken"): "username",
    tag(Ns.WSSE, "BinarySecurityToken"): "certificate",
    tag(Ns.DS, "Signature"): "signature",
}


@dataclass(frozen=True)
class Envelope:
    """A request taken apart; nothing in it is to be believed before its signature has been verified."""

    root: etree._Element
    #: Namespace of SOAP 1.1 or 1.2.
    soap: str
    #: The one element of the Body.
    content: etree._Element
    #: Part name → the element at its fixed place.
    places: dict[str, etree._Element]

    def identifier(self, part: str) -> str | None:
        """The wsu:Id of a part, or the ID of the assertion."""
        element = self.places.get(part)
        if element is None:
            return None
        return element.get("ID") if part == "assertion" else element.get(tag(Ns.WSU, "Id"))

    def count(self, identifier: str) -> int:
        """How many elements of the whole envelope answer to that identifier."""
        return sum(
            1
            for element in self.root.iter(etree.Element)
            for name, value in element.attrib.items()
            if value == identifier and str(name).rpartition("}")[2] in _IDENTIFIERS
        )

    def text(self, part: str) -> str:
        """The text of a part; empty if there is none."""
        element = self.places.get(part)
        return "" if element is None else text_of(element)


def text_of(element: etree._Element) -> str:
    """All text of an element, without white space around it."""
    return "".join(str(text) for text in element.itertext()).strip()


def parse(data: bytes) -> etree._Element:
    """
    The root of a document from the other side.

    Raises:
        Refusal: It is no XML, or it has a DTD.
    """
    try:
        root = etree.fromstring(data, parser(len(data)))
    except (etree.XMLSyntaxError, ValueError) as exc:
        raise Refusal(Code.BAD_MESSAGE, why="is no XML") from exc
    if root.getroottree().docinfo.internalDTD is not None:
        raise Refusal(Code.BAD_MESSAGE, why="has a DTD")
    return root


def read_envelope(root: etree._Element) -> Envelope:
    """
    The envelope with all its parts at their places.

    Raises:
        Refusal: A part is missing, stands twice, or stands where it must not.
    """
    soap = next((ns for ns in (Ns.SOAP11, Ns.SOAP12) if root.tag == tag(ns, "Envelope")), None)
    if soap is None:
        raise _bad("is no SOAP envelope")
    parts = [child.tag for child in root.iterchildren(etree.Element)]
    if parts != [tag(soap, "Header"), tag(soap, "Body")]:
        raise _bad("the envelope does not hold one Header and one Body")
    header, body = root.iterchildren(etree.Element)
    content = list(body.iterchildren(etree.Element))
    if len(content) != 1:
        raise _bad("the Body does not hold one element")
    places = {"body": body}
    for name, part in (("To", "to"), ("Action", "action"), ("MessageID", "message_id")):
        places[part] = _only(header.findall(tag(Ns.WSA, name)), name)
    security = _only(header.findall(tag(Ns.WSSE, "Security")), "Security")
    for child in security.iterchildren(etree.Element):
        known = _SECURITY_PARTS.get(str(child.tag))
        if known is None or known in places:
            raise _bad(f"Security holds {etree.QName(child).localname} where it must not")
        places[known] = child
    for needed in ("timestamp", "signature"):
        if needed not in places:
            raise Refusal(Code.BAD_SIGNATURE, why=f"Security holds no {needed}")
    return Envelope(root, str(soap), content[0], places)


def peek(root: etree._Element) -> tuple[str, str, str | None]:
    """What can be said of any envelope without believing it: SOAP namespace, body element, message identifier."""
    soap = etree.QName(root).namespace or Ns.SOAP12
    content = next(root.iterfind(f"{tag(soap, 'Body')}/*"), None)
    message_id = root.findtext(f"{tag(soap, 'Header')}/{tag(Ns.WSA, 'MessageID')}")
    return str(soap), "" if content is None else str(content.tag), message_id


def _only(found: Iterable[etree._Element], name: str) -> etree._Element:
    elements = list(found)
    if len(elements) != 1:
        raise _bad(f"the Header holds {name} {len(elements)} times")
    return elements[0]


def _bad(why: str) -> Refusal:
    return Refusal(Code.BAD_MESSAGE, why=why)
