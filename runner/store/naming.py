"""Logical and physical names: what a site calls its outboxes and their columns."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runner.domain import sentences
from runner.errors import fault

if TYPE_CHECKING:
    from collections.abc import Mapping

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_$#]{0,29}")
_LOGICAL = re.compile(r"\[([a-z_]+)\]")
_LOCAL = re.compile(r"\[local ([a-z_.]+)\]")
_SENTENCE = re.compile(r"'\{([A-Z_]+)\}'")

NOW = "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')"
ALIVE_SINCE = "(strftime('%Y-%m-%d %H:%M:%f', 'now', '-5 seconds') || '000')"
"""A daemon whose last heartbeat is older counts as dead."""

LOCAL = (
    r"datetime(\1, CASE WHEN EXISTS (SELECT 1 FROM EESZT_SUMMER_TIME st WHERE st.year = substr(\1, 1, 4)"
    r" AND \1 >= st.begins_at AND \1 < st.ends_at) THEN '+2 hours' ELSE '+1 hour' END)"
)
"""SQLite knows no time zones; the table of summer times does."""


@dataclass(frozen=True, slots=True)
class OutboxTable:
    """
    One outbox as the site's database has it.

    Attributes:
        table: Physical name.
        columns: Logical → physical name of the columns that are called otherwise.
    """

    table: str
    columns: Mapping[str, str] = field(default_factory=dict)


def quoted(name: str, where: str) -> str:
    """
    Give a name of the database as SQL.

    Raises:
        StoreError: It is none, so it is not brought near a statement.
    """
    if not _IDENTIFIER.fullmatch(name):
        raise fault(7004, where, name=name)
    return f'"{name}"'


def text_literal(text: str) -> str:
    """Give a text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def render(sql: str, lane: str, outboxes: Mapping[str, OutboxTable]) -> str:
    """
    Put one outbox's physical names, and the sentences for the ward, into a block.

    Args:
        sql: With ``[logical]`` names.
        lane: Which outbox; empty where the block names none.
        outboxes: All of them.
    """
    where = f"outbox {lane}"
    names = {"now": NOW, "alive_since": ALIVE_SINCE}
    columns: Mapping[str, str] = {}
    if lane:
        table, columns = outboxes[lane].table, outboxes[lane].columns
        others = ", ".join(text_literal(other.table) for other in outboxes.values())
        names |= {
            "outbox": quoted(table, where),
            "outbox_name": text_literal(table),
            "outbox_names": others,
            "lane": text_literal(lane),
        }

    def name(match: re.Match[str]) -> str:
        logical = match[1]
        if logical in names:
            return names[logical]
        if logical.startswith("outbox_"):  # an index or trigger of this outbox
            return f'"{outboxes[lane].table}_{logical.removeprefix("outbox_").upper()}"'
        return quoted(columns.get(logical, logical), where)

    rendered = _LOCAL.sub(LOCAL, sql)
    rendered = _SENTENCE.sub(lambda match: text_literal(getattr(sentences, match[1])), rendered)
    return _LOGICAL.sub(name, rendered)
