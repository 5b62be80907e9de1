"""The published code tables as the mappings see them, and what becomes of a field whose code is not in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from runner.domain.codes import CodeTables, Standing
from runner.mapping.convert import CodeList
from runner.mapping.fields import Field
from runner.mapping.refusal import bad_field

SENTENCES: Mapping[Standing, str] = {
    Standing.UNKNOWN: "nincs ilyen kód ebben a kódtáblában",
    Standing.RETIRED: "ez a kód a rögzítés napján nem érvényes ebben a kódtáblában",
}


class PublishedCodes:
    """
    The last good copy, as the daemon read it; replaced as a whole, so that any thread sees one or the other.

    Attributes:
        tables: What was read last.
    """

    def __init__(self, tables: CodeTables | None = None) -> None:
        self.tables = tables or CodeTables()

    def check(self, fields: Sequence[Field], document: Mapping[str, Any], day: date) -> None:
        """
        Check the codes of a document by the tables of that day; a table that was never read says nothing.

        Raises:
            RowRefused: A code is unknown, or not valid on that day; the sentence names the column and the table.
        """
        for field in fields:
            code_list = field.wanted.code_list
            if code_list is not None:
                for value, label in _values(document, field):
                    self._check(code_list, str(value), label, day)

    def _check(self, code_list: CodeList, code: str, label: str, day: date) -> None:
        sentence = SENTENCES.get(self.tables.standing(code_list.name, code, day) or Standing.VALID)
        if sentence is not None:
            raise bad_field(label, f"{sentence}: {code_list.title}.")


def _values(document: Any, field: Field) -> Iterator[tuple[Any, str]]:
    found: list[Any] = [document]
    for step in field.path:
        held = (each.get(step) for each in found if isinstance(each, Mapping))
        found = [one for each in held for one in (each if isinstance(each, list) else [each])]
    for value in found:
        if value is not None:
            yield value, field.label
