"""``source:`` and ``send:`` of a mapping: the query behind it, its operation and its template, read and checked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from jinja2 import TemplateNotFound, TemplateSyntaxError

from runner.mapping.fields import Field
from runner.mapping.message import MessageTemplate
from runner.mapping.pack import ContractPack, Operation
from runner.mapping.pack_file import check_operation
from runner.mapping.places import YamlFile, read_file, shown
from runner.mapping.problems import Problems
from runner.mapping.surroundings import Surroundings
from runner.mapping.template_lint import check_template, template_files

BINDS = frozenset({"item_id", "source_key", "order_key", "withdraws", "workplace", "recorded_by"})
"""What a source query may bind by name."""

_NOT_SQL = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
_BIND = re.compile(r"(?<![:\w]):([A-Za-z_]\w*)")


def read_operation(file: YamlFile, pack: ContractPack | None, problems: Problems) -> Operation | None:
    """Give the operation that a mapping sends; None where there is no such one, or none can be told."""
    name = file.data.get("send", {}).get("operation")
    if pack is None or name is None:
        return None
    check_operation(name, pack.operations, pack.services, file.at("send", "operation"), problems)
    return pack.operations.get(name)


def read_source(file: YamlFile, folder: Path, problems: Problems) -> str | None:
    """Give the query that gives a mapping's row; None where the payload does, or where it is wrong."""
    source = file.data.get("source", "payload")
    if source == "payload":
        return None
    return _read_query(file, "source", source, folder, ["payload"], problems)


def read_beside(file: YamlFile, folder: Path, problems: Problems) -> str | None:
    """Give the query whose row stands beside the payload; None where there is none, or where it is wrong."""
    beside = file.data.get("beside")
    if beside is None:
        return None
    if file.data.get("source") != "payload":
        problems.add(2014, file.at("beside"), what="`beside`", instead="A source query can join what it needs itself")
    return _read_query(file, "beside", beside, folder, [], problems)


def _read_query(
    file: YamlFile, key: str, source: str, folder: Path, others: Sequence[str], problems: Problems
) -> str | None:
    path = folder / Path(source).name
    where = file.at(key)
    if path.is_dir():
        problems.add(2001, shown(path), reason="it is a folder")
        return None
    if not path.is_file():
        known = [*others, *(f"sql/sources/{each.name}" for each in folder.glob("*.sql"))]
        problems.add_unknown(where, key, source, known)
        return None
    text = read_file(path, problems)
    if text is None:
        return None
    sql = text.strip().rstrip(";").rstrip()
    bare = _NOT_SQL.sub(" ", sql)
    if not re.match(r"\s*(select|with)\b", bare, re.IGNORECASE):
        problems.add(2008, f"{shown(path)}:1", expected="a query (SELECT or WITH)", got="something else")
    if ";" in bare:
        problems.add(2008, f"{shown(path)}:1", expected="one statement", got="several")
    for match in _BIND.finditer(bare):
        if match[1].lower() not in BINDS:
            line = sql.count("\n", 0, sql.find(match[0])) + 1
            problems.add_unknown(f"{shown(path)}:{line}", "bind", match[1], BINDS)
    return sql


def read_template(
    file: YamlFile, operation: Operation | None, fields: Sequence[Field], around: Surroundings, problems: Problems
) -> MessageTemplate | None:
    """Give the compiled template; None, with the problems noted, where it is wrong or its operation is not known."""
    name = file.data.get("send", {}).get("template")
    if name is None:
        return None
    if (around.template_folder / name).is_dir():
        problems.add(2001, shown(around.template_folder / name), reason="it is a folder")
        return None
    if not (around.template_folder / name).is_file():
        known = [path.name for path in around.template_folder.glob("[!_]*.j2")]
        problems.add_unknown(file.at("send", "template"), "template", name, known)
        return None
    before = len(problems.found)
    check_template(around.templates, around.template_folder, name, fields, problems)
    elements = around.elements(operation)
    if elements is not None:
        for path in template_files(around.templates, around.template_folder, name):
            elements.check_template(path, problems)
    if operation is None or around.pack is None or len(problems.found) > before:
        return None
    try:
        return MessageTemplate(around.templates, around.template_folder, name, operation, around.pack)
    except (TemplateSyntaxError, TemplateNotFound) as error:
        reason = " ".join((error.message or "it cannot be read").rstrip(".").split())
        line = getattr(error, "lineno", 1)
        problems.add(2011, f"{shown(around.template_folder / name)}:{line}", reason=reason)
        return None
