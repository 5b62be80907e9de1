"""Whether the times of lanes, messages and rules fit each other; the daemon does not start otherwise."""

from __future__ import annotations

from collections.abc import Iterator

from runner.app.check.finding import Finding, Status, ok
from runner.app.check.inspection import Inspection
from runner.app.timing import timing_problems


def times(inspection: Inspection) -> Iterator[Finding]:
    """Leases, time-outs, the life of messages and the windows of rules."""
    problems = timing_problems(inspection.settings, inspection.mappings)
    for problem in problems:
        yield Finding.of("times", Status.FAIL, problem)
    if not problems:
        yield ok("times", "leases outlast a send, messages a connection, wards the last send")
