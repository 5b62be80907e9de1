"""Two sessions of MedWorkS at one key: whoever comes second waits, and sees what the first one committed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import Any

import oracledb
import pytest

from tests.oracle_sql.conftest import site_scripts
from tests.support.oracle import OracleDatabase

BLOCKED = "SELECT COUNT(*) FROM V$SESSION s WHERE s.blocking_session IS NOT NULL"
STATE = """
    SELECT o.state, o.reason_code, o.depends_on, o.withdraws FROM EESZT_OUT_BACKGROUND o WHERE o.item_id = :1"""


class Session:
    """One session of MedWorkS, with an insert that may be going on."""

    def __init__(self, database: OracleDatabase) -> None:
        self.connection = database.connect()
        self._database = database
        self._work: threading.Thread | None = None
        self._number = 0

    def insert(self, **columns: Any) -> int:
        row = {
            "document_type": "ekat_esemeny",
            "recorded_by": "kovacs.anna",
            "recorded_at": datetime.now(UTC).replace(tzinfo=None),
            **columns,
        }
        names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
        with self.connection.cursor() as cursor:
            number = cursor.var(int)
            sql = f"INSERT INTO EESZT_OUT_BACKGROUND ({names}) VALUES ({marks}) RETURNING item_id INTO :number"
            cursor.execute(sql, {**row, "number": number})
            self._number = int(number.getvalue()[0])
        return self._number

    def begin_insert(self, **columns: Any) -> None:
        """Insert beside; comes back when the insert waits for a lock."""
        self._work = threading.Thread(target=self.insert, kwargs=columns, daemon=True)
        self._work.start()
        while self._work.is_alive():
            if self._database.run(BLOCKED) != [(0,)]:
                return
        pytest.fail("it did not wait")

    def done(self) -> int:
        assert self._work is not None
        self._work.join(10)
        assert not self._work.is_alive()
        self.connection.commit()
        return self._number


@pytest.fixture
def two(schema: OracleDatabase) -> Iterator[tuple[Session, Session]]:
    first, second = Session(schema), Session(schema)
    yield first, second
    for each in (first, second):
        with suppress(oracledb.Error):
            each.connection.close()


@pytest.mark.parametrize("ends", ["commit", "rollback"])
@pytest.mark.parametrize("known", [False, True])
def test_the_second_of_an_order_key_waits_and_stands_behind_the_first(
    schema: OracleDatabase, two: tuple[Session, Session], ends: str, *, known: bool
) -> None:
    first, second = two
    before = None
    if known:
        before = first.insert(order_key="K")
        first.connection.commit()
    number = first.insert(order_key="K")
    second.begin_insert(order_key="K")
    getattr(first.connection, ends)()
    later = second.done()
    assert later > number
    assert schema.run(STATE, [later]) == [("NEW", None, number if ends == "commit" else before, None)]


@pytest.mark.parametrize(
    ("columns", "known"), [({"order_key": "K"}, False), ({"order_key": "K"}, True), ({"source_key": "S"}, False)]
)
def test_who_comes_second_waits_within_a_bound_also_at_a_key_that_is_new(
    schema: OracleDatabase, two: tuple[Session, Session], columns: dict[str, str], *, known: bool
) -> None:
    [locks] = [each for each in site_scripts(schema) if each.name == "070_locks.sql"]
    for statement in locks.statements():
        schema.run(statement.replace("FOR UPDATE WAIT 10", "FOR UPDATE WAIT 1"))
    first, second = two
    if known:
        first.insert(**columns)
        first.connection.commit()
    first.insert(**columns)
    with pytest.raises(oracledb.DatabaseError, match="ORA-20695: EESZT: another session has written this"):
        second.insert(**columns)
    first.connection.rollback()
    number = second.insert(**columns)
    second.connection.commit()
    assert schema.run(STATE, [number])[0][0] == "NEW"


def test_who_withdraws_waits_within_a_bound_for_the_session_that_holds_the_item(
    schema: OracleDatabase, two: tuple[Session, Session]
) -> None:
    [triggers] = [each for each in site_scripts(schema) if each.name == "080_triggers.sql"]
    for statement in triggers.statements():
        if "FOR UPDATE WAIT 10" in statement:
            schema.run(statement.replace("FOR UPDATE WAIT 10", "FOR UPDATE WAIT 1"))
    first, second = two
    original = first.insert(source_key="S", document_type="ekat_esemeny")
    first.connection.commit()
    first.connection.cursor().execute(
        "SELECT item_id FROM EESZT_OUT_BACKGROUND WHERE item_id = :1 FOR UPDATE", [original]
    )
    second.connection.call_timeout = 20_000
    with pytest.raises(oracledb.DatabaseError, match="ORA-20695: EESZT: another session holds the item to withdraw"):
        second.insert(source_key="S", document_type="ekat_torles")
    first.connection.rollback()
    number = second.insert(source_key="S", document_type="ekat_torles")
    second.connection.commit()
    assert schema.run(STATE, [number])[0][0] == "NEW"


def test_who_waits_for_a_record_does_not_hold_its_key_meanwhile(
    schema: OracleDatabase, two: tuple[Session, Session]
) -> None:
    first, second = two
    first.insert(source_key="S")
    second.begin_insert(source_key="S", order_key="K")
    third = Session(schema)
    with closing(third.connection):
        number = third.insert(source_key="T", order_key="K")
        third.connection.commit()
    first.connection.rollback()
    assert schema.run(STATE, [second.done()]) == [("NEW", None, number, None)]


@pytest.mark.parametrize(("ends", "expected"), [("commit", ("SKIPPED", "DUPLICATE")), ("rollback", ("NEW", None))])
def test_one_record_is_not_written_by_two_sessions(
    schema: OracleDatabase, two: tuple[Session, Session], ends: str, expected: tuple[str, str | None]
) -> None:
    first, second = two
    first.insert(source_key="S")
    second.begin_insert(source_key="S")
    getattr(first.connection, ends)()
    assert schema.run(STATE, [second.done()])[0][:2] == expected


def test_a_withdrawal_waits_for_the_record_that_is_being_written(
    schema: OracleDatabase, two: tuple[Session, Session]
) -> None:
    first, second = two
    original = first.insert(source_key="S")
    second.begin_insert(source_key="S", document_type="ekat_torles")
    first.connection.commit()
    assert schema.run(STATE, [second.done()]) == [("NEW", None, original, original)]


@pytest.mark.parametrize(("ends", "expected"), [("commit", ("SKIPPED", "DUPLICATE")), ("rollback", ("NEW", None))])
@pytest.mark.parametrize("how", ["record", "number"])
def test_one_item_is_not_withdrawn_by_two_sessions(
    schema: OracleDatabase, two: tuple[Session, Session], how: str, ends: str, expected: tuple[str, str | None]
) -> None:
    first, second = two
    original = first.insert(source_key="S")
    first.connection.commit()
    named: dict[str, Any] = {"source_key": "S"} if how == "record" else {"withdraws": original}
    first.insert(document_type="ekat_torles", **named)
    second.begin_insert(document_type="ekat_torles", **named)
    getattr(first.connection, ends)()
    assert schema.run(STATE, [second.done()]) == [(*expected, original, original)]


def test_the_runner_withdraws_what_it_holds_while_medworks_waits(
    schema: OracleDatabase, two: tuple[Session, Session]
) -> None:
    runner, medworks = two
    original = medworks.insert(source_key="S", order_key="K")
    medworks.connection.commit()
    runner.connection.cursor().execute(
        "SELECT o.item_id FROM EESZT_OUT_BACKGROUND o WHERE o.item_id = :1 FOR UPDATE", [original]
    )
    medworks.begin_insert(source_key="S", order_key="K", document_type="ekat_torles")
    withdrawal = runner.insert(source_key="S", document_type="ekat_torles", withdraws=original)
    runner.connection.commit()
    assert schema.run(STATE, [withdrawal]) == [("NEW", None, original, original)]
    assert schema.run(STATE, [medworks.done()]) == [("SKIPPED", "DUPLICATE", original, original)]


def test_other_keys_wait_for_nobody(two: tuple[Session, Session]) -> None:
    first, second = two
    first.insert(source_key="A", order_key="A")
    second.connection.call_timeout = 5000
    assert second.insert(source_key="B", order_key="B") > 0


def test_rows_of_one_statement_stand_behind_each_other(schema: OracleDatabase) -> None:
    schema.run("""
        INSERT INTO EESZT_OUT_BACKGROUND (document_type, source_key, order_key, recorded_at, recorded_by)
        SELECT 'ekat_esemeny', 'S' || MOD(LEVEL, 3), 'K', SYS_EXTRACT_UTC(SYSTIMESTAMP), 'kovacs.anna'
          FROM DUAL CONNECT BY LEVEL <= 4""")
    rows = schema.run("SELECT item_id, state, depends_on, unsettled FROM EESZT_OUT_BACKGROUND ORDER BY item_id")
    first = rows[0][0]
    assert rows == [
        (first, "NEW", None, None),
        (first + 1, "NEW", first, None),
        (first + 2, "NEW", first + 1, None),
        (first + 3, "SKIPPED", first + 2, None),
    ]


def test_a_statement_without_rows_and_one_that_fails_leave_nothing(schema: OracleDatabase) -> None:
    sql = "INSERT INTO EESZT_OUT_BACKGROUND (document_type, recorded_at) SELECT 'x', SYSTIMESTAMP FROM DUAL WHERE 1 = 0"
    schema.run(sql)
    too_long = "INSERT INTO EESZT_OUT_BACKGROUND (document_type, order_key) VALUES ('x', RPAD('x', 101, 'y'))"
    with closing(schema.connect()) as connection:
        with pytest.raises(oracledb.DatabaseError, match="ORA-12899"):
            connection.cursor().execute(too_long)
        connection.commit()
    assert schema.run("SELECT COUNT(*) FROM EESZT_OUT_BACKGROUND") == [(0,)]
