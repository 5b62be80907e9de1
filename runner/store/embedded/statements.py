"""The SQL of the embedded database, read once and rendered for every outbox."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.errors import fault
from runner.store.naming import OutboxTable, render
from runner.store.queries import read_blocks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


_LIST = re.compile(r"((?:\b\w+\.|\[\w+\]\.)?(?:\[\w+\]|\b\w+))\s+(NOT\s+)?IN\s*\(('\w+'(?:,\s*'\w+')*)\)")
"""A column that is, or is not, one of some constants."""


def as_comparisons(sql: str) -> str:
    """
    Give a statement whose lists of constants are comparisons, which say the same.

    For each list of three and more SQLite makes a table that lives as long as the statement (``OpenEphemeral``), also
    for those in the conditions of indexes and in checks: ten of them for each row that is written, twice the time of
    the write itself, and ten times where the C library gives their memory back to the system at once.
    """

    def compared(found: re.Match[str]) -> str:
        name, negated, values = found.groups()
        return f"{negated or ''}({' OR '.join(f'{name} = {value}' for value in values.split(','))})"

    return _LIST.sub(compared, sql)


class Statements:
    """
    Block name → SQL.

    Attributes:
        outboxes: Lane → its table.
        folder: ``sql/embedded``.
    """

    def __init__(self, folder: Path, outboxes: Mapping[str, OutboxTable]) -> None:
        self.folder = folder
        for lane, each in outboxes.items():
            if each.over is not None:
                raise fault(7504, f"outbox {lane}")
        self.outboxes = {lane: OutboxTable(each.table, dict(each.columns)) for lane, each in outboxes.items()}
        blocks = read_blocks(folder / "queries.sql")
        self._any_of: dict[tuple[str, tuple[str, ...]], str] = {}
        of_one = {name for name, sql in blocks.items() if "[outbox]" in sql or "[outbox_name]" in sql}
        self._of_all = {name: self._render(sql, "") for name, sql in blocks.items() if name not in of_one}
        self._of_lane = {
            lane: {name: self._render(blocks[name], lane) for name in sorted(of_one)} for lane in self.outboxes
        }

    def __getitem__(self, name: str) -> str:
        """Give a statement that names no outbox."""
        return self._of_all[name]

    def of(self, lane: str, name: str) -> str:
        """
        Give a statement on one outbox, or one that names none.

        Raises:
            StoreError: There is no such outbox.
        """
        if lane not in self._of_lane:
            raise fault(7005, f"outbox {lane}", known=", ".join(sorted(self._of_lane)))
        return self._of_lane[lane].get(name) or self._of_all[name]

    def any_of(self, lane: str, blocks: tuple[str, ...]) -> str:
        """Give one statement that says of each block whether it finds anything; those that name no outbox included."""
        if (lane, blocks) not in self._any_of:
            asked = [self.of(lane, block) for block in blocks]
            self._any_of[lane, blocks] = "SELECT " + ", ".join(f"EXISTS (\n{sql}\n)" for sql in asked)
        return self._any_of[lane, blocks]

    def schema(self) -> str:
        """Give everything that creates the database, in order."""
        blocks = read_blocks(self.folder / "schema.sql")
        parts = [self._render(blocks["tables"], "")]
        parts += [self._render(blocks["outbox"], lane) for lane in self.outboxes]
        union = "\nUNION ALL\n".join(self._render(blocks["item_view_part"], lane) for lane in self.outboxes)
        parts += ["DROP VIEW IF EXISTS EESZT_V_ITEM;", f"CREATE VIEW EESZT_V_ITEM AS\n{union};"]
        for lane in self.outboxes:
            parts += [self._render(blocks["state_trigger"], lane), self._render(blocks["insert_trigger"], lane)]
        parts.append(self._render(blocks["views"], ""))
        return "\n".join(parts)

    def _render(self, sql: str, lane: str) -> str:
        return render(as_comparisons(sql), lane, self.outboxes)
