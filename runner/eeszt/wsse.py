"""
SOAP envelopes with WS-Security, as text whose parts are their own canonical form.

Each signed part declares the namespaces that it uses itself and no others, so its bytes on the wire are the bytes that
are digested; only the body, which somebody else made, is canonicalised by lxml. That makes signing as cheap as its
hashes, and what is stored is what is sent.

Source: WS-Security 1.1 (SOAP Message Security, X.509, SAML and UsernameToken profiles, OASIS 2006); XML Signature 1.1;
WS-Addressing 1.0; which parts are signed and how the key is named: the contract pack's README.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric import rsa

from runner.eeszt.keys import PublicKey, Signer
from runner.eeszt.names import BASE64_BINARY, P256, PASSWORD_TEXT, SAML_ID, SAML_V2, SOAP, X509_V3, Algorithm, Ns
from runner.eeszt.xml import canonical, escaped, parse
from runner.mapping.pack import Operation

_WSU = f'xmlns:wsu="{Ns.WSU}"'
_WSSE = f'xmlns:wsse="{Ns.WSSE}"'
_WSA = f'xmlns:wsa="{Ns.WSA}" {_WSU}'
_TRANSFORM = f'<ds:Transforms><ds:Transform Algorithm="{Algorithm.EXCLUSIVE_C14N}"></ds:Transform></ds:Transforms>'
_TO_BE_PARSED = re.compile(rb"xmlns:(?:s|wsu)=|<\?")
"""What changes a body's canonical form inside of ours, or is refused."""
_DIGEST = f'<ds:DigestMethod Algorithm="{Algorithm.SHA256}"></ds:DigestMethod>'
_METHOD = f'<ds:CanonicalizationMethod Algorithm="{Algorithm.EXCLUSIVE_C14N}"></ds:CanonicalizationMethod>'


class KeyName(StrEnum):
    """How ``ds:KeyInfo`` says whose key signed."""

    ASSERTION = "assertion"  # the key that the SAML assertion names
    CERTIFICATE = "certificate"  # a BinarySecurityToken in the same header
    VALUE = "value"  # the public key itself, for a session key that no token names yet


@dataclass(frozen=True, slots=True)
class Part:
    """
    A piece of the envelope that can be signed.

    Attributes:
        name: As in the pack's ``signed_parts``.
        identifier: What the reference names, without ``#``.
        wire: Its bytes in the envelope.
        digest: SHA-256 of its exclusive C14N, base64.
    """

    name: str
    identifier: str
    wire: bytes = field(repr=False)
    digest: str


@dataclass(frozen=True, slots=True)
class Request:
    """
    What an envelope is made from.

    Attributes:
        operation: Action and SOAP version.
        to: The service's address.
        message_id: ``urn:uuid:…``; the same when it is sent again.
        body: The one element in the body, exclusive C14N; it stands in the envelope byte for byte.
        created_at: Start of the Timestamp, aware UTC.
        expires_at: End of the Timestamp, aware UTC.
        is_fresh: Whether this process made the body canonical itself, as one element, so that nobody need look again.
    """

    operation: Operation
    to: str
    message_id: str
    body: bytes = field(repr=False)
    created_at: datetime
    expires_at: datetime
    is_fresh: bool = False


def assertion_part(assertion: bytes, identifier: str) -> Part:
    """
    A SAML assertion as a part; its canonical form is computed, so keep the part as long as the token lives.

    Args:
        assertion: The element as a document of its own.
        identifier: Its ID.

    Raises:
        UnverifiedError: The bytes are no XML document.
    """
    return Part("token", identifier, assertion, _digest(canonical(parse(assertion))))


def user_part(user: str, password: str) -> Part:
    """
    A UsernameToken with a password in clear text: it is used once and travels inside TLS.

    Raises:
        ValueError: A character that XML forbids.
    """
    inside = (
        f"<wsse:Username>{escaped(user)}</wsse:Username>"
        f'<wsse:Password Type="{PASSWORD_TEXT}">{escaped(password)}</wsse:Password>'
    )
    return _part("token", "user", f'wsse:UsernameToken {_WSSE} {_WSU} wsu:Id="user"', inside)


def envelope(
    request: Request, signer: Signer, named_by: KeyName, signed_parts: Iterable[str], token: Part | None = None
) -> bytes:
    """
    The signed envelope, UTF-8, without an XML declaration.

    Args:
        request: What is said, to whom, until when.
        signer: Whose key signs.
        named_by: How the key is named.
        signed_parts: Names of the parts to be signed, of ``timestamp body to action message_id token certificate``;
            what is not in this envelope is left out.
        token: From ``assertion_part`` or ``user_part``, or None.

    Raises:
        UnverifiedError: The body is not one well-formed element.
    """
    soap = SOAP[request.operation.soap_version]
    timestamp = _timestamp(request.created_at, request.expires_at)
    headers = _headers(request)
    body = _body(soap, request.body, is_fresh=request.is_fresh)
    tokens = [token] if token is not None else []
    if named_by is KeyName.CERTIFICATE:
        tokens.append(_certificate(signer))
    wanted = set(signed_parts)
    signature = _signature(
        [part for part in (timestamp, body, *headers, *tokens) if part.name in wanted],
        signer,
        _key_info(signer, named_by, token),
    )
    understand = "1" if soap is Ns.S11 else "true"
    return b"".join(
        (
            f'<s:Envelope xmlns:s="{soap}"><s:Header>'.encode(),
            *(part.wire for part in headers),
            f'<wsse:Security {_WSSE} s:mustUnderstand="{understand}">'.encode(),
            timestamp.wire,
            *(part.wire for part in tokens),
            signature,
            b"</wsse:Security></s:Header>",
            body.wire,
            b"</s:Envelope>",
        )
    )


def http_headers(operation: Operation) -> dict[str, str]:
    """The HTTP headers that a SOAP request carries: 1.1 has SOAPAction, 1.2 puts the action into the content type."""
    if operation.soap_version == "1.1":
        return {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{operation.action}"'}
    return {"Content-Type": f'application/soap+xml; charset=utf-8; action="{operation.action}"'}


def key_value(public: PublicKey) -> str:
    """A public key as ``ds:KeyValue`` inside an element that declares ``ds``."""
    numbers = public.public_numbers()
    if isinstance(numbers, rsa.RSAPublicNumbers):
        size = (numbers.n.bit_length() + 7) // 8
        return (
            f"<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{_base64(numbers.n.to_bytes(size, 'big'))}</ds:Modulus>"
            f"<ds:Exponent>{_base64(numbers.e.to_bytes((numbers.e.bit_length() + 7) // 8, 'big'))}</ds:Exponent>"
            "</ds:RSAKeyValue></ds:KeyValue>"
        )
    point = b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
    return (
        f'<ds:KeyValue><dsig11:ECKeyValue xmlns:dsig11="{Ns.DSIG11}">'
        f'<dsig11:NamedCurve URI="{P256}"></dsig11:NamedCurve>'
        f"<dsig11:PublicKey>{_base64(point)}</dsig11:PublicKey></dsig11:ECKeyValue></ds:KeyValue>"
    )


def _part(name: str, identifier: str, opening: str, inside: str) -> Part:
    wire = f"<{opening}>{inside}</{opening.partition(' ')[0]}>".encode()
    return Part(name, identifier, wire, _digest(wire))


def _headers(request: Request) -> list[Part]:
    said = (
        ("to", "wsa:To", "to", request.to),
        ("action", "wsa:Action", "action", request.operation.action),
        ("message_id", "wsa:MessageID", "message-id", request.message_id),
    )
    return [
        _part(name, identifier, f'{element} {_WSA} wsu:Id="{identifier}"', escaped(text))
        for name, element, identifier, text in said
    ]


def _body(soap: Ns, inside: bytes, *, is_fresh: bool) -> Part:
    wire = f'<s:Body xmlns:s="{soap}" {_WSU} wsu:Id="body">'.encode() + inside + b"</s:Body>"
    if is_fresh and not _TO_BE_PARSED.search(inside):
        return Part("body", "body", wire, _digest(wire))  # canonical inside and around, so canonical as a whole
    # Parsed and canonicalised, so that the digest is right whatever prefixes the body uses, and so that no mapping can
    # write anything beside its own element.
    root = parse(wire)
    if len(root) != 1:
        raise ValueError("the body must be one element")
    return Part("body", "body", wire, _digest(canonical(root)))


def _timestamp(created_at: datetime, expires_at: datetime) -> Part:
    inside = f"<wsu:Created>{_instant(created_at)}</wsu:Created><wsu:Expires>{_instant(expires_at)}</wsu:Expires>"
    return _part("timestamp", "timestamp", f'wsu:Timestamp {_WSU} wsu:Id="timestamp"', inside)


def _certificate(signer: Signer) -> Part:
    if signer.certificate is None:
        raise ValueError("this key has no certificate")
    opening = (
        f'wsse:BinarySecurityToken {_WSSE} {_WSU} EncodingType="{BASE64_BINARY}" ValueType="{X509_V3}"'
        ' wsu:Id="certificate"'
    )
    return _part("certificate", "certificate", opening, _base64(signer.certificate))


def _signature(parts: Iterable[Part], signer: Signer, key_info: str) -> bytes:
    references = "".join(
        f'<ds:Reference URI="#{part.identifier}">{_TRANSFORM}{_DIGEST}<ds:DigestValue>{part.digest}</ds:DigestValue>'
        "</ds:Reference>"
        for part in parts
    )
    info = (
        f'<ds:SignedInfo xmlns:ds="{Ns.DS}">{_METHOD}<ds:SignatureMethod Algorithm="{signer.algorithm}">'
        f"</ds:SignatureMethod>{references}</ds:SignedInfo>"
    )
    value = _base64(signer.sign(info.encode()))
    return (
        f'<ds:Signature xmlns:ds="{Ns.DS}">{info}<ds:SignatureValue>{value}</ds:SignatureValue>'
        f"<ds:KeyInfo>{key_info}</ds:KeyInfo></ds:Signature>"
    ).encode()


def _key_info(signer: Signer, named_by: KeyName, token: Part | None) -> str:
    if named_by is KeyName.VALUE:
        return key_value(signer.public)
    if named_by is KeyName.CERTIFICATE:
        inside = f'<wsse:Reference URI="#certificate" ValueType="{X509_V3}"/>'
        return f"<wsse:SecurityTokenReference {_WSSE}>{inside}</wsse:SecurityTokenReference>"
    if token is None:
        raise ValueError("no assertion to name the key by")
    inside = f'<wsse:KeyIdentifier ValueType="{SAML_ID}">{escaped(token.identifier)}</wsse:KeyIdentifier>'
    return (
        f'<wsse:SecurityTokenReference {_WSSE} xmlns:wsse11="{Ns.WSSE11}" wsse11:TokenType="{SAML_V2}">'
        f"{inside}</wsse:SecurityTokenReference>"
    )


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _digest(data: bytes) -> str:
    return _base64(hashlib.sha256(data).digest())


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
