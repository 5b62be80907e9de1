"""Creating the embedded database, and keeping a second daemon away from it."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Self

from runner.domain.environment import Identity
from runner.domain.outbox import TRANSITIONS
from runner.errors import fault
from runner.store.embedded.connection import is_busy, reason_of
from runner.store.naming import quoted

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from runner.store.embedded.database import EmbeddedDatabase


def install(database: EmbeddedDatabase, environment: str) -> None:
    """
    Create or complete tables, triggers and views in one transaction; repeated, it writes nothing.

    Only this makes a database's file.

    Raises:
        IntegrityError: The database belongs to the other environment.
        StoreError: SQLite refuses, or RNR-7541: a table is there already and lacks a column.
    """
    schema = database.statements.schema()
    version = _version(schema)
    database.connections.may_create = True
    with database.connections.writing() as connection:
        if _installed(database, connection, environment) == version:
            return
        if older := _older_shape(connection, schema):
            raise fault(7541, str(database.connections.path), missing=", ".join(older))
        for statement in script_statements(schema):
            connection.execute(statement)
        connection.execute(database.statements["drop_transitions"])
        connection.executemany(
            database.statements["put_transition"],
            [{"from_state": before, "to_state": after} for before, after in _transitions()],
        )
        binds = {"environment": environment, "schema_version": version, "home": place(database.connections.path)}
        connection.execute(database.statements["put_installation"], binds)


def check_installed(database: EmbeddedDatabase, environment: str) -> None:
    """
    Make sure that the database is there, complete, of this environment, and no copy.

    Raises:
        IntegrityError: The database belongs to the other environment, or was copied or moved.
        StoreError: It is not installed, or by another version.
    """
    with database.connections.reading() as connection:
        installed = _installed(database, connection, environment)
    if installed != _version(database.statements.schema()):
        raise fault(7008, str(database.connections.path))
    found = identity(database)
    if not found.is_at_home:
        raise fault(8021, str(database.connections.path), home=found.home, place=found.place)


def identity(database: EmbeddedDatabase) -> Identity:
    """
    Give which database this is.

    Raises:
        StoreError: It is not installed, or its file is gone.
    """
    with database.connections.reading() as connection:
        row = _row(database, connection)
    if row is None:
        raise fault(7008, str(database.connections.path))
    return Identity(row["environment"], row["database_id"], row["home"], place(database.connections.path))


def place(path: Path) -> str:
    """
    Give where a database is: the number of its file.

    A copy is another file and has another number; a file that was renamed keeps it. The device's number is left out: it
    may change when the machine starts anew.

    Raises:
        StoreError: The file is gone.
    """
    try:
        return f"file {path.stat().st_ino:x}"
    except OSError as error:
        raise fault(7002, str(path), reason=error.strerror or type(error).__name__) from error


def run_script(database: EmbeddedDatabase, file: Path) -> None:
    """Run a file of SQL in one transaction, for the example tables."""
    with database.connections.writing() as connection:
        for statement in script_statements(file.read_text(encoding="utf-8")):
            connection.execute(statement)


def _installed(database: EmbeddedDatabase, connection: sqlite3.Connection, environment: str) -> str | None:
    """Give the version that is installed, or None; refuses the other environment's database."""
    row = _row(database, connection)
    if row is not None and row["environment"] != environment:
        raise fault(8001, str(database.connections.path), installed=row["environment"], wanted=environment)
    return row["schema_version"] if row is not None else None


def _row(database: EmbeddedDatabase, connection: sqlite3.Connection) -> sqlite3.Row | None:
    """Give what was installed, or None."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'EESZT_INSTALLATION'").fetchone():
        return None
    row: sqlite3.Row | None = connection.execute(database.statements["installation"]).fetchone()
    return row


def columns_of(connection: sqlite3.Connection, table: str) -> dict[str, str]:
    """Give column → its type, computed ones included; empty where there is no such table."""
    rows = connection.execute(f"PRAGMA table_xinfo({quoted(table, 'db')})")
    return {row[1].upper(): row[2] for row in rows}


def _older_shape(connection: sqlite3.Connection, schema: str) -> list[str]:
    """Give the columns that a table which is there already lacks: it would stay as it is."""
    with closing(sqlite3.connect(":memory:")) as wanted:
        for statement in script_statements(schema):
            wanted.execute(statement)
        tables = [name for (name,) in wanted.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
        declared = {table: columns_of(wanted, table) for table in tables}
    there = {table: columns_of(connection, table) for table in tables}
    return [
        f"{table}.{column}"
        for table in tables
        if there[table]
        for column in declared[table]
        if column not in there[table]
    ]


def _version(schema: str) -> str:
    """Give what a database must have been made from to be complete: the SQL and the states."""
    return hashlib.sha256((schema + repr(sorted(_transitions()))).encode()).hexdigest()


def _transitions() -> list[tuple[str, str]]:
    return [(before.value, after.value) for before, others in TRANSITIONS.items() for after in others]


def script_statements(script: str) -> Iterator[str]:
    """Give the statements of a script; ``executescript`` would commit between them."""
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY)
    except FileNotFoundError as error:
        raise fault(7008, str(path)) from error
    except OSError as error:
        raise fault(7002, str(path), reason=error.strerror or type(error).__name__) from error


class DaemonLock:
    """
    The right to be the one daemon of an embedded database; ends with the process, however that ends.

    It is SQLite's own lock on a file beside the database, which works on every system that SQLite works on; and, where
    the system has it, a lock on the database's file itself, whatever name it is opened by.
    """

    def __init__(self, path: Path) -> None:
        self._file = _open(path)
        self._connection = sqlite3.connect(
            path.with_name(path.name + ".lock"), timeout=0, isolation_level=None, check_same_thread=False
        )
        try:
            if sys.platform != "win32":
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._connection.execute("BEGIN EXCLUSIVE")
        except BlockingIOError as error:
            self.close()
            raise fault(7003, str(path)) from error
        except sqlite3.OperationalError as error:
            self.close()
            if is_busy(error):
                raise fault(7003, str(path)) from error
            raise fault(7002, str(path), reason=reason_of(error)) from error
        self._refuse_other_names(path)

    def _refuse_other_names(self, path: Path) -> None:
        """SQLite keeps its log beside the name that it was given: rows written by way of another name would be lost."""
        names = path.stat().st_nlink
        if path.is_dir():
            self.close()
            raise fault(7002, str(path), reason="it is a folder")
        if names > 1:
            self.close()
            raise fault(7301, str(path), count=names)

    def close(self) -> None:
        """
        Let another daemon in.

        The file stays open until the process ends: closing it would end all of SQLite's own locks (POSIX) that this
        process has on it, and another program would take away the log that is still in use here.
        """
        self._connection.close()
        if sys.platform != "win32":
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
