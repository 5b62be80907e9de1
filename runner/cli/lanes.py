"""``lane``: pause and resume, persistently."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Any

from runner import app
from runner.cli.output import DONE

if TYPE_CHECKING:
    import argparse


def add(commands: Any) -> None:
    """Add the command group."""
    group = commands.add_parser("lane", help="pause or resume an outbox").add_subparsers(
        metavar="ACTION", required=True
    )
    for action, sentence in (("pause", "claim nothing from this lane until it is resumed"), ("resume", "go on")):
        command = group.add_parser(action, help=sentence)
        command.add_argument("lane")
        command.set_defaults(handle=pause if action == "pause" else resume)


def pause(args: argparse.Namespace) -> int:
    """Pause a lane; the daemon notices at its next look."""
    with app.opened_store(args.settings) as store:
        store.desk.pause(args.lane, getpass.getuser())
    print(f"lane {args.lane} is paused; resume it with `eeszt-runner lane resume {args.lane}`")
    return DONE


def resume(args: argparse.Namespace) -> int:
    """Resume a lane."""
    with app.opened_store(args.settings) as store:
        store.desk.resume(args.lane)
    print(f"lane {args.lane} goes on")
    return DONE
