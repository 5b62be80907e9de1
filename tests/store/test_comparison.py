"""Comparing declaration and dictionary, without a server: what no test server has, and every sentence's grade."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from runner.ports import Difference, Grade, Inspected
from runner.store import OutboxTable, Overlay
from runner.store.oracle.comparison import compare
from runner.store.oracle.ddl import Site, scripts
from runner.store.oracle.declaration import Declaration, Grant, declared_by
from runner.store.oracle.dictionary import (
    FoundConstraint,
    FoundIndex,
    FoundTable,
    FoundTrigger,
    Objects,
    Rights,
    Step,
    Surroundings,
)
from runner.store.oracle.prerequisites import compare_prerequisites, remedy
from runner.store.oracle.rights import compare_rights
from runner.store.oracle.surroundings import Planned, compare_surroundings
from tests.support.rows import OUTBOXES, SQL

OUT = "EESZT_OUT_QUERY"
AROUND = Surroundings(
    version="19.22.0.0.0",
    session_sort={"NLS_SORT": "BINARY", "NLS_COMP": "BINARY"},
    database_nls={"NLS_CHARACTERSET": "AL32UTF8"},
    clock_s=0.1,
    clock_within_s=0.05,
    parameters={"undo_retention": "900", "compatible": "19.0.0", "max_string_size": "STANDARD"},
    used_percent={"USERS": 40.0},
    tablespaces=frozenset({"USERS"}),
    scripts={},
)


@pytest.fixture(scope="module")
def declared() -> Declaration:
    return declared_by(scripts(SQL / "oracle" / "source", Site(OUTBOXES)))


def found_of(declared: Declaration) -> Objects:
    """A dictionary that says just what is declared, to one who sees everything."""
    return Objects(
        tables={name: FoundTable(dict(each.columns), each.initrans) for name, each in declared.tables.items()},
        indexes={name: FoundIndex(each.table, each.columns, each.initrans) for name, each in declared.indexes.items()},
        constraints={name: FoundConstraint(each.table, each.type) for name, each in declared.constraints.items()},
        triggers={
            each.name: FoundTrigger(each.table) for (kind, _), each in declared.units.items() if kind == "TRIGGER"
        },
        sequences=set(declared.sequences),
        units=dict.fromkeys(declared.units, True),
        complete={"tables", "triggers", "sequences", *(f"{kind}S" for kind, _ in declared.units)},
    )


def rights_of(declared: Declaration) -> Rights:
    grantees = frozenset(each.grantee for each in declared.grants)
    return Rights(frozenset(declared.grants), grantees, {"CREATE SESSION": ""})


def told(areas: list[Inspected]) -> list[Difference]:
    return [each for area in areas for each in area.differences]


def test_a_dictionary_that_says_what_is_declared_has_no_difference(declared: Declaration) -> None:
    assert told(compare(declared, found_of(declared), "EESZT_RUNTIME")) == []
    assert told(compare_rights(declared, rights_of(declared), "EESZT", "EESZT_RUNTIME")) == []
    around = replace(AROUND, scripts=dict(declared.scripts))
    assert told(compare_surroundings(declared, around, [], "EESZT_RUNTIME")) == []


def test_the_scripts_are_read_whole(declared: Declaration) -> None:
    table = declared.tables["EESZT_IDENTIFIER"]
    assert (table.initrans, declared.keys[table.name]) == (8, ["NAME", "VALUE"])
    assert table.columns["SECOND_ITEM"].virtual
    assert not table.columns["ITEM_ID"].nullable
    assert table.columns["VALUE"].said == "VARCHAR2(200 CHAR)"
    assert declared.tables["EESZT_DOCUMENT_TYPE"].columns["SEND_LIMIT_S"].said == "NUMBER(12, 3)"
    assert declared.indexes[f"{OUT}_DUE"].columns == ("DUE_PRIO", "DUE_ID", "DUE_AT")
    assert Grant("EESZT_RUNTIME", "UPDATE", OUT, "STATE") in declared.grants
    assert Grant("EESZT_RUNTIME", "UPDATE", OUT) not in declared.grants
    missing = [name for name in declared.tables if (name, "") not in declared.comments]
    assert missing == [], "every table says what it is"


def test_an_index_that_is_unusable_or_invisible_or_narrow_is_told(declared: Declaration) -> None:
    found = found_of(declared)
    due, wards, lease = (f"{OUT}_{suffix}" for suffix in ("DUE", "WARD", "LEASE"))
    changed = {
        due: replace(found.indexes[due], usable=False),
        wards: replace(found.indexes[wards], visible=False),
        lease: replace(found.indexes[lease], initrans=2),
    }
    differences = told(compare(declared, replace(found, indexes={**found.indexes, **changed}), "EESZT_RUNTIME"))
    assert [(each.name, each.grade, each.ddl) for each in differences] == [
        (due, Grade.WRONG, (f"ALTER INDEX {due} REBUILD",)),
        (lease, Grade.LOOK, (f"ALTER INDEX {lease} REBUILD INITRANS 10",)),
        (wards, Grade.WRONG, (f"ALTER INDEX {wards} VISIBLE",)),
    ]


def test_a_disabled_constraint_is_told(declared: Declaration) -> None:
    found, name = found_of(declared), "EESZT_DOCUMENT_TYPE_NEEDS_CK"
    constraints = {**found.constraints, name: replace(found.constraints[name], enabled=False)}
    (difference,) = told(compare(declared, replace(found, constraints=constraints), "EESZT_RUNTIME"))
    assert difference.ddl == (f"ALTER TABLE EESZT_DOCUMENT_TYPE ENABLE CONSTRAINT {name}",)


def test_few_transaction_entries_of_a_table_are_told(declared: Declaration) -> None:
    found = found_of(declared)
    tables = {**found.tables, OUT: replace(found.tables[OUT], initrans=1)}
    (difference,) = told(compare(declared, replace(found, tables=tables), "EESZT_RUNTIME"))
    assert (difference.grade, difference.ddl) == (Grade.LOOK, (f"ALTER TABLE {OUT} INITRANS 10",))


@pytest.mark.parametrize(
    ("closed", "grade", "text"),
    [
        (frozenset({"STATE"}), Grade.WRONG, "not key-preserved: STATE"),
        (frozenset[str](), Grade.LOOK, "the outbox is a view; its triggers"),
        (None, Grade.UNSEEN, "whether it is key-preserved is not visible"),
    ],
)
def test_an_outbox_that_is_a_view_must_be_key_preserved(
    declared: Declaration, closed: frozenset[str] | None, grade: Grade, text: str
) -> None:
    found = found_of(declared)
    tables = {**found.tables, OUT: replace(found.tables[OUT], is_view=True)}
    first, *_ = told(compare(declared, replace(found, tables=tables, not_updatable={OUT: closed}), "EESZT_RUNTIME"))
    assert (first.name, first.grade) == (OUT, grade)
    assert text in first.found


def test_a_table_that_a_user_without_rights_misses_may_only_be_hidden(declared: Declaration) -> None:
    found = found_of(declared)
    tables = {name: each for name, each in found.tables.items() if name != OUT}
    hidden = replace(found, tables=tables, complete=frozenset())
    (difference,) = told(compare(declared, hidden, "EESZT_RUNTIME"))
    assert (difference.grade, difference.ddl) == (Grade.WRONG, ())
    assert "or EESZT_RUNTIME has no right on it" in difference.found
    (difference,) = [each for each in told(compare(declared, replace(found, tables=tables), "X")) if each.name == OUT]
    assert difference.ddl[0].startswith(f"CREATE TABLE {OUT} (")


def test_a_table_of_the_his_lacks_a_column_or_is_not_there(tmp_path: Path) -> None:
    over = OutboxTable("MW_VENY", {"recorded_by": "FELHASZNALO"}, over=Overlay(("VENY_ID",), "erecept_feliras"))
    declared = declared_by(scripts(SQL / "oracle" / "source", Site({"interactive": over})))
    assert not declared.tables["MW_VENY"].ours
    found = found_of(declared)
    columns = {name: each for name, each in found.tables["MW_VENY"].columns.items() if name != "EESZT_STATE"}
    tables = {**found.tables, "MW_VENY": FoundTable(columns)}
    (difference,) = told(compare(declared, replace(found, tables=tables), "EESZT_RUNTIME"))
    assert difference.ddl == ("ALTER TABLE MW_VENY ADD (EESZT_STATE VARCHAR2(20 CHAR))",), tmp_path
    without = {name: each for name, each in found.tables.items() if name != "MW_VENY"}
    (difference,) = told(compare(declared, replace(found, tables=without), "EESZT_RUNTIME"))
    assert (difference.found, difference.ddl) == ("there is no such table", ())


CRYPTO = "PLS-00201: identifier 'DBMS_CRYPTO' must be declared"


def test_what_does_not_stand_for_want_of_a_right_of_the_owner_is_told(declared: Declaration) -> None:
    body, context = ("PACKAGE BODY", "EESZT_API"), ("CONTEXT", "EESZT_CTX")
    sound = found_of(declared)
    assert compare_prerequisites(sound, "EESZT").differences == []
    broken = replace(sound, units={**sound.units, body: False}, errors={body: f"line 9: {CRYPTO}"})
    [crypto] = compare_prerequisites(broken, "EESZT").differences
    assert (crypto.ddl, crypto.run_as) == (("GRANT EXECUTE ON SYS.DBMS_CRYPTO TO EESZT",), "DBA")
    assert compare_prerequisites(replace(broken, errors={body: "line 9: PLS-00103"}), "EESZT").differences == []
    without = replace(sound, units={key: each for key, each in sound.units.items() if key != context})
    [missing] = compare_prerequisites(without, "EESZT").differences
    assert missing.ddl == ("GRANT CREATE ANY CONTEXT TO EESZT",)


@pytest.mark.parametrize(
    ("statement", "reason", "expected"),
    [
        ("CREATE OR REPLACE PACKAGE BODY EESZT_API AS", CRYPTO, "GRANT EXECUTE ON SYS.DBMS_CRYPTO TO EESZT"),
        ("CREATE OR REPLACE CONTEXT EESZT_CTX", "ORA-01031: insufficient", "GRANT CREATE ANY CONTEXT TO EESZT"),
        ("CREATE SEQUENCE EESZT_ITEM_SEQ", "ORA-01031: insufficient", "GRANT CREATE SEQUENCE TO EESZT"),
        ("CREATE TABLE X", "ORA-01950: no privileges on tablespace 'U'", "ALTER USER EESZT QUOTA UNLIMITED ON U"),
        ("CREATE TABLE X", "ORA-00955: name is already used", ""),
        ("GRANT SELECT ON X TO Y", "ORA-01917: user or role 'Y' does not exist", ""),
    ],
)
def test_a_script_that_stops_for_a_right_names_the_grant(statement: str, reason: str, expected: str) -> None:
    assert remedy(statement, reason, "EESZT") == expected


def test_a_right_by_a_role_or_on_the_whole_table_counts(declared: Declaration) -> None:
    rights = rights_of(declared)
    less = {each for each in rights.grants if not (each.grantee == "EESZT_RUNTIME" and each.object == OUT)}
    by_role = {Grant("EESZT_ROLE", privilege, OUT) for privilege in ("SELECT", "INSERT", "UPDATE")}
    inherits = {"EESZT_RUNTIME": frozenset({"EESZT_ROLE"})}
    with_role = replace(rights, grants=frozenset(less | by_role), inherits=inherits)
    missing = [
        each for each in told(compare_rights(declared, with_role, "EESZT", "EESZT_RUNTIME")) if "may not" in each.found
    ]
    assert missing == []
    without = replace(rights, grants=frozenset(less))
    names = {each.found.split(" its ")[0] for each in told(compare_rights(declared, without, "EESZT", "EESZT_RUNTIME"))}
    assert names == {f"EESZT_RUNTIME may not {each}" for each in ("SELECT", "INSERT", "UPDATE")}


def test_a_right_that_is_revoked_leaves_those_that_are_declared(declared: Declaration) -> None:
    rights = rights_of(declared)
    more = replace(rights, grants=rights.grants | {Grant("EESZT_RUNTIME", "UPDATE", OUT)})
    (difference,) = told(compare_rights(declared, more, "EESZT", "EESZT_RUNTIME"))
    revoke, again = difference.ddl
    assert revoke == f"REVOKE UPDATE ON {OUT} FROM EESZT_RUNTIME"
    assert again.startswith("GRANT UPDATE (ACTING_USER, ATTEMPTS, ")
    read = replace(
        rights, grants=rights.grants | {Grant("AUDITOR", "SELECT", OUT), Grant("EESZT_RUNTIME", "READ", OUT)}
    )
    assert told(compare_rights(declared, read, "EESZT", "EESZT_RUNTIME")) == [], "others may be let read by a DBA"


@pytest.mark.parametrize(
    ("privilege", "grade"),
    [("UPDATE ANY TABLE", Grade.WRONG), ("UNLIMITED TABLESPACE", Grade.WRONG), ("CREATE TABLE", Grade.LOOK)],
)
def test_a_privilege_beyond_its_work_is_told(declared: Declaration, privilege: str, grade: Grade) -> None:
    rights = replace(rights_of(declared), system={"CREATE SESSION": "", privilege: ""})
    (difference,) = told(compare_rights(declared, rights, "EESZT", "EESZT_RUNTIME"))
    assert (difference.grade, difference.run_as) == (grade, "DBA")
    assert difference.ddl == (f"REVOKE {privilege} FROM EESZT_RUNTIME",)


def test_rights_that_are_not_visible_are_asked_of_a_dba(declared: Declaration) -> None:
    unseen = Rights(frozenset(), frozenset(), None)
    differences = told(compare_rights(declared, unseen, "EESZT", "EESZT_RUNTIME"))
    assert {each.grade for each in differences} == {Grade.UNSEEN}
    assert {each.name for each in differences} == {"EESZT_RUNTIME", "MEDWORKS"}


def test_a_daemon_that_owns_its_tables_is_told(declared: Declaration) -> None:
    (difference,) = told(compare_rights(declared, rights_of(declared), "EESZT", "EESZT"))
    assert difference.grade is Grade.LOOK
    assert "may change and drop everything" in difference.found


@pytest.mark.parametrize(
    ("change", "name", "grade"),
    [
        ({"used_percent": {"USERS": 98.0}}, "USERS", Grade.WRONG),
        ({"used_percent": {"USERS": 90.0}}, "USERS", Grade.LOOK),
        ({"used_percent": None}, "tablespaces", Grade.UNSEEN),
        ({"parameters": None}, "parameters", Grade.UNSEEN),
        ({"parameters": {"undo_retention": "60"}}, "undo_retention", Grade.LOOK),
        ({"parameters": {"compatible": "11.2.0"}}, "compatible", Grade.WRONG),
        ({"version": "12.2.0.1.0"}, "release", Grade.WRONG),
        ({"session_sort": {"NLS_SORT": "HUNGARIAN", "NLS_COMP": "LINGUISTIC"}}, "NLS_SORT", Grade.WRONG),
        ({"database_nls": {"NLS_CHARACTERSET": "EE8ISO8859P2"}}, "NLS_CHARACTERSET", Grade.LOOK),
        ({"clock_s": -3.0}, "clock", Grade.LOOK),
        ({"scripts": None}, "scripts", Grade.WRONG),
    ],
)
def test_what_the_schema_lives_in_is_compared(
    declared: Declaration, change: dict[str, object], name: str, grade: Grade
) -> None:
    around = replace(AROUND, **{"scripts": dict(declared.scripts), **change})  # type: ignore[arg-type]
    (difference,) = told(compare_surroundings(declared, around, [], "EESZT_RUNTIME"))
    assert (difference.name, difference.grade) == (name, grade)


def test_a_clock_that_may_only_seem_wrong_is_not_told(declared: Declaration) -> None:
    around = replace(AROUND, scripts=dict(declared.scripts), clock_s=5.0, clock_within_s=4.0)
    assert told(compare_surroundings(declared, around, [], "EESZT_RUNTIME")) == []


@pytest.mark.parametrize(
    ("steps", "grade"),
    [
        ([Step("SELECT STATEMENT", "", ""), Step("INDEX", "RANGE SCAN", f"{OUT}_DUE")], None),
        ([Step("INDEX", "FULL SCAN", f"{OUT}_DUE"), Step("TABLE ACCESS", "BY INDEX ROWID", OUT)], None),
        ([Step("TABLE ACCESS", "FULL", OUT)], Grade.WRONG),
        ([Step("INDEX", "FAST FULL SCAN", f"{OUT}_DUE")], Grade.WRONG),
        ([Step("INDEX", "UNIQUE SCAN", f"{OUT}_PK")], Grade.LOOK),
        (None, Grade.UNSEEN),
    ],
)
def test_a_plan_comes_by_the_small_index(declared: Declaration, steps: list[Step] | None, grade: Grade | None) -> None:
    around = replace(AROUND, scripts=dict(declared.scripts))
    plan = Planned("query claim", OUT, f"{OUT}_DUE", steps, sql="SELECT 1 FROM DUAL")
    differences = told(compare_surroundings(declared, around, [plan], "EESZT_RUNTIME"))
    assert [each.grade for each in differences] == ([grade] if grade else [])


def test_the_statement_that_mends_quotes_what_is_a_word_of_sql() -> None:
    declared = Declaration(grants={Grant("EESZT_RUNTIME", "UPDATE", "ORDER", each) for each in ("LEVEL", "STATE")})
    seen = Rights(seen_of=frozenset({"EESZT_RUNTIME"}), system={"CREATE SESSION": ""})
    [grants, _] = compare_rights(declared, seen, "EESZT", "EESZT_RUNTIME")
    assert [each.ddl for each in grants.differences] == [('GRANT UPDATE ("LEVEL", STATE) ON "ORDER" TO EESZT_RUNTIME',)]
