"""The daemon's side of the outboxes on Oracle: each verb is one short transaction around the domain's steps."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

from runner.domain import steps
from runner.domain.outbox import State, Verdict
from runner.errors import IN_DOUBT, RunnerError, fault
from runner.ports import Completion, Look, Permitted
from runner.store.completion import complete
from runner.store.figures import lane_health, tally
from runner.store.keeping import forget
from runner.store.oracle.copies import write_back
from runner.store.oracle.doubt import read_back
from runner.store.oracle.settling import answered, commit_permits, say_refused
from runner.store.oracle.source import read_source
from runner.store.oracle.transaction import StaleRowsError
from runner.store.permits import permit
from runner.store.rows import beats, to_instant, to_json
from runner.store.sweeping import LOOKED_FOR, sweep
from runner.store.waking import wake_missed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from runner.domain.environment import Identity
    from runner.domain.outbox import Row, Step
    from runner.ports import DayTally, Item, KeptFor, LaneHealth, PermitRequest, ServiceReport
    from runner.store.oracle.database import OracleDatabase
    from runner.store.oracle.transaction import OracleTransaction

STALE_TRIES = 5
"""How often a transaction is done anew whose rows were not what they had been read as."""

LOCKED_S = 0.03
"""How long a verb comes back to rows that another session holds, before it leaves them to the next round."""

PAUSE_S = 0.005
"""Between two looks at them."""

_Given = TypeVar("_Given", "PermitRequest", "Completion")
_Answer = TypeVar("_Answer")


class OracleOutbox:
    """``ports.Outbox`` on Oracle."""

    def __init__(self, database: OracleDatabase) -> None:
        self._database = database
        self._told: set[int] = set()

    def look(self, lane: str, types: Mapping[str, str]) -> Look:
        """Look what a lane has to do now, in one statement; it locks nothing."""
        with self._database.doing("look").looking(lane) as now:
            paused, claimable, probes, *due = now.any_of(
                ("lane_paused", "claimable", "probes_due", *LOOKED_FOR), **_listed(types)
            )
        return Look(paused=paused, claimable=claimable, probes=probes, time_passed=any(due))

    # claim

    def claim(self, lane: str, token: str, limit: int, lease_s: float, types: Mapping[str, str]) -> Sequence[Item]:
        """Lease up to ``limit`` due rows, by priority and number, in the order of their keys."""
        return self._lease(lane, "claim", steps.claim, token, lease_s, limit, types)

    def claim_probes(
        self, lane: str, token: str, limit: int, lease_s: float, types: Mapping[str, str]
    ) -> Sequence[Item]:
        """Lease up to ``limit`` rows whose fate is to be asked after now."""
        return self._lease(lane, "claim_probes", steps.claim_probe, token, lease_s, limit, types)

    def _lease(
        self,
        lane: str,
        block: str,
        step_of: Callable[[Row, str, datetime, datetime], Step],
        token: str,
        lease_s: float,
        limit: int,
        types: Mapping[str, str],
    ) -> Sequence[Item]:
        """Lock exactly so many rows as are taken, write the claim with its commit, then read what the work needs."""
        database = self._database.doing(block)
        with database.locking(lane) as transaction:
            stored = transaction.take_records(transaction.fetch(block, limit, **_listed(types)))
            if not stored:
                return ()
            lease_until = transaction.now + timedelta(seconds=lease_s)
            made = {item: step_of(each.row, token, lease_until, transaction.now) for item, each in stored.items()}
            taken = {item: step.row for item, step in made.items() if step.verdict is Verdict.DONE}
            transaction.write([(stored[item].row, row) for item, row in taken.items()])
            try:
                transaction.flush_rows(commit=True)
                say_refused(transaction, lane, self._told)
                return transaction.items({item: taken[item] for item in taken if item in transaction.written})
            except RunnerError as error:
                if error.number != IN_DOUBT and not transaction.written:
                    raise
        return self._claimed_after_all(lane, token, taken)

    def _claimed_after_all(self, lane: str, token: str, taken: Mapping[int, Row]) -> Sequence[Item]:
        """The answer to the commit, or the session after it, was lost: what stands under the token was claimed."""

        def ours(transaction: OracleTransaction) -> Sequence[Item]:
            held = transaction.take_records(transaction.rows("rows_of_token", token=token))
            return transaction.items(
                {item: held[item].row for item in taken if item in held and held[item].row == taken[item]}
            )

        return read_back(self._database.doing("read back"), lane, ours)

    # permit and complete

    def permit(self, requests: Sequence[PermitRequest]) -> Mapping[int, Permitted | Verdict]:
        """
        Store body, message identifier and digest, and turn CLAIMED into SENDING; item → permitted, or why not.

        What another session holds is left out.
        """
        return self._by_lane(requests, lambda request: request.item.lane, self._permit)

    def complete(self, completions: Sequence[Completion]) -> Mapping[int, Verdict]:
        """Apply outcomes; item → verdict. What another session holds is left out."""
        return self._by_lane(completions, lambda completion: completion.lane, self._complete)

    def _by_lane(
        self,
        given: Sequence[_Given],
        lane_of: Callable[[_Given], str],
        apply: Callable[[str, Sequence[_Given]], dict[int, _Answer]],
    ) -> Mapping[int, _Answer]:
        """Apply lane by lane, each in a transaction of its own; come back within milliseconds to what was held."""
        answers: dict[int, _Answer] = {}
        for lane, group in groupby(sorted(given, key=lane_of), key=lane_of):
            left, until = list(group), time.monotonic() + LOCKED_S
            while left:
                answers |= apply(lane, left)
                left = [each for each in left if _item_of(each) not in answers]
                if not left or time.monotonic() >= until:
                    break
                time.sleep(PAUSE_S)
        return answers

    def _permit(self, lane: str, requests: Sequence[PermitRequest]) -> dict[int, Permitted | Verdict]:
        database = self._database.doing("permit")
        for _ in range(STALE_TRIES):
            with database.locking(lane) as transaction:
                answers = permit(transaction, requests)
                try:
                    lost = commit_permits(transaction)
                except StaleRowsError:
                    continue
                except RunnerError as error:
                    if error.number != IN_DOUBT:
                        raise
                    break
                answers |= dict.fromkeys(lost, Verdict.LOST_LEASE)
                return answered(transaction, answers)
        else:
            raise fault(7006, f"outbox {lane}", count=len(requests))
        return self._permitted_after_all(lane, requests, answers)

    def _permitted_after_all(
        self, lane: str, requests: Sequence[PermitRequest], answers: Mapping[int, Permitted | Verdict]
    ) -> dict[int, Permitted | Verdict]:
        """The answer to the commit was lost: what is read back as SENDING under our token may be sent, nothing else."""
        tokens = {request.item.row.item_id: request.token for request in requests}

        def judged(transaction: OracleTransaction) -> dict[int, Permitted | Verdict] | None:
            rows = {item: stored.row for item, stored in transaction.load(list(tokens)).items()}
            if any(row.state is State.CLAIMED and row.claim_token == tokens[item] for item, row in rows.items()):
                return None
            return {
                item: answer
                if not isinstance(answer, Permitted)
                or (item in rows and rows[item].state is State.SENDING and rows[item].claim_token == tokens[item])
                else Verdict.LOST_LEASE
                for item, answer in answers.items()
            }

        found = read_back(self._database.doing("read back"), lane, judged)
        return self._permit(lane, requests) if found is None else found

    def _complete(self, lane: str, completions: Sequence[Completion]) -> dict[int, Verdict]:
        """Apply outcomes of one lane; first as if every identifier were new, else with a look at whose."""
        database = self._database.doing("complete")
        careful = False
        verdicts: dict[int, Verdict] = {}
        for _ in range(STALE_TRIES):
            with database.locking(lane) as transaction:
                if careful:
                    transaction.know_owners({each for one in completions for each in one.outcome.receipt.items()})
                try:
                    verdicts = answered(transaction, complete(transaction, completions))
                    transaction.flush_rows()
                    transaction.must_hold()
                    transaction.commit()
                except StaleRowsError:
                    continue
                except RunnerError as error:
                    if error.number == IN_DOUBT:
                        break
                    if careful or error.facts.get("code") != "ORA-00001":
                        raise
                    careful = True
                    continue
                return verdicts
        else:
            raise fault(7006, f"outbox {lane}", count=len(completions))
        return self._completed_after_all(lane, completions, verdicts, transaction.written)

    def _completed_after_all(
        self,
        lane: str,
        completions: Sequence[Completion],
        verdicts: dict[int, Verdict],
        written: Mapping[int, Row],
    ) -> dict[int, Verdict]:
        """The answer to the commit was lost: where the rows are as written, it was made; else all is repeated."""

        def was_made(transaction: OracleTransaction) -> bool:
            found = transaction.load(list(written))
            return bool(written) and all(item in found and found[item].row == row for item, row in written.items())

        made = read_back(self._database.doing("read back"), lane, was_made)
        return verdicts if made else self._complete(lane, completions)

    # the rest

    def read_source(self, sql: str, item: Item) -> Sequence[Mapping[str, object]]:
        """Run a mapping's source query, reading only; at most two rows."""
        return read_source(self._database, sql, item)

    def sweep(self, lane: str) -> Mapping[str, int]:
        """What time brings; counts by verb, only those above zero."""
        return sweep(self._database.doing("sweep"), lane)

    def write_back(self, limit: int) -> Mapping[str, int]:
        """Copy due write-backs into the HIS's tables; counts ``written``, ``failed``, ``locked``."""
        return write_back(self._database.doing("write_back"), limit)

    def next_due_s(self, lane: str) -> float | None:
        """Seconds until something of the lane is due, None where nothing waits."""
        with self._database.doing("next_due").looking(lane) as now:
            found = now.rows("next_due")[0]
        due, at = to_instant(found["due"]), to_instant(found["now"])
        return None if due is None or at is None else max(0.0, (due - at).total_seconds())

    def beat(self, alive: Mapping[str, float], owner: str) -> None:
        """Write heartbeats by the database's clock; lane → seconds since its poller was last alive."""
        self._database.owners.update(dict.fromkeys(alive, owner))
        self._database.doing("beat").write_many("beat", beats(alive, owner))

    def is_paused(self, lane: str) -> bool:
        """Whether an operator paused the lane."""
        return self._database.is_paused(lane)

    def wake_missed(self) -> int:
        """Let go what a login left parked; how many items."""
        return wake_missed(self._database.doing("wake"))

    def service_states(self, reports: Sequence[ServiceReport]) -> None:
        """Tell MedWorkS how services are; in the order of their names, so that daemons do not wait for each other."""
        rows = [asdict(each) for each in sorted(reports, key=lambda each: each.service)]
        self._database.doing("service_state").write_many("service_state", rows)

    def forget(self, kept: KeptFor, limit: int) -> Mapping[str, int]:
        """Forget patients' data that was kept long enough; counts by kind, only those above zero."""
        return forget(self._database.doing("forget"), kept, limit)

    def lane_health(self, lane: str) -> LaneHealth:
        """Look whether the lane keeps its promises."""
        return lane_health(self._database.doing("lane_health"), lane)

    def tally(self, days_ago: int) -> DayTally:
        """Count what ended on a day into EESZT_DAY; 0 is today."""
        return tally(self._database.doing("tally"), days_ago)

    def identity(self) -> Identity:
        """Which database this is, and whether it is where it was installed."""
        return self._database.identity()


def _listed(types: Mapping[str, str]) -> dict[str, object]:
    """Give the document types that a daemon holds as statements take them."""
    return {"types": to_json([list(each) for each in sorted(types.items())]), "names": to_json(sorted(types))}


def _item_of(given: PermitRequest | Completion) -> int:
    return given.item_id if isinstance(given, Completion) else given.item.row.item_id
