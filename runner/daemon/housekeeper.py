"""
Beside the items, all the time: copies into the HIS's tables, interrupted services, what MedWorkS sees of them.

What comes less often than every few seconds, or at a time of day, is in ``duties``.
"""

from __future__ import annotations

import logging
import threading
from functools import partial
from typing import TYPE_CHECKING

from runner.daemon.duties import attempt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from runner.daemon.work import Site, Watched

logger = logging.getLogger(__name__)

ROUND_S = 0.2
"""Between two rounds of copies."""

WATCH_S = 0.5
"""Between two looks at a service; MedWorkS is told within seconds, and each look wakes a thread."""

REPORT_S = 2.0
"""Between two reports of a service's state that has not changed."""

COPIES = 50
"""Most write-backs in one round."""


class Housekeeper:
    """A thread for the copies and one for each service, since asking a service that is down may take its time-outs."""

    def __init__(self, site: Site, services: Sequence[Watched], came_back: Callable[[], None]) -> None:
        self._site = site
        self._came_back = came_back
        self._reported: dict[str, tuple[str, float, datetime | None]] = {}
        self._stopping = threading.Event()
        duties: list[tuple[str, Callable[[], None], float]] = [("copies", self.write_back, ROUND_S)]
        duties += [(service.name, partial(self.watch_service, service), WATCH_S) for service in services]
        self._threads = [
            threading.Thread(target=self._run, args=each, name=f"housekeeper-{each[0]}", daemon=True) for each in duties
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self, deadline: float) -> bool:
        """End, with the last copies made; whether all ended before ``deadline``, a monotonic instant."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(max(0.0, deadline - self._site.clock.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self, name: str, duty: Callable[[], None], every_s: float) -> None:
        while not self._stopping.wait(every_s):
            attempt(name, duty)
        if name == "copies":
            attempt(name, duty)

    def write_back(self) -> None:
        """Copy what is due into the HIS's own tables."""
        counts = self._site.outbox.write_back(COPIES)
        if counts.get("written"):
            self._site.hook("written_back", [])
        if counts.get("failed"):
            logger.error("copies into the HIS failed", extra={"event": "write_back.failed", **counts})

    def watch_service(self, service: Watched) -> None:
        """Ask an interrupted service whether it is back, and tell MedWorkS within seconds how it is."""
        interrupted = service.is_down()
        if interrupted and service.try_again():
            interrupted = False
            self._came_back()
        self._report(service.name, "DOWN" if interrupted else "UP")

    def _report(self, service: str, state: str) -> None:
        now = self._site.clock.monotonic()
        last, at, since = self._reported.get(service, ("", 0.0, None))
        if state == last and now < at + REPORT_S:
            return
        if state != last:
            level = logging.WARNING if state == "DOWN" else logging.INFO
            logger.log(level, "service changed", extra={"event": "service.changed", "service": service, "state": state})
            since = self._site.clock.now()
        self._site.outbox.service_state(service, state, since if state == "DOWN" else None)
        self._reported[service] = (state, now, since)
