"""Certificates that live for one test run: an authority and what it vouches for."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass(frozen=True, slots=True)
class Issued:
    """PEM files of a certificate and its key."""

    certificate: Path
    key: Path


class Authority:
    """Makes server certificates for localhost and 127.0.0.1."""

    def __init__(self, folder: Path, name: str = "Throw-away authority") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._folder / f"{name.split(maxsplit=1)[0].lower()}-ca.pem"
        builder = self._builder(self._name, self._key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        usage = x509.KeyUsage(
            *(name in {"sign", "crl"} for name in ("d", "n", "k", "da", "a", "sign", "crl", "e", "o"))
        )
        builder = builder.add_extension(usage, critical=True)
        self._write(self.certificate, builder.sign(self._key, hashes.SHA256()))

    def server(self, name: str = "server") -> Issued:
        """Issue a server certificate."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = self._builder(subject, key.public_key())
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        issued = Issued(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        self._write(issued.certificate, builder.sign(self._key, hashes.SHA256()))
        pkcs8, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        issued.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, pkcs8, plain))
        issued.key.chmod(0o600)
        return issued

    def _builder(self, subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(self._name, subject, public, x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(minutes=5)).not_valid_after(now + timedelta(days=1))
        ours = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(ours, critical=False)
        return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)

    def _write(self, path: Path, certificate: x509.Certificate) -> None:
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def self_signed(kind: str) -> bytes:
    """A certificate, PEM, whose key is ``rsa-1024``, ``secp192r1`` or ``p384``: of no use to us."""
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    if kind == "rsa-1024":
        key = rsa.generate_private_key(65537, 1024)
    else:
        key = ec.generate_private_key(ec.SECP192R1() if kind == "secp192r1" else ec.SECP384R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, kind)]), datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(minutes=5)).not_valid_after(now + timedelta(days=1))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
