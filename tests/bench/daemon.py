"""The daemon as a process of its own, and what the system says of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.site import Bench

_CPU_OF_PROCESS = 2
"""``CPUCLOCK_SCHED`` in Linux's number of another process's clock (clock_getcpuclockid(3))."""
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Process:
    """A running daemon."""

    pid: int

    def cpu_s(self) -> float:
        """
        CPU seconds so far, system included.

        By the process's own clock: /proc tells ticks of 10 ms, and an idle daemon takes three of them in five seconds.
        """
        return time.clock_gettime((~self.pid << 3) | _CPU_OF_PROCESS)

    def resident_mb(self) -> float:
        """Memory that is resident now."""
        return int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1]) * PAGE / 1e6

    def forget_peak(self) -> None:
        """Begin anew to look for the most that is resident."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5", encoding="ascii")

    def peak_mb(self) -> float:
        """Most that was resident since then."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


@contextmanager
def daemon(bench: Bench, beats: int = 3) -> Iterator[Process]:
    """Run the site's daemon, as an installation does; ``beats`` lanes beat then."""
    command = [sys.executable, "-m", "runner", "--settings", str(bench.settings), "run"]
    output = bench.folder / f"{bench.name}.out"
    with output.open("ab") as out, subprocess.Popen(command, stdout=out, stderr=out) as started:
        try:
            until(lambda: bench.sql("SELECT count(*) FROM EESZT_RUNNER")[0][0] >= beats, 30, output)
            yield Process(started.pid)
        finally:
            started.send_signal(signal.SIGTERM)
            started.wait(30)
    bench.sql("DELETE FROM EESZT_RUNNER")


def until(happened: Callable[[], bool], timeout_s: float, output: Path | None = None, *, pause_s: float = 0.02) -> None:
    """Wait until it has happened."""
    end = time.monotonic() + timeout_s
    while not happened():
        if time.monotonic() > end:
            raise TimeoutError(output.read_text(encoding="utf-8") if output else "it did not happen")
        time.sleep(pause_s)
