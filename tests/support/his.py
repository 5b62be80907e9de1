"""The hands of MedWorkS on an Oracle database: calls of EESZT_API, and rows put into any state."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import oracledb

from runner.domain.outbox import Row
from runner.store.rows import to_stored
from tests.support.oracle import HIS, OracleDatabase
from tests.support.rows import OUTBOXES, TYPES

NUMBER, TEXT, LOB = oracledb.DB_TYPE_NUMBER, oracledb.DB_TYPE_VARCHAR, oracledb.DB_TYPE_CLOB

DOCTOR, OTHER = "kovacs.anna", "szucs.gergo"

_TYPE = (
    "INSERT INTO EESZT_DOCUMENT_TYPE (document_type, digest, title, lane, kind, send_limit_s, answer_limit_s, needs,"
    " withdrawal_type, is_probe, active, changed_at)"
    " VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9, :10, 1, SYS_EXTRACT_UTC(SYSTIMESTAMP))"
)


class Session:
    """
    One database session of MedWorkS.

    Attributes:
        connection: It.
    """

    def __init__(self, connection: oracledb.Connection) -> None:
        self.connection = connection

    def ask(self, name: str, kind: Any = TEXT, **arguments: Any) -> Any:
        """Call a function of EESZT_API; ``item_id=7`` is its ``p_item_id``."""
        named = {f"p_{argument}": value for argument, value in arguments.items()}
        with self.connection.cursor() as cursor:
            given = cursor.callfunc(f"EESZT_API.{name}", kind, keyword_parameters=named)
            return read(given)

    def tell(self, name: str, outs: Sequence[str] = (), **arguments: Any) -> list[Any]:
        """Call a procedure; what its OUT parameters give."""
        with self.connection.cursor() as cursor:
            variables = {f"p_{each}": cursor.var(NUMBER if each == "minutes_left" else str, 1000) for each in outs}
            named = {f"p_{argument}": value for argument, value in arguments.items()}
            cursor.callproc(f"EESZT_API.{name}", keyword_parameters={**named, **variables})
            return [each.getvalue() for each in variables.values()]

    def submit(self, document_type: str = "ekat_esemeny", **facts: Any) -> int:
        """Write an item as the doctor, inside the session's transaction."""
        facts = {"recorded_by": DOCTOR, "workplace": "013579101", **facts}
        return int(self.ask("submit", NUMBER, document_type=document_type, **facts))

    def commit(self) -> None:
        """End the transaction."""
        self.connection.commit()

    def written(self, document_type: str = "ekat_esemeny", **facts: Any) -> int:
        """Write an item and commit it."""
        item = self.submit(document_type, **facts)
        self.commit()
        return item


class Hospital:
    """
    A database with the document types of the tests in force, and two doctors who are matched.

    Attributes:
        database: It.
    """

    def __init__(self, database: OracleDatabase) -> None:
        self.database = database
        with closing(database.connect()) as connection, connection.cursor() as cursor:
            cursor.executemany(
                _TYPE,
                [
                    (
                        each.document_type,
                        each.digest,
                        each.title,
                        each.lane,
                        each.kind.value,
                        each.send_limit_s,
                        each.answer_limit_s,
                        each.needs.value,
                        each.withdrawal_type,
                        int(each.is_probe),
                    )
                    for each in TYPES
                ],
            )
            cursor.execute("DELETE FROM EESZT_USER_MAP")
            matches = [(DOCTOR, "O12345"), (OTHER, "O54321")]
            cursor.executemany("INSERT INTO EESZT_USER_MAP VALUES (:1, 'REGISTERED', 1, :2)", matches)
            connection.commit()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open a session of MedWorkS."""
        with closing(self.database.connect(HIS)) as connection:
            yield Session(connection)

    def beat(self, *lanes: str) -> None:
        """Let a daemon be alive on lanes for long."""
        for lane in lanes or OUTBOXES:
            self.run("INSERT INTO EESZT_RUNNER VALUES (:1, 'one', TIMESTAMP '2099-01-01 00:00:00')", [lane])

    def run(self, sql: str, binds: Any = ()) -> list[tuple[Any, ...]]:
        """Run one statement as the owner, and commit it."""
        return self.database.run(sql, binds)

    def log_in(self, handle: str | None, his_user: str = DOCTOR, hours: float = 8) -> int:
        """Store a session as the daemon does after a login; its number."""
        [(number,)] = self.run("SELECT EESZT_LOGIN_SEQ.NEXTVAL FROM dual")
        hashed = hashlib.sha256(handle.encode()).hexdigest() if handle else None
        eeszt_user = self.run("SELECT eeszt_user FROM EESZT_USER_MAP WHERE his_user = :1", [his_user])[0][0]
        self.run(
            "INSERT INTO EESZT_LOGIN (login_id, his_user, eeszt_user, role, institution, method, started_at, ends_at,"
            " handle_hash) VALUES (:1, :2, :3, 'orvos', '000', 'otp', SYS_EXTRACT_UTC(SYSTIMESTAMP),"
            " SYS_EXTRACT_UTC(SYSTIMESTAMP) + NUMTODSINTERVAL(:4, 'HOUR'), :5)",
            [number, his_user, eeszt_user, hours, hashed],
        )
        return int(number)

    # rows

    def force(self, lane: str, rows: Sequence[tuple[int, dict[str, Any]]]) -> None:
        """Put rows into any state: past the state trigger, which does not look at what is not settled yet."""
        table = OUTBOXES[lane].table
        with closing(self.database.connect()) as connection, connection.cursor() as cursor:
            numbers = [(item,) for item, _ in rows]
            cursor.executemany(f"UPDATE {table} SET unsettled = 0 WHERE item_id = :1", numbers)
            for item, columns in rows:
                changes = ", ".join(f"{name} = :{name}" for name in columns)
                cursor.setinputsizes(
                    **{name: oracledb.DB_TYPE_TIMESTAMP for name, v in columns.items() if isinstance(v, datetime)}
                )
                binds = {name: _stored(value) for name, value in columns.items()}
                cursor.execute(
                    f"UPDATE {table} SET {changes}, unsettled = NULL WHERE item_id = :item", {**binds, "item": item}
                )
            connection.commit()

    def travel(self, lane: str, item: int, seconds: float) -> None:
        """Let a ward's time, and the window, be so much nearer to their end."""
        sql = (
            f"UPDATE {OUTBOXES[lane].table} SET answer_by = answer_by - NUMTODSINTERVAL(:s, 'SECOND'),"
            " send_by = send_by - NUMTODSINTERVAL(:s, 'SECOND') WHERE item_id = :item"
        )
        self.run(sql, {"s": seconds, "item": item})

    def record(self, lane: str, item: int) -> dict[str, Any]:
        """Give a row with all its columns."""
        return self.records(lane, [item])[item]

    def records(self, lane: str, items: Sequence[int]) -> dict[int, dict[str, Any]]:
        """Give rows of one lane with all their columns."""
        sql = f"""
            SELECT o.*, m.expires_at, m.digest,
                   (SELECT MAX(i.value) FROM EESZT_IDENTIFIER i
                     WHERE i.item_id = o.item_id AND i.name = 'eeszt_id' AND i.is_second = 0) AS eeszt_id
              FROM {OUTBOXES[lane].table} o LEFT JOIN EESZT_MESSAGE m ON m.item_id = o.item_id
             WHERE o.item_id IN (SELECT jt.id FROM JSON_TABLE(:items, '$[*]' COLUMNS (id NUMBER PATH '$')) jt)"""
        with closing(self.database.connect()) as connection, connection.cursor() as cursor:
            cursor.setinputsizes(items=oracledb.DB_TYPE_CLOB)
            cursor.execute(sql, items=json.dumps(list(items)))
            names = [each[0].lower() for each in cursor.description]
            records = [dict(zip(names, map(read, each), strict=True)) for each in cursor]
        return {record["item_id"]: record for record in records}

    def rows(self, lane: str, items: Sequence[int]) -> list[Row]:
        """Give rows of one lane as the domain knows them, in the order of ``items``."""
        records = self.records(lane, items)
        return [to_stored(records[item]).row for item in items]

    def row(self, lane: str, item: int) -> Row:
        """Give a row as the domain knows it."""
        return self.rows(lane, [item])[0]


def _stored(value: Any) -> Any:
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value


def read(value: Any) -> Any:
    """Give a value, a LOB's content where it is one."""
    return value.read() if isinstance(value, oracledb.LOB) else value


def ago(seconds: float) -> datetime:
    """Give an instant in the past."""
    return datetime.now(UTC) - timedelta(seconds=seconds)
