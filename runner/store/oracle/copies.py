"""
Write-back on Oracle: what an acceptance brought is copied into MedWorkS's own tables, row by row.

Each copy is a transaction of its own. Its target is locked NOWAIT: SKIP LOCKED cannot tell a row that is locked from
one that is missing, and waiting would let MedWorkS's users hold up the runner.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from runner.errors import RunnerError
from runner.store.copying import next_try, state_of, still_so
from runner.store.naming import folded
from runner.store.oracle.errors import KINDS, LOCKED, MISSING, OTHER, READ_ONLY, Kind
from runner.store.oracle.statements import statement_of
from runner.store.rows import certain, to_instant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.store.oracle.database import OracleDatabase
    from runner.store.oracle.session import Session

_NOT_OURS = {MISSING, OTHER, READ_ONLY}
"""Faults of the target's table; they are kept with the copy, for the person who mends it."""


def write_back(database: OracleDatabase, limit: int) -> Mapping[str, int]:
    """
    Copy what is due; counts ``written``, ``failed``, ``locked``, only those above zero.

    What newer copies have told already is dropped and not counted. A target that is not exactly one row is an error,
    kept for EESZT_V_ATTENTION; a row that MedWorkS holds is left for the next round.
    """
    counts = {"written": 0, "failed": 0, "locked": 0}
    for copy in database.read("write_backs_due", limit=limit):
        with database.pool.session(database.verb) as session:
            outcome = _make(database, session, copy)
            if outcome is not None:
                counts[outcome] += 1
    return {name: count for name, count in counts.items() if count}


def _make(database: OracleDatabase, session: Session, copy: Mapping[str, Any]) -> str | None:
    """Make one copy and note how it went; None where it is another daemon's, or dropped."""
    statements = database.statements
    if not session.query(statements["lock_write_back"], copy):
        return None
    newer = session.query(statements["copied_later"], copy)
    values = still_so(copy["values_json"], [each["values_json"] for each in newer])
    error = None
    if values:
        try:
            error = _copy(session, copy, values)
        except RunnerError as fault:
            if fault.number == LOCKED:
                return "locked"
            if KINDS.get(fault.number) is not Kind.ITEM and fault.number not in _NOT_OURS:
                raise
            error = f"{fault.what}"
    now = certain(to_instant(session.query(statements["now"], {})[0]["now"]))
    noted = {
        "write_back_id": copy["write_back_id"],
        "state": state_of(error, dropped=not values),
        "next_at": None if error is None else next_try(int(copy["tries"]), now),
        "error": error,
    }
    session.change(statements["note_write_back"], noted, commit=True)
    if not values:
        return None
    return "written" if error is None else "failed"


def _copy(session: Session, copy: Mapping[str, Any], values: Mapping[str, object]) -> str | None:
    """Lock the target and write it; why not, or None. The names of columns may stand in the reason, values never do."""
    where = f"write-back into {copy['table_name']}"
    key: Mapping[str, object] = json.loads(copy["key_json"])
    try:
        table = ".".join(folded(part, where) for part in str(copy["table_name"]).split("."))
        changes = ", ".join(f"{folded(name, where)} = :v{place}" for place, name in enumerate(values))
        keys = " AND ".join(
            f"{folded(name, where)} IS NULL" if value in {None, ""} else f"{folded(name, where)} = :k{place}"
            for place, (name, value) in enumerate(key.items())
        )
    except RunnerError as error:
        return str(error)
    binds = {f"v{place}": value for place, value in enumerate(values.values())}
    binds |= {f"k{place}": value for place, value in enumerate(key.values())}
    lock = f"SELECT 1 AS one FROM {table} WHERE {keys} FOR UPDATE NOWAIT"  # noqa: S608  every name is validated and quoted
    found = len(session.query(statement_of("lock", lock), binds))
    if found != 1:
        return f"{found} rows have the key, exactly one must"
    changed = session.change(statement_of("copy", f"UPDATE {table} SET {changes} WHERE {keys}"), binds)  # noqa: S608
    return None if changed == 1 else f"{changed} rows were changed, exactly one must be"
