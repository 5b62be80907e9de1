"""Files that others may read or change, and what a row can do to a log or a terminal."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from runner.cli.output import listing, plain
from runner.log import JsonLines, TextLines
from runner.settings import changeable_files, load
from runner.store import OutboxTable
from runner.store.embedded import EmbeddedStore
from tests.support.rows import SQL

pytestmark = pytest.mark.skipif(os.name != "posix", reason="rights of files are those of POSIX")


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    """Settings that name a file of each kind, all as they should be."""
    folder = tmp_path / "site"
    for name in ("mappings", "templates", "sources", "mappings/contract"):
        (folder / name).mkdir(parents=True, mode=0o755)
    for name in ("pin.pem", "client.pem", "client.key", "ca.pem", "key", "audit.pem", "mappings/outboxes.yaml"):
        (folder / name).write_text("x")
        (folder / name).chmod(0o600)
    file = folder / "runner.toml"
    file.write_text("""
[runner]
name = "a"
environment = "production"
state_dir = "state"
[database]
path = "runner.db"
[site]
mappings = "mappings"
templates = "templates"
sources = "sources"
[eeszt]
pins = ["pin.pem"]
contract = "mappings/contract"
addresses = {sts = "https://localhost/"}
[tls]
client_certificate = "client.pem"
client_key = "client.key"
trust = "ca.pem"
[institution]
code = "1"
[sealing]
key_file = "key"
[audit]
public_key = "audit.pem"
""")
    file.chmod(0o600)
    return file


def test_a_site_whose_files_only_its_owner_changes_has_no_problem(settings_file: Path) -> None:
    assert changeable_files(load(settings_file), settings_file) == []


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("runner.toml", "--settings"),
        ("pin.pem", "eeszt.pins"),
        ("ca.pem", "tls.trust"),
        ("client.key", "tls.client_key"),
        ("mappings/outboxes.yaml", "site.mappings"),
        ("templates", "site.templates"),
    ],
)
@pytest.mark.parametrize("mode", [0o020, 0o002])
def test_a_file_that_others_may_change_is_told(settings_file: Path, name: str, setting: str, mode: int) -> None:
    """Who writes a pin decides whose answers are believed; who writes the settings, everything."""
    path = settings_file.parent / name
    path.chmod(path.stat().st_mode | mode)
    found = changeable_files(load(settings_file), settings_file)
    assert {problem.number for problem in found} == {8301}
    assert setting in [problem.facts["name"] for problem in found]


def test_a_file_of_another_user_is_told(settings_file: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(settings_file.parent / "pin.pem", 12345, 12345)
    [problem] = changeable_files(load(settings_file), settings_file)
    assert problem.facts["why"] == "owner 12345"


def test_a_folder_in_which_others_may_put_files_is_told(settings_file: Path) -> None:
    settings_file.parent.chmod(0o777)
    assert changeable_files(load(settings_file), settings_file) != []


def test_the_database_is_made_so_that_only_its_owner_reads_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = EmbeddedStore(tmp_path / "runner.db", {"interactive": OutboxTable("EESZT_OUT_INTERACTIVE")}, SQL)
        store.install()
        modes = {each.name: each.stat().st_mode & 0o777 for each in tmp_path.glob("runner.db*")}
        store.close()
    finally:
        os.umask(before)
    assert set(modes.values()) == {0o600}, modes


FORGED = [
    'x\n{"at": "2026-01-01T00:00:00Z", "level": "INFO", "text": "login granted"}',
    "x\r2026-01-01T00:00:00Z INFO    login granted his_user=kovacs",
    "\x1b[2J\x1b]0;title\x07",
    "\u202egnirotcod\u202c",
    "\u2028line\u2029line\x85line\x0bline\x0cline",
    "\u200b\ufeff\x00\x7f\x9b31m",
    "level=ERROR event=login.granted",
    '", "event": "login.granted", "x": "',
    "\ud800",
]


@pytest.mark.parametrize("value", FORGED)
@pytest.mark.parametrize("formatter", [JsonLines(), TextLines()])
def test_a_rows_value_is_one_field_of_one_line(value: str, formatter: logging.Formatter) -> None:
    record = logging.makeLogRecord(
        {"name": "runner.daemon", "levelname": "INFO", "msg": "item completed", "event": "item.completed", "key": value}
    )
    line = formatter.format(record)
    assert line.isprintable()
    assert line.encode("utf-8", "strict")
    if isinstance(formatter, JsonLines):
        told: dict[str, Any] = json.loads(line)
        assert (told["event"], told["key"], told["level"]) == ("item.completed", value, "INFO")
    else:
        assert line.count("event=item.completed") == 1
        assert " event=login.granted" not in line.replace('"level=ERROR event=login.granted"', "")


@pytest.mark.parametrize("value", FORGED)
def test_a_rows_value_cannot_draw_on_a_terminal(value: str) -> None:
    assert plain(value).isprintable()
    lines = listing([{"source_key": value, "state": "NEW"}], ["source_key", "state"]).splitlines()
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)


def test_accents_stay_as_they_are() -> None:
    assert plain("Árvíztűrő tükörfúrógép „x” – 5 °C") == "Árvíztűrő tükörfúrógép „x” – 5 °C"
