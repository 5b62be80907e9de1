"""Whatever happens to a row in whatever order, it stays consistent: random walks with real times and waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.domain import sentences, steps
from runner.domain.outbox import FINAL, TRANSITIONS, Compensation, Row, State, Step, Verdict, Waits, WardAnswer
from runner.domain.outcome import Ending, Outcome, Reason

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
WAITS = Waits(give_up=120.0, follow_up=300.0)
HELD = {State.CLAIMED, State.SENDING}
DUE_AGAIN = {State.NEW, State.WAITING, State.UNKNOWN}
NOT_PERMITTED = {State.NEW, State.CLAIMED}

ROWS = st.sampled_from(
    [
        Row(
            1,
            next_at=START,
            ward_answer=WardAnswer.WAIT,
            send_by=START + timedelta(seconds=20),
            answer_by=START + timedelta(seconds=25),
        ),
        Row(1, next_at=START, send_by=START + timedelta(seconds=200)),
        Row(1, next_at=START),
    ]
)
SAID = [None, "Mondat.", *(text for name, text in vars(sentences).items() if name.isupper() and isinstance(text, str))]
STILL_TRIED = ("a rendszer", "újra", "bejelentkezés szükséges", "utánakérdez")
"""What no ward may read beside an ending by paper: nothing more is tried for it."""

OUTCOMES = st.builds(
    Outcome,
    st.sampled_from(Ending),
    reason_code=st.sampled_from([Reason.LOGIN, Reason.LOST_ANSWER, "EESZT-1"]),
    status_text=st.sampled_from(SAID),
    receipt=st.sampled_from([{}, {"eeszt_id": "SIM1"}, {"eeszt_id": "SIM2"}]),
    retry_after_s=st.sampled_from([None, 0.0, 1.0, 500.0]),
    burns_attempt=st.booleans(),
)
TOKENS = st.sampled_from(["a", "b"])
MOVES = st.one_of(
    st.tuples(st.sampled_from(["claim", "permit", "claim_probe"]), TOKENS),
    st.tuples(st.just("complete"), TOKENS, OUTCOMES),
    st.tuples(st.sampled_from(["rescue", "withdraw", "overdue", "unpark", "fail_with_predecessor"])),
    st.tuples(st.just("decide"), st.booleans()),
    st.tuples(st.just("withdrawal_ended"), st.sampled_from(sorted(FINAL))),
)
SECONDS = st.sampled_from([0.0, 0.1, 1.0, 5.0, 30.0, 100.0])
AGAIN = Outcome(Ending.NOT_RECEIVED, Reason.NOT_REACHED, retry_after_s=0.0)
# Most walks of pure chance get nowhere: every other one begins in the middle.
LEAD_INS = st.sampled_from(
    [
        (),
        (("claim", "a"), ("permit", "a")),
        (("claim", "a"), ("permit", "a"), ("complete", "a", Outcome(Ending.UNKNOWN, Reason.LOST_ANSWER))),
        (("claim", "a"), ("permit", "a"), ("complete", "a", AGAIN), ("claim", "b"), ("permit", "b")),
        (("claim", "a"), ("permit", "a"), ("complete", "a", Outcome(Ending.ACCEPTED, receipt={"eeszt_id": "SIM1"}))),
    ]
)


def moved(row: Row, move: tuple[object, ...], now: datetime) -> Step:
    """Take one move."""
    verb, *facts = move
    match verb, facts:
        case "claim" | "claim_probe", [str(token)]:
            return getattr(steps, verb)(row, token, now + timedelta(seconds=30), now)
        case "permit", [str(token)]:
            return steps.permit(row, token, f"urn:uuid:{now}", now + timedelta(seconds=60), now)
        case "complete", [str(token), Outcome() as outcome]:
            return steps.complete(row, token, outcome, WAITS, now)
        case "decide", [bool(alive)]:
            return steps.decide(row, alive=alive, now=now)
        case "fail_with_predecessor", []:
            return steps.fail_with_predecessor(row)
        case "withdrawal_ended", [State() as state]:
            return steps.withdrawal_ended(row, state) if row.compensation is not None else Step(row, Verdict.UNCHANGED)
    return getattr(steps, str(verb))(row, now)


def check_row(row: Row) -> None:
    """What holds of every row at every moment."""
    assert (row.claim_token is None) is (row.lease_until is None)
    assert row.state not in HELD or row.claim_token is not None
    assert row.claim_token is None or row.state in HELD | {State.UNKNOWN, State.MISSED}, "a probe may hold what ended"
    assert row.state not in DUE_AGAIN or row.next_at is not None, "nothing waits for ever"
    assert row.next_at is None or row.state not in FINAL - {State.MISSED}
    assert row.state not in {State.SENDING, State.UNKNOWN} or row.sent_at is not None
    assert row.state not in DUE_AGAIN - {State.UNKNOWN} | {State.CLAIMED} or row.sent_at is None
    assert row.ward_answer is not WardAnswer.WAIT or row.state not in FINAL | {State.PARKED}
    assert row.ward_answer is not WardAnswer.PRINT or row.state is State.ACCEPTED
    assert row.expires_at is None or row.send_by is None or row.expires_at <= row.send_by
    assert row.attempts >= 0
    assert row.state is not State.PARKED or not row.at_recording or row.sent_at is not None
    assert row.compensation is None or row.state is State.ACCEPTED
    owed = row.ward_answer is WardAnswer.PAPER or row.withdraw_asked_at is not None
    assert row.state is not State.ACCEPTED or not owed or row.compensation is not None
    assert row.ward_answer is not WardAnswer.PAPER or row.state not in {State.NEW, State.WAITING, State.CLAIMED}
    check_sentence(row)


def check_sentence(row: Row) -> None:
    """What the ward reads beside an ending by paper: that it is valid, and of nothing that is still tried."""
    if row.ward_answer is WardAnswer.PAPER and row.state in (FINAL | {State.PARKED}) - {
        State.ACCEPTED,
        State.CANCELLED,
    }:
        said = row.status_text or ""
        assert "papíralapú forma érvényes" in said
        assert said == sentences.PAPER_WHILE_UNKNOWN or not any(each in said for each in STILL_TRIED), said


def check_step(before: Row, step: Step, move: tuple[object, ...]) -> None:
    """What holds of every step."""
    after = step.row
    if step.verdict in {Verdict.LOST_LEASE, Verdict.UNCHANGED, Verdict.SECOND_IDENTIFIER}:
        assert after is before
    if after.state is not before.state:
        assert after.state in TRANSITIONS[before.state]
        assert before.state not in FINAL or after.state is State.ACCEPTED
        assert before.state not in FINAL or move[0] == "complete"
    if before.ward_answer is not WardAnswer.WAIT:
        assert after.ward_answer is before.ward_answer, "the ward is told once"
    assert after.message_id == before.message_id or before.message_id is None, "one message per item"
    assert after.eeszt_id == before.eeszt_id or before.eeszt_id is None
    assert after.withdraw_asked_at == before.withdraw_asked_at or before.withdraw_asked_at is None
    assert after.attempts >= before.attempts - 1
    assert before.withdraw_asked_at is None or after.state is not State.SENDING or before.state is State.SENDING
    if step.queue_withdrawal:
        assert after.withdraw_asked_at is not None or after.compensation is Compensation.DUE
    if before.sent_at is not None and after.sent_at is None:
        assert after.state not in {State.ACCEPTED, State.SENDING, State.UNKNOWN}


@settings(derandomize=True, max_examples=400, deadline=None)
@given(ROWS, LEAD_INS, st.lists(st.tuples(SECONDS, MOVES), min_size=1, max_size=25))
def test_no_sequence_of_steps_makes_a_row_inconsistent(
    row: Row, lead_in: tuple[tuple[object, ...], ...], walk: list[tuple[float, tuple[object, ...]]]
) -> None:
    now = START
    for seconds, move in [*((0.0, move) for move in lead_in), *walk]:
        now += timedelta(seconds=seconds)
        step = moved(row, move, now)
        check_step(row, step, move)
        check_row(step.row)
        row = step.row


@settings(derandomize=True, max_examples=200, deadline=None)
@given(ROWS, st.lists(st.tuples(SECONDS, MOVES), max_size=15))
def test_left_alone_by_people_every_row_ends_or_waits_for_one(
    row: Row, walk: list[tuple[float, tuple[object, ...]]]
) -> None:
    now = START
    for seconds, move in walk:
        now += timedelta(seconds=seconds)
        row = moved(row, move, now).row
    for _ in range(12):  # an EESZT that never answers and shows nothing, a daemon that does its work
        now += timedelta(seconds=600)
        for move in (
            ("rescue",),
            ("overdue",),
            ("decide", True),
            ("claim", "z"),
            ("complete", "z", Outcome(Ending.PARKED, Reason.LOGIN)),
            ("claim_probe", "z"),
            ("complete", "z", Outcome(Ending.ABSENT, Reason.LOST_ANSWER)),
        ):
            row = moved(row, move, now).row
    assert row.state in FINAL | {State.PARKED}
    assert row.ward_answer is not WardAnswer.WAIT
    assert row.next_at is None


@pytest.mark.parametrize("text", SAID)
@pytest.mark.parametrize("ending", [each for each in Ending if each is not Ending.ACCEPTED])
def test_no_outcome_ends_a_prescription_with_paper_and_a_promise(ending: Ending, text: str | None) -> None:
    begun = Row(
        1,
        next_at=START,
        ward_answer=WardAnswer.WAIT,
        send_by=START + timedelta(seconds=6),
        answer_by=START + timedelta(seconds=10),
    )
    claimed = steps.claim(begun, "a", START + timedelta(seconds=30), START).row
    sent = steps.permit(claimed, "a", "urn:uuid:1", START + timedelta(seconds=60), START).row
    outcome = Outcome(ending, "R", text)
    unknown = replace(steps.complete(sent, "a", Outcome(Ending.UNKNOWN, "R", text), WAITS, START).row, probe_count=1)
    late = START + timedelta(seconds=130)
    asked = steps.claim_probe(unknown, "b", late + timedelta(seconds=9), late).row
    for row, token, now in ((claimed, "a", START), (sent, "a", START), (sent, "a", late), (asked, "b", late)):
        told = steps.decide(steps.complete(row, token, outcome, WAITS, now).row, alive=True, now=late).row
        check_row(told)
        assert told.ward_answer is WardAnswer.PAPER


def test_a_sentence_beside_paper_keeps_its_cause_and_is_never_longer_than_the_database_keeps() -> None:
    assert sentences.on_paper(sentences.NOT_REACHED) == sentences.OUTAGE_PAPER
    assert sentences.on_paper("A(z) X mező hibás: nem szám.") == (
        "A(z) X mező hibás: nem szám. A papíralapú forma érvényes."
    )
    assert sentences.on_paper("Nem írható fel, a papíralapú vény érvényes.") == (
        "Nem írható fel, a papíralapú vény érvényes."
    )
    assert len(sentences.on_paper("x" * 5000)) == sentences.LONGEST
    assert sentences.on_paper("x" * 5000).endswith("a papíralapú forma érvényes.")
    assert sentences.bounded("x" * 1_000_000) == "x" * 999 + "…"
