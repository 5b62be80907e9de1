"""What each outcome of a try makes of the row that was tried."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from runner.domain import guards, sentences
from runner.domain.outbox import Compensation, Row, State, Step, Verdict, WardAnswer
from runner.domain.outcome import Ending, Outcome, Reason

if TYPE_CHECKING:
    from runner.domain.outbox import Waits

_FOR_A_LOGIN = frozenset({Reason.LOGIN, Reason.TOKEN_REFUSED})


def freed_row(row: Row) -> Row:
    """Give back the row's lease."""
    return replace(row, claim_token=None, lease_until=None)


def end(row: Row, state: State, reason: str | None, text: str | None) -> Row:
    """
    Into a state in which nothing more is tried; a ward that still waits is told to use paper.

    Beside PAPER the sentence says so too, except of what the EESZT has or the HIS took back.
    """
    ward = WardAnswer.PAPER if row.ward_answer is WardAnswer.WAIT else row.ward_answer
    if ward is WardAnswer.PAPER and state not in {State.ACCEPTED, State.CANCELLED}:
        text = sentences.on_paper(text)
    return replace(
        row,
        state=state,
        ward_answer=ward,
        claim_token=None,
        lease_until=None,
        next_at=None,
        reason_code=reason,
        status_text=text,
    )


def missed(row: Row, reason: str | None, text: str | None) -> Row:
    """Its time is over."""
    return end(row, State.MISSED, reason, text)


def park(row: Row, reason: str | None, text: str | None) -> Row:
    """Wait for a person; a ward does not wait for one, so what is at recording and surely unsent ends instead."""
    if row.at_recording and row.sent_at is None:
        return missed(row, reason, text)
    return end(row, State.PARKED, reason, text)


def accept(row: Row, token: str, outcome: Outcome, now: datetime) -> Step:
    """The EESZT has it, verified: the ward prints in time, else what should not be valid is withdrawn."""
    eeszt_id = outcome.receipt.get("eeszt_id")
    if row.state is State.ACCEPTED:
        return _accepted_again(row, eeszt_id)
    if not guards.evidence_counts(row, token):
        return Step(row, Verdict.LOST_LEASE)
    printable = guards.may_print(row, now)
    text = outcome.status_text or sentences.ACCEPTED
    accepted = replace(end(row, State.ACCEPTED, None, text), eeszt_id=eeszt_id)
    if printable:
        return Step(replace(accepted, ward_answer=WardAnswer.PRINT))
    if guards.owes_withdrawal(accepted):
        text = sentences.DOUBLE_VALIDITY if row.withdraw_asked_at is None else sentences.WITHDRAWAL_DUE
        return Step(replace(accepted, compensation=Compensation.DUE, status_text=text), queue_withdrawal=True)
    return Step(accepted)


def _accepted_again(row: Row, eeszt_id: str | None) -> Step:
    """The same news once more, or the identifier that the first news lacked, or a second document."""
    if eeszt_id is None or eeszt_id == row.eeszt_id:
        return Step(row, Verdict.UNCHANGED)
    return Step(row, Verdict.SECOND_IDENTIFIER) if row.eeszt_id else Step(replace(row, eeszt_id=eeszt_id))


def _absent(row: Row, waits: Waits, now: datetime) -> Row:
    """Surely not received, though it may have left: again where that is allowed, else it is over."""
    gone = replace(freed_row(row), sent_at=None, probe_count=0)
    next_at = _next_try(gone, None, waits, now)
    if not guards.may_send_again(row) or next_at is None:
        return replace(missed(gone, Reason.ABSENT, sentences.ABSENT), next_at=now + timedelta(seconds=waits.follow_up))
    if guards.is_poison(row):
        return park(gone, Reason.POISON, sentences.POISON)
    if guards.is_unreadable(row):
        return park(gone, row.reason_code, sentences.UNREADABLE)
    return replace(gone, state=State.WAITING, next_at=next_at, reason_code=Reason.ABSENT, status_text=sentences.RETRY)


def followed_up(row: Row, outcome: Outcome, waits: Waits, now: datetime) -> Step:
    """Asked once more after an ending by absence and not found: the ending stands; unclear answers are asked again."""
    wait = None if outcome.ending is Ending.ABSENT else now + timedelta(seconds=waits.follow_up)
    return Step(replace(freed_row(row), next_at=wait))


def probed(row: Row, token: str, outcome: Outcome, waits: Waits, now: datetime) -> Step:
    """
    Asked after and not found, or not to be asked: ask again, believe it absent, or give up.

    Nobody gives up while the question itself cannot be put: for want of a login, or in an outage.
    """
    if not guards.holds(row, token, State.UNKNOWN):
        return Step(row, Verdict.LOST_LEASE)
    is_absent = outcome.ending is Ending.ABSENT
    probes = row.probe_count + (is_absent and guards.is_settled(row, now, waits.settle))
    if is_absent and guards.absence_is_believed(row, probes, now, waits.settle):
        return Step(_absent(row, waits, now))
    since_s = (now - row.sent_at).total_seconds() if row.sent_at is not None else 0.0
    may_give_up = not is_absent and outcome.burns_attempt and outcome.reason_code != Reason.LOGIN
    if may_give_up and since_s >= waits.give_up:
        return Step(park(row, Reason.GIVE_UP, sentences.GIVE_UP))
    wait_s = outcome.retry_after_s
    if wait_s is None:
        wait_s = min(waits.probe_most, max(waits.probe, since_s))
    return Step(
        replace(
            freed_row(row),
            probe_count=probes,
            next_at=now + timedelta(seconds=wait_s),
            reason_code=_doubt(row, outcome),
            status_text=_in_doubt(row, outcome),
        )
    )


def _doubt(row: Row, outcome: Outcome) -> str | None:
    """Why it is unknown: as its send said; a probe knows no better, but that a login is wanted to ask."""
    if row.reason_code is None or _FOR_A_LOGIN & {row.reason_code, outcome.reason_code}:
        return outcome.reason_code or row.reason_code
    return row.reason_code


def _in_doubt(row: Row, outcome: Outcome) -> str | None:
    """What is said meanwhile; a ward that was told to use paper goes on reading that."""
    return row.status_text if row.ward_answer is WardAnswer.PAPER else outcome.status_text or row.status_text


def _given_back(row: Row, outcome: Outcome, waits: Waits, now: datetime) -> Step:
    if row.state is not State.CLAIMED:
        return _unknown(row, outcome, waits, now)
    return Step(replace(freed_row(row), state=State.NEW, next_at=now))


def _invalid(row: Row, outcome: Outcome, waits: Waits, now: datetime) -> Step:  # noqa: ARG001
    return _before_send(row, State.INVALID, outcome)


def _skipped(row: Row, outcome: Outcome, waits: Waits, now: datetime) -> Step:  # noqa: ARG001
    return _before_send(row, State.SKIPPED, outcome)


def _too_late(row: Row, outcome: Outcome, waits: Waits, now: datetime) -> Step:  # noqa: ARG001
    return _before_send(row, State.MISSED, outcome)


def _before_send(row: Row, state: State, outcome: Outcome) -> Step:
    if row.state is not State.CLAIMED:
        return Step(row, Verdict.LOST_LEASE)
    return Step(end(row, state, outcome.reason_code, outcome.status_text))


def _parked(row: Row, outcome: Outcome, waits: Waits, now: datetime) -> Step:  # noqa: ARG001
    return Step(park(row, outcome.reason_code, outcome.status_text))


def _rejected(row: Row, outcome: Outcome, waits: Waits, now: datetime) -> Step:  # noqa: ARG001
    if row.state is State.CLAIMED:
        return Step(row, Verdict.LOST_LEASE)
    return Step(end(row, State.REJECTED, outcome.reason_code, outcome.status_text))


def _needs_person(row: Row, outcome: Outcome, waits: Waits, now: datetime) -> Step:
    if row.at_recording:
        return _rejected(row, outcome, waits, now)
    unsent = replace(row, sent_at=None)
    if row.withdraw_asked_at is not None:
        return Step(end(unsent, State.CANCELLED, Reason.WITHDRAWN, sentences.WITHDRAWN))
    return Step(park(unsent, outcome.reason_code, outcome.status_text))


def _next_try(row: Row, wait_s: float | None, waits: Waits, now: datetime) -> datetime | None:
    """
    When to try again, after a wait that was asked for or one that grows, or None where no time is left.

    A wait that would outlast the window is cut to half of what is left, so that something is tried until shortly before
    it closes. A ward is not kept waiting for that.
    """
    if guards.is_too_late(row, now):
        return None
    if wait_s is None:
        wait_s = min(waits.retry_most, waits.retry * 2 ** min(max(row.attempts - 1, 0), 20))
    if row.send_by is not None and now + timedelta(seconds=wait_s) >= row.send_by:
        wait_s = (row.send_by - now).total_seconds() / 2
        if row.at_recording or wait_s < waits.retry:
            return None
    return now + timedelta(seconds=wait_s)


def _not_received(row: Row, outcome: Outcome, waits: Waits, now: datetime) -> Step:
    if row.state is State.UNKNOWN and row.at_recording:  # whoever says so did not get its message: never sent again
        return _unknown(row, outcome, waits, now)
    attempts = row.attempts if outcome.burns_attempt or row.state is State.CLAIMED else row.attempts - 1
    freed = replace(freed_row(row), sent_at=None, attempts=attempts, probe_count=0)
    if row.withdraw_asked_at is not None:
        return Step(end(freed, State.CANCELLED, Reason.WITHDRAWN, sentences.WITHDRAWN))
    next_at = _next_try(freed, outcome.retry_after_s, waits, now)
    if next_at is None:
        return Step(missed(freed, outcome.reason_code, outcome.status_text))
    return Step(
        replace(
            freed,
            state=State.WAITING,
            next_at=next_at,
            reason_code=outcome.reason_code,
            status_text=outcome.status_text,
        )
    )


def _unknown(row: Row, outcome: Outcome, waits: Waits, now: datetime) -> Step:
    if row.state is State.CLAIMED:
        return Step(row, Verdict.LOST_LEASE)
    delay = outcome.retry_after_s if outcome.retry_after_s is not None else waits.probe
    return Step(
        replace(
            freed_row(row),
            state=State.UNKNOWN,
            next_at=now + timedelta(seconds=delay),
            reason_code=outcome.reason_code or row.reason_code,
            status_text=_in_doubt(row, outcome),
        )
    )


ENDINGS = {
    Ending.GIVEN_BACK: _given_back,
    Ending.INVALID: _invalid,
    Ending.SKIPPED: _skipped,
    Ending.TOO_LATE: _too_late,
    Ending.PARKED: _parked,
    Ending.REJECTED: _rejected,
    Ending.NEEDS_PERSON: _needs_person,
    Ending.NOT_RECEIVED: _not_received,
    Ending.UNKNOWN: _unknown,
}
