"""What a decision on who sends is made from: rows, tables and dated rules, nothing guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


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


class Assignment(StrEnum):
    """What EESZT_USER_WORKPLACE says of an identity at a workplace, today."""

    NONE = "NONE"  # may not work there
    OTHER = "OTHER"  # in a role that is no doctor's
    DOCTOR = "DOCTOR"  # in a doctor's role, perhaps in others too


class Choice(StrEnum):
    """What a dated rule of kind ``policy`` may say."""

    PARKED = "PARKED"  # the item waits for a person
    MISSED = "MISSED"  # it ends at once
    TECHNICAL = "TECHNICAL"  # the technical user may
    REGISTERED = "REGISTERED"  # whoever is registered and logged in
    DOCTOR = "DOCTOR"  # a registered doctor, logged in


class Option(StrEnum):
    """What a dated rule decides in the table, by the rule's identifier."""

    NO_MATCH = "kuldo.megfeleltetes_nelkul"  # line 2
    NOT_ASSIGNED = "kuldo.hozzarendeles_nelkul"  # line B7
    QUERY = "lekerdezes.ki_kerdezhet"  # lines 3 and 8
    LOOKUP = "ebeutalo.ki_nezheti"  # lines 3, 10 and 11
    LOGIN_DOWN = "jelentes.bejelentkezes_uzemzavarban"  # line 13
    NO_LOGIN = "jelentes.bejelentkezes_nelkul"  # line 14
    UNREGISTERED_DOCTOR = "jelentes.nem_regisztralt_orvos"  # line 16


CHOICES: Mapping[Option, tuple[Choice, ...]] = {
    Option.NO_MATCH: (Choice.PARKED, Choice.MISSED),
    Option.NOT_ASSIGNED: (Choice.PARKED, Choice.MISSED),
    Option.QUERY: (Choice.DOCTOR, Choice.REGISTERED),
    Option.LOOKUP: (Choice.TECHNICAL, Choice.REGISTERED, Choice.DOCTOR),
    Option.LOGIN_DOWN: (Choice.TECHNICAL, Choice.PARKED),
    Option.NO_LOGIN: (Choice.PARKED, Choice.TECHNICAL),
    Option.UNREGISTERED_DOCTOR: (Choice.PARKED, Choice.TECHNICAL),
}
"""What each may say, ours first; none of them gives what only a doctor may send to the technical user."""

OURS: Mapping[Option, Choice] = {option: choices[0] for option, choices in CHOICES.items()}
"""What counts where no rule is in force."""

DOCTORS_KINDS = frozenset(
    {Kind.AT_RECORDING, Kind.WITHDRAWAL, Kind.QUERY, Kind.EPROFIL, Kind.LATE_EBEUTALO},
)
"""Kinds whose recorder must be proved: who is only asserted counts as having no session."""


@dataclass(frozen=True, slots=True)
class Facts:
    """
    Of one item, now.

    Attributes:
        kind: By the rule of the document type that is in force on the day of the recording.
        registration: Of the recorder.
        login_at_recording: ``LIVE``, ``NONE`` or ``LOGIN_DOWN``, as stored by the insert.
        session: Whether the recorder has a live session now.
        proved: Whether the row's recorder counts as proved (bound, or the outbox is trusted).
        certificate: Whether a technical user is configured.
        open: Whether the kind's window for sending is still open; the database closes it by its own clock.
        prescriber: For a withdrawal: whether the recorder is who wrote the original.
        recorder_assigned: As what the recorder's EESZT identity is assigned to the workplace.
        technical_assigned: Whether the technical user is assigned to it.
        options: What the dated rules of kind ``policy`` say on the day of the recording.
    """

    kind: Kind
    registration: Registration
    login_at_recording: str
    session: bool
    proved: bool
    certificate: bool
    open: bool = True
    prescriber: bool = True
    recorder_assigned: Assignment = Assignment.DOCTOR
    technical_assigned: bool = True
    options: Mapping[Option, Choice] = field(default_factory=lambda: OURS, hash=False)

    @property
    def for_doctors(self) -> bool:
        """Whether only a doctor may send it, by the rules of that day."""
        if self.kind is Kind.LOOKUP:
            return self.options[Option.LOOKUP] is Choice.DOCTOR
        if self.kind is Kind.QUERY:
            return self.options[Option.QUERY] is Choice.DOCTOR
        return self.kind in DOCTORS_KINDS

    @property
    def usable_session(self) -> bool:
        """Whether it may go under the recorder's session: registered, logged in, and proved where that matters."""
        registered = self.registration in {Registration.DOCTOR, Registration.OTHER}
        must_be_proved = self.for_doctors or self.kind in DOCTORS_KINDS
        return self.session and registered and (self.proved or not must_be_proved)
