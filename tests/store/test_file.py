"""What is particular to the embedded database: its one lock, its file, values of any kind in any column."""

from __future__ import annotations

import pytest

from runner.errors import StoreError
from tests.contract.test_keeping import DAY_S, PAYLOAD, forget
from tests.support.rows import OUTBOXES, Lab, accepted, claim


def test_the_driver_tells_the_number_of_a_row_by_returning_too(lab: Lab) -> None:
    lab.insert("erecept_feliras")
    table = OUTBOXES["background"].table
    sql = f"INSERT INTO {table} (document_type, recorded_at) VALUES ('x', '2026-01-01') RETURNING item_id"
    assert lab.run(sql) == [(2,)]


def test_a_round_without_anything_to_forget_takes_no_lock(lab: Lab) -> None:
    accepted(lab, lab.insert(payload=PAYLOAD), "SIM-1")
    other = lab.connect()
    other.execute("BEGIN IMMEDIATE")
    assert forget(lab) == {}
    other.execute("ROLLBACK")
    other.close()


@pytest.mark.parametrize("length", [40, 20_000])
def test_what_is_forgotten_does_not_stay_in_the_file(lab: Lab, length: int) -> None:
    mark = "Tundermarker"
    item = lab.insert(payload=f'{{"NEV": "{mark * (length // len(mark))}"}}')
    accepted(lab, item, "SIM-1")
    lab.run("PRAGMA wal_checkpoint(TRUNCATE)")
    assert mark.encode() in lab.path.read_bytes()
    lab.travel(item, 31 * DAY_S)
    forget(lab)
    lab.run("PRAGMA wal_checkpoint(TRUNCATE)")
    assert mark.encode() not in lab.path.read_bytes()


def test_a_value_that_is_no_text_is_read_as_what_no_message_may_hold(lab: Lab) -> None:
    lab.run("INSERT INTO MW_VENY (VENY_ID, NEV) VALUES (1, CAST(x'4A6C6F6EFF' AS TEXT))")
    lab.insert("erecept_feliras")
    [item] = claim(lab, "interactive")
    assert lab.store.outbox.read_source("SELECT NEV FROM MW_VENY", item) == [{"NEV": "Jlon\udcff"}]


def test_what_the_database_says_of_a_value_does_not_quote_it(lab: Lab) -> None:
    lab.run("INSERT INTO MW_VENY (VENY_ID, NEV) VALUES (1, 'Jlon')")
    lab.insert("erecept_feliras")
    [item] = claim(lab, "interactive")
    with pytest.raises(StoreError, match="JSON path") as caught:
        lab.store.outbox.read_source("SELECT json_extract('{}', NEV) FROM MW_VENY", item)
    assert "Jlon" not in str(caught.value)


def test_a_time_may_be_written_with_its_own_offset(lab: Lab) -> None:
    item = lab.insert(recorded_at="2026-07-01T12:00:00+02:00", first_recorded_at="2026-01-02T09:30:00+01:00")
    assert lab.record(item)["send_by"] == "2026-01-03 08:30:00.000000"
    assert lab.run("SELECT recorded_at FROM EESZT_V_STATUS") == [("2026-07-01 12:00:00",)]
