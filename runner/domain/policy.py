"""
Who sends an item under whose name, or why nobody does: the decision table, first match wins.

Source: each line names its own. (T n) is the item of the vendor's partner circular of 2017-09-13; OPEN means that no
public source decides it and the line is our default.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from runner.domain import sentences
from runner.domain.outcome import Ending, Outcome, Reason


class Kind(StrEnum):
    """What an item is to the law."""

    AT_RECORDING = "R"  # eRecept or eBeutaló write
    WITHDRAWAL = "W"  # withdrawal of one
    QUERY = "Q"  # doctor's query: events, documents, prescriptions, profile
    EPROFIL = "P"  # eProfil write
    LATE_EBEUTALO = "O"  # eBeutaló recorded after an outage
    LOOKUP = "L"  # eBeutaló look-up
    REPORT = "E"  # event or document


class Registration(StrEnum):
    """What EESZT_USER_MAP says of a HIS user."""

    DOCTOR = "DOCTOR"  # registered, a doctor
    OTHER = "OTHER"  # registered, no doctor
    UNREGISTERED_DOCTOR = "UNREGISTERED_DOCTOR"  # deliberately not registered, a doctor
    UNREGISTERED_OTHER = "UNREGISTERED_OTHER"  # deliberately not registered, no doctor
    NO_ROW = "NO_ROW"  # nobody has matched this user


@dataclass(frozen=True, slots=True)
class Recorder:
    """
    Who recorded an item.

    Attributes:
        his_user: As the HIS knows him.
        registration: As the EESZT knows him.
        eeszt_user: His EESZT user name; None where he is not registered.
    """

    his_user: str
    registration: Registration
    eeszt_user: str | None = None


class Sender(StrEnum):
    """Under whose name."""

    RECORDER = "RECORDER"
    TECHNICAL = "TECHNICAL"


@dataclass(frozen=True, slots=True)
class Facts:
    """
    What a decision is made from: rows and tables, nothing guessed.

    Attributes:
        kind: Of the document type.
        registration: Of the recorder.
        login_at_recording: ``LIVE``, ``NONE`` or ``LOGIN_DOWN``, as stored by the insert.
        session: Whether the recorder has a live session now.
        proved: Whether the row's recorder counts as proved (bound, or the outbox is trusted).
        certificate: Whether a technical user is configured.
        open: Whether the kind's window for sending is still open.
        prescriber: For a withdrawal: whether the recorder is who wrote the original.
        recorder_assigned: Whether the recorder's EESZT identity is assigned to the workplace.
        technical_assigned: The same for the technical user.
    """

    kind: Kind
    registration: Registration
    login_at_recording: str
    session: bool
    proved: bool
    certificate: bool
    open: bool = True
    prescriber: bool = True
    recorder_assigned: bool = True
    technical_assigned: bool = True


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

    def matches(self, facts: Facts, *, session: bool) -> bool:
        """Whether the line speaks of these facts; ``session`` is the recorder's usable session."""
        wanted = (
            (self.session, session),
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
_REGISTERED = frozenset({Registration.DOCTOR, Registration.OTHER})
_DOCTORS = frozenset({Registration.DOCTOR, Registration.UNREGISTERED_DOCTOR})
_NO_DOCTORS = frozenset({Registration.OTHER, Registration.UNREGISTERED_OTHER})
_NO_ROW = frozenset({Registration.NO_ROW})

PROOF_NEEDED = _R | _W | _Q | _P | _O
"""Kinds for which a recorder who is only asserted counts as having no session."""


def _missed(reason: Reason, text: str) -> Outcome:
    return Outcome(Ending.TOO_LATE, reason, text)


def _parked(reason: Reason, text: str) -> Outcome:
    return Outcome(Ending.PARKED, reason, text)


def _invalid(reason: Reason, text: str) -> Outcome:
    return Outcome(Ending.INVALID, reason, text)


_NO_MATCH = "A felhasználónak nincs EESZT-megfeleltetése."
_LOGIN = sentences.LOGIN_NEEDED
_PAPER = "A papíralapú forma érvényes, később nem küldhető."
_PRESCRIBER_LOGIN = "A felíró orvos bejelentkezése szükséges."
_LOOKUP_LOGIN = "Regisztrált felhasználó bejelentkezése szükséges."
_RECORDER_LOGIN = "A rögzítő bejelentkezése (regisztrációja) szükséges."
_REGISTER_DOCTOR = "Az orvost regisztrálni kell az EESZT-ben."

LINES: tuple[Line, ...] = (
    Line("1", _ALL - _R, "T1", open=False, outcome=_missed(Reason.WINDOW_CLOSED, sentences.WINDOW_CLOSED)),
    Line("2", _R | _Q | _L, "T5; OPEN", recorders=_NO_ROW, outcome=_missed(Reason.NO_MATCH, _NO_MATCH)),
    Line("2", _ALL, "T5; OPEN", recorders=_NO_ROW, outcome=_parked(Reason.NO_MATCH, _NO_MATCH)),
    Line(
        "3",
        PROOF_NEEDED,
        "T4, T9",
        recorders=_NO_DOCTORS,
        outcome=_invalid(Reason.DOCTOR_ONLY, "Csak orvos végezheti."),
    ),
    Line(
        "4",
        _R,
        "T9",
        recorders=frozenset({Registration.DOCTOR}),
        logins=frozenset({"LIVE"}),
        session=True,
        open=True,
        sender=Sender.RECORDER,
    ),
    Line("5", _R, "T1, T9", recorders=_DOCTORS, outcome=_missed(Reason.NO_SESSION, _PAPER)),
    Line("6", _O, "288/2025. Korm. r.", recorders=_DOCTORS, session=True, sender=Sender.RECORDER),
    Line("6", _O, "288/2025. Korm. r.", recorders=_DOCTORS, outcome=_parked(Reason.LOGIN, _LOGIN)),
    Line(
        "7a",
        _W,
        "T9",
        prescriber=False,
        outcome=_invalid(Reason.PRESCRIBER_ONLY, sentences.PRESCRIBER_ONLY),
    ),
    Line("7", _W, "T9; OPEN (how long)", session=True, sender=Sender.RECORDER),
    Line("7", _W, "T9; OPEN (how long)", outcome=_parked(Reason.LOGIN, _PRESCRIBER_LOGIN)),
    Line("8", _Q, "T4, T9", session=True, sender=Sender.RECORDER),
    Line("8", _Q, "T4, T9", outcome=_missed(Reason.LOGIN, _LOGIN)),
    Line("9", _P, "T4; OPEN (how long)", session=True, sender=Sender.RECORDER),
    Line("9", _P, "T4; OPEN (how long)", outcome=_parked(Reason.LOGIN, _LOGIN)),
    Line("10", _L, "T7", recorders=_REGISTERED, session=True, sender=Sender.RECORDER),
    Line("11", _L, "T7 implied; OPEN", certificate=True, sender=Sender.TECHNICAL),
    Line("11", _L, "T7 implied; OPEN", outcome=_missed(Reason.LOGIN, _LOOKUP_LOGIN)),
    Line("12", _E, "T7 case 2", recorders=_REGISTERED, session=True, sender=Sender.RECORDER),
    Line(
        "13",
        _E,
        "T7 case 2; OPEN (LOGIN_DOWN)",
        recorders=_REGISTERED,
        logins=frozenset({"LIVE", "LOGIN_DOWN"}),
        certificate=True,
        sender=Sender.TECHNICAL,
    ),
    Line("14", _E, "T2, T6; OPEN", recorders=_REGISTERED, certificate=True, outcome=_parked(Reason.LOGIN, _LOGIN)),
    Line("15", _E, "T7", certificate=False, outcome=_parked(Reason.LOGIN, _RECORDER_LOGIN)),
    Line(
        "16",
        _E,
        "T4, T6, T7 case 1; OPEN (doctors)",
        recorders=frozenset({Registration.UNREGISTERED_DOCTOR}),
        outcome=_parked(Reason.NOT_REGISTERED, _REGISTER_DOCTOR),
    ),
    Line("16", _E, "T4, T6, T7 case 1", sender=Sender.TECHNICAL),
)

NOT_ASSIGNED = Line("B7", _ALL, "T5, T7; OPEN (which state)")
"""The identity that the table chose may not work at the workplace; it is never exchanged for another."""


def decide(facts: Facts, workplace: str) -> Decision:
    """
    Give the first line that speaks of the facts, and what it says.

    Args:
        facts: Of the item, now.
        workplace: Named in the sentence where the sender is not assigned to it.
    """
    is_proved = facts.proved or facts.kind not in PROOF_NEEDED
    session = facts.session and is_proved and facts.registration in _REGISTERED
    line = next(line for line in LINES if line.matches(facts, session=session))
    assigned = facts.recorder_assigned if line.sender is Sender.RECORDER else facts.technical_assigned
    if line.sender is None or assigned:
        return Decision(line, line.sender, line.outcome)
    text = f"A munkahely nincs hozzárendelve: {workplace}."
    missed = facts.kind in _R | _Q | _L
    outcome = (_missed if missed else _parked)(Reason.NOT_ASSIGNED, text)
    return Decision(NOT_ASSIGNED, None, outcome)
