"""
From a row to a document: all expressions of a mapping run as one compiled, sandboxed function.

Expressions see ``row`` (the source's columns), ``doc`` (the fields so far), ``item``, and inside ``each`` the
``element``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from jinja2 import nodes
from jinja2.exceptions import UndefinedError
from jinja2.utils import pass_context

from runner.errors import fault
from runner.mapping.convert import BadValueError, Wanted
from runner.mapping.document_form import overlay, skeleton
from runner.mapping.fields import Field, column_of
from runner.mapping.filling import Filling, Guards, Shape, TraceLine
from runner.mapping.program import ExpressionFailedError, Program, language, numbered, statement
from runner.mapping.refusal import bad_field, empty_field
from runner.mapping.sandbox import Language
from runner.mapping.values import EmptyUsedError, ForbiddenCharacterError, NotWritableError, Record, wrapped

if TYPE_CHECKING:
    from jinja2.runtime import Context

PUT, EACH, FROM, FILL = "@put", "@each", "@from", "@fill"
RUN = "@run"


def environment() -> Language:
    """Give the environment of documents."""
    made = language()
    made.filters[PUT] = _put
    made.filters[EACH] = _each
    made.filters[FROM] = _from
    made.filters[FILL] = _fill
    return made


class DocumentProgram:
    """
    The compiled ``document:`` of a mapping; safe to share between threads.

    Attributes:
        fields: All fields, by their numbers.
        coded: Those with a list of codes.
        files: Those that may hold a file.
        passing: Those that only go into the message.
        top: The outermost ones.
    """

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
        self.coded = tuple(each for each in self.fields if each.wanted.code_list is not None)
        self.files = tuple(each for each in self.fields if each.wanted.type == "base64")
        self.passing = tuple(each for each in self.fields if not each.keeps)
        self.top = tuple(fields)
        self._program = Program(made, _statements(fields, "row"), name)
        elements = {field.number: skeleton(field.children) for field in self.fields if field.is_each}
        self._shape = Shape(self.fields, skeleton(self.top), elements, lenient)

    def run(
        self,
        row: Mapping[str, Any],
        item: Mapping[str, Any],
        guards: Guards | None = None,
        trace: list[TraceLine] | None = None,
        context: Context | None = None,
    ) -> dict[str, Any]:
        """
        Give the document: nested maps with typed values, None for what is absent.

        Args:
            row: From the source.
            item: The item's names.
            guards: What never goes up.
            trace: Gets where each value is from.
            context: From ``context`` of the same row and item; it has the document afterwards.

        Raises:
            RowRefused: The row holds something wrong; the sentence names the column.
            MappingError: RNR-2040, an expression failed on this row for another reason.
        """
        run = Filling(self._shape, guards or {}, trace, item.get("created_at"))
        context = context or self.context(row, item)
        context.parent["doc"], context.parent[RUN] = Record(run.root, "doc."), run
        try:
            self._program.run(context)
        except EmptyUsedError as error:
            raise empty_field(self.column_of(error.label)) from None
        except ExpressionFailedError as error:
            failed = self.fields[error.number]
            if isinstance(error.__cause__, ForbiddenCharacterError | NotWritableError):
                for column, why in _unwritable(row, failed):
                    raise bad_field(column, why) from None
            if self._shape.lenient and isinstance(error.__cause__, UndefinedError):
                raise empty_field(f"{run.trail}{_missing_column(row, failed) or failed.label}") from None
            raise fault(2040, failed.where, reason=error.reason) from error
        return run.root

    def context(self, row: Mapping[str, Any], item: Mapping[str, Any]) -> Context:
        """Give what expressions see before there is a document; conditions may be asked on it."""
        return self._program.context(
            {"row": Record(row, lenient=self._shape.lenient), "doc": Record({}), "item": Record(item, "item.")}
        )

    def column_of(self, label: str) -> str:
        """Give the column behind ``doc.…``, the label itself where it is a column already."""
        return column_of(label, self.fields)

    def overlaid(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """Give a stored document with None where a field of the mapping is absent, so that it reads as empty."""
        return overlay(skeleton(self.top), stored)


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


@pass_context
def _put(context: Context, value: Any, number: int) -> None:
    context.parent[RUN].put(value, number)


@pass_context
def _each(context: Context, value: Any, number: int) -> Iterator[Any]:
    each: Iterator[Any] = context.parent[RUN].each(value, number)
    return each


@pass_context
def _from(context: Context, value: Any, column: str) -> Any:
    return context.parent[RUN].value(value, column, context.environment)


@pass_context
def _fill(context: Context, value: Any, numbers: Sequence[int]) -> None:
    context.parent[RUN].fill(value, numbers, context.environment)


def _statements(fields: Sequence[Field], of: str) -> list[nodes.Stmt]:
    made: list[nodes.Stmt] = []
    for plain, several in groupby(fields, _is_plain):
        if plain:
            numbers = tuple(field.number for field in several)
            filled = nodes.Filter(nodes.Name(of, "load"), FILL, [nodes.Const(numbers)], [], None, None)
            made.append(numbered(nodes.ExprStmt(filled), numbers[0]))
        else:
            made += _singly(several, of)
    return made


def _is_plain(field: Field) -> bool:
    """Whether a field is nothing but its column: such ones in a row are put by one call."""
    return field.column is not None and field.when is None


def _singly(fields: Iterable[Field], of: str) -> list[nodes.Stmt]:
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
