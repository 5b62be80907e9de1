"""The decision table in words, for pages and for people who read what was decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.domain.facts import Choice, Kind, Option, Registration
from runner.domain.outcome import Ending
from runner.domain.policy import ASSIGNMENT, LINES, Line, Sender

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS: Mapping[Kind, str] = {
    Kind.AT_RECORDING: "eRecept or eBeutaló, written",
    Kind.WITHDRAWAL: "withdrawal of one",
    Kind.QUERY: "doctor's query: events, documents, prescriptions, profile",
    Kind.EPROFIL: "eProfil, written",
    Kind.LATE_EBEUTALO: "eBeutaló recorded after an outage",
    Kind.LOOKUP: "eBeutaló look-up",
    Kind.REPORT: "event or document",
}
RECORDERS: Mapping[Registration, str] = {
    Registration.DOCTOR: "registered doctor",
    Registration.OTHER: "registered, no doctor",
    Registration.UNREGISTERED_DOCTOR: "doctor, deliberately not registered",
    Registration.UNREGISTERED_OTHER: "no doctor, deliberately not registered",
    Registration.NO_ROW: "no row in EESZT_USER_MAP",
}
OPTIONS: Mapping[Option, str] = {
    Option.NO_MATCH: "recorder without a row in EESZT_USER_MAP; W, P, O, E",
    Option.NOT_ASSIGNED: "the sender is not assigned to the workplace; W, P, O, E",
    Option.QUERY: "who may query events, documents, prescriptions, profile",
    Option.LOOKUP: "who may look an eBeutaló up",
    Option.LOGIN_DOWN: "event or document, recorder gone, who could not log in when he recorded",
    Option.NO_LOGIN: "event or document, recorder who did not log in although he could have",
    Option.UNREGISTERED_DOCTOR: "event or document of a doctor who is deliberately not registered",
}
CHOSEN: Mapping[Choice, str] = {
    Choice.PARKED: "`PARKED`: it waits",
    Choice.MISSED: "`MISSED`: it ends",
    Choice.TECHNICAL: "`TECHNICAL`: the technical user may",
    Choice.REGISTERED: "`REGISTERED`: whoever is registered and logged in",
    Choice.DOCTOR: "`DOCTOR`: a doctor, logged in",
}
SENDERS: Mapping[Sender, str] = {Sender.RECORDER: "the recorder", Sender.TECHNICAL: "the technical user"}
ENDINGS: Mapping[Ending, str] = {Ending.TOO_LATE: "MISSED", Ending.PARKED: "PARKED", Ending.INVALID: "INVALID"}

_NOBODY = "he who would send may not work at the workplace"


def line_of(number: str, kind: Kind | None, ending: str | None, reason: str | None, *, sent: bool) -> Line | None:
    """
    Give the line that a stored decision names; of several under one number the one that led to this end.

    Args:
        number: As stored.
        kind: Of the document type; None where it is not known any more.
        ending: How the try ended that was not sent, an ``Ending``.
        reason: Reason code of what was not sent.
        sent: Whether the line chose a sender, even if a rule then stopped the item.
    """
    same = [line for line in (*LINES, *ASSIGNMENT) if line.number == number and (kind is None or kind in line.kinds)]
    ends = [line for line in same if line.outcome is not None and line.outcome.reason_code == reason]
    ended = [line for line in ends if line.outcome is not None and line.outcome.ending == ending] or ends
    chose = [line for line in same if line.sender is not None]
    return next(iter(chose if sent else ended), next(iter(same), None))


def result(line: Line) -> str:
    """Say who sends by a line, or what becomes of the item."""
    if line.outcome is None:
        return f"{SENDERS[line.sender or Sender.RECORDER]} sends"
    return ENDINGS[line.outcome.ending]


def statement(line: Line, kind: Kind) -> str:
    """Say a line in one sentence, as far as it speaks of this kind."""
    asked = {
        "window": None if line.open is None else ("open" if line.open else "closed"),
        "recorder": " / ".join(RECORDERS[each] for each in Registration if each in line.recorders),
        "login at recording": " or ".join(each for each in ("LIVE", "NONE", "LOGIN_DOWN") if each in line.logins),
        "logged in now": None if line.session is None else ("yes" if line.session else "no"),
        "technical user": None if line.certificate is None else ("yes" if line.certificate else "none"),
        "prescriber": None if line.prescriber is None else ("himself" if line.prescriber else "another"),
        "rule": f"{line.rule[0]} says {line.rule[1]}" if line.rule else None,
    }
    said = [f"{name}: {value}" for name, value in asked.items() if value]
    if line in ASSIGNMENT:
        said.insert(0, _NOBODY)
    return "; ".join([KINDS[kind], *said]) + f" → {result(line)}"
