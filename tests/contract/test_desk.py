"""What MedWorkS and an operator may ask of the outboxes."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from runner.domain.outbox import Compensation, State, WardAnswer
from runner.domain.outcome import Ending
from runner.errors import RowError, StoreError
from tests.support.rows import DIGESTS, LONG_AGO, TYPES, Lab, accepted, claim, completion, new_item, request, sent


def test_a_submitted_item_is_a_row_like_any_other(lab: Lab) -> None:
    first = datetime(2026, 1, 2, 9, 30, tzinfo=UTC)
    item = lab.store.desk.submit(
        new_item(source_key="k", order_key="o", payload="{}", priority=5, first_recorded_at=first, replaces=7)
    )
    record = lab.record(item)
    assert (record["lane"], record["state"], record["priority"], record["replaces"]) == ("background", "NEW", 5, 7)
    assert record["first_recorded_at"] == "2026-01-02 09:30:00.000000"


def test_the_same_record_twice_gives_the_existing_item(lab: Lab) -> None:
    first = lab.store.desk.submit(new_item("erecept_feliras", source_key="9001"))
    assert lab.store.desk.submit(new_item("erecept_feliras", source_key="9001")) == first
    assert lab.store.desk.submit(new_item("erecept_feliras", source_key="9002")) != first
    assert lab.store.desk.submit(new_item()) != lab.store.desk.submit(new_item())


def test_an_unknown_type_is_submitted_and_told_so(lab: Lab) -> None:
    assert lab.row(lab.store.desk.submit(new_item("ismeretlen"))).reason_code == "UNKNOWN_DOCUMENT_TYPE"


# withdraw


def test_what_was_not_sent_is_withdrawn_at_once(lab: Lab) -> None:
    item = lab.insert("erecept_feliras")
    assert lab.store.desk.withdraw(item, "kovacs.anna") is State.CANCELLED
    assert lab.row(item).ward_answer is WardAnswer.PAPER
    assert lab.record(item)["withdraw_asked_by"] == "kovacs.anna"
    assert claim(lab, "interactive") == []


def test_what_is_on_its_way_gets_a_withdrawal_behind_it(lab: Lab) -> None:
    original = lab.insert("erecept_feliras", order_key="k")
    item = sent(lab, original)
    assert lab.store.desk.withdraw(original, "kovacs.anna") is State.SENDING
    assert claim(lab, "interactive") == []
    lab.store.outbox.complete([completion(item, eeszt_id="SIM-1")])
    assert lab.run("SELECT * FROM EESZT_V_BARCODE") == []
    assert lab.row(original).ward_answer is WardAnswer.PAPER
    [withdrawal] = claim(lab, "interactive")
    assert (withdrawal.withdraws, withdrawal.order_key) == (original, None)


def test_what_never_came_to_be_needs_no_withdrawal(lab: Lab) -> None:
    original = lab.insert("erecept_feliras")
    item = sent(lab, original)
    lab.store.desk.withdraw(original, "kovacs.anna")
    lab.store.outbox.complete([completion(item, Ending.REJECTED, reason_code="HIBAS_TTT", status_text="Hibás TTT.")])
    [(withdrawal,)] = lab.run("SELECT item_id FROM EESZT_OUT_INTERACTIVE WHERE withdraws = ?", [original])
    assert (lab.row(withdrawal).state, lab.row(withdrawal).reason_code) == (State.SKIPPED, "PREDECESSOR")


def test_who_asks_for_a_withdrawal_is_who_records_it(lab: Lab) -> None:
    original = lab.insert("erecept_feliras")
    accepted(lab, original, "SIM-1")
    assert lab.store.desk.withdraw(original, "kovacs.anna") is State.ACCEPTED
    [withdrawal] = claim(lab, "interactive")
    assert (withdrawal.recorded_by, withdrawal.prescriber) == ("kovacs.anna", "kovacs.anna")
    assert lab.row(original).compensation is Compensation.DUE


@pytest.mark.parametrize("sent", [False, True])
def test_nobody_withdraws_a_prescription_of_somebody_else(lab: Lab, sent: bool) -> None:  # noqa: FBT001
    original = lab.insert("erecept_feliras")
    if sent:
        accepted(lab, original, "SIM-1")
    before = lab.row(original)
    with pytest.raises(RowError, match=f"RNR-3001 item {original}"):
        lab.store.desk.withdraw(original, "szucs.gergo")
    assert lab.row(original) == before
    assert lab.run("SELECT count(*) FROM EESZT_OUT_INTERACTIVE WHERE withdraws IS NOT NULL") == [(0,)]


def test_a_withdrawal_of_ones_own_takes_over_the_proof(lab: Lab) -> None:
    mine = lab.insert("erecept_feliras")
    lab.force((mine, {"recorder_proof": "BOUND"}))
    accepted(lab, mine, "SIM-1")
    lab.store.desk.withdraw(mine, "kovacs.anna")
    proofs = lab.run("SELECT withdraws, recorder_proof FROM EESZT_OUT_INTERACTIVE WHERE withdraws IS NOT NULL")
    assert proofs == [(mine, "BOUND")]


def test_a_withdrawal_twice_is_one(lab: Lab) -> None:
    original = lab.insert("erecept_feliras")
    accepted(lab, original, "SIM-1")
    for _ in range(2):
        lab.store.desk.withdraw(original, "kovacs.anna")
    assert lab.run("SELECT count(*) FROM EESZT_OUT_INTERACTIVE WHERE withdraws = ?", [original]) == [(1,)]


# the ward


def test_a_ward_waits_while_there_is_time_and_a_daemon(lab: Lab) -> None:
    item = lab.insert("erecept_feliras")
    lab.store.outbox.beat({"interactive": 0.0}, "one")
    assert lab.store.desk.decide(item) is WardAnswer.WAIT


def test_a_ward_is_told_paper_at_once_when_no_daemon_is_alive(lab: Lab) -> None:
    item = lab.insert("erecept_feliras")
    assert lab.store.desk.decide(item) is WardAnswer.PAPER
    assert (lab.row(item).state, lab.row(item).reason_code) == (State.MISSED, "NO_RUNNER")


def test_a_heartbeat_of_another_lane_or_of_long_ago_is_none(lab: Lab) -> None:
    lab.store.outbox.beat({"background": 0.0}, "one")
    lab.put("EESZT_RUNNER", {"lane": "interactive", "owner": "one", "beat_at": LONG_AGO})
    assert lab.store.desk.decide(lab.insert("erecept_feliras")) is WardAnswer.PAPER


def test_a_ward_is_told_paper_when_its_time_is_over(lab: Lab) -> None:
    item = lab.insert("erecept_feliras")
    lab.store.outbox.beat({"interactive": 0.0}, "one")
    lab.travel(item, 31)
    assert lab.store.desk.decide(item) is WardAnswer.PAPER
    assert lab.row(item).reason_code == "WARD_TIMEOUT"


def test_where_nobody_waits_there_is_no_answer(lab: Lab) -> None:
    assert lab.store.desk.decide(lab.insert()) is None


def test_waiting_ends_with_the_answer(lab: Lab) -> None:
    number = lab.insert("erecept_feliras")
    lab.store.outbox.beat({"interactive": 0.0}, "one")
    item = sent(lab, number)
    answers: list[WardAnswer | None] = []
    ward = threading.Thread(target=lambda: answers.append(lab.store.desk.wait_for(number, 10)))
    ward.start()
    lab.store.outbox.complete([completion(item, eeszt_id="SIM-1")])
    ward.join(10)
    assert answers == [WardAnswer.PRINT]


def test_waiting_ends_with_its_own_time_too(lab: Lab) -> None:
    item = lab.insert("erecept_feliras")
    lab.store.outbox.beat({"interactive": 0.0}, "one")
    assert lab.store.desk.wait_for(item, 0.05) is WardAnswer.WAIT


# retry


def test_a_parked_item_goes_again_from_the_start(lab: Lab) -> None:
    item = lab.insert()
    lab.force((item, {"state": "PARKED", "reason_code": "LOGIN", "next_at": None}))
    assert lab.store.desk.retry(item) is State.NEW
    assert [each.row.item_id for each in claim(lab)] == [item]


def test_a_waiting_item_goes_at_once(lab: Lab) -> None:
    item = lab.insert()
    lab.force((item, {"state": "WAITING", "next_at": datetime.now(UTC) + timedelta(hours=1)}))
    assert lab.store.desk.retry(item) is State.WAITING
    assert len(claim(lab)) == 1


def test_a_final_item_stays_what_it_is(lab: Lab) -> None:
    item = lab.insert()
    accepted(lab, item, "SIM-1")
    with pytest.raises(RowError, match=f"RNR-3002 item {item}: it is ACCEPTED"):
        lab.store.desk.retry(item)
    assert lab.row(item).state is State.ACCEPTED


def test_an_item_that_does_not_exist_is_named(lab: Lab) -> None:
    for ask in (lab.store.desk.decide, lab.store.desk.retry):
        with pytest.raises(StoreError, match="RNR-7007 item 4711"):
            ask(4711)


# lanes and document types


def test_a_lane_that_does_not_exist_cannot_be_paused(lab: Lab) -> None:
    with pytest.raises(StoreError, match="RNR-7005"):
        lab.store.desk.pause("nincs", "operator")


def test_document_types_are_put_in_force_all_or_none(lab: Lab) -> None:
    assert sorted(each.document_type for each in lab.store.desk.active()) == sorted(DIGESTS)
    unknown_withdrawal = replace(TYPES[3], document_type="uj", withdrawal_type="nincs_ilyen")
    with pytest.raises(StoreError):
        lab.store.desk.activate([TYPES[0], unknown_withdrawal])
    assert {each.document_type: each for each in lab.store.desk.active()} == {
        each.document_type: each for each in TYPES
    }
    lab.store.desk.activate(TYPES[:2])
    assert [each.document_type for each in lab.store.desk.active()] == ["erecept_feliras", "erecept_visszavonas"]


def test_a_listing_reads_and_cannot_write(lab: Lab) -> None:
    lab.insert(source_key="k")
    sql = "SELECT ITEM_ID, SOURCE_KEY FROM EESZT_V_STATUS WHERE source_key = :key"
    assert lab.store.desk.rows(sql, key="k") == [{"item_id": 1, "source_key": "k"}]
    with pytest.raises(StoreError, match="RNR-7302"):
        lab.store.desk.rows("DELETE FROM EESZT_OUT_BACKGROUND")


# views


def test_views_show_the_clocks_of_the_wards(lab: Lab) -> None:
    times = {
        "2026-03-29 00:59:59": "2026-03-29 01:59:59",
        "2026-03-29 01:00:00": "2026-03-29 03:00:00",
        "2026-10-25 00:59:59": "2026-10-25 02:59:59",
        "2026-10-25 01:00:00": "2026-10-25 02:00:00",
        "2026-07-01 10:00:00": "2026-07-01 12:00:00",
        "2025-12-31 23:30:00": "2026-01-01 00:30:00",
    }
    for written, shown in times.items():
        item = lab.insert(recorded_at=datetime.fromisoformat(f"{written}+00:00"))
        [(told,)] = lab.run("SELECT recorded_at FROM EESZT_V_STATUS WHERE item_id = ?", [item])
        assert told[:19] == shown


def test_what_went_up_can_be_read_under_whose_name(lab: Lab) -> None:
    number = lab.insert(source_key="k")
    [item] = claim(lab)
    lab.store.outbox.permit([request(item, document='{"taj":"x","_write_back":[]}')])
    lab.store.outbox.complete([completion(item, eeszt_id="SIM-1")])
    [row] = lab.store.desk.rows("SELECT * FROM EESZT_V_SENT")
    assert (row["item_id"], row["acting_user"], row["document"]) == (number, "O12345", '{"taj":"x"}')
    assert row["identifiers"] == '{"barcode":"SIM-1","eeszt_id":"SIM-1"}'
