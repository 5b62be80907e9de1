"""``db``: install the tables, and read them with SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner import app
from runner.cli.output import DONE, add_json, listing

if TYPE_CHECKING:
    import argparse


def add(commands: Any) -> None:
    """Add the command group."""
    group = commands.add_parser("db", help="install and read the database").add_subparsers(
        metavar="ACTION", required=True
    )
    command = group.add_parser("install", help="create tables, views and triggers (embedded database); safe to repeat")
    command.set_defaults(handle=install)
    command = group.add_parser("sql", help="run one reading statement and print its rows")
    command.add_argument("statement")
    add_json(command)
    command.set_defaults(handle=sql)


def install(args: argparse.Namespace) -> int:
    """Create what is missing."""
    with app.opened_store(args.settings) as store:
        store.install(app.load_settings(args.settings).runner.environment)
    print("the database is installed; `eeszt-runner mapping activate` puts the document types in force")
    return DONE


def sql(args: argparse.Namespace) -> int:
    """Run one reading statement."""
    with app.opened_store(args.settings) as store:
        rows = store.desk.rows(args.statement)
    print(listing(rows, list(rows[0]) if rows else [], as_json=args.json))
    return DONE
