"""Every subprogram of EESZT_API that is about items, as MedWorkS calls it; login is in test_api_login.py."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import oracledb
import pytest

from tests.support.his import DOCTOR, NUMBER, OTHER, Hospital, Session, ago

STATUS = ("state", "ward_answer", "status_text", "eeszt_id", "barcode")


@contextmanager
def refused(number: int, text: str = "") -> Iterator[None]:
    """Expect a documented error with a Hungarian sentence."""
    with pytest.raises(oracledb.DatabaseError, match=f"ORA-{number}: .*{text}"):
        yield


def sql(session: Session, statement: str, *binds: object) -> list[tuple[object, ...]]:
    """Run a statement in MedWorkS's own session and transaction."""
    with session.connection.cursor() as cursor:
        cursor.execute(statement, list(binds))
        return cursor.fetchall() if cursor.description else []


def accept(hospital: Hospital, item: int, eeszt_id: str = "SIM-1") -> None:
    """Let the EESZT have an item, and the ward print it."""
    hospital.force("interactive", [(item, {"state": "ACCEPTED", "ward_answer": "PRINT", "sent_at": ago(5)})])
    for name in ("eeszt_id", "barcode"):
        hospital.run(
            "INSERT INTO EESZT_IDENTIFIER (name, value, item_id, is_second, kept_at)"
            " VALUES (:1, :2, :3, 0, SYS_EXTRACT_UTC(SYSTIMESTAMP))",
            [name, eeszt_id, item],
        )


# submit


def test_a_submitted_item_is_a_row_like_any_other(hospital: Hospital, ward: Session) -> None:
    first = datetime(2026, 1, 2, 9, 30)  # noqa: DTZ001  as the database keeps it
    item = ward.written(
        source_key="k", order_key="o", payload='{"a": 1}', priority=5, first_recorded_at=first, replaces=7
    )
    record = hospital.record("background", item)
    assert (record["state"], record["priority"], record["replaces"], record["order_key"]) == ("NEW", 5, 7, "o")
    assert (record["first_recorded_at"], record["recorded_by"], record["payload"]) == (first, DOCTOR, '{"a": 1}')
    assert abs((record["recorded_at"] - record["created_at"]).total_seconds()) < 5


def test_the_outbox_is_that_of_the_document_type(hospital: Hospital, ward: Session) -> None:
    assert hospital.record("interactive", ward.written("erecept_feliras"))["state"] == "NEW"
    assert hospital.record("query", ward.written("erecept_lekerdezes"))["state"] == "NEW"
    unknown = hospital.record("background", ward.written("ismeretlen"))
    assert (unknown["state"], unknown["reason_code"]) == ("INVALID", "UNKNOWN_DOCUMENT_TYPE")


def test_the_same_record_twice_gives_the_existing_item(ward: Session) -> None:
    first = ward.written("erecept_feliras", source_key="9001")
    assert ward.written("erecept_feliras", source_key="9001") == first
    assert ward.written("erecept_feliras", source_key="9002") != first
    assert ward.written() != ward.written()


def test_two_sessions_that_write_one_record_at_once_get_one_item(hospital: Hospital, ward: Session) -> None:
    item = ward.submit("erecept_feliras", source_key="9001")
    given: list[int] = []
    with hospital.session() as other:
        writer = threading.Thread(target=lambda: given.append(other.written("erecept_feliras", source_key="9001")))
        writer.start()
        writer.join(0.3)
        assert given == []  # it waits for the first one's end
        ward.commit()
        writer.join(10)
    assert given == [item]
    assert hospital.run("SELECT COUNT(*) FROM EESZT_OUT_INTERACTIVE") == [(1,)]


def test_what_the_first_session_rolls_back_the_second_one_writes(hospital: Hospital, ward: Session) -> None:
    item = ward.submit("erecept_feliras", source_key="9001")
    given: list[int] = []
    with hospital.session() as other:
        writer = threading.Thread(target=lambda: given.append(other.written("erecept_feliras", source_key="9001")))
        writer.start()
        ward.connection.rollback()
        writer.join(10)
    assert given != [item]
    assert hospital.run("SELECT item_id FROM EESZT_OUT_INTERACTIVE") == [(given[0],)]


def test_a_record_that_another_session_writes_is_not_waited_for_long(hospital: Hospital, ward: Session) -> None:
    ward.written("erecept_feliras", source_key="9001")
    ward.submit("erecept_feliras", source_key="9001")
    with hospital.session() as other, refused(20705, "próbálja újra"):
        other.submit("erecept_feliras", source_key="9001")


@pytest.mark.parametrize("payload", ["nem json", "[1, 2", "{}x", '{"a": "' + "á𝄞" * 20_000 + '"}'])
def test_no_payload_breaks_the_doctors_transaction(hospital: Hospital, ward: Session, payload: str) -> None:
    item = ward.submit("erecept_feliras", source_key="k", payload=payload)
    own = ward.submit()
    ward.commit()
    assert hospital.record("interactive", item)["payload"] == payload
    assert hospital.record("background", own)["state"] == "NEW"


def test_a_time_that_is_said_to_be_unknown_is_not_taken_for_now(hospital: Hospital, ward: Session) -> None:
    record = hospital.record("background", ward.written(recorded_at=None))
    assert (record["state"], record["reason_code"]) == ("INVALID", "BAD_FIELD")


def test_an_item_belongs_to_the_callers_transaction(hospital: Hospital, ward: Session) -> None:
    ward.submit()
    ward.connection.rollback()
    assert hospital.run("SELECT COUNT(*) FROM EESZT_OUT_BACKGROUND") == [(0,)]


# withdraw


def test_what_was_not_sent_is_withdrawn_at_once(hospital: Hospital, ward: Session) -> None:
    item = ward.written("erecept_feliras")
    assert ward.ask("withdraw", item_id=item, his_user=DOCTOR) == "CANCELLED"
    ward.commit()
    record = hospital.record("interactive", item)
    assert (record["state"], record["withdraw_asked_by"]) == ("CANCELLED", DOCTOR)


def test_what_is_up_gets_one_withdrawal_however_often_it_is_asked(hospital: Hospital, ward: Session) -> None:
    item = ward.written("erecept_feliras", source_key="k")
    accept(hospital, item)
    for _ in range(2):
        assert ward.ask("withdraw", item_id=item, his_user=DOCTOR) == "ACCEPTED"
        ward.commit()
    [withdrawal] = hospital.run(
        "SELECT document_type, state, depends_on, needs, recorded_by FROM EESZT_OUT_INTERACTIVE WHERE withdraws = :1",
        [item],
    )
    assert withdrawal == ("erecept_visszavonas", "NEW", item, "ACCEPTED", DOCTOR)
    assert hospital.record("interactive", item)["compensation"] == "DUE"


def test_what_may_have_left_gets_a_withdrawal_behind_it(hospital: Hospital, ward: Session) -> None:
    item = ward.written("erecept_feliras")
    hospital.force("interactive", [(item, {"state": "SENDING", "sent_at": ago(1), "claim_token": "t"})])
    assert ward.ask("withdraw", item_id=item, his_user=DOCTOR) == "SENDING"
    ward.commit()
    [(depends_on,)] = hospital.run("SELECT depends_on FROM EESZT_OUT_INTERACTIVE WHERE withdraws = :1", [item])
    assert depends_on == item


def test_what_has_no_withdrawal_of_its_own_says_so(hospital: Hospital, ward: Session) -> None:
    item = ward.written("erecept_lekerdezes")
    hospital.force("query", [(item, {"state": "ACCEPTED", "sent_at": ago(1)})])
    assert ward.ask("withdraw", item_id=item, his_user=DOCTOR) == "ACCEPTED"
    ward.commit()
    assert hospital.record("query", item)["compensation"] == "FAILED"


@pytest.mark.parametrize("call", ["withdraw", "replace_prescription"])
def test_nobody_withdraws_a_prescription_of_somebody_else(hospital: Hospital, ward: Session, call: str) -> None:
    item = ward.written("erecept_feliras")
    before = hospital.record("interactive", item)
    with refused(20702, "aki felírta"):
        ward.ask(call, his_user=OTHER, item_id=item)
    with refused(20702):
        ward.ask(call, item_id=item)
    ward.commit()
    assert hospital.record("interactive", item) == before
    assert hospital.run("SELECT COUNT(*) FROM EESZT_OUT_INTERACTIVE") == [(1,)]


def test_a_row_that_another_session_holds_is_not_waited_for_long(hospital: Hospital, ward: Session) -> None:
    item = ward.written("erecept_feliras")
    with hospital.session() as other:
        sql(other, "SELECT item_id FROM EESZT_OUT_INTERACTIVE WHERE item_id = :1 FOR UPDATE", item)
        with refused(20704, "próbálja újra"):
            ward.ask("withdraw", item_id=item, his_user=DOCTOR)
    assert ward.ask("withdraw", item_id=item, his_user=DOCTOR) == "CANCELLED"


# replace_prescription


def test_a_replacement_waits_for_the_withdrawal_of_what_it_replaces(hospital: Hospital, ward: Session) -> None:
    item = ward.written("erecept_feliras", source_key="k", order_key="o", priority=7)
    accept(hospital, item)
    new = int(ward.ask("replace_prescription", NUMBER, item_id=item, his_user=DOCTOR, payload='{"uj": 1}'))
    ward.commit()
    [(withdrawal,)] = hospital.run("SELECT item_id FROM EESZT_OUT_INTERACTIVE WHERE withdraws = :1", [item])
    record = hospital.record("interactive", new)
    assert (record["replaces"], record["depends_on"], record["needs"]) == (item, withdrawal, "ACCEPTED")
    assert (record["source_key"], record["order_key"], record["priority"]) == ("k", "o", 7)
    assert (record["state"], record["payload"], record["workplace"]) == ("NEW", '{"uj": 1}', "013579101")
    assert ward.ask("replace_prescription", NUMBER, item_id=item, his_user=DOCTOR) == new  # asked twice is once


def test_a_replacement_of_what_never_went_goes_at_once(hospital: Hospital, ward: Session) -> None:
    item = ward.written("erecept_feliras", source_key="k", order_key="o")
    new = int(ward.ask("replace_prescription", NUMBER, item_id=item, his_user=DOCTOR))
    ward.commit()
    assert hospital.record("interactive", item)["state"] == "CANCELLED"
    record = hospital.record("interactive", new)
    assert (record["state"], record["needs"]) == ("NEW", "FINAL")


def test_where_the_withdrawal_is_refused_the_original_stands(hospital: Hospital, ward: Session) -> None:
    item = ward.written("erecept_feliras", source_key="k", order_key="o")
    accept(hospital, item)
    new = int(ward.ask("replace_prescription", NUMBER, item_id=item, his_user=DOCTOR))
    ward.commit()
    [(withdrawal,)] = hospital.run("SELECT item_id FROM EESZT_OUT_INTERACTIVE WHERE withdraws = :1", [item])
    ward.ask("withdraw", item_id=withdrawal, his_user=DOCTOR)  # it ends without having gone up, as when it is refused
    ward.commit()
    assert hospital.record("interactive", item)["compensation"] == "FAILED"
    record = hospital.record("interactive", new)
    assert (record["state"], record["reason_code"], record["ward_answer"]) == ("SKIPPED", "PREDECESSOR", None)


# status


def test_status_says_what_may_be_handed_out(hospital: Hospital, ward: Session) -> None:
    item = ward.written("erecept_feliras")
    assert ward.tell("status", STATUS, item_id=item) == ["NEW", "WAIT", None, None, None]
    accept(hospital, item, "SIM-7")
    assert ward.tell("status", STATUS, item_id=item) == ["ACCEPTED", "PRINT", None, "SIM-7", "SIM-7"]
    ward.ask("withdraw", item_id=item, his_user=DOCTOR)
    assert ward.tell("status", STATUS, item_id=item)[1:] == ["WITHDRAWN", None, None, None]


@pytest.mark.parametrize(
    "call", ["withdraw", "decide", "wait_for", "retry", "resubmit", "replace_prescription", "result"]
)
def test_an_item_that_does_not_exist_is_named(ward: Session, call: str) -> None:
    with refused(20701, r"\(4711\)"):
        ward.ask(call, item_id=4711)


def test_an_item_that_does_not_exist_has_no_status(ward: Session) -> None:
    with refused(20701, r"\(4711\)"):
        ward.tell("status", STATUS, item_id=4711)


# decide, wait_for


def test_a_ward_waits_while_there_is_time_and_a_daemon(hospital: Hospital, ward: Session) -> None:
    hospital.beat("interactive")
    assert ward.ask("decide", item_id=ward.written("erecept_feliras")) == "WAIT"


def test_a_ward_is_told_paper_at_once_when_every_daemon_is_dead(hospital: Hospital, ward: Session) -> None:
    hospital.beat("background")
    item = ward.written("erecept_feliras")
    assert ward.ask("decide", item_id=item) == "PAPER"
    record = hospital.record("interactive", item)
    assert (record["state"], record["reason_code"]) == ("MISSED", "NO_RUNNER")


def test_a_ward_is_told_paper_when_its_time_is_over(hospital: Hospital, ward: Session) -> None:
    hospital.beat("interactive")
    item = ward.written("erecept_feliras")
    hospital.travel("interactive", item, 31)
    assert ward.ask("decide", item_id=item) == "PAPER"
    assert hospital.record("interactive", item)["reason_code"] == "WARD_TIMEOUT"


def test_where_nobody_waits_there_is_no_answer(ward: Session) -> None:
    assert ward.ask("decide", item_id=ward.written()) is None


@pytest.mark.parametrize("call", ["decide", "wait_for"])
def test_nothing_is_decided_inside_an_open_transaction(hospital: Hospital, ward: Session, call: str) -> None:
    item = ward.submit("erecept_feliras")
    with refused(20703, "COMMIT"):
        ward.ask(call, item_id=item)
    ward.commit()
    assert hospital.record("interactive", item)["ward_answer"] == "WAIT"
    assert ward.ask(call, item_id=item) == "PAPER"
    ward.submit()
    with refused(20703):
        ward.ask(call, item_id=item)


def test_a_decision_leaves_no_transaction_behind(ward: Session) -> None:
    item = ward.written("erecept_feliras")
    assert ward.ask("decide", item_id=item) == "PAPER"
    assert not ward.connection.transaction_in_progress


def test_waiting_ends_with_its_own_time(hospital: Hospital, ward: Session) -> None:
    hospital.beat("interactive")
    item = ward.written("erecept_feliras")
    before = time.monotonic()
    assert ward.ask("wait_for", item_id=item, seconds=0.3) == "WAIT"
    assert 0.25 < time.monotonic() - before < 5
    for seconds in (0, -1, None):
        assert ward.ask("wait_for", item_id=item, seconds=seconds) == "WAIT"


def test_waiting_ends_with_the_answer(hospital: Hospital, ward: Session) -> None:
    hospital.beat("interactive")
    item = ward.written("erecept_feliras")
    answers: list[str] = []
    asking = threading.Thread(target=lambda: answers.append(ward.ask("wait_for", item_id=item, seconds=30)))
    asking.start()
    accept(hospital, item)
    asking.join(20)
    assert answers == ["PRINT"]


def test_waiting_ends_when_the_wards_time_is_over(hospital: Hospital, ward: Session) -> None:
    hospital.beat("interactive")
    item = ward.written("erecept_feliras")
    hospital.travel("interactive", item, 29.5)
    assert ward.ask("wait_for", item_id=item, seconds=20) == "PAPER"


# retry, resubmit


def test_a_parked_item_goes_again(hospital: Hospital, ward: Session) -> None:
    item = ward.written()
    hospital.force("background", [(item, {"state": "PARKED", "reason_code": "LOGIN", "next_at": None})])
    assert ward.ask("retry", item_id=item) == "NEW"


def test_a_final_item_stays_what_it_is(hospital: Hospital, ward: Session) -> None:
    item = ward.written()
    hospital.force("background", [(item, {"state": "REJECTED"})])
    with refused(20708, rf"\({item}: REJECTED\)"):
        ward.ask("retry", item_id=item)


@pytest.mark.parametrize("state", ["REJECTED", "INVALID"])
def test_a_mended_record_goes_as_a_new_item_that_names_the_old_one(
    hospital: Hospital, ward: Session, state: str
) -> None:
    recorded = datetime(2026, 1, 2, 9, 30)  # noqa: DTZ001  as the database keeps it
    item = ward.written(source_key="k", order_key="o", payload='{"a": 1}', recorded_at=recorded)
    hospital.force("background", [(item, {"state": state})])
    new = int(ward.ask("resubmit", NUMBER, item_id=item, payload='{"a": 2}'))
    ward.commit()
    record = hospital.record("background", new)
    assert (record["replaces"], record["first_recorded_at"], record["payload"]) == (item, recorded, '{"a": 2}')
    assert (record["source_key"], record["order_key"], record["recorded_by"]) == ("k", "o", DOCTOR)
    assert ward.ask("resubmit", NUMBER, item_id=item) == new  # asked twice is once


@pytest.mark.parametrize("state", ["NEW", "ACCEPTED", "CANCELLED", "SKIPPED", "PARKED"])
def test_only_what_was_refused_or_wrong_is_written_again(hospital: Hospital, ward: Session, state: str) -> None:
    item = ward.written()
    hospital.force("background", [(item, {"state": state})])
    with refused(20706, rf"\({item}: {state}\)"):
        ward.ask("resubmit", item_id=item)


def test_what_the_ward_has_on_paper_is_not_written_again(hospital: Hospital, ward: Session) -> None:
    item = ward.written("erecept_feliras")
    hospital.force("interactive", [(item, {"state": "REJECTED", "ward_answer": "PAPER"})])
    with refused(20707, "papíralapú"):
        ward.ask("resubmit", item_id=item)


# service_state


def test_a_service_is_up_only_while_a_daemon_lives(hospital: Hospital, ward: Session) -> None:
    assert (ward.ask("service_state"), ward.ask("service_state", service="erecept")) == ("DOWN", None)
    hospital.run(
        "INSERT INTO EESZT_SERVICE_STATE VALUES"
        " ('erecept', 'UP', SYS_EXTRACT_UTC(SYSTIMESTAMP), SYS_EXTRACT_UTC(SYSTIMESTAMP))"
    )
    assert ward.ask("service_state", service="erecept") == "DOWN"
    hospital.beat("interactive")
    assert (ward.ask("service_state"), ward.ask("service_state", service="erecept")) == ("UP", "UP")
