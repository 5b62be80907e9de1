"""The daemon's side of the outboxes, with what it learns of a lane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from runner.domain.environment import Identity
from runner.domain.outbox import Verdict
from runner.ports.items import Completion, Item, PermitRequest, Permitted


@dataclass(frozen=True, slots=True)
class KeptFor:
    """
    How long patients' data is kept after its item ended, in seconds.

    Attributes:
        payload_s: What the HIS wrote into the row.
        payload_to_mend_s: The same of a REJECTED or INVALID row, which is mended from it.
        document_s: What went up, as named fields.
    """

    payload_s: float
    payload_to_mend_s: float
    document_s: float


@dataclass(frozen=True, slots=True)
class LaneHealth:
    """
    Whether a lane keeps its promises now, by the database's clock.

    Attributes:
        silent_s: Seconds since the last heartbeat, None where there never was one.
        overdue: How many wards wait for an answer that should have been given.
        overdue_s: For how long the first of them, seconds.
        paused: Whether an operator paused it.
        late_s: For how long the oldest item that could go has been due, seconds.
    """

    silent_s: float | None
    overdue: int
    overdue_s: float
    paused: bool
    late_s: float


@dataclass(frozen=True, slots=True)
class DayTally:
    """
    What ended on one day in Europe/Budapest.

    Attributes:
        day: Which.
        first_time: Whether the day is over and was never counted after its end before.
        endings: Final state → how many items.
        retries: Sends beyond the first.
        probes: Questions after items.
        paper: Items whose ward was told PAPER.
    """

    day: date
    first_time: bool
    endings: Mapping[str, int]
    retries: int
    probes: int
    paper: int


@dataclass(frozen=True, slots=True)
class ServiceReport:
    """
    How a service is.

    Attributes:
        service: Its name in EESZT_SERVICE_STATE.
        state: ``UP`` or ``DOWN``.
        since: Since when, where that is known better than by when it is told.
    """

    service: str
    state: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """
    What a lane has to do now.

    Attributes:
        paused: An operator paused it.
        claimable: There is something to claim.
        probes: There is something to ask after.
        time_passed: There is something for ``sweep``.
    """

    paused: bool
    claimable: bool
    probes: bool
    time_passed: bool


class Outbox(Protocol):
    """
    The daemon's side of the outboxes. Each verb is one transaction, commits, and is safe to repeat.

    Raises:
        StoreError: Nothing was changed, unless the text says that it is in doubt.
    """

    def look(self, lane: str, types: Mapping[str, str]) -> Look:
        """Look what a lane has to do, in one statement; ``types`` as for ``claim``. It locks and writes nothing."""

    def claim(self, lane: str, token: str, limit: int, lease_s: float, types: Mapping[str, str]) -> Sequence[Item]:
        """
        Lease up to ``limit`` due rows, by priority and number, in the order of their keys.

        Args:
            lane: Outbox.
            token: A token never used before.
            limit: Most rows; at least 1.
            lease_s: Length of the lease, seconds.
            types: Document type → digest that this daemon holds; others are left alone.
        """

    def claim_probes(
        self, lane: str, token: str, limit: int, lease_s: float, types: Mapping[str, str]
    ) -> Sequence[Item]:
        """Lease up to ``limit`` rows whose fate is to be asked after now (the digest need not match)."""

    def read_source(self, sql: str, item: Item) -> Sequence[Mapping[str, object]]:
        """
        Run a mapping's source query, reading only; at most two rows are fetched, so that several can be told from one.

        Binds by name, those of ``:item_id :source_key :order_key :withdraws :workplace :recorded_by`` that it uses.
        Column names come as the database gives them, in upper case.
        """

    def permit(self, requests: Sequence[PermitRequest]) -> Mapping[int, Permitted | Verdict]:
        """
        Store body, message identifier and digest, and turn CLAIMED into SENDING; item → permitted, or why not.

        Items that another session holds are left out of the answer: nothing was changed of them, ask again.
        """

    def complete(self, completions: Sequence[Completion]) -> Mapping[int, Verdict]:
        """
        Apply outcomes: state, ward answer, identifiers, attempt, result, what is due from them; item → verdict.

        An identifier that another item owns parks the item (IDENTIFIER_TAKEN) and tells the ward PAPER. Items that
        another session holds are left out of the answer: nothing was changed of them, hand them over again.
        """

    def sweep(self, lane: str) -> Mapping[str, int]:
        """
        What time brings: rescue, ward answers due, windows closed, successors of failed predecessors, results expired.

        Returns:
            Counts by verb: ``rescued``, ``answered``, ``cancelled``, ``missed``, ``skipped``, ``settled``, ``purged``;
            only those above zero.
        """

    def write_back(self, limit: int) -> Mapping[str, int]:
        """Copy due write-backs into the HIS's tables, row by row; counts ``written``, ``failed``, ``locked``."""

    def next_due_s(self, lane: str) -> float | None:
        """Seconds until something of the lane is due (0 when already), None where nothing waits."""

    def beat(self, alive: Mapping[str, float], owner: str) -> None:
        """Write heartbeats by the database's clock, all at once; lane → seconds since its poller was last alive."""

    def is_paused(self, lane: str) -> bool:
        """Whether an operator paused the lane."""

    def wake_missed(self) -> int:
        """Let go what a login left parked, since another session held it or it was decided just before; how many."""

    def service_states(self, reports: Sequence[ServiceReport]) -> None:
        """Tell MedWorkS how services are, in EESZT_SERVICE_STATE, all at once."""

    def forget(self, kept: KeptFor, limit: int) -> Mapping[str, int]:
        """
        Forget patients' data that was kept long enough, up to ``limit`` of each kind, so that no lock lasts.

        Nothing is forgotten of an item that has not ended, is still asked after, or whose withdrawal is owed or failed.

        Returns:
            Counts ``payload``, ``document``, ``body`` (which goes with its item's end, here only what was left behind),
            ``token`` (of sessions that ran out) and ``login_request`` (a day old); only those above zero.
        """

    def lane_health(self, lane: str) -> LaneHealth:
        """Look whether the lane keeps its promises; writes nothing."""

    def tally(self, days_ago: int) -> DayTally:
        """Count what ended on a day into EESZT_DAY, in place of what stood there; 0 is today in Europe/Budapest."""

    def identity(self) -> Identity:
        """Which database this is, and whether it is where it was installed."""
