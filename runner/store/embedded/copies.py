"""Write-back on SQLite: what an acceptance brought is copied into MedWorkS's own tables, row by row."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

from runner.errors import BUSY, RunnerError, StoreError
from runner.store.copying import next_try, state_of, still_so
from runner.store.embedded.connection import reason_of
from runner.store.embedded.transaction import clock
from runner.store.naming import quoted
from runner.store.rows import to_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.store.embedded.database import EmbeddedDatabase
    from runner.store.rows import Record


def write_back(database: EmbeddedDatabase, limit: int) -> Mapping[str, int]:
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


def _still_so(database: EmbeddedDatabase, connection: sqlite3.Connection, copy: Record) -> dict[str, object]:
    """Give what of a copy no newer one has told otherwise."""
    binds = {name: copy[name] for name in ("target", "record_item", "item_id", "write_back_id")}
    newer = connection.execute(database.statements["copied_later"], binds)
    return still_so(copy["values_json"], [each["values_json"] for each in newer])


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
    database: EmbeddedDatabase, connection: sqlite3.Connection, copy: Record, error: str | None, *, dropped: bool
) -> None:
    now = clock(connection, database.statements)
    next_at = None if error is None else next_try(int(copy["tries"]), now)
    connection.execute(
        database.statements["note_write_back"],
        {
            "write_back_id": copy["write_back_id"],
            "state": state_of(error, dropped=dropped),
            "next_at": to_text(next_at),
            "error": error,
        },
    )
