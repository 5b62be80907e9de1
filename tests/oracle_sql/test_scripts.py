"""The scripts as a DBA reads them: complete, named, commented, and made for the names of a site."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from runner.domain.outbox import TRANSITIONS
from runner.errors import StoreError
from runner.store import OutboxTable, Overlay
from runner.store.oracle.ddl import Site, schema_version, scripts
from runner.store.oracle.script import SQLPLUS, files, statements
from runner.store.queries import read_blocks
from tests.support.rows import OUTBOXES

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "sql" / "oracle" / "source"
LONG = "MW_LABORATORIUMI_LELETEK_ARCH"
OVERLAID = {
    "background": OutboxTable("EESZT_OUT_BACKGROUND", is_bound=True),
    "lelet": OutboxTable(
        LONG,
        {"recorded_by": "FELHASZNALO"},
        over=Overlay(("INTEZET", "LELET_ID"), "ekat_esemeny", {"recorded_at": "ROGZITVE"}),
    ),
}


def bodies(site: Site) -> str:
    return "\n".join(each.body for each in scripts(SOURCE, site))


@pytest.fixture(scope="module")
def shipped() -> str:
    return bodies(Site(OUTBOXES))


@pytest.fixture(scope="module")
def tables(shipped: str) -> dict[str, list[str]]:
    """Table → its columns."""
    found = {}
    for statement in statements(shipped):
        if made := re.match(r"CREATE TABLE (\w+) \(\n(.*?)^\)", statement, re.DOTALL | re.MULTILINE):
            lines = made[2].splitlines()
            found[made[1]] = [re.split(r"\W+", line.strip(' "'))[0] for line in lines if re.match(r'  "?[a-zN]', line)]
    return found


def test_every_table_and_column_has_a_comment(shipped: str, tables: dict[str, list[str]]) -> None:
    assert len(tables) == 21 + len(OUTBOXES)
    for table, columns in tables.items():
        assert len(columns) > 1
        assert f"COMMENT ON TABLE {table} IS '" in shipped
        missing = [each for each in columns if not re.search(rf'ON COLUMN {table}\."?{each}"? IS \'\w', shipped)]
        assert missing == [], table


def test_every_view_says_what_it_is_for(shipped: str) -> None:
    views = re.findall(r"CREATE OR REPLACE VIEW (\w+)", shipped)
    assert len(views) == 11
    assert [each for each in views if f"COMMENT ON TABLE {each} IS '" not in shipped] == []


def test_every_constraint_is_named(shipped: str) -> None:
    for line in shipped.splitlines():
        for word in ("NOT NULL", "PRIMARY KEY", "UNIQUE (", "FOREIGN KEY", "CHECK ("):
            if (
                word in line
                and line.startswith(("  ", "ALTER"))
                and re.search(r"\b(VARCHAR2|NUMBER|TIMESTAMP|CLOB|CONSTRAINT)\b", line)
            ):
                assert re.search(rf"CONSTRAINT EESZT_\w+_(PK|UK|FK|CK|NN) .*{re.escape(word)}", line), line
    assert len(re.findall(r"\bPRIMARY KEY\b", shipped)) == 21 + len(OUTBOXES)


@pytest.mark.parametrize("outboxes", [OUTBOXES, OVERLAID])
def test_no_name_is_longer_than_thirty_characters_and_none_is_given_twice(outboxes: dict[str, OutboxTable]) -> None:
    text = bodies(Site(outboxes))
    made = re.findall(
        r'(?:CREATE (?:OR REPLACE )?(?:TABLE|INDEX|SEQUENCE|VIEW|TRIGGER|PROCEDURE|FUNCTION)|CONSTRAINT) "?([\w$#]+)',
        text,
    )
    assert [each for each in made if len(each) > 30] == []
    assert [each for each, times in Counter(made).items() if times > 1] == []
    columns = re.findall(
        r'^(?:  |ALTER TABLE \S+ ADD \()"?(\w+)"? (?:NUMBER|VARCHAR2|TIMESTAMP|CLOB|BLOB|DATE)', text, re.MULTILINE
    )
    assert [each for each in columns if len(each) > 30] == []


def test_nothing_of_the_notation_is_left(shipped: str) -> None:
    for site in (Site(OUTBOXES), Site(OVERLAID)):
        assert re.findall(r"\[[a-z_ .]+\]|'\{\w+\}'", bodies(site)) == []


def test_the_files_are_what_sqlplus_can_read() -> None:
    for name, text in files(scripts(SOURCE, Site(OUTBOXES))).items():
        lines = text.splitlines()
        assert max(map(len, lines)) < 2499, "SQL*Plus cuts longer lines"
        assert [line for line in lines if line.lstrip().startswith("--") and line.endswith((";", "-"))] == [], name
        assert [line for line in lines if line.strip() in {".", "#"}] == [], name
        assert text.endswith("\n")
        if name != "skip.sql":
            assert "WHENEVER SQLERROR EXIT FAILURE ROLLBACK" in text
    assert "install.sql" in files([])


def test_each_file_guards_and_records_itself() -> None:
    for script in scripts(SOURCE, Site(OUTBOXES)):
        file = script.file()
        assert f"'EESZT: {script.name} has run already'" in file
        assert f"VALUES ('{script.name}', '{script.sha256}', SYS_EXTRACT_UTC(SYSTIMESTAMP), USER);\nCOMMIT;" in file
        assert ("set NLS_LANG to .AL32UTF8" in file) is any(ord(letter) > 127 for letter in script.body)
        assert ("has run as another text" in file) is (script.once and not script.makes_the_record)
        assert all(f"'{unit}'" in file for unit in script.units)


def test_a_statement_ends_where_sqlplus_ends_it() -> None:
    text = """-- a comment; with a semicolon;
CREATE TABLE A (
  -- inside;
  b VARCHAR2(3 CHAR) DEFAULT ';'
);

BEGIN
  NULL;

END;
/
DELETE FROM A;
CREATE OR REPLACE VIEW V AS
SELECT 1 AS a FROM DUAL;
"""
    assert [each.split()[0:2] for each in statements(text)] == [
        ["CREATE", "TABLE"],
        ["BEGIN", "NULL;"],
        ["DELETE", "FROM"],
        ["CREATE", "OR"],
    ]
    assert list(statements(text))[1] == "BEGIN\n  NULL;\n\nEND;"
    assert [each for each in statements(text) if each.endswith(";") and not each.startswith("BEGIN")] == []


def test_the_states_are_those_of_the_protocol(shipped: str) -> None:
    rows = re.findall(r"INSERT INTO EESZT_TRANSITION \(from_state, to_state\)\nVALUES \('(\w+)', '(\w+)'\)", shipped)
    assert sorted(rows) == sorted((before, after) for before, others in TRANSITIONS.items() for after in others)


def test_tablespaces_are_the_sites_and_left_out_unless_it_has_any(shipped: str) -> None:
    assert "TABLESPACE" not in shipped
    text = bodies(Site(OUTBOXES, {"data": "adat", "index": "EESZT_IX", "lob": "LOBOK"}))
    for statement in statements(text):
        if statement.startswith("CREATE TABLE"):
            assert 'TABLESPACE "ADAT"' in statement
            assert statement.count("STORE AS SECUREFILE") == statement.count('TABLESPACE "LOBOK"')
        if statement.startswith("CREATE INDEX"):
            assert "TABLESPACE EESZT_IX" in statement


@pytest.mark.parametrize("site", [{"owner": "x y"}, {"runtime": 'A"'}, {"his": ""}, {"tablespaces": {"data": "a;b"}}])
def test_what_is_no_name_is_refused(site: dict[str, object]) -> None:
    with pytest.raises(StoreError, match="RNR-7004"):
        Site(OUTBOXES, **site)  # type: ignore[arg-type]


def test_the_daemon_may_change_the_runners_columns_only() -> None:
    text = bodies(Site(OUTBOXES, runtime="EESZT_FUTTATO"))
    [changed] = re.findall(r"GRANT UPDATE \(([^)]*)\) ON EESZT_OUT_QUERY TO EESZT_FUTTATO", text)
    columns = set(re.split(r",\s+", changed))
    assert {"state", "claim_token", "ward_answer", "status_text"} <= columns
    his = {
        "item_id",
        "document_type",
        "source_key",
        "order_key",
        "recorded_by",
        "recorded_at",
        "created_at",
        "send_by",
        "withdraws",
    }
    assert columns & his == set()
    granted = re.findall(r"GRANT ([^;]*) ON (EESZT_OUT_\w+|EESZT_ORDER_HEAD|EESZT_USER_MAP) TO EESZT_FUTTATO", text)
    assert [each for each, _ in granted if "DELETE" in each] == []
    assert "GRANT ALL" not in text
    assert " ANY " not in text.split("GRANT SELECT ON EESZT_SCHEMA_SCRIPT")[1]


def test_the_daemon_may_do_what_its_statements_do_and_no_more() -> None:
    store = ROOT / "runner" / "store"
    files = [
        *store.glob("*.py"),
        *(each for each in store.glob("oracle/*.py") if each.name not in {"calls.py", "package.py"}),
    ]
    code = "".join(each.read_text("utf-8") for each in files)
    blocks = read_blocks(SOURCE.parent / "queries.sql")
    used = [text for name, text in blocks.items() if f'"{name}"' in code]
    assert len(used) > 60
    needed, inserted, updated = set(), set(), set()
    for text in used:
        for verb, table in re.findall(r"(INSERT INTO|DELETE FROM|UPDATE|MERGE INTO) (EESZT_\w+)", text):
            verbs = ("INSERT", "UPDATE") if verb == "MERGE INTO" else (verb.split()[0],)
            needed |= {(each, table) for each in verbs}
        needed |= {("SELECT", table) for table in re.findall(r"(?:FROM|JOIN) (EESZT_\w+)", text)}
        for columns in re.findall(r"INSERT INTO \[outbox\] \(([^)]*)\)", text):
            inserted |= set(re.findall(r"\w+", columns))
        for changes in re.findall(r"UPDATE \[outbox\](?: \w+)?\s+SET (.*?)\n WHERE", text, re.DOTALL):
            flat = re.sub(r"\([^()]*\)", "", re.sub(r"^\((.*?)\) =", r"\1 =", changes))
            updated |= set(re.findall(r"\[(\w+)\](?= =|, [\w.]*\[\w+\] = *\()", flat))
    text = bodies(Site(OUTBOXES))
    granted = {
        (verb, table)
        for verbs, table in re.findall(r"GRANT ([A-Z, ]+) ON (EESZT_\w+) TO EESZT_RUNTIME", text)
        for verb in verbs.split(", ")
        if not table.startswith("EESZT_OUT_")
    }
    outside = {("SELECT", "EESZT_SCHEMA_SCRIPT"), ("EXECUTE", "EESZT_API")}  # the installation's, and the desk's
    outside |= {each for each in granted if each[1].startswith("EESZT_V_") or each[1].endswith("_SEQ")}
    read_to_write = {("SELECT", table) for verb, table in needed if verb in {"UPDATE", "DELETE"}}
    assert granted - outside - read_to_write == needed - outside - read_to_write
    [of_insert] = re.findall(r"GRANT INSERT \(([^)]*)\)\s+ON EESZT_OUT_QUERY TO EESZT_RUNTIME", text)
    [of_update] = re.findall(r"GRANT UPDATE \(([^)]*)\) ON EESZT_OUT_QUERY TO EESZT_RUNTIME", text)
    assert set(re.findall(r"\w+", of_insert)) == inserted
    assert set(re.findall(r"\w+", of_update)) == updated | {"depends_on", "needs"}  # hand_on sets both at once


def test_the_his_inserts_where_an_outbox_is_not_bound() -> None:
    text = bodies(Site({**OUTBOXES, "bound": OutboxTable("EESZT_OUT_BOUND", is_bound=True)}, his="HIS_ROLE"))
    granted = re.findall(r'GRANT (?:INSERT|UPDATE|DELETE)[^;]* ON (\w+) TO "HIS_ROLE"', text)
    assert sorted(granted) == sorted(each.table for each in OUTBOXES.values())
    assert 'GRANT EXECUTE ON EESZT_API TO "HIS_ROLE"' in text
    assert 'EESZT_RESULT TO "HIS_ROLE"' not in text


def test_over_a_table_of_the_his_only_what_is_missing_is_added() -> None:
    text = bodies(Site(OVERLAID))
    assert f'CREATE TABLE "{LONG}"' not in text
    added = re.findall(rf'ALTER TABLE "{LONG}" ADD \("?(\w+)', text)
    assert "EESZT_STATE" in added
    assert "FELHASZNALO" not in added
    assert len(added) == len(set(added)) > 40
    assert [each for each in added if not each.startswith("EESZT_")] == []
    assert f'COMMENT ON TABLE "{LONG}"' not in text
    assert f'COMMENT ON COLUMN "{LONG}"."FELHASZNALO"' not in text
    assert f'ON "{LONG}" TO "MEDWORKS"' not in text


def test_the_version_of_the_schema_changes_with_any_script_but_not_with_who_works_there_or_tablespaces() -> None:
    all_scripts = scripts(SOURCE, Site(OUTBOXES))
    for place, script in enumerate(all_scripts[:-1]):
        other = [*all_scripts[:place], replace(script, body=script.body + "x"), *all_scripts[place + 1 :]]
        assert schema_version(all_scripts) != schema_version(other)
    elsewhere = scripts(SOURCE, Site(OUTBOXES, dict.fromkeys(("data", "index", "lob"), "ADAT"), "EESZT", "B", "C"))
    assert schema_version(all_scripts) == schema_version(elsewhere)
    assert [each.sha256 for each in all_scripts[:-1]] == [each.sha256 for each in elsewhere[:-1]]
    assert all_scripts[-1].sha256 != elsewhere[-1].sha256


def test_what_the_driver_does_by_itself_is_sqlplus_only() -> None:
    lines = [line for line in scripts(SOURCE, Site(OUTBOXES))[0].file().splitlines() if SQLPLUS.match(line)]
    assert lines == [
        "WHENEVER OSERROR EXIT FAILURE ROLLBACK",
        "WHENEVER SQLERROR EXIT FAILURE ROLLBACK",
        "SET DEFINE OFF",
        "SET SQLBLANKLINES ON",
        "PROMPT 010_script_table.sql",
        "COMMIT;",
    ]


def test_every_error_of_scripts_and_triggers_is_explained() -> None:
    raised = {
        number for text in files(scripts(SOURCE, Site(OUTBOXES))).values() for number in re.findall(r"-(206\d\d)", text)
    }
    readme = (SOURCE.parent / "README.md").read_text("utf-8")
    assert raised == set(re.findall(r"^\| (206\d\d) \|", readme, re.MULTILINE))


def test_two_owners_in_one_database_do_not_share_a_context() -> None:
    first, second = bodies(Site(OUTBOXES)), bodies(Site(OUTBOXES, owner="EESZT_TESZT"))
    assert "CREATE OR REPLACE CONTEXT EESZT_CTX USING EESZT_API" in first
    assert "CREATE OR REPLACE CONTEXT EESZT_TESZT_CTX USING EESZT_API" in second
    assert "'EESZT_CTX'" not in second
    assert first.count("'EESZT_CTX'") == second.count("'EESZT_TESZT_CTX'") > 6
    longest = bodies(Site(OUTBOXES, owner="A" * 30))
    [name] = re.findall(r"CREATE OR REPLACE CONTEXT (\w+) USING", longest)
    assert len(name) <= 30


def test_no_list_of_ours_is_taken_for_thousands_of_rows() -> None:
    """Oracle takes 8168 rows for a JSON_TABLE that it knows nothing of, and reads the whole table beside it."""
    text = (SOURCE.parent / "queries.sql").read_text("utf-8")
    every = re.findall(r"SELECT ([^\n]*?)\s+FROM JSON_TABLE|JOIN JSON_TABLE", text)
    hinted = re.findall(r"/\*\+ CARDINALITY\(\w+ 10\) \*/", text)
    in_a_filter = 1  # due_rows joins the types inside a subquery that is not unnested, on a table of a few rows
    assert len(every) > 15
    assert len(hinted) == len(every) - in_a_filter
