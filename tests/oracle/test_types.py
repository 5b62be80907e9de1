"""The page of Oracle's types says what a database gives."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime

from runner.domain.outbox import Row, State
from runner.ports import Item
from tests.support.oracle import RUNTIME, OracleDatabase
from tests.support.oracle_schema import ROOT, open_store

sys.path.insert(0, str(ROOT / "docs"))
from oracle_types import ROWS


def test_each_row_of_the_table_is_what_a_source_query_gives(oracle: OracleDatabase) -> None:
    now = datetime.now(UTC)
    item = Item("query", Row(1, State.CLAIMED), "x", "y", "z", now, now)
    found: dict[str, object] = {}
    with closing(open_store(oracle, RUNTIME)) as store:
        for name, sql, *_ in ROWS:
            (row,) = store.outbox.read_source(f"SELECT {sql} AS VALUE FROM DUAL", item)
            assert isinstance(row, Mapping)
            found[name] = row["VALUE"]
    assert found == {name: value for name, _, value, *_ in ROWS}
