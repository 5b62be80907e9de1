"""
Beside the items, all the time: copies into the HIS's tables, interrupted services, what MedWorkS sees of them.

What comes less often than every few seconds, or at a time of day, is in ``duties``.
"""

from __future__ import annotations

import logging
import random
import threading
from functools import partial
from typing import TYPE_CHECKING

from runner.daemon.duties import Attempts
from runner.ports import ServiceReport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from runner.daemon.work import Site, Watched

logger = logging.getLogger(__name__)

ROUND_S, IDLE_S = 0.5, 2.0
"""Between two looks for copies that were not made at once: after some were made, and at most while none are."""

PAUSE_S = 0.1
"""Between two rounds of copies while items end one after the other: each locks the HIS's rows."""

WATCH_S = 0.5
"""Between two looks at the services; MedWorkS is told within seconds."""

REPORT_S = 2.0
"""Between two reports of a service's state that has not changed."""

COPIES = 50
"""Most write-backs in one round."""


class Housekeeper:
    """
    Threads for what is done all the time.

    One makes the copies, one looks at the services, and each service has one that asks it while it is down, since that
    may take its time-outs.
    """

    def __init__(self, site: Site, services: Sequence[Watched], came_back: Callable[[], None]) -> None:
        self._site = site
        self._services = services
        self._came_back = came_back
        self._attempts = Attempts(site.clock.monotonic)
        self._states: Mapping[str, str] = {}
        self._down_since: dict[str, datetime] = {}
        self._reported_at = float("-inf")
        self._stopping = threading.Event()
        self._copies = threading.Event()
        self._down = {service.name: threading.Event() for service in services}
        named: list[tuple[str, Callable[[], None]]] = [("copies", self._make_copies), ("services", self._look)]
        named += [(service.name, partial(self._ask, service)) for service in services]
        self._threads = [threading.Thread(target=work, name=f"housekeeper-{name}", daemon=True) for name, work in named]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self, deadline: float) -> bool:
        """End, with the last copies made; whether all ended before ``deadline``, a monotonic instant."""
        self._stopping.set()
        for event in (self._copies, *self._down.values()):
            event.set()
        for thread in self._threads:
            thread.join(max(0.0, deadline - self._site.clock.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def copies_due(self) -> None:
        """Make copies at once: an item has just come to an end."""
        self._copies.set()

    def _make_copies(self) -> None:
        wait_s = ROUND_S
        while not self._stopping.wait(PAUSE_S):
            jitter = random.uniform(0.9, 1.1)  # noqa: S311  spreads load, keeps no secret
            is_due = self._copies.wait(wait_s * jitter)
            self._copies.clear()
            if not self._stopping.is_set():
                is_due = self._attempts.do("copies", self.write_back) or is_due
                wait_s = ROUND_S if is_due else min(IDLE_S, wait_s * 1.5)
        self._attempts.do("copies", self.write_back)

    def _look(self) -> None:
        while not self._stopping.wait(WATCH_S):
            self._attempts.do("services", self.watch_services)

    def _ask(self, service: Watched) -> None:
        asked = self._down[service.name]
        while asked.wait() and not self._stopping.is_set():
            asked.clear()
            self._attempts.do(f"ask {service.name}", partial(self._try_again, service))

    def _try_again(self, service: Watched) -> None:
        if service.try_again():
            self._came_back()

    def write_back(self) -> bool:
        """Copy what is due into the HIS's own tables; whether anything was."""
        counts = self._site.outbox.write_back(COPIES)
        if counts.get("written"):
            self._site.hook("written_back", [])
        if counts.get("failed"):
            logger.error("copies into the HIS failed", extra={"event": "write_back.failed", **counts})
        return bool(counts)

    def watch_services(self) -> None:
        """Have interrupted services asked whether they are back, and tell MedWorkS within seconds how all are."""
        now = self._site.clock.monotonic()
        states = {service.name: "DOWN" if service.is_down() else "UP" for service in self._services}
        for name, state in states.items():
            if state == "DOWN":
                self._down[name].set()
        if states != self._states:
            for name in [name for name, state in states.items() if self._states.get(name) != state]:
                self._note(name, states[name])
            self._states, self._reported_at = states, float("-inf")
        if now >= self._reported_at + REPORT_S:
            self._site.outbox.service_states(
                [ServiceReport(name, state, self._down_since.get(name)) for name, state in states.items()]
            )
            self._reported_at = now

    def _note(self, service: str, state: str) -> None:
        """Say in the log that a service is another than before, and remember since when it is down."""
        level = logging.WARNING if state == "DOWN" else logging.INFO
        logger.log(level, "service changed", extra={"event": "service.changed", "service": service, "state": state})
        if state == "DOWN":
            self._down_since[service] = self._site.clock.now()
        else:
            self._down_since.pop(service, None)
