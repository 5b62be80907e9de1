"""A person has logged in: what waited for it goes again, at once and in its order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runner.domain import steps
from runner.domain.outbox import Step, Verdict
from runner.store.rows import to_json
from runner.store.work import Work

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.store.database import LaneScope, Scope


def wake(scope: Scope, lanes: Sequence[str], eeszt_user: str, his_user: str) -> int:
    """
    Let everything that waits for this person's login go again, inside the caller's transaction; how many items.

    Parked items are tried again; items that only this person may ask after are asked after now.
    """
    known = scope.read("his_users", eeszt_user=eeszt_user)
    his_users = to_json(sorted({his_user, *(record["his_user"] for record in known)}))
    counts = [_wake_lane(scope.on(lane), eeszt_user, his_users) for lane in lanes]
    if any(held for _, held in counts):
        scope.wake_again(eeszt_user, his_user)
    return sum(count for count, _ in counts)


def _wake_lane(transaction: LaneScope, eeszt_user: str, his_users: str) -> tuple[int, int]:
    """Wake what waits in one lane; how many, and how many another session holds."""
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
    return count, sum(work.row(item_id) is None for item_id in (*parked, *asked_after))
