"""Runs the benchmark: ``python -m tests.bench [--quick] [--write] [section …]``."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from tests.bench.database import commits, history
from tests.bench.documents import documents
from tests.bench.flows import idle, memory, throughput
from tests.bench.logins import logins
from tests.bench.oracle_flows import backlog, distance, oracle_idle, several
from tests.bench.oracle_site import server
from tests.bench.oracle_traffic import oracle_history, traffic
from tests.bench.own_time import own_time
from tests.bench.report import Report, machine, write_page
from tests.support.oracle import NoOracleError, close_servers

Section = Callable[[Report, Path, bool], None]
EMBEDDED: dict[str, Section] = {
    "own": lambda report, folder, quick: own_time(report, folder, quick=quick),
    "throughput": lambda report, folder, quick: throughput(report, folder, quick=quick),
    "idle": lambda report, folder, quick: idle(report, folder, quick=quick),
    "history": lambda report, folder, quick: history(report, folder, quick=quick),
    "memory": lambda report, folder, quick: memory(report, folder, quick=quick),
    "documents": lambda report, folder, quick: documents(report, folder, quick=quick),
    "logins": lambda report, folder, quick: logins(report, folder, quick=quick),
    "commits": lambda report, folder, _: commits(report, folder),
}
ORACLE: dict[str, Section] = {
    "oracle-traffic": lambda report, folder, quick: traffic(report, folder, quick=quick),
    "oracle-distance": lambda report, folder, quick: distance(report, folder, quick=quick),
    "oracle-daemons": lambda report, folder, quick: several(report, folder, quick=quick),
    "oracle-backlog": lambda report, folder, quick: backlog(report, folder, quick=quick),
    "oracle-idle": lambda report, folder, quick: oracle_idle(report, folder, quick=quick),
    "oracle-history": lambda report, folder, quick: oracle_history(report, folder, quick=quick),
}
SECTIONS = {**EMBEDDED, **ORACLE}


def main() -> int:
    """Measure what is asked for; 0 where no budget is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], help="only these")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, smaller tables")
    parser.add_argument(
        "--write", action="store_true", help="put the tables of parts that ran whole into performance.md"
    )
    options = parser.parse_args()
    os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parents[2])
    began, asked = time.monotonic(), set(options.sections or SECTIONS)
    print(machine())
    reports = [Report(options.quick), Report(options.quick, part="measured on Oracle")]
    for report, sections in zip(reports, (EMBEDDED, ORACLE), strict=True):
        mine = [name for name in sections if name in asked]
        if mine and sections is ORACLE:
            _look_for_oracle(report)
        if not report.not_here:
            _run(report, mine)
        if options.write and report.lines and len(mine) == len(sections):
            write_page(report)
    close_servers()
    lines = [line for report in reports for line in report.lines]
    missed = [line for line in lines if line.met is False]
    print(f"{len(lines)} figures, {len(missed)} missed, {time.monotonic() - began:.0f} s")
    return 0


def _look_for_oracle(report: Report) -> None:
    try:
        report.on = f"; on {server().title}, oracledb {version('oracledb')}"
    except NoOracleError as error:
        report.not_here = str(error)
        print(f"  not measurable here: everything on Oracle: {error}")


def _run(report: Report, names: list[str]) -> None:
    for name in names:
        print(f"{name}:", flush=True)
        with tempfile.TemporaryDirectory(prefix="eeszt-bench-") as folder:
            SECTIONS[name](report, Path(folder), report.quick)


if __name__ == "__main__":
    sys.exit(main())
