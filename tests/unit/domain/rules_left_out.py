"""
Each rule of the delivery protocol, left out: what breaks without it.

A rule is either a guard of ``runner.domain.guards``, replaced here by a careless one, or something that the runner or
the EESZT holds to outside the domain, which is a switch of the exploration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from exploration import Exploration, Found
from worlds import KINDS

from runner.domain import guards
from runner.domain.outbox import Row, State, WardAnswer

HOLDS = guards.holds

SENT_TWICE = "sent again although perhaps received"
UNKNOWN_DOCUMENT = "a document that nobody knows of"
NOT_OURS = "sent what is not ours"
TOO_LATE = "sent after send_by"


@dataclass(frozen=True)
class LeftOut:
    """
    One rule and the harm without it.

    Attributes:
        says: The rule, one sentence.
        harm: Kind of item → what the exploration finds without the rule.
        careless: Guard → what stands in its place.
        switches: Switches of the exploration.
    """

    says: str
    harm: Mapping[str, str]
    careless: Mapping[str, Callable[..., object]] = field(default_factory=dict)
    switches: frozenset[str] = frozenset()

    def explore(self, kind: str) -> Found:
        """Explore one kind of item without the rule."""
        with replaced(self.careless):
            return Exploration(KINDS[kind], self.switches).walk()


@contextmanager
def replaced(careless: Mapping[str, object]) -> Iterator[None]:
    """Put other guards in place for a while."""
    real = {name: getattr(guards, name) for name in careless}
    try:
        for name, guard in careless.items():
            setattr(guards, name, guard)
        yield
    finally:
        for name, guard in real.items():
            setattr(guards, name, guard)


def _is_past_send_by(row: Row, now: datetime) -> bool:
    return row.send_by is not None and now >= row.send_by


def _is_in_time(row: Row, now: datetime) -> bool:
    return row.answer_by is not None and now < row.answer_by


def _waits(row: Row) -> bool:
    return row.ward_answer is WardAnswer.WAIT


GUARDS: dict[str, LeftOut] = {
    "may_claim": LeftOut(
        "Only what is due is claimed.",
        {"recept": "MISSED → CLAIMED is no transition", "esemeny": "CANCELLED → CLAIMED is no transition"},
        {"may_claim": lambda row, now: True},
    ),
    "may_permit": LeftOut(
        "Bytes may leave only after a permit: ours, not taken back, the ward not sent to paper, in time.",
        {"recept": TOO_LATE, "esemeny": TOO_LATE},
        {"may_permit": lambda row, token, now: True},
    ),
    "holds": LeftOut(
        "Who has lost his claim has lost the right to send.",
        {"recept": NOT_OURS, "esemeny": NOT_OURS},
        {"holds": lambda row, token, *states: row.state in states},
    ),
    "is_too_late: send_by": LeftOut(
        "No byte leaves after send_by.",
        {"recept": TOO_LATE, "esemeny": TOO_LATE},
        {"is_too_late": lambda row, now: row.ward_answer is WardAnswer.PAPER},
    ),
    "is_too_late: paper": LeftOut(
        "No byte leaves after the ward was told to use paper.",
        {"recept": "sent after the ward was told to use paper"},
        {"is_too_late": _is_past_send_by},
    ),
    "state_after_death": LeftOut(
        "What was permitted and whose daemon died is UNKNOWN, never NEW.",
        {"recept": SENT_TWICE, "esemeny": UNKNOWN_DOCUMENT},
        {"state_after_death": lambda row: State.NEW},
        frozenset({"table"}),
    ),
    "may_send_again: at recording": LeftOut(
        "What a ward waits for is never sent again once it may have been received.",
        {"recept": SENT_TWICE},
        {"may_send_again": lambda row: row.withdraw_asked_at is None},
    ),
    "absence_is_believed: at all": LeftOut(
        "One probe that does not find it proves nothing.",
        {"recept": UNKNOWN_DOCUMENT, "esemeny": UNKNOWN_DOCUMENT},
        {"absence_is_believed": lambda row, probes, now, settle_s: True},
    ),
    "absence_is_believed: twice": LeftOut(
        "Two probes since it settled: one may have been asked before the message came and answered after.",
        {"recept": UNKNOWN_DOCUMENT, "esemeny": UNKNOWN_DOCUMENT},
        {"absence_is_believed": lambda row, probes, now, settle_s: guards.is_settled(row, now, settle_s)},
    ),
    "is_settled: expiry": LeftOut(
        "Absence is believed only of a message that has expired.",
        {"recept": UNKNOWN_DOCUMENT, "esemeny": UNKNOWN_DOCUMENT},
        {"is_settled": lambda row, now, settle_s: True},
    ),
    "is_settled: settle time": LeftOut(
        "After the expiry, what came in at the last moment has time to show in queries.",
        {"recept": UNKNOWN_DOCUMENT, "esemeny": UNKNOWN_DOCUMENT},
        {"is_settled": lambda row, now, settle_s: row.expires_at is not None and now >= row.expires_at},
    ),
    "may_print: once": LeftOut(
        "A ward that was told to use paper is never shown a bar code.",
        {"recept": "the ward was told both"},
        {"may_print": lambda row, now: True},
    ),
    "may_print: in time": LeftOut(
        "A bar code is shown only before answer_by.",
        {"recept": "a bar code shown after answer_by"},
        {"may_print": lambda row, now: _waits(row) and row.withdraw_asked_at is None},
    ),
    "may_print: not taken back": LeftOut(
        "No bar code is shown of what the HIS took back.",
        {"recept": "a bar code shown of what the HIS took back"},
        {"may_print": lambda row, now: _waits(row) and _is_in_time(row, now)},
    ),
    "owes_withdrawal: paper": LeftOut(
        "What is accepted after paper was given is withdrawn.",
        {"recept": "valid on paper and electronically"},
        {"owes_withdrawal": lambda row: row.compensation is None and row.withdraw_asked_at is not None},
    ),
    "owes_withdrawal: taken back": LeftOut(
        "What is accepted after the HIS took it back is withdrawn.",
        {"esemeny": "withdrawn by the HIS and still valid"},
        {"owes_withdrawal": lambda row: row.compensation is None and row.ward_answer is WardAnswer.PAPER},
    ),
    "evidence_counts": LeftOut(
        "A verified acceptance counts whoever holds the row.",
        {"recept": "a true answer was thrown away", "esemeny": "a true answer was thrown away"},
        {"evidence_counts": lambda row, token: HOLDS(row, token, State.SENDING, State.UNKNOWN)},
    ),
    "probe_is_due": LeftOut(
        "What is UNKNOWN is asked after until it is known.",
        {"recept": "left in UNKNOWN", "esemeny": "left in UNKNOWN", "nyitott_esemeny": "left in UNKNOWN"},
        {"probe_is_due": lambda row, now: False},
    ),
}
"""Guard, or guard and part of it → what happens without it."""

AROUND: dict[str, LeftOut] = {
    "permit before send": LeftOut(
        "State and bytes are stored and committed before the first byte leaves.",
        {"recept": SENT_TWICE, "esemeny": UNKNOWN_DOCUMENT},
        switches=frozenset({"permit before send"}),
    ),
    "predecessor first": LeftOut(
        "An item that needs its predecessor accepted is not claimed before.",
        {"recept": "sent before its predecessor was accepted", "esemeny": "sent before its predecessor was accepted"},
        switches=frozenset({"predecessor first"}),
    ),
    "client never repeats": LeftOut(
        "The HTTP client never sends a request again by itself.",
        {"recept": SENT_TWICE, "esemeny": "two documents"},
        switches=frozenset({"client never repeats"}),
    ),
}
"""What the parts around the domain hold to: store, daemon, HTTP client."""

ASSUMED: dict[str, LeftOut] = {
    "messages expire": LeftOut(
        "The EESZT takes no message after the expiry that the message itself carries.",
        {"recept": UNKNOWN_DOCUMENT, "esemeny": UNKNOWN_DOCUMENT},
        switches=frozenset({"messages expire"}),
    ),
    "refusals are true": LeftOut(
        "A verified fault that a mapping lists as `retry`, `needs_person` or `rejected` means that nothing was taken.",
        {"recept": UNKNOWN_DOCUMENT, "esemeny": UNKNOWN_DOCUMENT},
        switches=frozenset({"refusals are true"}),
    ),
    "the query is complete": LeftOut(
        "The query that asks after an item shows, after the settle time, all that was taken.",
        {"recept": UNKNOWN_DOCUMENT, "esemeny": UNKNOWN_DOCUMENT},
        switches=frozenset({"the query is complete"}),
    ),
}
"""What the EESZT holds to. None of it is stated in public; a site asks the operator, and the default is careful."""

RULES: dict[str, LeftOut] = GUARDS | AROUND | ASSUMED
"""All of them."""


@cache
def explored(name: str, kind: str) -> Found:
    """Explore one kind of item without a rule, once per run of the tests."""
    return RULES[name].explore(kind)
