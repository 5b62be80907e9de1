"""The store adds nothing to the protocol: each verb makes of any row what the domain's step makes of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runner.domain import steps
from runner.domain.outbox import FINAL, TRANSITIONS, Compensation, Row, State, Step, Verdict, Waits, WardAnswer
from runner.domain.outcome import Ending, Outcome, Reason
from runner.errors import RowError
from runner.ports import Item, PermitRequest, Permitted
from tests.support.rows import DIGESTS, FAR_AHEAD, Lab, completion

TOKEN = "ours"

TOLERANCE = timedelta(seconds=20)
"""How far instants of the database's clock and of the test's may lie apart; every limit here is far from its edge."""

LEFT = {State.SENDING, State.UNKNOWN, State.ACCEPTED, State.REJECTED}

PHASES = {"in time": (3600, 7200), "too late to send": (-3600, 7200), "too late for the ward": (-7200, -3600)}
"""Name → seconds from now to ``send_by`` and ``answer_by``."""

LEASES = {"free": (None, None), "ours": (TOKEN, 3600), "run out": (TOKEN, -3600), "another's": ("another", 3600)}
"""Name → token and seconds from now to the lease's end."""


def situations() -> list[dict[str, Any]]:
    """Every state × ward's answer × withdrawal × lease × phase that a row could conceivably be in."""
    now = datetime.now(UTC)
    wards = (None, *WardAnswer)
    found = []
    product = itertools.product(State, wards, (False, True), LEASES.values(), PHASES.values())
    for number, (state, ward, withdrawn, (token, lease), (send, answer)) in enumerate(product):
        left = state in LEFT or (state is State.PARKED and number % 2 == 0)
        found.append(
            {
                "state": state.value,
                "ward_answer": ward,
                "withdraw_asked_at": now - timedelta(seconds=60) if withdrawn else None,
                "claim_token": token,
                "lease_until": now + timedelta(seconds=lease) if lease is not None else None,
                "next_at": now - timedelta(seconds=60) if number % 5 else now + timedelta(seconds=3600),
                "send_by": now + timedelta(seconds=send),
                "answer_by": now + timedelta(seconds=answer) if ward else None,
                "sent_at": now - timedelta(seconds=120) if left else None,
                "compensation": Compensation.DUE if state is State.ACCEPTED and number % 3 == 0 else None,
                "attempts": number % 3,
                "rescue_count": number % 5,
                "probe_count": number % 3,
                "reason_code": Reason.ABSENT if number % 2 else Reason.LOGIN,
            }
        )
    return found


def rows_of(lab: Lab, columns: Sequence[dict[str, Any]], document_type: str = "ekat_esemeny") -> list[Row]:
    """Put a row into each situation."""
    with lab.transaction() as hand:
        ids = [hand.insert(document_type, recorded_by="k", workplace="w") for _ in columns]
        hand.commit()
    lab.force_many("background", list(zip(ids, columns, strict=True)))
    return lab.rows("background", ids)


def same(stored: Row, expected: Row) -> bool:
    """Whether two rows are the same, instants up to the tolerance."""
    for each in fields(Row):
        one, other = getattr(stored, each.name), getattr(expected, each.name)
        if isinstance(one, datetime) and isinstance(other, datetime):
            if abs(one - other) > TOLERANCE:
                return False
        elif one != other:
            return False
    return True


def compare(lab: Lab, before: Sequence[Row], expected_of: Callable[[Row], Row]) -> None:
    """Compare what the store made of rows with what the domain makes of them."""
    after = {row.item_id: row for row in lab.rows("background", [row.item_id for row in before])}
    for row in before:
        expected = expected_of(row)
        assert same(after[row.item_id], expected), (
            f"\nwas      {row}\nstored   {after[row.item_id]}\nexpected {expected}"
        )


def message_of(row: Row) -> dict[str, object]:
    """What was stored of it when it left."""
    at = datetime.now(UTC) - timedelta(seconds=3600)
    return {
        "item_id": row.item_id,
        "message_id": f"urn:uuid:{row.item_id}",
        "digest": "x",
        "body": b"\0",
        "document": "{}",
        "acting_user": "O12345",
        "mapping_version": "d",
        "stored_at": at,
        "expires_at": at,
        "decision": "12",
        "rules": "{}",
    }


def unchanged_unless(verdicts: set[Verdict], step: Step, row: Row) -> Row:
    return step.row if step.verdict in verdicts else row


def as_item(row: Row) -> Item:
    at = datetime.now(UTC)
    return Item("background", row, "ekat_esemeny", "k", "w", at, at)


def test_claim(lab: Lab) -> None:
    before = rows_of(lab, situations())
    taken = lab.store.outbox.claim("background", "new", len(before), 30, DIGESTS)
    now = datetime.now(UTC)
    expected = {row.item_id: steps.claim(row, "new", now + timedelta(seconds=30), now) for row in before}
    assert {item.row.item_id for item in taken} == {n for n, step in expected.items() if step.verdict is Verdict.DONE}
    assert all(same(item.row, expected[item.row.item_id].row) for item in taken)
    compare(lab, before, lambda row: expected[row.item_id].row)


def test_claim_probes(lab: Lab) -> None:
    before = rows_of(lab, situations())
    taken = lab.store.outbox.claim_probes("background", "new", len(before), 30, DIGESTS)
    now = datetime.now(UTC)
    expected = {row.item_id: steps.claim_probe(row, "new", now + timedelta(seconds=30), now) for row in before}
    assert {item.row.item_id for item in taken} == {n for n, step in expected.items() if step.verdict is Verdict.DONE}
    compare(lab, before, lambda row: expected[row.item_id].row)


def test_permit(lab: Lab) -> None:
    before = rows_of(lab, situations())
    requests = [
        PermitRequest(as_item(row), TOKEN, f"urn:uuid:{row.item_id}", b"<b/>", "{}", "O12345", "d", 60)
        for row in before
    ]
    answers = lab.store.outbox.permit(requests)
    now = datetime.now(UTC)
    expected = {
        row.item_id: steps.permit(row, TOKEN, f"urn:uuid:{row.item_id}", now + timedelta(seconds=60), now)
        for row in before
    }
    for row in before:
        answer, step = answers[row.item_id], expected[row.item_id]
        assert isinstance(answer, Permitted) if step.verdict is Verdict.DONE else answer is step.verdict
    compare(lab, before, lambda row: expected[row.item_id].row)
    stored = {item for (item,) in lab.run("SELECT item_id FROM EESZT_MESSAGE")}
    assert stored == {n for n, step in expected.items() if step.verdict is Verdict.DONE}


@pytest.mark.parametrize("ending", list(Ending))
def test_complete(lab: Lab, ending: Ending) -> None:
    before = rows_of(lab, situations())
    lab.put("EESZT_MESSAGE", *(message_of(row) for row in before))
    before = lab.rows("background", [row.item_id for row in before])

    def outcome(row: Row) -> Outcome:
        receipt = {"eeszt_id": f"SIM-{row.item_id}"} if ending is Ending.ACCEPTED else {}
        return Outcome(ending, Reason.LOST_ANSWER, "Egy mondat.", receipt)

    completions = [replace(completion(as_item(row)), outcome=outcome(row), token=TOKEN) for row in before]
    verdicts = lab.store.outbox.complete(completions)
    now = datetime.now(UTC)
    expected = {row.item_id: steps.complete(row, TOKEN, outcome(row), Waits(), now) for row in before}
    assert verdicts == {item: step.verdict for item, step in expected.items()}
    kept = ending is Ending.ACCEPTED

    def expected_row(row: Row) -> Row:
        known = f"SIM-{row.item_id}" if kept else None  # an identifier is kept of what was accepted already, too
        return replace(expected[row.item_id].row, eeszt_id=known)

    compare(lab, before, expected_row)
    owed = {item for item, step in expected.items() if step.queue_withdrawal}
    queued = {item for (item,) in lab.run("SELECT withdraws FROM EESZT_OUT_BACKGROUND WHERE withdraws IS NOT NULL")}
    assert queued == owed


def test_sweep(lab: Lab) -> None:
    before = rows_of(lab, situations())
    while lab.store.outbox.sweep("background"):
        pass
    now = datetime.now(UTC)

    def swept(row: Row) -> Row:
        last = None
        while last is not row:
            last = row
            row = _one_sweep(row, now)
        return row

    compare(lab, before, swept)


def _one_sweep(row: Row, now: datetime) -> Row:
    if row.lease_until is not None and row.lease_until <= now:
        row = steps.rescue(row, now).row
    if row.answer_by is not None and row.answer_by <= now:
        row = steps.decide(row, alive=True, now=now).row
    waits = row.state in {State.NEW, State.WAITING, State.PARKED} and row.sent_at is None
    if waits and row.withdraw_asked_at is not None:
        row = steps.withdraw(replace(row, withdraw_asked_at=None), row.withdraw_asked_at).row
    return steps.overdue(row, now).row


@pytest.mark.parametrize("alive", [True, False])
def test_decide(lab: Lab, alive: bool) -> None:  # noqa: FBT001
    before = rows_of(lab, situations()[::3])
    if alive:
        lab.put("EESZT_RUNNER", {"lane": "background", "owner": "one", "beat_at": FAR_AHEAD})
    answers = {row.item_id: lab.store.desk.decide(row.item_id) for row in before}
    now = datetime.now(UTC)
    expected = {row.item_id: steps.decide(row, alive=alive, now=now).row for row in before}
    assert answers == {item: row.told for item, row in expected.items()}
    compare(lab, before, lambda row: expected[row.item_id])


def test_withdraw(lab: Lab) -> None:
    before = rows_of(lab, situations()[::3])
    states = {row.item_id: lab.store.desk.withdraw(row.item_id, "k") for row in before}
    now = datetime.now(UTC)
    expected = {row.item_id: steps.withdraw(row, now) for row in before}
    assert states == {item: step.row.state for item, step in expected.items()}
    compare(lab, before, lambda row: expected[row.item_id].row)
    queued = {item for (item,) in lab.run("SELECT withdraws FROM EESZT_OUT_BACKGROUND WHERE withdraws IS NOT NULL")}
    assert queued == {item for item, step in expected.items() if step.queue_withdrawal}


def test_retry(lab: Lab) -> None:
    before = rows_of(lab, situations()[::3])
    for row in before:
        with pytest.raises(RowError) if row.state in FINAL else nullcontext():
            lab.store.desk.retry(row.item_id)
    now = datetime.now(UTC)

    def expected(row: Row) -> Row:
        return replace(row, next_at=now) if row.state is State.WAITING else steps.unpark(row, now).row

    compare(lab, before, expected)


# what no step may do is refused by the database itself


def test_a_state_that_may_not_follow_is_refused(lab: Lab) -> None:
    pairs = list(itertools.product(State, State))
    rows = rows_of(lab, [{"state": before.value} for before, _ in pairs])
    sql = "UPDATE EESZT_OUT_BACKGROUND SET state = ? WHERE item_id = ?"
    with lab.transaction() as hand:
        for row, (before, after) in zip(rows, pairs, strict=True):
            if before is after or after in TRANSITIONS[before]:
                hand.run(sql, [after.value, row.item_id])
            else:
                with pytest.raises(lab.errors, match="this state may not follow"):
                    hand.run(sql, [after.value, row.item_id])
        hand.commit()
    allowed = [after if before is after or after in TRANSITIONS[before] else before for before, after in pairs]
    assert [row.state for row in lab.rows("background", [row.item_id for row in rows])] == allowed


@pytest.mark.parametrize("told", ["PRINT", "PAPER"])
def test_a_ward_that_was_told_is_not_told_otherwise(lab: Lab, told: str) -> None:
    item = lab.insert("erecept_feliras")
    lab.force((item, {"ward_answer": told}))
    for other in {"WAIT", "PRINT", "PAPER", None} - {told}:
        with pytest.raises(lab.errors, match="the ward is told once"):
            lab.run("UPDATE EESZT_OUT_INTERACTIVE SET ward_answer = ? WHERE item_id = ?", [other, item])
