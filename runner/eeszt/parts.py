"""
The pieces of an envelope that can be signed, each as its own canonical form, and how the signing key is named.

Each piece declares the namespaces that it uses itself and no others, so its bytes on the wire are the bytes that are
digested.

Source: as ``wsse``.
"""

from __future__ import annotations

from binascii import b2a_base64
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import rsa

from runner.domain import long_texts
from runner.eeszt.keys import PublicKey, Signer
from runner.eeszt.names import BASE64_BINARY, P256, PASSWORD_TEXT, SAML_ID, SAML_V2, X509_V3, Algorithm, Ns
from runner.eeszt.xml import canonical, escaped, parse

WSU = f'xmlns:wsu="{Ns.WSU}"'
WSSE = f'xmlns:wsse="{Ns.WSSE}"'
WSA = f'xmlns:wsa="{Ns.WSA}" {WSU}'
_TRANSFORM = f'<ds:Transforms><ds:Transform Algorithm="{Algorithm.EXCLUSIVE_C14N}"></ds:Transform></ds:Transforms>'
_DIGEST = f'<ds:DigestMethod Algorithm="{Algorithm.SHA256}"></ds:DigestMethod>'


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
        is_secret: Whether it holds a password, so that nobody keeps it.
    """

    name: str
    identifier: str
    wire: bytes = field(repr=False)
    digest: str
    is_secret: bool = False


def assertion_part(assertion: bytes, identifier: str) -> Part:
    """
    A SAML assertion as a part; its canonical form is computed, so keep the part as long as the token lives.

    Args:
        assertion: The element as a document of its own.
        identifier: Its ID.

    Raises:
        UnverifiedError: The bytes are no XML document.
    """
    return Part("token", identifier, assertion, digest(canonical(parse(assertion))).decode())


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
    made = part_of("token", "user", f'wsse:UsernameToken {WSSE} {WSU} wsu:Id="user"', inside)
    return replace(made, is_secret=True)


def key_value(public: PublicKey) -> str:
    """A public key as ``ds:KeyValue`` inside an element that declares ``ds``."""
    numbers = public.public_numbers()
    if isinstance(numbers, rsa.RSAPublicNumbers):
        size = (numbers.n.bit_length() + 7) // 8
        return (
            f"<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{_text(numbers.n.to_bytes(size, 'big'))}</ds:Modulus>"
            f"<ds:Exponent>{_text(numbers.e.to_bytes((numbers.e.bit_length() + 7) // 8, 'big'))}</ds:Exponent>"
            "</ds:RSAKeyValue></ds:KeyValue>"
        )
    point = b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
    return (
        f'<ds:KeyValue><dsig11:ECKeyValue xmlns:dsig11="{Ns.DSIG11}">'
        f'<dsig11:NamedCurve URI="{P256}"></dsig11:NamedCurve>'
        f"<dsig11:PublicKey>{_text(point)}</dsig11:PublicKey></dsig11:ECKeyValue></ds:KeyValue>"
    )


def part_of(name: str, identifier: str, opening: str, inside: str) -> Part:
    """A part from its start tag without ``<`` and ``>`` and what stands inside, both in canonical form."""
    wire = f"<{opening}>{inside}</{opening.partition(' ')[0]}>".encode()
    return Part(name, identifier, wire, digest(wire).decode())


def reference(part: Part) -> str:
    """The part's ``ds:Reference`` as a pattern for ``%``; only its digest may be a place in it."""
    identifier = part.identifier.replace("%", "%%")
    return (
        f'<ds:Reference URI="#{identifier}">{_TRANSFORM}{_DIGEST}<ds:DigestValue>{part.digest}</ds:DigestValue>'
        "</ds:Reference>"
    )


@lru_cache(maxsize=16)
def certificate_part(signer: Signer) -> Part:
    """
    The signer's certificate as a part.

    Raises:
        ValueError: This key has none.
    """
    if signer.certificate is None:
        raise ValueError("this key has no certificate")
    opening = (
        f'wsse:BinarySecurityToken {WSSE} {WSU} EncodingType="{BASE64_BINARY}" ValueType="{X509_V3}"'
        ' wsu:Id="certificate"'
    )
    return part_of("certificate", "certificate", opening, _text(signer.certificate))


def key_info(signer: Signer, named_by: KeyName, token: Part | None) -> str:
    """
    What stands in ``ds:KeyInfo``.

    Raises:
        ValueError: The key is to be named by an assertion, and there is none.
    """
    if named_by is KeyName.VALUE:
        return key_value(signer.public)
    if named_by is KeyName.CERTIFICATE:
        inside = f'<wsse:Reference URI="#certificate" ValueType="{X509_V3}"/>'
        return f"<wsse:SecurityTokenReference {WSSE}>{inside}</wsse:SecurityTokenReference>"
    if token is None:
        raise ValueError("no assertion to name the key by")
    inside = f'<wsse:KeyIdentifier ValueType="{SAML_ID}">{escaped(token.identifier)}</wsse:KeyIdentifier>'
    return (
        f'<wsse:SecurityTokenReference {WSSE} xmlns:wsse11="{Ns.WSSE11}" wsse11:TokenType="{SAML_V2}">'
        f"{inside}</wsse:SecurityTokenReference>"
    )


def digest(data: bytes) -> bytes:
    """SHA-256 of the bytes on the wire, base64."""
    return base64(long_texts.sha256(data))


def base64(data: bytes) -> bytes:
    """Base64 without line breaks."""
    return b2a_base64(data, newline=False)


def _text(data: bytes) -> str:
    return base64(data).decode()
