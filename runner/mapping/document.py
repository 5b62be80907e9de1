"""
From a row to a document: all expressions of a mapping run as one compiled, sandboxed function.

Expressions see ``row`` (the source's columns), ``doc`` (the fields so far), ``item``, and inside ``each`` the
``element``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from jinja2 import nodes
from jinja2.exceptions import UndefinedError
from jinja2.runtime import Context, Undefined
from jinja2.utils import pass_context

from runner.errors import fault
from runner.mapping.convert import BadValueError, Wanted
from runner.mapping.document_form import overlay, skeleton
from runner.mapping.fields import Field, column_of
from runner.mapping.program import ExpressionFailedError, Program, language, numbered, statement
from runner.mapping.refusal import bad_field, empty_field, never
from runner.mapping.sandbox import Language
from runner.mapping.values import (
    PLAIN,
    Empty,
    EmptyUsedError,
    ForbiddenCharacterError,
    NotWritableError,
    Record,
    wrapped,
    written,
)

PUT, EACH, FROM = "@put", "@each", "@from"
RUN = "@run"

Guard = Callable[[str, str], str | None]
"""Called with a field's type and its value; gives the sentence for the ward where a rule says never."""


@dataclass(frozen=True, slots=True)
class TraceLine:
    """
    Where one value of a document is from.

    Attributes:
        path: The field, dotted; elements of lists by number from 1.
        source: ``from …`` or ``expr …``, as the author wrote it.
        where: ``file:line``.
        value: As it is written in XML, or None where the field is empty or its condition does not hold.
    """

    path: str
    source: str
    where: str
    value: str | None


def no_guard(kind: str, value: str) -> None:
    """Let every value pass."""


def environment() -> Language:
    """Give the environment of documents."""
    made = language()
    made.filters[PUT] = _put
    made.filters[EACH] = _each
    made.filters[FROM] = _from
    return made


class DocumentProgram:
    """The compiled ``document:`` of a mapping; safe to share between threads."""

    def __init__(self, made: Language, fields: Sequence[Field], name: str, *, lenient: bool) -> None:
        """
        Compile.

        Args:
            made: From ``environment``.
            fields: Of the mapping.
            name: Document type.
            lenient: Whether a name that the row lacks is an empty one (payload) or a fault of the mapping (SQL).
        """
        self.fields = tuple(_flat(fields))
        self.top = tuple(fields)
        self._program = Program(made, _statements(fields, "row"), name)
        self._lenient = lenient

    def run(
        self,
        row: Mapping[str, Any],
        item: Mapping[str, Any],
        guard: Guard = no_guard,
        trace: list[TraceLine] | None = None,
    ) -> dict[str, Any]:
        """
        Give the document: nested maps with typed values, None for what is absent.

        Raises:
            RowRefused: The row holds something wrong; the sentence names the column.
            MappingError: RNR-2040, an expression failed on this row for another reason.
        """
        run = _Run(self.fields, skeleton(self.top), guard, trace, lenient=self._lenient)
        values = {"row": Record(row), "doc": Record(run.root, "doc."), "item": Record(item, "item."), RUN: run}
        try:
            self._program.run(values)
        except EmptyUsedError as error:
            raise empty_field(self.column_of(error.label)) from None
        except ExpressionFailedError as error:
            failed = self.fields[error.number]
            if isinstance(error.__cause__, ForbiddenCharacterError | NotWritableError):
                for column, why in _unwritable(row, failed):
                    raise bad_field(column, why) from None
            if self._lenient and isinstance(error.__cause__, UndefinedError):
                raise empty_field(f"{run.trail}{_missing_column(row, failed) or failed.label}") from None
            raise fault(2040, failed.where, reason=error.reason) from error
        return run.root

    def column_of(self, label: str) -> str:
        """Give the column behind ``doc.…``, the label itself where it is a column already."""
        return column_of(label, self.fields)

    def overlaid(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """Give a stored document with None where a field of the mapping is absent, so that it reads as empty."""
        return overlay(skeleton(self.top), stored)


class _Run:
    """One row on its way."""

    __slots__ = ("_at", "_fields", "_guard", "_trace", "lenient", "root", "stack", "trail")

    def __init__(
        self,
        fields: Sequence[Field],
        root: dict[str, Any],
        guard: Guard,
        trace: list[TraceLine] | None,
        *,
        lenient: bool,
    ) -> None:
        self.root = root
        self.stack = [root]
        self.trail = self._at = ""
        self.lenient = lenient
        self._fields = fields
        self._guard = guard
        self._trace = trace

    def put(self, value: Any, number: int) -> None:
        field = self._fields[number]
        if type(value) not in PLAIN:
            if isinstance(value, Undefined):
                str(value)  # raises, with the nearest right name
            if value is None or isinstance(value, Empty):
                self._note(field, None)
                if not field.optional:
                    raise empty_field(f"{self.trail}{field.label}")
                return
        wanted = field.wanted
        if isinstance(value, (str, int)) and (sentence := self._guard(wanted.type, str(value))):
            raise never(sentence, f"{self.trail}{field.label}")
        try:
            converted = wanted.convert(value)
        except BadValueError as error:
            raise bad_field(f"{self.trail}{field.label}", error.reason) from None
        place = self.stack[-1]
        for step in field.steps[:-1]:
            place = place[step]
        place[field.steps[-1]] = converted
        if self._trace is not None:
            self._note(field, converted)

    def _note(self, field: Field, value: Any) -> None:
        if self._trace is not None:
            path = self._at + ".".join(field.steps if self._at else field.path)
            self._trace.append(TraceLine(path, field.source, field.where, None if value is None else written(value)))

    def each(self, value: Any, number: int) -> Iterator[Any]:
        """Give the elements of a list, each with a container of its own to put into."""
        field = self._fields[number]
        column = f"{self.trail}{field.label}"
        elements = _elements(value, column)
        if elements is None:
            if not field.optional:
                raise empty_field(column)
            return
        place = self.stack[-1]
        for step in field.steps[:-1]:
            place = place[step]
        made: list[Any] = []
        place[field.steps[-1]] = made
        outer = self.trail, self._at
        for count, element in enumerate(elements, start=1):
            self.trail, self._at = f"{column}[{count}].", f"{'.'.join(field.path)}[{count}]."
            made.append(skeleton(field.children))
            self.stack.append(made[-1])
            yield wrapped(element, self.trail.rstrip("."))
            self.stack.pop()
        self.trail, self._at = outer


def _unwritable(row: Mapping[str, Any], field: Field) -> Iterator[tuple[str, str]]:
    """Give the columns that an expression reads and XML cannot hold, each with the reason for the ward."""
    for column in field.expression.columns() if field.expression else ():
        try:
            Wanted().convert(wrapped(row.get(column, 0), column))
        except BadValueError as error:
            yield column, error.reason
        except EmptyUsedError:
            continue


def _missing_column(row: Mapping[str, Any], field: Field) -> str | None:
    """Give the first column that an expression reads and the payload lacks."""
    expressions = [each for each in (field.when, field.expression) if each is not None]
    columns = [column for each in expressions for column in each.columns()]
    return next((column for column in columns if column.split(".")[0] not in row), None)


def _elements(value: Any, column: str) -> Sequence[Any] | None:
    """Give a list's elements, also where SQL gave it as JSON text; None where there is none."""
    if isinstance(value, Undefined):
        str(value)  # raises
    if value is None or isinstance(value, Empty):
        return None
    if isinstance(value, str):
        try:
            value = json.loads(value, parse_float=Decimal)
        except (ValueError, RecursionError):
            value = None
    if not isinstance(value, list | tuple):
        raise bad_field(column, "JSON listának kell lennie.")
    return value or None


@pass_context
def _put(context: Context, value: Any, number: int) -> None:
    context.parent[RUN].put(value, number)


@pass_context
def _each(context: Context, value: Any, number: int) -> Iterator[Any]:
    each: Iterator[Any] = context.parent[RUN].each(value, number)
    return each


@pass_context
def _from(context: Context, value: Any, column: str) -> Any:
    """Walk a dotted name; in a payload what is not there is empty."""
    if type(value) is Record and "." not in column and type(plain := value.data.get(column)) in PLAIN and plain != "":
        return plain
    run = context.parent[RUN]
    for step in column.split("."):
        if run.lenient and (not isinstance(value, Record) or step not in value):
            return Empty(f"{run.trail}{column}")
        value = context.environment.getitem(value, step)
    return value


def _statements(fields: Sequence[Field], of: str) -> list[nodes.Stmt]:
    made: list[nodes.Stmt] = []
    for field in fields:
        if field.is_each:
            assert field.expression is not None
            listed = nodes.Filter(field.expression.tree, EACH, [nodes.Const(field.number)], [], None, None)
            numbered(listed, field.number)
            target = nodes.Name("element", "store")
            inner = _statements(field.children, "element")
            body: Any = [nodes.For(target, listed, inner, [], None, False)]  # noqa: FBT003  jinja2 takes it by place
            body[0].lineno = target.lineno = field.number + 1
        elif field.children:
            body = _statements(field.children, of)
        else:
            body = [statement(_value(field, of), PUT, field.number)]
        if field.when is not None:
            condition = numbered(field.when.tree, field.number)
            body = [nodes.If(condition, body, [], [], lineno=field.number + 1)]
        made += body
    return made


def _value(field: Field, of: str) -> nodes.Expr:
    if field.column is not None:
        return nodes.Filter(nodes.Name(of, "load"), FROM, [nodes.Const(field.column)], [], None, None)
    assert field.expression is not None
    return field.expression.tree


def _flat(fields: Sequence[Field]) -> Iterator[Field]:
    """Give all fields in the order of their numbers."""
    for field in fields:
        yield field
        yield from _flat(field.children)
