"""The other side in a test: answers signed with signxml, so that no mistake of ours can cancel itself out."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml import (
    CanonicalizationMethod,
    SignatureConstructionMethod,
    SignatureMethod,
    SignatureReference,
    XMLSigner,
)

from runner.simulator.pki import Identity, Pki, load_certificate, load_key

SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
WSA = "http://www.w3.org/2005/08/addressing"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
DS = "http://www.w3.org/2000/09/xmldsig#"
ER = "urn:x-eeszt-runner:reference-contract:1:erecept"
KZ = "urn:x-eeszt-runner:reference-contract:1:kozos"
X509 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"
BASE64 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"

NS = {"s": SOAP12, "wsa": WSA, "wsse": WSSE, "wsu": WSU, "ds": DS, "er": ER}
SIGNED = ("timestamp", "body", "action", "message-id", "relates-to")
ACCEPTED = f"<er:FelirasValasz xmlns:er='{ER}'><er:Azonosito>SIM000000000001</er:Azonosito></er:FelirasValasz>"
FERIAS_ACTION = f"{ER}/FelirasValasz"
FAULT_ACTION = f"{ER}/Hiba"
#: The certificates of a test are made now, so time begins now.
START = datetime.now(UTC).replace(microsecond=0)


class FrozenClock:
    """Time that stands until a test moves it."""

    def __init__(self, at: datetime = START) -> None:
        self._start = at
        self._passed = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        return 1000.0 + self._passed

    def pass_s(self, seconds: float) -> None:
        self._passed += seconds


def der(identity: Identity) -> bytes:
    return load_certificate(identity.certificate).public_bytes(Encoding.DER)


def fault(code: str, identifier: str | None = None, soap: str = SOAP12) -> str:
    brought = "" if identifier is None else f"<kz:Azonosito>{identifier}</kz:Azonosito>"
    hiba = f"<kz:Hiba xmlns:kz='{KZ}'><kz:Kod>{code}</kz:Kod><kz:Uzenet>szoveg</kz:Uzenet>{brought}</kz:Hiba>"
    if soap == SOAP11:
        return (
            f"<s:Fault xmlns:s='{soap}'><faultcode>s:Client</faultcode><faultstring>x</faultstring>"
            f"<detail>{hiba}</detail></s:Fault>"
        )
    return (
        f"<s:Fault xmlns:s='{soap}'><s:Code><s:Value>s:Sender</s:Value></s:Code>"
        f"<s:Reason><s:Text xml:lang='hu'>szoveg</s:Text></s:Reason><s:Detail>{hiba}</s:Detail></s:Fault>"
    )


class Counterpart:
    """Makes answers; everything about them can be told to be wrong."""

    def __init__(self, pki: Pki) -> None:
        self.pki = pki
        self.pin = der(pki.service)

    def tree(
        self,
        relates_to: str,
        payload: str = ACCEPTED,
        *,
        action: str = FERIAS_ACTION,
        soap: str = SOAP12,
        at: datetime = START,
        life_s: float = 60,
        signed: Sequence[str] = SIGNED,
        signer: Identity | None = None,
        prefixes: bool = False,
    ) -> etree._Element:
        """A signed answer; ``prefixes`` makes its references carry a PrefixList, as WSS4J does."""
        signer = signer or self.pki.service
        created, expires = (
            t.isoformat(timespec="milliseconds")[:-6] + "Z" for t in (at, at + timedelta(seconds=life_s))
        )
        token = base64.b64encode(der(signer)).decode()
        root = etree.fromstring(
            f"<s:Envelope xmlns:s='{soap}' xmlns:wsa='{WSA}' xmlns:wsse='{WSSE}' xmlns:wsu='{WSU}' xmlns:ds='{DS}'"
            f" xmlns:unused='urn:unused'><s:Header>"
            f"<wsa:Action wsu:Id='action'>{action}</wsa:Action>"
            f"<wsa:MessageID wsu:Id='message-id'>{uuid.uuid4().urn}</wsa:MessageID>"
            f"<wsa:RelatesTo wsu:Id='relates-to'>{relates_to}</wsa:RelatesTo>"
            f"<wsse:Security><wsu:Timestamp wsu:Id='timestamp'><wsu:Created>{created}</wsu:Created>"
            f"<wsu:Expires>{expires}</wsu:Expires></wsu:Timestamp>"
            f"<wsse:BinarySecurityToken EncodingType='{BASE64}' ValueType='{X509}' wsu:Id='certificate'>{token}"
            f"</wsse:BinarySecurityToken></wsse:Security></s:Header>"
            f"<s:Body wsu:Id='body'>{payload}</s:Body></s:Envelope>"
        )
        self.sign(root, signed, signer, prefixes=prefixes)
        return root

    def sign(
        self, root: etree._Element, signed: Sequence[str], signer: Identity | None = None, *, prefixes: bool = False
    ) -> None:
        signer = signer or self.pki.service
        key = load_key(signer.key)
        method = SignatureMethod.ECDSA_SHA256 if hasattr(key, "curve") else SignatureMethod.RSA_SHA256
        xml_signer = XMLSigner(
            method=SignatureConstructionMethod.detached,
            signature_algorithm=method,
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        )
        reference = etree.fromstring(
            f"<ds:KeyInfo xmlns:ds='{DS}'><wsse:SecurityTokenReference xmlns:wsse='{WSSE}'>"
            f"<wsse:Reference URI='#certificate' ValueType='{X509}'/></wsse:SecurityTokenReference></ds:KeyInfo>"
        )
        references = [
            SignatureReference(URI=f"#{i}", inclusive_ns_prefixes=["s", "unused"] if prefixes else None) for i in signed
        ]
        signature = xml_signer.sign(root, key=key, reference_uri=references, key_info=reference)
        root.find(".//wsse:Security", NS).append(signature)

    def answer(self, relates_to: str, payload: str = ACCEPTED, **wrong: object) -> bytes:
        """The same as bytes."""
        return etree.tostring(self.tree(relates_to, payload, **wrong))  # type: ignore[arg-type]
