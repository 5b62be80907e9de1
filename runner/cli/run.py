"""``run`` and ``version``."""

from __future__ import annotations

import signal
import sys
import threading
from importlib.metadata import version as package_version
from typing import TYPE_CHECKING, Any

from runner import app
from runner.cli.output import DONE, FAILED

if TYPE_CHECKING:
    import argparse

_LOOK_S = 1.0 if sys.platform == "win32" else None
"""Windows lets no Ctrl-C into a wait without an end (CPython issue 35935)."""


def add(commands: Any) -> None:
    """Add the commands."""
    command = commands.add_parser("run", help="run the daemon until it is told to stop (SIGTERM, Ctrl-C)")
    command.set_defaults(handle=run)
    command = commands.add_parser("version", help="print the version")
    command.set_defaults(handle=show_version)


def run(args: argparse.Namespace) -> int:
    """Run the daemon; 0 when everything it held was finished or given back."""
    stop = threading.Event()
    numbers = [signal.SIGTERM, signal.SIGINT]
    if sys.platform == "win32":
        numbers.append(signal.SIGBREAK)
    for number in numbers:
        signal.signal(number, lambda *_: stop.set())
    with app.running(args.settings) as service:
        while not stop.wait(_LOOK_S):
            pass
        clean = service.stop()
    return DONE if clean else FAILED


def show_version(args: argparse.Namespace) -> int:  # noqa: ARG001
    """Print the version."""
    print(f"eeszt-runner {package_version('eeszt-runner')}")
    return DONE
