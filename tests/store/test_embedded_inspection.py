"""The embedded database compared with what an installation makes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from runner.errors import StoreError
from runner.ports import Grade, SqlKind
from runner.store.embedded import EmbeddedStore
from tests.support.rows import OUTBOXES, SQL

Run = Callable[[str], None]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    with closing(EmbeddedStore(tmp_path / "e.db", OUTBOXES, SQL)) as opened:
        opened.install()
        opened.install_example()
        yield opened


@pytest.fixture
def run(store: EmbeddedStore, tmp_path: Path) -> Run:
    def execute(statement: str) -> None:
        with closing(sqlite3.connect(tmp_path / "e.db", isolation_level=None)) as connection:
            connection.execute(statement)

    return execute


def differences(store: EmbeddedStore) -> dict[str, tuple[Grade, str, tuple[str, ...]]]:
    return {each.name: (each.grade, each.found, each.ddl) for area in store.inspect() for each in area.differences}


def test_a_fresh_installation_is_as_it_is_made(store: EmbeddedStore) -> None:
    assert differences(store) == {}


@pytest.mark.parametrize(
    ("statement", "name", "text"),
    [
        ("DROP INDEX EESZT_OUT_QUERY_DUE", "EESZT_OUT_QUERY_DUE", "the index is missing"),
        ("DROP TRIGGER EESZT_OUT_QUERY_BU", "EESZT_OUT_QUERY_BU", "the trigger is missing"),
        ("DROP VIEW EESZT_V_SERVICE", "EESZT_V_SERVICE", "the view is missing"),
    ],
)
def test_what_is_missing_is_told_and_mended(
    store: EmbeddedStore, run: Run, statement: str, name: str, text: str
) -> None:
    if name.endswith("_BU"):
        name = next(each for each in triggers(store) if "QUERY" in each)
        statement = f"DROP TRIGGER {name}"
    run(statement)
    grade, found, ddl = differences(store)[name]
    assert (grade, found) == (Grade.WRONG, text)
    for each in ddl:
        run(each)
    assert differences(store) == {}


def test_another_text_and_a_trigger_of_somebody_else_are_told(store: EmbeddedStore, run: Run) -> None:
    run("DROP VIEW EESZT_V_SERVICE")
    run("CREATE VIEW EESZT_V_SERVICE AS SELECT 'erecept' AS service, 'UP' AS state, NULL AS since")
    run("CREATE TRIGGER SITE_WATCH AFTER UPDATE ON EESZT_OUT_QUERY BEGIN SELECT 1; END")
    run("ALTER TABLE EESZT_DAY DROP COLUMN paper")
    told = differences(store)
    assert told["EESZT_V_SERVICE"][:2] == (Grade.WRONG, "the view is not this release's")
    assert told["SITE_WATCH"][0] is Grade.LOOK
    assert told["EESZT_DAY.PAPER"][:2] == (Grade.WRONG, "the column is missing")


def test_names_of_queries_and_tables_are_known(store: EmbeddedStore) -> None:
    columns = store.shapes.of_query("SELECT v.VENY_ID, v.NEV AS nev FROM MW_VENY v WHERE v.VENY_ID = :source_key;")
    assert [(each.name, each.kind) for each in columns] == [("VENY_ID", SqlKind.UNKNOWN), ("NEV", SqlKind.UNKNOWN)]
    assert "EESZT_VONALKOD" in {each.name for each in store.shapes.of_table("MW_VENY")}
    assert list(store.shapes.of_table("MW_NOTHING")) == []
    with pytest.raises(StoreError, match="RNR-7551"):
        store.shapes.of_query("SELECT nothing FROM nowhere")


def triggers(store: EmbeddedStore) -> list[str]:
    return [str(row["name"]) for row in store.desk.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
