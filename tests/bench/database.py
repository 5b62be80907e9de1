"""The embedded database: commits per item, and a long history under churn."""

from __future__ import annotations

import hashlib
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from runner import app
from runner.domain.outbox import Waits
from runner.domain.outcome import Ending, Outcome
from runner.ports import Completion, PermitRequest, Permitted
from runner.store.embedded.connection import Connections
from tests.bench.daemon import until
from tests.bench.flow import take
from tests.bench.report import Report, spread
from tests.bench.site import Bench, bench, wired

BATCH = 100
BODY = b"<x>" + b"y" * 900 + b"</x>"
ITEM_TABLES = ("EESZT_OUT_", "EESZT_MESSAGE", "EESZT_ATTEMPT", "EESZT_IDENTIFIER")


@contextmanager
def traced() -> Iterator[list[list[str]]]:
    """Collect the statements of every transaction that changes an item, of all connections opened meanwhile."""
    transactions: list[list[str]] = []
    open_: list[str] = []
    connect = Connections._connect

    def note(sql: str) -> None:
        if sql.startswith("BEGIN"):
            open_.clear()
        elif sql == "COMMIT":
            if any(word in each for each in open_ for word in ITEM_TABLES if not each.startswith("SELECT")):
                transactions.append(list(open_))
            open_.clear()
        elif plain := "\n".join(line for line in sql.splitlines() if not line.startswith("--")):
            open_.append(plain)  # what a trigger does is told as a comment

    def watched(self: Connections) -> sqlite3.Connection:
        connection = connect(self)
        connection.set_trace_callback(note)
        return connection

    Connections._connect = watched  # type: ignore[method-assign]
    try:
        yield transactions
    finally:
        Connections._connect = connect  # type: ignore[method-assign]


def commits(report: Report, folder: Path) -> None:
    """Count transactions, not time."""
    with bench(folder) as site, traced() as transactions:
        site.write_events(BATCH)
        with wired(site.settings) as wires:
            transactions.clear()
            take(wires, BATCH)
            bulk = len(transactions)
            statements = sum(len(each) for each in transactions)
        report.add(
            "commits per 100 items claimed, permitted and completed",
            f"{bulk}, {statements / BATCH:.1f} statements an item",
            "≤ 3",
            met=bulk <= 3,
        )
        with app.running(site.settings):
            until(lambda: site.sql("SELECT count(*) FROM EESZT_RUNNER")[0][0] >= 3, 30)
            transactions.clear()
            site.write_events(1)
            ended = "SELECT count(*) FROM EESZT_OUT_BACKGROUND WHERE state = 'ACCEPTED'"
            until(lambda: site.sql(ended)[0][0] == BATCH + 1, 10)
            alone = len(transactions)
        report.add("commits of one item alone through the whole daemon", str(alone), "≤ 3", met=alone <= 3)


HISTORY = """
CREATE TEMP TABLE n AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many) SELECT i FROM n;
INSERT INTO EESZT_OUT_BACKGROUND (item_id, document_type, source_key, order_key, priority, recorded_by, workplace,
  recorded_at, payload, created_at, needs, recorder_proof, login_at_recording, state, state_at, attempts, sent_at,
  mapping_version, message_id, acting_user, status_text)
SELECT i, 'ekat_esemeny', 'old-' || i, 'old-' || i, 100, 'labor.laszlo', '013579101', :at, :payload, :at, 'FINAL',
  'ASSERTED', 'NONE', 'ACCEPTED', :at, 1, :at, 'old', 'urn:old:' || i, 'TECHNIKAI-013579', 'Az EESZT befogadta.' FROM n;
INSERT INTO EESZT_MESSAGE (item_id, message_id, digest, document, acting_user, mapping_version, stored_at, expires_at,
  purged_at) SELECT i, 'urn:old:' || i, 'old', :payload, 'TECHNIKAI-013579', 'old', :at, :at, :at FROM n;
INSERT INTO EESZT_ATTEMPT (item_id, kind, ended_at, took_ms, ending, acting_user, verdict)
SELECT i, 'SEND', :at, 100, 'ACCEPTED', 'TECHNIKAI-013579', 'DONE' FROM n;
INSERT INTO EESZT_IDENTIFIER (name, value, item_id, is_second, kept_at)
SELECT 'eeszt_id', printf('OLD%012d', i), i, 0, :at FROM n;
INSERT INTO EESZT_ORDER_HEAD (lane, order_key, last_item, last_original) SELECT 'background', 'old-' || i, i, i FROM n;
UPDATE EESZT_SEQUENCE SET last_id = :many WHERE name = 'item';
UPDATE sqlite_sequence SET seq = :many WHERE name LIKE 'EESZT_OUT_%';
DROP TABLE n
"""


def write_history(site: Bench, many: int) -> float:
    """Write so many finished rows with all that belongs to them in one transaction, without triggers; seconds."""
    began = time.monotonic()
    binds = {"many": many, "at": "2026-01-01 08:00:00.000000", "payload": '{"TAJ":"032154780","NEV":"Teszt"}'}
    with closing(sqlite3.connect(site.database, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size = -400000")
        connection.execute("BEGIN IMMEDIATE")
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in HISTORY.split(";"):
            names = [name for name in binds if f":{name}" in statement]
            connection.execute(statement, {name: binds[name] for name in names})
        for _, sql in triggers:
            connection.execute(sql)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return time.monotonic() - began


def history(report: Report, folder: Path, *, quick: bool) -> None:
    """The same churn on an empty database and on one with a history, in turn."""
    many, rounds = (100_000, 16) if quick else (1_000_000, 40)
    for name in ("small", "large"):
        (folder / name).mkdir()
    with bench(folder / "small") as small, bench(folder / "large") as large:
        took_s = write_history(large, many)
        with app.opened_store(small.settings) as empty, app.opened_store(large.settings) as full:
            ratios = []
            for turn in range(rounds + 2):
                pair = [(small, empty), (large, full)]
                times = {id(site): churn(site, store) for site, store in (pair if turn % 2 else reversed(pair))}
                ratios.append(times[id(small)] / times[id(large)])
    note = f"; history written in {took_s:.0f} s"
    report.at_least(
        f"speed over a history of {many:,} finished rows ÷ over none, with churn", spread(ratios[2:]), 0.9, note=note
    )


def churn(site: Bench, store: Any, count: int = BATCH) -> float:
    """New rows come, are claimed, permitted and completed, and the lane is swept; seconds without the writing."""
    site.write_events(count)
    began, token = time.perf_counter(), uuid.uuid4().hex
    types = {version.document_type: version.digest for version in store.desk.active()}
    items = store.outbox.claim("background", token, count, 60.0, types)
    assert len(items) == count
    answers = store.outbox.permit([_request(item, token) for item in items])
    assert all(isinstance(each, Permitted) for each in answers.values())
    store.outbox.complete([_completion(item, token) for item in items])
    store.outbox.sweep("background")
    store.outbox.next_due_s("background")
    return time.perf_counter() - began


def _request(item: Any, token: str) -> PermitRequest:
    return PermitRequest(item, token, uuid.uuid4().urn, BODY, "{}", "TECHNIKAI-013579", "version", 60.0)


def _completion(item: Any, token: str) -> Completion:
    receipt = {"eeszt_id": "NEW" + hashlib.sha256(uuid.uuid4().bytes).hexdigest()[:20]}
    outcome = Outcome(Ending.ACCEPTED, None, "Az EESZT befogadta.", receipt=receipt)
    return Completion("background", item.row.item_id, token, outcome, Waits(), "SEND", 0.1, "TECHNIKAI-013579")
