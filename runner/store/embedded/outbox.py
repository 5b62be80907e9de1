"""The daemon's side of the outboxes on SQLite: each verb is one locked transaction around the domain's steps."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from runner.domain import steps
from runner.domain.outbox import Verdict
from runner.ports import Look
from runner.store.completion import complete
from runner.store.embedded.copies import write_back
from runner.store.figures import FINAL_STATES, lane_health, tally
from runner.store.keeping import forget
from runner.store.permits import permit
from runner.store.rows import beats, to_instant, to_json
from runner.store.sweeping import LOOKED_FOR, sweep
from runner.store.waking import wake_missed
from runner.store.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from runner.domain.environment import Identity
    from runner.domain.outbox import Row, Step
    from runner.ports import Completion, DayTally, Item, KeptFor, LaneHealth, PermitRequest, Permitted, ServiceReport
    from runner.store.embedded.database import EmbeddedDatabase
    from runner.store.rows import Record

SOURCE_ROWS = 2
"""Enough to tell several from one."""


class EmbeddedOutbox:
    """``ports.Outbox`` on SQLite."""

    def __init__(self, database: EmbeddedDatabase) -> None:
        self._database = database

    def look(self, lane: str, types: Mapping[str, str]) -> Look:
        """Look what a lane has to do now."""
        with self._database.looking(lane) as now:
            held = _held(types, now.rows("type_digests"))
            binds = {"types": held, "known": to_json(list(types)), "final_states": FINAL_STATES, "lane": lane}
            paused, claimable, probes, *due = now.any_of(("is_paused", "claim", "claim_probes", *LOOKED_FOR), **binds)
        return Look(paused, claimable, probes, time_passed=any(due))

    def claim(self, lane: str, token: str, limit: int, lease_s: float, types: Mapping[str, str]) -> Sequence[Item]:
        """Lease up to ``limit`` due rows, by priority and number, in the order of their keys."""
        binds = {"types": _held(types, self._database.read("type_digests")), "final_states": FINAL_STATES}
        return self._lease(lane, "claim", steps.claim, token, lease_s, limit=limit, **binds)

    def claim_probes(
        self, lane: str, token: str, limit: int, lease_s: float, types: Mapping[str, str]
    ) -> Sequence[Item]:
        """Lease up to ``limit`` rows whose fate is to be asked after now."""
        known = to_json(list(types))
        return self._lease(lane, "claim_probes", steps.claim_probe, token, lease_s, limit=limit, known=known)

    def _lease(
        self,
        lane: str,
        block: str,
        step_of: Callable[[Row, str, datetime, datetime], Step],
        token: str,
        lease_s: float,
        **binds: object,
    ) -> Sequence[Item]:
        """Look without a lock first, so that an idle daemon writes nothing."""
        with self._database.looking(lane) as now:
            if not now.ids(block, **{**binds, "limit": 1}) or self._database.is_paused(lane):
                return ()
        with self._database.transaction(lane) as transaction:
            found = transaction.ids(block, **binds)
            work = Work(transaction, found)
            lease_until = work.now + timedelta(seconds=lease_s)
            taken: dict[int, Row] = {}
            for item_id in found:
                if row := work.row(item_id):
                    step = step_of(row, token, lease_until, work.now)
                    if work.apply(step) is Verdict.DONE:
                        taken[item_id] = step.row
            work.finish()
            return transaction.items(taken)

    def read_source(self, sql: str, item: Item) -> Sequence[Mapping[str, object]]:
        """Run a mapping's source query, reading only; at most two rows."""
        binds = {
            "item_id": item.row.item_id,
            "source_key": item.source_key,
            "order_key": item.order_key,
            "withdraws": item.withdraws,
            "workplace": item.workplace,
            "recorded_by": item.recorded_by,
        }
        with self._database.connections.reading() as connection:
            cursor = connection.execute(sql, binds)
            rows = cursor.fetchmany(SOURCE_ROWS)
            cursor.close()
        return [{name.upper(): row[name] for name in row.keys()} for row in rows]  # noqa: SIM118  a row iterates values

    def permit(self, requests: Sequence[PermitRequest]) -> Mapping[int, Permitted | Verdict]:
        """Store body, message identifier and digest, and turn CLAIMED into SENDING; item → permitted, or why not."""
        answers: dict[int, Permitted | Verdict] = {}
        with self._database.writing() as scope:
            for lane, group in groupby(sorted(requests, key=_lane_of_request), key=_lane_of_request):
                answers |= permit(scope.on(lane), list(group))
        return answers

    def complete(self, completions: Sequence[Completion]) -> Mapping[int, Verdict]:
        """Apply outcomes; item → verdict."""
        verdicts: dict[int, Verdict] = {}
        with self._database.writing() as scope:
            for lane, group in groupby(sorted(completions, key=_lane_of), key=_lane_of):
                verdicts |= complete(scope.on(lane), list(group))
        return verdicts

    def sweep(self, lane: str) -> Mapping[str, int]:
        """What time brings; counts by verb, only those above zero."""
        return sweep(self._database, lane)

    def write_back(self, limit: int) -> Mapping[str, int]:
        """Copy due write-backs into the HIS's tables; counts ``written``, ``failed``, ``locked``."""
        return write_back(self._database, limit)

    def next_due_s(self, lane: str) -> float | None:
        """Seconds until something of the lane is due, None where nothing waits."""
        with self._database.looking(lane) as transaction:
            due = to_instant(transaction.value("next_due", final_states=FINAL_STATES))
            return None if due is None else max(0.0, (due - transaction.now).total_seconds())

    def beat(self, alive: Mapping[str, float], owner: str) -> None:
        """Write heartbeats by the database's clock; lane → seconds since its poller was last alive."""
        self._database.owners.update(dict.fromkeys(alive, owner))
        self._database.tell_many("beat", beats(alive, owner))

    def is_paused(self, lane: str) -> bool:
        """Whether an operator paused the lane."""
        return self._database.is_paused(lane)

    def wake_missed(self) -> int:
        """Let go what a login left parked; how many items."""
        return wake_missed(self._database)

    def service_states(self, reports: Sequence[ServiceReport]) -> None:
        """Tell MedWorkS how services are."""
        self._database.tell_many("service_state", [asdict(each) for each in reports])

    def forget(self, kept: KeptFor, limit: int) -> Mapping[str, int]:
        """Forget patients' data that was kept long enough; counts by kind, only those above zero."""
        return forget(self._database, kept, limit)

    def lane_health(self, lane: str) -> LaneHealth:
        """Look whether the lane keeps its promises."""
        return lane_health(self._database, lane)

    def tally(self, days_ago: int) -> DayTally:
        """Count what ended on a day into EESZT_DAY; 0 is today."""
        return tally(self._database, days_ago)

    def identity(self) -> Identity:
        """Which database this is, and whether it is where it was installed."""
        return self._database.identity()


def _held(types: Mapping[str, str], active: Iterable[Record]) -> str:
    """Give the document types whose active digest the daemon holds."""
    return to_json([row["document_type"] for row in active if types.get(row["document_type"]) == row["digest"]])


def _lane_of_request(request: PermitRequest) -> str:
    return request.item.lane


def _lane_of(completion: Completion) -> str:
    return completion.lane
