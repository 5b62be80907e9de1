"""``codes``: published code tables, read, listed and looked into."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from runner import app
from runner.cli.output import DONE, FAILED, add_json, listing, plain

if TYPE_CHECKING:
    import argparse

BUDAPEST = ZoneInfo("Europe/Budapest")


def add(commands: Any) -> None:
    """Add the command group."""
    group = commands.add_parser("codes", help="published code tables").add_subparsers(metavar="ACTION", required=True)
    command = group.add_parser("sync", help="read the tables from the EESZT; one that fails keeps its last good copy")
    command.add_argument("table", nargs="*", help="default all")
    command.set_defaults(handle=sync)
    command = group.add_parser("list", help="the tables that are here, and when each was read")
    add_json(command)
    command.set_defaults(handle=list_tables)
    command = group.add_parser("show", help="the codes of a table that are valid on a day")
    command.add_argument("table")
    command.add_argument("code", nargs="?", help="only this code, with all times of its validity")
    command.add_argument("--day", type=date.fromisoformat, help="YYYY-MM-DD; default today")
    add_json(command)
    command.set_defaults(handle=show)


def sync(args: argparse.Namespace) -> int:
    """Read tables."""
    done = app.sync_codes(args.settings, args.table)
    for each in done:
        print(f"{each.name}: {each.lines} lines" if each.problem is None else plain(each.problem))
    if not done:
        print("no list in mappings/codes names a publication")
    return FAILED if any(each.problem is not None for each in done) else DONE


def list_tables(args: argparse.Namespace) -> int:
    """List tables."""
    with app.opened_store(args.settings) as store:
        rows = [
            {"table": each.name, "lines": each.lines, "read_at": f"{each.read_at.astimezone(BUDAPEST):%Y-%m-%d %H:%M}"}
            for each in store.codes.copies()
        ]
    print(listing(rows, ("table", "lines", "read_at"), as_json=args.json))
    return DONE


def show(args: argparse.Namespace) -> int:
    """Show codes."""
    day = args.day or datetime.now(UTC).astimezone(BUDAPEST).date()
    with app.opened_store(args.settings) as store:
        table = store.codes.tables().lines.get(args.table, {})
    rows = [
        {"code": each.code, "title": each.title, "valid_from": each.valid_from, "valid_to": each.valid_to}
        for code, lines in sorted(table.items())
        for each in lines
        if (code == args.code if args.code else each.is_valid(day))
    ]
    print(listing(rows, ("code", "valid_from", "valid_to", "title"), as_json=args.json))
    return DONE if rows else FAILED
