"""
A mapping's fields against the types of the columns that they read, and its copies against the tables that they go into.

What can never work is a problem; what may end single rows INVALID is a note: types say no more, since a column is often
wider than what it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from runner.domain.formats import FORMATS
from runner.errors import RunnerError
from runner.mapping.document_type import DocumentType
from runner.mapping.fields import Field
from runner.mapping.places import read_yaml
from runner.mapping.problems import Problems
from runner.mapping.writeback import Copy
from runner.ports import Shapes, SqlColumn, SqlKind

_TEXTS = {SqlKind.TEXT, SqlKind.FIXED_TEXT}
_TIMES = {SqlKind.DAY, SqlKind.INSTANT, SqlKind.ZONED}
_MAY_BE: Mapping[str, set[SqlKind]] = {
    "base64": {SqlKind.BYTES},
    "integer": _TEXTS | {SqlKind.NUMBER},
    "decimal": _TEXTS | {SqlKind.NUMBER},
    "boolean": _TEXTS | {SqlKind.NUMBER},
    "date": _TEXTS | _TIMES,
    "instant": _TEXTS | _TIMES,
}
"""Type of a field → what a column may be that it reads; every other type takes all but bytes."""
_LITERAL = re.compile(r"'([^']*)'|\"([^\"]*)\"")


def check_columns(types: Mapping[str, DocumentType], folder: Path, shapes: Shapes, problems: Problems) -> None:
    """
    Check every mapping that reads by a query, or writes back, against a database.

    Args:
        types: Name → document type.
        folder: Of the mappings; the tests beside them say how long identifiers are.
        shapes: Of the site's database.
        problems: Gets what can never work; what may end a row INVALID is noted.
    """
    for name, kind in types.items():
        if kind.source_sql is not None:
            _check_source(kind, kind.source_sql, shapes, problems)
        examples = _examples(folder / name / "mapping_test.yaml")
        for copy in kind.write_back_plan.copies:
            _check_copy(name, copy, shapes, examples, problems)


def _check_source(kind: DocumentType, sql: str, shapes: Shapes, problems: Problems) -> None:
    try:
        columns = {column.name: column for column in shapes.of_query(sql)}
    except RunnerError as error:
        problems.add(error.number, f"{kind.name}: its source query", **error.facts)
        return
    told: set[tuple[str, str]] = set()
    for field in kind.program.top:
        for column, direct in _reads(field):
            reader = f"document.{'.'.join(direct.path)}"
            if column not in columns:
                if (column, direct.where) not in told:
                    given = ", ".join(sorted(columns))
                    problems.add(2090, direct.where, column=column, reader=reader, given=given)
                told.add((column, direct.where))
            elif direct.column == column:
                _check_field(direct, columns[column], reader, problems)


def _reads(field: Field) -> Iterator[tuple[str, Field]]:
    """Columns of the row that a field and those inside it read; ``from`` inside a list reads its elements."""
    if field.column is not None:
        yield field.column.partition(".")[0], field
    for expression in (field.expression, field.when):
        for column in expression.columns("row") if expression is not None else ():
            yield column.partition(".")[0], field
    for child in field.children:
        for column, direct in _reads(child):
            if not (field.is_each and direct.column == column):
                yield column, direct


def _check_field(field: Field, column: SqlColumn, reader: str, problems: Problems) -> None:
    wanted = field.wanted
    facts = {"column": column.name, "said": column.said, "reader": reader}
    if column.kind is SqlKind.UNKNOWN:
        return
    may_be = (
        _MAY_BE.get(wanted.type, set(SqlKind) - {SqlKind.BYTES})
        if wanted.values is None
        else set(SqlKind) - {SqlKind.BYTES}
    )
    if column.kind not in may_be or (wanted.type in FORMATS and wanted.type not in _MAY_BE and column.kind in _TIMES):
        problems.add(2091, field.where, type=wanted.type, **facts)
        return
    most = wanted.max_length if column.kind in _TEXTS and wanted.values is None else None
    if most is not None and (column.length is None or column.length > most):
        problems.note(2092, field.where, most=most, **facts)
    if wanted.type == "integer" and column.kind is SqlKind.NUMBER and column.scale != 0:
        problems.note(2093, field.where, **facts)
    if column.nullable and not field.optional and field.when is None:
        problems.note(2094, field.where, column=column.name, reader=reader)
    for trap, instead in _traps(wanted.type, column):
        problems.note(2095, field.where, column=column.name, said=column.said, trap=trap, instead=instead)


def _traps(type_: str, column: SqlColumn) -> Iterator[tuple[str, str]]:
    if column.kind is SqlKind.FIXED_TEXT:
        yield "the database fills it up with blanks, which go up with it", "Write RTRIM(…) AS … in the source query."
    if column.kind is SqlKind.ZONED:
        trap = "a zone that has a name cannot be fetched in thin mode, and a text of it has another form"
        yield (
            trap,
            "Write SYS_EXTRACT_UTC(…) AT TIME ZONE … in the source query, or CAST it to TIMESTAMP in local time.",
        )
    if type_ == "date" and column.kind is SqlKind.INSTANT:
        yield "a day with a time of day in it ends its row INVALID", "Write TRUNC(…) AS … in the source query."


def _check_copy(name: str, copy: Copy, shapes: Shapes, examples: Mapping[str, int], problems: Problems) -> None:
    first = (*copy.key.expressions, *copy.values.expressions)
    where = first[0].where if first else f"{name}: write_back"
    columns = {column.name: column for column in shapes.of_table(copy.table)}
    if not columns:
        problems.add(2096, where, table=copy.table)
        return
    places = {
        **dict(zip(copy.key.names, (each.where for each in copy.key.expressions), strict=True)),
        **dict(zip(copy.values.names, (each.where for each in copy.values.expressions), strict=True)),
    }
    for column in (*copy.key.names, *copy.values.names, *copy.receipt):
        if column.upper() not in columns:
            given = ", ".join(sorted(columns))
            problems.add(2097, places.get(column, where), table=copy.table, column=column, given=given)
    for column, length, what in _lengths(copy, examples):
        found = columns.get(column.upper())
        if found is None:
            continue
        facts = {"column": found.name, "table": copy.table, "said": found.said, "what": what}
        if found.kind not in {*_TEXTS, SqlKind.UNKNOWN} and what.startswith("the identifier"):
            problems.add(2099, places.get(column, where), **facts)
        elif found.kind in _TEXTS and found.length is not None and found.length < length:
            problems.add(2098, places.get(column, where), length=length, **facts)


def _lengths(copy: Copy, examples: Mapping[str, int]) -> Iterator[tuple[str, int, str]]:
    """Column, characters that it gets, and of what: identifiers as in the tests, and texts of the mapping."""
    for column, receipt in copy.receipt.items():
        if column in examples:
            yield column, examples[column], f"the identifier `receipt.{receipt}` of the tests beside the mapping"
    for column, expression in zip(copy.values.names, copy.values.expressions, strict=True):
        literal = _LITERAL.fullmatch(expression.text.strip())
        if literal is not None:
            text = literal[1] or literal[2] or ""
            yield column, len(text), f"the text {text!r}"


def _examples(file: Path) -> dict[str, int]:
    """Column of a copy → length of the longest value that the tests expect there."""
    read = read_yaml(file, Problems()) if file.is_file() else None
    cases: Sequence[object] = read.data.get("cases", ()) if read is not None and isinstance(read.data, dict) else ()
    longest: dict[str, int] = {}
    for case in cases:
        then = case.get("then", {}) if isinstance(case, dict) else {}
        for column, value in (then.get("write_back") or {}).items() if isinstance(then, dict) else ():
            longest[column] = max(longest.get(column, 0), len(str(value)))
    return longest
