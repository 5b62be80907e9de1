"""
MedWorkS's database session as the login sees it: what EESZT_API does on Oracle, by the same names.

SQLite knows no users and no sessions: whoever may write the file may write anything. What binds here is the connection,
by triggers and a table that it alone has.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from runner.errors import fault
from runner.ports import LoginBegun
from runner.store.embedded.transaction import clock
from runner.store.rows import to_text

if TYPE_CHECKING:
    import sqlite3

    from runner.store.embedded.database import EmbeddedDatabase

REQUEST_LIFE_S = 120.0
_SECRET_BYTES = 32
_LETTERS = "ACDEFHJKLMNPRTVX"
"""That cannot be mistaken for one another."""
_CODE_LETTERS = 6


class EmbeddedSession:
    """
    ``ports.HisSession`` on a connection of the HIS.

    The connection is in autocommit, or commits by itself: what is said here is part of its transaction.
    """

    def __init__(self, database: EmbeddedDatabase, connection: sqlite3.Connection) -> None:
        self._statements = database.statements
        self._connection = connection

    def login_begin(self, his_user: str) -> LoginBegun:
        """Begin the login of a user; only hashes of nonce and handle are stored."""
        found = self._connection.execute(self._statements["recorder"], {"his_user": his_user}).fetchone()
        if found is None or found[0] != "REGISTERED":
            raise fault(4401, f"HIS user {his_user}")
        begun = LoginBegun(
            nonce=secrets.token_urlsafe(_SECRET_BYTES),
            short_code="".join(secrets.choice(_LETTERS) for _ in range(_CODE_LETTERS)),
            handle=secrets.token_hex(_SECRET_BYTES),
        )
        now = clock(self._connection, self._statements)
        self._connection.execute(
            self._statements["begin_login"],
            {
                "his_user": his_user,
                "nonce_hash": _hashed(begun.nonce),
                "now": to_text(now),
                "expires_at": to_text(now + timedelta(seconds=REQUEST_LIFE_S)),
                "short_code": begun.short_code,
                "handle_hash": _hashed(begun.handle),
            },
        )
        return begun

    def login_state(self, handle: str) -> tuple[str, int | None]:
        """How far the login of a handle is, and how many minutes a LIVE one lasts."""
        binds = {"handle_hash": _hashed(handle)}
        found = self._connection.execute(self._statements["handle_state"], binds).fetchone()
        if found is None:
            return "UNKNOWN", None
        state, minutes_left = found[0], found[1]
        return state, minutes_left if state == "LIVE" else None

    def bind(self, handle: str | None) -> None:
        """Say who works in this database session; None only unbinds."""
        self._prepare()
        self._connection.execute(self._statements["unbind"])
        if handle is None:
            return
        binds = {"handle_hash": _hashed(handle)}
        found = self._connection.execute(self._statements["handle_login"], binds).fetchone()
        if found is None:
            raise fault(4241, "session handle")
        self._connection.execute(self._statements["bind"], {"login_id": found[0], "his_user": found[1]})

    def bound_user(self) -> str | None:
        """Who it is bound to, while his login lives."""
        self._prepare()
        found = self._connection.execute(self._statements["bound_user"]).fetchone()
        return None if found is None else str(found[0])

    def logout(self, handle: str) -> None:
        """End the login of a handle at once, and unbind."""
        self._prepare()
        self._connection.execute(self._statements["unbind"])
        for block in ("end_handle_request", "end_handle"):
            self._connection.execute(self._statements[block], {"handle_hash": _hashed(handle)})

    def _prepare(self) -> None:
        self._connection.execute(self._statements["bound_session"])
        for lane in self._statements.outboxes:
            self._connection.execute(self._statements.of(lane, "bound_trigger"))


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
