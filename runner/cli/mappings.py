"""``mapping`` and ``contract``: all that the author of a mapping needs, without a database or a counterpart."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner import app
from runner.cli.output import DONE, FAILED, add_json, listing
from runner.errors import fault
from runner.mapping import RowRefused, TraceLine, load_pack
from runner.mapping.cases import make_item, run_cases
from runner.mapping.document_schema import document_schema
from runner.mapping.language import schema as language_schema
from runner.mapping.loader import check
from runner.mapping.problems import Problems
from runner.mapping.scaffold import new_mapping

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from runner.mapping import DocumentType, Mappings

LANGUAGE = ("mapping", "mapping_test", "outboxes", "rules", "codes", "pack")


def add(commands: Any) -> None:
    """Add the command groups."""
    group = commands.add_parser("mapping", help="check, test, show and put in force the mappings").add_subparsers(
        metavar="ACTION", required=True
    )
    command = group.add_parser("lint", help="everything that is wrong with the files, in one run")
    _add_folders(command)
    command.add_argument(
        "--no-database", action="store_true", help="do not compare with the columns of the site's database"
    )
    command.set_defaults(handle=run_lint)
    command = group.add_parser("test", help="run the tests beside the mappings")
    command.add_argument("names", nargs="*", metavar="TYPE", help="only these document types")
    command.add_argument("--update", action="store_true", help="write the messages that come out into the named files")
    _add_folders(command)
    command.set_defaults(handle=run_tests)
    command = group.add_parser("show", help="the document and the message of a row, each value with its place")
    command.add_argument("name", metavar="TYPE")
    command.add_argument("--row", type=Path, required=True, metavar="FILE", help="the row as a JSON object")
    _add_folders(command)
    command.set_defaults(handle=show)
    command = group.add_parser("schema", help="JSON Schema of a language file or of a document type's document")
    command.add_argument("name", metavar="NAME", help=f"one of {', '.join(LANGUAGE)}, or a document type")
    _add_folders(command)
    command.set_defaults(handle=show_schema)
    command = group.add_parser("new", help="the files of a new document type, made from the contract")
    command.add_argument("name", metavar="TYPE")
    command.add_argument("--operation", required=True, metavar="SERVICE.OPERATION")
    _add_folders(command)
    command.set_defaults(handle=new)
    command = group.add_parser("list", help="document types, their operations and lanes")
    add_json(command)
    _add_folders(command)
    command.set_defaults(handle=show_list)
    command = group.add_parser("activate", help="put the site's document types in force, all or none")
    command.set_defaults(handle=activate)
    group = commands.add_parser("contract", help="look at a contract pack").add_subparsers(
        metavar="ACTION", required=True
    )
    command = group.add_parser("check", help="whether a pack can be used, and what is wrong with it")
    command.add_argument("folder", type=Path, nargs="?", help="the pack (default: the one in use)")
    add_json(command)
    command.set_defaults(handle=check_contract)


def _add_folders(command: argparse.ArgumentParser) -> None:
    command.add_argument("--mappings", type=Path, metavar="FOLDER", help="instead of those of the settings, or shipped")
    command.add_argument("--templates", type=Path, metavar="FOLDER", help="default: templates beside the mappings")
    command.add_argument("--sources", type=Path, metavar="FOLDER", help="default: sql/sources beside the mappings")
    command.add_argument("--contract", metavar="NAME", help="contract pack, where there are several")


def run_lint(args: argparse.Namespace) -> int:
    """Print every problem of every file."""
    folders = _folders(args)
    places = (folders.mappings, folders.templates, folders.sources)
    checked = check(*places, overrides=folders.overrides, contract=folders.contract)
    columns = "no database was looked at" if args.no_database else ""
    if checked.found:
        columns = columns or "not compared before the files are good"
    elif not columns:
        columns = app.check_columns(args.settings, folders, checked)
    problems = checked.told
    for problem in problems:
        print(problem)
    for note in checked.notes:
        print(f"note: {note}")
    if columns:
        print(f"columns: {columns}")
    print(f"{len(problems)} problem(s)" if problems else "mappings, rules, outboxes and contract are good")
    return FAILED if problems else DONE


def run_tests(args: argparse.Namespace) -> int:
    """Run the cases; a line each."""
    folders = _folders(args)
    mappings = folders.load()
    for name in args.names:
        _type(mappings, name)
    results = run_cases(mappings, folders.mappings, args.names or None, update=args.update)
    for result in results:
        print(f"{'FAILED' if result.problems else 'ok    '}  {result.document_type}: {result.name}")
        for problem in result.problems:
            print(f"        {problem}")
    failed = sum(bool(result.problems) for result in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    return FAILED if failed or not results else DONE


def show(args: argparse.Namespace) -> int:
    """Print what becomes of one row: nothing is stored or sent."""
    kind = _type(_folders(args).load(), args.name)
    try:
        row = json.loads(args.row.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise fault(1007, str(args.row), what="it is not a readable JSON file") from error
    if not isinstance(row, dict):
        raise fault(1007, str(args.row), what="it is not a JSON object")
    item, message_id = make_item(kind, {}), uuid.uuid4().urn
    trace: list[TraceLine] = []
    try:
        kind.document(row, item, message_id, trace)
        body = kind.prepare(row, item, message_id).body
    except RowRefused as refused:
        print(listing([_trace_row(line) for line in trace], ("field", "value", "from", "where")))
        print(f"\n{refused.outcome.ending} {refused.outcome.reason_code}: {refused.outcome.status_text}")
        return FAILED
    print(listing([_trace_row(line) for line in trace], ("field", "value", "from", "where")))
    print(f"\n{body.decode()}")
    return DONE


def show_schema(args: argparse.Namespace) -> int:
    """Print a JSON Schema for editors."""
    made = (
        language_schema(args.name)
        if args.name in LANGUAGE
        else document_schema(_type(_folders(args).load(), args.name, LANGUAGE))
    )
    print(json.dumps(made, ensure_ascii=False, indent=2))
    return DONE


def new(args: argparse.Namespace) -> int:
    """Write the files of a new document type."""
    folders = _folders(args)
    pack = folders.pack()
    for path in new_mapping(folders.mappings, folders.templates, pack, args.name, args.operation):
        print(f"wrote {path}")
    print("Say what stands where it matters, then: eeszt-runner mapping lint, eeszt-runner mapping test")
    return DONE


def show_list(args: argparse.Namespace) -> int:
    """Print the document types."""
    rows = [
        {
            "document_type": kind.name,
            "title": kind.title,
            "operation": kind.operation.name,
            "lane": kind.version.lane,
            "line": kind.kind,
            "digest": kind.digest[:12],
        }
        for kind in _folders(args).load().types.values()
    ]
    print(listing(rows, ("document_type", "title", "operation", "lane", "line", "digest"), as_json=args.json))
    return DONE


def activate(args: argparse.Namespace) -> int:
    """Put the document types in force."""
    for name in app.activate(args.settings):
        print(f"{name} is in force")
    return DONE


def check_contract(args: argparse.Namespace) -> int:
    """Read a pack and list what it offers, or print everything that is wrong with it."""
    pack = load_pack(args.folder) if args.folder else app.folders(args.settings).pack()
    rows = [
        {"operation": each.name, "soap": each.soap_version, "action": each.action, "sends": each.input_element}
        for each in pack.operations.values()
    ]
    print(listing(rows, ("operation", "soap", "action", "sends"), as_json=args.json))
    if pack.origin == "ours" and not args.json:
        print(f"\n{pack.name} is a reference contract of our own, not the EESZT's.")
    return DONE


def _folders(args: argparse.Namespace) -> app.Folders:
    """The folders that the command line, else the settings, else the package name."""
    if args.mappings is None:
        return app.folders(args.settings, contract=args.contract)
    beside = args.mappings.resolve().parent
    return app.Folders(
        args.mappings, args.templates or beside / "templates", args.sources or beside / "sql" / "sources", args.contract
    )


def _type(mappings: Mappings, name: str, besides: Sequence[str] = ()) -> DocumentType:
    if name not in mappings.types:
        unknown = Problems()
        unknown.add_unknown("mapping", "document type", name, (*besides, *mappings.types))
        unknown.raise_any()
    return mappings.types[name]


def _trace_row(line: Any) -> dict[str, object]:
    return {"field": line.path, "value": line.value, "from": line.source, "where": line.where}
