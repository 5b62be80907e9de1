"""
Write-back: what an acceptance brought is copied into MedWorkS's own tables, row by row.

Copies into the same row count in the order of the items whose record they tell of, whenever they are made: what a newer
one has told, an older one that comes late does not tell again.
"""

from __future__ import annotations

import json
import sqlite3
from datetime import timedelta
from typing import TYPE_CHECKING

from runner.errors import BUSY, RunnerError, StoreError
from runner.store.embedded.connection import reason_of
from runner.store.embedded.transaction import clock
from runner.store.naming import quoted
from runner.store.rows import to_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from runner.store.embedded.database import Database
    from runner.store.rows import Record

RETRY_S = 5.0
"""Before a copy that failed is tried again; doubled with each try, up to an hour."""

TRIES = 12
"""After so many the copy stays failed, for a person."""


def write_back(database: Database, limit: int) -> Mapping[str, int]:
    """
    Copy what is due; counts ``written``, ``failed``, ``locked``, only those above zero.

    What newer copies have told already is dropped and not counted. A target that is not exactly one row is an error,
    kept for EESZT_V_ATTENTION; a table that MedWorkS is writing to is left for the next round.
    """
    with database.connections.reading() as connection:
        now = to_text(clock(connection, database.statements))
        due = connection.execute(database.statements["write_backs_due"], {"now": now, "limit": limit}).fetchall()
    if not due:
        return {}
    counts = {"written": 0, "failed": 0, "locked": 0}
    try:
        with database.connections.writing() as connection:
            for copy in due:
                values = _still_so(database, connection, copy)
                error = _copy(connection, copy, values) if values else None
                _note(database, connection, copy, error, dropped=not values)
                if values:
                    counts["written" if error is None else "failed"] += 1
    except StoreError as error:
        if error.number != BUSY:
            raise
        counts = {"locked": len(due)}
    return {name: count for name, count in counts.items() if count}


def _still_so(database: Database, connection: sqlite3.Connection, copy: Record) -> dict[str, object]:
    """Give what of a copy no newer one has told otherwise."""
    binds = {name: copy[name] for name in ("target", "record_item", "item_id", "write_back_id")}
    told: set[str] = set()
    for newer in connection.execute(database.statements["copied_later"], binds):
        told |= {name.upper() for name in json.loads(newer["values_json"])}
    return {name: value for name, value in json.loads(copy["values_json"]).items() if name.upper() not in told}


def _copy(connection: sqlite3.Connection, copy: Record, values: Mapping[str, object]) -> str | None:
    """Make one copy; why not, or None. The names of columns may stand in the reason, values never do."""
    key = json.loads(copy["key_json"])
    where = f"write-back into {copy['table_name']}"
    try:
        table = quoted(copy["table_name"], where)
        changes = ", ".join(f"{quoted(name, where)} = ?" for name in values)
        keys = " AND ".join(f"{quoted(name, where)} IS ?" for name in key)
    except RunnerError as error:
        return str(error)
    connection.execute("SAVEPOINT one_copy")
    try:
        sql = f"UPDATE {table} SET {changes} WHERE {keys}"  # noqa: S608  every name is validated and quoted
        changed = connection.execute(sql, [*values.values(), *key.values()]).rowcount
        if changed != 1:
            connection.execute("ROLLBACK TO one_copy")
            connection.execute("RELEASE one_copy")
            return f"{changed} rows have the key, exactly one must"
    except sqlite3.Error as error:
        if (
            not connection.in_transaction
        ):  # a trigger of the HIS rolled back everything; the copies before are due again
            connection.execute("BEGIN IMMEDIATE")
            return reason_of(error)
        connection.execute("ROLLBACK TO one_copy")
        connection.execute("RELEASE one_copy")
        return reason_of(error)
    connection.execute("RELEASE one_copy")
    return None


def _note(
    database: Database, connection: sqlite3.Connection, copy: Record, error: str | None, *, dropped: bool
) -> None:
    next_at: datetime | None = None
    tries = int(copy["tries"])
    if error is not None and tries + 1 < TRIES:
        next_at = clock(connection, database.statements) + timedelta(seconds=min(3600.0, RETRY_S * 2**tries))
    connection.execute(
        database.statements["note_write_back"],
        {
            "write_back_id": copy["write_back_id"],
            "state": "DROPPED" if dropped else "DONE" if error is None else "FAILED",
            "next_at": to_text(next_at),
            "error": error,
        },
    )
