"""Heartbeats of all lanes, written together by whichever poller is the first whose turn it is."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runner.ports import Clock, Outbox

BEAT_S = 1.0
"""Between two heartbeats; the HIS takes 5 s of silence for death."""


class Heart:
    """
    What pollers say of themselves, written by one statement for all of them; safe for threads.

    Each lane is written as of the moment when its own poller last said so, never as of the writing: a poller that
    hangs shows as soon as if it had written by itself.
    """

    def __init__(self, outbox: Outbox, owner: str, clock: Clock) -> None:
        self._outbox = outbox
        self._owner = owner
        self._clock = clock
        self._guard = threading.Lock()
        self._said: dict[str, float] = {}
        self._next_at = 0.0

    def beat(self, lane: str) -> None:
        """Say that a lane's poller is alive; written at once where it was silent, else with the next heartbeat."""
        with self._guard:
            now = self._clock.monotonic()
            was_silent = lane not in self._said or now - self._said[lane] >= 2 * BEAT_S
            self._said[lane] = now
            if now < self._next_at and not was_silent:
                return
            self._next_at = now + BEAT_S
            alive = {name: now - at for name, at in self._said.items() if now - at < 2 * BEAT_S}
        try:
            self._outbox.beat(alive, self._owner)
        except BaseException:
            self._next_at = 0.0  # the next one tries at once
            raise
