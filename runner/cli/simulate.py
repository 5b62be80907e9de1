"""``simulate``: an EESZT for demos, tests and drills."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from runner import simulator

if TYPE_CHECKING:
    from typing import Any


def add(commands: Any) -> None:
    """Add the command; what follows it is the simulator's own."""
    command = commands.add_parser(
        "simulate", help="run a simulated EESZT (see simulate --help)", add_help=False, prefix_chars="\0"
    )
    command.add_argument("rest", nargs=argparse.REMAINDER)
    command.set_defaults(handle=lambda args: simulator.main(args.rest, program="eeszt-runner simulate"))
