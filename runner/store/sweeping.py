"""What time brings to a lane, looked for by small indexes and done by the domain's steps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runner.domain import steps
from runner.domain.outbox import State, Verdict
from runner.domain.outcome import Reason
from runner.store.rows import to_json
from runner.store.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from runner.domain.outbox import Row, Step
    from runner.store.database import Database, LaneScope

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


WITHDRAWALS_ENDED = "withdrawals_ended"
RESULTS_EXPIRED = "results_expired"

LOOKED_FOR = (*(block for block, _ in DUTIES.values()), WITHDRAWALS_ENDED, RESULTS_EXPIRED)
"""Blocks that find what is due, all asked in one statement."""


def sweep(database: Database, lane: str) -> Mapping[str, int]:
    """
    Do what is due; counts by verb, only those above zero.

    It looks without a lock first, so that an idle lane writes nothing.
    """
    with database.looking(lane) as now:
        found = now.any_of(LOOKED_FOR)
    return do_due(database, lane, [block for block, there in zip(LOOKED_FOR, found, strict=True) if there])


def do_due(database: Database, lane: str, found: Sequence[str]) -> Mapping[str, int]:
    """Do what blocks of ``LOOKED_FOR`` have found something of; counts by verb, only those above zero."""
    if not found:
        return {}
    with database.transaction(lane) as transaction:
        counts = {name: _do(transaction, *DUTIES[name]) for name in DUTIES if DUTIES[name][0] in found}
        if WITHDRAWALS_ENDED in found:
            counts["settled"] = _settle_withdrawals(transaction)
        if RESULTS_EXPIRED in found:
            items = transaction.ids(RESULTS_EXPIRED, limit=MOST)
            transaction.change("purge_results", items=to_json(items))
            counts["purged"] = len(items)
    return {name: count for name, count in counts.items() if count}


def _settle_withdrawals(transaction: LaneScope) -> int:
    """Tell originals how their withdrawals ended, where another session held them at that moment."""
    ended = {record["item_id"]: record for record in transaction.rows(WITHDRAWALS_ENDED, limit=MOST)}
    work = Work(transaction, ended)
    count = 0
    for item_id, withdrawal in ended.items():
        row = work.row(item_id)
        if row is None:
            continue
        void = withdrawal["reason_code"] == Reason.PRESCRIBER_ONLY and withdrawal["sent_at"] is None
        state = State(withdrawal["state"])
        step = steps.withdrawal_void(row) if void else steps.withdrawal_ended(row, state, withdrawal["status_text"])
        count += work.apply(step) is Verdict.DONE
    work.finish()
    return count


def _do(transaction: LaneScope, block: str, step_of: Callable[[Row, datetime], Step]) -> int:
    items = transaction.ids(block, limit=MOST)
    work = Work(transaction, items)
    count = 0
    for item_id in items:
        if row := work.row(item_id):
            count += work.apply(step_of(row, work.now)) is Verdict.DONE
    work.finish()
    return count
