"""Several sessions at once, stepped one against the other: what the one has not committed, and what it holds locked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from runner.domain.outbox import Compensation, State, Verdict, WardAnswer
from runner.domain.outcome import Ending
from runner.ports import KeptFor, Permitted, ServiceReport, WriteBack
from tests.support.rows import LONG_AGO, Hand, Lab, claim, claim_probes, completion, log_in, request, sent


@pytest.fixture
def several(lab: Lab) -> Lab:
    """A lab whose store lets several sessions write at once."""
    if not lab.store.features.row_locks:
        pytest.skip("this store has one writer at a time")
    return lab


@contextmanager
def beside(work: Callable[[], Any]) -> Iterator[Future[Any]]:
    """Do something beside the test, and wait for it at the end."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(work)


def waits(lab: Lab, for_: Future[Any]) -> None:
    """Wait until a session of the database waits for another one's lock."""
    blocked = "SELECT sid FROM v$session WHERE blocking_session IS NOT NULL"
    for _ in range(600):
        if lab.run(blocked):
            return
        assert not for_.done(), for_.result()
        threading.Event().wait(0.01)
    raise AssertionError("no session waits for a lock")


def lock(hand: Hand, table: str, column: str, value: object) -> None:
    """Take a row's lock, as a screen does that somebody left open."""
    assert hand.run(f"SELECT {column} FROM {table} WHERE {column} = ? FOR UPDATE", [value])


def numbers(items: list[Any]) -> list[int]:
    return [item.row.item_id for item in items]


# what is not committed


def test_a_row_is_claimed_once_its_insert_is_committed(several: Lab) -> None:
    with several.transaction() as hand:
        item = hand.insert()
        assert claim(several) == []
        hand.commit()
    assert numbers(claim(several)) == [item]


def test_an_insert_that_is_rolled_back_leaves_nothing_and_holds_up_nothing(several: Lab) -> None:
    with several.transaction() as hand:
        hand.insert(source_key="k")
        other = several.insert(source_key="other")
        hand.rollback()
    again = several.insert(source_key="k")
    assert numbers(claim(several)) == [other, again]


def test_an_earlier_number_that_is_committed_later_is_not_left_behind(several: Lab) -> None:
    with several.transaction() as hand:
        earlier = hand.insert()
        later = several.insert()
        assert numbers(claim(several)) == [later]
        hand.commit()
    assert numbers(claim(several)) == [earlier]


def test_rows_of_one_key_get_their_order_by_who_came_first_though_nothing_is_committed_yet(several: Lab) -> None:
    with several.transaction() as hand:
        first = hand.insert(order_key="k")
        with beside(lambda: several.insert(order_key="k")) as second:
            waits(several, second)
            hand.commit()
        assert several.record(second.result())["depends_on"] == first
    assert numbers(claim(several)) == [first]


def test_a_first_of_its_key_that_is_rolled_back_is_no_predecessor(several: Lab) -> None:
    with several.transaction() as hand:
        hand.insert(order_key="k")
        with beside(lambda: several.insert(order_key="k")) as second:
            waits(several, second)
            hand.rollback()
        assert several.record(second.result())["depends_on"] is None
    assert numbers(claim(several)) == [second.result()]


def test_one_record_written_by_two_sessions_at_once_is_one_document(several: Lab) -> None:
    with several.transaction() as hand:
        first = hand.insert("erecept_feliras", source_key="9001")
        with beside(lambda: several.insert("erecept_feliras", source_key="9001")) as second:
            waits(several, second)
            hand.commit()
    assert several.row(second.result()).reason_code == "DUPLICATE"
    assert numbers(claim(several, "interactive")) == [first]


# locks of MedWorkS at every write


def test_a_claim_passes_over_what_is_locked(several: Lab) -> None:
    first, locked, last = (several.insert() for _ in range(3))
    with several.transaction() as hand:
        lock(hand, "EESZT_OUT_BACKGROUND", "item_id", locked)
        assert numbers(claim(several)) == [first, last]
    assert numbers(claim(several)) == [locked]


def test_probes_pass_over_what_is_locked(several: Lab) -> None:
    items = [sent(several, several.insert()) for _ in range(2)]
    several.store.outbox.complete([completion(item, Ending.UNKNOWN, reason_code="LOST_ANSWER") for item in items])
    for item in items:
        several.travel(item.row.item_id, 60)
    with several.transaction() as hand:
        lock(hand, "EESZT_OUT_BACKGROUND", "item_id", items[0].row.item_id)
        assert numbers(claim_probes(several)) == [items[1].row.item_id]
    assert numbers(claim_probes(several)) == [items[0].row.item_id]


def test_a_permit_leaves_out_what_is_locked_until_it_is_free(several: Lab) -> None:
    ids = [several.insert() for _ in range(3)]
    items = claim(several)
    with several.transaction() as hand:
        lock(hand, "EESZT_OUT_BACKGROUND", "item_id", ids[1])
        answers = several.store.outbox.permit([request(item) for item in items])
        assert answers.keys() == {ids[0], ids[2]}
        assert all(isinstance(answer, Permitted) for answer in answers.values())
        assert several.row(ids[1]).state is State.CLAIMED
    assert isinstance(several.store.outbox.permit([request(items[1])])[ids[1]], Permitted)


def test_an_outcome_is_stored_though_another_ones_row_is_locked(several: Lab) -> None:
    ids = [several.insert() for _ in range(3)]
    items = claim(several)
    several.store.outbox.permit([request(item) for item in items])
    done = [completion(item, eeszt_id=f"SIM-{item.row.item_id}") for item in items]
    with several.transaction() as hand:
        lock(hand, "EESZT_OUT_BACKGROUND", "item_id", ids[1])
        assert several.store.outbox.complete(done) == dict.fromkeys([ids[0], ids[2]], Verdict.DONE)
        assert several.row(ids[1]).state is State.SENDING
    assert several.store.outbox.complete([done[1]]) == {ids[1]: Verdict.DONE}
    assert several.row(ids[1]).state is State.ACCEPTED


def test_a_sweep_passes_over_what_is_locked_and_comes_back_to_it(several: Lab) -> None:
    ids = [several.insert("erecept_feliras") for _ in range(2)]
    for item in ids:
        several.travel(item, 31)
    with several.transaction() as hand:
        lock(hand, "EESZT_OUT_INTERACTIVE", "item_id", ids[0])
        several.store.outbox.sweep("interactive")
        assert [several.row(item).ward_answer for item in ids] == [WardAnswer.WAIT, WardAnswer.PAPER]
    several.store.outbox.sweep("interactive")
    assert several.row(ids[0]).ward_answer is WardAnswer.PAPER


def test_a_login_wakes_what_is_not_locked_and_fails_for_nothing(several: Lab) -> None:
    ids = [several.insert() for _ in range(2)]
    parked = {"state": "PARKED", "reason_code": "LOGIN", "next_at": None, "state_at": LONG_AGO}
    several.force(*((item, parked) for item in ids))
    with several.transaction() as hand:
        lock(hand, "EESZT_OUT_BACKGROUND", "item_id", ids[0])
        log_in(several, "O12345", "kovacs.anna")
        assert [several.row(item).state for item in ids][1] is State.NEW
        assert several.store.outbox.wake_missed() == 0, "it is held still"
    assert several.store.outbox.wake_missed() == 1, "nobody needs to remember that it was held"
    assert several.row(ids[0]).state is State.NEW


def test_a_copy_into_a_locked_row_is_made_later_and_holds_up_no_other(several: Lab) -> None:
    several.put("MW_VENY", {"VENY_ID": 1}, {"VENY_ID": 2})
    for number in (1, 2):
        item = sent(several, several.insert("erecept_feliras", source_key=str(number)))
        copy = WriteBack("MW_VENY", {"VENY_ID": number}, {"EESZT_VONALKOD": f"SIM-{number}"})
        several.store.outbox.complete([completion(item, eeszt_id=f"SIM-{number}", write_backs=[copy])])
    with several.transaction() as hand:
        lock(hand, "MW_VENY", "VENY_ID", 1)
        counts = several.store.outbox.write_back(10)
        assert (counts.get("written"), counts.get("locked")) == (1, 1)
        assert several.run("SELECT VENY_ID FROM MW_VENY WHERE EESZT_VONALKOD IS NOT NULL") == [(2,)]
        assert several.run("SELECT what FROM EESZT_V_ATTENTION") == [], "a lock needs no person"
    several.run("UPDATE EESZT_WRITE_BACK SET next_at = ? WHERE next_at IS NOT NULL", [LONG_AGO])
    assert several.store.outbox.write_back(10) == {"written": 1}


def test_what_is_locked_is_forgotten_in_another_round(several: Lab) -> None:
    ids = [several.insert(payload="{}") for _ in range(2)]
    several.force(*((item, {"state": "CANCELLED", "next_at": None}) for item in ids))
    for item in ids:
        several.travel(item, 31 * 86400)
    kept = KeptFor(30 * 86400.0, 90 * 86400.0, 3650 * 86400.0)
    with several.transaction() as hand:
        lock(hand, "EESZT_OUT_BACKGROUND", "item_id", ids[0])
        several.store.outbox.forget(kept, 10)
        assert [several.record(item)["payload"] for item in ids][1] is None
    several.store.outbox.forget(kept, 10)
    assert several.record(ids[0])["payload"] is None


# withdrawal against permit, decide against complete


@pytest.mark.parametrize("committed", [True, False])
def test_no_permit_is_given_while_a_withdrawal_is_being_written(several: Lab, committed: bool) -> None:  # noqa: FBT001
    original = several.insert("erecept_feliras", source_key="9001")
    [item] = claim(several, "interactive")
    with several.transaction() as hand:
        hand.insert("erecept_visszavonas", source_key="9001")
        assert several.store.outbox.permit([request(item)]) == {}, "nothing is decided while it is not known"
        _ = hand.commit() if committed else hand.rollback()
    answer = several.store.outbox.permit([request(item)])[original]
    assert answer is Verdict.WITHDRAWN if committed else isinstance(answer, Permitted)


def test_a_withdrawal_after_the_permit_gets_what_left_withdrawn(several: Lab) -> None:
    item = sent(several, several.insert("erecept_feliras", source_key="9001"))
    with several.transaction() as hand:
        hand.insert("erecept_visszavonas", source_key="9001")
        assert several.store.outbox.complete([completion(item, eeszt_id="SIM-1")]) == {}
        hand.commit()
    assert several.store.outbox.complete([completion(item, eeszt_id="SIM-1")]) == {item.row.item_id: Verdict.DONE}
    assert several.row(item.row.item_id).compensation is Compensation.DUE
    assert several.run("SELECT * FROM EESZT_V_BARCODE") == []


@pytest.mark.parametrize("first", ["decide", "complete"])
def test_once_its_time_is_over_the_ward_has_paper_whoever_comes_first(several: Lab, first: str) -> None:
    number = several.insert("erecept_feliras")
    several.store.outbox.beat({"interactive": 0.0}, "one")
    item = sent(several, number)
    several.travel(number, 31)
    steps: dict[str, Callable[[], Any]] = {
        "decide": lambda: several.store.desk.decide(number),
        "complete": lambda: several.store.outbox.complete([completion(item, eeszt_id="SIM-1")]),
    }
    second = next(name for name in steps if name != first)
    steps[first]()
    steps[second]()
    row = several.row(number)
    assert (row.ward_answer, row.compensation) == (WardAnswer.PAPER, Compensation.DUE), "its time was over"


def test_however_verdict_and_answer_race_the_ward_is_told_what_holds(several: Lab) -> None:
    ids = [several.insert("erecept_feliras") for _ in range(8)]
    several.store.outbox.beat({"interactive": 0.0}, "one")
    items = claim(several, "interactive")
    several.store.outbox.permit([request(item) for item in items])
    several.run("UPDATE EESZT_RUNNER SET beat_at = ?", [LONG_AGO])  # decide says PAPER at once
    with ThreadPoolExecutor(2) as pool:
        for number, item in zip(ids, items, strict=True):
            told = pool.submit(several.store.desk.decide, number)
            done: dict[int, Verdict] = {}
            while not done:  # left out while the verdict is being written
                done = dict(several.store.outbox.complete([completion(item, eeszt_id=f"SIM-{number}")]))
            assert done == {number: Verdict.DONE}
            row = several.row(number)
            assert row.state is State.ACCEPTED
            assert told.result() in {row.ward_answer, WardAnswer.WAIT}
            assert (row.ward_answer is WardAnswer.PAPER) == (row.compensation is Compensation.DUE)


# daemons side by side


def test_two_daemons_never_claim_one_row(several: Lab) -> None:
    ids = [several.insert() for _ in range(40)]
    with ThreadPoolExecutor(4) as pool:
        taken = [numbers(items.result()) for items in [pool.submit(claim, several, limit=7) for _ in range(12)]]
    flat = [item for items in taken for item in items]
    assert len(flat) == len(set(flat))
    assert set(flat) | set(numbers(claim(several))) == set(ids)


def test_a_late_finisher_with_a_true_answer_is_believed_after_its_row_was_rescued(several: Lab) -> None:
    number = several.insert()
    item = sent(several, number)
    several.travel(number, 31)
    assert several.store.outbox.sweep("background") == {"rescued": 1}
    several.travel(number, 60)
    [asked] = claim_probes(several)
    assert several.store.outbox.complete([completion(item, eeszt_id="SIM-1")]) == {number: Verdict.DONE}
    again = completion(asked, eeszt_id="SIM-1", attempt="PROBE")
    assert several.store.outbox.complete([again]) == {number: Verdict.UNCHANGED}
    assert several.row(number).eeszt_id == "SIM-1"


def test_a_late_finisher_without_an_answer_changes_nothing(several: Lab) -> None:
    number = several.insert()
    item = sent(several, number)
    several.travel(number, 31)
    several.store.outbox.sweep("background")
    lost = completion(item, Ending.UNKNOWN, reason_code="LOST_ANSWER")
    assert several.store.outbox.complete([lost]) == {number: Verdict.LOST_LEASE}


def test_two_daemons_may_say_a_services_state_for_the_first_time_at_once(several: Lab) -> None:
    put = (
        "INSERT INTO EESZT_SERVICE_STATE (service, state, since, reported_at)"
        " VALUES ('erecept', 'DOWN', SYS_EXTRACT_UTC(SYSTIMESTAMP), SYS_EXTRACT_UTC(SYSTIMESTAMP))"
    )
    with several.transaction() as hand:
        hand.run(put)
        with beside(lambda: several.store.outbox.service_states([ServiceReport("erecept", "UP")])) as told:
            waits(several, told)
            hand.commit()
    assert told.result() is None
    assert several.run("SELECT state FROM EESZT_SERVICE_STATE") == [("UP",)]
