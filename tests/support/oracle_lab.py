"""A lab on Oracle: the same face as the embedded one's, each of the three users in sessions of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from typing import Any

import oracledb

from runner.store.rows import to_text
from tests.support.oracle import HIS, OWNER, RUNTIME, OracleDatabase
from tests.support.oracle_schema import open_store
from tests.support.rows import OUTBOXES, TIMES, TYPES, Binds, Hand, Lab


class OracleLab(Lab):
    """
    A store on Oracle, which works as the daemon's user; MedWorkS's hand is the HIS's user, every other the owner's.

    Attributes:
        database: What it is on.
    """

    errors = oracledb.Error

    def __init__(self, database: OracleDatabase, **options: Any) -> None:
        self.database = database
        self._own: Any = None
        self.store = open_store(database, RUNTIME, **options)
        self.store.desk.activate(TYPES)

    def connect(self, who: str = OWNER) -> Any:
        return self.database.connect(who)

    def close(self) -> None:
        if self._own is not None:
            self._own.close()
        super().close()

    @contextmanager
    def _session(self) -> Iterator[Any]:
        if self._own is None:
            self._own = self.connect()
        try:
            yield self._own
        finally:
            self._own.rollback()

    @contextmanager
    def transaction(self) -> Iterator[Hand]:
        with closing(self.connect(HIS)) as connection:
            yield Hand(connection, self._execute)
            connection.rollback()

    def _execute(self, connection: Any, sql: str, binds: Binds, *, number: bool = False) -> Any:
        assert not isinstance(binds, Mapping)
        with connection.cursor() as cursor:
            given = [_given(each) for each in binds]
            sizes = [_TYPES.get(type(each)) for each in given]
            if number:
                sql += " RETURNING item_id INTO ?"
                made = cursor.var(oracledb.DB_TYPE_NUMBER)
                given, sizes = [*given, made], [*sizes, None]
            for at in range(len(given)):
                sql = sql.replace("?", f":{at + 1}", 1)
            if given:
                cursor.setinputsizes(*sizes)
            cursor.execute(sql, given)
            if number:
                return made.getvalue()[0]
            return [tuple(_told(each) for each in row) for row in cursor] if cursor.description else []

    def _columns(self, connection: Any, sql: str, binds: Binds) -> list[dict[str, Any]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, binds)
            names = [each[0].lower() for each in cursor.description]
            return [dict(zip(names, map(_told, row), strict=True)) for row in cursor]

    @contextmanager
    def _unguarded(self, lane: str, items: Sequence[int]) -> Iterator[Hand]:
        """Give a hand past the state trigger, which does not look at what is not settled yet."""
        table = OUTBOXES[lane].table
        with self._session() as connection, connection.cursor() as cursor:
            numbers = [(item,) for item in items]
            cursor.executemany(f"UPDATE {table} SET unsettled = 0 WHERE item_id = :1", numbers)
            yield Hand(connection, self._execute)
            cursor.executemany(f"UPDATE {table} SET unsettled = NULL WHERE item_id = :1", numbers)
            connection.commit()

    def can_hold(self, columns: dict[str, object]) -> bool:
        return not any(isinstance(columns.get(name), str) and columns[name] for name in TIMES)

    def refuse(self, state: str) -> None:
        self.run(
            "CREATE OR REPLACE TRIGGER MW_TILTAS BEFORE UPDATE OF EESZT_ALLAPOT ON MW_VENY FOR EACH ROW"
            f" WHEN (NEW.EESZT_ALLAPOT = '{state}') BEGIN RAISE_APPLICATION_ERROR(-20001, 'MW: nem'); END;"
        )


_TYPES = {
    datetime: oracledb.DB_TYPE_TIMESTAMP,
    date: oracledb.DB_TYPE_DATE,
    bytes: oracledb.DB_TYPE_BLOB,
}


def _given(value: object) -> object:
    """Give a value as the driver takes it: instants as naive UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None)
    return value.value if hasattr(value, "value") else value


def _told(value: Any) -> Any:
    """Give a value as the embedded database would: instants as text, all of a large object."""
    if isinstance(value, datetime):
        return to_text(value.replace(tzinfo=UTC))
    return value.read() if isinstance(value, oracledb.LOB) else value
