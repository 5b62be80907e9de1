"""Who sends: the whole cross product of facts against a second statement of the table, and what matters most."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from runner.domain.facts import CHOICES, DOCTORS_KINDS, OURS, Assignment, Choice, Option
from runner.domain.outcome import Ending, Reason
from runner.domain.policy import ASSIGNMENT, LINES, Decision, Facts, Kind, Registration, Sender, decide, rules_asked
from tests.unit.domain.decision_table import MAY_SAY, cross_product, expected

WARD_WAITS = {Kind.AT_RECORDING, Kind.QUERY, Kind.LOOKUP}
ENDINGS = {Ending.TOO_LATE: "MISSED", Ending.PARKED: "PARKED", Ending.INVALID: "INVALID"}
DOCTOR = Facts(Kind.AT_RECORDING, Registration.DOCTOR, "LIVE", session=True, proved=True, certificate=True)
WORKPLACE = "012345678"


@cache
def every_decision() -> list[tuple[Facts, Decision]]:
    return [(facts, decide(facts, WORKPLACE)) for facts in cross_product()]


def decided(facts: Facts, **changes: object) -> Decision:
    return decide(replace(facts, **changes), WORKPLACE)


def under(option: Option, choice: Choice) -> dict[Option, Choice]:
    return {**OURS, option: choice}


def test_every_combination_of_facts_is_decided_as_the_table_says() -> None:
    for facts, decision in every_decision():
        if decision.outcome is None:
            said = (decision.line.number, decision.sender, None, None)
        else:
            assert decision.sender is None, facts
            outcome = decision.outcome
            said = (decision.line.number, ENDINGS[outcome.ending], outcome.reason_code, outcome.status_text)
        assert said == expected(facts, WORKPLACE), facts


def test_each_line_is_reached() -> None:
    reached = {id(decision.line) for _, decision in every_decision()}
    assert reached == {id(line) for line in (*LINES, *ASSIGNMENT)}


def test_what_only_a_doctor_may_send_never_goes_under_the_technical_user() -> None:
    for facts, decision in every_decision():
        if facts.kind in DOCTORS_KINDS or facts.for_doctors:
            assert decision.sender is not Sender.TECHNICAL, facts


def test_nobody_sends_without_a_live_session_a_certificate_or_an_assignment() -> None:
    for facts, decision in every_decision():
        if decision.sender is Sender.RECORDER:
            assert facts.session, facts
            assert facts.recorder_assigned is not Assignment.NONE, facts
            assert facts.recorder_assigned is Assignment.DOCTOR or not facts.for_doctors, facts
            assert facts.registration in {Registration.DOCTOR, Registration.OTHER}, facts
            assert facts.proved or facts.kind not in DOCTORS_KINDS, facts
        if decision.sender is Sender.TECHNICAL:
            assert facts.certificate, facts
            assert facts.technical_assigned, facts


def test_nothing_goes_after_its_window_and_nothing_of_an_unmatched_user_goes() -> None:
    for facts, decision in every_decision():
        if not facts.open or facts.registration is Registration.NO_ROW:
            assert decision.sender is None, facts


def test_a_person_is_waited_for_only_where_nobody_waits_for_the_answer() -> None:
    for facts, decision in every_decision():
        if decision.outcome is not None and decision.outcome.ending is Ending.PARKED:
            assert facts.kind not in WARD_WAITS, facts


def test_every_outcome_has_a_reason_and_a_sentence_and_every_line_a_source() -> None:
    for line in (*LINES, *ASSIGNMENT):
        assert line.source
        assert line.rule is None or line.rule[1] in CHOICES[line.rule[0]]
    for _, decision in every_decision():
        outcome = decision.outcome
        if outcome is not None:
            assert outcome.reason_code in set(Reason)
            assert outcome.status_text
            assert outcome.status_text.endswith(".")


def test_every_choice_of_every_rule_is_walked() -> None:
    assert dict(MAY_SAY) == dict(CHOICES)
    assert {option: choices[0] for option, choices in CHOICES.items()} == OURS


def test_a_decision_names_the_rules_that_it_depends_on_and_no_other() -> None:
    """Only another word of a named rule can change what is decided."""
    for facts, decision in every_decision()[::17]:
        named = set(rules_asked(decision, facts))
        for option in facts.options:
            others = [{**facts.options, option: choice} for choice in CHOICES[option]]
            changes = any(decide(replace(facts, options=other), WORKPLACE) != decision for other in others)
            assert option in named or not changes, (facts, option)
    waiting = replace(DOCTOR, kind=Kind.REPORT, session=False, login_at_recording="NONE")
    assert rules_asked(decide(waiting, WORKPLACE), waiting) == (Option.NO_LOGIN,)
    assert rules_asked(decide(DOCTOR, WORKPLACE), DOCTOR) == ()
    gone = replace(waiting, login_at_recording="LIVE", technical_assigned=False)
    assert rules_asked(decide(gone, WORKPLACE), gone) == (Option.NOT_ASSIGNED,)


def test_a_logged_in_doctor_prescribes_under_his_own_name() -> None:
    assert decided(DOCTOR).sender is Sender.RECORDER


@pytest.mark.parametrize("login", ["NONE", "LOGIN_DOWN"])
def test_a_prescription_of_a_doctor_who_was_not_logged_in_is_paper_even_if_he_is_now(login: str) -> None:
    outcome = decided(DOCTOR, login_at_recording=login).outcome
    assert outcome is not None
    assert (outcome.ending, outcome.reason_code) == (Ending.TOO_LATE, Reason.NO_SESSION)


def test_an_asserted_doctor_counts_as_not_logged_in_for_a_prescription_but_not_for_an_event() -> None:
    assert decided(DOCTOR, proved=False).sender is None
    assert decided(DOCTOR, proved=False, kind=Kind.REPORT).sender is Sender.RECORDER


def test_a_withdrawal_waits_for_its_prescriber_and_nobody_else_may_make_it() -> None:
    waiting = decided(DOCTOR, kind=Kind.WITHDRAWAL, session=False).outcome
    other = decided(DOCTOR, kind=Kind.WITHDRAWAL, prescriber=False).outcome
    assert waiting is not None
    assert other is not None
    assert (waiting.ending, waiting.reason_code) == (Ending.PARKED, Reason.LOGIN)
    assert (other.ending, other.reason_code) == (Ending.INVALID, Reason.PRESCRIBER_ONLY)


@pytest.mark.parametrize(
    ("login", "sender", "line"),
    [("LIVE", Sender.TECHNICAL, "13"), ("LOGIN_DOWN", Sender.TECHNICAL, "13"), ("NONE", None, "14")],
)
def test_an_event_of_an_outage_goes_under_the_technical_user_once_its_recorder_is_gone(
    login: str, sender: Sender | None, line: str
) -> None:
    decision = decided(DOCTOR, kind=Kind.REPORT, session=False, login_at_recording=login)
    assert (decision.sender, decision.line.number) == (sender, line)


def test_a_site_may_let_the_technical_user_send_for_who_did_not_log_in() -> None:
    event = replace(DOCTOR, kind=Kind.REPORT, session=False, login_at_recording="NONE")
    assert decided(event).sender is None
    chosen = decided(event, options=under(Option.NO_LOGIN, Choice.TECHNICAL))
    assert (chosen.sender, chosen.line.number) == (Sender.TECHNICAL, "14")


def test_queries_may_be_opened_to_registered_users_but_never_to_the_technical_user() -> None:
    nurse = replace(DOCTOR, kind=Kind.QUERY, registration=Registration.OTHER, recorder_assigned=Assignment.OTHER)
    refused = decided(nurse).outcome
    assert refused is not None
    assert refused.reason_code == Reason.DOCTOR_ONLY
    opened = under(Option.QUERY, Choice.REGISTERED)
    assert decided(nurse, options=opened).sender is Sender.RECORDER
    assert decided(nurse, options=opened, session=False).sender is None


def test_an_identity_that_is_not_assigned_is_never_exchanged_for_another() -> None:
    decision = decided(DOCTOR, kind=Kind.REPORT, recorder_assigned=Assignment.NONE, technical_assigned=True)
    assert decision.line in ASSIGNMENT
    assert decision.outcome is not None
    assert decision.outcome.status_text == f"A munkahely nincs hozzárendelve: {WORKPLACE}."


def test_what_only_a_doctor_may_send_needs_a_doctors_role_at_the_workplace() -> None:
    assert decided(DOCTOR, kind=Kind.REPORT, recorder_assigned=Assignment.OTHER).sender is Sender.RECORDER
    for kind in DOCTORS_KINDS:
        outcome = decided(DOCTOR, kind=kind, recorder_assigned=Assignment.OTHER).outcome
        assert outcome is not None
        assert outcome.reason_code == Reason.NOT_ASSIGNED
        assert f"{WORKPLACE} (orvosi szerepkör)" in (outcome.status_text or "")
