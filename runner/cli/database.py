"""``db``: install the tables, compare them with what is declared, and read them with SQL."""

from __future__ import annotations

import getpass
import json
import logging
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner import app
from runner.cli.check import listed, summary
from runner.cli.output import DONE, FAILED, PERSON, add_json, listing
from runner.errors import fault

if TYPE_CHECKING:
    import argparse

    from runner.store.oracle.script import Script


def add(commands: Any) -> None:
    """Add the command group."""
    group = commands.add_parser("db", help="install and read the database").add_subparsers(
        metavar="ACTION", required=True
    )
    command = group.add_parser("install", help="create tables, views and triggers (embedded database); safe to repeat")
    command.set_defaults(handle=install)
    command = group.add_parser("ddl", help="print the scripts of an Oracle database, for SQL*Plus or SQLcl")
    add_names(command)
    command.add_argument("--folder", type=Path, help="write them there, a file each, with install.sql that runs them")
    command.set_defaults(handle=ddl)
    command = group.add_parser("check", help="compare tables, rights and surroundings with what is declared")
    command.add_argument("--as", dest="look_as", metavar="USER", help="look as this database user, e.g. owner or DBA")
    how = command.add_mutually_exclusive_group()
    how.add_argument("--ddl", action="store_true", help="print the statements that mend what was found, as a script")
    add_json(how)
    command.set_defaults(handle=check)
    command = group.add_parser(
        "adopt", help="take a database that was moved, restored or copied; nothing is sent before that"
    )
    which = command.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "--moved",
        action="store_true",
        help="it was moved or restored and is the one that goes on (needs the audit log)",
    )
    which.add_argument(
        "--copy", action="store_true", help="it is a copy, its original goes on: end everything that stands open in it"
    )
    command.add_argument("--environment", choices=["test"], help="with --copy: what the copy is from now on")
    add_json(command)
    command.set_defaults(handle=adopt)
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


def add_names(command: argparse.ArgumentParser) -> None:
    """Add what a site may call users and tablespaces."""
    command.add_argument("--owner", help="whose schema everything is in; else database.owner, else EESZT")
    command.add_argument("--runtime", help="the daemon's user; else database.user, else EESZT_RUNTIME")
    command.add_argument("--his", help="the HIS's user or role; else MEDWORKS")
    command.add_argument("--tablespace", help="of tables; else the owner's own")
    command.add_argument("--index-tablespace", help="of indexes; else that of the tables")
    command.add_argument("--lob-tablespace", help="of payloads, bodies and documents; else that of the tables")


def scripts_for(args: argparse.Namespace) -> list[Script]:
    """Give the scripts with the names that the command line says."""
    users = {"owner": args.owner, "runtime": args.runtime, "his": args.his}
    places = {"data": args.tablespace, "index": args.index_tablespace, "lob": args.lob_tablespace}
    return app.oracle_scripts(args.settings, users, {what: name or args.tablespace for what, name in places.items()})


def ddl(args: argparse.Namespace) -> int:
    """Print the scripts, or write them into a folder."""
    scripts = scripts_for(args)
    if args.folder is not None:
        written = app.script_files(scripts, args.folder)
        print(f"{len(written)} files in {args.folder}; in SQL*Plus, there and as the owner: @install.sql")
        return DONE
    for script in scripts:
        print(script.file())
    return DONE


def check(args: argparse.Namespace) -> int:
    """Print a line for each thing that was compared; 1 if anything failed."""
    logging.getLogger("runner").addHandler(logging.NullHandler())  # what there is to say is said below
    login = (args.look_as, _password(args.look_as)) if args.look_as else None
    findings = list(app.check_installation(args.settings, datetime.now(UTC), checks=app.SCHEMA, login=login))
    if args.ddl:
        print(app.mending(findings))
    elif args.json:
        print(json.dumps([each.as_json() for each in findings], ensure_ascii=False, indent=2))
    else:
        print(f"{listed(findings)}\n\n{summary(findings)}")
    return FAILED if any(each.status is app.Status.FAIL for each in findings) else DONE


def _password(user: str) -> str:
    """Ask for a database user's password; a pipe gives it in its first line."""
    if sys.stdin.isatty():
        return getpass.getpass(f"password of {user}: ")
    return sys.stdin.readline().rstrip("\r\n")


def adopt(args: argparse.Namespace) -> int:
    """Adopt the database; 3 where the EESZT may hold documents that it does not know."""
    if args.environment and not args.copy:
        raise fault(1007, "db adopt", what="--environment goes with --copy")
    adopted = app.adopt(args.settings, getpass.getuser(), is_copy=args.copy, environment=args.environment)
    if args.json:
        print(json.dumps(asdict(adopted), default=str, indent=2))
        return PERSON if adopted.lost else DONE
    print(f"the database is adopted as {adopted.database_id}; {adopted.sessions} session(s) ended")
    if args.copy:
        print(f"{adopted.ended} open item(s) ended here; the original sends them")
    else:
        print(f"{len(adopted.asked_after)} item(s) had been sent meanwhile and will be asked after")
    for sent in adopted.lost:
        print(
            f"lost: item {sent.item_id}, {sent.operation}, sent {sent.sent_at:%Y-%m-%d %H:%M:%S} UTC"
            f" as {sent.acting_user} with {sent.message_id}: its row is not in this database"
        )
    return PERSON if adopted.lost else DONE


def sql(args: argparse.Namespace) -> int:
    """Run one reading statement."""
    with app.opened_store(args.settings) as store:
        rows = store.desk.rows(args.statement)
    print(listing(rows, list(rows[0]) if rows else [], as_json=args.json))
    return DONE
