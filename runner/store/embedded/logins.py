"""Sessions and login requests on SQLite."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from runner.ports import LoginRequest, LoginRow
from runner.store.embedded.transaction import clock
from runner.store.embedded.waking import wake
from runner.store.rows import certain, to_instant, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from runner.store.embedded.database import Database


class EmbeddedLogins:
    """``ports.Logins`` on SQLite; each verb commits."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(
        self,
        his_user: str,
        nonce_hash: str,
        life_s: float,
        handle_hash: str | None = None,
        short_code: str | None = None,
    ) -> LoginRequest:
        """Note that the HIS user is about to log in."""
        statements = self._database.statements
        with self._database.connections.writing() as connection:
            now = clock(connection, statements)
            expires_at = now + timedelta(seconds=life_s)
            cursor = connection.execute(
                statements["begin_login"],
                {
                    "his_user": his_user,
                    "nonce_hash": nonce_hash,
                    "now": to_text(now),
                    "expires_at": to_text(expires_at),
                    "handle_hash": handle_hash,
                    "short_code": short_code,
                },
            )
            assert cursor.lastrowid is not None
            return LoginRequest(cursor.lastrowid, his_user, expires_at, handle_hash, short_code)

    def take(self, nonce_hash: str) -> LoginRequest | None:
        """Use up a request; None where there is none, it is used, or it is too old."""
        statements = self._database.statements
        with self._database.connections.writing() as connection:
            now = to_text(clock(connection, statements))
            binds = {"nonce_hash": nonce_hash, "now": now}
            found = connection.execute(statements["login_request"], binds).fetchone()
            if found is None:
                return None
            connection.execute(statements["use_login_request"], {"request_id": found["request_id"], "now": now})
            return LoginRequest(
                found["request_id"],
                found["his_user"],
                certain(to_instant(found["expires_at"])),
                found["handle_hash"],
                found["short_code"],
            )

    def next_login_id(self) -> int:
        """A fresh session number, so that the seal can be bound to it."""
        with self._database.connections.writing() as connection:
            connection.execute(self._database.statements["next_login"])
            return int(connection.execute(self._database.statements["last_login"]).fetchone()[0])

    def save(self, login: LoginRow) -> None:
        """Store a sealed session, ending the person's older ones, and wake what waits for it (same transaction)."""
        statements = self._database.statements
        with self._database.connections.writing() as connection:
            who = {"eeszt_user": login.eeszt_user, "his_user": login.his_user}
            now = to_text(clock(connection, statements))
            connection.execute(statements["end_logins"], {**who, "why": "NEW_LOGIN", "now": now})
            connection.execute(
                statements["save_login"],
                {
                    **who,
                    "login_id": login.login_id,
                    "role": login.role,
                    "institution": login.institution,
                    "method": login.method,
                    "started_at": to_text(login.started_at),
                    "ends_at": to_text(login.ends_at),
                    "sealed": login.sealed,
                    "handle_hash": login.handle_hash,
                },
            )
            wake(self._database, connection, login.eeszt_user, login.his_user)

    def live(self, eeszt_user: str) -> LoginRow | None:
        """The person's session that has neither ended nor run out, or None."""
        found = self._database.read("live_logins", eeszt_user=eeszt_user)
        return _to_login(found[0], sealed=found[0]["sealed"]) if found else None

    def end(self, eeszt_user: str, why: str) -> int:
        """End the person's sessions at once; how many."""
        statements = self._database.statements
        with self._database.connections.writing() as connection:
            now = to_text(clock(connection, statements))
            binds = {"eeszt_user": eeszt_user, "his_user": None, "why": why, "now": now}
            return connection.execute(statements["end_logins"], binds).rowcount

    def state(self) -> Sequence[LoginRow]:
        """All live sessions, without their sealed part."""
        return [_to_login(record, sealed=None) for record in self._database.read("live_logins", eeszt_user=None)]


def _to_login(record: sqlite3.Row, *, sealed: bytes | None) -> LoginRow:
    return LoginRow(
        login_id=record["login_id"],
        his_user=record["his_user"],
        eeszt_user=record["eeszt_user"],
        role=record["role"],
        institution=record["institution"],
        method=record["method"],
        started_at=certain(to_instant(record["started_at"])),
        ends_at=certain(to_instant(record["ends_at"])),
        sealed=sealed,
    )
