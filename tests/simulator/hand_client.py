"""A client made by hand from signxml: what a vendor would write who reads only the wire profile."""

from __future__ import annotations

import base64
import copy
import http.client
import ssl
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree
from signxml import (
    CanonicalizationMethod,
    SignatureConfiguration,
    SignatureConstructionMethod,
    SignatureMethod,
    XMLSigner,
    XMLVerifier,
)

from runner.simulator.pki import Identity, Pki

SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
WST = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
NS = {
    "wsa": "http://www.w3.org/2005/08/addressing",
    "wsse": "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
    "wsu": "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd",
    "wsse11": "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "dsig11": "http://www.w3.org/2009/xmldsig11#",
    "wst": WST,
    "saml2": "urn:oasis:names:tc:SAML:2.0:assertion",
    "kz": "urn:x-eeszt-runner:reference-contract:1:kozos",
    "er": "urn:x-eeszt-runner:reference-contract:1:erecept",
    "ek": "urn:x-eeszt-runner:reference-contract:1:ekat",
}
TOKEN_PROFILE = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#"
X509V3 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"
PASSWORD = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText"
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def read_key(identity: Identity) -> Key:
    key = serialization.load_pem_private_key(identity.key.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    return key


def read_certificate(identity: Identity) -> x509.Certificate:
    return x509.load_pem_x509_certificate(identity.certificate.read_bytes())


@dataclass
class Token:
    assertion: etree._Element
    key: Key


@dataclass
class Answer:
    status: int
    body: bytes
    #: None where the body is no XML.
    root: etree._Element | None = field(default=None)

    @property
    def code(self) -> str | None:
        assert self.root is not None
        return self.root.findtext(".//kz:Hiba/kz:Kod", namespaces=NS)

    def text(self, path: str) -> str | None:
        assert self.root is not None
        return self.root.findtext(path, namespaces=NS)


@dataclass
class Request:
    """An envelope to be signed; tests change what they want to see refused."""

    address: str
    action: str
    body: str
    soap: str = SOAP12
    message_id: str = field(default_factory=lambda: uuid.uuid4().urn)
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    life_s: float = 60
    leave_unsigned: tuple[str, ...] = ()

    def envelope(self) -> etree._Element:
        prefixes = " ".join(f'xmlns:{p}="{u}"' for p, u in NS.items())
        expires = self.created + timedelta(seconds=self.life_s)
        return etree.fromstring(
            f'<s:Envelope xmlns:s="{self.soap}" {prefixes}><s:Header>'
            f'<wsa:To wsu:Id="to">{self.address}</wsa:To>'
            f'<wsa:Action wsu:Id="action">{self.action}</wsa:Action>'
            f'<wsa:MessageID wsu:Id="message-id">{self.message_id}</wsa:MessageID>'
            f'<wsse:Security s:mustUnderstand="1"><wsu:Timestamp wsu:Id="timestamp">'
            f"<wsu:Created>{self.created.isoformat()}</wsu:Created><wsu:Expires>{expires.isoformat()}</wsu:Expires>"
            f"</wsu:Timestamp></wsse:Security></s:Header>"
            f'<s:Body wsu:Id="body">{self.body}</s:Body></s:Envelope>'
        )


def sign(root: etree._Element, key: Key, key_info: etree._Element, identifiers: list[str]) -> None:
    is_rsa = isinstance(key, rsa.RSAPrivateKey)
    signer = XMLSigner(
        method=SignatureConstructionMethod.detached,
        signature_algorithm=SignatureMethod.RSA_SHA256 if is_rsa else SignatureMethod.ECDSA_SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    signature = signer.sign(root, key=key, reference_uri=[f"#{i}" for i in identifiers], key_info=key_info)
    security(root).append(signature)


def security(root: etree._Element) -> etree._Element:
    found = root.find("{*}Header/wsse:Security", NS)
    assert found is not None
    return found


def element(text: str) -> etree._Element:
    prefixes = " ".join(f'xmlns:{p}="{u}"' for p, u in NS.items())
    return etree.fromstring(f"<x {prefixes}>{text}</x>")[0]


def key_value(key: Key) -> str:
    public = key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        numbers = public.public_numbers()
        parts = [n.to_bytes((n.bit_length() + 7) // 8, "big") for n in (numbers.n, numbers.e)]
        modulus, exponent = (base64.b64encode(part).decode() for part in parts)
        inner = f"<ds:Modulus>{modulus}</ds:Modulus><ds:Exponent>{exponent}</ds:Exponent>"
        return f"<ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue>{inner}</ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo>"
    point = public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return (
        '<ds:KeyInfo><ds:KeyValue><dsig11:ECKeyValue><dsig11:NamedCurve URI="urn:oid:1.2.840.10045.3.1.7"/>'
        f"<dsig11:PublicKey>{base64.b64encode(point).decode()}</dsig11:PublicKey>"
        "</dsig11:ECKeyValue></ds:KeyValue></ds:KeyInfo>"
    )


def add_certificate(root: etree._Element, identity: Identity) -> etree._Element:
    """Put the certificate into the message; the KeyInfo that refers to it."""
    der = read_certificate(identity).public_bytes(serialization.Encoding.DER)
    security(root).append(
        element(
            f'<wsse:BinarySecurityToken wsu:Id="certificate" ValueType="{X509V3}">'
            f"{base64.b64encode(der).decode()}</wsse:BinarySecurityToken>"
        )
    )
    return element(
        f'<ds:KeyInfo><wsse:SecurityTokenReference><wsse:Reference URI="#certificate" ValueType="{X509V3}"/>'
        "</wsse:SecurityTokenReference></ds:KeyInfo>"
    )


class HandClient:
    """Speaks to one simulator."""

    def __init__(self, addresses: dict[str, str], pki: Pki, tls: Identity | None = None) -> None:
        self.addresses = addresses
        self.pki = pki
        identity = tls or pki.institution
        self.context = ssl.create_default_context(cafile=str(pki.ca.certificate))
        self.context.load_cert_chain(identity.certificate, identity.key)

    def post(self, address: str, data: bytes, *, soap_action: str | None = None, timeout_s: float = 10) -> Answer:
        parts = urlsplit(address)
        connection = http.client.HTTPSConnection(parts.netloc, context=self.context, timeout=timeout_s)
        headers = {"Content-Type": "application/soap+xml; charset=utf-8"}
        if soap_action is not None:
            headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{soap_action}"'}
        try:
            connection.request("POST", parts.path, data, headers)
            response = connection.getresponse()
            body = response.read(5_000_000)
            status = response.status
        finally:
            connection.close()
        try:
            return Answer(status, body, etree.fromstring(body, etree.XMLParser(resolve_entities=False)))
        except etree.XMLSyntaxError:
            return Answer(status, body)

    def token(
        self, user: str, password: str, *, key: Key | None = None, signed_by: Key | None = None, bearer: bool = False
    ) -> tuple[Answer, Token]:
        """Ask for a person's token."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        kind = "Bearer" if bearer else "PublicKey"
        use_key = "" if bearer else f"<wst:UseKey>{key_value(key)}</wst:UseKey>"
        request = self.token_request(kind, use_key)
        root = request.envelope()
        security(root).append(
            element(
                f'<wsse:UsernameToken wsu:Id="user"><wsse:Username>{user}</wsse:Username>'
                f'<wsse:Password Type="{PASSWORD}">{password}</wsse:Password></wsse:UsernameToken>'
            )
        )
        identifiers = ["timestamp", "body", "to", "action", "message-id", "user"]
        if bearer:
            key = read_key(self.pki.institution)
            sign(root, key, add_certificate(root, self.pki.institution), identifiers)
        else:
            signing_key = signed_by or key
            sign(root, signing_key, element(key_value(signing_key)), identifiers)
        return self._ask_token(request, root, key)

    def technical_token(self, identity: Identity | None = None, *, bearer: bool = False) -> tuple[Answer, Token]:
        """Ask for the technical user's token."""
        identity = identity or self.pki.technical
        request = self.token_request("Bearer" if bearer else "PublicKey", "")
        root = request.envelope()
        key = read_key(identity)
        sign(root, key, add_certificate(root, identity), ["timestamp", "body", "to", "action", "message-id"])
        return self._ask_token(request, root, read_key(self.pki.institution) if bearer else key)

    def token_request(self, kind: str, use_key: str) -> Request:
        return Request(
            self.addresses["sts"],
            f"{WST}/RST/Issue",
            f"<wst:RequestSecurityToken><wst:TokenType>{TOKEN_PROFILE}SAMLV2.0</wst:TokenType>"
            f"<wst:RequestType>{WST}/Issue</wst:RequestType><wst:KeyType>{WST}/{kind}</wst:KeyType>{use_key}"
            "</wst:RequestSecurityToken>",
        )

    def _ask_token(self, request: Request, root: etree._Element, key: Key) -> tuple[Answer, Token]:
        answer = self.post(request.address, etree.tostring(root))
        assert answer.root is not None
        assertion = answer.root.find(".//wst:RequestedSecurityToken/saml2:Assertion", NS)
        return answer, Token(copy.deepcopy(assertion) if assertion is not None else etree.Element("none"), key)

    def envelope(self, request: Request, token: Token, *, bearer: bool = False) -> etree._Element:
        """The request signed under the token."""
        root = request.envelope()
        security(root).append(copy.deepcopy(token.assertion))
        identifier = token.assertion.get("ID", "")
        names = ["timestamp", "body", "to", "action", "message-id", identifier]
        identifiers = [name for name in names if name not in request.leave_unsigned]
        if bearer:
            info = add_certificate(root, self.pki.institution)
        else:
            info = element(
                "<ds:KeyInfo><wsse:SecurityTokenReference "
                f'wsse11:TokenType="{TOKEN_PROFILE}SAMLV2.0"><wsse:KeyIdentifier ValueType="{TOKEN_PROFILE}SAMLID">'
                f"{identifier}</wsse:KeyIdentifier></wsse:SecurityTokenReference></ds:KeyInfo>"
            )
        sign(root, token.key, info, identifiers)
        return root

    def send(self, request: Request, token: Token, *, bearer: bool = False, **options: Any) -> Answer:
        """Sign and send."""
        root = self.envelope(request, token, bearer=bearer)
        if request.soap == SOAP11:
            options["soap_action"] = request.action
        return self.post(request.address, etree.tostring(root), **options)


def verified(answer: Answer, signer: Identity, message_id: str) -> etree._Element:
    """The answer's body as it was signed; every part that the profile names must be signed."""
    assert answer.root is not None
    result = XMLVerifier().verify(
        answer.root,
        x509_cert=read_certificate(signer),
        expect_config=SignatureConfiguration(
            location="./{*}Header/{%s}Security/" % NS["wsse"],  # noqa: UP031  braces are lxml's
            expect_references=5,
        ),
    )
    assert isinstance(result, list)
    by_name = {etree.QName(r.signed_xml).localname: r.signed_xml for r in result if r.signed_xml is not None}
    assert set(by_name) == {"Timestamp", "Body", "Action", "MessageID", "RelatesTo"}
    assert by_name["RelatesTo"].text == message_id
    return by_name["Body"]
