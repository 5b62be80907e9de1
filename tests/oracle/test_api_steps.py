"""EESZT_API adds nothing to the protocol: it makes of any row what the domain's step makes of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import oracledb
import pytest

from runner.domain import steps
from runner.domain.outbox import FINAL, Compensation, Row, State, Step, WardAnswer
from runner.domain.outcome import Reason
from tests.support.his import DOCTOR, Hospital, Session

LANE = "background"

TOLERANCE = timedelta(seconds=300)
"""How far instants of the database's clock and of the test's may lie apart; every limit here is far from its edge."""

PHASES = {"in time": (3600, 7200), "too late to send": (-3600, 7200), "too late for the ward": (-7200, -3600)}
"""Name → seconds from now to ``send_by`` and ``answer_by``."""


def situations() -> list[dict[str, Any]]:
    """Every state × ward's answer × withdrawal × compensation × phase × sent or not that a row could be in."""
    now = datetime.now(UTC)
    wards = (None, *WardAnswer)
    compensations = (None, *Compensation)
    product = itertools.product(State, wards, (False, True), compensations, PHASES.values(), (False, True))
    found = []
    for number, (state, ward, withdrawn, compensation, (send, answer), left) in enumerate(product):
        if compensation is not None and state is not State.ACCEPTED:
            continue
        held = state in {State.CLAIMED, State.SENDING} or number % 5 == 0
        found.append(
            {
                "state": state.value,
                "ward_answer": ward and ward.value,
                "withdraw_asked_at": now - timedelta(seconds=60) if withdrawn else None,
                "claim_token": "ours" if held else None,
                "claim_owner": "one" if held else None,
                "lease_until": now + timedelta(seconds=3600) if held else None,
                "next_at": now - timedelta(seconds=60) if number % 7 else None,
                "send_by": now + timedelta(seconds=send),
                "answer_by": now + timedelta(seconds=answer) if ward or number % 11 == 0 else None,
                "sent_at": now - timedelta(seconds=120) if left else None,
                "compensation": compensation and compensation.value,
                "attempts": number % 3,
                "rescue_count": number % 5,
                "probe_count": number % 3,
                "reason_code": Reason.ABSENT.value if number % 2 else None,
                "status_text": "Egy mondat." if number % 3 else None,
            }
        )
    return found


def rows_of(hospital: Hospital, session: Session) -> list[Row]:
    """Put a row into each situation."""
    columns = situations()
    ids = [session.submit() for _ in columns]
    session.commit()
    hospital.force(LANE, list(zip(ids, columns, strict=True)))
    return hospital.rows(LANE, ids)


def differences(hospital: Hospital, before: Sequence[Row], step: Callable[[Row], Row]) -> list[str]:
    """Compare what became of rows with what the domain makes of them."""
    after = hospital.rows(LANE, [row.item_id for row in before])
    pairs = [(row, stored, step(row)) for row, stored in zip(before, after, strict=True)]
    return [f"was {row}\nis  {is_}\nnot {wanted}" for row, is_, wanted in pairs if not same(is_, wanted)]


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


def withdrawals(hospital: Hospital) -> set[int]:
    """Give the originals that a withdrawal was queued for."""
    return {item for (item,) in hospital.run("SELECT withdraws FROM EESZT_OUT_BACKGROUND WHERE withdraws IS NOT NULL")}


def test_withdraw(hospital: Hospital) -> None:
    with hospital.session() as session:
        before = rows_of(hospital, session)
        states = {row.item_id: session.ask("withdraw", item_id=row.item_id, his_user=DOCTOR) for row in before}
        session.commit()
    now = datetime.now(UTC)
    expected = {row.item_id: steps.withdraw(row, now) for row in before}
    assert states == {item: step.row.state for item, step in expected.items()}
    assert differences(hospital, before, lambda row: expected[row.item_id].row) == []
    assert withdrawals(hospital) == {item for item, step in expected.items() if step.queue_withdrawal}


@pytest.mark.parametrize("alive", [True, False])
def test_decide(hospital: Hospital, *, alive: bool) -> None:
    if alive:
        hospital.beat(LANE)
    with hospital.session() as session:
        before = rows_of(hospital, session)
        answers = {row.item_id: session.ask("decide", item_id=row.item_id) for row in before}
    now = datetime.now(UTC)
    expected = {row.item_id: steps.decide(row, alive=alive, now=now).row for row in before}
    assert answers == {item: row.told for item, row in expected.items()}
    assert differences(hospital, before, lambda row: expected[row.item_id]) == []


def test_retry(hospital: Hospital) -> None:
    with hospital.session() as session:
        before = rows_of(hospital, session)
        for row in before:
            if row.state in FINAL:
                with pytest.raises(oracledb.DatabaseError, match="ORA-20708"):
                    session.ask("retry", item_id=row.item_id)
            else:
                assert session.ask("retry", item_id=row.item_id) == retried(row).row.state
        session.commit()
    assert differences(hospital, before, lambda row: retried(row).row) == []


def retried(row: Row) -> Step:
    """What the desk of the embedded database makes of a row."""
    now = datetime.now(UTC)
    return Step(replace(row, next_at=now)) if row.state is State.WAITING else steps.unpark(row, now)


def test_what_needed_a_withdrawn_item_ends_with_it(hospital: Hospital) -> None:
    with hospital.session() as session:
        before = rows_of(hospital, session)
        first = session.written()
        hospital.force(LANE, [(row.item_id, {"depends_on": first, "needs": "ACCEPTED"}) for row in before])
        session.ask("withdraw", item_id=first, his_user=DOCTOR)
        session.commit()
    assert differences(hospital, before, lambda row: steps.fail_with_predecessor(row).row) == []


def test_an_original_learns_that_its_withdrawal_was_taken_back(hospital: Hospital) -> None:
    with hospital.session() as session:
        before = rows_of(hospital, session)
        ids = [session.submit() for _ in before]
        session.commit()
        hospital.force(LANE, [(item, {"withdraws": row.item_id}) for item, row in zip(ids, before, strict=True)])
        for item in ids:
            assert session.ask("withdraw", item_id=item, his_user=DOCTOR) == "CANCELLED"
        session.commit()
    [(why,)] = hospital.run("SELECT DISTINCT status_text FROM EESZT_OUT_BACKGROUND WHERE withdraws IS NOT NULL")
    assert differences(hospital, before, lambda row: steps.withdrawal_ended(row, State.CANCELLED, why).row) == []
