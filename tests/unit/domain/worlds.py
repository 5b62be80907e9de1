"""
What a world of the exploration is made of: a row, two daemons, the wire, the EESZT, and as much time as rules can see.

Instants are real datetimes, but only as many as the rules can tell apart: before ``send_by``, before ``answer_by``,
after it; a message fresh, just expired, or settled. What cannot be told apart is one world: tokens are renamed by age,
daemons are interchangeable, a message that is lost is one that nobody takes before it expires, and a refusal is noted
when it is given (a daemon that notes it later has lost its lease, which is as if it had died).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from runner.domain import guards
from runner.domain.outbox import Row, Waits, WardAnswer
from runner.domain.outcome import Ending, Outcome, Reason


def _year(year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=UTC)


LONG_AGO, LATELY, FAR_OFF = _year(2000), _year(2025), _year(2100)
SEND_BY, ANSWER_BY = _year(2027), _year(2029)
NOW = (_year(2026), _year(2028), _year(2030))
TEN_YEARS = 10 * 365 * 86400.0
WAITS = Waits(retry=0, retry_most=0, probe=0, probe_most=0, settle=TEN_YEARS, give_up=TEN_YEARS, follow_up=0)

RECEPT = Row(1, ward_answer=WardAnswer.WAIT, next_at=LONG_AGO, send_by=SEND_BY, answer_by=ANSWER_BY)
ESEMENY = Row(1, next_at=LONG_AGO, send_by=SEND_BY)
NYITOTT_ESEMENY = Row(1, next_at=LONG_AGO)
LEKERDEZES = Row(2, next_at=LONG_AGO, send_by=SEND_BY)
KINDS = {
    "recept": RECEPT,  # at recording: a ward waits
    "esemeny": ESEMENY,  # may go up later, within a window
    "nyitott_esemeny": NYITOTT_ESEMENY,  # the same without a window
    "lekerdezes": LEKERDEZES,  # makes no document and is simply asked again
}

OUTCOMES = {
    "accepted": Outcome(Ending.ACCEPTED, receipt={"eeszt_id": "E"}),
    "rejected": Outcome(Ending.REJECTED, "R"),
    "not received": Outcome(Ending.NOT_RECEIVED, "R"),
    "not received, come back in a century": Outcome(Ending.NOT_RECEIVED, "R", retry_after_s=10 * TEN_YEARS),
    "a person is needed": Outcome(Ending.NEEDS_PERSON, "R"),
    "no answer": Outcome(Ending.UNKNOWN, Reason.LOST_ANSWER),
    "an answer that nobody can read": Outcome(Ending.UNKNOWN, Reason.UNKNOWN_ANSWER),
    "invalid": Outcome(Ending.INVALID, Reason.BAD_FIELD),
    "skipped": Outcome(Ending.SKIPPED, Reason.RULE),
    "too late": Outcome(Ending.TOO_LATE, Reason.NO_SESSION),
    "no login": Outcome(Ending.PARKED, Reason.LOGIN),
    "given back": Outcome(Ending.GIVEN_BACK),
    "absent": Outcome(Ending.ABSENT, Reason.LOST_ANSWER),
    "no answer to a probe": Outcome(Ending.NO_ANSWER, Reason.LOST_ANSWER),
    "no login for a probe": Outcome(Ending.NO_ANSWER, Reason.LOGIN),
    "several found": Outcome(Ending.PARKED, Reason.SEVERAL),
}
BEFORE_SENDING = ("invalid", "skipped", "too late", "no login", "not received", "given back")
REFUSALS = ("rejected", "not received", "not received, come back in a century", "a person is needed")
UNCLEAR_PROBES = ("no answer to a probe", "no login for a probe", "several found", "given back")


class Daemon(NamedTuple):
    """One worker: idle → claimed → permitted → waiting → answered, or idle → probing → probed."""

    step: str = "idle"
    token: int = 0
    heard: str = ""  # what came back, or that what it sent has expired


IDLE = Daemon()


class World(NamedTuple):
    """The row, the daemons, what is on the wire, what the EESZT has."""

    row: int  # place in Exploration.rows
    phase: int = 0
    daemons: tuple[Daemon, ...] = (IDLE, IDLE)
    fresh: tuple[tuple[int, datetime], ...] = ()  # claim token and expiry of messages that have not expired
    wire: tuple[int, ...] = ()  # claim tokens of messages on their way
    documents: int = 0
    unseen: bool = False  # the EESZT's index does not show the newest document yet
    withdrawal: bool = False  # an item that withdraws ours is alive
    predecessor: str = "OPEN"
    perhaps: bool = False  # bytes left, and nobody was told that they were not received
    fault: str = ""  # a step that must never be taken was taken


def canonical(row: Row, now: datetime) -> Row:
    """The row with its instants and counts put into the few classes that the rules can tell apart."""
    expires_at = row.expires_at
    if expires_at is not None and expires_at <= now:
        expires_at = LATELY if (now - expires_at).total_seconds() < TEN_YEARS else LONG_AGO
    kept = {Reason.ABSENT, Reason.UNKNOWN_ANSWER} if guards.UNREADABLE_ROUNDS == 1 else {Reason.ABSENT}
    return replace(
        row,
        lease_until=row.lease_until and FAR_OFF,
        next_at=row.next_at and LONG_AGO,
        sent_at=row.sent_at and LATELY,
        expires_at=expires_at,
        withdraw_asked_at=row.withdraw_asked_at and LATELY,
        attempts=min(row.attempts, 1) if guards.UNREADABLE_ROUNDS == 1 else 0,
        probe_count=min(row.probe_count, guards.ABSENT_PROBES),
        rescue_count=min(row.rescue_count, guards.POISON_AFTER + 1) if guards.POISON_AFTER < 1 else 0,
        reason_code=row.reason_code if row.reason_code in kept else None,
        status_text=None,
    )
