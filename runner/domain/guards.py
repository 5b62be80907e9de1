"""
The rules of the delivery protocol, each a predicate with a name of its own.

The exhaustive exploration in the tests leaves out one after the other and shows what breaks without it.

Source: ours; why they are right is docs/explanation/delivery_guarantee.md.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from runner.domain.outbox import DUE, Row, State, WardAnswer
from runner.domain.outcome import Reason

if TYPE_CHECKING:
    from datetime import datetime

ABSENT_PROBES = 2
"""How many probes must not find an item, once its message has settled, before it is believed absent."""

POISON_AFTER = 3
"""How often an item may be rescued before it is taken out of the way."""

UNREADABLE_ROUNDS = 3
"""How often an item may be sent whose answers nobody can read, and that is then not found."""


def may_claim(row: Row, now: datetime) -> bool:
    """Only what is due; what was taken back meanwhile ends at the permit."""
    return row.state in DUE and (row.next_at is None or row.next_at <= now)


def may_permit(row: Row, token: str, now: datetime) -> bool:
    """Ours, not withdrawn, the ward not sent to paper, and in time."""
    return holds(row, token, State.CLAIMED) and row.withdraw_asked_at is None and not is_too_late(row, now)


def holds(row: Row, token: str, *states: State) -> bool:
    """Whether ``token`` still has the right to act on the row in one of ``states``."""
    return row.claim_token == token and row.state in states


def is_too_late(row: Row, now: datetime) -> bool:
    """Whether no byte may leave any more."""
    return row.ward_answer is WardAnswer.PAPER or (row.send_by is not None and now >= row.send_by)


def state_after_death(row: Row) -> State:
    """What a row becomes whose daemon died: what was permitted may have been received."""
    return State.NEW if row.state is State.CLAIMED else State.UNKNOWN


def may_send_again(row: Row) -> bool:
    """Never for an at-recording item that may have been received, and not for one that the HIS withdrew."""
    return not row.at_recording and row.withdraw_asked_at is None


def is_settled(row: Row, now: datetime, settle_s: float) -> bool:
    """Whether its message has expired by its own word, and whatever came of it has had time to show."""
    return row.expires_at is None or now >= row.expires_at + timedelta(seconds=settle_s)


def absence_is_believed(row: Row, probes: int, now: datetime, settle_s: float) -> bool:
    """
    Only after the message has settled and two probes since did not find it.

    One would not do: it may have been asked before the message came, and answered after it had settled.
    """
    return probes >= ABSENT_PROBES and is_settled(row, now, settle_s)


def is_poison(row: Row) -> bool:
    """Whether daemons died over it too often to let it go on by itself."""
    return row.rescue_count > POISON_AFTER


def is_unreadable(row: Row) -> bool:
    """Whether it was sent often enough, was answered with what nobody can read, and a person must sort that out."""
    return row.reason_code in {Reason.UNKNOWN_ANSWER, Reason.BAD_ANSWER} and row.attempts >= UNREADABLE_ROUNDS


def may_print(row: Row, now: datetime) -> bool:
    """Only while the ward still waits, in time, and for what is not withdrawn."""
    in_time = row.answer_by is not None and now < row.answer_by
    return row.ward_answer is WardAnswer.WAIT and in_time and row.withdraw_asked_at is None


def owes_withdrawal(row: Row) -> bool:
    """Whether an accepted item must go again: paper was given, or the HIS withdrew it."""
    return row.compensation is None and (row.ward_answer is WardAnswer.PAPER or row.withdraw_asked_at is not None)


def evidence_counts(row: Row, token: str) -> bool:  # noqa: ARG001  the token is what the rule is about: it does not matter
    """A verified acceptance counts whoever holds the row and in whatever state it is."""
    return True


def probe_is_due(row: Row, now: datetime) -> bool:
    """Whether to ask after it: it is UNKNOWN, or ended by absence and is asked after once more."""
    asked = row.state is State.UNKNOWN or (row.state is State.MISSED and row.reason_code == Reason.ABSENT)
    return asked and row.lease_until is None and row.next_at is not None and row.next_at <= now
