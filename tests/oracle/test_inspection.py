"""The database compared with what is declared: each thing broken once, seen, mended by the statement that is told."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import pytest

from runner.ports import Difference, Grade
from tests.support.oracle import HIS, OWNER, RUNTIME, OracleDatabase
from tests.support.oracle_schema import open_store

BROKEN = [
    ("DROP INDEX EESZT_OUT_QUERY_LEASE", "EESZT_OUT_QUERY_LEASE", "is missing"),
    ("ALTER INDEX EESZT_ATTEMPT_ITEM_IX RENAME TO SITE_IX", "EESZT_ATTEMPT_ITEM_IX", "is called SITE_IX here"),
    ("ALTER TRIGGER EESZT_OUT_INTERACTIVE_AI DISABLE", "EESZT_OUT_INTERACTIVE_AI", "is disabled"),
    ("DROP TRIGGER EESZT_OUT_INTERACTIVE_BU", "EESZT_OUT_INTERACTIVE_BU", "is missing"),
    ("ALTER TABLE EESZT_LOGIN MODIFY (end_reason VARCHAR2(10 CHAR))", "EESZT_LOGIN.END_REASON", "must hold"),
    ("ALTER TABLE EESZT_LANE MODIFY (paused_by VARCHAR2(128 BYTE))", "EESZT_LANE.PAUSED_BY", "counts bytes"),
    ("ALTER TABLE EESZT_DAY DROP COLUMN paper", "EESZT_DAY.PAPER", "the column is missing"),
    ("ALTER TABLE EESZT_MESSAGE MODIFY (digest NULL)", "EESZT_MESSAGE.DIGEST", "may be empty here"),
    ("ALTER TABLE EESZT_MESSAGE MODIFY (decision NOT NULL)", "EESZT_MESSAGE.DECISION", "may not be empty"),
    (
        "ALTER TABLE EESZT_SERVICE_STATE DROP CONSTRAINT EESZT_SERVICE_STATE_STATE_CK",
        "EESZT_SERVICE_STATE_STATE_CK",
        "EESZT_SERVICE_STATE is missing",
    ),
    ("DROP VIEW EESZT_V_ATTENTION", "EESZT_V_ATTENTION", "the view is missing"),
    ("DROP TABLE EESZT_LANE", "EESZT_LANE", "the table is missing"),
    ("DROP SEQUENCE EESZT_LOGIN_SEQ", "EESZT_LOGIN_SEQ", "the sequence is missing"),
    ("CREATE OR REPLACE PACKAGE BODY EESZT_API AS BEGIN nonsense; END;", "EESZT_API", "package body is INVALID: line"),
    ("DROP PACKAGE BODY EESZT_API", "EESZT_API", "the package body is missing"),
    ("REVOKE UPDATE ON EESZT_OUT_QUERY FROM {runtime}", "EESZT_OUT_QUERY", "may not UPDATE its ACTING_USER"),
    ("REVOKE SELECT ON EESZT_V_STATUS FROM {his}", "EESZT_V_STATUS", "MEDWORKS may not SELECT"),
    ("GRANT DELETE ON EESZT_OUT_QUERY TO {runtime}", "EESZT_OUT_QUERY", "EESZT_RUNTIME may DELETE"),
    ("GRANT UPDATE ON EESZT_OUT_QUERY TO {runtime}", "EESZT_OUT_QUERY", "EESZT_RUNTIME may UPDATE"),
    ("GRANT UPDATE ON EESZT_USER_MAP TO {runtime}", "EESZT_USER_MAP", "EESZT_RUNTIME may UPDATE"),
    ("GRANT SELECT ON EESZT_RESULT TO {his}", "EESZT_RESULT", "MEDWORKS may SELECT"),
    ("GRANT INSERT ON EESZT_OUT_QUERY TO PUBLIC", "EESZT_OUT_QUERY", "PUBLIC may INSERT"),
    ("GRANT SELECT ANY TABLE TO {runtime}", "EESZT_RUNTIME", "the privilege SELECT ANY TABLE"),
    ("GRANT DBA TO {runtime}", "EESZT_RUNTIME", "the role DBA"),
    (
        "CREATE OR REPLACE TRIGGER SITE_WATCH BEFORE UPDATE ON EESZT_OUT_QUERY FOR EACH ROW BEGIN NULL; END;",
        "SITE_WATCH",
        "a trigger that is not ours",
    ),
]


def test_a_fresh_installation_has_no_difference_that_is_wrong(oracle: OracleDatabase) -> None:
    oracle.run(f"REVOKE UNLIMITED TABLESPACE FROM {oracle.users[RUNTIME][0]}")  # a test's user has more than it needs
    found = differences(oracle)
    assert [each for each in found if each.grade is Grade.WRONG] == []
    unseen = {each.name for each in found if each.grade is Grade.UNSEEN}
    assert unseen <= {"EESZT_CTX", "tablespaces"}, "and what a DBA sees is asked of him"


def test_what_is_broken_is_told_and_mended_by_the_statement_that_is_told(oracle: OracleDatabase) -> None:
    sound, failed = differences(oracle), {}
    for statement, name, text in BROKEN:
        oracle.run(statement.format(runtime=oracle.users[RUNTIME][0], his=oracle.users[HIS][0]))
        broken = [each for each in differences(oracle) if each not in sound]
        told = [each for each in broken if each.name == name and text in each.found]
        mend(oracle, broken)
        left = [each for each in differences(oracle) if each not in sound]
        if len(told) != 1 or left:
            failed[statement] = (broken, left)
    assert failed == {}


def test_an_index_that_is_gone_shows_in_the_plans_too(oracle: OracleDatabase) -> None:
    oracle.run("DROP INDEX EESZT_OUT_QUERY_LEASE")
    (plan,) = [each for each in differences(oracle) if each.name == "query leases_over"]
    assert plan.grade is Grade.WRONG
    assert "reads all of EESZT_OUT_QUERY" in plan.found


def test_scripts_that_did_not_run_or_were_others_are_told(oracle: OracleDatabase) -> None:
    oracle.run("DELETE FROM EESZT_SCHEMA_SCRIPT WHERE script = '060_views.sql'")
    oracle.run("UPDATE EESZT_SCHEMA_SCRIPT SET sha256 = 'other' WHERE script = '030_tables.sql'")
    oracle.run("UPDATE EESZT_SCHEMA_SCRIPT SET script = '999_later.sql' WHERE script = '110_grants.sql'")
    told = {each.name: (each.grade, each.found) for each in differences(oracle) if each.name.endswith(".sql")}
    assert told == {
        "030_tables.sql": (Grade.WRONG, "another text of the script has run"),
        "060_views.sql": (Grade.WRONG, "the script has not run"),
        "110_grants.sql": (Grade.WRONG, "the script has not run"),
        "999_later.sql": (Grade.LOOK, "a script has run that this release and outboxes.yaml do not have"),
    }


def test_what_the_daemons_user_may_not_see_is_told_with_the_query_for_the_dba(oracle: OracleDatabase) -> None:
    if not oracle.server.orawire:
        pytest.skip("which views a user sees is what its grants say; orawire hides them by a fault")
    oracle.run("ALTER TRIGGER EESZT_OUT_INTERACTIVE_AI DISABLE")
    oracle.run("DROP TRIGGER EESZT_OUT_INTERACTIVE_BD")
    with closing(oracle.connect()) as connection:
        rule = "error=942*100:(DBA_|V.PARAMETER)"
        connection.cursor().execute(f"alter system set orawire_fault = '{rule}'")
    found = {each.name: each for each in differences(oracle, RUNTIME)}
    for name in ("triggers", "tablespaces", "parameters", "MEDWORKS", "EESZT_CTX"):
        assert found[name].grade is Grade.UNSEEN, name
        assert found[name].ddl[0].startswith("SELECT "), name
        assert found[name].run_as == "DBA"
    assert found["EESZT_OUT_INTERACTIVE_AI"].grade is Grade.WRONG, "what it does see is told"


def differences(oracle: OracleDatabase, who: str = OWNER) -> list[Difference]:
    """Everything that the inspection of a user tells."""
    with closing(open_store(oracle, who)) as store:
        return [each for area in store.inspect() for each in area.differences]


def mend(oracle: OracleDatabase, found: Sequence[Difference]) -> None:
    """Run the statements that were told, tables first, until what depends on them is mended too."""
    for each in found:
        for statement in each.ddl if each.grade is not Grade.UNSEEN else ():
            if not statement.startswith("BEGIN DBMS_STATS"):
                oracle.run(statement)
