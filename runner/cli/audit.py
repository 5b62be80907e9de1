"""``audit``: prove that the log is what was written, look something up in it, open a body, make its keys."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from collections import deque
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner import app
from runner.audit.log import instant
from runner.audit.reading import Wanted
from runner.cli.output import DONE, FAILED, add_json, listing
from runner.domain.audit import EntryKind
from runner.errors import fault

if TYPE_CHECKING:
    from runner.audit.report import Report
    from runner.domain.audit import Header

COLUMNS = ("entry", "at", "kind", "item", "his_user", "acting_user", "operation", "outcome", "message_id")


def add(commands: Any) -> None:
    """Add the command group."""
    group = commands.add_parser("audit", help="prove, search and open the sealed log").add_subparsers(
        metavar="ACTION", required=True
    )
    command = group.add_parser("verify", help="whether anything in the log was changed, removed, inserted or cut off")
    command.add_argument("--folder", type=Path, help="a copy of the log; without the database, so without its anchors")
    add_json(command)
    command.set_defaults(handle=verify)
    _add_search(group)
    command = group.add_parser("show", help="open one entry's body; that it was opened is logged first")
    command.add_argument("entry", help="<chain>/<number>, as `audit search` gives it")
    command.add_argument(
        "--key",
        type=Path,
        required=True,
        metavar="PRIVATE.pem",
        help="the institution's private key; its password is asked",
    )
    command.set_defaults(handle=show)
    command = group.add_parser("keys", help="make the institution's key pair, on a machine that is not the daemon's")
    command.add_argument("--private", type=Path, required=True, metavar="FILE", help="file of the private key")
    command.add_argument("--public", type=Path, required=True, metavar="FILE", help="file of the public key")
    command.add_argument("--no-password", action="store_true", help="do not encrypt the private key")
    command.set_defaults(handle=keys)


def _add_search(group: Any) -> None:
    command = group.add_parser("search", help="entries by what their headers say; no key is needed")
    command.add_argument("--item", type=int, help="item number")
    command.add_argument(
        "--since", type=_instant, metavar="TIME", help="from here on, ISO 8601; UTC where no zone is given"
    )
    command.add_argument("--until", type=_instant, metavar="TIME", help="up to here")
    command.add_argument("--user", help="HIS user or EESZT user")
    command.add_argument("--operation", help="operation, or a part of its name")
    command.add_argument("--kind", type=str.upper, choices=[kind.value for kind in EntryKind], help="kind of entry")
    command.add_argument("--outcome", help="outcome, or its begin")
    command.add_argument("--most", type=int, default=200, help="the newest so many (default 200)")
    command.add_argument("--folder", type=Path, help="a copy of the log")
    add_json(command)
    command.set_defaults(handle=search)


def verify(args: argparse.Namespace) -> int:
    """Print a line for each finding, then what was read; 1 where something was found."""
    report = app.verify_audit(args.settings, args.folder)
    print(_as_json(report) if args.json else _as_text(report))
    return FAILED if report.found else DONE


def search(args: argparse.Namespace) -> int:
    """List headers."""
    wanted = Wanted(
        item=args.item,
        since=args.since,
        until=args.until,
        user=args.user,
        operation=args.operation,
        kind=EntryKind(args.kind) if args.kind else None,
        outcome=args.outcome,
    )
    found = deque(app.search_audit(args.settings, args.folder, wanted), maxlen=max(1, args.most))
    print(listing([_row(header, as_json=args.json) for header in found], COLUMNS, as_json=args.json))
    return DONE


def show(args: argparse.Namespace) -> int:
    """Print a body: as it is into a file or pipe, without control characters at a terminal."""
    _, body = app.show_audit(args.settings, args.entry, args.key, lambda: _ask("Password of the private key: "))
    if sys.stdout.isatty():
        text = body.decode("utf-8", "replace")
        print("".join(each if each.isprintable() or each in "\n\t" else "\ufffd" for each in text))
    else:
        sys.stdout.buffer.write(body)
    return DONE


def keys(args: argparse.Namespace) -> int:
    """Make a key pair."""
    password = None
    if not args.no_password:
        password = _ask("New password of the private key: ")
        if not password or (sys.stdin.isatty() and _ask("Once more: ") != password):
            raise fault(1007, "audit keys", what="no password, or two different ones")
    fingerprint = app.make_audit_keys(args.private, args.public, password)
    print(f"key {fingerprint}: {args.public} goes to the daemon's machine, {args.private} never does")
    return DONE


def _ask(prompt: str) -> str:
    """Give a password: asked for without echo at a terminal, else the first line of standard input."""
    return getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")


def _instant(text: str) -> str:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no ISO 8601 time") from error
    return instant(at if at.tzinfo is not None else at.replace(tzinfo=UTC))


def _row(header: Header, *, as_json: bool) -> dict[str, object]:
    row = {"entry": f"{header.chain}/{header.sequence}", **asdict(header)}
    return row if as_json else {name: _printable(value) for name, value in row.items()}


def _printable(value: object) -> object:
    if not isinstance(value, str):
        return value
    return "".join(each if each.isprintable() else "\ufffd" for each in value)


def _as_json(report: Report) -> str:
    facts = asdict(report)
    facts["findings"] = [
        {"number": each.number, "where": each.where, "what": each.what, "remedy": each.remedy}
        for each in report.findings
    ]
    return json.dumps(facts, ensure_ascii=False, indent=2)


def _as_text(report: Report) -> str:
    lines = [str(finding) for finding in report.findings]
    if report.found > len(report.findings):
        lines.append(f"… and {report.found - len(report.findings)} more")
    lines += [str(_printable(note)) for note in report.notes]
    span = f", {report.first_at} to {report.last_at}" if report.first_at else ""
    lines.append(f"{report.chains} chain(s), {report.segments} segment(s), {report.entries} entries{span}")
    if report.destroyed:
        lines.append(f"the bodies of {report.destroyed} segment(s) were destroyed when their time was over")
    if report.anchors is None:
        lines.append("the database was not asked: a cut end, or a log that was written anew, cannot be noticed")
    else:
        lines.append(f"{report.anchors} anchor(s) of the database compared")
    lines.append(f"{report.found} finding(s)" if report.found else "nothing was changed")
    return "\n".join(lines)
