"""What the scripts of the Oracle schema declare, as plain data: read from their very statements, which also mend it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from runner.store.oracle.script import Script

_NAME = r'"?([\w$#]+)"?'
_TABLE = re.compile(rf"CREATE TABLE {_NAME} \(")
_INDEX = re.compile(rf"CREATE (?:UNIQUE )?INDEX {_NAME} ON {_NAME} \(([^)]*)\)(.*)", re.DOTALL)
_SEQUENCE = re.compile(rf"CREATE SEQUENCE {_NAME}")
_ADD_CONSTRAINT = re.compile(rf"ALTER TABLE {_NAME} ADD (CONSTRAINT .*)", re.DOTALL)
_ADD_COLUMN = re.compile(rf"ALTER TABLE {_NAME} ADD \((.*)\)", re.DOTALL)
_UNIT = re.compile(rf"CREATE OR REPLACE (VIEW|TRIGGER|PROCEDURE|FUNCTION|PACKAGE BODY|PACKAGE|CONTEXT) {_NAME}")
_ON_TABLE = re.compile(rf"(?:BEFORE|AFTER) [\w\s,\"$#]*? ON {_NAME}")
_COMMENT = re.compile(rf"COMMENT ON (TABLE|COLUMN) {_NAME}(?:\.{_NAME})? IS '(.*)'", re.DOTALL)
_GRANT = re.compile(rf"GRANT (.*) ON {_NAME} TO {_NAME}", re.DOTALL)
_PRIVILEGE = re.compile(r"(\w+(?: \w+)*)\s*(?:\(([^)]*)\))?")
_CONSTRAINT = re.compile(rf"CONSTRAINT {_NAME} (PRIMARY KEY|UNIQUE|FOREIGN KEY|CHECK)", re.DOTALL)
_COLUMN = re.compile(rf"{_NAME} ([A-Z0-9]+)(?:\(([0-9]+)(?:, ?([0-9]+))?( CHAR)?\))?(.*)", re.DOTALL)
_INITRANS = re.compile(r"\bINITRANS (\d+)")


@dataclass(frozen=True, slots=True)
class Column:
    """
    A column of a table.

    Attributes:
        name: In capitals.
        type: ``VARCHAR2``, ``NUMBER``, ``TIMESTAMP``, ``DATE``, ``CLOB``, ``BLOB``.
        size: Characters of a text, digits of a number, fraction of a timestamp; None where it has none.
        scale: Digits after the point of a number.
        in_chars: Whether a text's size counts characters, not bytes.
        nullable: Whether it may be empty, as far as the column itself says it.
        virtual: Whether it is computed.
        ddl: As it stands in the script.
    """

    name: str
    type: str
    size: int | None = None
    scale: int | None = None
    in_chars: bool = False
    nullable: bool = True
    virtual: bool = False
    ddl: str = ""

    @property
    def said(self) -> str:
        """Its type as SQL writes it."""
        if self.size is None:
            return self.type
        if self.type in {"VARCHAR2", "CHAR"}:
            return f"{self.type}({self.size} {'CHAR' if self.in_chars else 'BYTE'})"
        return f"{self.type}({self.size}{f', {self.scale}' if self.scale else ''})"


@dataclass(frozen=True, slots=True)
class Table:
    """
    A table.

    Attributes:
        name: In capitals.
        columns: By name.
        initrans: Entries for transactions in each block, None where the script says nothing.
        ours: Whether the scripts create it; else it is the HIS's, and only columns are added.
    """

    name: str
    columns: dict[str, Column] = field(default_factory=dict)
    initrans: int | None = None
    ours: bool = True


@dataclass(frozen=True, slots=True)
class Index:
    """An index of ours, with the statement that makes it."""

    name: str
    table: str
    columns: tuple[str, ...]
    initrans: int | None
    ddl: str


@dataclass(frozen=True, slots=True)
class Constraint:
    """
    A named constraint.

    Attributes:
        name: In capitals.
        table: Where.
        type: As the dictionary says it: P, U, R or C.
        body: All of it, from ``CONSTRAINT`` on.
    """

    name: str
    table: str
    type: str
    body: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A view, trigger, procedure, function or package (body), with the statement that replaces it."""

    type: str
    name: str
    table: str
    ddl: str


@dataclass(frozen=True, slots=True)
class Grant:
    """
    A right on an object, on one column where ``column`` is not empty.

    Attributes:
        grantee: User or role.
        privilege: SELECT, INSERT, UPDATE, DELETE or EXECUTE.
        object: On what.
        column: Of it.
    """

    grantee: str
    privilege: str
    object: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class Declaration:
    """
    Everything that the scripts make.

    Attributes:
        tables: By name.
        indexes: By name.
        constraints: By name.
        sequences: Name → statement.
        units: By type and name.
        grants: All.
        comments: Table, or table and column → what it is.
        made_by: Name of an object → script.
        statements: Table → all statements that belong to it, in order.
        scripts: Name → its SHA-256, in order.
        keys: Table → columns of its primary key, which are not empty by that.
    """

    tables: dict[str, Table] = field(default_factory=dict)
    indexes: dict[str, Index] = field(default_factory=dict)
    constraints: dict[str, Constraint] = field(default_factory=dict)
    sequences: dict[str, str] = field(default_factory=dict)
    units: dict[tuple[str, str], Unit] = field(default_factory=dict)
    grants: set[Grant] = field(default_factory=set)
    comments: dict[tuple[str, str], str] = field(default_factory=dict)
    made_by: dict[str, str] = field(default_factory=dict)
    statements: dict[str, list[str]] = field(default_factory=dict)
    scripts: dict[str, str] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)


def declared_by(scripts: Sequence[Script]) -> Declaration:
    """Read what scripts declare."""
    declared = Declaration()
    for script in scripts:
        declared.scripts[script.name] = script.sha256
        for statement in script.statements():
            _read(declared, statement.strip(), script.name)
    return declared


def _read(declared: Declaration, statement: str, script: str) -> None:
    if match := _TABLE.match(statement):
        _table(declared, match[1].upper(), statement, match.end())
        declared.made_by[match[1].upper()] = script
    elif match := _INDEX.match(statement):
        name, table = match[1].upper(), match[2].upper()
        declared.indexes[name] = Index(name, table, tuple(_names(match[3])), _initrans(match[4]), statement)
        declared.statements.setdefault(table, []).append(statement)
    elif match := _ADD_CONSTRAINT.match(statement):
        _constraint(declared, match[1].upper(), match[2])
        declared.statements.setdefault(match[1].upper(), []).append(statement)
    elif match := _ADD_COLUMN.match(statement):
        table = match[1].upper()
        made = _column(match[2])
        declared.tables.setdefault(table, Table(table, ours=False)).columns[made.name] = made
    elif match := _SEQUENCE.match(statement):
        declared.sequences[match[1].upper()] = statement
        declared.made_by[match[1].upper()] = script
    elif match := _UNIT.match(statement):
        on = _ON_TABLE.search(statement) if match[1] == "TRIGGER" else None
        unit = Unit(match[1], match[2].upper(), on[1].upper() if on else "", statement)
        declared.units[unit.type, unit.name] = unit
        declared.made_by.setdefault(unit.name, script)
    elif match := _COMMENT.match(statement):
        declared.comments[match[2].upper(), (match[3] or "").upper()] = match[4].replace("''", "'")
        if match[1] == "TABLE" or match[3]:
            declared.statements.setdefault(match[2].upper(), []).append(statement)
    elif match := _GRANT.match(statement):
        declared.grants.update(_grants(match[1], match[2].upper(), match[3].upper()))


def _table(declared: Declaration, name: str, statement: str, begin: int) -> None:
    text = re.sub(r"--[^\n]*", "", statement[begin:])
    end = _closing(text)
    kept = text[end:]  # of a table that is an index, the dictionary shows the entries for transactions nowhere
    table = Table(name, initrans=None if "ORGANIZATION INDEX" in kept else _initrans(kept))
    for part in _split(text[:end]):
        if part.startswith("CONSTRAINT "):
            _constraint(declared, name, part)
        else:
            made = _column(part)
            table.columns[made.name] = made
    declared.tables[name] = table
    declared.statements.setdefault(name, []).append(statement)


def _column(text: str) -> Column:
    text = " ".join(text.split())
    match = _COLUMN.match(text)
    assert match is not None, text
    name, type_, size, scale, chars, rest = match.groups()
    return Column(
        name.upper(),
        type_,
        int(size) if size else None,
        int(scale) if scale else (0 if type_ == "NUMBER" and size else None),
        bool(chars),
        "NOT NULL" not in rest.partition(" GENERATED ")[0],
        " VIRTUAL" in rest,
        text,
    )


def _constraint(declared: Declaration, table: str, body: str) -> None:
    match = _CONSTRAINT.match(body)
    assert match is not None, body
    kind = {"PRIMARY KEY": "P", "UNIQUE": "U", "FOREIGN KEY": "R", "CHECK": "C"}[match[2]]
    declared.constraints[match[1].upper()] = Constraint(match[1].upper(), table, kind, " ".join(body.split()))
    if kind == "P":
        declared.keys[table] = _names(body[body.index("(") + 1 : body.index(")")])


def _grants(rights: str, on: str, grantee: str) -> Iterator[Grant]:
    for part in _split(rights):
        match = _PRIVILEGE.fullmatch(part)
        assert match is not None, part
        for column in _names(match[2]) if match[2] else [""]:
            yield Grant(grantee, match[1], on, column)


def _names(text: str) -> list[str]:
    return [each.strip().strip('"').upper() for each in text.split(",")]


def _initrans(text: str) -> int | None:
    found = _INITRANS.search(text)
    return int(found[1]) if found else None


def _closing(text: str) -> int:
    """Where the bracket closes that was opened before the text."""
    return next(place for place, depth in _depths(text) if depth < 0)


def _split(text: str) -> list[str]:
    """Parts between commas that stand in no bracket and no text."""
    cuts = [place for place, depth in _depths(text) if depth == 0 and text[place] == ","]
    edges = [-1, *cuts, len(text)]
    return [text[first + 1 : last].strip() for first, last in pairwise(edges)]


def _depths(text: str) -> Iterable[tuple[int, int]]:
    """Places outside of texts, with how many brackets stand open behind them."""
    depth, quoted = 0, False
    for place, letter in enumerate(text):
        if letter == "'":
            quoted = not quoted
        if quoted:
            continue
        depth += {"(": 1, ")": -1}.get(letter, 0)
        yield place, depth
