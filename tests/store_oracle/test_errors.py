"""Every error of Oracle and of its driver means one thing, names what to do, and quotes no value."""

# ruff: noqa: E501  texts as Oracle gives them

from __future__ import annotations

from collections import Counter

import oracledb
import pytest

from runner.errors import IN_DOUBT, TABLE, passes
from runner.store.oracle.errors import CODES, KINDS, Kind, code_of, fault_of

SECRET = "123456788"


class Details:
    """What the driver tells of an error."""

    def __init__(self, full_code: str, message: str, *, isrecoverable: bool = False) -> None:
        self.full_code = full_code
        self.message = message
        self.isrecoverable = isrecoverable

    def __str__(self) -> str:
        return self.message


def error(text: str, code: str = "", *, isrecoverable: bool = False) -> oracledb.DatabaseError:
    return oracledb.DatabaseError(Details(code or text.partition(":")[0], text, isrecoverable=isrecoverable))


def test_each_code_stands_once_and_each_fault_says_what_to_do() -> None:
    codes = Counter(code for listed in CODES.values() for code in listed.split())
    assert [code for code, times in codes.items() if times > 1] == []
    assert set(CODES) | {7417, 7421} == set(KINDS)
    assert all(TABLE[number].remedy for number in KINDS)


@pytest.mark.parametrize(
    ("text", "number", "says"),
    [
        ("ORA-01653: unable to extend table EESZT.EESZT_ATTEMPT by 128 in tablespace EESZT_DATA", 7410, "EESZT.EESZT_ATTEMPT, EESZT_DATA"),
        ("ORA-01691: unable to extend lob segment EESZT.SYS_LOB1 by 8 in tablespace USERS", 7410, "USERS"),
        ("ORA-28001: the password has expired", 7408, "ALTER USER"),
        ("ORA-28000: the account is locked", 7409, "ACCOUNT UNLOCK"),
        ('DPY-6005: cannot connect to database. Connection failed with "[Errno 111]"', 7403, "listener"),
        ('DPY-6001: Service "ORCL" is not registered with the listener (Similar to ORA-12514)', 7403, "listener"),
        ("ORA-00028: your session has been killed", 7401, "begins another"),
        ("DPY-4011: the database or network closed the connection", 7401, "begins another"),
        ("DPY-4024: call timeout of 10000 ms exceeded", 7405, "V$SESSION"),
        ("ORA-00060: deadlock detected while waiting for resource", 7406, "BLOCKING_SESSION"),
        ("ORA-00054: resource busy and acquire with NOWAIT specified", 7406, "BLOCKING_SESSION"),
        ('ORA-00942: table or view "EESZT"."EESZT_ATTEMPT" does not exist', 7411, '"EESZT"."EESZT_ATTEMPT"'),
        ("ORA-00942: table or view does not exist", 7411, "(ORA-00942), nothing"),
        ("ORA-01031: insufficient privileges", 7411, "db check"),
        ('ORA-12899: value too large for column "EESZT"."MW_VENY"."NEV" (actual: 25, maximum: 20)', 7413, '"MW_VENY"."NEV"'),
        ("ORA-02290: check constraint (EESZT.EESZT_OUT_BACKGROUND_WARD_CK) violated", 7413, "EESZT.EESZT_OUT_BACKGROUND_WARD_CK"),
        ("ORA-01555: snapshot too old: rollback segment number 5", 7407, "UNDO_RETENTION"),
        ("ORA-16000: database open for read-only access", 7414, "primary"),
        ("ORA-25408: can not safely replay call", 7415, "another session"),
        ("DPY-3001: Native Network Encryption and Data Integrity is only supported in python-oracledb thick mode", 7416, "thick"),
        ("ORA-03991: something that nobody listed", 7417, "Oracle's list"),
    ],
)  # fmt: skip
def test_an_error_is_named_with_its_object_and_the_remedy(text: str, number: int, says: str) -> None:
    found = fault_of(error(text), "db.example/ORCL claim background")
    assert found.number == number
    assert says in str(found)
    assert code_of(error(text)).split("-")[1] in str(found)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (f"ORA-20001: A beteg TAJ-a {SECRET}\nORA-06512: at \"MW.TILTAS\", line 3\nORA-04088: error during execution of trigger 'MW.TILTAS'", "MW.TILTAS"),
        (f"ORA-01722: invalid number '{SECRET}'", ""),
        (f"ORA-00001: unique constraint (EESZT.EESZT_IDENTIFIER_PK) violated on table with columns (VALUE: {SECRET})", "EESZT_IDENTIFIER_PK"),
        (f"ORA-40441: JSON syntax error at '{SECRET}'", ""),
    ],
)  # fmt: skip
def test_values_that_a_text_quotes_are_not_told(text: str, named: str) -> None:
    found = fault_of(error(text), "db.example/ORCL complete background")
    assert SECRET not in str(found)
    assert named in str(found)
    assert KINDS[found.number] is Kind.ITEM
    assert not passes(found)


def test_a_lost_answer_of_a_commit_is_in_doubt_and_of_nothing_else() -> None:
    lost = error("DPY-4011: the database or network closed the connection")
    assert fault_of(lost, "x", committing=True).number == IN_DOUBT
    assert fault_of(error("DPY-4024: call timeout of 10000 ms exceeded"), "x", committing=True).number == IN_DOUBT
    assert fault_of(lost, "x").number == 7401
    assert fault_of(error("ORA-00001: unique constraint (E.PK) violated"), "x", committing=True).number == 7413
    assert not passes(fault_of(lost, "x", committing=True))


def test_what_the_driver_calls_recoverable_is_a_lost_session_though_nobody_listed_it() -> None:
    assert fault_of(error("ORA-03999: something new", isrecoverable=True), "x").number == 7401


def test_what_befalls_the_whole_database_passes_and_a_rows_fault_does_not() -> None:
    for number, kind in KINDS.items():
        if number == 7421:  # said of a source query alone
            continue
        told = fault_of(error(f"{(CODES.get(number) or 'ORA-03991').split()[0]}: x"), "x")
        assert passes(told) is (kind is not Kind.ITEM and number != 7417), number


def test_where_oracle_does_not_say_what_it_misses_the_statements_tables_are_named() -> None:
    sql = "UPDATE EESZT_OUT_QUERY o SET x = 1 WHERE id IN (SELECT jt.id FROM JSON_TABLE(:a, '$') jt JOIN MEDWORKS.MW_VENY v"
    missing = fault_of(error("ORA-01031: insufficient privileges"), "x", sql=sql)
    assert "(ORA-01031) (EESZT_OUT_QUERY or MEDWORKS.MW_VENY)" in str(missing)
    told = fault_of(error('ORA-00904: "O"."STATE": invalid identifier'), "x", sql=sql)
    assert "EESZT_OUT_QUERY" not in str(told)
