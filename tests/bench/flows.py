"""What a whole daemon does: service-bound throughput, the wait of a lone item, idleness, memory."""

from __future__ import annotations

import asyncio
import os
import random
import time
from pathlib import Path
from statistics import median

from runner import app
from runner.store.embedded.outbox import EmbeddedOutbox
from tests.bench.daemon import Process, daemon, until
from tests.bench.flow import take
from tests.bench.report import Report, spread
from tests.bench.site import Bench, KeyKind, bench, client_tls, wired

LATENCY_MS = 100
CORES = os.cpu_count() or 1
SETTLE_S = 15.0
"""What a daemon does once after its start is no idleness, and takes longer on a busy machine."""
OPEN = "SELECT count(*) FROM EESZT_OUT_BACKGROUND WHERE state NOT IN ('ACCEPTED', 'INVALID', 'REJECTED', 'PARKED')"
BAD = "SELECT count(*) FROM EESZT_OUT_BACKGROUND WHERE state NOT IN ('NEW', 'CLAIMED', 'SENDING', 'ACCEPTED')"


def throughput(report: Report, folder: Path, *, quick: bool, keys: KeyKind = "p256") -> None:
    """Rows that wait, a peer that takes 100 ms, one daemon with so many senders."""
    rounds, window_s = (1, 3.0) if quick else (3, 6.0)
    with bench(folder, keys, latency_ms=LATENCY_MS) as site:
        alone = asyncio.run(_load(site, site.port, "/ekat", 200, 3.0))
        report.add("the peer alone, 200 connections at 100 ms, no daemon", f"{alone:.0f} answers/s")
        report.add(
            "the simulator alone, which verifies, 8 connections", f"{asyncio.run(_simulator(site)):.0f} answers/s"
        )
        for senders in (20, 50, 200):
            measured = [_rate(site, senders, window_s) for _ in range(rounds)]
            _judge(report, senders, measured)


def _judge(report: Report, senders: int, measured: list[tuple[float, float, float]]) -> None:
    rates = spread(rate for rate, _, _ in measured)
    cpu_ms, late_ms = median(cpu for _, cpu, _ in measured), median(late for _, _, late in measured)
    asked, most = senders * 1000 / LATENCY_MS, 1000 * CORES / cpu_ms
    note = f"; {rates} items/s, CPU {cpu_ms:.2f} ms an item, the peer {late_ms:.1f} ms late"
    if senders == 20:
        report.at_least("20 senders: items/s ÷ (20 / 100 ms)", spread(r / asked for r in rates.values), 0.96, note=note)
    elif senders == 50:
        lesser = min(asked, most)
        what = "50 senders: items/s ÷ lesser of 50 / 100 ms and cores / CPU per item"
        report.at_least(
            what, spread(r / lesser for r in rates.values), 0.90, note=f"; the lesser is {lesser:.0f}/s{note}"
        )
    else:
        busy = rates.middle * cpu_ms / 10
        made_of = f"the daemon keeps {busy:.0f} % of one core busy, most of it under the interpreter's one lock"
        report.add(
            "200 senders: the limit, and what it is made of",
            f"{rates} items/s of {asked:.0f}; CPU {cpu_ms:.2f} ms an item: {made_of}; the peer {late_ms:.1f} ms late",
        )


def _rate(site: Bench, senders: int, window_s: float) -> tuple[float, float, float]:
    """Items/s in the window, the daemon's CPU ms per item, and how late the peer was, ms."""
    site.configure(background={"senders": senders, "batch": max(100, senders), "poll": "100ms"})
    site.empty()
    site.write_due(int((window_s + 5) * min(1500, senders * 10)))
    with daemon(site) as process:
        until(lambda: site.sql("SELECT count(*) FROM EESZT_ATTEMPT")[0][0] > senders, 30)
        time.sleep(1)
        site.told()
        began, cpu_s = time.monotonic(), process.cpu_s()
        time.sleep(window_s)
        seen = site.told()
        took_s, cpu_s = time.monotonic() - began, process.cpu_s() - cpu_s
        assert site.sql(BAD)[0][0] == 0, site.sql("SELECT state, reason_code, count(*) FROM EESZT_V_ITEM GROUP BY 1, 2")
    count = len(seen["arrived"])
    return count / took_s, 1000 * cpu_s / max(1, count), seen["late_ms"]


async def _load(site: Bench, port: int, path: str, connections: int, for_s: float, body: bytes = b"<x/>") -> float:
    """Answers/s of whatever listens there, asked over so many connections at once."""
    tls, answered = client_tls(site.pki), 0
    host = "127.0.0.1"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/soap+xml; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()
    ready, end = asyncio.Barrier(connections), 0.0

    async def ask() -> None:
        nonlocal answered, end
        reader, writer = await asyncio.open_connection(host, port, ssl=tls)
        await ready.wait()
        end = end or time.monotonic() + for_s
        while time.monotonic() < end:
            writer.write(head + body)
            top = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(top.partition(b"content-length: ")[2].partition(b"\r\n")[0]))
            answered += 1
        writer.close()

    await asyncio.gather(*(ask() for _ in range(connections)))
    return answered / for_s


async def _simulator(site: Bench) -> float:
    """Ask the simulator with one signed message again and again; it verifies every one."""
    site.write_events(1)
    with wired(site.settings) as wires:
        (request, _) = take(wires, 1).exchanged[0]
    port = int(site.simulator.addresses["ekat"].rpartition(":")[2].partition("/")[0])
    path = "/" + site.simulator.addresses["ekat"].rpartition(":")[2].partition("/")[2]
    return await _load(site, port, path, 8, 2.0, request)


def idle(report: Report, folder: Path, *, quick: bool) -> None:
    """An item that comes alone; a daemon that has nothing to do."""
    poll_ms, count = 200, 25 if quick else 60
    with bench(folder) as site:
        site.configure(background={"poll": f"{poll_ms}ms", "idle_poll": f"{poll_ms}ms"})
        with daemon(site):
            waits = [wait_ms(site) for _ in range(count + 1)][1:]
        what = f"commit → on the wire, p50 ÷ (0.55 × poll interval of {poll_ms} ms + 10 ms)"
        most = 0.55 * poll_ms + 10
        middle = spread([median(waits) / most])
        report.at_most(
            what, middle, 1.0, note=f"; p50 {median(waits):.0f} ms of at most {most:.0f}, p95 {p95(waits):.0f} ms"
        )
        site.configure()
        first, later = _looks(site)
        what = "an idle lane backs off: looks in its first second, and per second after 6 s"
        report.add(what, f"{first}, then {later:.1f}", "fewer", met=later < first)
        with daemon(site) as process:
            time.sleep(SETTLE_S)
            shares = [share(process, 5.0 if quick else 10.0) for _ in range(1 if quick else 3)]
        report.at_most("CPU of an idle daemon as shipped, 3 lanes", spread(shares), 0.5, "% of one core")


def wait_ms(site: Bench) -> float:
    time.sleep(random.uniform(0.3, 0.7))
    site.told()
    site.write_events(1)
    committed = time.time()
    until(lambda: not site.sql(OPEN)[0][0], 10)
    return (site.told()["arrived"][0] - committed) * 1000


def p95(values: list[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]


def _looks(site: Bench) -> tuple[int, float]:
    """Count the looks of the background lane while nothing is there."""
    looks: list[float] = []
    look = EmbeddedOutbox.look

    def counted(self: EmbeddedOutbox, lane: str, *more: object) -> object:
        if lane == "background":
            looks.append(time.monotonic())
        return look(self, lane, *more)  # type: ignore[arg-type]

    EmbeddedOutbox.look = counted  # type: ignore[method-assign,assignment]
    try:
        with app.running(site.settings):
            began = time.monotonic()
            time.sleep(9)
    finally:
        EmbeddedOutbox.look = look  # type: ignore[method-assign]
    first = sum(at < began + 1 for at in looks)
    later = sum(began + 6 <= at < began + 9 for at in looks) / 3
    return first, later


def share(process: Process, for_s: float) -> float:
    began, cpu_s = time.monotonic(), process.cpu_s()
    time.sleep(for_s)
    return 100 * (process.cpu_s() - cpu_s) / (time.monotonic() - began)


def memory(report: Report, folder: Path, *, quick: bool) -> None:
    """Many items as fast as they go, then some more."""
    many, more, longest_s = (5_000, 1_000, 40.0) if quick else (100_000, 10_000, 220.0)
    with bench(folder) as site:
        site.configure(background={"senders": 8, "batch": 100, "poll": "100ms"})
        site.write_events(many + more)
        with daemon(site) as process:
            began, count = time.monotonic(), 0
            while count < many and time.monotonic() < began + longest_s:
                time.sleep(0.05)
                count = _tried(site)
            rate, first = count / (time.monotonic() - began), process.resident_mb()
            end, later = time.monotonic() + longest_s / 2, count
            while later < count + more and time.monotonic() < end:
                time.sleep(0.05)
                later = _tried(site)
            growth = process.resident_mb() - first
    report.add("items/s of one daemon against a peer that takes no time, 8 senders", f"{rate:.0f}")
    cut = "" if count >= many else f"; not {many:,}: after {longest_s:.0f} s it was cut"
    report.at_most(f"resident memory after {count:,} items", spread([first]), 150, "MB", note=cut)
    report.at_most(f"growth over the next {later - count:,}", spread([growth]), 2, "MB")


def _tried(site: Bench) -> int:
    return int(site.sql("SELECT coalesce(max(attempt_id), 0) FROM EESZT_ATTEMPT")[0][0])
