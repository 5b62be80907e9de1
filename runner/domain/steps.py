"""
Everything that may happen to an item: the delivery protocol as pure functions.

The stores lock a row, apply one of these functions and write what changed; nothing else changes a state.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runner.domain import endings, guards, sentences
from runner.domain.outbox import DUE, FINAL, UNSENT, Compensation, Row, State, Step, Verdict, WardAnswer
from runner.domain.outcome import Ending, Outcome, Reason

if TYPE_CHECKING:
    from datetime import datetime

    from runner.domain.outbox import Waits


def claim(row: Row, token: str, lease_until: datetime, now: datetime) -> Step:
    """Take the row for a daemon: NEW or WAITING → CLAIMED."""
    if not guards.may_claim(row, now):
        return Step(row, Verdict.LOST_LEASE)
    return Step(replace(row, state=State.CLAIMED, claim_token=token, lease_until=lease_until))


def permit(row: Row, token: str, message_id: str, expires_at: datetime, now: datetime) -> Step:
    """
    The point of no return: CLAIMED → SENDING, by which bytes may leave.

    A row that is ours and may not go ends here: CANCELLED where the HIS took it back, MISSED where it is too late.
    """
    if guards.may_permit(row, token, now):
        expires_at = min(expires_at, row.send_by) if row.send_by else expires_at
        return Step(
            replace(
                row,
                state=State.SENDING,
                message_id=row.message_id or message_id,
                expires_at=expires_at,
                sent_at=now,
                attempts=row.attempts + 1,
                probe_count=0,
                reason_code=None,
                status_text=None,
            )
        )
    if not guards.holds(row, token, State.CLAIMED):
        return Step(row, Verdict.LOST_LEASE)
    if row.withdraw_asked_at is not None:
        return Step(endings.end(row, State.CANCELLED, Reason.WITHDRAWN, sentences.WITHDRAWN), Verdict.WITHDRAWN)
    return Step(endings.missed(row, Reason.WINDOW_CLOSED, sentences.WINDOW_CLOSED), Verdict.TOO_LATE)


def complete(row: Row, token: str, outcome: Outcome, waits: Waits, now: datetime) -> Step:
    """
    Apply how a try or a probe ended. An acceptance counts in any state; everything else only for who holds the row.

    The caller has looked up the row by the outcome's message identifier.
    """
    if outcome.ending is Ending.ACCEPTED:
        return endings.accept(row, token, outcome, now)
    if guards.holds(row, token, State.MISSED):
        return endings.followed_up(row, outcome, waits, now)
    if outcome.ending in {Ending.ABSENT, Ending.NO_ANSWER}:
        return endings.probed(row, token, outcome, waits, now)
    if guards.holds(row, token, State.CLAIMED, State.SENDING, State.UNKNOWN):
        return endings.ENDINGS[outcome.ending](row, outcome, waits, now)
    return Step(row, Verdict.LOST_LEASE)


def rescue(row: Row, now: datetime) -> Step:
    """
    Free a row whose lease has run out: CLAIMED → NEW, SENDING → UNKNOWN, a probe is simply due again.

    What daemons die over again and again is taken out of the way, but what was just permitted is asked after first.
    """
    if row.lease_until is None or row.lease_until > now:
        return Step(row, Verdict.UNCHANGED)
    freed = replace(endings.freed_row(row), rescue_count=row.rescue_count + 1)
    if row.state not in {State.CLAIMED, State.SENDING, State.UNKNOWN}:
        return Step(freed)
    if row.state is not State.SENDING and guards.is_poison(freed):
        return Step(endings.park(freed, Reason.POISON, sentences.POISON))
    return Step(replace(freed, state=guards.state_after_death(row), next_at=now))


def claim_probe(row: Row, token: str, lease_until: datetime, now: datetime) -> Step:
    """Take a row for asking after it."""
    if not guards.probe_is_due(row, now):
        return Step(row, Verdict.LOST_LEASE)
    return Step(replace(row, claim_token=token, lease_until=lease_until))


def decide(row: Row, *, alive: bool, now: datetime) -> Step:
    """
    Tell the ward PAPER once its time is over or nobody is there to send; what was not permitted ends with that.

    Args:
        row: The locked row.
        alive: Whether a daemon's heartbeat for this lane is fresh.
        now: The database's clock, read after the row was locked.
    """
    if row.ward_answer is not WardAnswer.WAIT or row.answer_by is None or (alive and now < row.answer_by):
        return Step(row, Verdict.UNCHANGED)
    if row.state in UNSENT:
        if now < row.answer_by:
            return Step(endings.missed(row, Reason.NO_RUNNER, sentences.NO_RUNNER))
        return Step(endings.missed(row, Reason.WARD_TIMEOUT, sentences.WARD_TIMEOUT))
    text = sentences.PAPER_WHILE_UNKNOWN if row.state not in FINAL else row.status_text
    return Step(replace(row, ward_answer=WardAnswer.PAPER, status_text=text))


def withdraw(row: Row, now: datetime) -> Step:
    """
    Take back what the HIS wrote: at once where nothing can have left, else by a withdrawal of its own.

    A withdrawal that failed may be asked for again. What ended otherwise keeps the wish, should it turn out accepted.
    """
    again = row.state is State.ACCEPTED and row.compensation is Compensation.FAILED
    if row.withdraw_asked_at is not None and not again:
        return Step(row, Verdict.UNCHANGED)
    asked = replace(row, withdraw_asked_at=row.withdraw_asked_at or now)
    if row.state in UNSENT or (row.state is State.PARKED and row.sent_at is None):
        return Step(endings.end(asked, State.CANCELLED, Reason.WITHDRAWN, sentences.WITHDRAWN))
    if row.state is State.ACCEPTED:
        if row.compensation in {Compensation.DUE, Compensation.DONE}:
            return Step(asked)
        return Step(replace(asked, compensation=Compensation.DUE), queue_withdrawal=True)
    return Step(asked, queue_withdrawal=row.state not in FINAL)


def fail_with_predecessor(row: Row) -> Step:
    """
    End a row whose predecessor, which it needs ACCEPTED, ended otherwise.

    For a ward that is no case for paper: what was to be replaced still stands.
    """
    if row.state in DUE or (row.state is State.PARKED and row.sent_at is None):
        ward = None if row.ward_answer is WardAnswer.WAIT else row.ward_answer
        told = replace(row, ward_answer=ward)
        return Step(endings.end(told, State.SKIPPED, Reason.PREDECESSOR, sentences.PREDECESSOR))
    return Step(row, Verdict.UNCHANGED)


def overdue(row: Row, now: datetime) -> Step:
    """End what waits and can no longer go in time."""
    if (row.state in DUE or (row.state is State.PARKED and row.sent_at is None)) and row.send_by and now >= row.send_by:
        return Step(endings.missed(row, Reason.WINDOW_CLOSED, sentences.WINDOW_CLOSED))
    return Step(row, Verdict.UNCHANGED)


def unpark(row: Row, now: datetime) -> Step:
    """Let a parked row go again: from the start where nothing can have been received, else by asking after it."""
    if row.state is not State.PARKED:
        return Step(row, Verdict.UNCHANGED)
    state = State.NEW if row.sent_at is None else State.UNKNOWN
    return Step(
        replace(row, state=state, next_at=now, reason_code=None, status_text=None, rescue_count=0, probe_count=0)
    )


def withdrawal_ended(original: Row, state: State, why: str | None = None) -> Step:
    """
    Note on the original how its withdrawal ended.

    Args:
        original: The locked row of what was to be withdrawn.
        state: The withdrawal's final state.
        why: What its ward reads of it, or None.
    """
    if state is State.ACCEPTED:
        return Step(
            replace(original, compensation=Compensation.DONE, status_text=sentences.WITHDRAWAL_DONE),
        )
    if original.compensation is Compensation.DUE:
        text = f"{sentences.WITHDRAWAL_FAILED} {why}" if why else sentences.WITHDRAWAL_FAILED
        return Step(replace(original, compensation=Compensation.FAILED, status_text=text))
    return Step(original, Verdict.UNCHANGED)


def withdrawal_void(original: Row) -> Step:
    """
    Nobody who may had asked for the withdrawal, and nothing of it left: the original stands as before.

    Not where paper was given: then it must go all the same.
    """
    if original.ward_answer is WardAnswer.PAPER or original.withdraw_asked_at is None:
        return withdrawal_ended(original, State.INVALID)
    text = sentences.ACCEPTED if original.state is State.ACCEPTED else original.status_text
    return Step(replace(original, withdraw_asked_at=None, compensation=None, status_text=text))


def replayed(row: Row, message_id: str, sent_at: datetime, expires_at: datetime, now: datetime) -> tuple[Row, ...]:
    """
    Lead a row of a database that went back in time where the log proves that it had been: sent, its end not known.

    What the ward was told meanwhile is lost; a ward that still waits here waited long ago, so it is told nothing.

    Returns:
        The rows that it passes through, in order, the last one UNKNOWN and due to be asked after; none where it stands
        where it may have been sent from already, or is final.
    """
    if row.state not in UNSENT and not (row.state is State.PARKED and row.sent_at is None):
        return ()
    ward = None if row.ward_answer is WardAnswer.WAIT else row.ward_answer
    free = replace(endings.freed_row(row), ward_answer=ward, reason_code=None, status_text=None)
    claimed = replace(free, state=State.CLAIMED)
    sending = replace(claimed, state=State.SENDING, message_id=message_id, sent_at=sent_at, expires_at=expires_at)
    unknown = replace(sending, state=State.UNKNOWN, attempts=row.attempts + 1, next_at=now)
    start = () if row.state is not State.PARKED else (replace(free, state=State.NEW),)
    return (*start, *(() if row.state is State.CLAIMED else (claimed,)), sending, unknown)


def disown(row: Row) -> Step:
    """End what stands open in a copy of a database, whose original goes on elsewhere."""
    if row.state in UNSENT or (row.state is State.PARKED and row.sent_at is None):
        return Step(endings.end(row, State.CANCELLED, Reason.COPIED, sentences.COPIED))
    if row.state in {State.SENDING, State.UNKNOWN}:
        return Step(endings.end(row, State.PARKED, Reason.COPIED, sentences.COPIED))
    return Step(replace(row, next_at=None)) if row.next_at is not None else Step(row, Verdict.UNCHANGED)
