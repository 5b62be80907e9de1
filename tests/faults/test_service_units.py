"""What is printed for systemd and Windows runs the daemon as it stands there: no terminal, no environment."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.faults.clinic import Clinic, clinic

pytestmark = pytest.mark.slow

WRITES = os.O_WRONLY | os.O_RDWR


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Clinic]:
    apart = [('file = "runner.log"', 'file = "state/runner.log"')]  # so that only the database lies beside the settings
    with clinic(tmp_path / "100 % $HOME site", changes=apart, people=(), daemon=False) as made:
        yield made


def printed(place: Clinic, *words: str) -> str:
    answer = place.command("service", *words)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.decode()


def written_by(process: int) -> set[Path]:
    """The files that a process may write to, but for its standard streams."""
    found = set()
    for each in Path(f"/proc/{process}/fd").iterdir():
        try:
            target = each.readlink()
            about = Path(f"/proc/{process}/fdinfo/{each.name}").read_text()
        except FileNotFoundError:  # closed since
            continue
        flags = int(about.split("flags:")[1].split()[0], 8)
        if int(each.name) > 2 and flags & WRITES and target.is_file():
            found.add(target)
    return found


def runs(place: Clinic, command: list[str], folder: str, environment: Mapping[str, str]) -> set[Path]:
    """Start it as a service is started, end it as one is ended; the files that it writes meanwhile."""
    beats = "SELECT max(beat_at) AS beat FROM EESZT_RUNNER"
    before = place.sql(beats)[0]["beat"] or ""
    daemon = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        place.until("a beat", lambda: (place.sql(beats)[0]["beat"] or "") > before)
        written = written_by(daemon.pid)
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(60) == 0
    finally:
        daemon.kill()
        daemon.wait()
    return written


def test_the_unit_of_systemd_runs_the_daemon_and_lets_it_write_where_it_writes(place: Clinic) -> None:
    text = printed(place, "systemd")
    unit = ConfigParser(interpolation=None, delimiters=["="], comment_prefixes=["#"])
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(text)
    service = {name: value.replace("%%", "%") for name, value in unit["Service"].items()}
    command = [each.replace("$$", "$") for each in shlex.split(service["ExecStart"])]
    written = runs(place, command, service["WorkingDirectory"], {})
    allowed = [Path(each) for each in shlex.split(service["ReadWritePaths"])]
    assert {each.name for each in written} >= {"medworks.db", "medworks.db.lock"}
    assert [each for each in written if not any(each.is_relative_to(other) for other in allowed)] == []
    judge = shutil.which("systemd-analyze")
    if judge is not None:
        file = place.settings.parent / "eeszt-runner.service"
        file.write_text(text, "utf-8")
        verified = subprocess.run([judge, "verify", "--man=no", file], capture_output=True, text=True, check=False)
        assert (verified.returncode, verified.stderr) == (0, "")


def test_the_file_for_windows_runs_the_daemon(place: Clinic) -> None:
    service = ET.fromstring(printed(place, "windows", "--user", "KORHAZ\\eeszt$"))
    values = {each.tag: each.text or "" for each in service}
    command = [values["executable"], *shlex.split(values["arguments"])]
    assert runs(place, command, values["workingdirectory"], {})
    assert service.findtext("serviceaccount/username") == "KORHAZ\\eeszt$"
    assert service.find("onfailure") is not None


def test_a_folder_that_is_missing_is_told_and_wrong_settings_print_nothing(place: Clinic) -> None:
    state = place.settings.parent / "state"
    state.rename(state.with_name("elsewhere"))
    answer = place.command("service", "systemd")
    assert answer.stderr.decode().startswith(f"{state} is not there yet")
    place.settings.write_text(place.settings.read_text("utf-8") + "\n[no-such]\nsetting = 1\n", "utf-8")
    answer = place.command("service", "systemd")
    assert (answer.returncode, answer.stdout, b"RNR-100" in answer.stderr) == (1, answer.stdout[:0], True)
