"""Published code tables: which codes there are, and on which days each is valid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class Standing(StrEnum):
    """What a published table says of a code on a day."""

    VALID = "VALID"
    UNKNOWN = "UNKNOWN"  # the table has no such code
    RETIRED = "RETIRED"  # it is there, but not valid on that day


@dataclass(frozen=True, slots=True)
class Code:
    """
    One line of a published table.

    Attributes:
        code: As messages write it.
        title: What it means.
        valid_from: First day, or None: always.
        valid_to: Last day, or None: no end.
    """

    code: str
    title: str
    valid_from: date | None = None
    valid_to: date | None = None

    def is_valid(self, day: date) -> bool:
        """Whether it holds on that day."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class CodeTables:
    """
    The tables that were read.

    Attributes:
        lines: Table → code → its lines, one for each time that it was valid.
    """

    lines: Mapping[str, Mapping[str, tuple[Code, ...]]] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[tuple[str, Code]]) -> CodeTables:
        """Give the tables of lines that name theirs."""
        made: dict[str, dict[str, tuple[Code, ...]]] = {}
        for name, code in rows:
            table = made.setdefault(name, {})
            table[code.code] = (*table.get(code.code, ()), code)
        return cls(made)

    def standing(self, name: str, code: str, day: date) -> Standing | None:
        """Say how a code stands on a day; None where that table was never read."""
        table = self.lines.get(name)
        if table is None:
            return None
        found = table.get(code, ())
        if not found:
            return Standing.UNKNOWN
        return Standing.VALID if any(each.is_valid(day) for each in found) else Standing.RETIRED
