"""
Believes an answer, or says why not.

Only what was digested is given on: the payload as it stands in the digested bytes, Timestamp and addressing headers as
the text of the very elements that were digested, at the place where they belong.

Source: WS-Security 1.1; WS-Addressing 1.0 §3; which parts an answer signs: the contract pack's README.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from runner.domain import long_texts
from runner.eeszt.keys import Pin, signers_of
from runner.eeszt.names import BASE64_BINARY, SOAP, X509_V3, Ns, tag
from runner.eeszt.replay import Seen
from runner.eeszt.signature import Allowed, digested
from runner.eeszt.xml import UnverifiedError, canonical, children, identifiers, on_its_own, only, parse, words

if TYPE_CHECKING:
    from lxml import etree

#: Parts of an answer that must be signed: what it says, when, as what, and to which question.
REQUIRED = ("timestamp", "body", "action", "message_id", "relates_to")

_HEADERS = {
    tag(Ns.WSA, "Action"): "action",
    tag(Ns.WSA, "MessageID"): "message_id",
    tag(Ns.WSA, "RelatesTo"): "relates_to",
}
_SECURITY = tag(Ns.WSSE, "Security")
_TOKEN = tag(Ns.WSSE, "BinarySecurityToken")
_TIMESTAMP = tag(Ns.WSU, "Timestamp")
_SIGNATURE = tag(Ns.DS, "Signature")
_WSU_ID = tag(Ns.WSU, "Id")
_FAULT_ACTIONS = frozenset({f"{Ns.WSA}/fault", f"{Ns.WSA}/soap/fault"})


@dataclass(frozen=True, slots=True)
class Answer:
    """
    A believed answer.

    Attributes:
        payload: The element in the body, as bytes of its own document, UTF-8; its long texts stand beside it.
        name: Its name, ``{namespace}local``.
        is_fault: Whether it is a SOAP fault.
    """

    payload: bytes = field(repr=False)
    name: str
    is_fault: bool


class Verifier:
    """
    Checks answers against pinned signers. Safe for threads.

    Args:
        pins: Certificates (DER) that may sign answers; no other is believed, whoever issued it.
        allowed: Algorithms.
        skew: How far the other side's clock may be off.
        life: How long a Timestamp may live at most.
        required: Parts that must be signed.

    Raises:
        ValueError: A pin is no certificate.
    """

    def __init__(
        self,
        pins: Sequence[bytes],
        allowed: Allowed,
        skew: timedelta,
        life: timedelta,
        required: Sequence[str] = REQUIRED,
    ) -> None:
        self._signers = signers_of(pins)
        self._allowed = allowed
        self._skew = skew
        self._life = life
        self._required = tuple(dict.fromkeys((*required, "body")))
        self._seen = Seen(skew + life)

    def verify(
        self, data: bytes, soap_version: str, message_id: str, actions: Collection[str], now: datetime
    ) -> Answer:
        """
        The answer to our message.

        Args:
            data: The HTTP answer's body, its long texts beside it.
            soap_version: ``1.1`` or ``1.2``.
            message_id: Of the message that is waited for.
            actions: Actions that the answer or fault may have; empty: any.
            now: Aware UTC.

        Raises:
            UnverifiedError: It cannot be believed; nothing is known of what became of the message.
        """
        root = parse(data)
        soap = SOAP[soap_version]
        header, body = _frame(root, soap)
        security = _security(root, header)
        signature = only(security, _SIGNATURE)
        found = identifiers(root)
        signer, texts = self._signer(security, signature, now), long_texts.texts_of(data)
        signed = digested(signature, found, signer, self._allowed, texts=texts)
        places = {**_said(header), "timestamp": only(security, _TIMESTAMP), "body": body}
        parts = _at_their_places(places, signed, found, self._required)
        if "timestamp" in parts:
            self._check_time(places["timestamp"], now)
        if "relates_to" in parts and words(places["relates_to"]) != message_id:
            raise UnverifiedError("the answer to another message")
        if "message_id" in parts:
            self._seen.once(words(places["message_id"]), now)
        payload = body[0] if len(children(body)) == 1 else None
        if payload is None:
            raise UnverifiedError("the body is not one element")
        is_fault = payload.tag == tag(soap, "Fault")
        if actions and "action" in parts:
            _check_action(words(places["action"]), actions, is_fault=is_fault)
        return Answer(_payload(payload, parts["body"]), str(payload.tag), is_fault)

    def _signer(self, security: etree._Element, signature: etree._Element, now: datetime) -> object:
        """The pinned key that the signature names; what KeyInfo brings is only compared, never trusted."""
        info = only(signature, tag(Ns.DS, "KeyInfo"))
        reference = only(only(info, tag(Ns.WSSE, "SecurityTokenReference")), tag(Ns.WSSE, "Reference"))
        token = only(security, _TOKEN)
        if reference.get("URI") != f"#{token.get(_WSU_ID)}" or token.get("ValueType") != X509_V3:
            raise UnverifiedError("the signature does not name the certificate of its header")
        if token.get("EncodingType", BASE64_BINARY) != BASE64_BINARY:
            raise UnverifiedError("the certificate is not base64")
        return pinned(self._signers, decoded_certificate(words(token)), now)

    def _check_time(self, timestamp: etree._Element, now: datetime) -> None:
        created = instant(words(only(timestamp, tag(Ns.WSU, "Created"))))
        expires = instant(words(only(timestamp, tag(Ns.WSU, "Expires"))))
        if created > now + self._skew:
            raise UnverifiedError("the answer comes from the future")
        if expires <= now - self._skew or created <= now - self._skew - self._life:
            raise UnverifiedError("the answer is too old")


def pinned(signers: Mapping[bytes, Pin], certificate: bytes, now: datetime) -> object:
    """
    The public key of the pinned certificate with exactly these bytes.

    Raises:
        UnverifiedError: There is none, or it is not valid now.
    """
    signer = signers.get(certificate)
    if signer is None:
        raise UnverifiedError("signed by a certificate that is not pinned")
    if not signer.valid_from <= now <= signer.valid_until:
        raise UnverifiedError("the signer's certificate is not valid now")
    return signer.public


@lru_cache(maxsize=16)  # a service's answers bring the same one each time; what is decoded is still compared
def decoded_certificate(text: str) -> bytes:
    """
    DER of a certificate in base64, white space allowed.

    Raises:
        UnverifiedError: It is not base64.
    """
    try:
        return b64decode("".join(text.split()), validate=True)
    except ValueError:
        raise UnverifiedError("a certificate that is not base64") from None


def instant(text: str) -> datetime:
    """
    An xs:dateTime with a time zone, as aware UTC.

    Raises:
        UnverifiedError: It is none, or has no time zone.
    """
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise UnverifiedError("a time without a time zone")
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UnverifiedError("a time that is none") from None


def _frame(root: etree._Element, soap: Ns) -> tuple[etree._Element, etree._Element]:
    if root.tag != tag(soap, "Envelope"):
        raise UnverifiedError("not an envelope of the expected SOAP version")
    if children(root) != [tag(soap, "Header"), tag(soap, "Body")]:
        raise UnverifiedError("the envelope is not one Header and one Body")
    return root[0], root[1]


def _security(root: etree._Element, header: etree._Element) -> etree._Element:
    if len(list(root.iter(_SECURITY))) != 1:
        raise UnverifiedError("not exactly one Security header")
    return only(header, _SECURITY)


def _said(header: etree._Element) -> dict[str, etree._Element]:
    """The addressing headers by their names in the pack, none of them twice."""
    said: dict[str, etree._Element] = {}
    for child in header:
        name = _HEADERS.get(str(child.tag))
        if name is not None and said.setdefault(name, child) is not child:
            only(header, str(child.tag))  # raises
    return said


def _at_their_places(
    places: Mapping[str, etree._Element],
    signed: Mapping[str, bytes],
    found: Mapping[str, etree._Element],
    required: Sequence[str],
) -> dict[str, bytes]:
    """The digested bytes of the parts that stand where they belong: the very elements that were digested."""
    by_element = {found[identifier]: data for identifier, data in signed.items()}
    for name in required:
        if name not in places or places[name] not in by_element:
            raise UnverifiedError(f"{name} is not signed at its place")
    return {name: by_element[place] for name, place in places.items() if place in by_element}


def _payload(payload: etree._Element, body: bytes) -> bytes:
    """
    The body's element as a document of its own, made of nothing but the digested bytes.

    Mostly its own canonical form stands in them as it is. Where it does not, it uses a prefix that the body declares;
    then it is parsed anew with the body around it, so that no prefix of an unsigned ancestor can mean anything in it.
    """
    alone = canonical(payload)
    made = alone if alone in body else on_its_own(parse(body)[0])
    return long_texts.with_texts(made, long_texts.texts_of(body))


def _check_action(action: str, actions: Collection[str], *, is_fault: bool) -> None:
    if action in actions or (is_fault and action in _FAULT_ACTIONS):
        return
    raise UnverifiedError("the answer to another operation")
