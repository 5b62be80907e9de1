"""Sessions of the store: who they are, what they wait for, and what becomes of them."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from runner.domain.outbox import Compensation, State, Verdict
from runner.errors import StoreError
from runner.ports import Permitted
from runner.store.oracle.database import OracleDatabase
from tests.support.oracle import OWNER, RUNTIME
from tests.support.oracle_lab import OracleLab
from tests.support.oracle_schema import open_store
from tests.support.rows import DIGESTS, claim, completion, request
from tests.support.wire import Wire

pytestmark = pytest.mark.oracle


def database_of(lab: OracleLab) -> OracleDatabase:
    """Give what the store's verbs share."""
    database = lab.store.outbox._database
    assert isinstance(database, OracleDatabase)
    return database


def test_a_dba_sees_who_does_what(lab: OracleLab) -> None:
    sql = "SELECT module, action, client_identifier FROM v$session WHERE module = 'eeszt-runner'"
    with database_of(lab).doing("permit").locking("background") as transaction:
        transaction.load([1])
        [(module, action, client)] = lab.database.run(sql, who=OWNER)
    assert (module, action) == ("eeszt-runner", "permit background")
    assert client.endswith(f":{os.getpid()}")


def test_no_more_sessions_are_begun_than_allowed_and_none_is_waited_for_without_end(lab: OracleLab) -> None:
    store = open_store(lab.database, RUNTIME, most=1, wait_s=0.2)
    with store.outbox._database.pool.session("one"), pytest.raises(StoreError, match="RNR-7404"):
        store.outbox.next_due_s("background")
    assert store.outbox.next_due_s("background") is None
    store.close()


def test_a_call_that_takes_too_long_is_given_up_and_its_row_is_free_again(lab: OracleLab) -> None:
    item = lab.insert()
    store = open_store(lab.database, RUNTIME, call_s=0.5)
    lab.database.fault("delay=2:FOR UPDATE OF o")
    with pytest.raises(StoreError, match="RNR-7405"):
        store.outbox.claim("background", "slow", 10, 30, DIGESTS)
    lab.database.fault("off")
    store.close()
    assert [each.row.item_id for each in claim(lab)] == [item]


def test_a_password_that_was_refused_is_not_tried_again_at_once(lab: OracleLab) -> None:
    with Wire(lab.database.host, lab.database.port) as wire:
        user, _ = lab.database.users[RUNTIME]
        users = {**lab.database.users, RUNTIME: (user, "wrong")}
        store = open_store(replace(lab.database, host="127.0.0.1", port=wire.port, users=users), RUNTIME)
        for tries in (True, False):
            wire.count()
            with pytest.raises(StoreError, match="RNR-7408"):
                store.outbox.next_due_s("background")
            assert bool(wire.trips) is tries
        store.close()


@pytest.mark.parametrize("rule", ["drop_after:COMMIT", "drop_before:COMMIT", "drop_before:INSERT INTO EESZT_MESSAGE"])
def test_a_permit_whose_answer_was_lost_is_given_once_or_not_at_all(lab: OracleLab, rule: str) -> None:
    item_id = lab.insert()
    [item] = claim(lab)
    lab.database.fault(rule)
    answers = lab.store.outbox.permit([request(item)])
    lab.database.fault("off")
    row = lab.row(item_id)
    assert isinstance(answers[item_id], Permitted) is (row.state is State.SENDING)
    assert row.attempts <= 1


# rows that are not what they were


def test_what_was_changed_since_it_was_read_is_not_written(lab: OracleLab) -> None:
    ids = [lab.insert() for _ in range(2)]
    with database_of(lab).looking("background") as stale:
        rows = {item: stored.row for item, stored in stale.load(ids).items()}
        lab.force((ids[0], {"attempts": 1}))
        stale.write([(row, replace(row, state=State.CLAIMED, claim_token="late")) for row in rows.values()])
        stale.flush_rows()
        assert stale.lost == {ids[0]}
        assert set(stale.written) == {ids[1]}
        stale.commit()
    assert [lab.row(item).state for item in ids] == [State.NEW, State.CLAIMED]


def test_a_row_whose_window_closed_since_it_was_read_is_not_permitted(lab: OracleLab) -> None:
    item = lab.insert("erecept_feliras")
    claim(lab, "interactive")
    with database_of(lab).looking("interactive") as stale:
        row = stale.load([item])[item].row
        lab.travel(item, 21)
        row = replace(row, lease_until=lab.row(item).lease_until, next_at=lab.row(item).next_at)
        stale.write([(row, replace(row, state=State.SENDING))])
        stale.flush_rows()
        assert stale.lost == {item}


def test_an_identifier_of_another_item_is_noticed_though_it_was_not_asked_for_first(lab: OracleLab) -> None:
    first, second = lab.insert(), lab.insert()
    items = {item.row.item_id: item for item in claim(lab)}
    lab.store.outbox.permit([request(item) for item in items.values()])
    same = [completion(items[item], eeszt_id="SAME") for item in (first, second)]
    assert set(lab.store.outbox.complete(same).values()) == {Verdict.DONE}
    assert (lab.row(first).state, lab.row(second).state) == (State.ACCEPTED, State.PARKED)


def test_a_successor_that_medworks_held_waits_for_what_its_predecessor_waited_for(lab: OracleLab) -> None:
    first, second, third = (lab.insert(order_key="o") for _ in range(3))
    [item] = claim(lab)
    with lab.transaction() as hand:
        hand.run("SELECT item_id FROM EESZT_OUT_BACKGROUND WHERE item_id = ? FOR UPDATE", [third])
        lab.force((second, {"withdraw_asked_at": lab.row(second).next_at}))
        assert lab.store.outbox.sweep("background") == {"cancelled": 1}
    assert claim(lab) == []
    lab.store.outbox.permit([request(item)])
    lab.store.outbox.complete([completion(item, eeszt_id="E-1")])
    assert [each.row.item_id for each in claim(lab)] == [third]
    assert lab.row(first).state is State.ACCEPTED


# what a row may hold


@pytest.mark.parametrize("length", [0, 1, 4_000, 33_000, 1_000_000])
def test_a_payload_of_any_length_comes_as_it_was_written(lab: OracleLab, length: int) -> None:
    payload = "🩺ő" * (length // 2) or None
    lab.insert(payload=payload if length else "", source_key="" if not length else "k")
    [item] = claim(lab)
    assert item.payload == payload
    lab.store.outbox.permit([request(item, body=("🩺" * length).encode() or b"x", document=f'{{"a": "{payload}"}}')])
    lab.travel(item.row.item_id, 31)
    lab.store.outbox.sweep("background")
    lab.travel(item.row.item_id, 60)
    [asked] = lab.store.outbox.claim_probes("background", "probe", 10, 30, DIGESTS)
    assert asked.stored_body == (("🩺" * length).encode() or b"x")
    assert asked.stored_document == f'{{"a": "{payload}"}}'


def test_a_row_that_cannot_be_understood_does_not_take_the_others_along(lab: OracleLab) -> None:
    bad, good = lab.insert(), lab.insert()
    lab.force((bad, {"recorder_proof": None}))
    assert [item.row.item_id for item in claim(lab)] == [good]


def test_an_original_that_medworks_held_learns_later_how_its_withdrawal_ended(lab: OracleLab) -> None:
    original = lab.insert(source_key="1")
    [item] = claim(lab)
    lab.store.outbox.permit([request(item)])
    lab.store.outbox.complete([completion(item, eeszt_id="E-1")])
    lab.store.desk.withdraw(original, "kovacs.anna")
    [withdrawal] = claim(lab)
    lab.store.outbox.permit([request(withdrawal)])
    with lab.transaction() as hand:
        hand.run("SELECT item_id FROM EESZT_OUT_BACKGROUND WHERE item_id = ? FOR UPDATE", [original])
        lab.store.outbox.complete([completion(withdrawal, eeszt_id="E-2")])
        assert lab.row(original).compensation is Compensation.DUE
        assert lab.store.outbox.sweep("background") == {}
    assert lab.store.outbox.sweep("background") == {"settled": 1}
    assert lab.row(original).compensation is Compensation.DONE
