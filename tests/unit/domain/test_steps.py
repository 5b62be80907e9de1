"""Each step and each ending of the delivery protocol, as sentences."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from runner.domain import sentences, steps
from runner.domain.outbox import FINAL, TRANSITIONS, Compensation, Row, State, Step, Verdict, Waits, WardAnswer
from runner.domain.outcome import Ending, Outcome, Reason

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
WAITS = Waits()


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def a_recept(**changes: object) -> Row:
    """A prescription just written, with 8 s to send and 10 s to answer."""
    start = Row(1, ward_answer=WardAnswer.WAIT, next_at=NOW, send_by=later(8), answer_by=later(10))
    return replace(start, **changes)  # type: ignore[arg-type]


def an_esemeny(**changes: object) -> Row:
    """An event just written, with four days to send."""
    return replace(Row(2, next_at=NOW, send_by=NOW + timedelta(days=4)), **changes)  # type: ignore[arg-type]


def claimed(row: Row) -> Row:
    return steps.claim(row, "t", later(30), NOW).row


def sending(row: Row) -> Row:
    return steps.permit(claimed(row), "t", "urn:uuid:1", later(60), NOW).row


def probing(row: Row, at: datetime) -> Row:
    unknown = done(sending(row), Ending.UNKNOWN).row
    return replace(steps.claim_probe(replace(unknown, next_at=at), "p", at, at).row)


def done(row: Row, ending: Ending, at: datetime = NOW, token: str = "t", **facts: object) -> Step:
    reason = None if ending in {Ending.ACCEPTED, Ending.GIVEN_BACK} else "R"
    outcome = Outcome(ending, **{"reason_code": reason, "status_text": "Mondat.", **facts})  # type: ignore[arg-type]
    return steps.complete(row, token, outcome, WAITS, at)


def accepted(row: Row, at: datetime = NOW, token: str = "t", eeszt_id: str = "SIM1") -> Step:
    return done(row, Ending.ACCEPTED, at, token, receipt={"eeszt_id": eeszt_id})


# Claim and permit


def test_a_due_row_is_claimed_with_a_lease() -> None:
    row = claimed(a_recept())
    assert (row.state, row.claim_token, row.lease_until) == (State.CLAIMED, "t", later(30))


@pytest.mark.parametrize("row", [an_esemeny(next_at=later(1)), an_esemeny(state=State.SENDING), claimed(an_esemeny())])
def test_what_is_not_due_or_somebody_elses_is_not_claimed(row: Row) -> None:
    assert steps.claim(row, "u", later(30), NOW) == Step(row, Verdict.LOST_LEASE)


def test_a_permit_fixes_the_message_and_never_lets_it_outlive_send_by() -> None:
    row = sending(a_recept())
    assert (row.state, row.message_id, row.sent_at, row.attempts) == (State.SENDING, "urn:uuid:1", NOW, 1)
    assert row.expires_at == later(8)
    assert sending(an_esemeny()).expires_at == later(60)


def test_a_retry_keeps_the_message_identifier() -> None:
    waiting = done(sending(an_esemeny()), Ending.NOT_RECEIVED).row
    again = steps.claim(waiting, "u", later(90), later(60)).row
    row = steps.permit(again, "u", "urn:uuid:2", later(120), later(60)).row
    assert (row.message_id, row.attempts, row.expires_at) == ("urn:uuid:1", 2, later(120))


def test_a_permit_after_send_by_ends_the_row_and_tells_the_ward_paper() -> None:
    step = steps.permit(claimed(a_recept()), "t", "m", later(60), later(8))
    assert step.verdict is Verdict.TOO_LATE
    assert (step.row.state, step.row.ward_answer) == (State.MISSED, WardAnswer.PAPER)


def test_a_permit_with_a_lost_claim_changes_nothing() -> None:
    row = claimed(a_recept())
    assert steps.permit(row, "old", "m", later(60), NOW) == Step(row, Verdict.LOST_LEASE)


def test_a_permit_of_what_was_taken_back_cancels_it() -> None:
    step = steps.permit(claimed(an_esemeny(withdraw_asked_at=NOW)), "t", "m", later(60), NOW)
    assert (step.verdict, step.row.state) == (Verdict.WITHDRAWN, State.CANCELLED)


# Endings


def test_an_acceptance_in_time_prints() -> None:
    row = accepted(sending(a_recept()), later(9.9)).row
    assert (row.state, row.ward_answer, row.eeszt_id) == (State.ACCEPTED, WardAnswer.PRINT, "SIM1")
    assert (row.claim_token, row.lease_until, row.next_at) == (None, None, None)


def test_an_acceptance_after_answer_by_is_paper_and_withdrawn() -> None:
    step = accepted(sending(a_recept()), later(10))
    assert (step.row.ward_answer, step.row.compensation) == (WardAnswer.PAPER, Compensation.DUE)
    assert step.queue_withdrawal
    assert step.row.status_text == sentences.DOUBLE_VALIDITY


def test_an_acceptance_after_the_his_took_it_back_is_withdrawn_and_not_printed() -> None:
    step = accepted(steps.withdraw(sending(a_recept()), NOW).row)
    assert (step.row.ward_answer, step.row.compensation) == (WardAnswer.PAPER, Compensation.DUE)
    assert step.row.status_text == sentences.WITHDRAWAL_DUE


@pytest.mark.parametrize("state", [State.MISSED, State.CANCELLED, State.REJECTED, State.INVALID, State.SKIPPED])
def test_a_verified_acceptance_opens_even_what_had_ended(state: State) -> None:
    step = accepted(a_recept(state=state, ward_answer=WardAnswer.PAPER), token="long gone")
    assert step.row.state is State.ACCEPTED
    assert step.queue_withdrawal


def test_a_second_identifier_raises_an_alarm_and_changes_nothing() -> None:
    row = accepted(sending(an_esemeny())).row
    assert accepted(row) == Step(row, Verdict.UNCHANGED)
    assert accepted(row, eeszt_id="SIM2") == Step(row, Verdict.SECOND_IDENTIFIER)


def test_an_identifier_that_comes_late_is_kept() -> None:
    row = done(sending(an_esemeny()), Ending.ACCEPTED).row
    assert row.eeszt_id is None
    assert accepted(row).row.eeszt_id == "SIM1"


@pytest.mark.parametrize(
    ("ending", "state"),
    [(Ending.INVALID, State.INVALID), (Ending.SKIPPED, State.SKIPPED), (Ending.TOO_LATE, State.MISSED)],
)
def test_what_is_refused_before_sending_ends_with_its_reason(ending: Ending, state: State) -> None:
    row = done(claimed(a_recept()), ending).row
    assert (row.state, row.ward_answer, row.reason_code) == (state, WardAnswer.PAPER, "R")
    assert row.status_text == "Mondat: a papíralapú forma érvényes."
    assert done(claimed(an_esemeny()), ending).row.status_text == "Mondat."


@pytest.mark.parametrize("ending", [Ending.INVALID, Ending.SKIPPED, Ending.TOO_LATE])
def test_what_was_permitted_cannot_end_as_if_it_had_not_been(ending: Ending) -> None:
    row = sending(a_recept())
    assert done(row, ending) == Step(row, Verdict.LOST_LEASE)


def test_a_person_is_waited_for_except_by_a_ward() -> None:
    assert done(claimed(an_esemeny()), Ending.PARKED).row.state is State.PARKED
    recept = done(claimed(a_recept()), Ending.PARKED).row
    assert (recept.state, recept.ward_answer) == (State.MISSED, WardAnswer.PAPER)


def test_what_the_eeszt_says_a_person_must_mend_parks_an_event_and_refuses_a_prescription() -> None:
    parked = done(sending(an_esemeny()), Ending.NEEDS_PERSON).row
    assert (parked.state, parked.sent_at) == (State.PARKED, None)
    assert done(sending(a_recept()), Ending.NEEDS_PERSON).row.state is State.REJECTED


def test_what_the_his_took_back_does_not_wait_for_a_person() -> None:
    taken_back = steps.withdraw(sending(an_esemeny()), NOW).row
    assert done(taken_back, Ending.NEEDS_PERSON).row.state is State.CANCELLED
    assert done(taken_back, Ending.NOT_RECEIVED).row.state is State.CANCELLED


@pytest.mark.parametrize(("attempts", "wait"), [(1, 5), (2, 10), (3, 20), (9, 600)])
def test_tries_are_made_at_growing_intervals(attempts: int, wait: float) -> None:
    row = done(replace(sending(an_esemeny()), attempts=attempts), Ending.NOT_RECEIVED).row
    assert (row.state, row.next_at, row.sent_at) == (State.WAITING, later(wait), None)


def test_an_outage_burns_no_attempt_and_a_given_wait_is_kept() -> None:
    row = done(sending(an_esemeny()), Ending.NOT_RECEIVED, burns_attempt=False, retry_after_s=7.0).row
    assert (row.attempts, row.next_at) == (0, later(7))


def test_an_event_is_tried_until_shortly_before_its_window_closes() -> None:
    row = done(sending(an_esemeny(send_by=later(100))), Ending.NOT_RECEIVED, retry_after_s=600.0).row
    assert (row.state, row.next_at) == (State.WAITING, later(50))
    assert done(sending(an_esemeny(send_by=later(8))), Ending.NOT_RECEIVED).row.next_at == later(5)
    assert done(sending(an_esemeny(send_by=later(5))), Ending.NOT_RECEIVED).row.state is State.MISSED


def test_a_prescription_that_cannot_be_tried_again_in_time_is_paper_at_once() -> None:
    row = done(sending(a_recept()), Ending.NOT_RECEIVED, retry_after_s=8.0).row
    assert (row.state, row.ward_answer) == (State.MISSED, WardAnswer.PAPER)


def test_only_the_holder_may_say_anything_but_that_it_was_accepted() -> None:
    row = sending(a_recept())
    for ending in set(Ending) - {Ending.ACCEPTED}:
        assert done(row, ending, token="other") == Step(row, Verdict.LOST_LEASE), ending


# Doubt


def test_a_lost_answer_is_unknown_and_soon_asked_after() -> None:
    row = done(sending(a_recept()), Ending.UNKNOWN).row
    assert (row.state, row.next_at, row.claim_token) == (State.UNKNOWN, later(1), None)
    assert row.ward_answer is WardAnswer.WAIT


def test_what_a_probe_finds_in_time_prints() -> None:
    row = accepted(probing(a_recept(), later(2)), later(3), "p").row
    assert (row.state, row.ward_answer) == (State.ACCEPTED, WardAnswer.PRINT)


def test_absence_is_believed_from_the_second_probe_since_the_message_settled() -> None:
    early = done(probing(an_esemeny(), later(89)), Ending.ABSENT, later(89), "p").row
    assert (early.state, early.probe_count) == (State.UNKNOWN, 0)
    first = done(probing(an_esemeny(), later(90)), Ending.ABSENT, later(90), "p").row
    assert (first.state, first.probe_count) == (State.UNKNOWN, 1)
    assert first.next_at is not None
    again = steps.claim_probe(first, "q", later(200), first.next_at).row
    second = done(again, Ending.ABSENT, first.next_at, "q").row
    assert (second.state, second.sent_at) == (State.WAITING, None)


def test_an_absent_prescription_is_never_sent_again_but_asked_after_once_more() -> None:
    row = replace(probing(a_recept(), later(90)), probe_count=1)
    missed = done(row, Ending.ABSENT, later(90), "p").row
    assert (missed.state, missed.reason_code, missed.ward_answer) == (State.MISSED, Reason.ABSENT, WardAnswer.PAPER)
    assert missed.next_at == later(90 + WAITS.follow_up)
    asked = steps.claim_probe(missed, "q", missed.next_at, missed.next_at).row
    assert done(asked, Ending.NO_ANSWER, missed.next_at, "q").row.next_at == later(90 + 2 * WAITS.follow_up)
    assert done(asked, Ending.ABSENT, missed.next_at, "q").row.next_at is None


def test_an_absent_event_whose_window_has_closed_is_missed_and_asked_after_once_more() -> None:
    row = replace(probing(an_esemeny(send_by=later(95)), later(120)), probe_count=1)
    missed = done(row, Ending.ABSENT, later(150), "p").row
    assert (missed.state, missed.reason_code) == (State.MISSED, Reason.ABSENT)
    assert missed.next_at is not None


def test_probes_wait_as_long_as_the_send_is_past() -> None:
    assert done(probing(a_recept(), later(4)), Ending.NO_ANSWER, later(4), "p").row.next_at == later(8)
    assert done(probing(a_recept(), later(300)), Ending.NO_ANSWER, later(300), "p").row.next_at == later(360)


def test_without_a_clear_answer_for_long_a_person_is_asked() -> None:
    row = probing(an_esemeny(), later(600))
    assert done(row, Ending.NO_ANSWER, later(600), "p").row.state is State.PARKED
    assert done(row, Ending.NO_ANSWER, later(600), "p", reason_code=Reason.LOGIN).row.state is State.UNKNOWN
    assert done(row, Ending.NO_ANSWER, later(600), "p", burns_attempt=False).row.state is State.UNKNOWN


def test_a_retry_after_giving_up_can_still_end_in_absence() -> None:
    row = steps.unpark(done(probing(an_esemeny(), later(700)), Ending.NO_ANSWER, later(700), "p").row, later(800)).row
    assert row.state is State.UNKNOWN
    first = done(steps.claim_probe(row, "q", later(900), later(800)).row, Ending.ABSENT, later(800), "q").row
    second = done(steps.claim_probe(first, "q", later(900), later(899)).row, Ending.ABSENT, later(899), "q").row
    assert (first.state, second.state) == (State.UNKNOWN, State.WAITING)


def test_a_prescription_in_doubt_is_not_sent_again_whatever_a_probe_says() -> None:
    row = done(probing(a_recept(send_by=later(500)), later(2)), Ending.NOT_RECEIVED, later(2), "p").row
    assert row.state is State.UNKNOWN


def test_a_query_in_doubt_is_simply_asked_again() -> None:
    row = done(probing(an_esemeny(), later(2)), Ending.NOT_RECEIVED, later(2), "p", retry_after_s=0.0).row
    assert (row.state, row.next_at) == (State.WAITING, later(2))


def a_round_answered(reason: Reason, attempts: int) -> Row:
    """An event whose answer nobody could read, asked after until it is believed absent."""
    sent = replace(sending(an_esemeny()), attempts=attempts)
    unknown = replace(done(sent, Ending.UNKNOWN, reason_code=reason).row, next_at=later(90), probe_count=1)
    probe = steps.claim_probe(unknown, "p", later(99), later(90)).row
    return done(probe, Ending.ABSENT, later(90), "p", reason_code=Reason.LOST_ANSWER).row


@pytest.mark.parametrize("reason", [Reason.UNKNOWN_ANSWER, Reason.BAD_ANSWER])
def test_what_is_answered_again_and_again_with_what_nobody_can_read_waits_for_a_person(reason: Reason) -> None:
    assert [a_round_answered(reason, attempts).state for attempts in (1, 2, 3)] == [
        State.WAITING,
        State.WAITING,
        State.PARKED,
    ]
    parked = a_round_answered(reason, 3)
    assert (parked.reason_code, parked.status_text, parked.sent_at) == (reason, sentences.UNREADABLE, None)
    assert steps.unpark(parked, later(99)).row.state is State.NEW
    assert a_round_answered(Reason.LOST_ANSWER, 3).state is State.WAITING


def test_what_was_not_found_is_sent_again_at_growing_intervals() -> None:
    waits = [a_round_answered(Reason.LOST_ANSWER, attempts).next_at for attempts in (1, 2, 3)]
    assert waits == [later(95), later(100), later(110)]


def test_a_probe_does_not_know_better_why_an_item_is_unknown_except_that_a_login_is_wanted_to_ask() -> None:
    unknown = done(sending(an_esemeny()), Ending.UNKNOWN, reason_code=Reason.UNKNOWN_ANSWER).row
    asked = steps.claim_probe(unknown, "p", later(9), later(2)).row
    assert done(asked, Ending.NO_ANSWER, later(2), "p", reason_code=Reason.LOST_ANSWER).row.reason_code == (
        Reason.UNKNOWN_ANSWER
    )
    wanted = done(asked, Ending.NO_ANSWER, later(2), "p", reason_code=Reason.LOGIN).row
    assert wanted.reason_code == Reason.LOGIN
    again = steps.claim_probe(replace(wanted, next_at=later(3)), "q", later(9), later(3)).row
    assert done(again, Ending.NO_ANSWER, later(3), "q", reason_code=Reason.LOST_ANSWER).row.reason_code == (
        Reason.LOST_ANSWER
    )


# Death


@pytest.mark.parametrize(
    ("row", "state"),
    [
        (claimed(a_recept()), State.NEW),
        (sending(a_recept()), State.UNKNOWN),
        (replace(probing(a_recept(), NOW), lease_until=later(30)), State.UNKNOWN),
    ],
)
def test_a_dead_daemons_row_is_freed_by_what_may_have_left(row: Row, state: State) -> None:
    assert steps.rescue(row, later(29)) == Step(row, Verdict.UNCHANGED)
    freed = steps.rescue(row, later(30)).row
    assert (freed.state, freed.claim_token, freed.rescue_count) == (state, None, 1)
    assert freed.next_at == later(30)


def test_what_daemons_die_over_again_and_again_is_taken_out_of_the_way() -> None:
    assert steps.rescue(replace(claimed(an_esemeny()), rescue_count=3), later(30)).row.state is State.PARKED
    recept = steps.rescue(replace(claimed(a_recept()), rescue_count=3), later(30)).row
    assert (recept.state, recept.ward_answer) == (State.MISSED, WardAnswer.PAPER)
    sent = steps.rescue(replace(sending(an_esemeny()), rescue_count=3), later(30)).row
    assert sent.state is State.UNKNOWN, "first it is asked after"
    absent = replace(probing(an_esemeny(), later(90)), probe_count=1, rescue_count=4)
    assert done(absent, Ending.ABSENT, later(90), "p").row.reason_code == Reason.POISON


# The ward


def test_the_ward_waits_until_answer_by_or_until_nobody_is_alive() -> None:
    row = a_recept()
    assert steps.decide(row, alive=True, now=later(9)).verdict is Verdict.UNCHANGED
    dead = steps.decide(row, alive=False, now=later(1)).row
    late = steps.decide(row, alive=True, now=later(10)).row
    assert (dead.state, dead.ward_answer, dead.reason_code) == (State.MISSED, WardAnswer.PAPER, Reason.NO_RUNNER)
    assert (late.state, late.ward_answer, late.reason_code) == (State.MISSED, WardAnswer.PAPER, Reason.WARD_TIMEOUT)


@pytest.mark.parametrize("row", [sending(a_recept()), done(sending(a_recept()), Ending.UNKNOWN).row])
def test_paper_while_it_is_in_doubt_leaves_the_item_to_be_found_out(row: Row) -> None:
    paper = steps.decide(row, alive=True, now=later(10)).row
    assert (paper.state, paper.ward_answer) == (row.state, WardAnswer.PAPER)
    assert paper.status_text == sentences.PAPER_WHILE_UNKNOWN


def test_the_ward_is_told_once() -> None:
    for row in (accepted(sending(a_recept())).row, steps.decide(a_recept(), alive=False, now=NOW).row, an_esemeny()):
        assert steps.decide(row, alive=False, now=later(99)) == Step(row, Verdict.UNCHANGED)


# The HIS, time, people


@pytest.mark.parametrize("row", [a_recept(), claimed(a_recept()), done(claimed(an_esemeny()), Ending.PARKED).row])
def test_what_has_not_left_is_taken_back_at_once(row: Row) -> None:
    step = steps.withdraw(row, NOW)
    assert step.row.state is State.CANCELLED
    assert not step.queue_withdrawal


@pytest.mark.parametrize("row", [sending(a_recept()), done(sending(an_esemeny()), Ending.UNKNOWN).row])
def test_what_may_have_left_is_taken_back_by_a_withdrawal_once(row: Row) -> None:
    step = steps.withdraw(row, NOW)
    assert (step.row.state, step.row.withdraw_asked_at, step.queue_withdrawal) == (row.state, NOW, True)
    assert steps.withdraw(step.row, later(1)) == Step(step.row, Verdict.UNCHANGED)


def test_what_was_accepted_is_withdrawn_and_a_failed_withdrawal_may_be_asked_for_again() -> None:
    due = steps.withdraw(accepted(sending(an_esemeny())).row, NOW)
    assert (due.row.compensation, due.queue_withdrawal) == (Compensation.DUE, True)
    failed = steps.withdrawal_ended(due.row, State.REJECTED).row
    assert (failed.compensation, failed.status_text) == (Compensation.FAILED, sentences.WITHDRAWAL_FAILED)
    again = steps.withdraw(failed, later(1))
    assert (again.row.compensation, again.queue_withdrawal) == (Compensation.DUE, True)
    assert steps.withdrawal_ended(again.row, State.ACCEPTED).row.compensation is Compensation.DONE


def test_what_had_ended_keeps_the_wish_to_take_it_back() -> None:
    missed = steps.overdue(an_esemeny(), later(4 * 86400)).row
    step = steps.withdraw(missed, later(5 * 86400))
    assert (step.row.state, step.queue_withdrawal) == (State.MISSED, False)
    assert accepted(step.row).queue_withdrawal


@pytest.mark.parametrize("row", [an_esemeny(), done(claimed(an_esemeny()), Ending.PARKED).row])
def test_a_closed_window_ends_what_waits(row: Row) -> None:
    assert steps.overdue(row, later(4 * 86400 - 1)).verdict is Verdict.UNCHANGED
    assert steps.overdue(row, later(4 * 86400)).row.state is State.MISSED


@pytest.mark.parametrize("row", [sending(an_esemeny()), probing(an_esemeny(), NOW), claimed(an_esemeny())])
def test_a_closed_window_and_a_failed_predecessor_leave_alone_what_is_under_way(row: Row) -> None:
    assert steps.overdue(row, later(4 * 86400)) == Step(row, Verdict.UNCHANGED)
    assert steps.fail_with_predecessor(row) == Step(row, Verdict.UNCHANGED)


def test_what_may_have_left_and_waits_for_a_person_is_not_ended_by_its_predecessor() -> None:
    parked = done(probing(an_esemeny(), later(600)), Ending.NO_ANSWER, later(600), "p").row
    assert steps.fail_with_predecessor(parked) == Step(parked, Verdict.UNCHANGED)
    assert steps.fail_with_predecessor(an_esemeny()).row.state is State.SKIPPED


def test_a_person_lets_it_go_again_by_what_may_have_left() -> None:
    unsent = done(claimed(an_esemeny()), Ending.PARKED).row
    perhaps = done(probing(an_esemeny(), later(600)), Ending.NO_ANSWER, later(600), "p").row
    assert steps.unpark(unsent, later(9)).row.state is State.NEW
    assert steps.unpark(perhaps, later(9)).row.state is State.UNKNOWN
    assert steps.unpark(an_esemeny(), later(9)).verdict is Verdict.UNCHANGED


# A database that went back in time, and a copy


def test_a_replayed_row_passes_only_states_that_may_follow_each_other() -> None:
    for start in (an_esemeny(), claimed(an_esemeny()), an_esemeny(state=State.WAITING), an_esemeny(state=State.PARKED)):
        way = [start, *steps.replayed(start, "urn:uuid:1", NOW, later(60), later(90))]
        assert all(after.state in TRANSITIONS[before.state] for before, after in pairwise(way))
        assert (way[-1].state, way[-1].message_id, way[-1].next_at) == (State.UNKNOWN, "urn:uuid:1", later(90))
        assert way[-1].claim_token is None


def test_what_may_have_been_sent_already_or_is_final_is_not_replayed() -> None:
    final = [an_esemeny(state=state) for state in FINAL]
    for row in (sending(an_esemeny()), done(sending(an_esemeny()), Ending.UNKNOWN).row, *final):
        assert steps.replayed(row, "urn:uuid:2", NOW, later(60), NOW) == ()


def test_a_replayed_prescription_that_is_not_found_is_never_sent_again() -> None:
    row = steps.replayed(a_recept(), "urn:uuid:1", NOW, later(5), later(600))[-1]
    probing_row = steps.claim_probe(row, "p", later(700), later(600)).row
    once = replace(done(probing_row, Ending.ABSENT, later(601), "p").row, next_at=later(602))
    twice = done(steps.claim_probe(once, "q", later(700), later(602)).row, Ending.ABSENT, later(603), "q").row
    assert (twice.state, twice.ward_answer) == (State.MISSED, None)


def test_a_copy_sends_nothing_and_asks_nothing() -> None:
    assert steps.disown(an_esemeny()).row.state is State.CANCELLED
    assert steps.disown(sending(an_esemeny())).row.state is State.PARKED
    followed = an_esemeny(state=State.MISSED, next_at=later(9))
    assert steps.disown(followed).row.next_at is None
    assert steps.disown(an_esemeny(state=State.ACCEPTED, next_at=None)).verdict is Verdict.UNCHANGED
