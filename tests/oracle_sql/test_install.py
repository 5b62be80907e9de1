"""Installing the schema: once, half-way and on, by SQL*Plus's files, and never over another's."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import replace

import oracledb
import pytest

from runner.errors import IntegrityError, StoreError
from runner.store.oracle.ddl import schema_version
from runner.store.oracle.install import alike, check_owner, installed, pending, place, put_installation, run
from runner.store.oracle.script import SQLPLUS, Script, files, statements
from tests.oracle_sql.conftest import site_scripts
from tests.support.oracle import OracleDatabase

DDL_TIMES = "SELECT object_name, object_type, last_ddl_time FROM USER_OBJECTS ORDER BY 1, 2"
INVALID = "SELECT object_name, object_type FROM USER_OBJECTS WHERE status <> 'VALID'"


def names(found: list[Script]) -> list[str]:
    return [each.name for each in found]


def test_it_is_there_after_once_and_a_second_time_changes_nothing(bare_oracle: OracleDatabase) -> None:
    every = site_scripts(bare_oracle)
    told: list[str] = []
    with closing(bare_oracle.connect()) as connection:
        assert installed(connection) is None
        assert pending(connection, every) == every
        run(connection, every, told.append)
        put_installation(connection, every, "test")
        assert told == names(every)
        before, identity = bare_oracle.run(DDL_TIMES), bare_oracle.run("SELECT * FROM EESZT_INSTALLATION")
        assert bare_oracle.run(INVALID) == []
        assert pending(connection, every) == []
        run(connection, pending(connection, every))
        put_installation(connection, every, "test")
    assert bare_oracle.run(DDL_TIMES) == before
    assert bare_oracle.run("SELECT * FROM EESZT_INSTALLATION") == identity
    recorded = dict(bare_oracle.run("SELECT script, sha256 FROM EESZT_SCHEMA_SCRIPT"))
    assert recorded == {each.name: each.sha256 for each in every}


@pytest.mark.parametrize("place_in", [1, 7, 60])
def test_a_script_that_stopped_half_way_goes_on_from_there(bare_oracle: OracleDatabase, place_in: int) -> None:
    every = site_scripts(bare_oracle)
    [outbox] = [each for each in every if each.name == "040_outbox_query.sql"]
    done = outbox.statements()[:place_in]
    assert len(done) < len(outbox.statements())
    with closing(bare_oracle.connect()) as connection:
        run(connection, every[: every.index(outbox)])
        for statement in done:
            connection.cursor().execute(statement)
        assert pending(connection, every)[0] == outbox
        run(connection, pending(connection, every))
    assert bare_oracle.run(INVALID) == []


def test_a_statement_that_the_database_refuses_is_named_and_what_ran_stays(bare_oracle: OracleDatabase) -> None:
    every = site_scripts(bare_oracle)
    broken = replace(every[2], body="CREATE INDEX EESZT_X_IX ON EESZT_NINCS (a);\n" + every[2].body)
    with closing(bare_oracle.connect()) as connection:
        with pytest.raises(StoreError, match=r"RNR-7503 030_tables.sql: .* statement 1 of \d+: ORA-00942"):
            run(connection, [*every[:2], broken])
        assert names(pending(connection, every))[0] == "030_tables.sql"


@pytest.mark.parametrize(
    ("rule", "script", "advice"),
    [
        ("error=1031:CREATE OR REPLACE CONTEXT", "090_context.sql", "GRANT CREATE ANY CONTEXT TO "),
        ("error=1031:CREATE OR REPLACE PACKAGE EESZT_API", "100_package.sql", "GRANT CREATE PROCEDURE TO "),
        ("error=1653:CREATE TABLE EESZT_LOGIN ", "030_tables.sql", ""),
    ],
)
def test_a_right_that_is_missing_is_named_with_the_statement_of_the_dba(
    bare_oracle: OracleDatabase, rule: str, script: str, advice: str
) -> None:
    every = site_scripts(bare_oracle)
    bare_oracle.fault(rule)
    with closing(bare_oracle.connect()) as connection:
        with pytest.raises(StoreError, match=rf"RNR-7503 {script}: ") as caught:
            run(connection, every)
        told = f". A DBA runs: {advice}{bare_oracle.owner.upper()}"
        assert (told in str(caught.value)) is bool(advice)
        assert ("A DBA runs" in str(caught.value)) is bool(advice)
        run(connection, pending(connection, every))
    assert bare_oracle.run(INVALID) == []


def test_a_unit_that_does_not_compile_is_not_recorded(bare_oracle: OracleDatabase) -> None:
    body = "CREATE OR REPLACE PROCEDURE EESZT_X AS\nBEGIN\n  nincs_ilyen;\nEND;\n/\n"
    with closing(bare_oracle.connect()) as connection:
        run(connection, site_scripts(bare_oracle)[:1])
        with pytest.raises(StoreError, match=r"RNR-7503 x.sql: .* PROCEDURE EESZT_X does not compile, line 3: "):
            run(connection, [Script("x.sql", "x", once=False, body=body)])
    assert bare_oracle.run("SELECT script FROM EESZT_SCHEMA_SCRIPT") == [("010_script_table.sql",)]


def test_another_text_may_replace_a_view_but_never_a_table(schema: OracleDatabase) -> None:
    every = site_scripts(schema)
    views, tables = every.index(next(each for each in every if each.name == "060_views.sql")), 2
    changed = [replace(each, body=each.body + "\n-- other") for each in every]
    with closing(schema.connect()) as connection:
        assert names(pending(connection, [*every[:views], changed[views], *every[views + 1 :]])) == ["060_views.sql"]
        with pytest.raises(StoreError, match=r"RNR-7501 .* 030_tables.sql has run here as another text"):
            pending(connection, [*every[:tables], changed[tables], *every[tables + 1 :]])


def test_a_database_keeps_its_environment_and_tells_where_it_is(schema: OracleDatabase) -> None:
    every = site_scripts(schema)
    with closing(schema.connect()) as connection:
        with pytest.raises(IntegrityError, match="RNR-8001"):
            put_installation(connection, every, "production")
        found = installed(connection)
        assert found is not None
        assert (found.environment, found.version) == ("test", schema_version(every))
        put_installation(connection, [*every, Script("x", "x", once=False, body="x")], "test")
        upgraded = installed(connection)
        assert upgraded is not None
        assert upgraded.version != found.version
        assert re.match(r"DBID \d+, RESETLOGS_CHANGE# \d+\b", place(connection))
    [(identity, home)] = schema.run("SELECT database_id, home FROM EESZT_INSTALLATION")
    assert re.fullmatch(r"[0-9a-f]{32}", identity)
    assert home.startswith("DBID ")


def test_only_the_owner_installs(bare_oracle: OracleDatabase) -> None:
    with closing(bare_oracle.connect()) as connection:
        check_owner(connection, bare_oracle.owner.lower())
        with pytest.raises(StoreError, match="RNR-7502"):
            check_owner(connection, "MEDWORKS")


def in_sqlplus(database: OracleDatabase, text: str) -> None:
    """Run a file's statements as SQL*Plus would, which stops at the first error."""
    text = "\n".join("" if SQLPLUS.match(line) else line for line in text.splitlines())
    with closing(database.connect()) as connection:
        for statement in statements(text):
            connection.cursor().execute(statement)
        connection.commit()


def test_the_files_for_sqlplus_run_once_and_say_so_the_second_time(bare_oracle: OracleDatabase) -> None:
    every = site_scripts(bare_oracle)
    text = files(every)
    for script in every:
        in_sqlplus(bare_oracle, text[script.name])
    before = bare_oracle.run(DDL_TIMES)
    with closing(bare_oracle.connect()) as connection:
        assert pending(connection, every) == []
    for script in every:
        with pytest.raises(oracledb.DatabaseError, match=f"ORA-20680: EESZT: {script.name} has run already"):
            in_sqlplus(bare_oracle, text[script.name])
    other = replace(every[3], body=every[3].body + "\n-- other")
    with pytest.raises(oracledb.DatabaseError, match=r"ORA-20682: EESZT: 040_\w+.sql has run as another text"):
        in_sqlplus(bare_oracle, other.file())
    assert bare_oracle.run(DDL_TIMES) == before


def test_a_file_is_not_done_while_a_unit_of_it_does_not_compile(bare_oracle: OracleDatabase) -> None:
    body = "CREATE OR REPLACE PROCEDURE EESZT_X AS\nBEGIN\n  nincs_ilyen;\nEND;\n/\n"
    in_sqlplus(bare_oracle, site_scripts(bare_oracle)[0].file())
    with pytest.raises(oracledb.DatabaseError, match="ORA-20683: EESZT: PROCEDURE EESZT_X, line 3"):
        in_sqlplus(bare_oracle, Script("x.sql", "x.", once=False, body=body).file())
    assert bare_oracle.run("SELECT COUNT(*) FROM EESZT_SCHEMA_SCRIPT") == [(1,)]


def test_what_install_sql_asks_is_answered_by_what_has_run(bare_oracle: OracleDatabase) -> None:
    every = site_scripts(bare_oracle)
    asked = re.findall(r"^SELECT DECODE.*?;", files(every)["install.sql"], re.DOTALL | re.MULTILINE)
    assert len(asked) == len(every)
    assert bare_oracle.run(asked[0].removesuffix(";")) == [("010_script_table.sql",)]
    in_sqlplus(bare_oracle, every[0].file())
    answers = [bare_oracle.run(each.removesuffix(";"))[0][0] for each in asked]
    assert answers == ["skip.sql", *names(every[1:])]


@pytest.mark.parametrize(
    ("home", "here", "same"),
    [
        ("DBID 1, PDB A, incarnation 0", "DBID 1, PDB A, incarnation 0", True),
        ("DBID 1, PDB A, incarnation 0", "DBID 1, PDB A, incarnation 1", False),
        ("DBID 1, PDB A, incarnation 0", "DBID 1, PDB A", True),
        ("DBID 1, PDB A", "DBID 1, PDB A, incarnation 1", True),
        ("DBID 1, PDB A", "DBID 1, PDB B, incarnation 0", False),
    ],
)
def test_an_incarnation_that_one_of_two_users_cannot_see_does_not_count(home: str, here: str, *, same: bool) -> None:
    first, second = alike(home, here)
    assert (first == second) is same
