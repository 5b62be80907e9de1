"""
A daemon that dies by its own SIGKILL at a named step: ``python -m tests.support.killable SETTINGS STEP NTH``.

SIGKILL cannot be caught, so whatever the runner holds is lost as in a power cut.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from runner import app


def main(settings: str, step: str, nth: int) -> None:
    """Run the daemon until ``step`` has come for the ``nth`` time, and die there."""
    seen = 0
    lock = threading.Lock()

    def hook(name: str, items: Sequence[int]) -> None:
        nonlocal seen
        if name != step:
            return
        with lock:
            seen += 1
            if seen >= nth:
                os.kill(os.getpid(), signal.SIGKILL)

    with app.running(Path(settings), hook=hook):
        threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
