"""SQL as SQLite gets it: lists of constants cost nothing for each row."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

import pytest

from runner.store.embedded.statements import as_comparisons
from tests.support.rows import Lab


@pytest.mark.parametrize("block", ["write_row", "store_message", "mark_permitted", "keep_attempt", "keep_identifier"])
def test_writing_a_row_makes_no_table_for_the_lists_of_indexes_and_checks(lab: Lab, block: str) -> None:
    sql = lab.store._database.statements.of("background", block)
    program = [row[1] for row in lab.run("EXPLAIN " + sql, dict.fromkeys(re.findall(r":(\w+)", sql)))]
    assert "Insert" in program
    assert "OpenEphemeral" not in program


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("o.[state] NOT IN ('A', 'B')", "o.[state] <> 'A' and <> 'B'"),
        ("[outbox].[state] IN ('A',\n  'B') AND x IN (SELECT 1)", "either, and in a table"),
        ("coalesce(o.[state], 'X') IN ('A', 'B')", "no column"),
        ("state IN (:one, :two)", "no constants"),
    ],
)
def test_a_list_of_constants_says_the_same_as_its_comparisons(written: str, said: str) -> None:
    made = as_comparisons(written)
    with closing(sqlite3.connect(":memory:")) as connection:
        for state in ("A", "B", "C", "", None):
            ask = [
                f"WITH [outbox] (state, x) AS (SELECT ?, 1), o AS (SELECT * FROM [outbox]) "
                f"SELECT {each} FROM {'o' if 'o.' in each else '[outbox]'}"
                for each in (written, made)
            ]
            binds = [{"one": "A", "two": "C"}] if ":one" in written else []
            asked = [each.replace("?", f"'{state}'" if state is not None else "NULL") for each in ask]
            before, after = (connection.execute(each, *binds).fetchall() for each in asked)
            assert before == after, said
    assert (made == written) == (said.startswith("no "))
