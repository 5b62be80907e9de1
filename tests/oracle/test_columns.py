"""What a mapping reads and copies against the columns of an Oracle, and the command that tells it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from runner import app
from runner.errors import StoreError
from runner.mapping.columns import check_columns
from runner.mapping.problems import Problems
from runner.ports import SqlKind
from tests.support.oracle import HIS, OWNER, RUNTIME, OracleDatabase
from tests.support.oracle_hospital import OracleHospital, oracle_hospital
from tests.support.oracle_schema import open_store


@pytest.fixture
def site(tmp_path: Path, oracle: OracleDatabase) -> Iterator[OracleHospital]:
    for lane in ("INTERACTIVE", "QUERY"):  # bound at this site: written by the package alone
        oracle.run(f"REVOKE INSERT ON EESZT_OUT_{lane} FROM {oracle.users[HIS][0]}")
    with oracle_hospital(tmp_path / "site", oracle) as hospital:
        yield hospital


def found(oracle: OracleDatabase) -> tuple[list[str], list[str]]:
    """Problems and notes of the shipped mappings, as number and what."""
    folders, problems = app.folders(None), Problems()
    with closing(open_store(oracle, RUNTIME)) as store:
        check_columns(folders.load().types, folders.mappings, store.shapes, problems)
    return [f"{each.number} {each.what}" for each in problems.told], [
        f"{each.number} {each.what}" for each in problems.notes
    ]


def test_the_shipped_mappings_fit_the_example_tables_but_for_notes(oracle: OracleDatabase) -> None:
    problems, notes = found(oracle)
    assert problems == []
    assert any(
        ("'NEV' is VARCHAR2(200)" in each and "more than the 100" in each) or "100 characters" in each for each in notes
    )
    assert any(each.startswith("2094 column 'NEV' may be empty") for each in notes)


@pytest.mark.parametrize(
    ("statement", "number", "text"),
    [
        ("ALTER TABLE MW_VENY RENAME COLUMN NAPLOSORSZAM TO NAPLO", 7551, "refuses this source query: ORA-00904"),
        ("ALTER TABLE MW_VENY RENAME COLUMN EESZT_VONALKOD TO VONALKOD", 2097, "has no column 'EESZT_VONALKOD'"),
        ("ALTER TABLE MW_VENY MODIFY (EESZT_VONALKOD VARCHAR2(4 CHAR))", 2098, "too short for the identifier"),
        ("ALTER TABLE MW_VENY MODIFY (EESZT_ALLAPOT VARCHAR2(3 CHAR))", 2098, "too short for the text 'FELIRT'"),
        ("ALTER TABLE MW_VENY RENAME TO MW_RECEPT", 2096, "no table 'MW_VENY'"),
    ],
)
def test_what_can_never_work_is_a_problem(oracle: OracleDatabase, statement: str, number: int, text: str) -> None:
    oracle.run(statement)
    problems, _ = found(oracle)
    assert any(each.startswith(str(number)) and text in each for each in problems), problems


def test_types_that_do_not_fit_are_told(oracle: OracleDatabase) -> None:
    for column, said in (("SZUL_DATUM", "NUMBER(8)"), ("MENNYISEG", "BLOB"), ("TAJ", "DATE"), ("GYSE", "CHAR(3)")):
        oracle.run(f"ALTER TABLE MW_VENY DROP COLUMN {column}")
        oracle.run(f"ALTER TABLE MW_VENY ADD ({column} {said})")
    problems, notes = found(oracle)
    told = {each.split("'")[1] for each in problems if each.startswith("2091")}
    assert told == {"SZUL_DATUM", "MENNYISEG", "TAJ"}, problems
    assert any("'GYSE' is CHAR(3): the database fills it up" in each for each in notes)


def test_a_query_is_described_without_a_row_and_without_its_binds(oracle: OracleDatabase) -> None:
    oracle.run(
        "CREATE TABLE T (N NUMBER, N2 NUMBER(7, 2), C CHAR(5), D DATE, S TIMESTAMP(3), L CLOB,"
        " V VARCHAR2(7 CHAR) NOT NULL)"
    )
    oracle.run(f"GRANT SELECT ON T TO {oracle.users[RUNTIME][0]}")
    with closing(open_store(oracle, RUNTIME)) as store:
        columns = store.shapes.of_query("SELECT t.* FROM T t WHERE t.v = :source_key")
        assert store.shapes.of_table("t") == columns
        assert store.shapes.of_table("nothing_of_this_name") == ()
        with pytest.raises(StoreError, match="RNR-7551"):
            store.shapes.of_query("SELECT x.* FROM")
    assert [(each.name, each.kind, each.length, each.scale) for each in columns] == [
        ("N", SqlKind.NUMBER, None, None),
        ("N2", SqlKind.NUMBER, None, 2),
        ("C", SqlKind.FIXED_TEXT, 5, None),
        ("D", SqlKind.DAY, None, None),
        ("S", SqlKind.INSTANT, None, None),
        ("L", SqlKind.TEXT, None, None),
        ("V", SqlKind.TEXT, 7, None),
    ]
    assert not columns[-1].nullable


def test_the_commands_tell_what_is_wrong_and_print_what_mends_it(site: OracleHospital) -> None:
    done = site.command("mapping", "lint")
    assert done.returncode == 0, done.stdout
    assert f"columns: compared with {RUNTIME}@{site.database.dsn}" in done.stdout.decode()
    site.database.run("DROP INDEX EESZT_OUT_QUERY_WARD")
    site.database.run("ALTER TRIGGER EESZT_OUT_QUERY_BD DISABLE")
    site.database.run(f"GRANT DELETE ON EESZT_OUT_QUERY TO {RUNTIME}")
    done = site.command("db", "check")
    assert done.returncode == 1, done.stderr
    text = done.stdout.decode()
    assert "As the owner: CREATE INDEX EESZT_OUT_QUERY_WARD ON EESZT_OUT_QUERY (ward_at) INITRANS 10" in text
    assert "As the owner: ALTER TRIGGER EESZT_OUT_QUERY_BD ENABLE" in text
    script = site.command("db", "check", "--ddl").stdout.decode()
    for line in (
        "-- As the owner of the tables:",
        f"REVOKE DELETE ON EESZT_OUT_QUERY FROM {RUNTIME.upper()};",
        "-- As DBA:",
    ):
        assert line in script.splitlines()
    listed = {each["name"]: each for each in json.loads(site.command("db", "check", "--json").stdout)}
    assert listed["EESZT_OUT_QUERY_BD"]["ddl"] == ["ALTER TRIGGER EESZT_OUT_QUERY_BD ENABLE"]
    assert (listed["EESZT_OUT_QUERY_BD"]["group"], listed["EESZT_OUT_QUERY_BD"]["run_as"]) == ("schema", "owner")


def test_the_owner_sees_more_than_the_daemons_user(site: OracleHospital) -> None:
    file = site.folder / "owner.password"
    file.write_text(site.database.users[OWNER][1] + "\n", encoding="utf-8")
    done = site.command("db", "check", "--as", OWNER, "--password-file", str(file))
    assert "MEDWORKS" not in done.stdout.decode(), "the rights of the HIS are all there"
    assert "its rights are not visible to this user" in site.command("db", "check").stdout.decode()
    file.write_text("wrong\n", encoding="utf-8")
    refused = site.command("db", "check", "--as", OWNER, "--password-file", str(file))
    assert refused.returncode == 1
    assert b"FAIL" in refused.stdout
