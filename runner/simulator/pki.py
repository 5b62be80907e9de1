"""A throw-away PKI in a folder: recognisably the simulator's, never the EESZT's."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

#: The organisation in every subject, by which a production system can tell and refuse these certificates.
MARK = "SZIMULATOR (nem az EESZT)"

KeyType = Literal["p256", "rsa"]
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
_LIFE = timedelta(days=730)


@dataclass(frozen=True)
class Identity:
    """A certificate and its key, both PEM files."""

    certificate: Path
    key: Path

    @classmethod
    def at(cls, folder: Path, name: str) -> Identity:
        """The identity of that name in the folder."""
        return cls(folder / f"{name}.crt", folder / f"{name}.key")


@dataclass(frozen=True)
class Pki:
    """Where everything lies."""

    folder: Path
    #: Issues all that follows, except the stranger.
    ca: Identity
    #: TLS, for localhost and 127.0.0.1.
    server: Identity
    #: Signs the answers of the services.
    service: Identity
    #: Signs the answers of the STS and the assertions.
    sts: Identity
    #: The institution's TLS client certificate; signs messages where the proof is `bearer`.
    institution: Identity
    #: The institution's technical user.
    technical: Identity
    #: The technical user as PKCS#12, and its password in a file of its own.
    technical_p12: Path
    technical_password: Path
    #: A second institution of the same CA.
    other_institution: Identity
    #: A client certificate of a CA that nobody here trusts.
    stranger: Identity

    @classmethod
    def at(cls, folder: Path) -> Pki:
        """The PKI of that folder, whether it has been made or not."""
        return cls(
            folder=folder,
            ca=Identity.at(folder, "ca"),
            server=Identity.at(folder, "server"),
            service=Identity.at(folder, "service"),
            sts=Identity.at(folder, "sts"),
            institution=Identity.at(folder, "institution"),
            technical=Identity.at(folder, "technical"),
            technical_p12=folder / "technical.p12",
            technical_password=folder / "technical.password",
            other_institution=Identity.at(folder, "other_institution"),
            stranger=Identity.at(folder, "stranger"),
        )


@dataclass(frozen=True)
class _Issuer:
    certificate: x509.Certificate
    key: PrivateKey


def make_pki(
    folder: Path,
    *,
    keys: KeyType = "p256",
    institution: str = "100001",
    other_institution: str = "100002",
    technical_user: str = "TECHNIKAI-100001",
) -> Pki:
    """
    Make a new PKI, over whatever was in the folder; all files are readable by the owner alone.

    Args:
        folder: Is created.
        keys: Kind of every key: P-256, or RSA with 2048 bits.
        institution: Code of the institution, the serial number attribute of its certificate's subject.
        other_institution: The same of the second institution.
        technical_user: EESZT user name, the common name of the technical user's certificate.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    pki = Pki.at(folder)
    ca = _self_signed("Szimulator CA", keys)
    _store(pki.ca, ca.certificate, ca.key)
    _store(pki.server, *_issue(ca, keys, "localhost", server=True))
    _store(pki.service, *_issue(ca, keys, "szolgaltatas"))
    _store(pki.sts, *_issue(ca, keys, "sts"))
    _store(pki.institution, *_issue(ca, keys, "intezmeny", serial=institution))
    _store(pki.other_institution, *_issue(ca, keys, "masik-intezmeny", serial=other_institution))
    certificate, key = _issue(ca, keys, technical_user, serial=institution)
    _store(pki.technical, certificate, key)
    password = secrets.token_urlsafe(18)
    _write(pki.technical_password, password.encode())
    encryption = serialization.BestAvailableEncryption(password.encode())
    bundle = pkcs12.serialize_key_and_certificates(
        technical_user.encode(), key, certificate, [ca.certificate], encryption
    )
    _write(pki.technical_p12, bundle)
    _store(pki.stranger, *_issue(_self_signed("Idegen CA", keys), keys, "idegen", serial=institution))
    return pki


def load_certificate(path: Path) -> x509.Certificate:
    """The certificate of a PEM file."""
    return x509.load_pem_x509_certificate(path.read_bytes())


def load_key(path: Path) -> PrivateKey:
    """The private key of a PEM file without a password."""
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    return key


def subject_value(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str | None:
    """The first value of that attribute of the subject."""
    found = certificate.subject.get_attributes_for_oid(oid)
    return str(found[0].value) if found else None


def institution_of(certificate: x509.Certificate) -> str | None:
    """The code of the institution that the certificate was issued to."""
    return subject_value(certificate, NameOID.SERIAL_NUMBER)


def is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> bool:
    """Whether the issuer signed the certificate and it is in force now."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except Exception:  # noqa: BLE001  cryptography raises its own, ValueError and TypeError for what is one answer: no
        return False
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


def new_key(keys: KeyType) -> PrivateKey:
    """A new private key."""
    if keys == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1())


def _name(common_name: str, serial: str | None = None) -> x509.Name:
    attributes = [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, MARK),
        x509.NameAttribute(NameOID.COMMON_NAME, common_name),
    ]
    if serial is not None:
        attributes.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, serial))
    return x509.Name(attributes)


def _builder(subject: x509.Name, issuer: x509.Name, key: PrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _self_signed(common_name: str, keys: KeyType) -> _Issuer:
    key = new_key(keys)
    name = _name(common_name)
    builder = _builder(name, name, key).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return _Issuer(builder.add_extension(_usage(ca=True), critical=True).sign(key, hashes.SHA256()), key)


def _issue(
    ca: _Issuer, keys: KeyType, common_name: str, *, serial: str | None = None, server: bool = False
) -> tuple[x509.Certificate, PrivateKey]:
    key = new_key(keys)
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key())
    builder = (
        _builder(_name(common_name, serial), ca.certificate.subject, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(authority, critical=False)
        .add_extension(_usage(ca=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    )
    if server:
        names = [x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(ca.key, hashes.SHA256()), key


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _store(identity: Identity, certificate: x509.Certificate, key: PrivateKey) -> None:
    _write(identity.certificate, certificate.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    _write(identity.key, key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))


def _write(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
