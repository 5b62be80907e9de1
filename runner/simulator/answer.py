"""Answers and faults as signed envelopes."""

from __future__ import annotations

import base64
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

from lxml import etree

from runner.simulator.assertion import instant
from runner.simulator.key_value import der
from runner.simulator.names import BASE64, X509_V3, Ns, tag
from runner.simulator.pki import Identity, load_certificate, load_key
from runner.simulator.signature import sign_detached

if TYPE_CHECKING:
    from datetime import datetime

_SIGNED = ("timestamp", "body", "action", "message-id", "relates-to")


class AnswerSigner:
    """Makes the envelopes of one service."""

    def __init__(self, identity: Identity, life_s: float) -> None:
        self._key = load_key(identity.key)
        self._certificate = base64.b64encode(der(load_certificate(identity.certificate))).decode()
        self._life = timedelta(seconds=life_s)

    def envelope(
        self, soap: str, action: str, relates_to: str | None, content: etree._Element, now: datetime
    ) -> etree._Element:
        """A signed envelope around the content."""
        root = etree.Element(
            tag(soap, "Envelope"),
            nsmap={"s": soap, "wsa": Ns.WSA, "wsse": Ns.WSSE, "wsu": Ns.WSU, "ds": Ns.DS},
        )
        header = etree.SubElement(root, tag(soap, "Header"))
        _text(header, tag(Ns.WSA, "Action"), action, "action")
        _text(header, tag(Ns.WSA, "MessageID"), uuid.uuid4().urn, "message-id")
        if relates_to is not None:
            _text(header, tag(Ns.WSA, "RelatesTo"), relates_to, "relates-to")
        security = etree.SubElement(header, tag(Ns.WSSE, "Security"))
        security.set(tag(soap, "mustUnderstand"), "1" if soap == Ns.SOAP11 else "true")
        timestamp = etree.SubElement(security, tag(Ns.WSU, "Timestamp"))
        timestamp.set(tag(Ns.WSU, "Id"), "timestamp")
        etree.SubElement(timestamp, tag(Ns.WSU, "Created")).text = instant(now)
        etree.SubElement(timestamp, tag(Ns.WSU, "Expires")).text = instant(now + self._life)
        token = _text(security, tag(Ns.WSSE, "BinarySecurityToken"), self._certificate, "certificate")
        token.set("ValueType", X509_V3)
        token.set("EncodingType", BASE64)
        body = etree.SubElement(root, tag(soap, "Body"))
        body.set(tag(Ns.WSU, "Id"), "body")
        body.append(content)
        signed = [identifier for identifier in _SIGNED if identifier != "relates-to" or relates_to is not None]
        security.append(sign_detached(root, signed, self._key, _reference()))
        return root


def fault(soap: str, detail: etree._Element, text: str, *, ours: bool) -> etree._Element:
    """
    A SOAP fault of either version.

    Args:
        soap: Namespace of the version.
        detail: The detail's one element.
        text: What a person may read.
        ours: Whether it is the server's fault rather than the sender's.
    """
    root = etree.Element(tag(soap, "Fault"), nsmap={"s": soap})
    if soap == Ns.SOAP11:
        etree.SubElement(root, "faultcode").text = "s:Server" if ours else "s:Client"
        etree.SubElement(root, "faultstring").text = text
        etree.SubElement(root, "detail").append(detail)
        return root
    code = etree.SubElement(root, tag(soap, "Code"))
    etree.SubElement(code, tag(soap, "Value")).text = "s:Receiver" if ours else "s:Sender"
    reason = etree.SubElement(etree.SubElement(root, tag(soap, "Reason")), tag(soap, "Text"))
    reason.set("{http://www.w3.org/XML/1998/namespace}lang", "hu")
    reason.text = text
    etree.SubElement(root, tag(soap, "Detail")).append(detail)
    return root


def _text(parent: etree._Element, name: str, value: str, identifier: str) -> etree._Element:
    element = etree.SubElement(parent, name)
    element.text = value
    element.set(tag(Ns.WSU, "Id"), identifier)
    return element


def _reference() -> etree._Element:
    info = etree.Element(tag(Ns.DS, "KeyInfo"), nsmap={"ds": Ns.DS})
    reference = etree.SubElement(info, tag(Ns.WSSE, "SecurityTokenReference"), nsmap={"wsse": Ns.WSSE})
    etree.SubElement(reference, tag(Ns.WSSE, "Reference"), URI="#certificate", ValueType=X509_V3)
    return info
