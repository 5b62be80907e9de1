"""Sessions and login requests in a database."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from runner.errors import fault
from runner.ports import LoginRequest, LoginRow, RefusedLogin
from runner.store.rows import certain, to_instant
from runner.store.waking import wake

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.store.database import Database
    from runner.store.rows import Record


_LONGEST_REASON = 400


class StoredLogins:
    """``ports.Logins`` on a database; each verb commits."""

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
        with self._database.writing() as scope:
            now = scope.now
            expires_at = now + timedelta(seconds=life_s)
            number = scope.insert(
                "begin_login",
                his_user=his_user,
                nonce_hash=nonce_hash,
                now=now,
                expires_at=expires_at,
                handle_hash=handle_hash,
                short_code=short_code,
            )
            return LoginRequest(number, his_user, expires_at, handle_hash, short_code)

    def take(self, nonce_hash: str) -> LoginRequest | None:
        """Use up a request; None where there is none, it is used, or it is too old."""
        with self._database.writing() as scope:
            now = scope.now
            found = scope.read("login_request", nonce_hash=nonce_hash, now=now)
            if not found or not scope.change("use_login_request", request_id=found[0]["request_id"], now=now):
                return None
            request = found[0]
            expires_at = certain(to_instant(request["expires_at"]))
            return LoginRequest(
                request["request_id"], request["his_user"], expires_at, request["handle_hash"], request["short_code"]
            )

    def refuse(self, request_id: int, why: str) -> None:
        """Note that a login that was begun came to nothing, so that the HIS client that began it sees it at once."""
        with self._database.writing() as scope:
            scope.change("refuse_login_request", request_id=request_id, refusal=why[:_LONGEST_REASON], now=scope.now)

    def refused(self) -> Sequence[RefusedLogin]:
        """Logins of the last day that came to nothing, the newest first."""
        return [
            RefusedLogin(record["his_user"], certain(to_instant(record["ended_at"])), record["refusal"])
            for record in self._database.read("refused_logins")
        ]

    def next_login_id(self) -> int:
        """A fresh session number, so that the seal can be bound to it."""
        with self._database.writing() as scope:
            return scope.next_login()

    def save(self, login: LoginRow) -> None:
        """Store a sealed session, ending the person's older ones, and wake what waits for it (same transaction)."""
        with self._database.writing() as scope:
            if login.handle_hash is not None and not scope.change(
                "finish_login_request", handle_hash=login.handle_hash
            ):
                raise fault(4242, f"HIS user {login.his_user}")
            who = {"eeszt_user": login.eeszt_user, "his_user": login.his_user}
            scope.change("end_logins", **who, why="NEW_LOGIN", now=scope.now)
            scope.change(
                "save_login",
                **who,
                login_id=login.login_id,
                role=login.role,
                institution=login.institution,
                method=login.method,
                started_at=login.started_at,
                ends_at=login.ends_at,
                handle_hash=login.handle_hash,
                sealed=login.sealed,
            )
            wake(scope, self._database.lanes, login.eeszt_user, login.his_user)
        with self._database.writing() as scope:
            scope.change("end_older_logins", **who, why="NEW_LOGIN", now=scope.now)

    def live(self, eeszt_user: str, known: int | None = None) -> LoginRow | None:
        """The person's session that neither ended nor ran out, or None; what is sealed only of one not ``known``."""
        found = self._database.read("live_logins", eeszt_user=eeszt_user)
        if not found or found[0]["login_id"] == known:
            return _to_login(found[0], sealed=None) if found else None
        sealed = self._database.read("sealed_login", login_id=found[0]["login_id"])
        return _to_login(found[0], sealed=sealed[0]["sealed"]) if sealed else None

    def end(self, eeszt_user: str, why: str) -> int:
        """End the person's sessions at once; how many."""
        with self._database.writing() as scope:
            return scope.change("end_logins", eeszt_user=eeszt_user, his_user=None, why=why, now=scope.now)

    def state(self) -> Sequence[LoginRow]:
        """All live sessions, without their sealed part."""
        return [_to_login(record, sealed=None) for record in self._database.read("live_logins", eeszt_user=None)]


def _to_login(record: Record, *, sealed: bytes | None) -> LoginRow:
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
