"""Connections to one SQLite file: one that writes, some that read, and what to do while somebody else writes."""

from __future__ import annotations

import os
import random
import re
import sqlite3
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from runner.errors import fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUSY_S = 2.0
"""How long a write waits while another program writes, before it says so."""

_QUOTED = re.compile("'.*'", re.DOTALL)

PAUSE_S = 0.003
"""Between two tries; writers back to back would starve one that only waits inside SQLite."""


class Connections:
    """
    The file's connections; safe for any number of threads.

    Readers never block the writer nor wait for it (WAL). Our own writers queue at a lock; other programs' writes are
    waited for within a bound.

    Attributes:
        path: The file.
        may_create: Whether a file that is missing is made; else it counts as not installed.
    """

    def __init__(self, path: Path, busy_s: float = BUSY_S) -> None:
        self.path = path
        self.may_create = False
        self._busy_s = busy_s
        self._turn = threading.Lock()
        self._writer: sqlite3.Connection | None = None
        self._is_durable: bool | None = None
        self._guard = threading.Lock()
        self._readers: list[sqlite3.Connection] = []

    @contextmanager
    def writing(self, busy_s: float | None = None, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """
        One transaction: commits at the end, changes nothing when anything is raised.

        What is not ``durable`` may be undone by a power loss, alone and never anything before it: it waits for no disk.

        Raises:
            StoreError: Another program writes for longer than the bound, or SQLite refuses; nothing was changed.
        """
        deadline = time.monotonic() + (self._busy_s if busy_s is None else busy_s)
        if not self._turn.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise fault(7001, str(self.path))
        try:
            with self._faults():
                if self._writer is None:
                    self._writer = self._connect()
                    self._writer.execute("PRAGMA busy_timeout = 0")  # the waiting is ours, see PAUSE_S
                connection = self._writer
                if durable is not self._is_durable:  # NORMAL could undo a permit at a power loss
                    self._is_durable = None
                    connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                    self._is_durable = durable
                self._begin(connection, deadline)
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
        finally:
            self._turn.release()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """
        A connection that cannot write.

        Raises:
            StoreError: SQLite refuses, or the statement would write.
        """
        with self._guard:
            connection = self._readers.pop() if self._readers else None
        with self._faults():
            if connection is None:
                connection = self._connect()
                connection.execute("PRAGMA query_only = ON")
            try:
                yield connection
            except sqlite3.OperationalError as error:
                if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY:
                    raise fault(7302, str(self.path)) from error
                raise
            finally:
                with self._guard:
                    self._readers.append(connection)

    def close(self) -> None:
        """Close everything; nobody may be at work any more."""
        with self._turn, self._guard:
            for connection in [*self._readers, *([self._writer] if self._writer else [])]:
                connection.close()
            self._readers, self._writer, self._is_durable = [], None, None

    def _connect(self) -> sqlite3.Connection:
        if self.may_create:
            with suppress(OSError):  # there already, or SQLite says why not; its WAL takes over the rights of the file
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        elif not self.path.exists():
            raise fault(7008, str(self.path))
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=self._busy_s,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.row_factory = sqlite3.Row
        connection.text_factory = _text
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def _begin(self, connection: sqlite3.Connection, deadline: float) -> None:
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if not is_busy(error) or time.monotonic() >= deadline:
                    raise
                time.sleep(PAUSE_S * random.uniform(0.5, 1.5))  # noqa: S311  spreads writers, keeps no secret
            else:
                return

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """SQLite's exceptions end here."""
        try:
            yield
        except sqlite3.Error as error:
            if is_busy(error):
                raise fault(7001, str(self.path)) from error
            raise fault(7002, str(self.path), reason=reason_of(error)) from error


def reason_of(error: sqlite3.Error) -> str:
    """
    Give the text of SQLite's exception, which names tables and columns.

    Both may quote a patient's value: the driver one that is no UTF-8 (CPython's ``_pysqlite_fetch_one_row``), SQLite
    what a function was called with (``JSON path error near '…'``).
    """
    return _QUOTED.sub("'…'", str(error).partition(" with text ")[0])


def _text(stored: bytes) -> str:
    """Read a text as it was written; bytes that are no UTF-8 become what no message may hold, so their row ends."""
    return stored.decode("utf-8", "surrogateescape")


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another program holds the lock that was wanted."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
