"""Certificates with their keys: what can be used is used, what cannot is told precisely."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from runner.errors import LoginError
from runner.login.certificate import from_pem, from_pkcs12, institution_credential, technical_credential
from runner.settings import Institution, TechnicalUser

NOW = datetime(2026, 3, 2, tzinfo=UTC)
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
P256 = ec.generate_private_key(ec.SECP256R1())


def certificate(key: Key, *, begins: datetime = NOW - timedelta(days=1), days: int = 30) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "SIM technikai")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(begins).not_valid_after(begins + timedelta(days=days))
    return builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())


def pem(folder: Path, key: Key, cert: x509.Certificate) -> tuple[Path, Path]:
    paths = folder / "c.pem", folder / "k.pem"
    paths[0].write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    pkcs8, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, pkcs8, plain))
    return paths


def p12(folder: Path, password: bytes = b"jelszo") -> tuple[Path, Path]:
    protection = serialization.BestAvailableEncryption(b"jelszo")
    data = pkcs12.serialize_key_and_certificates(b"tu", P256, certificate(P256), None, protection)
    paths = folder / "tu.p12", folder / "tu.password"
    paths[0].write_bytes(data)
    paths[1].write_bytes(password)
    return paths


def number(error: pytest.ExceptionInfo[LoginError]) -> int:
    return error.value.number


@pytest.mark.parametrize("key", [P256, rsa.generate_private_key(65537, 2048)], ids=["P-256", "RSA"])
def test_a_pem_pair_gives_certificate_key_and_end(tmp_path: Path, key: Key) -> None:
    cert = certificate(key)
    found = from_pem(*pem(tmp_path, key, cert), NOW)
    assert found.certificate_der == cert.public_bytes(serialization.Encoding.DER)
    assert found.private_key.public_key() == key.public_key()
    assert found.not_after == cert.not_valid_after_utc
    assert "private_key" not in repr(found)


@pytest.mark.parametrize("password", [b"jelszo", b"jelszo\n", b"jelszo\r\n"])
def test_a_pkcs12_file_opens_with_the_first_line_of_its_password_file(tmp_path: Path, password: bytes) -> None:
    found = from_pkcs12(*p12(tmp_path, password), NOW)
    assert found.private_key.public_key() == P256.public_key()


def test_a_wrong_password_is_told_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(LoginError) as error:
        from_pkcs12(*p12(tmp_path, b"Kuku"), NOW)
    assert number(error) == 4302
    assert "Kuku" not in str(error.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(LoginError) as error:
        from_pem(tmp_path / "none.pem", tmp_path / "none.key", NOW)
    assert number(error) == 4301


def test_a_file_of_another_kind_is_told(tmp_path: Path) -> None:
    certificate_file, key_file = pem(tmp_path, P256, certificate(P256))
    with pytest.raises(LoginError) as error:
        from_pem(key_file, key_file, NOW)
    assert number(error) == 4303
    with pytest.raises(LoginError) as error:
        from_pem(certificate_file, certificate_file, NOW)
    assert number(error) == 4303


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LoginError) as error:
        from_pem(*pem(tmp_path, P256, certificate(ec.generate_private_key(ec.SECP256R1()))), NOW)
    assert number(error) == 4304


@pytest.mark.parametrize(
    ("begins", "says"),
    [(NOW - timedelta(days=30), "ended on 2026-03-02 00:00 UTC"), (NOW + timedelta(days=1), "not valid before")],
)
def test_a_certificate_out_of_its_time_is_refused(tmp_path: Path, begins: datetime, says: str) -> None:
    with pytest.raises(LoginError, match=says) as error:
        from_pem(*pem(tmp_path, P256, certificate(P256, begins=begins)), NOW)
    assert number(error) == 4305


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 1024),
        ec.generate_private_key(ec.SECP384R1()),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=["RSA-1024", "P-384", "Ed25519"],
)
def test_a_kind_of_key_that_the_contract_does_not_know_is_refused(tmp_path: Path, key: Key) -> None:
    with pytest.raises(LoginError) as error:
        from_pem(*pem(tmp_path, key, certificate(key)), NOW)
    assert number(error) == 4306


def test_the_settings_say_which_way_it_is_read(tmp_path: Path) -> None:
    pair, packed = pem(tmp_path, P256, certificate(P256)), p12(tmp_path)
    by_pem = technical_credential(TechnicalUser("TU", certificate=pair[0], key=pair[1]), NOW)
    by_p12 = technical_credential(TechnicalUser("TU", pkcs12=packed[0], password_file=packed[1]), NOW)
    assert by_pem.private_key.public_key() == by_p12.private_key.public_key()
    assert institution_credential(Institution("013579"), NOW) is None
    signing = institution_credential(Institution("013579", *pair), NOW)
    assert signing is not None
    assert signing.certificate_der == by_pem.certificate_der
