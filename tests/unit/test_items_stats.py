"""``items stats``: a day's figures for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runner import app, cli
from runner.demo.site import prepare_folder, write_settings
from runner.ports import NewItem
from runner.store.rows import to_instant


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A site whose only item ended at once, since nobody knows its type."""
    site = prepare_folder(tmp_path / "site")
    services = ("sts", "erecept", "ekat")
    write_settings(site, dict.fromkeys(services, "https://127.0.0.1:1"), app.default_pack())
    app.install_example(site.settings)
    with app.opened_store(site.settings) as store:
        at = to_instant("2026-01-15 10:00:00")
        assert at is not None
        store.desk.submit(NewItem("nincs_ilyen", "kovacs.anna", "013579101", at))
    return site.settings


def printed(settings: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert cli.main(["--settings", str(settings), "items", "stats", *words]) == 0
    return capsys.readouterr().out


def test_the_last_counted_day_is_shown(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(settings, capsys) == "Nothing was counted.\n"
    with app.opened_store(settings) as store:
        day = store.outbox.tally(0).day.isoformat()
    _, _, line = printed(settings, capsys).splitlines()
    assert line.split()[0] == day
    assert line.split()[2:5] == ["?", "INVALID", "1"]
    [figures] = json.loads(printed(settings, capsys, "--json"))
    assert (figures["day"], figures["state"], figures["number"], figures["paper"]) == (day, "INVALID", 1, 0)
    assert figures["counted_at"]


def test_another_day_is_shown_by_its_date(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with app.opened_store(settings) as store:
        store.outbox.tally(0)
    assert printed(settings, capsys, "--day", "2020-01-01") == "Nothing was counted on 2020-01-01.\n"
    assert json.loads(printed(settings, capsys, "--day", "2020-01-01", "--json")) == []


def test_what_is_no_day_is_refused(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["--settings", str(settings), "items", "stats", "--day", "2026-02-30"])
    assert "'2026-02-30' is no day" in capsys.readouterr().err
