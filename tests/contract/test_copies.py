"""Copies into a row of MedWorkS that several items tell of: whatever comes late, the newest record's word stands."""

from __future__ import annotations

import itertools

import pytest

from runner.domain.outbox import Compensation, WardAnswer
from runner.domain.outcome import Ending
from runner.ports import Item, WriteBack
from tests.support.rows import FAR_AHEAD, LONG_AGO, Lab, completion, sent

WRITE, WITHDRAW = "erecept_feliras", "erecept_visszavonas"


def code(item_id: int, **other: object) -> WriteBack:
    return WriteBack(
        "MW_VENY", {"VENY_ID": 9001}, {"EESZT_VONALKOD": f"SIM-{item_id}", "EESZT_ALLAPOT": "FELIRT", **other}
    )


def no_code() -> WriteBack:
    return WriteBack("mw_veny", {"veny_id": "9001"}, {"eeszt_vonalkod": None, "EESZT_ALLAPOT": "VISSZAVONT"})


def up(lab: Lab, item: Item) -> None:
    number = item.row.item_id
    lab.store.outbox.complete([completion(item, eeszt_id=f"SIM-{number}", write_backs=[code(number)])])


def gone(lab: Lab, item: Item) -> None:
    receipt = {"withdrawn": f"SIM-{item.withdraws}"}
    lab.store.outbox.complete([completion(item, receipt=receipt, write_backs=[no_code()])])


def table(lab: Lab) -> tuple[object, ...]:
    [row] = lab.run("SELECT EESZT_VONALKOD, EESZT_ALLAPOT FROM MW_VENY")
    return row


def later(lab: Lab) -> None:
    """Let the time of what failed come again."""
    lab.run("UPDATE EESZT_WRITE_BACK SET next_at = ? WHERE next_at IS NOT NULL", [LONG_AGO])


@pytest.fixture
def record(lab: Lab) -> Lab:
    """One record of MedWorkS."""
    lab.put("MW_VENY", {"VENY_ID": 9001})
    return lab


def test_a_late_withdrawal_does_not_erase_the_new_bar_code(record: Lab) -> None:
    lab = record
    first = sent(lab, lab.insert(WRITE, source_key="9001"))
    up(lab, first)
    lab.store.outbox.write_back(10)
    lab.refuse("VISSZAVONT")
    gone(lab, sent(lab, lab.insert(WITHDRAW, source_key="9001")))
    assert lab.store.outbox.write_back(10) == {"failed": 1}
    second = sent(lab, lab.insert(WRITE, source_key="9001"))
    up(lab, second)
    assert lab.store.outbox.write_back(10) == {"written": 1}
    lab.allow()
    later(lab)
    assert lab.store.outbox.write_back(10) == {}
    assert table(lab) == (f"SIM-{second.row.item_id}", "FELIRT")
    assert lab.run("SELECT state FROM EESZT_WRITE_BACK ORDER BY 1") == [("DONE",), ("DONE",), ("DROPPED",)]
    assert lab.run("SELECT * FROM EESZT_V_ATTENTION") == []


def test_a_withdrawal_that_came_to_be_late_does_not_erase_the_new_bar_code(record: Lab) -> None:
    lab = record
    first = sent(lab, lab.insert(WRITE, source_key="9001"))
    lab.store.outbox.complete([completion(first, Ending.REJECTED, reason_code="HIBAS_TTT", status_text="Nem.")])
    second = sent(lab, lab.insert(WRITE, source_key="9001"))
    up(lab, second)
    up(lab, first)  # the EESZT has it all the same: paper, so it is withdrawn, by a row newer than the second
    assert lab.row(first.row.item_id).compensation is Compensation.DUE
    [(withdrawal,)] = lab.run("SELECT item_id FROM EESZT_OUT_INTERACTIVE WHERE withdraws = ?", [first.row.item_id])
    lab.store.outbox.write_back(10)
    gone(lab, sent(lab, withdrawal))
    lab.store.outbox.write_back(10)
    assert lab.row(second.row.item_id).ward_answer is WardAnswer.PRINT
    assert table(lab) == (f"SIM-{second.row.item_id}", "FELIRT")


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_in_whatever_order_copies_are_made_the_newest_record_counts(record: Lab, order: tuple[int, ...]) -> None:
    lab = record
    items = []
    for _ in range(2):
        items.append(sent(lab, lab.insert(WRITE, source_key="9001")))
        up(lab, items[-1])
        items.append(sent(lab, lab.insert(WITHDRAW, source_key="9001")))
        gone(lab, items[-1])
    last = sent(lab, lab.insert(WRITE, source_key="9001"))
    up(lab, last)
    due = [item.row.item_id for item in items]
    never = "UPDATE EESZT_WRITE_BACK SET state = 'DUE', next_at = ? WHERE item_id <> ?"
    lab.run(never, [FAR_AHEAD, last.row.item_id])
    for number in (order[0], None, *order[1:]):
        item = last.row.item_id if number is None else due[number]
        lab.run("UPDATE EESZT_WRITE_BACK SET next_at = ? WHERE item_id = ?", [LONG_AGO, item])
        lab.store.outbox.write_back(10)
    assert table(lab) == (f"SIM-{last.row.item_id}", "FELIRT")


def test_an_older_copy_still_tells_what_no_newer_one_told(record: Lab) -> None:
    lab = record
    first, second = (sent(lab, lab.insert(source_key=key)) for key in ("a", "b"))
    number = first.row.item_id
    lab.store.outbox.complete([completion(second, eeszt_id="SIM-9", write_backs=[code(9)])])
    lab.store.outbox.write_back(10)
    copies = [code(number, NAPLOSORSZAM="2026/1")]
    lab.store.outbox.complete([completion(first, eeszt_id="SIM-8", write_backs=copies)])
    assert lab.store.outbox.write_back(10) == {"written": 1}
    assert lab.run("SELECT EESZT_VONALKOD, NAPLOSORSZAM FROM MW_VENY") == [("SIM-9", "2026/1")]


def test_copies_into_other_rows_do_not_hinder_each_other(record: Lab) -> None:
    lab = record
    lab.put("MW_VENY", {"VENY_ID": 9002})
    first, second = (sent(lab, lab.insert(source_key=key)) for key in ("a", "b"))
    other = WriteBack("MW_VENY", {"VENY_ID": 9002}, {"EESZT_VONALKOD": "SIM-2"})
    lab.store.outbox.complete([completion(second, eeszt_id="SIM-2", write_backs=[other])])
    lab.store.outbox.write_back(10)
    lab.store.outbox.complete([completion(first, eeszt_id="SIM-1", write_backs=[code(1)])])
    assert lab.store.outbox.write_back(10) == {"written": 1}


def test_a_bar_code_that_is_being_withdrawn_is_copied_only_if_it_stands_after_all(record: Lab) -> None:
    lab = record
    lab.refuse("FELIRT")
    first = sent(lab, lab.insert(WRITE, source_key="9001"))
    up(lab, first)
    assert lab.store.outbox.write_back(10) == {"failed": 1}
    lab.allow()
    withdrawal = sent(lab, lab.insert(WITHDRAW, source_key="9001"))
    later(lab)
    assert lab.store.outbox.write_back(10) == {}
    assert table(lab) == (None, None)
    text = "Kiváltották."
    lab.store.outbox.complete([completion(withdrawal, Ending.REJECTED, reason_code="MAR_KIVALTOTT", status_text=text)])
    assert lab.store.outbox.write_back(10) == {"written": 1}
    assert table(lab) == (f"SIM-{first.row.item_id}", "FELIRT")
