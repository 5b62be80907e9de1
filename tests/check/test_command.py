"""`eeszt-runner check`: what it prints, its exit status, and that one broken check hides no other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from runner import cli
from runner.app import Finding, Status
from runner.app.check.everything import CHECKS, Check, _looked
from runner.app.check.inspection import Inspection
from tests.check.site import Installation, write_certificate
from tests.docs.console import ROOT, unseen

if TYPE_CHECKING:
    import pytest


def run(site: Installation, *words: str) -> int:
    return cli.main(["--settings", str(site.settings), "check", *words])


def test_warnings_alone_are_status_zero_and_each_says_what_to_do(
    site: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(site, "--offline") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "  ok    tls.client_certificate  intezmeny, until" in "\n".join(lines)
    warned = [number for number, line in enumerate(lines) if line.startswith("  warn")]
    assert warned
    assert all(lines[number + 1].startswith("        ") for number in warned)
    assert re.fullmatch(r"\d+ ok, \d+ to look at, 3 left out", lines[-1])


def test_the_guide_shows_what_is_printed(site: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "howto" / "check_an_installation.md").read_text("utf-8")
    (shown,) = re.findall(r"^\$ .+ check --offline\n(.+?)^```", page, re.MULTILINE | re.DOTALL)
    run(site, "--offline")
    assert unseen(shown.splitlines(), capsys.readouterr().out) is None


def test_a_failure_is_status_one(site: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    write_certificate(site.pki / "institution.crt", site.pki / "institution.key", days=-1)
    assert run(site, "--offline") == 1
    out = capsys.readouterr().out
    assert "  FAIL  tls.client_certificate  the certificate ended on" in out
    assert ", 1 failed, 3 left out" in out.splitlines()[-1]


def test_without_settings_everything_else_is_left_out_and_it_is_status_one(
    site: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    site.settings.unlink()
    assert run(site) == 1
    assert capsys.readouterr().out.splitlines()[-1] == f"1 failed, {len(CHECKS) - 1} left out"


def test_a_dead_daemon_is_status_one_only_where_one_is_needed(
    site: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [run(site, "--offline"), run(site, "--offline", "--daemon")] == [0, 1]
    assert "FAIL  daemon" in capsys.readouterr().out


def test_programs_get_a_list_of_objects(site: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(site, "--offline", "--json") == 0
    findings = json.loads(capsys.readouterr().out)
    assert {tuple(each) for each in findings} == {("group", "name", "status", "found", "remedy")}
    assert {each["status"] for each in findings} == {"ok", "warn", "skip"}
    assert all(each["remedy"] for each in findings if each["status"] == "warn")


def test_a_check_that_breaks_is_a_failure_and_keeps_what_it_found_before(site: Installation) -> None:
    def breaks(_inspection: Inspection) -> Iterator[Finding]:
        yield Finding("first", Status.OK, "found")
        raise KeyError("a patient's name")

    looked = list(_looked(Check("group", "broken", breaks), Inspection(site.settings, datetime.now(UTC))))
    assert [(each.name, each.status) for each in looked] == [("first", "ok"), ("broken", "FAIL")]
    assert "RNR-9001" in looked[1].found
    assert "patient" not in looked[1].found


def test_a_file_that_is_no_database_fails_once(site: Installation) -> None:
    for file in site.folder.glob("medworks.db*"):
        file.unlink()
    site.database.write_bytes(b"no database" * 100)
    bad = site.bad("database", "environment", "workplaces and people")
    assert [(name, status) for name, status, _ in bad if status != "skip"] == [("installed", "FAIL")]


def test_the_check_changes_nothing(site: Installation) -> None:
    def state() -> dict[str, bytes]:
        return {
            str(path): path.read_bytes()
            for path in site.folder.rglob("*")
            if path.is_file() and not path.name.endswith(("-wal", "-shm"))
        }

    before = state()
    site.findings()
    assert state() == before
