"""One daemon for one database, whatever name it comes by; and none for a database that is not there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.clinic import clinic

pytestmark = pytest.mark.slow


def run(settings: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "runner", "--settings", str(settings), *words]
    return subprocess.run(command, capture_output=True, check=False, timeout=30)


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_second_daemon_on_the_same_file_is_refused(tmp_path: Path, link: Callable[[Path, Path], None]) -> None:
    with clinic(tmp_path / "site", people=()) as place:
        folder = place.settings.parent
        link(place.stage.site.database, folder / "other.db")
        (folder / "medworks.db.lock").unlink()
        other = folder / "other.toml"
        other.write_text(place.settings.read_text("utf-8").replace("medworks.db", "other.db"), "utf-8")
        other.chmod(0o600)
        for settings in (other, place.settings):
            refused = run(settings, "run")
            assert (refused.returncode, b"RNR-7003" in refused.stdout + refused.stderr) == (1, True), refused


@pytest.mark.parametrize("words", [("run",), ("items", "list"), ("db", "sql", "SELECT 1"), ("mapping", "activate")])
def test_a_database_that_is_not_there_is_not_made(tmp_path: Path, words: tuple[str, ...]) -> None:
    with clinic(tmp_path / "site", people=(), daemon=False) as place:
        for file in place.settings.parent.glob("medworks.db*"):
            shutil.move(file, tmp_path)
        refused = run(place.settings, *words)
        assert (refused.returncode, b"RNR-7008" in refused.stdout + refused.stderr) == (1, True), refused
        assert list(place.settings.parent.glob("medworks.db*")) == []


def test_a_statement_that_would_write_is_told_that_only_reading_is_allowed(tmp_path: Path) -> None:
    with clinic(tmp_path / "site", people=(), daemon=False) as place:
        refused = run(place.settings, "db", "sql", "DELETE FROM EESZT_USER_MAP")
        assert (refused.returncode, b"RNR-7302" in refused.stderr) == (1, True), refused
        assert place.sql("SELECT count(*) AS n FROM EESZT_USER_MAP")[0]["n"] > 0
