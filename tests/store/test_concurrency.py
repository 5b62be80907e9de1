"""Several threads on one database, and processes that are killed."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime

import pytest

from runner.domain.outbox import State
from runner.store.rows import to_text
from tests.support.rows import SQL, Lab, claim, completion, request

pytestmark = pytest.mark.slow

AMOUNT = 2000


def fill(lab: Lab, amount: int) -> None:
    with lab.connect() as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT INTO EESZT_OUT_BACKGROUND (document_type, recorded_by, workplace, recorded_at, order_key)"
            " VALUES ('ekat_esemeny', 'k', 'w', ?, ?)",
            [(to_text(datetime.now(UTC)), f"key-{n % (amount // 4)}") for n in range(amount)],
        )
        connection.execute("COMMIT")


def test_two_threads_bring_every_item_up_once_and_in_order(lab: Lab) -> None:
    fill(lab, AMOUNT)
    claimed: list[int] = []
    guard = threading.Lock()
    start = threading.Barrier(2)

    def work(name: str) -> None:
        start.wait()
        round_number = 0
        while items := claim(lab, limit=50, token=f"{name}-{round_number}"):
            round_number += 1
            answers = lab.store.outbox.permit([request(item) for item in items])
            assert len(answers) == len(items)
            with guard:
                claimed.extend(item.row.item_id for item in items)
            lab.store.outbox.complete([completion(item, eeszt_id=f"SIM-{item.row.item_id}") for item in items])

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    while rest := claim(lab):  # a thread may have found nothing while the other held the last predecessors
        lab.store.outbox.permit([request(item) for item in rest])
        lab.store.outbox.complete([completion(item, eeszt_id=f"SIM-{item.row.item_id}") for item in rest])
        claimed.extend(item.row.item_id for item in rest)
    assert Counter(claimed) == Counter(range(1, AMOUNT + 1))
    assert lab.run("SELECT DISTINCT state FROM EESZT_OUT_BACKGROUND") == [("ACCEPTED",)]
    order: dict[int, list[int]] = {}
    for item in claimed:
        order.setdefault(item % (AMOUNT // 4), []).append(item)
    assert all(items == sorted(items) for items in order.values())


def test_medworks_writes_beside_the_daemon_and_neither_starves(lab: Lab) -> None:
    stop = threading.Event()
    amount = 100

    def daemon() -> None:
        while not stop.is_set():
            items = claim(lab, limit=10)
            lab.store.outbox.permit([request(item) for item in items])
            lab.store.outbox.complete([completion(item, eeszt_id=f"SIM-{item.row.item_id}") for item in items])

    thread = threading.Thread(target=daemon)
    thread.start()
    for _ in range(amount):
        lab.insert()
    stop.set()
    thread.join(30)
    assert lab.run("SELECT count(*) FROM EESZT_OUT_BACKGROUND") == [(amount,)]
    assert lab.run("SELECT count(*) FROM EESZT_OUT_BACKGROUND WHERE state = 'ACCEPTED'")[0][0] > 0


VICTIM = """
import sys
from pathlib import Path
from tests.support.rows import OUTBOXES, SQL, DIGESTS, completion, request
from runner.store.embedded import EmbeddedStore
store = EmbeddedStore(Path(sys.argv[1]), OUTBOXES, SQL)
print("ready", flush=True)
number = 0
while True:
    number += 1
    items = store.outbox.claim("background", f"{sys.argv[2]}-{number}", 7, 0.001, DIGESTS)
    store.outbox.permit([request(item) for item in items])
    store.outbox.complete([completion(item, eeszt_id=f"SIM-{item.row.item_id}") for item in items[1:]])
    store.outbox.sweep("background")
    print(len(items), flush=True)
"""


def test_a_daemon_that_is_killed_at_any_moment_leaves_a_sound_database(lab: Lab) -> None:
    fill(lab, 400)
    for victim in range(6):
        command = [sys.executable, "-c", VICTIM, str(lab.path), f"victim-{victim}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=SQL.parent) as process:
            assert process.stdout is not None
            for _ in range(2 + victim):
                assert process.stdout.readline()
            process.kill()
            process.wait()
        assert lab.run("PRAGMA integrity_check") == [("ok",)]
        assert lab.run("PRAGMA foreign_key_check") == []
    lab.run("UPDATE EESZT_OUT_BACKGROUND SET lease_until = '2026-01-01 00:00:00.000000' WHERE lease_until IS NOT NULL")
    lab.store.outbox.sweep("background")
    assert lab.run("SELECT count(*) FROM EESZT_OUT_BACKGROUND WHERE lease_until IS NOT NULL") == [(0,)]
    states = dict(lab.run("SELECT state, count(*) FROM EESZT_OUT_BACKGROUND GROUP BY state"))
    assert sum(states.values()) == 400
    assert set(states) <= {State.NEW, State.UNKNOWN, State.ACCEPTED, State.PARKED}
    left = "SELECT count(*) FROM EESZT_OUT_BACKGROUND WHERE state IN ('UNKNOWN', 'ACCEPTED')"
    assert lab.run(left) == lab.run("SELECT count(*) FROM EESZT_MESSAGE"), "what left is known, what is known had left"
    unsent = "SELECT count(*) FROM EESZT_OUT_BACKGROUND o JOIN EESZT_MESSAGE m USING (item_id) WHERE o.state = 'NEW'"
    assert lab.run(unsent) == [(0,)]


@pytest.mark.parametrize(
    "block",
    [
        *("claim", "claim_probes", "leases_over", "answers_due", "windows_closed"),
        *("payloads_kept_enough", "documents_kept_enough", "bodies_left", "lane_health", "tally"),
    ],
)
def test_looking_for_work_never_reads_the_whole_history(lab: Lab, block: str) -> None:
    sql = lab.store._database.statements.of("background", block)
    binds = dict.fromkeys(("now", "payload", "payload_to_mend", "document", "since", "until", "day"), "")
    binds |= {"types": "[]", "known": "[]", "final_states": "[]", "limit": 1}  # type: ignore[dict-item]
    plan = [row[3] for row in lab.run("EXPLAIN QUERY PLAN " + sql, binds)]
    own = [step for step in plan if "EESZT_OUT_BACKGROUND" in step or step.startswith(("SCAN o", "SEARCH o"))]
    assert own
    assert all("USING" in step for step in own), plan


def steps(lab: Lab, block: str) -> int:
    """How many thousands of steps SQLite takes for a block."""
    taken = 0

    def count() -> None:
        nonlocal taken
        taken += 1

    longest = dict.fromkeys(("now", "payload", "payload_to_mend", "document"), "2026-01-01 00:00:00.000000")
    with closing(lab.connect()) as connection:
        sql = lab.store._database.statements.of("background", block)
        binds = {**longest, "final_states": "[]", "limit": 500}
        connection.set_progress_handler(count, 1000)
        connection.execute(sql, binds).fetchall()
    return taken


@pytest.mark.parametrize("block", ["payloads_kept_enough", "documents_kept_enough", "bodies_left", "lane_health"])
def test_a_round_of_housekeeping_costs_nothing_however_much_has_ended(lab: Lab, block: str) -> None:
    """What is kept is younger, what is older is forgotten: neither is read again and again."""
    numbers = "WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 20000)"
    lab.run("DROP TRIGGER EESZT_OUT_BACKGROUND_AI")
    for old, payload, document in (
        ("2020-01-01 00:00:00.000000", None, None),
        ("2026-06-01 00:00:00.000000", "{}", "{}"),
    ):
        for table, columns, values in (
            (
                "EESZT_OUT_BACKGROUND",
                "item_id, state, state_at, payload",
                "value + :shift, 'ACCEPTED', :old, :payload",
            ),
            (
                "EESZT_MESSAGE",
                "item_id, message_id, digest, document, acting_user, mapping_version, stored_at, expires_at",
                "value + :shift, value + :shift, '', :document, '', '', :old, :old",
            ),
        ):
            binds = {"old": old, "payload": payload, "document": document, "shift": 0 if payload is None else 20000}
            used = {name: value for name, value in binds.items() if f":{name}" in values}
            lab.run(f"INSERT INTO {table} ({columns}) SELECT {values} FROM ({numbers} SELECT value FROM n)", used)
    assert steps(lab, block) == 0
