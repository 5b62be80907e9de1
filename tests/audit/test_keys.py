"""Keys: what may be named, what opens a body, and that an auditor needs nothing of ours for it."""

from __future__ import annotations

import hashlib
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from runner.audit.keys import is_encrypted, make_pair, read_private, read_public
from runner.audit.opening import opened_body
from runner.audit.reading import find
from runner.errors import RunnerError
from tests.audit.desk import OfficersDesk, request

PASSWORD = "Kuku-pw-1"


def public_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def test_a_pair_is_made_with_a_private_key_that_only_its_owner_and_the_password_open(tmp_path: Path) -> None:
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    name = make_pair(private, public, PASSWORD, bits=3072)
    assert len(name) == 16
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert is_encrypted(private)
    assert read_private(private, PASSWORD).public_key() == read_public(public)
    with pytest.raises(RunnerError, match="RNR-8213") as refused:
        read_private(private, "another")
    assert "another'" not in str(refused.value)
    with pytest.raises(RunnerError, match="RNR-1044"):
        make_pair(private, public, PASSWORD, bits=3072)


@pytest.mark.parametrize(
    ("content", "number"),
    [
        (lambda: b"no key", 1041),
        (lambda: public_pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)), 1041),
        (lambda: public_pem(ec.generate_private_key(ec.SECP256R1())), 1041),
    ],
    ids=["rubbish", "too short", "not RSA"],
)
def test_only_an_rsa_public_key_that_is_long_enough_is_taken(
    tmp_path: Path, content: Callable[[], bytes], number: int
) -> None:
    file = tmp_path / "public.pem"
    file.write_bytes(content())
    with pytest.raises(RunnerError, match=f"RNR-{number}"):
        read_public(file)


def test_a_private_key_in_the_settings_is_refused(desk: OfficersDesk) -> None:
    with pytest.raises(RunnerError, match="RNR-1042"):
        read_public(desk.private_key)


def test_another_key_opens_nothing_and_a_changed_body_does_not_open(desk: OfficersDesk, tmp_path: Path) -> None:
    with desk.log() as log:
        anchor = log.write(request())
    reference = f"{anchor.chain}/{anchor.sequence}"
    make_pair(tmp_path / "other.pem", tmp_path / "other-public.pem", None, bits=3072)
    files, header = find(desk.folder, reference)
    with pytest.raises(RunnerError, match="RNR-8211"):
        opened_body(files, header, read_private(tmp_path / "other.pem", None))
    data = bytearray(desk.bodies().read_bytes())
    data[header.offset] ^= 1
    desk.bodies().write_bytes(data)
    with pytest.raises(RunnerError, match="RNR-8211"):
        desk.body(reference)


@pytest.mark.parametrize(
    "reference", ["", "x", "/1", "runner-1@20260302-110000/9", "runner-1@20260302-110000/-1", "../1"]
)
def test_what_is_no_entry_is_told(desk: OfficersDesk, reference: str) -> None:
    with desk.log() as log:
        log.write(request())
    with pytest.raises(RunnerError, match="RNR-8212"):
        desk.body(reference)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_an_auditor_opens_a_body_with_openssl_and_the_page_alone(desk: OfficersDesk) -> None:
    """docs/reference/audit_log.md: unwrap the segment's key, then AES-256-GCM over the entry's own place."""
    with desk.log() as log:
        log.write(request(5, b"<er:Feliras/>"))
    opening, header = desk.search()
    bodies = desk.bodies().read_bytes()
    command = ["openssl", "pkeyutl", "-decrypt", "-inkey", str(desk.private_key)]
    options = ["rsa_padding_mode:oaep", "rsa_oaep_md:sha256", "rsa_mgf1_md:sha256"]
    words = [*command, *(word for option in options for word in ("-pkeyopt", option))]
    done = subprocess.run(words, input=bodies[: opening.size], capture_output=True, check=True)
    place = f"{header.chain}/{header.segment}/{header.sequence}".encode()
    sealed = bodies[header.offset : header.offset + header.size]
    plain = AESGCM(done.stdout).decrypt(header.sequence.to_bytes(12, "big"), sealed, place)
    assert plain[16:] == b"<er:Feliras/>"
    assert hashlib.sha256(plain).hexdigest() == header.body
