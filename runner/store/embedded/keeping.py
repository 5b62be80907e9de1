"""Patients' data that was kept long enough is forgotten: a few hundred rows at a time, found by small indexes."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from runner.store.embedded.transaction import clock
from runner.store.rows import to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping

    from runner.ports import KeptFor
    from runner.store.embedded.database import Database
    from runner.store.embedded.transaction import EmbeddedTransaction

KINDS = {"payload": "payloads_kept_enough", "document": "documents_kept_enough", "body": "bodies_left"}
"""Kind of data → the block that finds it in one outbox."""


def forget(database: Database, kept: KeptFor, limit: int) -> Mapping[str, int]:
    """
    Forget what was kept long enough, up to ``limit`` of each kind; counts by kind, only those above zero.

    It looks without a lock first, so that a round without anything to forget writes nothing; then each outbox has a
    transaction of its own.
    """
    left = dict.fromkeys(KINDS, limit)
    for lane in database.lanes:
        with database.looking(lane) as now:
            kinds = [kind for kind in KINDS if left[kind] and _find(now, kind, kept, 1)]
        if not kinds:
            continue
        with database.connections.writing() as connection, _overwriting(connection):
            transaction = database.on(connection, lane)
            for kind in kinds:
                items = _find(transaction, kind, kept, left[kind])
                transaction.forget(kind, items)
                left[kind] -= len(items)
    counts = {kind: limit - rest for kind, rest in left.items() if rest < limit}
    return {**counts, **_forget_logins(database, limit)}


def _forget_logins(database: Database, limit: int) -> Mapping[str, int]:
    """Forget tokens of sessions that ran out, and logins that were begun more than a day ago."""
    with database.connections.reading() as connection:
        now = clock(connection, database.statements)
    before = to_text(now - timedelta(days=1))
    tokens = [row[0] for row in database.read("sessions_over", now=to_text(now), limit=limit)]
    requests = [row[0] for row in database.read("requests_over", before=before, limit=limit)]
    if not tokens and not requests:
        return {}
    with database.connections.writing() as connection, _overwriting(connection):
        connection.execute(database.statements["forget_tokens"], {"items": json.dumps(tokens)})
        connection.execute(database.statements["forget_requests"], {"items": json.dumps(requests)})
    return {name: len(found) for name, found in (("token", tokens), ("login_request", requests)) if found}


def _find(transaction: EmbeddedTransaction, kind: str, kept: KeptFor, limit: int) -> list[int]:
    lives = {
        "payload": kept.payload_s,
        "payload_to_mend": kept.payload_to_mend_s,
        "document": kept.document_s,
    }
    ended = {name: to_text(transaction.now - timedelta(seconds=life_s)) for name, life_s in lives.items()}
    return transaction.ids(KINDS[kind], **ended, limit=limit)


@contextmanager
def _overwriting(connection: sqlite3.Connection) -> Iterator[None]:
    """Have SQLite write zeros over what is forgotten; else it would stay in the file's free pages for a while."""
    [(before,)] = connection.execute("PRAGMA secure_delete").fetchall()
    connection.execute("PRAGMA secure_delete = ON").fetchall()
    try:
        yield
    finally:
        connection.execute(f"PRAGMA secure_delete = {('OFF', 'ON', 'FAST')[before]}").fetchall()
