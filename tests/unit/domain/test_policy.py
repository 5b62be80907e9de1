"""Who sends: the whole cross product of facts, and the lines that matter most as sentences."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from runner.domain.outcome import Ending, Reason
from runner.domain.policy import LINES, NOT_ASSIGNED, PROOF_NEEDED, Decision, Facts, Kind, Registration, Sender, decide

BOTH = (False, True)
WARD_WAITS = {Kind.AT_RECORDING, Kind.QUERY, Kind.LOOKUP}
ALL_FACTS = [Facts(*each) for each in product(Kind, Registration, ("LIVE", "NONE", "LOGIN_DOWN"), *([BOTH] * 7))]
DOCTOR = Facts(Kind.AT_RECORDING, Registration.DOCTOR, "LIVE", session=True, proved=True, certificate=True)
WORKPLACE = "012345678"


def decided(facts: Facts, **changes: object) -> Decision:
    return decide(replace(facts, **changes), WORKPLACE)


def test_every_combination_of_facts_is_decided_by_one_line() -> None:
    lines = []
    for facts in ALL_FACTS:
        decision = decide(facts, WORKPLACE)
        assert (decision.sender is None) is (decision.outcome is not None), facts
        lines.append(decision.line)
    assert {id(line) for line in lines} == {id(line) for line in (*LINES, NOT_ASSIGNED)}, "each line is reached"


def test_what_only_a_doctor_may_send_never_goes_under_the_technical_user() -> None:
    for facts in ALL_FACTS:
        if facts.kind in PROOF_NEEDED:
            assert decide(facts, WORKPLACE).sender is not Sender.TECHNICAL, facts


def test_nobody_sends_without_a_live_session_a_certificate_or_an_assignment() -> None:
    for facts in ALL_FACTS:
        sender = decide(facts, WORKPLACE).sender
        if sender is Sender.RECORDER:
            assert facts.session, facts
            assert facts.recorder_assigned, facts
            assert facts.registration in {Registration.DOCTOR, Registration.OTHER}, facts
            assert facts.proved or facts.kind not in PROOF_NEEDED, facts
        if sender is Sender.TECHNICAL:
            assert facts.certificate, facts
            assert facts.technical_assigned, facts


def test_nothing_goes_after_its_window_and_nothing_of_an_unmatched_user_goes() -> None:
    for facts in ALL_FACTS:
        if not facts.open or facts.registration is Registration.NO_ROW:
            assert decide(facts, WORKPLACE).sender is None, facts


def test_a_person_is_waited_for_only_where_nobody_waits_for_the_answer() -> None:
    for facts in ALL_FACTS:
        outcome = decide(facts, WORKPLACE).outcome
        if outcome is not None and outcome.ending is Ending.PARKED:
            assert facts.kind not in WARD_WAITS, facts


def test_every_outcome_has_a_reason_and_a_sentence_and_every_line_a_source() -> None:
    for line in (*LINES, NOT_ASSIGNED):
        assert line.source
    for facts in ALL_FACTS:
        outcome = decide(facts, WORKPLACE).outcome
        if outcome is not None:
            assert outcome.reason_code in set(Reason)
            assert outcome.status_text
            assert outcome.status_text.endswith(".")


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


def test_an_identity_that_is_not_assigned_is_never_exchanged_for_another() -> None:
    decision = decided(DOCTOR, kind=Kind.REPORT, recorder_assigned=False, technical_assigned=True)
    assert decision.line is NOT_ASSIGNED
    assert decision.outcome is not None
    assert WORKPLACE in (decision.outcome.status_text or "")
