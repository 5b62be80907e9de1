"""Statements that are not ours: a mapping's source query, and listings. They read, and nothing else."""

from __future__ import annotations

import re
from datetime import datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from runner.errors import RunnerError, fault
from runner.store.oracle.errors import MISSING, OTHER, SOURCE, TRIGGER, VALUE
from runner.store.oracle.statements import statement_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.ports import Item
    from runner.store.oracle.database import OracleDatabase

SOURCE_ROWS = 2
"""Enough to tell several from one."""

_READS = re.compile(r"\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*(SELECT|WITH)\b", re.IGNORECASE | re.DOTALL)
_LOCKS = re.compile(r"\bFOR\s+UPDATE\b", re.IGNORECASE)
_LAST_LIMIT = re.compile(r"\bLIMIT (:\w+|\d+)\s*$", re.IGNORECASE)


def read_source(database: OracleDatabase, sql: str, item: Item) -> Sequence[Mapping[str, object]]:
    """Run a mapping's source query; at most two rows, column names in upper case, numbers exact."""
    binds = {
        "item_id": item.row.item_id,
        "source_key": item.source_key,
        "order_key": item.order_key,
        "withdraws": item.withdraws,
        "workplace": item.workplace,
        "recorded_by": item.recorded_by,
    }
    try:
        records = _read(database.doing("source"), sql, binds, SOURCE_ROWS)
    except RunnerError as error:
        if error.number not in {MISSING, OTHER, VALUE, TRIGGER}:
            raise
        raise fault(SOURCE, f"item {item.row.item_id}", **error.facts) from error
    return [{name.upper(): _exact(value) for name, value in record.items()} for record in records]


def read_rows(database: OracleDatabase, sql: str, binds: Mapping[str, object]) -> Sequence[Mapping[str, object]]:
    """Run a reading statement for a listing; one that ends in LIMIT is understood, since all listings are shared."""
    records = _read(database.doing("listing"), _LAST_LIMIT.sub(r"FETCH FIRST \1 ROWS ONLY", sql), binds, None)
    return [{name: _as_text(value) for name, value in record.items()} for record in records]


def _read(database: OracleDatabase, sql: str, binds: Mapping[str, object], most: int | None) -> list[dict[str, Any]]:
    if not _READS.match(sql) or _LOCKS.search(sql):
        raise fault(7302, database.name)
    statement = statement_of("statement", sql.strip().rstrip(";"))
    with database.pool.session(database.verb) as session:
        return session.query(statement, binds, most, exact=most is not None)


def _as_text(value: object) -> object:
    """Give an instant or a day as the embedded database stores it; Oracle's DATE and TIMESTAMP are one type here."""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time.min else value.isoformat(" ", "microseconds")
    return value


def _exact(value: object) -> object:
    """Give a whole number as one."""
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value
