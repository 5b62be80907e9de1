"""README.md, word by word: its row gets its bar code, its targets, scenes and folders exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from runner.demo.scenes import SCENES
from tests.docs.console import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def demo(folder: Path, *words: str, typed: str = "") -> str:
    command = [sys.executable, "-m", "runner", "demo", "--folder", str(folder), *words]
    done = subprocess.run(command, cwd=ROOT, input=typed, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_readme_s_row_is_printed_with_its_bar_code(tmp_path: Path) -> None:
    (insert,) = re.findall(r"^```sql\n(INSERT .+?)^```", README, re.MULTILINE | re.DOTALL)
    selects = re.findall(r"`(SELECT [^`]+;)`", README)
    assert len(selects) == 2
    demo(tmp_path / "site", "--scene", "lost-answer")
    shown = demo(tmp_path / "site", "--play", typed="\n".join([insert, *selects, ""]))
    assert re.search(r"item 2: ACCEPTED PRINT Az EESZT befogadta\.", shown), shown
    blocks = re.search(r"\n *(█[█▌▐ ]+)\n.*\n.*\n *(SIM\d+)\n", shown)
    assert blocks is not None, shown
    assert re.search(rf"^9101 +{blocks[2]}$", shown, re.MULTILINE), "the bar code stands in MedWorkS's own table"
    assert insert.strip() in shown, "the prompt shows the README's own row"


def test_its_targets_and_scenes_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)(?=[\n`]| SCENE)", README))
    assert named >= {"demo", "test", "play"}
    assert named <= targets
    one, rest = re.search(r"`make demo SCENE=([a-z-]+)` \(others:\s+([^)]+)\)", README).groups()  # type: ignore[union-attr]
    assert {one, *re.findall(r"`([a-z-]+)`", rest)} == set(SCENES)


def test_its_folders_exist() -> None:
    folders = re.findall(r"^\| `([a-z]+)/` \|", README, re.MULTILINE)
    assert len(folders) >= 6
    assert [name for name in folders if not (ROOT / name).is_dir()] == []


@pytest.mark.slow
def test_the_scene_of_who_sends_ends_as_promised_and_its_table_fits_a_screen(tmp_path: Path) -> None:
    shown = demo(tmp_path / "site", "--scene", "who")
    assert "Every row ended as it should." in shown
    table = shown.split("Who sent what and why")[1].split("\n\nThe bar code")[0].splitlines()[1:]
    assert max(map(len, table)) <= 150
    assert re.search(r"ekat_esemeny +amb-\d+ +bodnar.eszter +14→12 +O45678 +ACCEPTED", shown)


@pytest.mark.slow
def test_the_scene_of_a_patients_day_meets_every_module_and_ends_as_promised(tmp_path: Path) -> None:
    shown = demo(tmp_path / "site", "--scene", "day")
    assert "Every row ended as it should." in shown
    types = {path.parent.name for path in (ROOT / "mappings").glob("*/mapping.yaml")}
    named = {name for name in types if re.search(rf"^\d+ +{name} ", shown, re.MULTILINE)}
    assert {name.split("_")[0] for name in named} == {
        "ebeutalo",
        "ehr",
        "ekat",
        "eprofil",
        "erecept",
        "labworks",
        "medbakter",
    }
    assert "3 by ehr_lista, 2 by erecept_lekerdezes" in shown
