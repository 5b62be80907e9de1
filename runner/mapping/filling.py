"""One row on its way into a document: each value checked, converted and put to its place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from jinja2.runtime import Undefined

from runner.mapping.convert import BadValueError
from runner.mapping.document_form import copied
from runner.mapping.program import FAILURES, ExpressionFailedError, failure
from runner.mapping.refusal import bad_field, empty_field, never
from runner.mapping.values import PLAIN, Empty, Record, is_blank, wrapped, written

if TYPE_CHECKING:
    from runner.mapping.fields import Field
    from runner.mapping.sandbox import Language

Guards = Mapping[str, Callable[[str], str | None]]
"""A field's type → what its value is asked with; gives the sentence for the ward where a rule says never."""


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


@dataclass(frozen=True, slots=True)
class Shape:
    """
    What is known of a document before a row is.

    Attributes:
        fields: All, by their numbers.
        root: The document with None for every field.
        elements: The same for a list's element, by the list's number.
        lenient: Whether a name that the row lacks is an empty one (payload) or a fault of the mapping (SQL).
    """

    fields: Sequence[Field]
    root: Mapping[str, Any]
    elements: Mapping[int, Mapping[str, Any]]
    lenient: bool


class Filling:
    """
    One row on its way.

    Attributes:
        root: The document so far.
        trail: What stands before a column's name where it is told to people, e.g. ``OSSZETEVOK[2].``.
    """

    __slots__ = ("_at", "_guards", "_shape", "_trace", "_written_at", "root", "stack", "trail")

    def __init__(
        self, shape: Shape, guards: Guards, trace: list[TraceLine] | None, written_at: datetime | None = None
    ) -> None:
        self.root: dict[str, Any] = copied(shape.root)
        self.stack = [self.root]
        self.trail = self._at = ""
        self._shape = shape
        self._guards = guards
        self._trace = trace
        self._written_at = written_at

    def put(self, value: Any, number: int) -> None:
        """
        Put a value to its field.

        Raises:
            RowRefused: It cannot be there.
        """
        field = self._shape.fields[number]
        if type(value) not in PLAIN or is_blank(value):
            if isinstance(value, Undefined):
                str(value)  # raises, with the nearest right name
            if value is None or isinstance(value, Empty) or is_blank(value):
                self._note(field, None)
                if not field.optional:
                    raise empty_field(f"{self.trail}{field.label}")
                return
        wanted = field.wanted
        guard = self._guards.get(wanted.type)
        if guard is not None and isinstance(value, (str, int)) and (sentence := guard(str(value))):
            raise never(sentence, f"{self.trail}{field.label}")
        try:
            converted = wanted.convert(value)
            if wanted.past:
                wanted.check_past(converted, self._written_at)
        except BadValueError as error:
            raise bad_field(f"{self.trail}{field.label}", error.reason) from None
        place = self.stack[-1]
        for step in field.groups:
            place = place[step]
        place[field.name] = converted
        if self._trace is not None:
            self._note(field, converted)

    def fill(self, source: Any, numbers: Sequence[int], language: Language) -> None:
        """
        Put several fields, each from its column, as if each were put by itself.

        Raises:
            ExpressionFailedError: One failed.
        """
        fields, number = self._shape.fields, numbers[0]
        try:
            for number in numbers:
                self.put(self.value(source, fields[number].column or "", language), number)
        except FAILURES as error:
            raise ExpressionFailedError(number, failure(error)) from error

    def value(self, source: Any, column: str, language: Language) -> Any:
        """Walk a dotted name; in a payload what is not there is empty."""
        if type(source) is Record:
            found = source.data.get(column)
            if type(found) in PLAIN and not is_blank(found) and "." not in column:
                return found
        for step in column.split("."):
            if self._is_lenient(source) and (not isinstance(source, Record) or step not in source):
                return Empty(f"{self.trail}{column}")
            source = language.getitem(source, step)
        return source

    def _is_lenient(self, source: Any) -> bool:
        return self._shape.lenient or (isinstance(source, Record) and source.lenient)

    def _note(self, field: Field, value: Any) -> None:
        if self._trace is not None:
            path = self._at + ".".join(field.steps if self._at else field.path)
            self._trace.append(TraceLine(path, field.source, field.where, None if value is None else written(value)))

    def each(self, value: Any, number: int) -> Iterator[Any]:
        """Give the elements of a list, each with a container of its own to put into."""
        field = self._shape.fields[number]
        column = f"{self.trail}{field.label}"
        elements = _elements(value, column)
        if elements is None:
            if not field.optional:
                raise empty_field(column)
            return
        place = self.stack[-1]
        for step in field.groups:
            place = place[step]
        made: list[Any] = []
        place[field.name] = made
        outer, shape = (self.trail, self._at), self._shape.elements[number]
        for count, element in enumerate(elements, start=1):
            self.trail, self._at = f"{column}[{count}].", f"{'.'.join(field.path)}[{count}]."
            made.append(copied(shape))
            self.stack.append(made[-1])
            if not isinstance(element, Mapping | Record) and any(child.column for child in field.children):
                raise bad_field(self.trail.rstrip("."), "JSON objektumnak kell lennie.")
            # what a list has comes from data, in a payload or in a column's JSON text
            yield wrapped(element, self.trail.rstrip("."), lenient=True)
            self.stack.pop()
        self.trail, self._at = outer


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
