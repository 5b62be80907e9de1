"""
Copies into the HIS's own tables.

What a row says is computed when the message is made and stored with the document; what the receipt gives is only named
there. So the copy can be made whenever the acceptance becomes known, by the answer or by a question hours later, and
with the mapping as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from runner.errors import fault
from runner.mapping.convert import NOT_WRITABLE, NOT_XML
from runner.mapping.program import ExpressionFailedError, Several
from runner.mapping.refusal import bad_field, empty_field
from runner.mapping.values import (
    EmptyUsedError,
    ForbiddenCharacterError,
    NotWritableError,
    Record,
    is_whole,
    plain,
    written,
)
from runner.ports import WriteBack

WRITE_BACK = "_write_back"
"""Key of a stored document that is none of its fields (their names begin with a letter)."""


@dataclass(frozen=True, slots=True)
class Copy:
    """
    One copy of a mapping.

    Attributes:
        table: Of the HIS.
        key: Columns that name exactly one row.
        values: Columns that are set and known beforehand.
        receipt: Columns that are set from the receipt → its name there.
        when: Whether there is a record to copy to; None: always.
    """

    table: str
    key: Several
    values: Several
    receipt: Mapping[str, str]
    when: Several | None = None


@dataclass(frozen=True, slots=True)
class WriteBackPlan:
    """``write_back:`` of a mapping."""

    copies: Sequence[Copy] = ()

    def prepare(
        self,
        row: Mapping[str, Any],
        document: Mapping[str, Any],
        item: Mapping[str, Any],
        column_of: Callable[[str], str],
    ) -> list[dict[str, Any]]:
        """
        Give what is stored with the document.

        Raises:
            RowRefused: A key is empty.
            MappingError: RNR-2040, an expression failed on this row.
        """
        values = {"row": Record(row), "doc": Record(document, "doc."), "item": Record(item, "item.")}
        made = []
        for copy in self.copies:
            if copy.when is not None and not _computed(copy.when, values, column_of)["when"]:
                continue
            key = _computed(copy.key, values, column_of)
            for name, value in key.items():
                if value is None:
                    raise empty_field(name)
            made.append(
                {
                    "table": copy.table,
                    "key": key,
                    "set": _computed(copy.values, values, column_of),
                    "receipt": dict(copy.receipt),
                }
            )
        return made

    @staticmethod
    def complete(document: Mapping[str, Any], receipt: Mapping[str, str]) -> list[WriteBack]:
        """Give the copies of a stored document, with what the receipt gives."""
        return [
            WriteBack(
                table=copy["table"],
                key=copy["key"],
                values={**copy["set"], **{column: receipt[name] for column, name in copy["receipt"].items()}},
            )
            for copy in document.get(WRITE_BACK, [])
            if all(name in receipt for name in copy["receipt"].values())
        ]


def _computed(several: Several, values: Mapping[str, Any], column_of: Callable[[str], str]) -> dict[str, Any]:
    try:
        computed = several.compute(values)
    except EmptyUsedError as error:
        raise empty_field(column_of(error.label)) from None
    except ExpressionFailedError as error:
        raise fault(2040, several.where(error.number), reason=error.reason) from error
    stored: dict[str, Any] = {}
    for name, value in computed.items():
        try:
            stored[name] = _storable(plain(value))
        except ForbiddenCharacterError:
            raise bad_field(name, NOT_XML) from None
        except NotWritableError:
            raise bad_field(name, NOT_WRITABLE) from None
    return stored


def _storable(value: Any) -> Any:
    """Give a value as JSON holds it."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Decimal) and is_whole(value):
        return int(value)
    return written(value)
