"""The embedded database: SQLite, for one daemon; for the demonstration, for authors of mappings and for fast tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.ports import Features
from runner.store.adoption import StoredAdoption
from runner.store.codes import StoredCodes
from runner.store.directory import StoredDirectory
from runner.store.embedded.connection import BUSY_S, Connections
from runner.store.embedded.database import EmbeddedDatabase
from runner.store.embedded.desk import EmbeddedDesk
from runner.store.embedded.inspection import EmbeddedShapes, inspect
from runner.store.embedded.installation import DaemonLock, check_installed, install, run_script
from runner.store.embedded.outbox import EmbeddedOutbox
from runner.store.embedded.session import EmbeddedSession
from runner.store.embedded.statements import Statements
from runner.store.logins import StoredLogins

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from runner.ports import Inspected
    from runner.store.naming import OutboxTable


class EmbeddedStore:
    """
    All seams to the database on one SQLite file; safe for any number of threads, for one daemon.

    Attributes:
        outbox: The daemon's side.
        desk: MedWorkS's and the operator's side.
        directory: Who is who.
        codes: Published code tables.
        logins: Sessions.
        adoption: Making a moved, restored or copied database the one that works here.
        features: What it can do.
        shapes: What the HIS's tables and the source queries look like.
    """

    features = Features(several_daemons=False, row_locks=False)

    def __init__(self, path: Path, outboxes: Mapping[str, OutboxTable], sql: Path, *, busy_s: float = BUSY_S) -> None:
        """
        Open a database, which may not exist yet.

        Args:
            path: The file.
            outboxes: Lane → its table.
            sql: The folder ``sql`` with the shipped SQL.
            busy_s: How long a write waits while another program writes, seconds.
        """
        self._path = path
        self._sql = sql
        self._connections = Connections(path, busy_s)
        database = EmbeddedDatabase(self._connections, Statements(sql / "embedded", outboxes))
        self._database = database
        self.outbox = EmbeddedOutbox(database)
        self.desk = EmbeddedDesk(database)
        self.directory = StoredDirectory(database)
        self.codes = StoredCodes(database)
        self.logins = StoredLogins(database)
        self.adoption = StoredAdoption(database)
        self.shapes = EmbeddedShapes(database)

    def his_session(self, connection: sqlite3.Connection) -> EmbeddedSession:
        """Give what the HIS asks about logins in one of its own connections; on Oracle it calls EESZT_API."""
        return EmbeddedSession(self._database, connection)

    def install(self, environment: str = "test") -> None:
        """
        Create what is missing; safe to repeat.

        Args:
            environment: ``test`` or ``production``; fixed for the life of the database.

        Raises:
            IntegrityError: The database belongs to the other environment.
            StoreError: SQLite refuses.
        """
        install(self._database, environment)

    def check_installed(self, environment: str) -> None:
        """
        Make sure, before work begins, that the database is there, complete, of this environment, and no copy.

        Raises:
            IntegrityError: The database belongs to the other environment, or was copied or moved.
            StoreError: It is not installed, or by another version.
        """
        check_installed(self._database, environment)

    def inspect(self) -> Sequence[Inspected]:
        """
        Compare the database with what an installation makes; writes nothing.

        Raises:
            StoreError: SQLite cannot be asked.
        """
        return inspect(self._database)

    def install_example(self) -> None:
        """Create the example tables of a small MedWorkS; for the demonstration and for tests."""
        run_script(self._database, self._sql / "embedded" / "medworks_example.sql")

    def lock_daemon(self) -> DaemonLock:
        """
        Become the one daemon of this database, until the lock is closed or the process ends.

        Raises:
            StoreError: Another daemon works on it.
        """
        return DaemonLock(self._path)

    def close(self) -> None:
        """Close all connections; nobody may be at work any more."""
        self._connections.close()
