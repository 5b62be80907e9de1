"""What whole daemons do on Oracle: the limit, a far database, several daemons, and what an idle one asks."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from runner import app
from runner.demo.people import BELGYOGYASZAT, PATIENTS
from tests.bench.daemon import Process, daemon, until
from tests.bench.documents import EVENTS_UP, NOTICED_MS, QUERY
from tests.bench.flows import BAD, LATENCY_MS, SETTLE_S, p95, share, wait_ms
from tests.bench.oracle_site import OracleBench, oracle_bench
from tests.bench.oracle_traffic import FAR_S, tallied
from tests.bench.report import Report, spread
from tests.bench.site import RECORDER, peer
from tests.support.oracle import Orawire

TWICE = "SELECT COUNT(*) - COUNT(DISTINCT item_id) FROM EESZT_ATTEMPT"
SLOW_MS = 400
"""What the service takes for several daemons: four of them, the peer and both servers must fit on two cores."""

ANSWERED = """
SELECT 1 FROM EESZT_RESULT r JOIN EESZT_OUT_QUERY q ON q.item_id = r.item_id WHERE q.order_key = ?
"""
LANE = "the interactive lane as shipped"


@dataclass(frozen=True)
class Measured:
    """
    A window of daemons at work.

    Attributes:
        rate: Items/s, as the peer saw them come.
        cpu_ms: CPU time of the daemons per item.
        server_ms: CPU time of the database server's own process per item, where it is orawire's; else 0.
        late_ms: How late the peer was.
        shares: Daemon → its share of the items.
    """

    rate: float
    cpu_ms: float
    server_ms: float
    late_ms: float
    shares: tuple[float, ...]


@contextmanager
def _daemons(site: OracleBench, count: int, **lanes: object) -> Iterator[list[Process]]:
    with ExitStack() as stack:
        running = []
        for number in range(1, count + 1):
            site.configure_more(f"d{number}", **lanes)
            running.append(stack.enter_context(daemon(site, 3 * number)))
        yield running


def _measured(site: OracleBench, window_s: float, count: int, senders: int) -> Measured:
    """Let so many daemons work on rows that wait, and look at a window in the middle."""
    lanes = {"background": {"senders": senders, "batch": max(100, senders), "poll": "100ms"}}
    site.name = "bench"
    site.configure(**lanes)
    site.empty()
    site.write_due(int((window_s + 6) * min(600, count * senders * 10)))
    with _daemons(site, count, **lanes) as running:
        until(lambda: site.sql("SELECT count(*) FROM EESZT_ATTEMPT")[0][0] > count * senders, 60)
        time.sleep(1)
        site.told()
        [(before,)] = site.sql("SELECT MAX(attempt_id) FROM EESZT_ATTEMPT")
        began, cpu_s, server_s = time.monotonic(), _cpu_s(running), _server_s(site)
        time.sleep(window_s)
        seen = site.told()
        took_s, cpu_s, server_s = time.monotonic() - began, _cpu_s(running) - cpu_s, _server_s(site) - server_s
        chains = site.sql("SELECT audit_chain FROM EESZT_ATTEMPT WHERE attempt_id > ?", before)
        assert site.sql(BAD)[0][0] == 0, site.sql("SELECT state, reason_code, count(*) FROM EESZT_V_ITEM GROUP BY 1, 2")
    assert site.sql(TWICE)[0][0] == 0, "an item was sent twice"
    sent = Counter(re.sub(r"[^a-z0-9].*", "", chain) for (chain,) in chains)
    items = max(1, len(seen["arrived"]))
    shares = tuple(number / sent.total() for number in sent.values())
    return Measured(items / took_s, 1000 * cpu_s / items, 1000 * server_s / items, seen["late_ms"], shares)


def _cpu_s(running: list[Process]) -> float:
    return sum(each.cpu_s() for each in running)


def _server_s(site: OracleBench) -> float:
    return site.server.cpu_s() if isinstance(site.server, Orawire) else 0.0


def distance(report: Report, folder: Path, *, quick: bool) -> None:
    """One daemon, the database near and 3 ms away, in turn, with as many messages in flight; then 200 of them."""
    rounds, window_s = (1, 3.0) if quick else (3, 6.0)
    with oracle_bench(folder / "site", latency_ms=LATENCY_MS) as site:
        for senders in (50,) if quick else (20, 50):
            near, far = [], []
            for _ in range(rounds):
                for far_s, measured in ((0.0, near), (FAR_S, far)):
                    site.far_s = far_s
                    measured.append(_measured(site, window_s, 1, senders))
            ratios = [b.rate / a.rate for a, b in zip(near, far, strict=True)]
            note = f"; {_said(far)} far, {_said(near)} near"
            what = f"{senders} senders, batches of 100: items/s with the database 3 ms away ÷ 0 ms away"
            report.at_least(what, spread(ratios), 0.85, note=note)
        site.far_s = None
        most = [_measured(site, window_s, 1, 200) for _ in range(rounds)]
        report.add("200 in flight on Oracle: the limit, and what it is made of", f"{_said(most)} of 2000")


def _said(measured: list[Measured]) -> str:
    """What a window came to, in words."""
    rate = spread(each.rate for each in measured)
    cpu_ms, server_ms = median(each.cpu_ms for each in measured), median(each.server_ms for each in measured)
    server = f", the database server's process {rate.middle * server_ms / 10:.0f} %" if server_ms else ""
    return (
        f"{rate} items/s (daemon {rate.middle * cpu_ms / 10:.0f} % of one core, {cpu_ms:.2f} ms an item{server},"
        f" the peer {median(each.late_ms for each in measured):.0f} ms late)"
    )


def several(report: Report, folder: Path, *, quick: bool) -> None:
    """One, two and four daemons with ten messages in flight each."""
    rounds, window_s = (1, 5.0) if quick else (3, 10.0)
    budget = {2: 1.95, 4: 3.8}
    with oracle_bench(folder / "site", latency_ms=SLOW_MS) as site:
        found: dict[int, list[Measured]] = {1: [], 2: [], 4: []}
        for _ in range(rounds):
            for count, measured in found.items():
                measured.append(_measured(site, window_s, count, 10))
    one = [each.rate for each in found[1]]
    report.add(f"one daemon, 10 in flight, service of {SLOW_MS} ms, on Oracle", _said(found[1]))
    for count, least in budget.items():
        ratios = [each.rate / alone for each, alone in zip(found[count], one, strict=True)]
        shares = [share for each in found[count] for share in each.shares]
        fair = f"shares {100 * min(shares):.0f}–{100 * max(shares):.0f} %, none sent twice"
        what = f"{count} daemons, 10 in flight each: items/s ÷ those of one"
        report.at_least(what, spread(ratios), least, note=f"; {fair}; {_said(found[count])}")


def backlog(report: Report, folder: Path, *, quick: bool) -> None:
    """Queries alone, and while the background lane, as shipped, sends to a peer that takes no time."""
    count = 25 if quick else 80
    with oracle_bench(folder / "site", latency_ms=LATENCY_MS) as site, peer(site.pki) as at_once:
        lanes = {"query": {"poll": "20ms", "idle_poll": "20ms"}}
        site.configure(**lanes)
        text = site.settings.read_text(encoding="utf-8")
        site.settings.write_text(text.replace(f"{site.port}/ekat", f"{at_once}/ekat"), encoding="utf-8")
        site.empty()
        with daemon(site):
            alone = [_query_ms(site) for _ in range(count + 3)][3:]
            site.write_due(100 * count)
            until(lambda: site.sql(EVENTS_UP)[0][0] > 50, 60)
            began, sent = time.monotonic(), site.sql(EVENTS_UP)[0][0]
            beside = [_query_ms(site) for _ in range(count)]
            rate = (site.sql(EVENTS_UP)[0][0] - sent) / (time.monotonic() - began)
            assert site.sql("SELECT count(*) FROM EESZT_OUT_BACKGROUND WHERE state = 'NEW'")[0][0], "backlog too short"
    late = [sorted(beside)[n] - sorted(alone)[n] for n in range(count)]
    what = "delay of a query while a backlog of events goes, on Oracle, p50 of the whole distribution less that alone"
    note = f"; p95 {p95(late):.1f} ms, of {count} queries of {median(alone):.0f} ms beside {rate:.0f} events/s"
    report.at_most(what, spread([median(late)]), NOTICED_MS, "ms", note=note)


def _query_ms(site: OracleBench) -> float:
    """Write a query; how long until its answer can be read."""
    key, now = f"q-{secrets.token_hex(6)}", datetime.now(UTC).replace(tzinfo=None)
    began = time.perf_counter()
    site.sql(QUERY, key, RECORDER, BELGYOGYASZAT, now, json.dumps({"TAJ": PATIENTS[0].taj}))
    until(lambda: bool(site.sql(ANSWERED, key)), 30, pause_s=0.002)
    return (time.perf_counter() - began) * 1000


def oracle_idle(report: Report, folder: Path, *, quick: bool) -> None:
    """What an idle daemon asks of the database, verb by verb; what it costs; and how long a lone item waits for it."""
    watch_s, count = (10.0, 12) if quick else (60.0, 80)
    with oracle_bench(folder / "site") as site:
        with tallied() as spent, app.running(site.settings):
            time.sleep(6)
            spent.clear()
            began = time.monotonic()
            time.sleep(watch_s)
            minutes = (time.monotonic() - began) / 60
            seen = {verb: (each.statements / minutes, each.commits / minutes) for verb, each in spent.items()}
        verbs = sorted(seen.items(), key=lambda each: -each[1][0])
        by = ", ".join(f"{verb} {statements:.0f}" for verb, (statements, _) in verbs if statements >= 1)
        statements, commits = (sum(each[at] for each in seen.values()) for at in (0, 1))
        report.add(
            "statements a minute of an idle daemon as shipped, 3 lanes",
            f"{statements:.0f}: {by}; {commits:.0f} commits",
        )
        with daemon(site) as process:
            time.sleep(SETTLE_S)
            cpu = [share(process, 5.0 if quick else 10.0) for _ in range(1 if quick else 3)]
        report.at_most("its CPU on Oracle", spread(cpu), 0.5, "% of one core")
        _lone_items(report, site, count)


def _lone_items(report: Report, site: OracleBench, count: int) -> None:
    """How long an item that comes alone waits for its lane to look."""
    poll_ms = 200
    for idle_ms, what in ((200, "polled every 200 ms"), (500, f"polled as {LANE}: 200 ms, idle 500 ms")):
        site.configure(background={"poll": f"{poll_ms}ms", "idle_poll": f"{idle_ms}ms"})
        site.empty()
        with daemon(site):
            waits = [wait_ms(site) for _ in range(count + 1)][1:]
        told = f"p50 {median(waits):.0f} ms, p95 {p95(waits):.0f} ms, longest {max(waits):.0f} ms"
        report.add(f"commit → on the wire on Oracle, {what}", told)
