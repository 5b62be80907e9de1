"""What the command line says to who mistypes: the nearest right name, and exit code 2 where the usage is wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from runner.cli import main
from runner.cli.output import DONE, FAILED, USAGE
from tests.mapping.site import ROOT
from tests.unit.test_settings import SMALLEST


def usage_error(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as raised:
        main(words)
    assert raised.value.code == USAGE
    return capsys.readouterr().err


def test_a_state_that_is_none_is_told_with_the_nearest_and_all(capsys: pytest.CaptureFixture[str]) -> None:
    said = usage_error(capsys, "items", "list", "--state", "parkd")
    assert "unknown state 'parkd'; did you mean PARKED?" in said
    assert "NEW, CLAIMED, SENDING" in said


@pytest.mark.parametrize("amount", ["-3", "0", "sok", "1.5"])
def test_an_amount_that_is_none_lists_nothing(capsys: pytest.CaptureFixture[str], amount: str) -> None:
    assert f"a whole number from 1, got '{amount}'" in usage_error(capsys, "items", "list", "--most", amount)


def test_a_document_type_that_is_none_is_told_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mapping", "test", "erecept_felirs"]) == FAILED
    assert "unknown document type 'erecept_felirs'. Did you mean 'erecept_feliras'?" in capsys.readouterr().err
    assert main(["mapping", "test", "nincs"]) == FAILED
    assert "Use one of: ebeutalo_iras, ebeutalo_lekerdezes, " in capsys.readouterr().err
    assert main(["mapping", "schema", "maping"]) == FAILED
    assert "Did you mean 'mapping'?" in capsys.readouterr().err


def test_the_simulator_is_called_as_it_was_called(capsys: pytest.CaptureFixture[str]) -> None:
    for words, usage in (
        (("simulate", "--help"), "usage: eeszt-runner simulate [-h]"),
        (("simulate", "otp", "--help"), "usage: eeszt-runner simulate otp [-h]"),
    ):
        with pytest.raises(SystemExit):
            main(words)
        assert usage in capsys.readouterr().out


def test_lint_says_what_is_no_mistake_but_should_be_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("mappings", "templates", "sql"):
        shutil.copytree(ROOT / name, tmp_path / name)
    pack = tmp_path / "mappings" / "contract" / "reference-1" / "pack.yaml"
    text = pack.read_text("utf-8")
    pack.write_text(text.replace("ekat.BekuldesLekerdezes: [ekat.Esemeny, ", "ekat.BekuldesLekerdezes: ["), "utf-8")
    assert main(["mapping", "lint", "--mappings", str(tmp_path / "mappings")]) == 0
    said = capsys.readouterr().out
    assert "note: RNR-2080" in said
    assert "the item ends PARKED and is never sent again" in said


def test_a_command_in_a_folder_that_is_gone_works_still(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert main(["contract", "check", str(ROOT / "mappings" / "contract" / "reference-1")]) == DONE
    assert "erecept.Feliras" in capsys.readouterr().out


def test_lint_tells_what_the_settings_say_wrongly_of_rules(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    settings = tmp_path / "runner.toml"
    wrong = '[rules."jelentes.bejelentkezes_nelkul"]\nchoice = "TECHNIKAI"\n[rules."nincs.ilyen"]\nsend_within = "2s"\n'
    settings.write_text(SMALLEST + wrong, encoding="utf-8")
    assert main(["--settings", str(settings), "mapping", "lint", "--no-database"]) == FAILED
    told = capsys.readouterr().out
    assert "RNR-2026 settings [rules.'nincs.ilyen']" in told
    assert "expected PARKED or TECHNICAL, got 'TECHNIKAI'" in told
