"""The seal: opens in the row it was made for and nowhere else."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.errors import IntegrityError, SettingsError
from runner.login.seal import Sealer, read_key, sealer
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


def test_keys_are_read_from_the_files_that_the_settings_name(tmp_path: Path) -> None:
    for name, key in (("new", OTHER_KEY), ("old", KEY)):
        (tmp_path / name).write_bytes(base64.b64encode(key) + b"\n")
    found = sealer(Sealing(tmp_path / "new", (tmp_path / "old",)), "test")
    assert found.open(sealed()) == a_token()


@pytest.mark.parametrize("text", [b"", b"Kuku!", base64.b64encode(bytes(16)), base64.b64encode(bytes(33))])
def test_a_file_without_a_key_is_told_and_not_repeated(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "key").write_bytes(text)
    with pytest.raises(SettingsError, match="RNR-1013") as error:
        read_key(tmp_path / "key", "sealing.key_file")
    assert "Kuku" not in str(error.value)
    with pytest.raises(SettingsError, match="RNR-1006"):
        read_key(tmp_path / "none", "sealing.key_file")
