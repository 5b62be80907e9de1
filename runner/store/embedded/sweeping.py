"""What time brings to a lane, looked for by small indexes and done by the domain's steps."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from runner.domain import steps
from runner.domain.outbox import Verdict
from runner.store.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from runner.domain.outbox import Row, Step
    from runner.store.embedded.database import Database
    from runner.store.embedded.transaction import EmbeddedTransaction

MOST = 500
"""Most rows of one duty in one sweep, so that the lock is short."""


def _rescue(row: Row, now: datetime) -> Step:
    return steps.rescue(row, now)


def _answer(row: Row, now: datetime) -> Step:
    return steps.decide(row, alive=True, now=now)


def _cancel(row: Row, now: datetime) -> Step:
    """MedWorkS wrote the withdrawal as a row: end what it withdraws as its own withdraw verb would have."""
    return steps.withdraw(replace(row, withdraw_asked_at=None), row.withdraw_asked_at or now)


def _miss(row: Row, now: datetime) -> Step:
    return steps.overdue(row, now)


def _skip(row: Row, now: datetime) -> Step:  # noqa: ARG001
    return steps.fail_with_predecessor(row)


DUTIES: Mapping[str, tuple[str, Callable[[Row, datetime], Step]]] = {
    "rescued": ("leases_over", _rescue),
    "answered": ("answers_due", _answer),
    "cancelled": ("withdrawn_unsent", _cancel),
    "missed": ("windows_closed", _miss),
    "skipped": ("predecessors_failed", _skip),
}


def sweep(database: Database, lane: str) -> Mapping[str, int]:
    """
    Do what is due; counts by verb, only those above zero.

    It looks without a lock first, so that an idle lane writes nothing.
    """
    with database.looking(lane) as now:
        *found, expired = now.any_of([*(block for block, _ in DUTIES.values()), "results_expired"])
    duties = [name for name, there in zip(DUTIES, found, strict=True) if there]
    if not duties and not expired:
        return {}
    with database.transaction(lane) as transaction:
        counts = {name: _do(transaction, *DUTIES[name]) for name in duties}
        if expired:
            items = transaction.ids_of_all("results_expired", limit=MOST)
            transaction.purge_results(json.dumps(items))
            counts["purged"] = len(items)
    return {name: count for name, count in counts.items() if count}


def _do(transaction: EmbeddedTransaction, block: str, step_of: Callable[[Row, datetime], Step]) -> int:
    items = transaction.ids(block, limit=MOST)
    work = Work(transaction, items)
    count = 0
    for item_id in items:
        if row := work.row(item_id):
            count += work.apply(step_of(row, work.now)) is Verdict.DONE
    work.finish()
    return count
