"""What items cost through ``oracledb``: round trips, commits, the rate of one thread, a history under churn."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from runner import app
from runner.daemon.work import LaneSettings, Site
from runner.demo.people import KOVACS, PATIENTS
from runner.login.sessions import LOOK_AGAIN_S
from runner.store.oracle.pool import Pool, Traffic
from runner.store.oracle.session import Session
from tests.bench.database import churn
from tests.bench.flow import LANE, take
from tests.bench.oracle_site import OracleBench, oracle_bench, server
from tests.bench.report import Report, spread
from tests.bench.site import wired
from tests.support.oracle import Orawire
from tests.support.oracle_hospital import oracle_hospital

FAR_S = 0.003
"""Of a database that is 3 ms away."""

Tally = dict[str, Traffic]


@contextmanager
def tallied() -> Iterator[Tally]:
    """Collect what goes over the wire meanwhile, verb by verb."""
    spent: Tally = defaultdict(Traffic)
    end = Pool._end

    def noted(self: Pool, session: Session) -> None:
        end(self, session)
        verb = spent[session._doing.removeprefix(f"{self.access.dsn} ").partition(" ")[0]]
        verb.round_trips += session.round_trips
        verb.commits += session.commits
        verb.statements += session.statements

    Pool._end = noted  # type: ignore[method-assign]
    try:
        yield spent
    finally:
        Pool._end = end  # type: ignore[method-assign]


def traffic(report: Report, folder: Path, *, quick: bool) -> None:
    """Count round trips and commits, of one item and of a hundred; then the rate of one thread, near and far."""
    _prescription(report, folder / "ward")
    with oracle_bench(folder / "near") as site:
        site.write_due(201)
        with wired(site.settings) as wires, tallied() as spent:
            take(wires, 100)  # sessions are begun, statements parsed
            spent.clear()
            _look_and_take(wires, 100, LANE)
            _say_bulk(report, 100, spent)
    _rates(report, folder, 6 if quick else 20)


def _look_and_take(wires: Site, count: int, lane: LaneSettings) -> None:
    """Take items through as the daemon does, with the look that finds them."""
    wires.outbox.look(lane.name, {name: kind.digest for name, kind in wires.mappings.types.items()})
    take(wires, count, lane)


def _prescription(report: Report, folder: Path) -> None:
    """Count what a prescription of a doctor who is logged in costs, its source query included."""
    found = server()
    database = found.copy() if isinstance(found, Orawire) else found.fresh()
    lane = replace(LANE, name="interactive")
    with oracle_hospital(folder, database) as hospital, wired(hospital.settings) as wires, tallied() as spent:
        hospital.log_in(KOVACS.eeszt_user or "", KOVACS.his_user)
        for _ in range(2):  # the first time, sessions are begun and statements parsed
            hospital.medworks.prescribe(KOVACS, PATIENTS[0], "210002737", "1 tabletta")
            time.sleep(LOOK_AGAIN_S)  # his session is looked for anew
            spent.clear()
            _look_and_take(wires, 1, lane)
    found.drop(database)
    by, trips, commits = _sums(spent)
    source, copies = spent["source"].round_trips, 1
    own = trips - source - copies
    what = "round trips of one prescription alone, without its source query and its copy's note"
    report.add(what, f"{own} and {source} and {copies}: {by}", "≤ 14", met=own <= 14)
    report.add("its commits", str(commits), "≤ 3", met=commits <= 3)


def _sums(spent: Tally) -> tuple[str, int, int]:
    """Name the verbs that took round trips; how many they were, and how many commits."""
    by = ", ".join(f"{verb} {each.round_trips}" for verb, each in spent.items() if each.round_trips)
    return by, sum(each.round_trips for each in spent.values()), sum(each.commits for each in spent.values())


def _say_bulk(report: Report, count: int, spent: Tally) -> None:
    by, trips, commits = _sums(spent)
    permit = spent["permit"]
    bulk, own = trips - permit.round_trips, commits - permit.commits
    report.add(
        f"round trips per {count} items claimed and completed, permits not counted",
        f"{bulk}: {by}",
        "≤ 12",
        met=bulk <= 12,
    )
    report.add("their commits", str(own), "≤ 3", met=own <= 3)
    most = (permit.round_trips, permit.commits)
    report.add("a permit group's round trips and commits", f"{most[0]} and {most[1]}", "≤ 3 and 1", met=most <= (3, 1))


def _rates(report: Report, folder: Path, rounds: int) -> None:
    """The verbs one after the other, by one thread, on a database that is near and on one that is far, in turn."""
    with oracle_bench(folder / "far") as site:
        site.far_s = 0.0
        site.configure()
        site.empty()
        assert site.wire is not None
        rates: dict[tuple[int, float], list[float]] = defaultdict(list)
        with app.opened_store(site.settings) as store:
            for turn in range(rounds + 1):
                for count, far_s in ((100, 0.0), (100, FAR_S), (1, 0.0), (1, FAR_S)):
                    site.wire.delay_s = far_s
                    took_s = churn(site, store, count)
                    if turn:
                        rates[count, far_s].append(count / took_s)
    for count, how in ((100, "in batches of 100"), (1, "one by one")):
        near, far = spread(rates[count, 0.0]), spread(rates[count, FAR_S])
        told = f"{near} items/s; 3 ms away {far}; {far.middle / near.middle:.2f} × of it, one verb after the other"
        report.add(f"claimed, permitted and completed through oracledb by one thread, {how}", told)


def oracle_history(report: Report, folder: Path, *, quick: bool) -> None:
    """The same churn on an empty database and on one with a history, in turn where there can be two databases."""
    many, rounds = (50_000, 10) if quick else (1_000_000, 40)
    with oracle_bench(folder / "site") as small:
        if isinstance(small.server, Orawire):
            large = OracleBench(small.folder, small.pki, small.simulator, small.port, server=small.server, name="large")
            large.configure()
            large.empty()
        else:
            large = small
        try:
            took_s, times = _in_turn(small, large, many, rounds)
        finally:
            if large is not small:
                large.drop()
    for what, at in (("speed (claim, permit, complete, sweep)", 0), ("speed of MedWorkS's inserts", 1)):
        ratios = [a[at] / b[at] for a, b in times]
        ms = [1000 * median(side[at] for side in sides) / 100 for sides in zip(*times, strict=True)]
        note = f"; {ms[1]:.2f} ms an item against {ms[0]:.2f}; history written in {took_s:.0f} s"
        report.at_least(f"{what} over a history of {many:,} finished rows ÷ over none", spread(ratios), 0.9, note=note)


Times = tuple[float, float]
"""Of a hundred items: without their writing, and their writing alone."""


def _in_turn(small: OracleBench, large: OracleBench, many: int, rounds: int) -> tuple[float, list[tuple[Times, Times]]]:
    """How long the history took to write; the times of both for each round."""

    def write() -> float:
        began = time.monotonic()
        large.write_history(many)
        return time.monotonic() - began

    with app.opened_store(small.settings) as empty, app.opened_store(large.settings) as full:
        if small is large:
            before = [_timed(small, empty) for _ in range(rounds + 2)]
            took_s = write()
            after = [_timed(large, full) for _ in range(rounds + 2)]
            return took_s, list(zip(before, after, strict=True))[2:]
        took_s, times = write(), []
        for turn in range(rounds + 2):
            if turn % 2:
                first, second = _timed(small, empty), _timed(large, full)
            else:
                second, first = _timed(large, full), _timed(small, empty)
            times.append((first, second))
        return took_s, times[2:]


def _timed(site: OracleBench, store: Any) -> Times:
    began = time.perf_counter()
    own_s = churn(site, store)
    return own_s, time.perf_counter() - began - own_s
