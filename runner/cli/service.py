"""``service``: what makes the daemon a service of the operating system."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from runner import app
from runner.cli.output import DONE

if TYPE_CHECKING:
    import argparse


def add(commands: Any) -> None:
    """Add the command group."""
    group = commands.add_parser("service", help="print what runs the daemon as a service").add_subparsers(
        metavar="SYSTEM", required=True
    )
    command = group.add_parser("systemd", help="Linux: a unit, for /etc/systemd/system/eeszt-runner.service")
    command.add_argument("--user", default="eeszt", help="the daemon's user; default %(default)s")
    command.set_defaults(handle=show, make=app.systemd_unit)
    command = group.add_parser("windows", help="Windows: the file of WinSW, which makes any program a service")
    command.add_argument(
        "--user", default="NT AUTHORITY\\LocalService", help="the daemon's account; default %(default)s"
    )
    command.set_defaults(handle=show, make=app.windows_service)


def show(args: argparse.Namespace) -> int:
    """Print it; which folders are missing goes to the standard error."""
    print(args.make(args.settings, args.user), end="")
    for each in app.written_folders(app.load_settings(args.settings)):
        if not each.is_dir():
            print(f"{each} is not there yet: make it, for {args.user} alone.", file=sys.stderr)
    return DONE
