"""An entry in line for the disk, and who waits for it."""

from __future__ import annotations

import threading
import time

from runner.ports import Anchor, Entry

WAIT_S = 5.0
"""Longest wait for the disk; what is not durable then counts as not logged."""


class Ticket:
    """
    One entry in line, as ``ports.Noted``.

    Attributes:
        entry: What is to be logged.
        at: When it came.
        must: Whether it counts only when it is durable; else it is kept until it can be written.
    """

    __slots__ = ("_anchor", "_done", "_wait_until", "at", "entry", "must")

    def __init__(self, entry: Entry, at: str, *, must: bool) -> None:
        self.entry = entry
        self.at = at
        self.must = must
        self._anchor: Anchor | None = None
        self._wait_until = time.monotonic() + WAIT_S  # the same for all that wait, however many one thread waits for
        self._done = threading.Lock()
        self._done.acquire()

    def anchor(self) -> Anchor | None:
        """Wait for the disk."""
        if self._done.acquire(timeout=max(0.0, self._wait_until - time.monotonic())):
            self._done.release()
        return self._anchor

    def done(self, anchor: Anchor | None) -> None:
        """Let who waits go on."""
        self._anchor = anchor
        self._done.release()
