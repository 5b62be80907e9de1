"""Queries beside other work: what the runner adds to a query, what a backlog and a large document cost it."""

from __future__ import annotations

import hashlib
import json
import os
import random
import secrets
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from runner.demo.people import BELGYOGYASZAT, KOVACS, PATIENTS
from tests.bench.daemon import Process, daemon, until
from tests.bench.report import Report, spread
from tests.bench.site import RECORDER, Bench, bench, peer

LATENCY_MS = 100
POLL_MS = 2
LARGE = 10_000_000
NOTICED_MS = 100
"""What a person waits without noticing it (Nielsen, Usability Engineering, 1993); B12 names no figure."""
QUERY = (
    "INSERT INTO EESZT_OUT_QUERY (document_type, order_key, recorded_by, workplace, recorded_at, payload) "
    "VALUES ('ebeutalo_lekerdezes', ?, ?, ?, ?, ?)"
)
UPLOAD = (
    "INSERT INTO EESZT_OUT_BACKGROUND (document_type, source_key, order_key, recorded_by, workplace, recorded_at) "
    "VALUES ('ehr_feltoltes', ?, ?, ?, ?, ?)"
)
EVENTS_UP = "SELECT count(*) FROM EESZT_OUT_BACKGROUND WHERE document_type = 'ekat_esemeny' AND state = 'ACCEPTED'"
EVENTS_OPEN = "SELECT count(*) FROM EESZT_OUT_BACKGROUND WHERE state = 'NEW'"
ENDED = "SELECT state FROM EESZT_OUT_BACKGROUND WHERE item_id = ?"


def documents(report: Report, folder: Path, *, quick: bool) -> None:
    """A query that comes alone, a document that comes alone, and queries while documents or many events go."""
    count, rounds = (25, 6) if quick else (80, 20)
    with (
        bench(folder, latency_ms=LATENCY_MS) as site,
        peer(site.pki, LATENCY_MS) as apart,
        peer(site.pki) as at_once,
    ):
        lane = {"poll": f"{POLL_MS}ms", "idle_poll": f"{POLL_MS}ms"}
        site.configure(query=lane, background=lane)
        # documents and events go to peers of their own, or queries would wait for them rather than for the runner
        text = site.settings.read_text(encoding="utf-8")
        text = text.replace(f"{site.port}/ehr", f"{apart}/ehr").replace(f"{site.port}/ekat", f"{at_once}/ekat")
        site.settings.write_text(text, encoding="utf-8")
        with daemon(site) as process, closing(site.connected()) as connection:
            alone = [_query_ms(connection) for _ in range(count + 3)][3:]
            over = [took - LATENCY_MS for took in alone]
            what = f"query, row written → answer readable, less the service's {LATENCY_MS} ms, p50"
            note = f"; p95 {_at(over, 0.95):.1f} ms; half a poll of {POLL_MS} ms is in it"
            report.at_most(what, spread([median(over)]), 15, "ms", note=note)
            _memory(report, site, process, quick=quick)
            beside = [took for _ in range(rounds) for took in _beside(site, connection)]
            alone = [_query_ms(connection) for _ in range(len(beside))]
            late = [sorted(beside)[n] - sorted(alone)[n] for n in range(len(beside))]
            what = "delay of a query while a document of 10 MB goes, p50 of the whole distribution less that alone"
            note = f"; p95 {_at(late, 0.95):.1f} ms, of {len(beside)} queries beside {rounds} documents"
            report.at_most(what, spread([median(late)]), 20, "ms", note=note)
            _backlog(report, site, connection, count)


def _backlog(report: Report, site: Bench, connection: sqlite3.Connection, count: int) -> None:
    """Queries while the background lane, as shipped, sends as fast as it can."""
    alone = [_query_ms(connection) for _ in range(count)]
    before = site.sql(EVENTS_UP)[0][0]
    site.write_due(150 * count)
    until(lambda: site.sql(EVENTS_UP)[0][0] > before + 50, 30)
    began, sent = time.monotonic(), site.sql(EVENTS_UP)[0][0]
    beside = [_query_ms(connection) for _ in range(count)]
    rate = (site.sql(EVENTS_UP)[0][0] - sent) / (time.monotonic() - began)
    assert site.sql(EVENTS_OPEN)[0][0] > 0, "the backlog was too short for the queries"
    late = [sorted(beside)[n] - sorted(alone)[n] for n in range(count)]
    what = "delay of a query while a backlog of events goes, p50 of the whole distribution less that alone"
    note = f"; p95 {_at(late, 0.95):.1f} ms, of {count} queries beside {rate:.0f} events/s"
    report.at_most(what, spread([median(late)]), NOTICED_MS, "ms", note=note)


def _memory(report: Report, site: Bench, process: Process, *, quick: bool) -> None:
    """The most that is resident while a document goes, over what was resident before it."""
    _gone(site, _upload(site, os.urandom(100_000)))
    added = []
    for _ in range(2 if quick else 5):
        before = process.resident_mb()
        process.forget_peak()
        _gone(site, _upload(site, os.urandom(LARGE)))
        added.append(process.peak_mb() - before)
    report.at_most("resident memory that a document of 10 MB adds at its peak", spread(added), 60, "MB")


def _beside(site: Bench, connection: sqlite3.Connection) -> list[float]:
    """Ask as long as a document is on its way; how long each query took."""
    item, took = _upload(site, os.urandom(LARGE)), []
    time.sleep(random.uniform(0, 0.1))
    while site.sql(ENDED, item)[0][0] != "ACCEPTED":
        took.append(_query_ms(connection))
    return took


def _query_ms(connection: sqlite3.Connection) -> float:
    """Write a query as MedWorkS does; how long until its answer can be read."""
    now, payload = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}", json.dumps({"TAJ": PATIENTS[0].taj})
    began = time.perf_counter()
    cursor = connection.execute(QUERY, (f"q-{secrets.token_hex(6)}", RECORDER, BELGYOGYASZAT, now, payload))
    end = began + 10
    while not connection.execute("SELECT 1 FROM EESZT_RESULT WHERE item_id = ?", (cursor.lastrowid,)).fetchone():
        if time.perf_counter() > end:
            said = connection.execute("SELECT * FROM EESZT_V_STATUS WHERE item_id = ?", (cursor.lastrowid,)).fetchone()
            raise TimeoutError(str(said))
        time.sleep(0.001)
    return (time.perf_counter() - began) * 1000


def _upload(site: Bench, content: bytes) -> int:
    """Write a file and its outbox row as MedWorkS does; its item."""
    now = datetime.now(UTC)
    patient = PATIENTS[0]
    row = {
        "TAJ": patient.taj,
        "NEV": patient.name,
        "SZUL_DATUM": patient.born,
        "OTH_KOD": "013579101",
        "SZERZO_NEV": KOVACS.name,
        "FAJTA": "LABOR",
        "NAPLOSORSZAM": f"{now:%Y}/1",
        "KESZULT": f"{now:%Y-%m-%d} 00:00:00",
        "MEDIA_TIPUS": "application/pdf",
        "TARTALOM": content,
        "LENYOMAT": hashlib.sha256(content).hexdigest(),
    }
    with closing(site.connected()) as connection:
        marks = ", ".join("?" * len(row))
        cursor = connection.execute(f"INSERT INTO MW_DOKUMENTUM ({', '.join(row)}) VALUES ({marks})", [*row.values()])
        number = str(cursor.lastrowid)
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")  # or the next commit, a query's, would pay for this write
        written = (number, f"dok-{number}", RECORDER, BELGYOGYASZAT, f"{now:%Y-%m-%d %H:%M:%S.%f}")
        item = connection.execute(UPLOAD, written).lastrowid
    assert item is not None
    return item


def _gone(site: Bench, item: int) -> None:
    until(lambda: site.sql(ENDED, item)[0][0] not in {"NEW", "CLAIMED", "SENDING"}, 30)
    ((state, why),) = site.sql("SELECT state, reason_code FROM EESZT_OUT_BACKGROUND WHERE item_id = ?", item)
    assert state == "ACCEPTED", (state, why)


def _at(values: list[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))]
