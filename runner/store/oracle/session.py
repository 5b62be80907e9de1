"""One session while it is lent: statements with their binds, what they change, and what goes over the wire."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import oracledb

from runner.errors import fault
from runner.store.oracle.errors import fault_of, is_lost

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from runner.store.oracle.statements import Statement

FETCH = 1000
"""Rows that come with the answer to a query; none of ours finds more but a listing."""

_LOBS = {oracledb.DB_TYPE_CLOB, oracledb.DB_TYPE_BLOB, oracledb.DB_TYPE_LONG, oracledb.DB_TYPE_LONG_RAW}
"""Columns of these types cost a second round trip: the driver asks what they are before it fetches them."""

_IS_INSTANT = re.compile(r"(_at|_until)$|^(now|since|until|before)$")
"""Binds that are instants also where they are null."""

LONGEST_TEXT = 4000
"""Bytes that a text may have to be bound as a text where it is no value of a LOB column."""


class Session:
    """
    One session while it is lent.

    Attributes:
        connection: The driver's.
        round_trips: What it sent so far and was answered.
        commits: How many transactions it ended well.
        statements: How many statements it ran; an array is one.
        is_lost: Whether it met its end, or nobody knows what it is doing.
    """

    def __init__(self, connection: oracledb.Connection, doing: str) -> None:
        self.connection = connection
        self.round_trips = self.commits = self.statements = 0
        self.is_lost = False
        self._doing = doing

    def query(
        self, statement: Statement, binds: Mapping[str, object], most: int | None = None, *, exact: bool = False
    ) -> list[dict[str, Any]]:
        """
        Run a query; rows by their columns' names in lower case.

        Args:
            statement: It.
            binds: Values; those that it does not name are left out.
            most: Exactly so many rows are fetched, and with FOR UPDATE locked, at most; None: all.
            exact: Whether numbers come as decimals: 0.1 is no binary fraction.
        """
        with self._faults(statement), self.connection.cursor() as cursor:
            cursor.prefetchrows = cursor.arraysize = most or FETCH
            if exact:
                cursor.outputtypehandler = _exact_numbers
            values = self._bound(cursor, statement, [binds])[0]
            self._count(1)
            cursor.execute(statement.sql, values)
            columns = cursor.description
            names = [column.name.lower() for column in columns]
            self.round_trips += any(column.type_code in _LOBS for column in columns)
            records = cursor.fetchmany(most) if most else cursor.fetchall()
            self.round_trips += 0 if most else len(records) // FETCH
            return [dict(zip(names, record, strict=True)) for record in records]

    def change(self, statement: Statement, binds: Mapping[str, object], *, commit: bool = False) -> int:
        """Run a statement that changes rows; how many it changed."""
        with self._faults(statement, committing=commit), self.connection.cursor() as cursor:
            values = self._bound(cursor, statement, [binds])[0]
            self._count(1)
            with _committing(self.connection, commit=commit):
                cursor.execute(statement.sql, values)
            self.commits += commit
            return int(cursor.rowcount)

    def change_returning(self, statement: Statement, binds: Mapping[str, object], name: str) -> int | None:
        """Run an insert that gives one number back; None where it changed nothing."""
        with self._faults(statement), self.connection.cursor() as cursor:
            values = self._bound(cursor, statement, [binds], but=name)[0]
            given = cursor.var(oracledb.DB_TYPE_NUMBER)
            self._count(1)
            cursor.execute(statement.sql, {**values, name: given})
            numbers = given.getvalue() if cursor.rowcount else None
            return int(numbers[0]) if numbers else None

    def change_many(self, statement: Statement, rows: Sequence[Mapping[str, object]], *, commit: bool = False) -> None:
        """
        Run a statement for many rows in one round trip.

        Raises:
            RunnerError: One row was refused, and nothing was committed; the transaction is to be rolled back.
        """
        with self._faults(statement, committing=commit), self.connection.cursor() as cursor:
            values = self._bound(cursor, statement, rows)
            self._count(1)
            with _committing(self.connection, commit=commit):
                cursor.executemany(statement.sql, values)
        self.commits += commit

    def try_many(
        self, statement: Statement, rows: Sequence[Mapping[str, object]], *, commit: bool = False
    ) -> tuple[list[int], dict[int, Exception]]:
        """
        Likewise, but what is refused does not keep the others back: how many rows each changed, and place → fault.

        ``batcherrors`` also makes the driver ask for the counts each time: without it a statement from its cache with
        unchanged binds gives none (DPY-4006).
        """
        with self._faults(statement, committing=commit), self.connection.cursor() as cursor:
            values = self._bound(cursor, statement, rows)
            self._count(1)
            with _committing(self.connection, commit=commit):
                cursor.executemany(statement.sql, values, batcherrors=True, arraydmlrowcounts=True)
            counts = list(cursor.getarraydmlrowcounts())
            doing = f"{self._doing} {statement.name}"
            errors: dict[int, Exception] = {
                error.offset: fault_of(oracledb.DatabaseError(error), doing, sql=statement.sql)
                for error in cursor.getbatcherrors()
            }
        self.commits += commit
        if commit and errors:
            self.commit()  # whether Oracle commits what was not refused is not to be relied on
        return counts, errors

    def commit(self) -> None:
        """Commit; an answer that is lost leaves it in doubt."""
        with self._faults(None, committing=True):
            self._count(1)
            self.connection.commit()
            self.commits += 1

    def leave(self) -> None:
        """Give the session back; what was not committed is rolled back."""
        if self.connection.transaction_in_progress:
            self._count(1)
            self.connection.rollback()
        self.connection.close()

    def rollback(self) -> None:
        """Undo what was not committed."""
        with self._faults(None):
            self._count(1)
            self.connection.rollback()

    def _count(self, round_trips: int) -> None:
        self.round_trips += round_trips
        self.statements += 1

    def _bound(
        self,
        cursor: oracledb.Cursor,
        statement: Statement,
        rows: Sequence[Mapping[str, object]],
        but: str | None = None,
    ) -> list[dict[str, object]]:
        """Give what the driver binds; a plain ``datetime`` would go as DATE and lose its fractions."""
        names = [name for name in statement.binds if name != but]
        missing = [name for name in names if name not in rows[0]]
        if missing:
            raise fault(7420, self._doing, name=statement.name, missing=", ".join(missing))
        values = [{name: _stored(row[name]) for name in names} for row in rows]
        types: dict[str, Any] = {}
        for name in names:
            if any(isinstance(row[name], datetime) for row in values) or _IS_INSTANT.search(name):
                types[name] = oracledb.DB_TYPE_TIMESTAMP
            elif name in statement.lists and any(_is_long(row[name]) for row in values):
                types[name] = oracledb.DB_TYPE_CLOB
        if types:
            cursor.setinputsizes(**types)
        return values

    @contextmanager
    def _faults(self, statement: Statement | None, *, committing: bool = False) -> Iterator[None]:
        """The driver's exceptions end here."""
        try:
            yield
        except oracledb.Error as error:
            doing = f"{self._doing} {statement.name}" if statement else self._doing
            found = fault_of(error, doing, committing=committing, sql=statement.sql if statement else "")
            self.is_lost = self.is_lost or is_lost(found)
            raise found from error


@contextmanager
def _committing(connection: oracledb.Connection, *, commit: bool) -> Iterator[None]:
    """Let a statement carry the commit."""
    connection.autocommit = commit
    try:
        yield
    finally:
        connection.autocommit = False


def _stored(value: object) -> object:
    """Give a value as it is bound: instants are naive UTC in the database, flags are numbers."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, bool):
        return int(value)
    return str(value) if isinstance(value, str) else value  # an enum's value, not the enum


def _exact_numbers(cursor: oracledb.Cursor, column: oracledb.FetchInfo) -> oracledb.Var | None:
    is_number = column.type_code is oracledb.DB_TYPE_NUMBER
    return cursor.var(Decimal, arraysize=cursor.arraysize) if is_number else None


def _is_long(value: object) -> bool:
    return isinstance(value, str) and len(value.encode()) > LONGEST_TEXT
