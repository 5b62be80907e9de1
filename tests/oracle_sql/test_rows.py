"""What Oracle's triggers make of single rows: where its types and its NULL differ from the embedded database's."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import oracledb
import pytest

from runner.domain import sentences
from tests.oracle_sql.test_insert_agrees import insert
from tests.support.oracle import OracleDatabase

NOW = datetime.now(UTC)


def put(database: OracleDatabase, lane: str = "background", **columns: Any) -> int:
    row = {"document_type": "ekat_esemeny", "recorded_by": "kovacs.anna", "recorded_at": NOW, **columns}
    with closing(database.connect()) as connection:
        return insert(connection, lane, row)


def read(database: OracleDatabase, item: int, *columns: str) -> tuple[Any, ...]:
    with closing(database.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns)} FROM EESZT_OUT_BACKGROUND WHERE item_id = :1", [item])
        return tuple(each.read() if isinstance(each, oracledb.LOB) else each for each in cursor.fetchone())


@pytest.mark.parametrize(
    "payload",
    ["nem JSON", "{", '{"név": "Őrült 😀 író"}', "ő" * 2001, "x" * 40_000, "😀" * 300_000],
    ids=["text", "brace", "json", "over 4000 bytes", "over 32 kB", "over 1 MB"],
)
def test_a_payload_of_any_kind_and_length_is_taken(schema: OracleDatabase, payload: str) -> None:
    item = put(schema, payload=payload)
    assert read(schema, item, "state", "has_payload", "payload") == ("NEW", 1, payload)


def test_empty_texts_are_null(schema: OracleDatabase) -> None:
    item = put(schema, payload="", source_key="", order_key="", workplace="")
    columns = ("state", "has_payload", "payload", "source_key", "order_key", "workplace", "depends_on")
    assert read(schema, item, *columns) == ("NEW", None, None, None, None, None, None)
    assert schema.run("SELECT COUNT(*) FROM EESZT_RECORD_HEAD") == [(0,)]


def test_lengths_count_in_characters(schema: OracleDatabase) -> None:
    key = "😀ő" * 100
    assert read(schema, put(schema, source_key=key, order_key=key[:100]), "source_key", "order_key") == (key, key[:100])


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("recorded_at", None, sentences.BAD_RECORDED_AT),
        ("recorded_at", datetime(1899, 12, 31, tzinfo=UTC), sentences.BAD_RECORDED_AT),
        ("recorded_at", datetime(2200, 1, 1, tzinfo=UTC), sentences.BAD_RECORDED_AT),
        ("first_recorded_at", datetime(2, 1, 1, tzinfo=UTC), sentences.BAD_FIRST_RECORDED_AT),
        ("first_recorded_at", datetime(9999, 1, 1, tzinfo=UTC), sentences.BAD_FIRST_RECORDED_AT),
        ("document_type", "ismeretlen", sentences.UNKNOWN_DOCUMENT_TYPE),
        ("document_type", None, sentences.UNKNOWN_DOCUMENT_TYPE),
        ("document_type", "ekat_torles", sentences.NO_ORIGINAL),
    ],
)
def test_a_bad_row_ends_with_a_sentence_and_never_fails(
    schema: OracleDatabase, column: str, value: object, sentence: str
) -> None:
    item = put(schema, **{column: value})
    assert read(schema, item, "state", "status_text", "next_at", "due_id") == ("INVALID", sentence, None, None)


def test_what_belongs_to_the_runner_does_not_count(schema: OracleDatabase) -> None:
    said: dict[str, object] = dict.fromkeys(("reason_code", "status_text", "message_id", "claim_token"), "x")
    said |= {"state": "ACCEPTED", "ward_answer": "PRINT", "attempts": 7, "recorder_proof": "BOUND", "needs": "ACCEPTED"}
    said |= {"unsettled": 5, "has_payload": 1, "depends_on": 4711, "created_at": NOW - timedelta(days=9)}
    item = put(schema, **said)
    assert read(schema, item, *said.keys() - {"created_at"}) == tuple(
        {"state": "NEW", "attempts": 0, "recorder_proof": "ASSERTED", "needs": "FINAL"}.get(name)
        for name in said.keys() - {"created_at"}
    )
    [age] = read(schema, item, "SYS_EXTRACT_UTC(SYSTIMESTAMP) - created_at")
    assert age < timedelta(minutes=1)


def test_a_number_cannot_be_given_nor_changed(schema: OracleDatabase) -> None:
    with pytest.raises(oracledb.DatabaseError, match="ORA-20690: EESZT: leave item_id out"):
        put(schema, item_id=1)
    item = put(schema)
    with pytest.raises(oracledb.DatabaseError, match="ORA-20693: EESZT: an item keeps its number"):
        schema.run("UPDATE EESZT_OUT_BACKGROUND SET item_id = 4711 WHERE item_id = :1", [item])


def test_a_state_that_may_not_follow_a_ward_that_is_told_twice_and_a_row_that_vanishes(schema: OracleDatabase) -> None:
    item = put(schema, "interactive", document_type="erecept_feliras")
    change = "UPDATE EESZT_OUT_INTERACTIVE SET {} WHERE item_id = :1"
    with pytest.raises(oracledb.DatabaseError, match="ORA-20691: EESZT: this state may not follow"):
        schema.run(change.format("state = 'SENDING'"), [item])
    with pytest.raises(oracledb.DatabaseError, match="ORA-20691: EESZT: this state may not follow"):
        schema.run(change.format("state = NULL"), [item])
    schema.run(change.format("ward_answer = 'PAPER'"), [item])
    for answer in ("'PRINT'", "NULL"):
        with pytest.raises(oracledb.DatabaseError, match="ORA-20692: EESZT: the ward is told once"):
            schema.run(change.format(f"ward_answer = {answer}"), [item])
    with pytest.raises(oracledb.DatabaseError, match="ORA-20694: EESZT: an item on its way cannot be deleted"):
        schema.run("DELETE FROM EESZT_OUT_INTERACTIVE WHERE item_id = :1", [item])
    schema.run(change.format("state = 'CANCELLED'"), [item])
    schema.run("DELETE FROM EESZT_OUT_INTERACTIVE WHERE item_id = :1", [item])
    assert schema.run("SELECT COUNT(*) FROM EESZT_OUT_INTERACTIVE") == [(0,)]


def test_small_indexes_hold_what_is_open_only(schema: OracleDatabase) -> None:
    item = put(schema, payload="x")
    columns = ("due_prio", "due_id", "due_at", "window_at", "ended_at", "payload_at")
    assert [each is not None for each in read(schema, item, *columns)] == [True, True, True, True, False, False]
    schema.run("UPDATE EESZT_OUT_BACKGROUND SET state = 'CANCELLED' WHERE item_id = :1", [item])
    assert [each is not None for each in read(schema, item, *columns)] == [False, False, False, False, True, True]
    schema.run("UPDATE EESZT_OUT_BACKGROUND SET payload = NULL, has_payload = NULL WHERE item_id = :1", [item])
    assert read(schema, item, "payload_at") == (None,)


def test_a_match_or_an_assignment_that_changes_ends_its_sessions(schema: OracleDatabase) -> None:
    schema.run("INSERT INTO EESZT_USER_MAP VALUES ('kovacs.anna', 'REGISTERED', 1, 'O1')")
    schema.run("INSERT INTO EESZT_WORKPLACE (workplace) VALUES ('BEL')")
    schema.run("INSERT INTO EESZT_USER_WORKPLACE (eeszt_user, workplace, role) VALUES ('O1', 'BEL', 'ORVOS')")
    live = """
        INSERT INTO EESZT_LOGIN (login_id, his_user, eeszt_user, role, institution, method, started_at, ends_at, sealed)
        VALUES (EESZT_LOGIN_SEQ.NEXTVAL, 'kovacs.anna', 'O1', 'ORVOS', 'I', 'otp', SYS_EXTRACT_UTC(SYSTIMESTAMP),
                SYS_EXTRACT_UTC(SYSTIMESTAMP) + INTERVAL '1' HOUR, HEXTORAW('00'))"""
    ended = "SELECT end_reason FROM EESZT_LOGIN WHERE ended_at IS NOT NULL AND sealed IS NULL ORDER BY login_id"
    changes = {
        "UPDATE EESZT_USER_MAP SET is_doctor = 0": "USER_MAP",
        "UPDATE EESZT_USER_MAP SET registration = 'NOT_REGISTERED', eeszt_user = NULL": "USER_MAP",
        "DELETE FROM EESZT_USER_MAP": "USER_MAP",
        "UPDATE EESZT_USER_WORKPLACE SET valid_to = DATE '2030-01-01'": "USER_WORKPLACE",
        "UPDATE EESZT_USER_WORKPLACE SET role = 'ASSZISZTENS'": "USER_WORKPLACE",
        "DELETE FROM EESZT_USER_WORKPLACE": "USER_WORKPLACE",
    }
    expected = []
    for change, reason in changes.items():
        schema.run(live)
        expected.append((reason,))
        schema.run(change)
        assert schema.run(ended) == expected
    schema.run(live)
    schema.run("INSERT INTO EESZT_USER_MAP VALUES ('nagy.bela', 'NOT_REGISTERED', 0, NULL)")
    schema.run("UPDATE EESZT_USER_MAP SET is_doctor = is_doctor")
    assert schema.run(ended) == expected


def test_a_live_session_shows_at_the_insert_and_in_its_view(schema: OracleDatabase) -> None:
    schema.run("INSERT INTO EESZT_USER_MAP VALUES ('kovacs.anna', 'REGISTERED', 1, 'O1')")
    schema.run("""
        INSERT INTO EESZT_LOGIN (login_id, his_user, eeszt_user, role, institution, method, started_at, ends_at)
        VALUES (1, 'kovacs.anna', 'O1', 'ORVOS', 'I', 'otp', SYS_EXTRACT_UTC(SYSTIMESTAMP),
                SYS_EXTRACT_UTC(SYSTIMESTAMP) + INTERVAL '30' MINUTE)""")
    assert read(schema, put(schema), "login_at_recording") == ("LIVE",)
    assert read(schema, put(schema, recorded_by="nagy.bela"), "login_at_recording") == ("NONE",)
    assert schema.run("SELECT minutes_left FROM EESZT_V_LOGIN")[0][0] in {29, 30}
    schema.run("INSERT INTO EESZT_SERVICE_STATE VALUES ('sts', 'DOWN', SYSTIMESTAMP, SYSTIMESTAMP)")
    assert read(schema, put(schema, recorded_by="nagy.bela"), "login_at_recording") == ("NONE",)
    schema.run("INSERT INTO EESZT_RUNNER VALUES ('background', 'x', SYS_EXTRACT_UTC(SYSTIMESTAMP))")
    assert read(schema, put(schema, recorded_by="nagy.bela"), "login_at_recording") == ("LOGIN_DOWN",)


def test_what_went_up_is_shown_without_the_copies_and_with_its_identifiers_as_json(schema: OracleDatabase) -> None:
    documents = {
        '{"a":"x,\\"_write_back\\":","_write_back":[1]}': '{"a":"x,\\"_write_back\\":"}',
        '{"_write_back":[]}': "{}",
        '{"a":1}': '{"a":1}',
    }
    for document, shown in documents.items():
        item = put(schema)
        schema.run(
            "INSERT INTO EESZT_MESSAGE (item_id, message_id, digest, document, acting_user, mapping_version, stored_at,"
            " expires_at) VALUES (:1, 'm' || :2, 'd', :3, 'O1', 'v', SYSTIMESTAMP, SYSTIMESTAMP)",
            [item, item, document],
        )
        schema.run(
            "INSERT INTO EESZT_IDENTIFIER (name, value, item_id, is_second, kept_at)"
            " VALUES ('eeszt_id', :1, :2, 0, SYSTIMESTAMP)",
            [f'a"\\{item}', item],
        )
        with closing(schema.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT document, identifiers FROM EESZT_V_SENT WHERE item_id = :1", [item])
            found, identifiers = cursor.fetchone()
            assert (found.read() if isinstance(found, oracledb.LOB) else found, identifiers) == (
                shown,
                f'{{"eeszt_id":"a\\"\\\\{item}"}}',
            )


def test_views_show_the_clocks_of_the_wards(schema: OracleDatabase) -> None:
    summer, winter = datetime(2026, 7, 1, 8, tzinfo=UTC), datetime(2026, 1, 1, 8, tzinfo=UTC)
    for recorded, hour in ((summer, 10), (winter, 9)):
        item = put(schema, recorded_at=recorded)
        [(shown,)] = schema.run("SELECT recorded_at FROM EESZT_V_STATUS WHERE item_id = :1", [item])
        assert shown == recorded.replace(hour=hour, tzinfo=None)


@pytest.mark.parametrize(("lane", "state"), [("background", "NEW"), ("query", "SKIPPED")])
def test_what_is_being_withdrawn_makes_room_in_its_own_outbox_only(
    schema: OracleDatabase, lane: str, state: str
) -> None:
    item = put(schema, source_key="S")
    schema.run(
        "UPDATE EESZT_OUT_BACKGROUND SET state = 'ACCEPTED', compensation = 'DUE' WHERE item_id = :1",
        [item],
    )
    later = put(schema, lane, source_key="S")
    assert schema.run("SELECT state FROM EESZT_V_ITEM WHERE item_id = :1", [later]) == [(state,)]
