"""The real PC/SC service with virtual readers, without systemd; or the reason why it cannot run here."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from tests.support.card.vpcd import PORT

DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
SOCKET = Path("/run/pcscd/pcscd.comm")
_LOCK = Path(tempfile.gettempdir()) / "eeszt-runner-test-pcscd.lock"


def why_not() -> str | None:
    """Say what is missing for real PC/SC here; None: nothing."""
    if find_spec("smartcard") is None:
        return "pyscard is not installed: pip install -e '.[card]'"
    if shutil.which("pcscd") is None:
        return "pcscd is not installed: apt-get install pcscd"
    if not DRIVER.exists():
        return "the virtual reader is not installed: apt-get install vsmartcard-vpcd"
    if os.geteuid() != 0:
        return "pcscd runs as root"
    return None


class Service:
    """pcscd; one at a time on a machine, since its socket has one place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, readers: bool = True) -> None:
        """Start it, with the two virtual readers or with none."""
        config = self._folder / ("readers" if readers else "no_readers")
        config.mkdir(exist_ok=True)
        if readers:
            (config / "vpcd").write_text(
                f'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:0x{PORT:X}\nLIBPATH {DRIVER}\nCHANNELID 0x{PORT:X}\n'
            )
        SOCKET.parent.mkdir(exist_ok=True)
        command = ["pcscd", "--foreground", "--error", "--config", str(config)]
        output = (self._folder / "pcscd.log").open("ab")
        self._process = subprocess.Popen(command, stdout=output, stderr=output)
        output.close()
        _until(lambda: _is_listening(self._process, readers=readers), "pcscd")

    def stop(self) -> None:
        """Stop it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None


@contextlib.contextmanager
def service(folder: Path) -> Iterator[Service]:
    """Give the service, stopped; other test processes wait for their turn."""
    with _LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = Service(folder)
        try:
            yield made
        finally:
            made.stop()


def _is_listening(process: subprocess.Popen[bytes] | None, *, readers: bool) -> bool:
    assert process is not None
    assert process.poll() is None, "pcscd ended by itself"
    if not SOCKET.exists():
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        if probe.connect_ex(str(SOCKET)):
            return False
    return not readers or _is_open(PORT)


def _is_open(port: int) -> bool:
    """Whether somebody listens there, without connecting: the reader would take that for a card."""
    wanted = f":{port:04X}"
    lines = Path("/proc/net/tcp").read_text().splitlines()
    lines += Path("/proc/net/tcp6").read_text().splitlines()
    return any(
        line.split()[1].endswith(wanted) and line.split()[3] == "0A" for line in lines[1:] if "local" not in line
    )


def _until(happened: object, what: str, timeout_s: float = 15.0) -> None:
    end = time.monotonic() + timeout_s
    while not happened():  # type: ignore[operator]
        assert time.monotonic() < end, f"{what} did not start"
        time.sleep(0.02)
