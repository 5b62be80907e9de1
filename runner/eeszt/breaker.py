"""
When to leave a service alone, and how to come back to it: one breaker per service.

CLOSED lets everything through. Failures of two different items within a window open it; one item that fails again and
again does not. OPEN is asked after at growing intervals. DRAINING lets a few items through, twice as many after each
few that were answered, until it is CLOSED again; a failure opens it again.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from runner.ports import Clock


class BreakerState(StrEnum):
    """What the breaker lets through."""

    CLOSED = "CLOSED"  # everything
    OPEN = "OPEN"  # nothing
    DRAINING = "DRAINING"  # a few at a time


@dataclass(frozen=True, slots=True)
class BreakerSettings:
    """
    When it opens and how it comes back.

    Attributes:
        items: Different items that must fail.
        window_s: Within how many seconds.
        try_s: Seconds until the first try; doubled after each that fails.
        longest_try_s: Longest time between tries.
        drained_at: Items per claim from which on there is no bound any more.
    """

    items: int = 2
    window_s: float = 30.0
    try_s: float = 2.0
    longest_try_s: float = 30.0
    drained_at: int = 64


class Breaker:
    """The breaker of one service. Safe for threads; asks nobody itself."""

    def __init__(self, clock: Clock, settings: BreakerSettings | None = None) -> None:
        self._clock = clock
        self._settings = settings or BreakerSettings()
        self._lock = threading.Lock()
        self._state = BreakerState.CLOSED
        self._failures: dict[Hashable, float] = {}
        self._try_at = 0.0
        self._wait_s = self._settings.try_s
        self._allowance = 1
        self._answered = 0
        self._since: datetime | None = None

    @property
    def state(self) -> BreakerState:
        """What it lets through now."""
        with self._lock:
            return self._state

    @property
    def since(self) -> datetime | None:
        """When it opened, aware UTC; None unless it is open."""
        with self._lock:
            return self._since if self._state is BreakerState.OPEN else None

    def most_per_claim(self) -> int | None:
        """How many items may be claimed while the service is coming back; None: no bound."""
        with self._lock:
            return self._allowance if self._state is BreakerState.DRAINING else None

    def answered(self) -> bool:
        """Note a believed answer, be it a fault; whether it changed the state."""
        with self._lock:
            before = self._state
            self._failures.clear()
            if self._state is BreakerState.OPEN:
                self._drain()
            elif self._state is BreakerState.DRAINING:
                self._answered += 1
                if self._answered >= self._allowance:
                    self._allowance, self._answered = self._allowance * 2, 0
                if self._allowance >= self._settings.drained_at:
                    self._state = BreakerState.CLOSED
            return self._state is not before

    def failed(self, item: Hashable) -> bool:
        """Note a failure of an item: not reached, no answer, or none that can be believed; whether it opened."""
        with self._lock:
            now = self._clock.monotonic()
            if self._state is BreakerState.OPEN:
                return False
            self._failures[item] = now
            self._failures = {i: at for i, at in self._failures.items() if at > now - self._settings.window_s}
            if self._state is BreakerState.CLOSED and len(self._failures) < self._settings.items:
                return False
            if self._state is BreakerState.CLOSED:
                self._wait_s = self._settings.try_s
                self._since = self._clock.now()
            else:
                self._longer()
            self._state = BreakerState.OPEN
            self._try_at = now + self._wait_s
            return True

    def may_try(self) -> bool:
        """Whether an open breaker's service is to be asked now; the caller does, and no other until the next time."""
        with self._lock:
            now = self._clock.monotonic()
            if self._state is not BreakerState.OPEN or now < self._try_at:
                return False
            self._longer()
            self._try_at = now + self._wait_s
            return True

    def _drain(self) -> None:
        self._state = BreakerState.DRAINING
        self._allowance, self._answered = 1, 0

    def _longer(self) -> None:
        self._wait_s = min(self._wait_s * 2, self._settings.longest_try_s)
