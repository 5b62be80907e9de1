"""The runner's database on Oracle; the only home of ``oracledb``."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from runner.ports import Features
from runner.store.adoption import StoredAdoption
from runner.store.codes import StoredCodes
from runner.store.directory import StoredDirectory
from runner.store.logins import StoredLogins
from runner.store.naming import ORACLE, name_of
from runner.store.oracle.access import OracleAccess
from runner.store.oracle.calls import OracleDesk
from runner.store.oracle.database import OracleDatabase
from runner.store.oracle.ddl import Site, scripts
from runner.store.oracle.declaration import declared_by
from runner.store.oracle.inspection import POLLED, inspect
from runner.store.oracle.install import check_owner, pending, put_installation, run
from runner.store.oracle.installed import check_installed
from runner.store.oracle.lookup import reported
from runner.store.oracle.outbox import OracleOutbox
from runner.store.oracle.package import OWNER
from runner.store.oracle.pool import Pool, Traffic
from runner.store.oracle.script import statements
from runner.store.oracle.shapes import OracleShapes
from runner.store.oracle.statements import Statements, statement_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from runner.ports import Inspected
    from runner.store.naming import OutboxTable
    from runner.store.oracle.script import Script

__all__ = ["OracleAccess", "OracleStore", "Traffic"]

_IS_THERE = statement_of("example", "SELECT t.table_name AS table_name FROM USER_TABLES t WHERE t.table_name = :name")


class OracleStore:
    """
    All seams to an Oracle database; safe for any number of threads, for any number of daemons.

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

    features = Features(several_daemons=True, row_locks=True)

    def __init__(
        self, access: OracleAccess, outboxes: Mapping[str, OutboxTable], sql: Path, site: Site | None = None
    ) -> None:
        """
        Know a database; it is connected to when it is first asked.

        Args:
            access: How it is reached.
            outboxes: Lane → its table.
            sql: The folder ``sql`` with the shipped SQL.
            site: What the site calls what the scripts speak of; None: as shipped.
        """
        self._sql = sql
        self._access = access
        self._site = site or Site(outboxes, owner=access.owner or OWNER)
        self._pool = Pool(access)
        database = OracleDatabase(self._pool, Statements(sql / "oracle", outboxes))
        self._database = database
        self.outbox = OracleOutbox(database)
        self.desk = OracleDesk(database)
        self.directory = StoredDirectory(database)
        self.codes = StoredCodes(database)
        self.logins = StoredLogins(database)
        self.adoption = StoredAdoption(database)
        self.shapes = OracleShapes(self._pool)

    @property
    def traffic(self) -> Traffic:
        """What went over the wire so far."""
        return self._pool.traffic

    def scripts(self) -> Sequence[Script]:
        """Give the scripts that make the schema."""
        return scripts(self._sql / "oracle" / "source", self._site)

    def pending(self) -> Sequence[Script]:
        """
        Give the scripts that an installation would run, as the owner.

        Raises:
            StoreError: Oracle refuses, the user is not the owner, or a script that holds data has run as another text.
        """
        with self._pool.session("install") as session:
            check_owner(session.connection, self._site.owner)
            return pending(session.connection, self.scripts())

    def install(self, environment: str = "test") -> None:
        """
        Create what is missing, as the owner; safe to repeat.

        Args:
            environment: ``test`` or ``production``; fixed for the life of the database.

        Raises:
            IntegrityError: The database belongs to the other environment.
            StoreError: Oracle refuses, or the user is not the owner.
        """
        with self._pool.session("install") as session:
            session.connection.call_timeout = 0  # DDL takes as long as it takes
            check_owner(session.connection, self._site.owner)
            run(session.connection, pending(session.connection, self.scripts()))
            put_installation(session.connection, self.scripts(), environment)

    def check_installed(self, environment: str) -> None:
        """
        Make sure, before work begins, that the database is there, complete, of this environment, and no copy.

        Raises:
            IntegrityError: The database belongs to the other environment, or was copied or went back in time.
            StoreError: It is not installed, or by another version.
        """
        check_installed(self._database, self.scripts(), environment)

    def inspect(self) -> Sequence[Inspected]:
        """
        Compare the database with what the scripts declare; writes nothing, and says what its user cannot see.

        Raises:
            StoreError: Oracle cannot be asked.
        """
        site, database = self._site, self._database
        asked = {
            f"{lane} {verb}": (
                database.statements.of(lane, verb).sql,
                table.table.upper(),
                name_of(table.table, "ITEM_UK" if index == "PK" and table.over else index, ORACLE),
            )
            for lane, table in site.outboxes.items()
            for verb, index in POLLED.items()
        }
        declared = declared_by(self.scripts())
        with self._pool.session("inspect") as session, reported(session.connection.dsn):
            return inspect(session.connection, declared, site.owner, site.runtime, asked)

    def install_example(self) -> None:
        """Create the example tables of a small MedWorkS; for the demonstration and for tests."""
        example = (self._sql / "oracle" / "medworks_example.sql").read_text(encoding="utf-8")
        with self._pool.session("install") as session:
            for text in statements(example):
                table = statement_of("example", text)
                if not session.query(_IS_THERE, {"name": text.split()[2]}):
                    session.change(table, {})

    def lock_daemon(self) -> AbstractContextManager[object]:
        """Become a daemon of this database; several may work on it side by side, so nothing is locked."""
        return nullcontext()

    def close(self) -> None:
        """End all sessions; nobody may be at work any more."""
        self._pool.close()
