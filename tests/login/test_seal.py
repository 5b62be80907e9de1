"""The seal: opens in the row it was made for and nowhere else."""

from __future__ import annotations

import base64
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import keyring
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring

from runner.errors import IntegrityError, SettingsError
from runner.login.seal import Sealer, sealer
from runner.login.sealing_keys import read_keys, renew
from runner.ports import LoginRow
from runner.settings import Sealing
from tests.login.site import KEY
from tests.support.logins import INSTITUTION, NOON, a_token

ROW = LoginRow(7, "kovacs", "O12345", "ORVOS", INSTITUTION, "otp", NOON, NOON + timedelta(hours=8))
OTHER_KEY = bytes(32)
SEALER = Sealer(KEY, environment="test")


def sealed(row: LoginRow = ROW, with_: Sealer = SEALER) -> LoginRow:
    return replace(row, sealed=with_.seal(row, a_token()))


def test_what_was_sealed_opens_unchanged() -> None:
    assert SEALER.open(sealed()) == a_token()


def test_a_token_without_a_key_of_its_own_stays_so() -> None:
    row = replace(ROW, sealed=SEALER.seal(ROW, a_token(key=None)))
    assert SEALER.open(row).key is None


def test_the_sealed_bytes_show_nothing_and_are_never_the_same() -> None:
    first, second = sealed().sealed, sealed().sealed
    assert first is not None
    assert first != second
    assert b"O12345" not in first
    assert b"Assertion" not in first


@pytest.mark.parametrize(
    "change",
    [
        {"login_id": 8},
        {"his_user": "szucs"},
        {"eeszt_user": "O23456"},
        {"institution": "999999"},
        {"role": "EGYEB"},
        {"ends_at": ROW.ends_at + timedelta(milliseconds=1)},
    ],
)
def test_in_another_row_it_does_not_open(change: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="RNR-8101 login"):
        SEALER.open(replace(sealed(), **change))


def test_in_another_environment_it_does_not_open() -> None:
    with pytest.raises(IntegrityError, match="RNR-8101"):
        Sealer(KEY, environment="production").open(sealed())


@given(st.integers(0, 10_000), st.integers(1, 255))
@settings(max_examples=100, deadline=None)
def test_no_changed_byte_opens(at: int, by: int) -> None:
    row = sealed()
    assert row.sealed is not None
    changed = bytearray(row.sealed)
    changed[at % len(changed)] ^= by
    with pytest.raises(IntegrityError):
        SEALER.open(replace(row, sealed=bytes(changed)))


@pytest.mark.parametrize("length", [0, 1, 9, 20, 21, 36])
def test_cut_bytes_do_not_open(length: int) -> None:
    row = sealed()
    assert row.sealed is not None
    with pytest.raises(IntegrityError):
        SEALER.open(replace(row, sealed=row.sealed[:length]))


def test_a_previous_key_still_opens_and_the_new_one_seals() -> None:
    rotated = Sealer(OTHER_KEY, [KEY], environment="test")
    assert rotated.open(sealed()) == a_token()
    with pytest.raises(IntegrityError, match="RNR-8102"):
        SEALER.open(sealed(with_=rotated))


def test_in_another_database_it_does_not_open() -> None:
    with pytest.raises(IntegrityError, match="RNR-8101"):
        Sealer(KEY, environment="test", database_id="another").open(sealed())


def put(path: Path, *keys: bytes) -> Sealing:
    path.write_bytes(b"\n".join(base64.b64encode(key) for key in keys) + b"\n")
    return Sealing(key_file=path)


def test_the_first_key_of_a_source_seals_and_all_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALING", f" {base64.b64encode(OTHER_KEY).decode()}  {base64.b64encode(KEY).decode()} ")
    for source in (put(tmp_path / "keys", OTHER_KEY, KEY), Sealing(key_variable="SEALING")):
        found = sealer(source, "test")
        assert found.open(sealed()) == a_token()
        assert Sealer(OTHER_KEY, environment="test").open(sealed(with_=found)) == a_token()


def test_the_operating_systems_keyring_holds_keys() -> None:
    settings = Sealing(key_keyring="eeszt-runner")
    with system_has(Store()):
        with pytest.raises(SettingsError, match=r"RNR-1087.*rekey"):
            sealer(settings, "test")
        first = renew(settings)
        row = sealed(with_=sealer(settings, "test"))
        second = renew(settings)
        assert second.keys[1:] == first.keys
        assert "eeszt-runner" in second.source
        assert sealer(settings, "test").open(row) == a_token()


def test_a_keyring_that_protects_nothing_is_refused() -> None:
    with system_has(NoKeyring()), pytest.raises(SettingsError, match=r"RNR-1088.*fail\.Keyring"):
        sealer(Sealing(key_keyring="eeszt-runner"), "test")


def test_a_new_key_seals_and_those_before_it_open(tmp_path: Path) -> None:
    settings = Sealing(key_file=tmp_path / "keys")
    rows = []
    for older in (0, 1, 2, 2):
        found = renew(settings)
        assert len(found.keys) == 1 + older, "the two before it are kept"
        assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o600
        rows.append(sealed(with_=sealer(settings, "test")))
    assert [sealer(settings, "test").open(row) for row in rows[1:]] == [a_token()] * 3
    with pytest.raises(IntegrityError, match="RNR-8102"):
        sealer(settings, "test").open(rows[0])
    assert [each.name for each in tmp_path.iterdir()] == ["keys"]


def test_a_daemon_opens_what_one_that_is_ahead_has_sealed(tmp_path: Path) -> None:
    behind = sealer(put(tmp_path / "keys", KEY), "test")
    ahead = sealer(put(tmp_path / "keys", OTHER_KEY, KEY), "test")
    assert behind.open(sealed(with_=ahead)) == a_token()
    assert SEALER.open(sealed(with_=behind)) == a_token(), "it seals with its own until it is started anew"
    (tmp_path / "keys").unlink()
    with pytest.raises(IntegrityError, match="RNR-8102"):
        behind.open(sealed(with_=Sealer(b"7" * 32, environment="test")))


def test_keys_in_a_variable_are_not_the_runners_to_change(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match=r"RNR-1087.*not set"):
        sealer(Sealing(key_variable="SEALING"), "test")
    monkeypatch.setenv("SEALING", "Kuku-1234")
    with pytest.raises(SettingsError, match="RNR-1087") as error:
        sealer(Sealing(key_variable="SEALING"), "test")
    assert "Kuku" not in str(error.value)
    with pytest.raises(SettingsError, match="RNR-1089"):
        renew(Sealing(key_variable="SEALING"))


@pytest.mark.parametrize(
    "text", [b"", b"Kuku!", base64.b64encode(bytes(16)), base64.b64encode(bytes(33)), base64.b64encode(KEY) + b" Kuku"]
)
def test_a_file_without_a_key_is_told_not_repeated_and_not_overwritten(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "key"
    file.write_bytes(text)
    for use in (read_keys, renew):
        with pytest.raises(SettingsError, match="RNR-1013") as error:
            use(Sealing(key_file=file))
        assert "Kuku" not in str(error.value)
    assert file.read_bytes() == text
    with pytest.raises(SettingsError, match="RNR-1006"):
        read_keys(Sealing(key_file=tmp_path / "none"))
    with pytest.raises(SettingsError, match="RNR-1021"):
        renew(Sealing(key_file=tmp_path / "nowhere" / "key"))


class Store(KeyringBackend):
    """A store as the operating system has, in memory."""

    priority = 5  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password


@contextmanager
def system_has(store: KeyringBackend) -> Iterator[None]:
    """Let this computer have such a store."""
    before = keyring.get_keyring()
    keyring.set_keyring(store)
    try:
        yield
    finally:
        keyring.set_keyring(before)
