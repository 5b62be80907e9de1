"""A site's own names for outboxes and columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.domain.outbox import State, WardAnswer
from runner.errors import StoreError
from runner.store import OutboxTable
from runner.store.embedded import EmbeddedStore
from runner.store.naming import quoted, render
from runner.store.queries import read_blocks
from tests.support.rows import DIGESTS, SQL, TYPES, completion, new_item, request

RENAMED = {
    "interactive": OutboxTable(
        "MW_KULDES",
        {
            "item_id": "SORSZAM",
            "document_type": "TIPUS",
            "state": "ALLAPOT",
            "source_key": "KULCS",
            "recorded_at": "ROGZITVE",
            "ward_answer": "VALASZ",
            "order_key": "REND",
        },
    )
}


def test_a_site_may_name_tables_and_columns(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "x.db", RENAMED, SQL)
    store.install()
    store.desk.activate(TYPES[:2])
    number = store.desk.submit(new_item("erecept_feliras", source_key="9001", order_key="k"))
    [item] = store.outbox.claim("interactive", "t", 10, 30, DIGESTS)
    store.outbox.permit([request(item)])
    store.outbox.complete([completion(item, eeszt_id="SIM-1")])
    found = store.desk.rows("SELECT SORSZAM, KULCS, ALLAPOT, VALASZ FROM MW_KULDES")
    assert found == [{"sorszam": number, "kulcs": "9001", "allapot": State.ACCEPTED, "valasz": WardAnswer.PRINT}]
    assert store.desk.rows("SELECT source_key, barcode FROM EESZT_V_BARCODE") == [
        {"source_key": "9001", "barcode": "SIM-1"}
    ]
    assert store.desk.withdraw(number, "kovacs.anna") is State.ACCEPTED
    assert [each.withdraws for each in store.outbox.claim("interactive", "t", 10, 30, DIGESTS)] == [number]
    store.close()


@pytest.mark.parametrize("name", ["", "1A", "A B", 'A"; DROP TABLE x --', "A" * 31, "ÁRVÍZ", "A'B", "[A]"])
def test_what_is_no_name_is_not_brought_near_a_statement(name: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="RNR-7004"):
        quoted(name, "outboxes.yaml:3")
    with pytest.raises(StoreError, match="RNR-7004"):
        EmbeddedStore(tmp_path / "x.db", {"interactive": OutboxTable(name)}, SQL)
    with pytest.raises(StoreError, match="RNR-7004"):
        EmbeddedStore(tmp_path / "x.db", {"interactive": OutboxTable("A", {"state": name})}, SQL)


def test_names_of_sites_are_quoted_and_logical_ones_are_found() -> None:
    sql = render("SELECT [item_id], [lane] FROM [outbox] WHERE [state] = 'NEW'", "interactive", RENAMED)
    assert sql == """SELECT "SORSZAM", 'interactive' FROM "MW_KULDES" WHERE "ALLAPOT" = 'NEW'"""


def test_every_block_has_one_sentence_and_is_used() -> None:
    code = "".join(path.read_text() for path in (Path(SQL).parent / "runner" / "store").rglob("*.py"))
    for name, text in read_blocks(SQL / "embedded" / "queries.sql").items():
        sentence = text.splitlines()[0]
        assert sentence.startswith("-- "), name
        assert sentence.endswith("."), name
        assert f'"{name}"' in code, name
