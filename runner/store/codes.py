"""Published code tables in a database: EESZT_CODE, replaced table by table."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from runner.domain.codes import Code, CodeTables
from runner.errors import RunnerError
from runner.ports import CodeCopy
from runner.store.rows import to_instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runner.store.database import Database

FIRST_DAY = "1900-01-01"
"""Stands for a code that was always valid."""

OTHERS = 4
"""How often another daemon may be first with the same table."""


class StoredCodes:
    """``ports.Codes`` on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def replace(self, name: str, codes: Iterable[Code]) -> int:
        """
        Put a table in place of its last copy, in one transaction; how many lines.

        Of two lines with the same code and first day the later one counts. Where another daemon replaces it at the
        same moment, it is done anew after that one.
        """
        lines = list(codes)
        for _ in range(OTHERS):
            try:
                return self._replace(name, lines)
            except RunnerError as error:
                if error.facts.get("code") != "ORA-00001":
                    raise
        return self._replace(name, lines)

    def _replace(self, name: str, lines: Sequence[Code]) -> int:
        with self._database.writing() as scope:
            now, rows = scope.now, {}
            for each in lines:
                first = each.valid_from.isoformat() if each.valid_from else FIRST_DAY
                rows[each.code, first] = {
                    "name": name,
                    "code": each.code,
                    "title": each.title,
                    "valid_from": first,
                    "valid_to": each.valid_to.isoformat() if each.valid_to else None,
                    "read_at": now,
                }
            scope.change("forget_codes", name=name)
            if rows:
                scope.change_many("keep_code", list(rows.values()))
        return len(rows)

    def tables(self) -> CodeTables:
        """Give all tables."""
        return CodeTables.of(
            (
                row["code_list"],
                Code(row["code"], row["title"], date.fromisoformat(row["valid_from"]), _day(row["valid_to"])),
            )
            for row in self._database.read("codes")
        )

    def copies(self) -> Sequence[CodeCopy]:
        """Say of each table when it was read last, and how many lines it has."""
        return [
            CodeCopy(row["code_list"], row["lines"], to_instant(row["read_at"]) or datetime.min.replace(tzinfo=UTC))
            for row in self._database.read("code_copies")
        ]


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
