"""Patients' data that was kept long enough is forgotten: a few hundred rows at a time, found by small indexes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from runner.store.rows import to_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.ports import KeptFor
    from runner.store.database import Database, LaneScope

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
        with database.forgetting() as scope:
            transaction = scope.on(lane)
            for kind in kinds:
                items = _find(transaction, kind, kept, left[kind])
                left[kind] -= transaction.forget(kind, items)
    counts = {kind: limit - rest for kind, rest in left.items() if rest < limit}
    return {**counts, **_forget_logins(database, limit)}


def _forget_logins(database: Database, limit: int) -> Mapping[str, int]:
    """Forget tokens of sessions that ran out, and logins that were begun more than a day ago."""
    with database.reading() as look:
        now = look.now
        tokens = [row["login_id"] for row in look.read("sessions_over", now=now, limit=limit)]
        before = now - timedelta(days=1)
        requests = [row["request_id"] for row in look.read("requests_over", before=before, limit=limit)]
    if not tokens and not requests:
        return {}
    with database.forgetting() as scope:
        scope.change("forget_tokens", items=to_json(tokens))
        scope.change("forget_requests", items=to_json(requests))
    return {name: len(found) for name, found in (("token", tokens), ("login_request", requests)) if found}


def _find(transaction: LaneScope, kind: str, kept: KeptFor, limit: int) -> Sequence[int]:
    lives = {
        "payload": kept.payload_s,
        "payload_to_mend": kept.payload_to_mend_s,
        "document": kept.document_s,
    }
    ended = {name: transaction.now - timedelta(seconds=life_s) for name, life_s in lives.items()}
    return transaction.ids(KINDS[kind], **ended, limit=limit)
