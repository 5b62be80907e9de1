"""
An item's states, the ward's answer, and what the delivery protocol reads and writes of a row.

``guards`` holds the rules, ``endings`` what each outcome makes of a row, ``steps`` everything that may happen to one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class State(StrEnum):
    """Where an item stands."""

    NEW = "NEW"  # written by the HIS
    CLAIMED = "CLAIMED"  # leased, surely not sent
    SENDING = "SENDING"  # stored, permitted, perhaps on the wire
    UNKNOWN = "UNKNOWN"  # may or may not have been received
    WAITING = "WAITING"  # surely not received, will be tried again
    PARKED = "PARKED"  # needs a person
    ACCEPTED = "ACCEPTED"  # the EESZT has it
    REJECTED = "REJECTED"  # the EESZT says no
    INVALID = "INVALID"  # the row must be mended
    SKIPPED = "SKIPPED"  # a rule says never
    MISSED = "MISSED"  # its time is over
    CANCELLED = "CANCELLED"  # withdrawn by the HIS before it was sent


class WardAnswer(StrEnum):
    """What the ward may hand out; None where nobody waits."""

    WAIT = "WAIT"  # print nothing, ask again
    PRINT = "PRINT"  # the bar code is valid
    PAPER = "PAPER"  # the paper form is valid


class Needs(StrEnum):
    """What an item needs of the one before it in its order."""

    FINAL = "FINAL"
    ACCEPTED = "ACCEPTED"


class Compensation(StrEnum):
    """How far the withdrawal of an item that should not be valid has come."""

    DUE = "DUE"
    DONE = "DONE"
    FAILED = "FAILED"


class Verdict(StrEnum):
    """What a step came to."""

    DONE = "DONE"
    UNCHANGED = "UNCHANGED"
    LOST_LEASE = "LOST_LEASE"  # somebody else has the row
    WITHDRAWN = "WITHDRAWN"  # the HIS took it back first
    TOO_LATE = "TOO_LATE"  # send_by has passed, or the ward was told to use paper
    SECOND_IDENTIFIER = "SECOND_IDENTIFIER"  # accepted again under another identifier: keep it, raise an alarm


FINAL = frozenset({State.ACCEPTED, State.REJECTED, State.INVALID, State.SKIPPED, State.MISSED, State.CANCELLED})
DUE = frozenset({State.NEW, State.WAITING})
UNSENT = frozenset({State.NEW, State.WAITING, State.CLAIMED})

TRANSITIONS: dict[State, frozenset[State]] = {
    State.NEW: frozenset({State.CLAIMED, State.CANCELLED, State.MISSED, State.SKIPPED, State.INVALID, State.ACCEPTED}),
    State.CLAIMED: frozenset(
        {
            State.SENDING,
            State.WAITING,
            State.PARKED,
            State.INVALID,
            State.SKIPPED,
            State.MISSED,
            State.CANCELLED,
            State.NEW,
            State.ACCEPTED,
        }
    ),
    State.SENDING: frozenset(
        {
            State.ACCEPTED,
            State.REJECTED,
            State.PARKED,
            State.WAITING,
            State.UNKNOWN,
            State.MISSED,
            State.CANCELLED,
        }
    ),
    State.UNKNOWN: frozenset(
        {State.ACCEPTED, State.REJECTED, State.PARKED, State.WAITING, State.MISSED, State.CANCELLED}
    ),
    State.WAITING: frozenset({State.CLAIMED, State.MISSED, State.CANCELLED, State.SKIPPED, State.ACCEPTED}),
    State.PARKED: frozenset({State.NEW, State.UNKNOWN, State.ACCEPTED, State.MISSED, State.CANCELLED, State.SKIPPED}),
    State.ACCEPTED: frozenset(),
    State.REJECTED: frozenset({State.ACCEPTED}),
    State.INVALID: frozenset({State.ACCEPTED}),
    State.SKIPPED: frozenset({State.ACCEPTED}),
    State.MISSED: frozenset({State.ACCEPTED}),
    State.CANCELLED: frozenset({State.ACCEPTED}),
}
"""State → states that may follow. Whatever was once permitted may turn ACCEPTED by a verified acceptance."""


@dataclass(frozen=True, slots=True)
class Row:
    """
    What the protocol reads and writes of one outbox row. Instants are aware UTC on the database's clock.

    Attributes:
        item_id: Its number, unique over all outboxes.
        state: Where it stands.
        ward_answer: What the ward was told, None where nobody waits.
        claim_token: Who holds it; fences the right to send.
        lease_until: Until when; None when free.
        next_at: When it is to be looked at again; None where nothing is due.
        send_by: Last moment that bytes may leave, or None.
        answer_by: Last moment that the ward waits; None where nobody waits. Its presence makes a kind "at recording".
        sent_at: When bytes may last have left; None while it is surely not received.
        expires_at: When the last message expires by its own word, or None.
        message_id: Identifier of the one message it ever gets, or None before the permit.
        eeszt_id: The identifier the EESZT gave, or None.
        withdraw_asked_at: When the HIS asked to withdraw it, or None.
        compensation: How far its withdrawal has come, or None.
        attempts: Permits so far.
        probe_count: Probes that did not find it since its message expired and settled.
        rescue_count: How often a daemon died over it.
        reason_code: Why it stands there, or None.
        status_text: The same for the ward, in Hungarian, or None.
    """

    item_id: int
    state: State = State.NEW
    ward_answer: WardAnswer | None = None
    claim_token: str | None = None
    lease_until: datetime | None = None
    next_at: datetime | None = None
    send_by: datetime | None = None
    answer_by: datetime | None = None
    sent_at: datetime | None = None
    expires_at: datetime | None = None
    message_id: str | None = None
    eeszt_id: str | None = None
    withdraw_asked_at: datetime | None = None
    compensation: Compensation | None = None
    attempts: int = 0
    probe_count: int = 0
    rescue_count: int = 0
    reason_code: str | None = None
    status_text: str | None = None

    @property
    def at_recording(self) -> bool:
        """Whether a ward waits for it: an eRecept or eBeutaló, electronic now or never."""
        return self.answer_by is not None

    @property
    def told(self) -> WardAnswer | None:
        """What a ward that asks now is told: nothing any more of what was to be printed and is being withdrawn."""
        withdrawn = self.withdraw_asked_at is not None or self.compensation is not None
        return None if withdrawn and self.ward_answer is WardAnswer.PRINT else self.ward_answer


@dataclass(frozen=True, slots=True)
class Step:
    """
    What a step made of a row.

    Attributes:
        row: The row afterwards; the same object where nothing changed.
        verdict: What it came to.
        queue_withdrawal: Whether a withdrawal of this item must be queued in the same transaction, unless one is alive.
    """

    row: Row
    verdict: Verdict = Verdict.DONE
    queue_withdrawal: bool = False


@dataclass(frozen=True, slots=True)
class Waits:
    """
    How long the protocol waits, in seconds; per document type.

    Attributes:
        retry: Before the first further try; doubled with each attempt up to ``retry_most``.
        retry_most: Upper bound of that.
        probe: Before the first probe; then as long as the send is past, up to ``probe_most``.
        probe_most: Upper bound of that.
        settle: After a message's expiry, before its absence is believed.
        give_up: After the send, before an item that was asked after without a clear answer is parked.
        follow_up: After an ending by absence, before it is asked after once more.
    """

    retry: float = 5.0
    retry_most: float = 600.0
    probe: float = 1.0
    probe_most: float = 60.0
    settle: float = 30.0
    give_up: float = 600.0
    follow_up: float = 4 * 3600.0
