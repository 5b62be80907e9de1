"""Session handles: who records is proved by the database session, and by nothing that a row says."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runner.errors import LoginError
from runner.login.nonce import nonce_hash
from runner.ports import HisSession, LoginBegun, LoginRow
from runner.store.embedded import EmbeddedStore
from tests.support.rows import OUTBOXES, SQL, TYPES

KOVACS, SZUCS = "kovacs.anna", "szucs.gergo"


@dataclass
class Ward:
    """A database, and clients of the HIS on it."""

    store: EmbeddedStore
    path: Path

    @contextmanager
    def client(self) -> Iterator[tuple[sqlite3.Connection, HisSession]]:
        with closing(sqlite3.connect(self.path, timeout=5, isolation_level=None)) as connection:
            yield connection, self.store.his_session(connection)

    def begin(self, his_user: str = KOVACS) -> LoginBegun:
        with self.client() as (_, session):
            return session.login_begin(his_user)

    def logged_in(self, his_user: str = KOVACS, *, minutes: float = 480, eeszt_user: str = "O12345") -> LoginBegun:
        """Begin a login, and store what the endpoint would after it."""
        begun = self.begin(his_user)
        request = self.store.logins.take(nonce_hash(begun.nonce))
        assert request is not None
        now = datetime.now(UTC)
        ends_at = now + timedelta(minutes=minutes)
        number = self.store.logins.next_login_id()
        row = LoginRow(
            number, his_user, eeszt_user, "ORVOS", "013579", "card", now, ends_at, b"sealed", request.handle_hash
        )
        self.store.logins.save(row)
        return begun

    def proof(self, connection: sqlite3.Connection, recorded_by: str = KOVACS, proof: str | None = None) -> str:
        """Write a row; how its recorder counts as proved."""
        cursor = connection.execute(
            "INSERT INTO EESZT_OUT_INTERACTIVE (document_type, recorded_by, workplace, recorder_proof, recorded_at)"
            " VALUES ('erecept_feliras', ?, '013579101', ?, datetime('now'))",
            (recorded_by, proof),
        )
        [(found,)] = connection.execute(
            "SELECT recorder_proof FROM EESZT_V_ITEM WHERE item_id = ?", (cursor.lastrowid,)
        ).fetchall()
        return str(found)


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    store = EmbeddedStore(tmp_path / "his.db", OUTBOXES, SQL)
    store.install()
    store.desk.activate(TYPES)
    with closing(sqlite3.connect(tmp_path / "his.db")) as connection, connection:
        rows = [
            (KOVACS, "REGISTERED", 1, "O12345"),
            (SZUCS, "REGISTERED", 1, "O23456"),
            ("x", "NOT_REGISTERED", 0, None),
        ]
        connection.executemany("INSERT INTO EESZT_USER_MAP VALUES (?, ?, ?, ?)", rows)
    yield Ward(store, tmp_path / "his.db")
    store.close()


def test_what_a_bound_session_writes_as_its_own_user_is_proved(ward: Ward) -> None:
    begun = ward.logged_in()
    with ward.client() as (connection, session):
        assert ward.proof(connection) == "ASSERTED"
        session.bind(begun.handle)
        assert session.bound_user() == KOVACS
        assert [ward.proof(connection), ward.proof(connection)] == ["BOUND", "BOUND"]
        session.bind(None)
        assert ward.proof(connection) == "ASSERTED"


def test_a_row_under_another_name_is_not_proved(ward: Ward) -> None:
    begun = ward.logged_in()
    ward.logged_in(SZUCS, eeszt_user="O23456")
    with ward.client() as (connection, session):
        session.bind(begun.handle)
        assert ward.proof(connection, SZUCS) == "ASSERTED"
        assert ward.proof(connection, SZUCS, "BOUND") == "ASSERTED"


def test_another_connection_is_not_bound_by_it(ward: Ward) -> None:
    begun = ward.logged_in()
    with ward.client() as (_, session), ward.client() as (other, _):
        session.bind(begun.handle)
        assert ward.proof(other, KOVACS, "BOUND") == "ASSERTED", "what the row says of it does not count"


def test_the_handle_of_an_ended_session_binds_nothing_and_what_was_bound_is_bound_no_more(ward: Ward) -> None:
    begun = ward.logged_in()
    with ward.client() as (connection, session):
        session.bind(begun.handle)
        ward.store.logins.end("O12345", "administrator")
        assert session.bound_user() is None
        assert ward.proof(connection) == "ASSERTED"
        with pytest.raises(LoginError) as error:
            session.bind(begun.handle)
    assert error.value.number == 4241
    assert error.value.sentence


def test_a_session_that_ran_out_binds_nothing(ward: Ward) -> None:
    begun = ward.logged_in(minutes=-1)
    with ward.client() as (_, session), pytest.raises(LoginError):
        session.bind(begun.handle)


def test_a_handle_that_is_refused_unbinds_what_was_bound_before(ward: Ward) -> None:
    begun = ward.logged_in()
    with ward.client() as (connection, session):
        session.bind(begun.handle)
        with pytest.raises(LoginError):
            session.bind("f" * 64)
        assert ward.proof(connection) == "ASSERTED"


def test_a_remapped_users_handle_binds_nothing(ward: Ward) -> None:
    begun = ward.logged_in()
    with ward.client() as (connection, session):
        session.bind(begun.handle)
        connection.execute("UPDATE EESZT_USER_MAP SET eeszt_user = 'O99999' WHERE his_user = ?", (KOVACS,))
        assert ward.proof(connection) == "ASSERTED"
        with pytest.raises(LoginError):
            session.bind(begun.handle)


def test_logout_by_the_user_ends_his_session_at_once(ward: Ward) -> None:
    begun = ward.logged_in()
    with ward.client() as (connection, session):
        session.bind(begun.handle)
        session.logout(begun.handle)
        assert ward.proof(connection) == "ASSERTED"
        assert session.login_state(begun.handle) == ("ENDED", None)
    assert ward.store.logins.live("O12345") is None


def test_the_state_of_a_login_is_told_from_its_beginning(ward: Ward) -> None:
    begun = ward.begin()
    with ward.client() as (connection, session):
        assert session.login_state("0" * 64) == ("UNKNOWN", None)
        assert session.login_state(begun.handle) == ("WAITING", None)
        assert ward.store.logins.take(nonce_hash(begun.nonce)) is not None
        assert session.login_state(begun.handle) == ("CHECKING", None)
        connection.execute("UPDATE EESZT_LOGIN_REQUEST SET used_at = '2026-01-01 00:00:00.000000'")
        assert session.login_state(begun.handle) == ("REFUSED", None)
        state, minutes = session.login_state(ward.logged_in().handle)
        assert (state, minutes in {479, 480}) == ("LIVE", True)


def test_a_refused_login_shows_at_once(ward: Ward) -> None:
    begun = ward.begin()
    request = ward.store.logins.take(nonce_hash(begun.nonce))
    assert request is not None
    ward.store.logins.refuse(request.request_id, "wrong password")
    with ward.client() as (_, session):
        assert session.login_state(begun.handle) == ("REFUSED", None)
    assert [(each.his_user, each.why) for each in ward.store.logins.refused()] == [(KOVACS, "wrong password")]


def test_a_login_that_is_called_off_shows_at_once_and_cannot_be_finished(ward: Ward) -> None:
    before, meanwhile = ward.begin(), ward.begin()
    request = ward.store.logins.take(nonce_hash(meanwhile.nonce))  # the EESZT is being asked
    assert request is not None
    with ward.client() as (_, session):
        for begun in (before, meanwhile):
            session.logout(begun.handle)
            assert session.login_state(begun.handle) == ("REFUSED", None)
    assert ward.store.logins.take(nonce_hash(before.nonce)) is None
    now = datetime.now(UTC)
    row = LoginRow(
        9, KOVACS, "O12345", "ORVOS", "0", "otp", now, now + timedelta(hours=8), b"sealed", request.handle_hash
    )
    with pytest.raises(LoginError) as error:
        ward.store.logins.save(row)
    assert error.value.number == 4242
    assert ward.store.logins.live("O12345") is None


def test_only_hashes_of_nonce_and_handle_are_stored(ward: Ward) -> None:
    begun = ward.logged_in()
    with closing(sqlite3.connect(ward.path)) as connection:
        everything = str(list(connection.iterdump()))
    assert begun.nonce not in everything
    assert begun.handle not in everything
    assert nonce_hash(begun.handle) in everything


@pytest.mark.parametrize("his_user", ["x", "nobody"])
def test_who_is_not_matched_begins_no_login(ward: Ward, his_user: str) -> None:
    with ward.client() as (_, session), pytest.raises(LoginError) as error:
        session.login_begin(his_user)
    assert error.value.number == 4401


def test_the_hash_of_a_handle_is_no_handle(ward: Ward) -> None:
    begun = ward.logged_in()
    with ward.client() as (_, session), pytest.raises(LoginError):
        session.bind(nonce_hash(begun.handle))


def test_the_end_of_a_session_is_foreseen_half_an_hour_before(ward: Ward) -> None:
    ward.logged_in(minutes=31)
    ward.logged_in(SZUCS, minutes=29, eeszt_user="O23456")
    with closing(sqlite3.connect(ward.path)) as connection:
        found = dict(connection.execute("SELECT his_user, ends_soon FROM EESZT_V_LOGIN").fetchall())
    assert found == {KOVACS: 0, SZUCS: 1}


def test_how_many_items_wait_for_a_login_is_told_per_user(ward: Ward) -> None:
    with ward.client() as (connection, _):
        for _ in range(3):
            ward.proof(connection)
        ward.proof(connection, SZUCS)
        connection.execute("UPDATE EESZT_OUT_INTERACTIVE SET state = 'CLAIMED' WHERE state = 'NEW'")
        connection.execute(
            "UPDATE EESZT_OUT_INTERACTIVE SET state = 'PARKED', reason_code = 'LOGIN' WHERE state = 'CLAIMED'"
        )
        found = connection.execute("SELECT his_user, items, since IS NOT NULL FROM EESZT_V_LOGIN_NEEDED").fetchall()
    assert sorted(found) == [(KOVACS, 3, 1), (SZUCS, 1, 1)]
