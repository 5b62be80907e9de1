"""Mappings are put in force all or none, and only when the tests beside them hold."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from runner import app
from runner.cli import main
from runner.cli.output import DONE, FAILED
from runner.demo.site import prepare_folder, write_settings
from tests.mapping.site import Site

MAPPING = "own/mappings/erecept_feliras/mapping.yaml"
OWN = '[site]\nmappings = "own/mappings"\ntemplates = "own/templates"\nsources = "own/sql/sources"\n\n[log]\n'


@pytest.fixture
def installed(tmp_path: Path) -> Site:
    """A site with mappings of its own, installed and in force."""
    place = prepare_folder(tmp_path)
    Site.copy_to(tmp_path / "own")
    services = {
        name: f"https://127.0.0.1:9/{name}" for name in ("sts", "erecept", "ekat", "ebeutalo", "ehr", "eprofil")
    }
    write_settings(place, services, app.default_pack())
    place.settings.write_text(place.settings.read_text("utf-8").replace("[log]\n", OWN, 1), "utf-8")
    app.install_example(place.settings)
    return Site(tmp_path)


def in_force(site: Site) -> dict[str, str]:
    (database,) = [path for path in site.folder.iterdir() if path.suffix in {".db", ".sqlite", ".sqlite3"}]
    with closing(sqlite3.connect(database)) as connection:
        return dict(connection.execute("SELECT document_type, digest FROM EESZT_DOCUMENT_TYPE").fetchall())


def activate(site: Site) -> int:
    (settings,) = site.folder.glob("*.toml")
    return main(["--settings", str(settings), "mapping", "activate"])


def test_what_passes_its_tests_comes_into_force(installed: Site) -> None:
    before = in_force(installed)
    installed.edit(MAPPING, "title: eRecept felírása", "title: eRecept felírása, újra")
    assert activate(installed) == DONE
    after = in_force(installed)
    assert [name for name in before if before[name] != after[name]] == ["erecept_feliras"]


def test_a_failing_test_is_named_and_nothing_comes_into_force(
    installed: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    before = in_force(installed)
    installed.edit(MAPPING, "title: eRecept felírása", "title: eRecept felírása, újra")
    installed.edit("own/mappings/ekat_esemeny/mapping.yaml", "KISERO: KISERO, SZOV", "KISERO: ALAP, SZOV")
    assert activate(installed) == FAILED
    said = capsys.readouterr().err
    assert "RNR-2050" in said
    assert "ekat_esemeny/mapping_test.yaml:" in said
    assert "an outpatient visit with two diagnoses keeps their order" in said
    assert "nothing was changed" in said
    assert in_force(installed) == before


def test_without_a_test_nothing_comes_into_force(installed: Site, capsys: pytest.CaptureFixture[str]) -> None:
    before = in_force(installed)
    installed.edit(MAPPING, "title: eRecept felírása", "title: eRecept felírása, újra")
    (installed.folder / "own/mappings/erecept_feliras/mapping_test.yaml").unlink()
    assert activate(installed) == FAILED
    assert "RNR-2001" in capsys.readouterr().err
    assert in_force(installed) == before
