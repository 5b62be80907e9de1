"""
The decision table said a second time, kind by kind and in plain conditions, to judge the table of the code.

Written from the table's text and not from the code: it shares the facts' names with it and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from runner.domain.facts import Assignment, Choice, Facts, Kind, Option, Registration


class Said(NamedTuple):
    """Line, who sends or what becomes of it, reason code and sentence."""

    line: str
    what: str
    reason: str | None = None
    sentence: str | None = None


@dataclass(frozen=True)
class Who:
    """The recorder, as the table speaks of him."""

    doctor: bool
    registered: bool


PEOPLE: Mapping[Registration, Who] = {
    Registration.DOCTOR: Who(doctor=True, registered=True),
    Registration.OTHER: Who(doctor=False, registered=True),
    Registration.UNREGISTERED_DOCTOR: Who(doctor=True, registered=False),
    Registration.UNREGISTERED_OTHER: Who(doctor=False, registered=False),
}

LOGIN_NEEDED = "EESZT-bejelentkezés szükséges."
DOCTOR_ONLY = Said("3", "INVALID", "DOCTOR_ONLY", "Csak orvos végezheti.")


def prescription(facts: Facts, who: Who) -> Said:
    if not who.doctor:
        return DOCTOR_ONLY
    in_time = facts.open and facts.login_at_recording == "LIVE"
    if in_time and who.registered and facts.session and facts.proved:
        return Said("4", "RECORDER")
    paper = "A papíralapú forma érvényes, később nem küldhető"
    too_late = facts.login_at_recording == "LIVE" and who.registered and facts.session and facts.proved
    why = "" if too_late else ": nem volt élő EESZT-bejelentkezés"
    return Said("5", "MISSED", "NO_SESSION", f"{paper}{why}.")


def withdrawal(facts: Facts, who: Who) -> Said:
    if not who.doctor:
        return DOCTOR_ONLY
    if not facts.prescriber:
        return Said("7a", "INVALID", "PRESCRIBER_ONLY", "Csak a felíró orvos vonhatja vissza.")
    if who.registered and facts.session and facts.proved:
        return Said("7", "RECORDER")
    return Said("7", "PARKED", "LOGIN", "A felíró orvos bejelentkezése szükséges.")


def question(facts: Facts, who: Who) -> Said:
    if not who.doctor and facts.options[Option.QUERY] is Choice.DOCTOR:
        return DOCTOR_ONLY
    if who.registered and facts.session and facts.proved:
        return Said("8", "RECORDER")
    return Said("8", "MISSED", "LOGIN", LOGIN_NEEDED)


def waits_for_its_doctor(line: str) -> Callable[[Facts, Who], Said]:
    def said(facts: Facts, who: Who) -> Said:
        if not who.doctor:
            return DOCTOR_ONLY
        if who.registered and facts.session and facts.proved:
            return Said(line, "RECORDER")
        return Said(line, "PARKED", "LOGIN", LOGIN_NEEDED)

    return said


def lookup(facts: Facts, who: Who) -> Said:
    allowed = facts.options[Option.LOOKUP]
    if allowed is Choice.DOCTOR and not who.doctor:
        return DOCTOR_ONLY
    if who.registered and facts.session and (facts.proved or allowed is not Choice.DOCTOR):
        return Said("10", "RECORDER")
    if facts.certificate and allowed is Choice.TECHNICAL:
        return Said("11", "TECHNICAL")
    return Said("11", "MISSED", "LOGIN", "Regisztrált felhasználó bejelentkezése szükséges.")


def report(facts: Facts, who: Who) -> Said:
    if who.registered and facts.session:
        return Said("12", "RECORDER")
    if not facts.certificate:
        return Said("15", "PARKED", "LOGIN", "A rögzítő bejelentkezése (regisztrációja) szükséges.")
    if not who.registered:
        if who.doctor and facts.options[Option.UNREGISTERED_DOCTOR] is not Choice.TECHNICAL:
            return Said("16", "PARKED", "NOT_REGISTERED", "Az orvost regisztrálni kell az EESZT-ben.")
        return Said("16", "TECHNICAL")
    technical = {
        "LIVE": True,
        "LOGIN_DOWN": facts.options[Option.LOGIN_DOWN] is Choice.TECHNICAL,
        "NONE": facts.options[Option.NO_LOGIN] is Choice.TECHNICAL,
    }
    line = "14" if facts.login_at_recording == "NONE" else "13"
    return (
        Said(line, "TECHNICAL") if technical[facts.login_at_recording] else Said(line, "PARKED", "LOGIN", LOGIN_NEEDED)
    )


BY_KIND: Mapping[Kind, Callable[[Facts, Who], Said]] = {
    Kind.AT_RECORDING: prescription,
    Kind.WITHDRAWAL: withdrawal,
    Kind.QUERY: question,
    Kind.EPROFIL: waits_for_its_doctor("9"),
    Kind.LATE_EBEUTALO: waits_for_its_doctor("6"),
    Kind.LOOKUP: lookup,
    Kind.REPORT: report,
}

NOBODY_WAITS_FOR = {Kind.WITHDRAWAL, Kind.EPROFIL, Kind.LATE_EBEUTALO, Kind.REPORT}
"""Kinds that may stay PARKED."""

ASKED: Mapping[Kind, tuple[Option, ...]] = {
    Kind.AT_RECORDING: (),
    Kind.QUERY: (Option.QUERY,),
    Kind.LOOKUP: (Option.LOOKUP,),
    **dict.fromkeys((Kind.WITHDRAWAL, Kind.EPROFIL, Kind.LATE_EBEUTALO), (Option.NO_MATCH, Option.NOT_ASSIGNED)),
    Kind.REPORT: (
        Option.NO_MATCH,
        Option.NOT_ASSIGNED,
        Option.LOGIN_DOWN,
        Option.NO_LOGIN,
        Option.UNREGISTERED_DOCTOR,
    ),
}
"""Dated rules that may matter to a kind; the cross product's facts hold no other, so that asking one is an error."""

MAY_SAY: Mapping[Option, tuple[Choice, ...]] = {
    Option.NO_MATCH: (Choice.PARKED, Choice.MISSED),
    Option.NOT_ASSIGNED: (Choice.PARKED, Choice.MISSED),
    Option.QUERY: (Choice.DOCTOR, Choice.REGISTERED),
    Option.LOOKUP: (Choice.TECHNICAL, Choice.REGISTERED, Choice.DOCTOR),
    Option.LOGIN_DOWN: (Choice.TECHNICAL, Choice.PARKED),
    Option.NO_LOGIN: (Choice.PARKED, Choice.TECHNICAL),
    Option.UNREGISTERED_DOCTOR: (Choice.PARKED, Choice.TECHNICAL),
}


def only_for_doctors(facts: Facts) -> bool:
    """Whether a doctor's role at the workplace is needed."""
    if facts.kind is Kind.QUERY:
        return facts.options[Option.QUERY] is Choice.DOCTOR
    if facts.kind is Kind.LOOKUP:
        return facts.options[Option.LOOKUP] is Choice.DOCTOR
    return facts.kind is not Kind.REPORT


def expected(facts: Facts, workplace: str) -> Said:
    """What the table says of the facts."""
    if not facts.open and facts.kind is not Kind.AT_RECORDING:
        return Said("1", "MISSED", "WINDOW_CLOSED", "A felküldés határideje lejárt.")
    if facts.registration is Registration.NO_ROW:
        waits = facts.kind in NOBODY_WAITS_FOR and facts.options[Option.NO_MATCH] is Choice.PARKED
        sentence = "A felhasználónak nincs EESZT-megfeleltetése."
        return Said("2", "PARKED" if waits else "MISSED", "NO_MATCH", sentence)
    said = BY_KIND[facts.kind](facts, PEOPLE[facts.registration])
    if said.what == "TECHNICAL" and not facts.technical_assigned:
        return unassigned(facts, f"{workplace} (technikai felhasználó)")
    if said.what == "RECORDER" and facts.recorder_assigned is Assignment.NONE:
        return unassigned(facts, workplace)
    if said.what == "RECORDER" and facts.recorder_assigned is Assignment.OTHER and only_for_doctors(facts):
        return unassigned(facts, f"{workplace} (orvosi szerepkör)")
    return said


def unassigned(facts: Facts, what: str) -> Said:
    if facts.kind is Kind.AT_RECORDING:
        sentence = f"A munkahely nincs hozzárendelve: {what}; a papíralapú forma érvényes, később nem küldhető."
        return Said("B7", "MISSED", "NOT_ASSIGNED", sentence)
    waits = facts.kind in NOBODY_WAITS_FOR and facts.options[Option.NOT_ASSIGNED] is Choice.PARKED
    return Said("B7", "PARKED" if waits else "MISSED", "NOT_ASSIGNED", f"A munkahely nincs hozzárendelve: {what}.")


def cross_product() -> Iterator[Facts]:
    """Every combination of facts, with everything that the dated rules may say of the kind."""
    both = (False, True)
    for kind in Kind:
        every = product(*(MAY_SAY[option] for option in ASKED[kind]))
        rules = [dict(zip(ASKED[kind], choices, strict=True)) for choices in every]
        for registration, login, *flags in product(Registration, ("LIVE", "NONE", "LOGIN_DOWN"), *([both] * 5)):
            session, proved, certificate, is_open, prescriber = flags
            for assigned, technical, options in product(Assignment, both, rules):
                yield Facts(
                    kind=kind,
                    registration=registration,
                    login_at_recording=login,
                    session=session,
                    proved=proved,
                    certificate=certificate,
                    open=is_open,
                    prescriber=prescriber,
                    recorder_assigned=assigned,
                    technical_assigned=technical,
                    options=options,
                )
