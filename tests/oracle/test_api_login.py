"""Login by EESZT_API: who begins it, how a database session is bound to it, and what a bound session is worth."""

from __future__ import annotations

import hashlib
import json
import re

import pytest

from tests.oracle.test_api import refused
from tests.support.his import DOCTOR, LOB, OTHER, Hospital, Session

HANDLE, OTHERS_HANDLE = "a" * 64, "b" * 64


def begun(session: Session, his_user: str = DOCTOR) -> tuple[str, str, str]:
    """Begin a login; nonce, short code and handle."""
    nonce, short_code, handle = session.tell("login_begin", ("nonce", "short_code", "handle"), his_user=his_user)
    return nonce, short_code, handle


def state(session: Session, handle: str | None) -> tuple[str, float | None]:
    """How far a login is, and how long it lasts."""
    found, minutes = session.tell("login_state", ("state", "minutes_left"), handle=handle)
    return found, minutes


def proof(hospital: Hospital, item: int, lane: str = "background") -> str:
    """What the recorder's word on an item is worth."""
    return str(hospital.record(lane, item)["recorder_proof"])


def sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


# login_begin, login_state, logout


def test_a_login_is_begun_with_secrets_of_which_only_hashes_stay(hospital: Hospital, ward: Session) -> None:
    nonce, short_code, handle = begun(ward)
    assert re.fullmatch("[0-9a-f]{64}", nonce)
    assert re.fullmatch("[0-9a-f]{64}", handle)
    assert re.fullmatch("[A-Z]{6}", short_code)
    assert len({nonce, handle, *begun(ward)}) == 5
    sql = "SELECT his_user, nonce_hash, handle_hash, short_code, used_at FROM EESZT_LOGIN_REQUEST WHERE nonce_hash = :1"
    assert hospital.run(sql, [sha256(nonce)]) == [(DOCTOR, sha256(nonce), sha256(handle), short_code, None)]
    columns = ", ".join(f"'{name}=' || {name}" for name in ("nonce_hash", "handle_hash"))
    assert not {nonce, handle} & {
        value.partition("=")[2] for row in hospital.run(f"SELECT {columns} FROM EESZT_LOGIN_REQUEST") for value in row
    }


def test_a_login_begins_whatever_the_callers_transaction_does(hospital: Hospital, ward: Session) -> None:
    ward.submit()
    begun(ward)
    ward.connection.rollback()
    assert hospital.run("SELECT COUNT(*) FROM EESZT_LOGIN_REQUEST") == [(1,)]
    assert hospital.run("SELECT COUNT(*) FROM EESZT_OUT_BACKGROUND") == [(0,)]


@pytest.mark.parametrize("his_user", ["senki", "nemes", None])
def test_who_is_not_matched_cannot_begin(hospital: Hospital, ward: Session, his_user: str | None) -> None:
    hospital.run("INSERT INTO EESZT_USER_MAP VALUES ('nemes', 'NOT_REGISTERED', 0, NULL)")
    with refused(20713, "megfeleltetése"):
        ward.tell("login_begin", ("nonce", "short_code", "handle"), his_user=his_user)


def test_how_far_a_login_is(hospital: Hospital, ward: Session) -> None:
    handle = begun(ward)[2]
    assert state(ward, handle) == ("WAITING", None)
    hospital.run("UPDATE EESZT_LOGIN_REQUEST SET used_at = SYS_EXTRACT_UTC(SYSTIMESTAMP)")
    assert state(ward, handle) == ("CHECKING", None)
    hospital.log_in(handle, hours=8)
    found, minutes = state(ward, handle)
    assert (found, minutes) in {("LIVE", 479), ("LIVE", 480)}
    ward.tell("logout", handle=handle)
    assert state(ward, handle) == ("ENDED", None)
    for nobodys in ("never begun", None):
        assert state(ward, nobodys) == ("UNKNOWN", None)
        ward.tell("logout", handle=nobodys)


def test_a_login_that_came_to_nothing_says_so(hospital: Hospital, ward: Session) -> None:
    used, old = begun(ward)[2], begun(ward)[2]
    sql = (
        "UPDATE EESZT_LOGIN_REQUEST SET {} = SYS_EXTRACT_UTC(SYSTIMESTAMP) - INTERVAL '5' MINUTE WHERE handle_hash = :1"
    )
    hospital.run(sql.format("used_at"), [sha256(used)])
    hospital.run(sql.format("expires_at"), [sha256(old)])
    assert (state(ward, used)[0], state(ward, old)[0]) == ("REFUSED", "REFUSED")


def test_a_login_ends_for_good_with_its_logout(hospital: Hospital, ward: Session) -> None:
    hospital.log_in(HANDLE)
    ward.tell("bind", handle=HANDLE)
    with hospital.session() as elsewhere:
        elsewhere.tell("logout", handle=HANDLE)
    assert ward.ask("bound_user") is None
    assert hospital.run("SELECT end_reason, sealed FROM EESZT_LOGIN") == [("LOGOUT", None)]
    with refused(20714, "jelentkezzen be"):
        ward.tell("bind", handle=HANDLE)


def test_a_login_that_is_called_off_cannot_be_finished(hospital: Hospital, ward: Session) -> None:
    handle = begun(ward)[2]
    ward.tell("logout", handle=handle)
    assert hospital.run("SELECT COUNT(*) FROM EESZT_LOGIN_REQUEST WHERE used_at IS NULL") == [(0,)]


# bind


def test_what_a_bound_session_writes_is_proved(hospital: Hospital, ward: Session) -> None:
    hospital.log_in(HANDLE)
    assert proof(hospital, ward.written()) == "ASSERTED"
    ward.tell("bind", handle=HANDLE)
    assert ward.ask("bound_user") == DOCTOR
    item = ward.written(recorded_by=None)
    record = hospital.record("background", item)
    assert (record["recorded_by"], record["recorder_proof"]) == (DOCTOR, "BOUND")
    assert record["login_at_recording"] == "LIVE"


def test_a_row_that_a_bound_session_inserts_itself_is_proved_too(hospital: Hospital, ward: Session) -> None:
    hospital.log_in(HANDLE)
    ward.tell("bind", handle=HANDLE)
    insert = (
        "INSERT INTO EESZT_OUT_BACKGROUND (document_type, recorded_by, workplace, recorded_at)"
        " VALUES ('ekat_esemeny', :1, 'w', SYS_EXTRACT_UTC(SYSTIMESTAMP))"
    )
    with ward.connection.cursor() as cursor:
        cursor.executemany(insert, [(DOCTOR,), (OTHER,)])
    ward.commit()
    proofs = hospital.run("SELECT recorded_by, recorder_proof FROM EESZT_OUT_BACKGROUND ORDER BY item_id")
    assert proofs == [(DOCTOR, "BOUND"), (OTHER, "ASSERTED")]


def test_nobody_records_in_a_session_bound_to_somebody_else(hospital: Hospital, ward: Session) -> None:
    item = ward.written("erecept_feliras")
    hospital.log_in(HANDLE)
    ward.tell("bind", handle=HANDLE)
    for call in (
        lambda: ward.submit(recorded_by=OTHER),
        lambda: ward.ask("withdraw", item_id=item, his_user=OTHER),
        lambda: ward.ask("replace_prescription", item_id=item, his_user=OTHER),
        lambda: ward.ask("resubmit", item_id=item, recorded_by=OTHER),
    ):
        with refused(20710, rf"\({DOCTOR}\)"):
            call()


def test_the_binding_is_the_sessions_own(hospital: Hospital, ward: Session) -> None:
    hospital.log_in(HANDLE)
    ward.tell("bind", handle=HANDLE)
    with hospital.session() as other:
        assert other.ask("bound_user") is None
        assert proof(hospital, other.written()) == "ASSERTED"


@pytest.mark.parametrize("handle", [OTHERS_HANDLE, "", "x' OR '1'='1", HANDLE.upper(), sha256(HANDLE)])
def test_a_wrong_handle_binds_nothing_and_leaves_nothing_bound(hospital: Hospital, ward: Session, handle: str) -> None:
    hospital.log_in(HANDLE)
    hospital.log_in(None, OTHER)
    ward.tell("bind", handle=HANDLE)
    if handle:
        with refused(20714):
            ward.tell("bind", handle=handle)
    else:
        ward.tell("bind", handle=handle)  # that is how a session is unbound
    assert ward.ask("bound_user") is None
    assert proof(hospital, ward.written()) == "ASSERTED"


def test_another_users_handle_binds_to_him_alone(hospital: Hospital, ward: Session) -> None:
    hospital.log_in(HANDLE)
    hospital.log_in(OTHERS_HANDLE, OTHER)
    ward.tell("bind", handle=HANDLE)
    ward.tell("bind", handle=OTHERS_HANDLE)
    assert ward.ask("bound_user") == OTHER
    with refused(20710):
        ward.submit(recorded_by=DOCTOR)


@pytest.mark.parametrize(
    "ending",
    [
        "UPDATE EESZT_LOGIN SET ended_at = SYS_EXTRACT_UTC(SYSTIMESTAMP)",
        "UPDATE EESZT_LOGIN SET ends_at = SYS_EXTRACT_UTC(SYSTIMESTAMP)",
        f"UPDATE EESZT_USER_MAP SET eeszt_user = 'O99999' WHERE his_user = '{DOCTOR}'",
        f"DELETE FROM EESZT_USER_MAP WHERE his_user = '{DOCTOR}'",
    ],
    ids=["ended", "run out", "remapped", "unmapped"],
)
def test_a_binding_is_worth_nothing_once_its_login_is_over(hospital: Hospital, ward: Session, ending: str) -> None:
    hospital.log_in(HANDLE)
    ward.tell("bind", handle=HANDLE)
    hospital.run(ending)
    assert ward.ask("bound_user") is None
    assert proof(hospital, ward.written()) == "ASSERTED"
    with refused(20710):  # and still nobody else records in it
        ward.submit(recorded_by=OTHER)
    with refused(20714):
        ward.tell("bind", handle=HANDLE)


def test_a_withdrawal_of_ones_own_is_as_proved_as_the_better_of_both(hospital: Hospital, ward: Session) -> None:
    hospital.log_in(HANDLE)
    asserted = ward.written("erecept_feliras")
    ward.tell("bind", handle=HANDLE)
    bound = ward.written("erecept_feliras")
    for item in (asserted, bound):
        hospital.force("interactive", [(item, {"state": "ACCEPTED"})])
    ward.ask("withdraw", item_id=asserted)
    ward.commit()
    ward.tell("bind", handle=None)
    ward.ask("withdraw", item_id=bound, his_user=DOCTOR)
    ward.commit()
    proofs = hospital.run("SELECT withdraws, recorder_proof FROM EESZT_OUT_INTERACTIVE WHERE withdraws IS NOT NULL")
    assert dict(proofs) == {asserted: "BOUND", bound: "BOUND"}


# result


RESULT = json.dumps(
    {
        "rows": [{"azonosito": "SIM-1", "nev": "Tündérné"}, {"azonosito": "SIM-2", "nev": None}],
        "about": {"oldal": "1"},
        "filtered": True,
        "raw": "<v>" + "é" * 40_000 + "</v>",
    },
    ensure_ascii=False,
)
"""As the daemon keeps it; longer than a text may be."""


def answered(hospital: Hospital, item: int, asker: str = DOCTOR, seconds: int = 600) -> None:
    """Keep the answer of a query as the daemon does."""
    hospital.run(
        "INSERT INTO EESZT_RESULT (item_id, asker, result, kept_at, expires_at) VALUES (:1, :2, :3,"
        " SYS_EXTRACT_UTC(SYSTIMESTAMP), SYS_EXTRACT_UTC(SYSTIMESTAMP) + NUMTODSINTERVAL(:4, 'SECOND'))",
        [item, asker, RESULT, seconds],
    )


TABLE_OF_RESULT = """
    SELECT t.azonosito, t.nev
      FROM JSON_TABLE(EESZT_API.result(:1), '$.rows[*]'
                      COLUMNS (azonosito VARCHAR2(40 CHAR) PATH '$.azonosito', nev VARCHAR2(100 CHAR) PATH '$.nev')) t
     ORDER BY t.azonosito"""


def test_an_answer_is_read_by_who_asked(hospital: Hospital, ward: Session) -> None:
    item = ward.written("erecept_lekerdezes")
    hospital.log_in(HANDLE)
    ward.tell("bind", handle=HANDLE)
    with refused(20712, "kérdezze le újra"):  # none yet
        ward.ask("result", LOB, item_id=item)
    answered(hospital, item)
    assert ward.ask("result", LOB, item_id=item) == RESULT
    with ward.connection.cursor() as cursor:
        cursor.execute(TABLE_OF_RESULT, [item])
        assert cursor.fetchall() == [("SIM-1", "Tündérné"), ("SIM-2", None)]


def test_an_answer_is_read_by_nobody_else(hospital: Hospital, ward: Session) -> None:
    mine, old = ward.written("erecept_lekerdezes"), ward.written("erecept_lekerdezes")
    answered(hospital, mine)
    answered(hospital, old, OTHER, -1)
    with refused(20711, "bejelentkezés szükséges"):  # not bound
        ward.ask("result", LOB, item_id=mine)
    hospital.log_in(OTHERS_HANDLE, OTHER)
    ward.tell("bind", handle=OTHERS_HANDLE)
    for item in (mine, old):  # somebody else's; his own, but expired
        with refused(20712):
            ward.ask("result", LOB, item_id=item)
    ward.tell("logout", handle=OTHERS_HANDLE)
    with refused(20711):
        ward.ask("result", LOB, item_id=old)
