"""
Certificates with their keys, as institution and technical user have them: PKCS#12, PEM or PKCS#11, checked when read.

Source: PKCS#12 is RFC 7292; the kinds of keys are those of the wire profile of the reference contract, which is ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from runner.errors import RunnerError, fault
from runner.login.token_key import Token, private_key, token_of
from runner.settings import Institution, TechnicalUser

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_LEAST_RSA_BITS = 2048
_SHA256 = hashes.SHA256()
_PROBE = b"eeszt-runner: does this key belong to its certificate?"
"""Signed once at the start; nobody else is shown it."""


@dataclass(frozen=True, slots=True)
class Credential:
    """
    A certificate with its key.

    Attributes:
        certificate_der: The certificate, DER.
        private_key: RSA of at least 2048 bits, or P-256.
        not_after: End of the certificate's validity; aware UTC.
    """

    certificate_der: bytes
    private_key: PrivateKey = field(repr=False)
    not_after: datetime


def technical_credential(user: TechnicalUser, now: datetime) -> Credential:
    """
    Give the technical user's credential from the files, or the token, that the settings name.

    Raises:
        LoginError: RNR-4261 to 4265, RNR-4301 to RNR-4306: it cannot be used, and why.
    """
    if user.token_module is not None:
        assert user.token is not None
        assert user.token_key is not None
        assert user.token_pin_file is not None
        return from_token(token_of(user.token_module, user.token, user.token_key, user.token_pin_file), user.token, now)
    if user.pkcs12 is not None and user.password_file is not None:
        return from_pkcs12(user.pkcs12, user.password_file, now)
    assert user.certificate is not None
    assert user.key is not None
    return from_pem(user.certificate, user.key, now)


def institution_credential(institution: Institution, now: datetime) -> Credential | None:
    """
    Give the credential with which the institution signs messages, or None where the settings name none.

    Raises:
        LoginError: As ``technical_credential``.
    """
    if institution.signing_certificate is None or institution.signing_key is None:
        return None
    return from_pem(institution.signing_certificate, institution.signing_key, now)


def from_pkcs12(file: Path, password_file: Path, now: datetime) -> Credential:
    """
    Give the credential of a PKCS#12 file; the first line of ``password_file`` is its password.

    Raises:
        LoginError: As ``technical_credential``; a wrong password and a damaged file cannot be told apart.
    """
    data = _read(file)
    password = _read(password_file).partition(b"\n")[0].rstrip(b"\r")
    with _format_errors(file, 4302):
        key, certificate, _ = pkcs12.load_key_and_certificates(data, password or None)
    if key is None or certificate is None:
        raise fault(4303, str(file), expected="a certificate with its key")
    return _checked(str(file), certificate, key, now)


def from_pem(certificate_file: Path, key_file: Path, now: datetime) -> Credential:
    """
    Give the credential of two PEM files (or one that holds both); the first certificate of a chain is meant.

    Raises:
        LoginError: As ``technical_credential``.
    """
    with _format_errors(certificate_file, 4303, expected="a PEM certificate"):
        certificate = x509.load_pem_x509_certificate(_read(certificate_file))
    with _format_errors(key_file, 4303, expected="a PEM key without password"):
        key = serialization.load_pem_private_key(_read(key_file), password=None)
    return _checked(str(certificate_file), certificate, key, now)


def from_token(token: Token, name: str, now: datetime) -> Credential:
    """
    Give the credential of a token or HSM; its key signs there and never leaves it.

    Raises:
        LoginError: As ``technical_credential``.
    """
    with _format_errors(Path(name), 4303, expected="a certificate on the token"):
        certificate = token.certificate()
    credential = _checked(f"token {name}", certificate, private_key(token, certificate), now)
    if not _signs_for(credential.private_key):
        raise fault(4304, f"token {name}")
    return credential


def _signs_for(key: PrivateKey) -> bool:
    """Whether a key that cannot be looked at signs for its certificate: beside a renewed one may lie the old one."""
    try:
        if isinstance(key, rsa.RSAPrivateKey):
            signature = key.sign(_PROBE, padding.PKCS1v15(), _SHA256)
            key.public_key().verify(signature, _PROBE, padding.PKCS1v15(), _SHA256)
        else:
            key.public_key().verify(key.sign(_PROBE, ec.ECDSA(_SHA256)), _PROBE, ec.ECDSA(_SHA256))
    except InvalidSignature:
        return False
    return True


def _checked(where: str, certificate: x509.Certificate, key: object, now: datetime) -> Credential:
    usable = (isinstance(key, rsa.RSAPrivateKey) and key.key_size >= _LEAST_RSA_BITS) or (
        isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1)
    )
    if not usable:
        raise fault(4306, where)
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    with _format_errors(Path(where), 4306):
        matches = key.public_key() == certificate.public_key()
    if not matches:
        raise fault(4304, where)
    if now < certificate.not_valid_before_utc:
        raise fault(4305, where, when=f"is not valid before {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC")
    if now >= certificate.not_valid_after_utc:
        raise fault(4305, where, when=f"ended on {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC")
    der = certificate.public_bytes(serialization.Encoding.DER)
    return Credential(der, key, certificate.not_valid_after_utc)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as exc:
        raise fault(4301, str(file), reason=exc.strerror or type(exc).__name__) from exc


@contextmanager
def _format_errors(file: Path, number: int, **facts: object) -> Iterator[None]:
    """Turn what the library says of bad files into the fault of ``number``."""
    try:
        yield
    except RunnerError:
        raise
    except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
        raise fault(number, str(file), **facts) from exc
