"""``login``: card, one-time password, logout, who is logged in."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Any

from runner import app
from runner.cli import card
from runner.cli.output import DONE, FAILED, add_json, listing

if TYPE_CHECKING:
    import argparse


def add(commands: Any) -> None:
    """Add the command group."""
    group = commands.add_parser("login", help="log in to the EESZT, log out, see who is in").add_subparsers(
        metavar="ACTION", required=True
    )
    card.add(group)
    command = group.add_parser("otp", help="log in with a one-time password (asked for, or one line on standard input)")
    whose = command.add_mutually_exclusive_group(required=True)
    whose.add_argument("his_user", nargs="?", help="HIS user, as in EESZT_USER_MAP, whose login is begun here")
    whose.add_argument("--nonce", action="store_true", help="the HIS began it: its nonce is a line before the password")
    command.set_defaults(handle=otp)
    command = group.add_parser("pin", help="what the workstations' files must know the endpoint by")
    command.set_defaults(handle=pin)
    command = group.add_parser("rekey", help="put a new sealing key before the old ones, which still open")
    command.set_defaults(handle=rekey)
    command = group.add_parser("logout", help="end a person's session at once")
    command.add_argument("eeszt_user")
    command.set_defaults(handle=logout)
    command = group.add_parser("refused", help="logins of the last day that came to nothing, and why")
    add_json(command)
    command.set_defaults(handle=refused)
    command = group.add_parser("state", help="live sessions")
    add_json(command)
    command.set_defaults(handle=state)


def otp(args: argparse.Namespace) -> int:
    """Log a person in through the daemon's endpoint."""
    print(app.login_with_password(args.settings, args.his_user))
    return DONE


def pin(args: argparse.Namespace) -> int:
    """Print the pin of the endpoint's certificate."""
    print(app.endpoint_pin(args.settings))
    return DONE


def rekey(args: argparse.Namespace) -> int:
    """Put a new sealing key before the old ones."""
    print(app.new_sealing_key(args.settings))
    return DONE


def logout(args: argparse.Namespace) -> int:
    """End a person's sessions."""
    ended = app.log_out(args.settings, args.eeszt_user, getpass.getuser())
    print(f"{ended} session(s) of {args.eeszt_user} ended")
    return DONE if ended else FAILED


def refused(args: argparse.Namespace) -> int:
    """List logins that came to nothing."""
    with app.opened_store(args.settings) as store:
        rows = [
            {"at": each.at.isoformat(timespec="seconds"), "his_user": each.his_user, "why": each.why}
            for each in store.logins.refused()
        ]
    print(listing(rows, ("at", "his_user", "why"), as_json=args.json))
    return DONE


def state(args: argparse.Namespace) -> int:
    """List live sessions."""
    with app.opened_store(args.settings) as store:
        rows = [
            {
                "his_user": login.his_user,
                "eeszt_user": login.eeszt_user,
                "role": login.role,
                "method": login.method,
                "started_at": login.started_at.isoformat(timespec="seconds"),
                "ends_at": login.ends_at.isoformat(timespec="seconds"),
            }
            for login in store.logins.state()
        ]
    print(listing(rows, ("his_user", "eeszt_user", "role", "method", "started_at", "ends_at"), as_json=args.json))
    return DONE
