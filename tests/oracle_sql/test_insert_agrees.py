"""Both databases make the same of a row that MedWorkS inserts, whatever stands in them."""

from __future__ import annotations

import random
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runner.domain.outbox import State
from runner.store.rows import to_text
from tests.support.oracle import OracleDatabase
from tests.support.rows import OUTBOXES, TYPES, Lab

if TYPE_CHECKING:
    import oracledb

LANE_OF = {each.document_type: each.lane for each in TYPES}
COMPARED = (
    *("document_type", "source_key", "order_key", "priority", "recorded_by", "replaces", "ward_answer", "depends_on"),
    *("needs", "recorder_proof", "login_at_recording", "state", "withdraw_asked_by", "withdraws", "compensation"),
    *("reason_code", "status_text", "rescue_count", "attempts", "probe_count"),
)
IS_SET = ("next_at", "recorded_at", "first_recorded_at", "answer_by", "send_by", "withdraw_asked_at", "sent_at")
NOW = datetime.now(UTC).replace(microsecond=0)


def a_row(chance: random.Random, numbers: list[int]) -> tuple[str, dict[str, Any]]:
    """Give a row as a careless MedWorkS writes it."""
    kind = chance.choice(
        [*LANE_OF, "ekat_esemeny", "ekat_torles", "erecept_feliras", "erecept_visszavonas", "ismeretlen"]
    )
    lane = LANE_OF.get(kind, "background") if chance.random() < 0.8 else chance.choice(list(OUTBOXES))
    row: dict[str, Any] = {
        "document_type": kind,
        "source_key": chance.choice([None, "", "A", "A", "B", "C"]),
        "order_key": chance.choice([None, "", "K", "K", "L"]),
        "recorded_by": chance.choice(["kovacs.anna", "kovacs.anna", "nagy.bela", None]),
        "recorded_at": chance.choice([NOW, NOW, NOW, NOW - timedelta(days=3), None]),
        "first_recorded_at": chance.choice([None, None, NOW - timedelta(days=2)]),
        "priority": chance.choice([None, 10]),
    }
    if numbers and chance.random() < 0.2:
        row["withdraws"] = chance.choice([*numbers, 0, 4711])
    if numbers and chance.random() < 0.2:
        row["replaces"] = chance.choice([*numbers, 4711])
    return lane, row


def a_fate(chance: random.Random) -> dict[str, Any]:
    """Give what may have become of a row meanwhile."""
    return {
        "state": chance.choice([each.value for each in State]),
        "reason_code": chance.choice([None, None, "PREDECESSOR", "DUPLICATE", "DUPLICATE"]),
        "sent_at": chance.choice([None, NOW]),
        "withdraw_asked_at": chance.choice([None, None, NOW]),
        "compensation": chance.choice([None, None, "DUE", "DONE", "FAILED"]),
    }


def insert(connection: oracledb.Connection, lane: str, row: dict[str, Any]) -> int:
    """INSERT a row as MedWorkS does; its number."""
    with connection.cursor() as cursor:
        number = cursor.var(int)
        binds = {name: each.replace(tzinfo=None) if isinstance(each, datetime) else each for name, each in row.items()}
        names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
        cursor.execute(
            f"INSERT INTO {OUTBOXES[lane].table} ({names}) VALUES ({marks}) RETURNING item_id INTO :number",
            {**binds, "number": number},
        )
        connection.commit()
        return int(number.getvalue()[0])


def force(connection: oracledb.Connection, lane: str, item: int, fate: dict[str, Any]) -> None:
    """Put a row into any state, past the state trigger, which leaves unsettled rows alone."""
    table = OUTBOXES[lane].table
    binds = {name: each.replace(tzinfo=None) if isinstance(each, datetime) else each for name, each in fate.items()}
    changes = ", ".join(f"{name} = :{name}" for name in fate)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET unsettled = 0 WHERE item_id = :1", [item])
        cursor.execute(f"UPDATE {table} SET {changes}, unsettled = NULL WHERE item_id = :item", {**binds, "item": item})
    connection.commit()


def of_oracle(connection: oracledb.Connection) -> dict[int, dict[str, Any]]:
    """Give all rows as they are compared."""
    found = {}
    with connection.cursor() as cursor:
        for lane, outbox in OUTBOXES.items():
            cursor.execute(f"SELECT item_id, {', '.join((*COMPARED, *IS_SET))} FROM {outbox.table}")
            for number, *values in cursor.fetchall():
                found[number] = compared(lane, dict(zip((*COMPARED, *IS_SET), values, strict=True)))
    return found


def of_embedded(lab: Lab) -> dict[int, dict[str, Any]]:
    """Give all rows as they are compared."""
    found = {}
    for lane, outbox in OUTBOXES.items():
        for number, *values in lab.run(f"SELECT item_id, {', '.join((*COMPARED, *IS_SET))} FROM {outbox.table}"):
            found[number] = compared(lane, dict(zip((*COMPARED, *IS_SET), values, strict=True)))
    return found


def compared(lane: str, row: dict[str, Any]) -> dict[str, Any]:
    """Give of a row what must be the same: values, and which instants are there."""
    return {"lane": lane, **{name: row[name] for name in COMPARED}, **{name: row[name] is not None for name in IS_SET}}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_both_databases_make_the_same_of_every_row(schema: OracleDatabase, tmp_path: Path, seed: int) -> None:
    chance, lab, lanes = random.Random(seed), Lab(tmp_path), {}
    with closing(schema.connect()) as connection:
        for _ in range(70):
            if lanes and chance.random() < 0.35:
                item, fate = chance.choice(list(lanes)), a_fate(chance)
                lab.force((item, fate))
                force(connection, lanes[item], item, fate)
            else:
                lane, row = a_row(chance, list(lanes))
                item = insert(connection, lane, row)
                texts = {name: to_text(each) if isinstance(each, datetime) else each for name, each in row.items()}
                assert lab.insert(lane=lane, **texts) == item
                lanes[item] = lane
                assert of_oracle(connection) == of_embedded(lab), (seed, item, lane, row)
        heads = "SELECT lane, order_key, last_item, last_original FROM EESZT_ORDER_HEAD WHERE last_item IS NOT NULL"
        assert sorted(schema.run(heads), key=str) == sorted(lab.run(heads), key=str)
    lab.store.close()
