"""Which item a withdrawal withdraws, what it may touch, and what waits for it: keys shared by several records."""

from __future__ import annotations

import pytest

from runner.domain import sentences
from runner.domain.outbox import Compensation, State, Verdict, WardAnswer
from runner.domain.outcome import Ending
from runner.errors import RowError
from tests.support.rows import Lab, accepted, claim, completion, new_item, sent

WRITE, WITHDRAW = "erecept_feliras", "erecept_visszavonas"


def prescribed(lab: Lab, source_key: str, order_key: str | None = "epizod-1", **columns: object) -> int:
    """A prescription that is up, under the identifier SIM-<its number>."""
    item = lab.insert(WRITE, source_key=source_key, order_key=order_key, **columns)
    accepted(lab, item, f"SIM-{item}")
    return item


def withdrawn(lab: Lab, original: int, **columns: object) -> int:
    """Withdraw an item by a row of its record, and have that accepted."""
    item = lab.insert(WITHDRAW, source_key=lab.record(original)["source_key"], **columns)
    sent_item = sent(lab, item)
    lab.store.outbox.complete([completion(sent_item, receipt={"withdrawn": f"SIM-{original}"})])
    return item


def withdraws(lab: Lab, item: int) -> object:
    return lab.record(item)["withdraws"]


def refused(lab: Lab, item: int) -> tuple[State, str | None, str | None]:
    row = lab.row(item)
    return row.state, row.reason_code, row.status_text


# which one


def test_of_an_episode_the_named_prescription_is_withdrawn(lab: Lab) -> None:
    first, second, third = (prescribed(lab, key) for key in ("9201", "9202", "9203"))
    withdrawal = lab.insert(WITHDRAW, source_key="9201", order_key="epizod-1")
    assert withdraws(lab, withdrawal) == first
    shown = lab.run("SELECT item_id FROM EESZT_V_BARCODE ORDER BY 1")
    assert shown == [(second,), (third,)]
    assert withdraws(lab, lab.insert(WITHDRAW, source_key="9202")) == second


def test_without_a_record_the_last_of_the_order_key_is_withdrawn(lab: Lab) -> None:
    prescribed(lab, "9201")
    last = prescribed(lab, "9202")
    assert withdraws(lab, lab.insert(WITHDRAW, order_key="epizod-1")) == last


def test_an_item_that_is_named_counts_first(lab: Lab) -> None:
    first = prescribed(lab, "9201")
    prescribed(lab, "9202")
    for columns in ({}, {"order_key": "epizod-1"}, {"source_key": "9201"}):
        withdrawal = lab.insert(WITHDRAW, withdraws=first, **columns)
        assert withdraws(lab, withdrawal) == first
        lab.force((withdrawal, {"state": "CANCELLED"}))


@pytest.mark.parametrize(
    "columns",
    [
        {"source_key": "9201", "order_key": "epizod-2"},
        {"withdraws": 1, "source_key": "9202"},
        {"withdraws": 1, "order_key": "epizod-2"},
        {"withdraws": 2, "source_key": "9201", "order_key": "epizod-2"},
    ],
)
def test_columns_that_disagree_withdraw_nothing(lab: Lab, columns: dict[str, object]) -> None:
    items = [prescribed(lab, "9201", "epizod-1"), prescribed(lab, "9202", "epizod-2")]
    withdrawal = lab.insert(WITHDRAW, **columns)
    assert refused(lab, withdrawal) == (State.INVALID, "BAD_FIELD", sentences.WITHDRAWAL_DISAGREES)
    assert withdraws(lab, withdrawal) is None
    assert [lab.row(item).withdraw_asked_at for item in items] == [None, None]


def test_a_record_that_is_not_there_is_not_guessed_by_the_order_key(lab: Lab) -> None:
    prescribed(lab, "9201")
    withdrawal = lab.insert(WITHDRAW, source_key="9299", order_key="epizod-1")
    assert refused(lab, withdrawal) == (State.INVALID, "BAD_FIELD", sentences.NO_ORIGINAL)


@pytest.mark.parametrize("columns", [{}, {"recorded_at": None}])
def test_a_row_that_came_to_nothing_does_not_hide_the_prescription_that_stands(
    lab: Lab, columns: dict[str, object]
) -> None:
    original = prescribed(lab, "9201")
    twice = lab.insert(WRITE, source_key="9201", order_key="epizod-1", **columns)
    assert lab.row(twice).state in {State.SKIPPED, State.INVALID}
    assert withdraws(lab, lab.insert(WITHDRAW, source_key="9201")) == original


def test_a_record_prescribed_anew_is_withdrawn_anew(lab: Lab) -> None:
    for _ in range(3):
        original = prescribed(lab, "9201")
        withdrawal = withdrawn(lab, original)
        assert (withdraws(lab, withdrawal), lab.row(original).compensation) == (original, Compensation.DONE)


def test_a_withdrawal_that_is_submitted_withdraws_the_record_prescribed_anew(lab: Lab) -> None:
    first = prescribed(lab, "9201")
    withdrawn(lab, first)
    second = prescribed(lab, "9201")
    withdrawal = lab.store.desk.submit(new_item(WITHDRAW, source_key="9201"))
    assert withdraws(lab, withdrawal) == second
    again = lab.store.desk.submit(new_item(WITHDRAW, source_key="9201"))
    assert lab.row(again).reason_code == "DUPLICATE"


# who


def test_nobody_hides_the_bar_code_of_somebody_else(lab: Lab) -> None:
    original = prescribed(lab, "9201")
    foreign = lab.insert(WITHDRAW, source_key="9201", order_key="epizod-1", recorded_by="szucs.gergo")
    assert refused(lab, foreign) == (State.INVALID, "PRESCRIBER_ONLY", sentences.PRESCRIBER_ONLY)
    row = lab.row(original)
    assert (row.withdraw_asked_at, row.compensation) == (None, None)
    assert lab.run("SELECT item_id FROM EESZT_V_BARCODE") == [(original,)]


def test_a_stranger_stops_neither_the_prescriber_nor_what_follows(lab: Lab) -> None:
    original = prescribed(lab, "9201")
    lab.insert(WITHDRAW, source_key="9201", order_key="epizod-1", recorded_by="szucs.gergo")
    other = lab.insert(WRITE, source_key="9202", order_key="epizod-1")
    assert [item.row.item_id for item in claim(lab, "interactive")] == [other]
    assert withdraws(lab, lab.insert(WITHDRAW, source_key="9201", order_key="epizod-1")) == original


def test_a_withdrawal_that_ends_for_want_of_the_prescriber_leaves_the_original_as_it_was(lab: Lab) -> None:
    original = prescribed(lab, "9201")
    lab.insert(WITHDRAW, source_key="9201")
    [item] = claim(lab, "interactive")
    text = sentences.PRESCRIBER_ONLY
    lab.store.outbox.complete([completion(item, Ending.INVALID, reason_code="PRESCRIBER_ONLY", status_text=text)])
    row = lab.row(original)
    assert (row.withdraw_asked_at, row.compensation, row.status_text) == (None, None, sentences.ACCEPTED)
    assert lab.run("SELECT item_id FROM EESZT_V_BARCODE") == [(original,)]


def test_nobody_takes_back_the_withdrawal_of_somebody_else(lab: Lab) -> None:
    prescribed(lab, "9201")
    withdrawal = lab.insert(WITHDRAW, source_key="9201")
    with pytest.raises(RowError, match="RNR-3001"):
        lab.store.desk.withdraw(withdrawal, "szucs.gergo")
    assert lab.row(withdrawal).state is State.NEW


# what waits for it


def test_a_withdrawal_written_twice_does_not_stop_the_new_prescription(lab: Lab) -> None:
    original = prescribed(lab, "9201", None)
    lab.insert(WITHDRAW, source_key="9201")
    assert lab.row(lab.insert(WITHDRAW, source_key="9201")).reason_code == "DUPLICATE"
    new = lab.insert(WRITE, source_key="9201")
    [item] = claim(lab, "interactive")
    lab.store.outbox.permit([])
    assert lab.record(new)["depends_on"] == item.row.item_id
    lab.store.outbox.complete([completion(item, receipt={"withdrawn": f"SIM-{original}"})])
    lab.store.outbox.sweep("interactive")
    assert [each.row.item_id for each in claim(lab, "interactive")] == [new]


@pytest.mark.parametrize("order_key", [None, "epizod-1"])
@pytest.mark.parametrize("by_row", [True, False])
def test_what_follows_a_cancelled_item_waits_for_what_that_one_waited_for(
    lab: Lab,
    order_key: str | None,
    by_row: bool,  # noqa: FBT001
) -> None:
    prescribed(lab, "9201", order_key)
    withdrawal = lab.insert(WITHDRAW, source_key="9201", order_key=order_key)
    cancelled = lab.insert(WRITE, source_key="9201", order_key=order_key)
    if by_row:
        lab.insert(WITHDRAW, source_key="9201", order_key=order_key)
    else:
        lab.store.desk.withdraw(cancelled, "kovacs.anna")
    early = lab.insert(WRITE, source_key="9201", order_key=order_key)
    lab.store.outbox.sweep("interactive")
    assert lab.row(cancelled).state is State.CANCELLED
    assert (lab.record(early)["depends_on"], lab.record(early)["needs"]) == (withdrawal, "ACCEPTED")
    item = sent(lab, withdrawal)
    assert claim(lab, "interactive") == []
    lab.store.outbox.complete([completion(item, Ending.REJECTED, reason_code="HIBA", status_text="Nem.")])
    assert (lab.row(early).state, lab.row(early).reason_code) == (State.SKIPPED, "PREDECESSOR")


def test_in_an_order_key_nothing_overtakes_over_a_cancelled_row(lab: Lab) -> None:
    first, second, third = (lab.insert(order_key="k") for _ in range(3))
    assert [item.row.item_id for item in claim(lab)] == [first]
    lab.store.desk.withdraw(second, "kovacs.anna")
    bad = lab.insert(order_key="k", recorded_at=None)
    fifth = lab.insert(order_key="k")
    assert (lab.row(bad).state, claim(lab)) == (State.INVALID, [])
    lab.force((first, {"state": "REJECTED"}))
    assert [item.row.item_id for item in claim(lab)] == [third]
    lab.force((third, {"state": "MISSED"}))
    assert [item.row.item_id for item in claim(lab)] == [fifth]


def test_what_could_not_be_withdrawn_still_stands_and_is_not_prescribed_twice(lab: Lab) -> None:
    original = prescribed(lab, "9201", None)
    item = sent(lab, lab.insert(WITHDRAW, source_key="9201"))
    text = "A receptet már kiváltották, nem vonható vissza."
    lab.store.outbox.complete([completion(item, Ending.REJECTED, reason_code="MAR_KIVALTOTT", status_text=text)])
    assert lab.row(original).compensation is Compensation.FAILED
    again = lab.insert(WRITE, source_key="9201")
    assert (lab.row(again).reason_code, lab.row(again).ward_answer) == ("DUPLICATE", None)
    assert lab.store.desk.submit(new_item(WRITE, source_key="9201")) == original


def test_what_is_withdrawn_in_another_outbox_holds_the_record_until_it_is_done(lab: Lab) -> None:
    wrong = lab.insert(WRITE, lane="background", source_key="9201")
    accepted(lab, wrong, "SIM-1")
    lab.store.desk.withdraw(wrong, "kovacs.anna")
    assert lab.row(lab.insert(WRITE, source_key="9201")).reason_code == "DUPLICATE"
    [(withdrawal,)] = lab.run("SELECT item_id FROM EESZT_OUT_BACKGROUND WHERE withdraws = ?", [wrong])
    lab.store.outbox.complete([completion(sent(lab, withdrawal), receipt={"withdrawn": "SIM-1"})])
    assert lab.row(lab.insert(WRITE, source_key="9201")).state is State.NEW


# what the ward reads


def seen(lab: Lab, item: int) -> tuple[object, ...]:
    [found] = lab.run("SELECT ward_answer, eeszt_id, compensation FROM EESZT_V_STATUS WHERE item_id = ?", [item])
    return found


def test_nobody_reads_print_of_what_is_withdrawn(lab: Lab) -> None:
    original = prescribed(lab, "9201")
    assert seen(lab, original) == ("PRINT", f"SIM-{original}", None)
    assert lab.store.desk.decide(original) is WardAnswer.PRINT
    withdrawal = lab.insert(WITHDRAW, source_key="9201")
    assert seen(lab, original) == ("WITHDRAWN", None, "DUE")
    assert lab.store.desk.decide(original) is None
    item = sent(lab, withdrawal)
    lab.store.outbox.complete([completion(item, receipt={"withdrawn": f"SIM-{original}"})])
    assert seen(lab, original) == ("WITHDRAWN", None, "DONE")
    assert lab.record(original)["ward_answer"] == "PRINT", "the column is told once"
    assert seen(lab, withdrawal) == (None, None, None)


def test_a_withdrawal_that_failed_says_why_at_what_still_stands(lab: Lab) -> None:
    original = prescribed(lab, "9201")
    item = sent(lab, lab.insert(WITHDRAW, source_key="9201"))
    text = "A receptet már kiváltották, nem vonható vissza."
    lab.store.outbox.complete([completion(item, Ending.REJECTED, reason_code="MAR_KIVALTOTT", status_text=text)])
    assert seen(lab, original) == ("WITHDRAWN", None, "FAILED")
    assert lab.row(original).status_text == f"{sentences.WITHDRAWAL_FAILED} {text}"
    [(sentence,)] = lab.run("SELECT sentence FROM EESZT_V_ATTENTION")
    assert sentence == f"{sentences.WITHDRAWAL_FAILED} {text}"


def test_paper_stays_paper_while_its_electronic_form_is_withdrawn(lab: Lab) -> None:
    item = sent(lab, lab.insert(WRITE, source_key="9201"))
    lab.travel(item.row.item_id, 31)
    lab.store.outbox.sweep("interactive")
    assert lab.store.outbox.complete([completion(item, eeszt_id="SIM-1")]) == {item.row.item_id: Verdict.DONE}
    assert seen(lab, item.row.item_id) == ("PAPER", None, "DUE")
