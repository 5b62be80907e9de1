"""``db``: install the tables, compare them with what is declared, and read them with SQL."""

from __future__ import annotations

import getpass
import json
import logging
import sys
from collections.abc import Sequence
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

    from runner.store.oracle.ddl import Site
    from runner.store.oracle.script import Script


def add(commands: Any) -> None:
    """Add the command group."""
    group = commands.add_parser("db", help="install and read the database").add_subparsers(
        metavar="ACTION", required=True
    )
    command = group.add_parser("install", help="create what is missing of tables, views and triggers; safe to repeat")
    add_names(command)
    command.add_argument(
        "--yes", action="store_true", help="Oracle: do not ask whether the scripts that are shown may run"
    )
    command.add_argument(
        "--password-file", type=Path, help="Oracle: file with the owner's password; else it is asked for"
    )
    command.set_defaults(handle=install)
    command = group.add_parser("ddl", help="print the scripts of an Oracle database, for SQL*Plus or SQLcl")
    add_names(command)
    command.add_argument(
        "--folder", type=Path, help="write them there, a file each, with install.sql and the optional ones"
    )
    command.set_defaults(handle=ddl)
    command = group.add_parser("check", help="compare tables, rights and surroundings with what is declared")
    command.add_argument("--as", dest="look_as", metavar="USER", help="Oracle: look as owner or DBA, who see more")
    command.add_argument("--password-file", type=Path, help="with --as: file with the password; else it is asked for")
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
    """Create what is missing; on Oracle after it was shown."""
    database = app.load_settings(args.settings).database
    if database.path is not None:
        with app.opened_store(args.settings) as store:
            store.install(app.load_settings(args.settings).runner.environment)
    elif not _install_oracle(args, database.user):
        print("nothing was changed")
        return FAILED
    print("the database is installed; `eeszt-runner mapping activate` puts the document types in force")
    return DONE


def _install_oracle(args: argparse.Namespace, user: str | None) -> bool:
    site = site_for(args)
    is_own = args.password_file is None and site.owner.upper() == (user or "").upper()
    password = None if is_own else read_password(args, "the owner")
    return app.install_oracle(args.settings, site, password, lambda scripts: agreed(args, scripts))


def read_password(args: argparse.Namespace, whose: str) -> str:
    """Give a database user's password: of the file that was named, else asked for without echo."""
    if args.password_file is None:
        return getpass.getpass(f"Password of {whose}: ")
    try:
        return str(args.password_file.read_text(encoding="utf-8")).partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise fault(1006, "db", file=str(args.password_file), name="--password-file", reason=reason) from error


def agreed(args: argparse.Namespace, scripts: Sequence[Script]) -> bool:
    """Show the scripts that would run, and ask."""
    for script in scripts:
        print(f"-- {script.name}: {script.says}\n{script.body}\n")
    if args.yes:
        return True
    answer = input(f"Run these {len(scripts)} script(s)? [y/N] ") if sys.stdin.isatty() else ""
    return answer.strip().lower() in {"y", "yes", "i", "igen"}


def add_names(command: argparse.ArgumentParser) -> None:
    """Add what a site may call users and tablespaces."""
    command.add_argument("--owner", help="whose schema everything is in; else database.owner, else EESZT")
    command.add_argument("--runtime", help="the daemon's user; else database.user, else EESZT_RUNTIME")
    command.add_argument("--his", help="the HIS's user or role; else MEDWORKS")
    command.add_argument("--tablespace", help="of tables; else the owner's own")
    command.add_argument("--index-tablespace", help="of indexes; else that of the tables")
    command.add_argument("--lob-tablespace", help="of payloads, bodies and documents; else that of the tables")


def site_for(args: argparse.Namespace) -> Site:
    """Give the names that the command line says; what the settings do not say alike is told."""
    users = {"owner": args.owner, "runtime": args.runtime, "his": args.his}
    places = {"data": args.tablespace, "index": args.index_tablespace, "lob": args.lob_tablespace}
    site = app.oracle_site(args.settings, users, {what: name or args.tablespace for what, name in places.items()})
    if unsaid := app.not_in_settings(args.settings, site):
        lines = "\n".join(f'  {name} = "{value}"' for name, value in unsaid.items())
        print(
            f"these names are not in the settings, by which `check`, `db check` and the next `db install` go;"
            f" write them under [database]:\n{lines}",
            file=sys.stderr,
        )
    return site


def ddl(args: argparse.Namespace) -> int:
    """Print the scripts, or write them into a folder."""
    site = site_for(args)
    if args.folder is None:
        for script in app.oracle_scripts(site):
            print(script.file())
        return DONE
    for name, text in app.oracle_files(site).items():
        (args.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (args.folder / name).write_text(text, encoding="utf-8")
    print(f"the scripts are in {args.folder}; in SQL*Plus, there and as {site.owner}: @install.sql")
    return DONE


def check(args: argparse.Namespace) -> int:
    """Print a line for each thing that was compared; 1 if anything failed."""
    logging.getLogger("runner").addHandler(logging.NullHandler())  # what there is to say is said below
    login = (args.look_as, read_password(args, args.look_as)) if args.look_as else None
    findings = list(app.check_installation(args.settings, datetime.now(UTC), checks=app.SCHEMA, login=login))
    if args.ddl:
        print(app.mending(findings))
    elif args.json:
        print(json.dumps([each.as_json() for each in findings], ensure_ascii=False, indent=2))
    else:
        print(f"{listed(findings)}\n\n{summary(findings)}")
    return FAILED if any(each.status is app.Status.FAIL for each in findings) else DONE


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
    print(listing(rows, list(rows[0]), as_json=args.json) if rows else "[]" if args.json else "(no rows)")
    return DONE
