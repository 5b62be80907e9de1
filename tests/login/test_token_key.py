"""The technical user's key on a token: it signs there, by one thread at a time, and every failure is told."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from runner.eeszt.keys import Signer
from runner.errors import LoginError
from runner.login.certificate import from_token, technical_credential
from runner.login.token_key import Token
from runner.settings import TechnicalUser
from tests.support.card.identity import CardAuthority, CardIdentity, KeyKind

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
NOW = datetime.now(UTC)
PIN = "481516"


def why_not() -> str | None:
    if find_spec("pkcs11") is None:
        return "python-pkcs11 is not installed: pip install -e '.[hsm]'"
    if shutil.which("softhsm2-util") is None or not MODULE.exists():
        return "softhsm2 is not installed: apt-get install softhsm2"
    return None


pytestmark = pytest.mark.skipif(why_not() is not None, reason=why_not() or "")


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, CardIdentity]]]:
    """A token in software with two keys; SoftHSM reads its configuration once in a process."""
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    run("--init-token", "--free", "--label", "eeszt", "--pin", PIN, "--so-pin", "12345678")
    run("--init-token", "--free", "--label", "masodik", "--pin", PIN, "--so-pin", "12345678")
    (folder / "pin").write_text(PIN + "\n")
    (folder / "wrong").write_text("000000\n")
    authority, made = CardAuthority(), {}
    for number, kind in enumerate(("p256", "rsa")):
        identity = authority.issue("TECHNIKAI-013579", kind)  # type: ignore[arg-type]
        put(folder, kind, f"0{number + 1}", identity)
        made[kind] = identity
        renewed = authority.issue("TECHNIKAI-013579", kind)  # type: ignore[arg-type]
        put(folder, f"{kind}-renewed", f"1{number + 1}", identity, renewed.der)
    yield folder, made
    del os.environ["SOFTHSM2_CONF"]


def run(*words: str) -> None:
    subprocess.run(["softhsm2-util", *words], check=True, capture_output=True)


def put(folder: Path, label: str, number: str, identity: CardIdentity, der: bytes | None = None) -> None:
    """Put a key and its certificate onto the token, or another one."""
    import pkcs11  # noqa: PLC0415  only where it is installed

    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file = folder / f"{label}.pem"
    file.write_bytes(identity.key.private_bytes(pem, pkcs8, serialization.NoEncryption()))
    run("--import", str(file), "--token", "eeszt", "--label", label, "--id", number, "--pin", PIN)
    with pkcs11.lib(str(MODULE)).get_token(token_label="eeszt").open(rw=True, user_pin=PIN) as session:
        session.create_object(
            {
                pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE,
                pkcs11.Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
                pkcs11.Attribute.LABEL: label,
                pkcs11.Attribute.ID: bytes.fromhex(number),
                pkcs11.Attribute.SUBJECT: identity.certificate.subject.public_bytes(),
                pkcs11.Attribute.TOKEN: True,
                pkcs11.Attribute.VALUE: der or identity.der,
            }
        )


@pytest.mark.parametrize("kind", ["p256", "rsa"])
def test_a_key_on_a_token_signs_messages_like_one_in_a_file(
    tokens: tuple[Path, dict[str, CardIdentity]], kind: KeyKind
) -> None:
    folder, made = tokens
    place = {"token_module": MODULE, "token": "eeszt", "token_key": kind, "token_pin_file": folder / "pin"}
    user = TechnicalUser("TECHNIKAI-013579", **place)  # type: ignore[arg-type]
    credential = technical_credential(user, NOW)
    assert credential.certificate_der == made[kind].der
    signer = Signer(credential.private_key, x509.load_der_x509_certificate(credential.certificate_der))
    public, value = made[kind].certificate.public_key(), signer.sign(b"message")
    if isinstance(public, rsa.RSAPublicKey):
        public.verify(value, b"message", padding.PKCS1v15(), hashes.SHA256())
    else:
        assert isinstance(public, ec.EllipticCurvePublicKey)
        assert len(value) == 64
    with pytest.raises(NotImplementedError):
        signer.pkcs8()


def test_many_threads_sign_on_one_token(tokens: tuple[Path, dict[str, CardIdentity]]) -> None:
    folder, made = tokens
    credential = from_token(Token(MODULE, "eeszt", "p256", folder / "pin"), "eeszt", NOW)
    assert isinstance(credential.private_key, ec.EllipticCurvePrivateKey)
    key, public = credential.private_key, made["p256"].certificate.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)

    def one(number: int) -> None:
        data = f"message {number}".encode()
        public.verify(key.sign(data, ec.ECDSA(hashes.SHA256())), data, ec.ECDSA(hashes.SHA256()))

    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(one, range(200)))) == 200


def test_a_session_that_broke_is_opened_anew(tokens: tuple[Path, dict[str, CardIdentity]]) -> None:
    folder, _ = tokens
    token = Token(MODULE, "eeszt", "p256", folder / "pin")
    token.certificate()
    token._session.close()
    assert len(token.sign(b"x")) == 64


@pytest.mark.parametrize("kind", ["p256", "rsa"])
def test_a_certificate_that_was_renewed_for_another_key_is_told(
    tokens: tuple[Path, dict[str, CardIdentity]], kind: KeyKind
) -> None:
    folder, _ = tokens
    with pytest.raises(LoginError) as error:
        from_token(Token(MODULE, "eeszt", f"{kind}-renewed", folder / "pin"), "eeszt", NOW)
    assert error.value.number == 4304


@pytest.mark.parametrize(
    ("name", "key", "pin", "number"),
    [
        ("masik", "p256", "pin", 4261),
        ("masodik", "p256", "wrong", 4262),
        ("eeszt", "nincs", "pin", 4263),
        ("eeszt", "p256", "missing", 4301),
    ],
)
def test_each_failure_of_a_token_is_told(
    tokens: tuple[Path, dict[str, CardIdentity]], name: str, key: str, pin: str, number: int
) -> None:
    folder, _ = tokens
    with pytest.raises(LoginError) as error:
        Token(MODULE, name, key, folder / pin).certificate()
    assert error.value.number == number
    assert PIN not in str(error.value)
