"""What the database makes of a row that MedWorkS inserts, by plain INSERT."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from runner.domain import sentences
from runner.domain.outbox import Compensation, Needs, State, Verdict, WardAnswer
from runner.domain.outcome import Ending
from runner.ports import LoginRow, ServiceReport
from tests.support.rows import FAR_AHEAD, LONG_AGO, TYPES, Lab, accepted, claim, completion, matched, request, sent


def test_a_row_gets_its_defaults_by_the_databases_clock(lab: Lab) -> None:
    item = lab.insert("erecept_feliras", order_key="veny-1")
    row, record = lab.row(item), lab.record(item)
    assert row.state is State.NEW
    assert row.ward_answer is WardAnswer.WAIT
    created = row.next_at
    assert created is not None
    assert (row.send_by, row.answer_by) == (created + timedelta(seconds=20), created + timedelta(seconds=30))
    assert (record["priority"], record["recorder_proof"], record["needs"]) == (100, "ASSERTED", "FINAL")
    assert record["login_at_recording"] == "NONE"


def test_a_window_of_what_may_wait_runs_from_its_first_recording(lab: Lab) -> None:
    recorded = datetime(2026, 1, 10, 8, tzinfo=UTC)
    first = lab.insert(recorded_at=recorded, first_recorded_at=datetime(2026, 1, 2, 8, 30, tzinfo=UTC))
    later = lab.insert(recorded_at=recorded)
    assert lab.record(first)["send_by"] == "2026-01-03 08:30:00.000000"
    assert lab.record(later)["send_by"] == "2026-01-11 08:00:00.000000"


def test_one_sequence_numbers_all_outboxes_and_the_driver_tells_the_number(lab: Lab) -> None:
    types = ["ekat_esemeny", "erecept_feliras", "erecept_lekerdezes", "erecept_feliras", "ekat_esemeny"]
    assert [lab.insert(each) for each in types] == [1, 2, 3, 4, 5]


def test_a_number_cannot_be_given(lab: Lab) -> None:
    first, other = lab.insert(), lab.insert("erecept_feliras")
    with pytest.raises(lab.errors, match="leave item_id out"):
        lab.insert("erecept_feliras", item_id=first)
    assert lab.insert("erecept_feliras") > other


def test_what_belongs_to_the_runner_does_not_count(lab: Lab) -> None:
    item = lab.insert(
        "erecept_feliras",
        state="ACCEPTED",
        ward_answer="PRINT",
        message_id="urn:uuid:0",
        sent_at=LONG_AGO,
        compensation="DONE",
        attempts=7,
        recorder_proof="BOUND",
        acting_user="O99999",
        send_by=FAR_AHEAD,
    )
    row = lab.row(item)
    assert (row.state, row.ward_answer, row.attempts) == (State.NEW, WardAnswer.WAIT, 0)
    assert (row.message_id, row.sent_at, row.compensation) == (None, None, None)
    assert lab.record(item)["recorder_proof"] == "ASSERTED"
    assert lab.record(item)["acting_user"] is None
    assert row.send_by is not None
    assert row.send_by.year < 2099


@pytest.mark.parametrize(
    ("columns", "reason", "sentence"),
    [
        ({"document_type": "ismeretlen"}, "UNKNOWN_DOCUMENT_TYPE", sentences.UNKNOWN_DOCUMENT_TYPE),
        ({"document_type": None}, "UNKNOWN_DOCUMENT_TYPE", sentences.UNKNOWN_DOCUMENT_TYPE),
        ({"document_type": "ekat_lekerdezes"}, "UNKNOWN_DOCUMENT_TYPE", sentences.UNKNOWN_DOCUMENT_TYPE),
        ({"recorded_at": None}, "BAD_FIELD", sentences.BAD_RECORDED_AT),
        ({"recorded_at": ""}, "BAD_FIELD", sentences.BAD_RECORDED_AT),
        ({"recorded_at": "tegnap"}, "BAD_FIELD", sentences.BAD_RECORDED_AT),
        ({"recorded_at": "2026-02-31 10:00:00"}, "BAD_FIELD", sentences.BAD_RECORDED_AT),
        ({"recorded_at": "2026-01-31 25:00:00"}, "BAD_FIELD", sentences.BAD_RECORDED_AT),
        ({"recorded_at": "2460000.5"}, "BAD_FIELD", sentences.BAD_RECORDED_AT),
        ({"first_recorded_at": "régen"}, "BAD_FIELD", sentences.BAD_FIRST_RECORDED_AT),
        ({"document_type": "ekat_torles"}, "BAD_FIELD", sentences.NO_ORIGINAL),
        ({"document_type": "ekat_torles", "withdraws": 4711}, "BAD_FIELD", sentences.NO_ORIGINAL),
    ],
)
def test_a_bad_row_gets_a_state_and_a_sentence_and_never_fails(
    lab: Lab, columns: dict[str, object], reason: str, sentence: str
) -> None:
    if not lab.can_hold(columns):
        pytest.skip("a column of a type for instants holds no such text")
    row = lab.row(lab.insert(lane="background", **{"document_type": "ekat_esemeny", **columns}))  # type: ignore[arg-type]
    assert (row.state, row.reason_code, row.status_text) == (State.INVALID, reason, sentence)
    assert row.next_at is None


def test_a_bad_row_that_a_ward_waits_for_says_paper(lab: Lab) -> None:
    assert lab.row(lab.insert("erecept_feliras", recorded_at=None)).ward_answer is WardAnswer.PAPER


def test_a_retired_type_is_unknown(lab: Lab) -> None:
    lab.store.desk.activate([each for each in TYPES if each.document_type != "ekat_esemeny"])
    assert lab.row(lab.insert()).reason_code == "UNKNOWN_DOCUMENT_TYPE"


def test_a_payload_of_any_kind_is_taken(lab: Lab) -> None:
    for payload in ("{", "", "nem JSON", "x" * 1_000_000, "\x01\x02", '{"a": "ő"}'):
        item = lab.insert(payload=payload)
        assert lab.row(item).state is State.NEW
        assert (lab.record(item)["payload"] or "") == payload


def test_null_and_empty_are_the_same(lab: Lab) -> None:
    items = [lab.insert(source_key="", order_key="", priority=None, state=None, attempts=None) for _ in range(2)]
    assert [lab.row(item).state for item in items] == [State.NEW, State.NEW]
    record = lab.record(items[1])
    assert (record["source_key"], record["order_key"], record["depends_on"], record["priority"]) == (
        None,
        None,
        None,
        100,
    )


def test_an_item_on_its_way_cannot_be_deleted(lab: Lab) -> None:
    item = lab.insert()
    with pytest.raises(Exception, match="on its way"):
        lab.run("DELETE FROM EESZT_OUT_BACKGROUND WHERE item_id = ?", [item])
    lab.store.desk.withdraw(item, "kovacs.anna")
    lab.run("DELETE FROM EESZT_OUT_BACKGROUND WHERE item_id = ?", [item])


@pytest.mark.parametrize(
    ("login", "sts", "alive", "stored"),
    [
        (True, "UP", True, "LIVE"),
        (True, "DOWN", True, "LIVE"),
        (False, "DOWN", True, "LOGIN_DOWN"),
        (False, "UP", True, "NONE"),
        (False, "DOWN", False, "NONE"),
    ],
)
def test_the_recorders_login_is_a_recorded_fact(
    lab: Lab,
    login: bool,  # noqa: FBT001
    sts: str,
    alive: bool,  # noqa: FBT001
    stored: str,
) -> None:
    lab.put("EESZT_USER_MAP", matched("kovacs.anna", "O12345"))
    if login:
        lab.store.logins.save(
            LoginRow(1, "kovacs.anna", "O12345", "ORVOS", "013579", "otp", LONG_AGO, FAR_AHEAD, sealed=b"sealed")
        )
    lab.store.outbox.service_states([ServiceReport("sts", sts)])
    lab.store.outbox.beat({"background": 0.0}, "one")
    if not alive:
        lab.run("UPDATE EESZT_RUNNER SET beat_at = ?", [LONG_AGO])
    assert lab.record(lab.insert())["login_at_recording"] == stored


# one record, one national document


def test_the_same_record_twice_gives_one_document(lab: Lab) -> None:
    first, second = (lab.insert("erecept_feliras", source_key="9001") for _ in range(2))
    assert lab.row(first).state is State.NEW
    twice = lab.row(second)
    assert (twice.state, twice.reason_code, twice.ward_answer) == (State.SKIPPED, "DUPLICATE", None)
    assert twice.status_text == sentences.DUPLICATE
    assert [item.row.item_id for item in claim(lab, "interactive")] == [first]


@pytest.mark.parametrize("state", ["REJECTED", "INVALID", "SKIPPED", "MISSED", "CANCELLED"])
def test_a_record_whose_item_ended_without_a_document_may_be_written_again(lab: Lab, state: str) -> None:
    first = lab.insert(source_key="k")
    lab.force((first, {"state": state}))
    assert lab.row(lab.insert(source_key="k")).state is State.NEW


@pytest.mark.parametrize("state", ["CLAIMED", "SENDING", "UNKNOWN", "WAITING", "PARKED", "ACCEPTED"])
def test_a_record_that_may_be_up_is_not_written_again(lab: Lab, state: str) -> None:
    first = lab.insert(source_key="k")
    lab.force((first, {"state": state}))
    assert lab.row(lab.insert(source_key="k")).reason_code == "DUPLICATE"


def test_an_answered_question_may_be_asked_again(lab: Lab) -> None:
    first = lab.insert("erecept_lekerdezes", source_key="k")
    assert lab.row(lab.insert("erecept_lekerdezes", source_key="k")).reason_code == "DUPLICATE"
    lab.force((first, {"state": "ACCEPTED"}))
    assert lab.row(lab.insert("erecept_lekerdezes", source_key="k")).state is State.NEW


def test_the_same_key_of_another_type_is_another_record(lab: Lab) -> None:
    lab.insert(source_key="k")
    assert lab.row(lab.insert("erecept_feliras", source_key="k")).state is State.NEW


def test_a_withdrawn_record_written_again_waits_for_its_withdrawal(lab: Lab) -> None:
    first = lab.insert(source_key="k")
    accepted(lab, first, "SIM-1")
    lab.store.desk.withdraw(first, "kovacs.anna")
    again = lab.insert(source_key="k")
    withdrawal = lab.record(again)["depends_on"]
    assert lab.record(withdrawal)["withdraws"] == first
    assert lab.record(again)["needs"] == Needs.ACCEPTED
    assert [item.row.item_id for item in claim(lab)] == [withdrawal]


# withdrawals that MedWorkS writes as rows


def test_a_withdrawal_names_the_last_item_of_its_key(lab: Lab) -> None:
    lab.insert("erecept_feliras", order_key="other")
    original = lab.insert("erecept_feliras", order_key="veny-1")
    withdrawal = lab.insert("erecept_visszavonas", order_key="veny-1")
    record = lab.record(withdrawal)
    assert (record["withdraws"], record["depends_on"], record["needs"]) == (original, original, "ACCEPTED")


def test_a_withdrawal_of_what_was_not_sent_cancels_it_and_is_done_with(lab: Lab) -> None:
    original = lab.insert("erecept_feliras", order_key="veny-1")
    withdrawal = lab.insert("erecept_visszavonas", order_key="veny-1")
    assert lab.store.outbox.sweep("interactive") == {"cancelled": 1}
    assert (lab.row(original).state, lab.row(original).ward_answer) == (State.CANCELLED, WardAnswer.PAPER)
    assert (lab.row(withdrawal).state, lab.row(withdrawal).reason_code) == (State.SKIPPED, "PREDECESSOR")


def test_a_withdrawal_of_what_is_being_prepared_cancels_it_at_the_permit(lab: Lab) -> None:
    original = lab.insert("erecept_feliras", order_key="veny-1")
    [item] = claim(lab, "interactive")
    withdrawal = lab.insert("erecept_visszavonas", order_key="veny-1")
    assert lab.store.outbox.permit([request(item)]) == {original: Verdict.WITHDRAWN}
    assert (lab.row(original).state, lab.row(withdrawal).state) == (State.CANCELLED, State.SKIPPED)


def test_a_withdrawal_that_failed_may_be_written_again(lab: Lab) -> None:
    original = lab.insert("erecept_feliras", order_key="veny-1")
    accepted(lab, original, "SIM-1")
    first = sent(lab, lab.insert("erecept_visszavonas", order_key="veny-1"))
    lab.store.outbox.complete([completion(first, Ending.REJECTED, reason_code="HIBA", status_text="Nem.")])
    assert lab.row(original).compensation is Compensation.FAILED
    accepted(lab, lab.insert("erecept_visszavonas", order_key="veny-1"), "SIM-2")
    assert lab.row(original).compensation is Compensation.DONE


def test_what_is_withdrawn_is_not_shown_any_more(lab: Lab) -> None:
    original = lab.insert("erecept_feliras", order_key="veny-1")
    accepted(lab, original, "SIM-1")
    assert lab.run("SELECT barcode FROM EESZT_V_BARCODE") == [("SIM-1",)]
    withdrawal = lab.insert("erecept_visszavonas", order_key="veny-1")
    assert lab.run("SELECT barcode FROM EESZT_V_BARCODE") == []
    assert lab.row(original).compensation is Compensation.DUE
    accepted(lab, withdrawal, "SIM-2")
    assert lab.row(original).compensation is Compensation.DONE


def test_a_second_withdrawal_of_the_same_item_is_skipped(lab: Lab) -> None:
    accepted(lab, lab.insert("erecept_feliras", order_key="veny-1"), "SIM-1")
    lab.insert("erecept_visszavonas", order_key="veny-1")
    second = lab.insert("erecept_visszavonas", order_key="veny-1")
    assert (lab.row(second).state, lab.row(second).reason_code) == (State.SKIPPED, "DUPLICATE")


def test_a_withdrawal_withdraws_only_what_its_type_withdraws(lab: Lab) -> None:
    event = lab.insert("ekat_esemeny", lane="interactive", order_key="k")
    withdrawal = lab.insert("erecept_visszavonas", order_key="k")
    assert (lab.row(withdrawal).state, lab.record(withdrawal)["withdraws"]) == (State.INVALID, None)
    assert lab.row(event).withdraw_asked_at is None


# modification: withdraw and write again (D5, B15)


def modification(lab: Lab) -> tuple[int, int, int]:
    """A prescription that is up, its withdrawal and what is written in its place."""
    original = lab.insert("erecept_feliras", order_key="veny-1", source_key="1")
    accepted(lab, original, "SIM-1")
    withdrawal = lab.insert("erecept_visszavonas", order_key="veny-1")
    new = lab.insert("erecept_feliras", order_key="veny-1", source_key="2", replaces=original)
    return original, withdrawal, new


def test_a_new_prescription_goes_up_after_the_withdrawal(lab: Lab) -> None:
    _, withdrawal, new = modification(lab)
    assert [item.row.item_id for item in claim(lab, "interactive", limit=1)] == [withdrawal]
    assert claim(lab, "interactive") == []
    lab.travel(withdrawal, 31)
    lab.store.outbox.sweep("interactive")
    accepted(lab, withdrawal, "SIM-2")
    assert [item.row.item_id for item in claim(lab, "interactive")] == [new]


def test_a_refused_withdrawal_stops_the_new_prescription(lab: Lab) -> None:
    original, withdrawal, new = modification(lab)
    item = sent(lab, withdrawal)
    lab.store.outbox.complete(
        [completion(item, Ending.REJECTED, reason_code="MAR_KIVALTOTT", status_text="Kiváltották.")]
    )
    row = lab.row(new)
    assert (row.state, row.reason_code) == (State.SKIPPED, "PREDECESSOR")
    assert row.ward_answer is None, "no case for paper: the original stands"
    assert lab.row(original).compensation is Compensation.FAILED


def test_where_there_was_nothing_to_withdraw_the_new_prescription_goes(lab: Lab) -> None:
    lab.insert("erecept_feliras", order_key="veny-1", source_key="1")
    lab.insert("erecept_visszavonas", order_key="veny-1")
    new = lab.insert("erecept_feliras", order_key="veny-1", source_key="2")
    lab.store.outbox.sweep("interactive")
    assert [item.row.item_id for item in claim(lab, "interactive")] == [new]


def test_a_withdrawal_that_was_written_badly_stops_what_follows(lab: Lab) -> None:
    accepted(lab, lab.insert("erecept_feliras", order_key="veny-1", source_key="1"), "SIM-1")
    lab.insert("erecept_visszavonas", order_key="veny-1", recorded_at=None)
    new = lab.insert("erecept_feliras", order_key="veny-1", source_key="2")
    assert lab.store.outbox.sweep("interactive") == {"skipped": 1}
    assert lab.row(new).state is State.SKIPPED
