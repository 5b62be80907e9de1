"""docs/reference/database.md: the tables and columns that an installation has, and examples that run."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from runner.demo.medworks import MedWorkS
from runner.mapping import load_mappings
from runner.store import OutboxTable
from runner.store.embedded import EmbeddedStore

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reference" / "database.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(EESZT_\w+)` \| ([a-z0-9_ ]+) \| (.+) \|$", re.MULTILINE)
PEOPLE_PAGE = (ROOT / "docs" / "howto" / "fill_people_and_workplaces.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"^ *```sql\n(.+?)^ *```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """An installation with the shipped document types in force, and the example hospital's people."""
    path = tmp_path_factory.mktemp("database") / "medworks.db"
    mappings = load_mappings(ROOT / "mappings", ROOT / "templates", ROOT / "sql" / "sources")
    outboxes = {lane: OutboxTable(each.table, each.columns) for lane, each in mappings.outboxes.items()}
    store = EmbeddedStore(path, outboxes, ROOT / "sql")
    store.install("test")
    store.install_example()
    store.desk.activate([kind.version for kind in mappings.types.values()])
    store.close()
    MedWorkS(path).register_people()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def test_every_table_and_view_stands_there_with_its_columns(database: sqlite3.Connection) -> None:
    names = [
        name
        for (name,) in database.execute(
            "SELECT name FROM sqlite_master WHERE name LIKE 'EESZT\\_%' ESCAPE '\\' AND type IN ('table', 'view')"
        )
    ]
    installed = {
        name: [column[1].lower() for column in database.execute(f"PRAGMA table_info({name})")] for name in names
    }
    on_page: dict[str, list[str]] = {}
    for name, columns, _ in ROW.findall(PAGE):
        on_page[name] = on_page["EESZT_OUT_INTERACTIVE"] if columns == "as above" else columns.split()
    assert on_page == installed


def test_what_medworks_may_write_is_what_the_insert_trigger_leaves_alone() -> None:
    written = re.findall(r"^\| `([a-z_]+)` \| ", PAGE, re.MULTILINE)
    outbox = next(columns for name, columns, _ in ROW.findall(PAGE) if name == "EESZT_OUT_INTERACTIVE").split()
    assert sorted(written) == sorted([*outbox[1 : outbox.index("created_at")], "withdraws"])


def test_the_examples_run(database: sqlite3.Connection) -> None:
    examples = EXAMPLE.findall(PAGE)
    assert len(examples) >= 10
    answers = [database.execute(example).fetchall() for example in examples]
    items = database.execute("SELECT document_type, state, ward_answer FROM EESZT_V_STATUS ORDER BY item_id").fetchall()
    assert items == [
        ("erecept_feliras", "NEW", "WAIT"),
        ("erecept_visszavonas", "NEW", None),
        ("ekat_esemeny", "NEW", None),
    ]
    assert [("NEW", "WAIT", None, None)] in answers


def test_the_guide_to_people_and_workplaces_fills_the_tables(database: sqlite3.Connection) -> None:
    database.executescript("".join(EXAMPLE.findall(PEOPLE_PAGE)))
    places = "SELECT workplace, oth_code, reports FROM EESZT_WORKPLACE WHERE workplace IN ('BEL-AMB', 'IRATTAR')"
    assert sorted(database.execute(places)) == [("BEL-AMB", "013579404", 1), ("IRATTAR", None, 0)]
    who = "SELECT m.his_user, a.role, a.valid_to FROM EESZT_USER_MAP m JOIN EESZT_USER_WORKPLACE a USING (eeszt_user)"
    there = sorted(database.execute(f"{who} WHERE a.workplace = 'BEL-AMB'"))
    assert there == [("kis.aron", "SZAKDOLGOZO", "2030-06-30"), ("varga.eva", "ORVOS", None)]
