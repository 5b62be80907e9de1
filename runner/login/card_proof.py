"""Certificates of cards and signatures by them: what is fit for a login, and whether a signature is the card's."""

from __future__ import annotations

import hashlib
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID

from runner.domain.card import Algorithm, Takes
from runner.errors import fault

CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1, ec.BrainpoolP256R1, ec.BrainpoolP384R1)
_LEAST_RSA_BITS = 2048
_PURPOSES = frozenset(
    {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SMARTCARD_LOGON, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
)
_DIGEST_INFO = bytes.fromhex("3031300D060960864801650304020105000420")
"""Of SHA-256, RFC 8017 §9.2 note 1."""

_UNREADABLE = (
    ValueError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What the library says of bytes that are no certificate, or of parts of one; not all of it is a ValueError."""

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


def card_certificate(der: bytes, now: datetime) -> x509.Certificate:
    """
    Give a card's certificate, if it is one for identification and in force.

    A certificate of the electronic signature (content commitment, X.509 §9.2.2.3) is refused whatever the profile says.

    Raises:
        LoginError: RNR-4205 it is none, RNR-4210 it is not in force, RNR-4211 it is for something else.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        key = certificate.public_key()
        usage = _usage(certificate)
        purposes = _purposes(certificate)
    except _UNREADABLE as exc:
        raise fault(4205, "card", what="its certificate cannot be read") from exc
    if usage is not None and usage.content_commitment:
        raise fault(4211, "card", what="it signs documents")
    if (usage is not None and not usage.digital_signature) or (purposes is not None and not purposes & _PURPOSES):
        raise fault(4211, "card", what="it is for another use")
    fit = (isinstance(key, rsa.RSAPublicKey) and key.key_size >= _LEAST_RSA_BITS) or (
        isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, CURVES)
    )
    if not fit:
        raise fault(4211, "card", what="its kind of key is not used here")
    if now < certificate.not_valid_before_utc:
        raise fault(4210, "card", when=f"is not valid before {certificate.not_valid_before_utc:%Y-%m-%d}")
    if now >= certificate.not_valid_after_utc:
        raise fault(4210, "card", when=f"ended on {certificate.not_valid_after_utc:%Y-%m-%d}")
    return certificate


def is_signed_by(certificate: x509.Certificate, algorithm: Algorithm, data: bytes, signature: bytes) -> bool:
    """Whether the certificate's key made the signature over the data, by that algorithm."""
    key = certificate.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey) and algorithm is Algorithm.RSA_PKCS1_SHA256:
            key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, rsa.RSAPublicKey) and algorithm is Algorithm.RSA_PSS_SHA256:
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)
            key.verify(signature, data, pss, hashes.SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm in _ECDSA:
            size = (key.curve.key_size + 7) // 8
            if len(signature) != 2 * size:
                return False
            r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
            key.verify(encode_dss_signature(r, s), data, ec.ECDSA(_ECDSA[algorithm]))
        else:
            return False
    except (InvalidSignature, ValueError):
        return False
    return True


_ECDSA: dict[Algorithm, hashes.HashAlgorithm] = {
    Algorithm.ECDSA_SHA256: hashes.SHA256(),
    Algorithm.ECDSA_SHA384: hashes.SHA384(),
}


def raw_signature(certificate: x509.Certificate, der: bytes) -> bytes:
    """Give r and s, each as long as the key's curve, of a signature in DER; what is none is given as it is."""
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return der
    size = (key.curve.key_size + 7) // 8
    try:
        r, s = decode_dss_signature(der)
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    except (ValueError, OverflowError):
        return der


def to_sign(data: bytes, algorithm: Algorithm, takes: Takes) -> bytes:
    """Give what the card is handed to sign ``data``."""
    if takes is Takes.MESSAGE:
        return data
    if algorithm is Algorithm.ECDSA_SHA384:
        return hashlib.sha384(data).digest()
    digest = hashlib.sha256(data).digest()
    return _DIGEST_INFO + digest if takes is Takes.DIGEST_INFO else digest


def spki_of(certificate: x509.Certificate) -> bytes:
    """Give a certificate's public key as SubjectPublicKeyInfo, DER."""
    return certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _usage(certificate: x509.Certificate) -> x509.KeyUsage | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None


def _purposes(certificate: x509.Certificate) -> frozenset[x509.ObjectIdentifier] | None:
    try:
        return frozenset(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return None
