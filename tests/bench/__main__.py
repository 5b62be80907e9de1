"""Runs the benchmark: ``python -m tests.bench [--quick] [--write] [section …]``."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.database import commits, history
from tests.bench.flows import idle, memory, throughput
from tests.bench.logins import logins
from tests.bench.own_time import own_time
from tests.bench.report import NOT_HERE, Report, machine, write_page

Section = Callable[[Report, Path, bool], None]
SECTIONS: dict[str, Section] = {
    "own": lambda report, folder, quick: own_time(report, folder, quick=quick),
    "throughput": lambda report, folder, quick: throughput(report, folder, quick=quick),
    "idle": lambda report, folder, quick: idle(report, folder, quick=quick),
    "history": lambda report, folder, quick: history(report, folder, quick=quick),
    "memory": lambda report, folder, quick: memory(report, folder, quick=quick),
    "logins": lambda report, folder, quick: logins(report, folder, quick=quick),
    "commits": lambda report, folder, _: commits(report, folder),
}


def main() -> int:
    """Measure what is asked for; 0 where no budget is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], help="only these")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, smaller tables")
    parser.add_argument("--write", action="store_true", help=f"put the tables into the page {'performance.md'}")
    options = parser.parse_args()
    os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parents[2])
    report, began = Report(options.quick), time.monotonic()
    print(machine())
    for name in options.sections or SECTIONS:
        print(f"{name}:", flush=True)
        with tempfile.TemporaryDirectory(prefix="eeszt-bench-") as folder:
            SECTIONS[name](report, Path(folder), options.quick)
    for figure, why in NOT_HERE:
        print(f"  not measurable here: {figure}: {why}")
    missed = [line for line in report.lines if line.met is False]
    print(f"{len(report.lines)} figures, {len(missed)} missed, {time.monotonic() - began:.0f} s")
    if options.write:
        write_page(report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
