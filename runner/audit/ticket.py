"""Entries in line for the disk, who waits for them, and which of them go together."""

from __future__ import annotations

import threading
import time
from queue import Empty, SimpleQueue

from runner.ports import Anchor, Entry

WAIT_S = 5.0
"""Longest wait for the disk; what is not durable then counts as not logged."""

GROUP = 500
"""Most entries made durable together."""

NOTE_S = 0.05
"""How long what has happened is held for the next entry that somebody waits for, so that one sync serves both."""


class Ticket:
    """
    One entry in line, as ``ports.Noted``.

    Attributes:
        entry: What is to be logged.
        at: When it came.
        must: Whether it counts only when it is durable; else it is kept until it can be written.
    """

    __slots__ = ("_anchor", "_done", "_line", "_wait_until", "at", "entry", "must")

    def __init__(self, entry: Entry, at: str, line: Line, *, must: bool) -> None:
        self.entry = entry
        self.at = at
        self.must = must
        self._line = line
        self._anchor: Anchor | None = None
        self._wait_until = time.monotonic() + WAIT_S  # the same for all that wait, however many one thread waits for
        self._done = threading.Lock()
        self._done.acquire()

    def anchor(self) -> Anchor | None:
        """Wait for the disk."""
        if not self._done.acquire(blocking=False):
            if not self.must:
                self._line.hurry()
            if not self._done.acquire(timeout=max(0.0, self._wait_until - time.monotonic())):
                return self._anchor
        self._done.release()
        return self._anchor

    def done(self, anchor: Anchor | None) -> None:
        """Let who waits go on."""
        self._anchor = anchor
        self._done.release()


class Line:
    """
    The line in front of the one thread that writes; any thread may put into it.

    Args:
        hold_s: How long entries that nobody waits for are held.

    Attributes:
        is_open: Whether more may come.
    """

    def __init__(self, hold_s: float = NOTE_S) -> None:
        self._hold_s = hold_s
        self._queue: SimpleQueue[Ticket | _Word] = SimpleQueue()
        self.is_open = True

    def put(self, ticket: Ticket) -> None:
        """Put an entry at the end."""
        self._queue.put(ticket)

    def hurry(self) -> None:
        """Say that somebody waits for what was put so far."""
        self._queue.put(_HURRY)

    def close(self) -> None:
        """Say that nothing comes any more."""
        self._queue.put(_CLOSE)

    def next_group(self) -> list[Ticket]:
        """Wait for entries and take all that are there; none where nothing was left."""
        group: list[Ticket] = []
        is_waited_for, until = False, 0.0
        while self.is_open and len(group) < GROUP:
            left = None if not group else 0.0 if is_waited_for else max(0.0, until - time.monotonic())
            try:
                found = self._queue.get(block=left != 0, timeout=left)
            except Empty:
                break
            if isinstance(found, Ticket):
                until = until if group else time.monotonic() + self._hold_s
                group.append(found)
                is_waited_for |= found.must
            else:
                self.is_open = found is not _CLOSE
                is_waited_for = True
        return group


class _Word:
    """What is no entry."""


_HURRY, _CLOSE = _Word(), _Word()
