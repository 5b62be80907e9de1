"""Sessions of an Oracle database: begun when they are needed, never waited for without a bound, and counted."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import oracledb

from runner.store.oracle.errors import ACCOUNT, PASSWORD, fault_of, number_of
from runner.store.oracle.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.errors import RunnerError
    from runner.store.oracle.access import OracleAccess

MODULE = "eeszt-runner"
"""V$SESSION.MODULE of all our sessions; ACTION is the verb and its lane, CLIENT_IDENTIFIER the process."""

REFUSED_S = 60.0
"""For how long a password that was refused is not tried again: trying locks the account."""


@dataclass(slots=True)
class Traffic:
    """What went over the wire: round trips of statements, fetches, commits and rollbacks; and how many commits."""

    round_trips: int = 0
    commits: int = 0
    statements: int = 0


class Pool:
    """
    The sessions; safe for any number of threads.

    Attributes:
        access: How they are begun.
        traffic: What they did so far.
    """

    def __init__(self, access: OracleAccess) -> None:
        self.access = access
        self.traffic = Traffic()
        self._guard = threading.Lock()
        self._pool: oracledb.ConnectionPool | None = None
        self._refused: tuple[float, str, RunnerError] | None = None
        self._identifier = f"{socket.gethostname()}:{os.getpid()}"[:64]

    @contextmanager
    def session(self, action: str) -> Iterator[Session]:
        """
        Lend a session; what was not committed is rolled back, and a session that met its end is not used again.

        Raises:
            StoreError: Oracle or the network refuses; nothing was changed unless the text says that it is in doubt.
        """
        doing = f"{self.access.dsn} {action}"
        connection = self._begin(doing, action)
        session = Session(connection, doing)
        try:
            yield session
        finally:
            self._end(session)

    def close(self) -> None:
        """End all sessions; nobody may be at work any more."""
        with self._guard:
            pool, self._pool = self._pool, None
        if pool is not None:
            with suppress(oracledb.Error):
                pool.close(force=True)

    def _begin(self, doing: str, action: str) -> oracledb.Connection:
        try:
            connection = self._opened(doing).acquire()
            connection.call_timeout = round(self.access.call_s * 1000)  # a pool's ping resets it before 3.4.2
            connection.action = action[:64]
        except oracledb.Error as error:
            found = fault_of(error, doing)
            if number_of(error) in {PASSWORD, ACCOUNT}:
                self._note_refusal(found)
            raise found from error
        return connection

    def _end(self, session: Session) -> None:
        pool = self._pool
        with suppress(oracledb.Error):
            if session.is_lost and pool is not None:
                pool.drop(session.connection)
            else:
                session.leave()
        with self._guard:
            self.traffic.round_trips += session.round_trips
            self.traffic.commits += session.commits
            self.traffic.statements += session.statements

    def _opened(self, doing: str) -> oracledb.ConnectionPool:
        with self._guard:
            if self._pool is None:
                password = self.access.password() if self.access.password else ""
                if self._refused is not None:
                    until, refused, error = self._refused
                    if password == refused and time.monotonic() < until:
                        raise type(error)(error.number, doing, **error.facts)
                    self._refused = None
                self._pool = self._create(password)
            return self._pool

    def _note_refusal(self, error: RunnerError) -> None:
        with self._guard:
            password = self.access.password() if self.access.password else ""
            self._refused = (time.monotonic() + REFUSED_S, password, error)
            pool, self._pool = self._pool, None
        if pool is not None:
            with suppress(oracledb.Error):  # sessions that are at work finish; with a new password another pool begins
                pool.close()

    def _create(self, password: str) -> oracledb.ConnectionPool:
        access = self.access
        oracledb.defaults.fetch_lobs = False
        if access.thick:
            _use_client_libraries(access)
        who: dict[str, Any] = {"user": access.user, "password": password}
        if access.user is None:
            who = {"externalauth": True, "homogeneous": False} if access.thick else {}
        secret = access.wallet_password() if access.wallet_password else None
        return oracledb.create_pool(
            **who,
            dsn=access.dsn,
            config_dir=str(access.config_dir) if access.config_dir else None,
            wallet_location=str(access.wallet) if access.wallet else None,
            wallet_password=secret,
            min=min(access.fewest, access.most),
            max=access.most,
            increment=1,
            getmode=oracledb.POOL_GETMODE_TIMEDWAIT,
            wait_timeout=round(access.wait_s * 1000),
            max_lifetime_session=access.life_s,
            ping_interval=access.ping_s,
            ping_timeout=round(access.ping_call_s * 1000),
            tcp_connect_timeout=access.connect_s,
            expire_time=access.keepalive_min,
            stmtcachesize=200,
            session_callback=self._prepare,
        )

    def _prepare(self, connection: oracledb.Connection, _tag: str | None) -> None:
        """Make a new session ours: its name for the DBA, the owner's tables, and comparisons byte by byte."""
        connection.call_timeout = round(self.access.call_s * 1000)
        connection.module = MODULE
        connection.client_identifier = self._identifier
        if self.access.owner:
            connection.current_schema = self.access.owner
        with connection.cursor() as cursor:
            cursor.execute("ALTER SESSION SET NLS_SORT = BINARY NLS_COMP = BINARY")


_LOADED = threading.Lock()


def _use_client_libraries(access: OracleAccess) -> None:
    """Load Oracle's client libraries, once in a process."""
    with _LOADED:
        if oracledb.is_thin_mode():
            oracledb.init_oracle_client(
                lib_dir=str(access.client_lib) if access.client_lib else None,
                config_dir=str(access.config_dir) if access.config_dir else None,
            )
