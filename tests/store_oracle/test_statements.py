"""The statements on Oracle: what its own parser refuses and orawire's may not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from runner.store.oracle.statements import Statements
from runner.store.queries import read_blocks
from tests.support.rows import OUTBOXES, SQL

# fmt: off
RESERVED = {
    "access", "add", "all", "alter", "and", "any", "as", "asc", "audit", "between", "by", "char", "check",
    "cluster", "column", "comment", "compress", "connect", "create", "current", "date", "decimal", "default",
    "delete", "desc", "distinct", "drop", "else", "exclusive", "exists", "file", "float", "for", "from", "grant",
    "group", "having", "identified", "immediate", "in", "increment", "index", "initial", "insert", "integer",
    "intersect", "into", "is", "level", "like", "lock", "long", "maxextents", "minus", "mlslabel", "mode",
    "modify", "noaudit", "nocompress", "not", "nowait", "null", "number", "of", "offline", "on", "online",
    "option", "or", "order", "pctfree", "prior", "public", "raw", "rename", "resource", "revoke", "row", "rowid",
    "rownum", "rows", "select", "session", "set", "share", "size", "smallint", "start", "successful", "synonym",
    "sysdate", "table", "then", "to", "trigger", "uid", "union", "unique", "update", "user", "validate", "values",
    "varchar", "varchar2", "view", "whenever", "where", "with",
}
# fmt: on
"""Oracle's reserved words: a bind of such a name is ORA-01745, a column ORA-00904."""

STATEMENTS = Statements(SQL / "oracle", OUTBOXES)
PARTS = {"row_columns", "due_rows", "probe_rows"}
BLOCKS = read_blocks(SQL / "oracle" / "queries.sql")
WHOLE = sorted(set(BLOCKS) - PARTS)


@pytest.mark.parametrize("name", WHOLE)
def test_no_bind_and_no_column_is_a_word_of_oracles(name: str) -> None:
    statement = STATEMENTS.of("background", name)
    assert set(statement.binds) & RESERVED == set()
    aliases = re.findall(r"\bAS ([a-z_0-9]+)\b", statement.sql)
    assert {alias for alias in aliases if not alias.startswith("timestamp")} & RESERVED == set()


@pytest.mark.parametrize("name", WHOLE)
def test_a_statement_is_one_as_the_driver_takes_it(name: str) -> None:
    sql = STATEMENTS.of("background", name).sql
    assert "[" not in re.sub(r"'[^']*'", "", sql)
    assert not sql.rstrip().endswith(";")
    assert "FETCH FIRST" not in sql or "FOR UPDATE" not in sql
    assert "ROWNUM" not in sql


def test_every_block_has_one_sentence_and_is_used() -> None:
    code = "".join(path.read_text() for path in (Path(SQL).parent / "runner" / "store").rglob("*.py"))
    package = (SQL / "oracle" / "source" / "package.sql").read_text()
    for name, text in BLOCKS.items():
        sentence = text.splitlines()[0]
        assert sentence.startswith("-- "), name
        assert any(line.rstrip().endswith(".") for line in text.splitlines() if line.startswith("-- ")), name
        is_part = any(f"[block {name}]" in other for other in BLOCKS.values())
        assert is_part or f'"{name}"' in code or f"[query {name}]" in package, name


def test_what_locks_waits_for_nothing() -> None:
    for name in WHOLE:
        locks = re.findall(r"FOR UPDATE.*", STATEMENTS.of("background", name).sql)
        assert all(re.search(r"SKIP LOCKED|NOWAIT|WAIT 5$", lock) for lock in locks), name
