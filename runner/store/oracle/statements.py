"""The daemon's SQL on Oracle: ``sql/oracle/queries.sql``, rendered for every outbox."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.errors import fault
from runner.store.naming import ORACLE, OutboxTable, render
from runner.store.queries import read_blocks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_BIND = re.compile(r"(?<![\w:]):([a-z_][a-z_0-9]*)")
_LIST = re.compile(r"JSON_TABLE\(:([a-z_]+)")
_TEXT = re.compile(r"'(?:[^']|'')*'")
_ALL_OF = re.compile(r"\s*FETCH FIRST :limit ROWS ONLY\s*$")
_PART = re.compile(r"\[block ([a-z_]+)\]")


@dataclass(frozen=True, slots=True)
class Statement:
    """
    One statement as the driver takes it.

    Attributes:
        name: Its block in ``queries.sql``.
        sql: Without a semicolon.
        binds: Names of its binds.
        lists: Those of them that are lists in JSON, which may be longer than a text may be.
    """

    name: str
    sql: str
    binds: tuple[str, ...]
    lists: frozenset[str]


def statement_of(name: str, sql: str) -> Statement:
    """Give a statement with the names of its binds."""
    bare = _TEXT.sub("''", sql)
    return Statement(name, sql, tuple(dict.fromkeys(_BIND.findall(bare))), frozenset(_LIST.findall(bare)))


class Statements:
    """
    Block name → statement.

    Attributes:
        outboxes: Lane → its table.
        folder: ``sql/oracle``.
    """

    def __init__(self, folder: Path, outboxes: Mapping[str, OutboxTable]) -> None:
        self.folder = folder
        self.outboxes = dict(outboxes)
        self._blocks = read_blocks(folder / "queries.sql")
        self._made: dict[tuple[str, str], Statement] = {}
        self._any_of: dict[tuple[str, tuple[str, ...]], Statement] = {}
        for lane in self.outboxes:
            render("[outbox]", lane, self.outboxes, ORACLE)  # refuses a name that is none before anything runs

    def __getitem__(self, name: str) -> Statement:
        """Give a statement that names no outbox."""
        return self._statement("", name)

    def of(self, lane: str, name: str) -> Statement:
        """
        Give a statement on one outbox.

        Raises:
            StoreError: There is no such outbox.
        """
        if lane not in self.outboxes:
            raise fault(7005, f"outbox {lane}", known=", ".join(sorted(self.outboxes)))
        return self._statement(lane, name)

    def any_of(self, lane: str, blocks: tuple[str, ...]) -> Statement:
        """Give one statement that says of each block, in a column of its name, whether it finds anything."""
        if (lane, blocks) not in self._any_of:
            found = {block: _ALL_OF.sub("", self.of(lane, block).sql) for block in blocks}
            asked = [f"CASE WHEN EXISTS (\n{sql}\n) THEN 1 ELSE 0 END AS {block}" for block, sql in found.items()]
            sql = "SELECT " + ",\n".join(asked) + "\n  FROM DUAL"  # noqa: S608  statements of ours
            self._any_of[lane, blocks] = statement_of("look", sql)
        return self._any_of[lane, blocks]

    def _statement(self, lane: str, name: str) -> Statement:
        if (lane, name) not in self._made:
            sql = _PART.sub(lambda match: _body(self._blocks[match[1]]), _body(self._blocks[name]))
            self._made[lane, name] = statement_of(name, render(sql, lane, self.outboxes, ORACLE))
        return self._made[lane, name]


def _body(block: str) -> str:
    """Give a block without the sentences that explain it."""
    return "\n".join(line for line in block.splitlines() if not line.lstrip().startswith("--"))
