"""Logical and physical names: what a site calls its outboxes and their columns."""

from __future__ import annotations

import hashlib
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
_LONGEST = 30
"""Characters of an Oracle name before 12.2, and of every name here."""

NOW = "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')"
ALIVE_SINCE = "(strftime('%Y-%m-%d %H:%M:%f', 'now', '-5 seconds') || '000')"
"""A daemon whose last heartbeat is older counts as dead."""

LOCAL = (
    r"datetime(\1, CASE WHEN EXISTS (SELECT 1 FROM EESZT_SUMMER_TIME st WHERE st.year = substr(\1, 1, 4)"
    r" AND \1 >= st.begins_at AND \1 < st.ends_at) THEN '+2 hours' ELSE '+1 hour' END)"
)
"""SQLite knows no time zones; the table of summer times does."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """
    How a database says what every database has.

    Attributes:
        now: Its clock, UTC.
        alive_since: Heartbeats of the living are not older.
        local: An instant in Europe/Budapest, a template of ``re.sub``.
        folds: Whether names are folded to capitals, are at most 30 characters, and our own stand unquoted.
    """

    now: str
    alive_since: str
    local: str
    folds: bool


SQLITE = Dialect(NOW, ALIVE_SINCE, LOCAL, folds=False)
ORACLE = Dialect(
    "SYS_EXTRACT_UTC(SYSTIMESTAMP)",
    "SYS_EXTRACT_UTC(SYSTIMESTAMP) - INTERVAL '5' SECOND",
    r"CAST(FROM_TZ(\1, 'UTC') AT TIME ZONE 'Europe/Budapest' AS TIMESTAMP(6))",
    folds=True,
)


@dataclass(frozen=True, slots=True)
class Overlay:
    """
    What an outbox is that lies over a table of the HIS: the insert reads the record's own columns.

    Attributes:
        key: Columns of the table's own key; their texts make the source key.
        document_type: Of every row; None where a column says it.
        local_time: Logical name of a time → column that holds it as the clocks on the wards show it.
        time_zone: Of those clocks.
    """

    key: tuple[str, ...]
    document_type: str | None = None
    local_time: Mapping[str, str] = field(default_factory=dict)
    time_zone: str = "Europe/Budapest"


@dataclass(frozen=True, slots=True)
class OutboxTable:
    """
    One outbox as the site's database has it.

    Attributes:
        table: Physical name.
        columns: Logical → physical name of the columns that are called otherwise.
        is_bound: Whether only bound sessions record into it, so that the HIS has no right to insert.
        over: What it is where it lies over a table of the HIS; None: a table of its own.
    """

    table: str
    columns: Mapping[str, str] = field(default_factory=dict)
    is_bound: bool = False
    over: Overlay | None = None


def quoted(name: str, where: str) -> str:
    """
    Give a name of the database as SQL.

    Raises:
        StoreError: It is none, so it is not brought near a statement.
    """
    if not _IDENTIFIER.fullmatch(name):
        raise fault(7004, where, name=name)
    return f'"{name}"'


def folded(name: str, where: str) -> str:
    """
    Give a name as SQL where names are folded: our own plainly, since they are known to be no words of SQL.

    Raises:
        StoreError: It is none, so it is not brought near a statement.
    """
    upper = quoted(name, where).upper()
    return upper.strip('"') if upper.startswith(('"EESZT_', '"EESZT"')) else upper


def name_of(table: str, suffix: str, dialect: Dialect = SQLITE) -> str:
    """Give the name of an index, trigger or constraint of an outbox; a long one ends in a digest of the table's."""
    if not dialect.folds:
        return f"{table}_{suffix}"
    table = table.upper()
    if len(table) + len(suffix) >= _LONGEST:
        digest = hashlib.sha256(table.encode()).hexdigest()[:4].upper()
        table = f"{table[: _LONGEST - len(suffix) - 6]}_{digest}"
    return f"{table}_{suffix}"


def context_of(owner: str) -> str:
    """Give the application context of an installation; the whole database knows it, so that no two may share it."""
    return name_of(owner, "CTX", ORACLE)


def text_literal(text: str) -> str:
    """Give a text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def render(sql: str, lane: str, outboxes: Mapping[str, OutboxTable], dialect: Dialect = SQLITE) -> str:
    """
    Put one outbox's physical names, and the sentences for the ward, into a block.

    Args:
        sql: With ``[logical]`` names.
        lane: Which outbox; empty where the block names none.
        outboxes: All of them.
        dialect: The database that it is for.
    """
    where = f"outbox {lane}"
    names = {"now": dialect.now, "alive_since": dialect.alive_since}
    columns: Mapping[str, str] = {}
    is_over = bool(lane) and outboxes[lane].over is not None
    as_sql = folded if dialect.folds else quoted
    if lane:
        table, columns = outboxes[lane].table, outboxes[lane].columns
        others = ", ".join(text_literal(other.table) for other in outboxes.values())
        names |= {
            "outbox": as_sql(table, where),
            "outbox_name": text_literal(table.upper() if dialect.folds else table),
            "outbox_names": others,
            "lane": text_literal(lane),
            "lane_name": lane,
        }

    def name(match: re.Match[str]) -> str:
        logical = match[1]
        if logical in names:
            return names[logical]
        if logical.startswith("outbox_"):  # an index or trigger of this outbox
            own = name_of(outboxes[lane].table, logical.removeprefix("outbox_").upper(), dialect)
            return folded(own, where) if dialect.folds else f'"{own}"'
        physical = columns.get(logical, f"EESZT_{logical.upper()}" if is_over else logical)
        if dialect.folds and physical.upper() == logical.upper():
            return logical  # ours, and no word of SQL
        return as_sql(physical, where)

    rendered = _LOCAL.sub(dialect.local, sql)
    rendered = _SENTENCE.sub(lambda match: text_literal(getattr(sentences, match[1])), rendered)
    return _LOGICAL.sub(name, rendered)
