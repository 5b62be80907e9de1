"""A person has logged in: what waited for it goes again, at once and in its order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from runner.domain import steps
from runner.domain.outbox import Step, Verdict
from runner.store.rows import to_json
from runner.store.work import Work

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.store.database import Database, LaneScope, Scope

MOST = 500
"""Most rows of one lane that are woken in one transaction."""

REST_S = 10.0
"""For how long a row is parked before it is looked at again: the login itself wakes what it can."""


def wake(scope: Scope, lanes: Sequence[str], eeszt_user: str, his_user: str) -> int:
    """
    Let everything that waits for this person's login go again, inside the caller's transaction; how many items.

    Parked items are tried again; items that only this person may ask after are asked after now. What another session
    holds is left to ``wake_missed``.
    """
    known = scope.read("his_users", eeszt_user=eeszt_user)
    his_users = to_json(sorted({his_user, *(record["his_user"] for record in known)}))
    return sum(_wake_lane(scope.on(lane), eeszt_user, his_users) for lane in lanes)


def wake_missed(database: Database) -> int:
    """
    Let go what a login left parked, since another session held it or it was decided just before; how many items.

    What is parked again after that login is not touched: it waits for something else.
    """
    count = 0
    for lane in database.lanes:
        with database.looking(lane) as now:
            if not _missed(now):
                continue
        with database.transaction(lane) as transaction:
            items = _missed(transaction)
            work = Work(transaction, items)
            rows = [row for item_id in items if (row := work.row(item_id))]
            count += sum(work.apply(steps.unpark(row, work.now)) is Verdict.DONE for row in rows)
            work.finish()
    return count


def _missed(transaction: LaneScope) -> Sequence[int]:
    until = transaction.now - timedelta(seconds=REST_S)
    return transaction.ids("parked_before_login", until=until, limit=MOST)


def _wake_lane(transaction: LaneScope, eeszt_user: str, his_users: str) -> int:
    """Wake what waits in one lane; how many."""
    parked = transaction.ids("parked_for_login", eeszt_user=eeszt_user, his_users=his_users)
    asked_after = transaction.ids("unknown_for_login", eeszt_user=eeszt_user)
    work = Work(transaction, [*parked, *asked_after])
    count = 0
    for item_id in parked:
        if row := work.row(item_id):
            count += work.apply(steps.unpark(row, work.now)) is Verdict.DONE
    for item_id in asked_after:
        if row := work.row(item_id):
            work.apply(Step(replace(row, next_at=work.now)))
            count += 1
    work.finish()
    return count
