"""EESZT_API and the daemon's store: the desk calls the one, logins that the one begins are finished by the other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from runner.domain.outbox import State, WardAnswer
from runner.errors import LoginError, RowError, StoreError
from runner.ports import LoginRow
from runner.store.oracle import OracleStore
from tests.oracle.test_api import refused, sql
from tests.support.his import DOCTOR, OTHER, Hospital, Session
from tests.support.oracle import RUNTIME
from tests.support.oracle_schema import open_store
from tests.support.rows import new_item


@pytest.fixture
def store(hospital: Hospital) -> Iterator[OracleStore]:
    """The daemon's own way into the database."""
    store = open_store(hospital.database, RUNTIME)
    yield store
    store.close()


def begun(ward: Session, his_user: str = DOCTOR) -> tuple[str, str]:
    """Begin a login in MedWorkS; hash of the nonce, and the handle."""
    nonce, _, handle = ward.tell("login_begin", ("nonce", "short_code", "handle"), his_user=his_user)
    return hashlib.sha256(nonce.encode()).hexdigest(), handle


def finish(store: OracleStore, nonce_hash: str) -> LoginRow:
    """Finish a login as the daemon does once the person has proved himself."""
    request = store.logins.take(nonce_hash)
    assert request is not None
    now = datetime.now(UTC)
    row = LoginRow(
        store.logins.next_login_id(),
        request.his_user,
        "O12345" if request.his_user == DOCTOR else "O54321",
        "ORVOS",
        "000",
        "otp",
        now,
        now + timedelta(hours=8),
        b"sealed",
        request.handle_hash,
    )
    store.logins.save(row)
    return row


# logins


def test_who_began_a_login_in_medworks_can_bind_to_it(hospital: Hospital, ward: Session, store: OracleStore) -> None:
    nonce_hash, handle = begun(ward)
    row = finish(store, nonce_hash)
    assert ward.tell("login_state", ("state", "minutes_left"), handle=handle)[0] == "LIVE"
    ward.tell("bind", handle=handle)
    assert hospital.record("background", ward.written(recorded_by=None))["recorder_proof"] == "BOUND"
    assert store.logins.live(row.eeszt_user) == replace(row, handle_hash=None)
    assert store.logins.take(nonce_hash) is None


def test_a_refused_login_shows_at_once(ward: Session, store: OracleStore) -> None:
    nonce_hash, handle = begun(ward)
    request = store.logins.take(nonce_hash)
    assert request is not None
    assert ward.tell("login_state", ("state", "minutes_left"), handle=handle)[0] == "CHECKING"
    store.logins.refuse(request.request_id, "wrong password")
    assert ward.tell("login_state", ("state", "minutes_left"), handle=handle)[0] == "REFUSED"
    assert [(each.his_user, each.why) for each in store.logins.refused()] == [(DOCTOR, "wrong password")]


def test_a_login_that_is_called_off_meanwhile_is_not_finished(ward: Session, store: OracleStore) -> None:
    nonce_hash, handle = begun(ward)
    request = store.logins.take(nonce_hash)  # the EESZT is being asked
    assert request is not None
    ward.tell("logout", handle=handle)
    assert ward.tell("login_state", ("state", "minutes_left"), handle=handle)[0] == "REFUSED"
    now = datetime.now(UTC)
    login = LoginRow(
        store.logins.next_login_id(),
        DOCTOR,
        "O12345",
        "ORVOS",
        "000",
        "otp",
        now,
        now + timedelta(hours=8),
        b"sealed",
        request.handle_hash,
    )
    with pytest.raises(LoginError) as error:
        store.logins.save(login)
    assert error.value.number == 4242
    assert store.logins.live("O12345") is None


def test_nobody_slips_his_handle_under_the_login_of_somebody_else(ward: Session, store: OracleStore) -> None:
    nonce_hash, handle = begun(ward)
    request = store.logins.take(nonce_hash)  # the doctor's password is on its way to the EESZT
    assert request is not None
    thiefs_nonce_hash, thiefs_handle = begun(ward)  # a login in the doctor's name, begun elsewhere
    assert store.logins.take(thiefs_nonce_hash) is not None  # ... and tried with a wrong password
    now = datetime.now(UTC)
    login = LoginRow(
        store.logins.next_login_id(), DOCTOR, "O12345", "ORVOS", "000", "otp", now, now + timedelta(hours=8)
    )
    store.logins.save(replace(login, sealed=b"sealed", handle_hash=request.handle_hash))
    with refused(20714):
        ward.tell("bind", handle=thiefs_handle)
    ward.tell("bind", handle=handle)
    assert ward.ask("bound_user") == DOCTOR


def test_a_new_login_ends_the_binding_of_the_older_one(ward: Session, store: OracleStore) -> None:
    first_hash, first = begun(ward)
    finish(store, first_hash)
    ward.tell("bind", handle=first)
    second_hash, second = begun(ward)
    finish(store, second_hash)
    assert ward.ask("bound_user") is None
    assert ward.tell("login_state", ("state", "minutes_left"), handle=first)[0] == "ENDED"
    ward.tell("bind", handle=second)
    assert ward.ask("bound_user") == DOCTOR


def test_a_login_that_was_called_off_is_not_finished(ward: Session, store: OracleStore) -> None:
    nonce_hash, handle = begun(ward)
    ward.tell("logout", handle=handle)
    assert store.logins.take(nonce_hash) is None


def test_a_logout_in_medworks_ends_the_session_for_the_daemon(ward: Session, store: OracleStore) -> None:
    nonce_hash, handle = begun(ward)
    finish(store, nonce_hash)
    ward.tell("logout", handle=handle)
    assert store.logins.live("O12345") is None
    assert list(store.logins.state()) == []


# the desk


def test_what_the_desk_submits_keeps_its_fractions_and_its_length(hospital: Hospital, store: OracleStore) -> None:
    at = datetime(2026, 1, 2, 9, 30, 1, 234567, tzinfo=UTC)
    payload = '{"a": "' + "á" * 40_000 + '"}'
    item = store.desk.submit(new_item(recorded_at=at, first_recorded_at=at, payload=payload, source_key="k"))
    record = hospital.record("background", item)
    assert record["recorded_at"] == record["first_recorded_at"] == at.replace(tzinfo=None)
    assert record["payload"] == payload
    assert store.desk.submit(new_item(source_key="k")) == item


def test_what_the_package_refuses_is_the_fault_of_every_store(
    hospital: Hospital, ward: Session, store: OracleStore
) -> None:
    item = ward.written("erecept_feliras")
    with pytest.raises(RowError, match=f"RNR-3001 item {item}.*{OTHER}"):
        store.desk.withdraw(item, OTHER)
    assert store.desk.withdraw(item, DOCTOR) is State.CANCELLED
    assert hospital.record("interactive", item)["state"] == "CANCELLED"
    with pytest.raises(RowError, match=f"RNR-3002 item {item}: it is CANCELLED"):
        store.desk.retry(item)
    for ask in (store.desk.decide, store.desk.retry, lambda number: store.desk.withdraw(number, DOCTOR)):
        with pytest.raises(StoreError, match="RNR-7007 item 4711"):
            ask(4711)


def test_a_row_that_medworks_holds_is_told_as_held(ward: Session, store: OracleStore) -> None:
    item = ward.written("erecept_feliras")
    sql(ward, "SELECT item_id FROM EESZT_OUT_INTERACTIVE WHERE item_id = :1 FOR UPDATE", item)
    assert store.desk.decide(item) is WardAnswer.WAIT
    with pytest.raises(StoreError, match="RNR-7406"):
        store.desk.withdraw(item, DOCTOR)
    ward.connection.rollback()
    assert store.desk.decide(item) is WardAnswer.PAPER


def test_the_desk_waits_longer_than_one_call(hospital: Hospital, ward: Session, store: OracleStore) -> None:
    hospital.beat("interactive")
    item = ward.written("erecept_feliras")
    hospital.travel("interactive", item, 28.5)
    assert store.desk.wait_for(item, 0.1) is WardAnswer.WAIT
    assert store.desk.wait_for(item, 20) is WardAnswer.PAPER
