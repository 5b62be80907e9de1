"""Keys and certificates of cards, and the authority that vouches for them, made for a test and thrown away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

KeyKind = Literal["rsa", "rsa4096", "p256", "p384"]
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class CardIdentity:
    """A card's certificate with its key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)


class CardAuthority:
    """Vouches for cards, and takes its word back."""

    def __init__(self, name: str = "Szimulator kartya CA") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "SZIMULATOR (nem az EESZT)"),
                x509.NameAttribute(NameOID.COMMON_NAME, name),
            ]
        )
        builder = _builder(self.name, self.name, self.key.public_key(), timedelta(days=-1), timedelta(days=30))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.certificate = builder.add_extension(_usage(ca=True), critical=True).sign(self.key, hashes.SHA256())

    def issue(
        self,
        owner: str = "O12345",
        kind: KeyKind = "p256",
        *,
        begins: timedelta = timedelta(days=-1),
        ends: timedelta = timedelta(days=30),
        signs_documents: bool = False,
        identifies_too: bool = False,
        usage: bool = True,
        purpose: bool = True,
    ) -> CardIdentity:
        """Give a card for its owner; ``signs_documents``: of the electronic signature, perhaps ``identifies_too``."""
        key = new_key(kind)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, owner)])
        builder = _builder(subject, self.name, key.public_key(), begins, ends)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        if usage:
            builder = builder.add_extension(
                _usage(ca=False, signs_documents=signs_documents, identifies=identifies_too), critical=True
            )
        if purpose and not signs_documents:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        return CardIdentity(builder.sign(self.key, hashes.SHA256()), key)

    def revoke(self, *cards: CardIdentity, age: timedelta = timedelta(), life: timedelta = timedelta(days=7)) -> bytes:
        """Give the list of revoked cards, PEM."""
        now = datetime.now(UTC) - age
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.name).last_update(now)
        builder = builder.next_update(now + life)
        for card in cards:
            revoked = x509.RevokedCertificateBuilder().serial_number(card.certificate.serial_number)
            builder = builder.add_revoked_certificate(revoked.revocation_date(now).build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def write(self, file: Path) -> Path:
        """Write the authority's certificate."""
        file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return file


def new_key(kind: KeyKind) -> PrivateKey:
    """Give a new key."""
    if kind in {"rsa", "rsa4096"}:
        return rsa.generate_private_key(65537, 2048 if kind == "rsa" else 4096)
    return ec.generate_private_key(ec.SECP256R1() if kind == "p256" else ec.SECP384R1())


def _builder(
    subject: x509.Name, issuer: x509.Name, public: object, begins: timedelta, ends: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)  # type: ignore[arg-type]
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins)
        .not_valid_after(now + ends)
    )


def _usage(*, ca: bool, signs_documents: bool = False, identifies: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=identifies or not signs_documents,
        content_commitment=signs_documents,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )
