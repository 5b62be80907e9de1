"""
Keys that sign: loaded once, since reading an RSA key costs more than signing with it.

Source: XML Signature 1.1 §6.4 (RSASSA-PKCS1-v1_5 and ECDSA with SHA-256; the latter's value is r and s, 32 bytes each).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import pkcs12

from runner.eeszt.names import Algorithm
from runner.errors import fault

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

_SMALLEST_RSA = 2048
_ECDSA = ec.ECDSA(hashes.SHA256())
_PADDING = padding.PKCS1v15()
_SHA256 = hashes.SHA256()


class Signer:
    """
    A private key, RSA of at least 2048 bits or P-256, with its certificate where it has one. Safe for threads.

    Attributes:
        algorithm: Identifier of the signatures that it makes.
        public: Its public half.
        spki: The public half as SubjectPublicKeyInfo, DER; equal keys have equal bytes.
        certificate: DER, or None for a bare key.
        valid_until: The certificate's end, aware UTC, or None.

    Raises:
        ValueError: Another kind of key, or a certificate of another key.
    """

    def __init__(self, key: object, certificate: x509.Certificate | None = None) -> None:
        if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= _SMALLEST_RSA:
            self.algorithm = Algorithm.RSA_SHA256
        elif isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
            self.algorithm = Algorithm.ECDSA_SHA256
        else:
            raise ValueError("neither RSA of at least 2048 bits nor P-256")
        self._key: PrivateKey = key
        self.public: PublicKey = key.public_key()
        self.spki = spki(self.public)
        self.certificate: bytes | None = None
        self.valid_until: datetime | None = None
        if certificate is not None:
            if spki(certificate.public_key()) != self.spki:
                raise ValueError("the certificate belongs to another key")
            self.certificate = certificate.public_bytes(serialization.Encoding.DER)
            self.valid_until = certificate.not_valid_after_utc

    def sign(self, data: bytes) -> bytes:
        """The signature value over the bytes, as XML Signature writes it before base64."""
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(data, _PADDING, _SHA256)
        r, s = decode_dss_signature(self._key.sign(data, _ECDSA))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def pkcs8(self) -> bytes:
        """The private key as PKCS#8 DER, unencrypted: for sealing it beside a token, never for a file."""
        return self._key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    @classmethod
    def fresh(cls) -> Signer:
        """A new session key, P-256."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_pkcs8(cls, der: bytes) -> Signer:
        """
        The key that ``pkcs8`` gave.

        Raises:
            ValueError: The bytes are no such key.
        """
        return cls(serialization.load_der_private_key(der, None))


@dataclass(frozen=True, slots=True)
class Pin:
    """
    A certificate that may sign what comes back, read once.

    Attributes:
        public: Its public key.
        valid_from: Aware UTC.
        valid_until: Aware UTC.
    """

    public: object
    valid_from: datetime
    valid_until: datetime


def signers_of(pins: Iterable[bytes]) -> dict[bytes, Pin]:
    """
    Certificates (DER) by their bytes.

    Raises:
        ValueError: One is no certificate.
    """
    read = {pin: x509.load_der_x509_certificate(pin) for pin in pins}
    return {
        pin: Pin(certificate.public_key(), certificate.not_valid_before_utc, certificate.not_valid_after_utc)
        for pin, certificate in read.items()
    }


def spki(public: object) -> bytes:
    """
    A public key as SubjectPublicKeyInfo, DER.

    Raises:
        ValueError: Neither RSA nor elliptic curve.
    """
    if not isinstance(public, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise ValueError("neither RSA nor elliptic curve")  # noqa: TRY004  callers handle one kind of bad key
    return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def read_signer(file: Path, *, certificate: Path | None = None, password: str | None = None) -> Signer:
    """
    A key with its certificate from files.

    Args:
        file: PEM (key, perhaps with the certificate in the same file), or PKCS#12 (ending ``.p12`` or ``.pfx``).
        certificate: PEM, where the key's file does not hold it.
        password: Of the file, or None.

    Raises:
        LoginError: RNR-4151, the file cannot be read or its contents cannot be used.
    """
    try:
        data = file.read_bytes()
        secret = password.encode() if password else None
        if file.suffix.lower() in {".p12", ".pfx"}:
            key, found, _ = pkcs12.load_key_and_certificates(data, secret)
            return Signer(key, found)
        holder = certificate.read_bytes() if certificate is not None else data
        chain = x509.load_pem_x509_certificates(holder) if b"BEGIN CERTIFICATE" in holder else []
        return Signer(serialization.load_pem_private_key(data, secret), chain[0] if chain else None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise fault(4151, str(file), reason=_reason(error)) from error


def read_pins(file: Path) -> tuple[bytes, ...]:
    """
    The certificates of a PEM file, DER each, in order: signers that are believed.

    Raises:
        LoginError: RNR-4151, the file cannot be read, holds no certificate, or one of a weak key.
    """
    try:
        chain = x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError) as error:
        raise fault(4151, str(file), reason=_reason(error)) from error
    for found in chain:
        public = found.public_key()
        if not (isinstance(public, rsa.RSAPublicKey) and public.key_size >= _SMALLEST_RSA) and not (
            isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, ec.SECP256R1)
        ):
            raise fault(4151, str(file), reason="neither RSA of at least 2048 bits nor P-256")
    return tuple(found.public_bytes(serialization.Encoding.DER) for found in chain)


def names_of(certificate: bytes) -> tuple[str, str]:
    """Subject and issuer of a certificate (DER), RFC 4514 text."""
    found = x509.load_der_x509_certificate(certificate)
    return found.subject.rfc4514_string(), found.issuer.rfc4514_string()


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    # The library's text is about formats; it never quotes key material, but its first line is enough.
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
