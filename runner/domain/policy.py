"""
Who sends an item under whose name, or why nobody does: the decision table, first match wins.

Source: each line names its own. (T n) is the item of the vendor's partner circular of 2017-09-13; OPEN means that no
public source decides it: what the line says is our default, a dated rule that a site can change (``facts.Option``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from runner.domain import sentences
from runner.domain.facts import Assignment, Choice, Facts, Kind, Option, Recorder, Registration
from runner.domain.outcome import Ending, Outcome, Reason

__all__ = ["ASSIGNMENT", "LINES", "Decision", "Facts", "Kind", "Line", "Recorder", "Registration", "Sender", "decide"]


class Sender(StrEnum):
    """Under whose name."""

    RECORDER = "RECORDER"
    TECHNICAL = "TECHNICAL"


@dataclass(frozen=True, slots=True)
class Line:
    """
    One line of the table; an empty set or None matches everything.

    Attributes:
        number: As in the decision table.
        kinds: Kinds that it speaks of.
        source: Where it is from; contains OPEN where it is our default.
        sender: Under whose name it goes, or None.
        outcome: What becomes of an item that nobody sends, or None.
        recorders: Recorders that it speaks of.
        logins: Stored login states that it speaks of.
        session: Whether a live (and proved) session of the recorder is required or excluded.
        certificate: Whether a technical user is required or excluded.
        open: Whether the window must be open or closed.
        prescriber: Whether the recorder must or must not be the prescriber.
        rule: The dated rule that it depends on and what that must say, or None.
    """

    number: str
    kinds: frozenset[Kind]
    source: str
    sender: Sender | None = None
    outcome: Outcome | None = None
    recorders: frozenset[Registration] = frozenset()
    logins: frozenset[str] = frozenset()
    session: bool | None = None
    certificate: bool | None = None
    open: bool | None = None
    prescriber: bool | None = None
    rule: tuple[Option, Choice] | None = None

    @property
    def open_question(self) -> bool:
        """Whether no public source decides it."""
        return "OPEN" in self.source

    def speaks_of(self, facts: Facts) -> bool:
        """Whether the line speaks of these facts, whatever its dated rule says."""
        wanted = (
            (self.session, facts.usable_session),
            (self.certificate, facts.certificate),
            (self.open, facts.open),
            (self.prescriber, facts.prescriber),
        )
        return (
            facts.kind in self.kinds
            and (not self.recorders or facts.registration in self.recorders)
            and (not self.logins or facts.login_at_recording in self.logins)
            and all(want is None or want == have for want, have in wanted)
        )

    def matches(self, facts: Facts) -> bool:
        """Whether the line speaks of these facts and its dated rule says so."""
        return self.speaks_of(facts) and (self.rule is None or facts.options[self.rule[0]] is self.rule[1])


@dataclass(frozen=True, slots=True)
class Decision:
    """
    What the table said.

    Attributes:
        line: The line that decided.
        sender: Under whose name it goes; None: not now.
        outcome: What becomes of it where ``sender`` is None.
    """

    line: Line
    sender: Sender | None = None
    outcome: Outcome | None = None


_R, _W, _Q, _P, _O, _L, _E = (frozenset({kind}) for kind in Kind)
_ALL = frozenset(Kind)
_DOCTOR = frozenset({Registration.DOCTOR})
_REGISTERED = frozenset({Registration.DOCTOR, Registration.OTHER})
_DOCTORS = frozenset({Registration.DOCTOR, Registration.UNREGISTERED_DOCTOR})
_NO_DOCTORS = frozenset({Registration.OTHER, Registration.UNREGISTERED_OTHER})
_UNREGISTERED_DOCTOR = frozenset({Registration.UNREGISTERED_DOCTOR})
_NO_ROW = frozenset({Registration.NO_ROW})
_LIVE, _NONE, _DOWN = (frozenset({login}) for login in ("LIVE", "NONE", "LOGIN_DOWN"))
_RECORDER, _TECHNICAL = Sender.RECORDER, Sender.TECHNICAL


def _missed(reason: Reason, text: str) -> Outcome:
    return Outcome(Ending.TOO_LATE, reason, text)


def _parked(reason: Reason, text: str) -> Outcome:
    return Outcome(Ending.PARKED, reason, text)


def _invalid(reason: Reason, text: str) -> Outcome:
    return Outcome(Ending.INVALID, reason, text)


_NO_MATCH = "A felhasználónak nincs EESZT-megfeleltetése."
_LOGIN = sentences.LOGIN_NEEDED
_PAPER = "A papíralapú forma érvényes, később nem küldhető."
_PAPER_NO_LOGIN = "A papíralapú forma érvényes, később nem küldhető: nem volt élő EESZT-bejelentkezés."
_PRESCRIBER_LOGIN = "A felíró orvos bejelentkezése szükséges."
_LOOKUP_LOGIN = "Regisztrált felhasználó bejelentkezése szükséges."
_RECORDER_LOGIN = "A rögzítő bejelentkezése (regisztrációja) szükséges."
_REGISTER_DOCTOR = "Az orvost regisztrálni kell az EESZT-ben."
_NOT_ASSIGNED = "A munkahely nincs hozzárendelve: {what}."
_NOT_ASSIGNED_PAPER = "A munkahely nincs hozzárendelve: {what}; a papíralapú forma érvényes, később nem küldhető."

_DOCTOR_ONLY = _invalid(Reason.DOCTOR_ONLY, "Csak orvos végezheti.")
_LATE = "288/2025. Korm. r."
_OUTAGE = "T7 case 2; OPEN (LOGIN_DOWN)"
_UNREGISTERED = "T4, T6, T7 case 1"

# fmt: off
LINES: tuple[Line, ...] = (
    Line("1", _ALL - _R, "T1", open=False, outcome=_missed(Reason.WINDOW_CLOSED, sentences.WINDOW_CLOSED)),
    Line("2", _R | _Q | _L, "T5; OPEN", recorders=_NO_ROW, outcome=_missed(Reason.NO_MATCH, _NO_MATCH)),
    Line("2", _ALL, "T5; OPEN", recorders=_NO_ROW, rule=(Option.NO_MATCH, Choice.MISSED),
         outcome=_missed(Reason.NO_MATCH, _NO_MATCH)),
    Line("2", _ALL, "T5; OPEN", recorders=_NO_ROW, outcome=_parked(Reason.NO_MATCH, _NO_MATCH)),
    Line("3", _R | _W | _P | _O, "T4, T9", recorders=_NO_DOCTORS, outcome=_DOCTOR_ONLY),
    Line("3", _Q, "T1, T4 (“at present”)", recorders=_NO_DOCTORS, rule=(Option.QUERY, Choice.DOCTOR),
         outcome=_DOCTOR_ONLY),
    Line("3", _L, "T1, T7 (“at present”)", recorders=_NO_DOCTORS, rule=(Option.LOOKUP, Choice.DOCTOR),
         outcome=_DOCTOR_ONLY),
    Line("4", _R, "T9", recorders=_DOCTOR, logins=_LIVE, session=True, open=True, sender=_RECORDER),
    Line("5", _R, "T1, T9", recorders=_DOCTORS, logins=_LIVE, session=True, outcome=_missed(Reason.NO_SESSION, _PAPER)),
    Line("5", _R, "T1, T9", recorders=_DOCTORS, outcome=_missed(Reason.NO_SESSION, _PAPER_NO_LOGIN)),
    Line("6", _O, _LATE, recorders=_DOCTORS, session=True, sender=_RECORDER),
    Line("6", _O, _LATE, recorders=_DOCTORS, outcome=_parked(Reason.LOGIN, _LOGIN)),
    Line("7a", _W, "T9", prescriber=False,
         outcome=_invalid(Reason.PRESCRIBER_ONLY, sentences.PRESCRIBER_ONLY)),
    Line("7", _W, "T9; OPEN (how long)", session=True, sender=_RECORDER),
    Line("7", _W, "T9; OPEN (how long)", outcome=_parked(Reason.LOGIN, _PRESCRIBER_LOGIN)),
    Line("8", _Q, "T4, T9", session=True, sender=_RECORDER),
    Line("8", _Q, "T4, T9", outcome=_missed(Reason.LOGIN, _LOGIN)),
    Line("9", _P, "T4; OPEN (how long)", session=True, sender=_RECORDER),
    Line("9", _P, "T4; OPEN (how long)", outcome=_parked(Reason.LOGIN, _LOGIN)),
    Line("10", _L, "T7", recorders=_REGISTERED, session=True, sender=_RECORDER),
    Line("11", _L, "T7 implied; OPEN", certificate=True, rule=(Option.LOOKUP, Choice.TECHNICAL), sender=_TECHNICAL),
    Line("11", _L, "T7 implied; OPEN", outcome=_missed(Reason.LOGIN, _LOOKUP_LOGIN)),
    Line("12", _E, "T7 case 2", recorders=_REGISTERED, session=True, sender=_RECORDER),
    Line("13", _E, "T7 case 2", recorders=_REGISTERED, logins=_LIVE, certificate=True, sender=_TECHNICAL),
    Line("13", _E, _OUTAGE, recorders=_REGISTERED, logins=_DOWN, certificate=True,
         rule=(Option.LOGIN_DOWN, Choice.TECHNICAL), sender=_TECHNICAL),
    Line("13", _E, _OUTAGE, recorders=_REGISTERED, logins=_DOWN, certificate=True,
         outcome=_parked(Reason.LOGIN, _LOGIN)),
    Line("14", _E, "T2, T6; OPEN", recorders=_REGISTERED, logins=_NONE, certificate=True,
         rule=(Option.NO_LOGIN, Choice.TECHNICAL), sender=_TECHNICAL),
    Line("14", _E, "T2, T6; OPEN", recorders=_REGISTERED, logins=_NONE, certificate=True,
         outcome=_parked(Reason.LOGIN, _LOGIN)),
    Line("15", _E, "T7", certificate=False, outcome=_parked(Reason.LOGIN, _RECORDER_LOGIN)),
    Line("16", _E, f"{_UNREGISTERED}; OPEN (doctors)", recorders=_UNREGISTERED_DOCTOR,
         rule=(Option.UNREGISTERED_DOCTOR, Choice.PARKED),
         outcome=_parked(Reason.NOT_REGISTERED, _REGISTER_DOCTOR)),
    Line("16", _E, f"{_UNREGISTERED}; OPEN (doctors)", recorders=_UNREGISTERED_DOCTOR, sender=_TECHNICAL),
    Line("16", _E, _UNREGISTERED, sender=_TECHNICAL),
)

ASSIGNMENT: tuple[Line, ...] = (
    Line("B7", _R, "T1, T5, T7, T9", outcome=_missed(Reason.NOT_ASSIGNED, _NOT_ASSIGNED_PAPER)),
    Line("B7", _Q | _L, "T5, T7; OPEN (which state)", outcome=_missed(Reason.NOT_ASSIGNED, _NOT_ASSIGNED)),
    Line("B7", _ALL, "T5, T7; OPEN (which state)", rule=(Option.NOT_ASSIGNED, Choice.MISSED),
         outcome=_missed(Reason.NOT_ASSIGNED, _NOT_ASSIGNED)),
    Line("B7", _ALL, "T5, T7; OPEN (which state)", outcome=_parked(Reason.NOT_ASSIGNED, _NOT_ASSIGNED)),
)
# fmt: on
"""Asked after a line chose a sender who may not work at the workplace; he is never exchanged for another."""


def decide(facts: Facts, workplace: str) -> Decision:
    """
    Give the first line that speaks of the facts, and what it says.

    Args:
        facts: Of the item, now.
        workplace: Named in the sentence where the sender is not assigned to it.
    """
    line = next(line for line in LINES if line.matches(facts))
    missing = _missing(facts, line.sender)
    if missing is None:
        return Decision(line, line.sender, line.outcome)
    refusal = next(line for line in ASSIGNMENT if line.matches(facts))
    assert refusal.outcome is not None
    text = (refusal.outcome.status_text or "").format(what=f"{workplace}{missing}")
    return Decision(refusal, None, replace(refusal.outcome, status_text=text))


def _missing(facts: Facts, sender: Sender | None) -> str | None:
    """Say what the sender lacks at the workplace, None: nothing; what only a doctor may send needs a doctor's role."""
    if sender is Sender.TECHNICAL and not facts.technical_assigned:
        return " (technikai felhasználó)"
    if sender is Sender.RECORDER and facts.recorder_assigned is Assignment.NONE:
        return ""
    if sender is Sender.RECORDER and facts.for_doctors and facts.recorder_assigned is not Assignment.DOCTOR:
        return " (orvosi szerepkör)"
    return None


def rules_asked(decision: Decision, facts: Facts) -> tuple[Option, ...]:
    """Give the dated rules that a decision depends on: those of its line, and of lines before it that spoke too."""
    asked = list(_BY_KIND.get(facts.kind, ()))
    for table in (LINES, ASSIGNMENT) if decision.line in ASSIGNMENT else (LINES,):
        for line in table:
            if line.rule is not None and line.speaks_of(facts):
                asked.append(line.rule[0])
            if line.matches(facts):
                break
    return tuple(dict.fromkeys(asked))


_BY_KIND = {Kind.QUERY: (Option.QUERY,), Kind.LOOKUP: (Option.LOOKUP,)}
"""Rules that also say whether a doctor's role and a proved recorder are needed."""
