"""What tests on an Oracle rest on: each has a database of its own, and can do harm to it."""

from __future__ import annotations

from contextlib import closing

import oracledb
import pytest

from tests.support.oracle import HIS, OWNER, RUNTIME, OracleDatabase, Orawire, Server, empty


@pytest.fixture
def orawire(oracle_19: Server) -> Orawire:
    if not isinstance(oracle_19, Orawire):
        pytest.skip(f"{oracle_19.title} takes no orders from a test")
    return oracle_19


def test_three_users_see_one_schema(bare_oracle: OracleDatabase) -> None:
    bare_oracle.run("CREATE TABLE LAP (A NUMBER(1))")
    for who in (RUNTIME, HIS):
        bare_oracle.run("INSERT INTO LAP VALUES (1)", who=who)
    assert bare_oracle.run("SELECT count(*) FROM LAP") == [(2,)]


def test_a_database_of_its_own_holds_nothing_of_another(oracle_19: Server, bare_oracle: OracleDatabase) -> None:
    bare_oracle.run("CREATE TABLE LAP (A NUMBER(1))")
    if not isinstance(oracle_19, Orawire):
        empty(bare_oracle)
        assert bare_oracle.run("SELECT table_name FROM user_tables") == []
        return
    other = oracle_19.fresh(installed=False)
    assert other.run("SELECT table_name FROM user_tables") == []
    oracle_19.drop(other)


def test_everything_in_a_schema_can_be_dropped(bare_oracle: OracleDatabase) -> None:
    bare_oracle.run("CREATE TABLE LAP (A NUMBER(1))")
    bare_oracle.run("CREATE VIEW LATVANY AS SELECT A FROM LAP")
    bare_oracle.run("CREATE SEQUENCE SOR")
    empty(bare_oracle)
    assert bare_oracle.run("SELECT object_name FROM user_objects") == []


def test_a_listener_that_was_down_comes_back_with_what_was_committed(
    orawire: Orawire, bare_oracle: OracleDatabase
) -> None:
    bare_oracle.run("CREATE TABLE LAP (A NUMBER(1))")
    orawire.stop(bare_oracle)
    with pytest.raises(oracledb.Error):
        bare_oracle.run("SELECT count(*) FROM LAP")
    orawire.serve(bare_oracle.name, bare_oracle.port)
    assert bare_oracle.run("SELECT count(*) FROM LAP") == [(0,)]


def test_a_killed_session_fails(bare_oracle: OracleDatabase) -> None:
    with closing(bare_oracle.connect(OWNER)) as session:
        assert bare_oracle.kill_sessions(OWNER) >= 1
        with pytest.raises(oracledb.Error):
            session.cursor().execute("SELECT 1 FROM dual")


def test_a_lost_commit_was_made_or_not_as_the_rule_says(orawire: Orawire, bare_oracle: OracleDatabase) -> None:
    bare_oracle.run("CREATE TABLE LAP (A NUMBER(1))")
    for rule, count in (("drop_before:COMMIT", 0), ("drop_after:COMMIT", 1)):
        bare_oracle.fault(rule)
        with pytest.raises(oracledb.Error):
            bare_oracle.run("INSERT INTO LAP VALUES (1)")
        assert bare_oracle.run("SELECT count(*) FROM LAP") == [(count,)]
