"""One daemon for one database, whatever name it comes by; and none for a database that is not there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.clinic import Clinic, clinic

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    with clinic(tmp_path_factory.mktemp("one_daemon") / "site", people=(), daemon=False) as opened:
        yield opened


def run(settings: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "runner", "--settings", str(settings), *words]
    return subprocess.run(command, capture_output=True, check=False, timeout=120)


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_second_daemon_on_the_same_file_is_refused(place: Clinic, link: Callable[[Path, Path], None]) -> None:
    folder = place.settings.parent
    other = folder / "other.toml"
    place.start_daemon()
    try:
        link(place.stage.site.database, folder / "other.db")
        (folder / "medworks.db.lock").unlink()
        other.write_text(place.settings.read_text("utf-8").replace("medworks.db", "other.db"), "utf-8")
        other.chmod(0o600)
        for settings in (other, place.settings):
            refused = run(settings, "run")
            assert (refused.returncode, b"RNR-7003" in refused.stdout + refused.stderr) == (1, True), refused
    finally:
        place.stage.stop_daemon()
        for file in folder.glob("other.*"):
            file.unlink()


@pytest.mark.parametrize("words", [("run",), ("items", "list"), ("db", "sql", "SELECT 1"), ("mapping", "activate")])
def test_a_database_that_is_not_there_is_not_made(place: Clinic, tmp_path: Path, words: tuple[str, ...]) -> None:
    folder = place.settings.parent
    for file in folder.glob("medworks.db*"):
        shutil.move(file, tmp_path)
    try:
        refused = run(place.settings, *words)
        assert (refused.returncode, b"RNR-7008" in refused.stdout + refused.stderr) == (1, True), refused
        assert list(folder.glob("medworks.db*")) == []
    finally:
        for file in tmp_path.glob("medworks.db*"):
            shutil.move(file, folder)


def test_a_statement_that_would_write_is_told_that_only_reading_is_allowed(place: Clinic) -> None:
    refused = run(place.settings, "db", "sql", "DELETE FROM EESZT_USER_MAP")
    assert (refused.returncode, b"RNR-7302" in refused.stderr) == (1, True), refused
    assert place.sql("SELECT count(*) AS n FROM EESZT_USER_MAP")[0]["n"] > 0
