"""The completer: one thread that writes outcomes back to the database, in batches."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from queue import Empty, Queue
from typing import TYPE_CHECKING

from runner.daemon.trouble import QUIET_S, Told, Trouble
from runner.domain.outbox import Verdict
from runner.errors import IN_DOUBT, RunnerError, passes, places

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from runner.daemon.work import Site
    from runner.ports import Completion

logger = logging.getLogger(__name__)

BATCH = 100
"""Most outcomes written in one transaction."""

GATHER_S = 0.025
"""How long outcomes are gathered while they come one after the other; one that comes alone is written at once."""

RETRY_S = 0.2
"""Pause before a batch that the database did not take is tried again."""

LAST_TRIES = 4
"""Tries of a batch that the database refuses, or that is left once the daemon is stopping."""


class Completer:
    """
    Takes outcomes from all threads and applies them.

    While other programs write, an outcome is tried again without end. What the database refuses alone is given up after
    some tries, and so is what is left when the process ends: its row is rescued and asked after.
    """

    def __init__(self, site: Site, copies_due: Callable[[], None]) -> None:
        """``copies_due`` is told when there is something to copy into the HIS's tables."""
        self._site = site
        self._copies_due = copies_due
        self._queue: Queue[Completion | None] = Queue()
        self._thread = threading.Thread(target=self._run, name="completer", daemon=True)
        self._stopping = threading.Event()
        self._trouble = Trouble(site.clock.monotonic, _say_trouble, _say_over)
        self._written_at = float("-inf")

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, completion: Completion) -> None:
        """Hand over an outcome."""
        self._queue.put(completion)

    def stop(self, timeout_s: float) -> bool:
        """Write what is there and end; whether it ended within ``timeout_s``."""
        self._stopping.set()
        self._queue.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            batch = self._next_batch()
            if batch:
                self._write(batch)
            elif self._stopping.is_set():
                return

    def _next_batch(self) -> list[Completion]:
        try:
            first = self._queue.get(timeout=QUIET_S if self._trouble.is_open else None)
        except Empty:
            self._trouble.look()
            return []
        batch = [first] if first is not None else []
        if time.monotonic() < self._written_at + GATHER_S:
            self._stopping.wait(GATHER_S)
        while len(batch) < BATCH:
            try:
                more = self._queue.get_nowait()
            except Empty:
                break
            if more is not None:
                batch.append(more)
        if self._stopping.is_set() and self._queue.empty():
            self._queue.put(None)
        return batch

    def _write(self, batch: Sequence[Completion]) -> None:
        items = [completion.item_id for completion in batch]
        batch = [_anchored(completion) for completion in batch]
        self._site.hook("completing", items)
        try:
            verdicts = self._applied(batch)
        except Exception as error:  # noqa: BLE001  one outcome that cannot be applied must not hold up the others
            if len(batch) > 1:
                for completion in batch:
                    self._write([completion])
            else:
                why = str(error) if isinstance(error, RunnerError) else places(error)
                facts = {"event": "complete.given_up", "item": items[0], "fault": why}
                logger.error("outcome cannot be written; its row will be rescued", extra=facts)
            return
        self._written_at = time.monotonic()
        self._site.hook("completed", items)
        if any(completion.write_backs for completion in batch):
            self._copies_due()
        for completion in batch:
            verdict = verdicts.get(completion.item_id)
            if verdict is not None:
                _report(completion, verdict)
            elif not self._stopping.is_set():
                self._queue.put(completion)  # another session holds its row: it comes again with the next batch

    def _applied(self, batch: Sequence[Completion]) -> Mapping[int, Verdict]:
        """
        Write a batch, as often as it takes while others write; what the database refuses otherwise, a few times.

        Raises:
            RunnerError: Not to be written: this batch, or before the process ends.
        """
        tries = LAST_TRIES
        while True:
            try:
                verdicts = self._site.outbox.complete(batch)
            except RunnerError as error:
                self._trouble.met(error)
                tries -= self._stopping.is_set() or not (passes(error) or error.number == IN_DOUBT)
                if not tries:
                    raise
                time.sleep(RETRY_S)
            else:
                self._trouble.passed()
                return verdicts


def _say_trouble(told: Told) -> None:
    facts = {"fault": told.fault, "count": told.count, "lasted_s": told.lasted_s}
    logger.error("outcomes could not be written", extra={"event": "complete.failed", **facts})


def _say_over(told: Told) -> None:
    facts = {"count": told.count, "lasted_s": told.lasted_s}
    logger.info("outcomes can be written again", extra={"event": "complete.recovered", **facts})


def _anchored(completion: Completion) -> Completion:
    """Wait until the answer is in the audit log; where that cannot be written, the outcome is true all the same."""
    if completion.noted is None or completion.anchor is not None:
        return completion
    return replace(completion, anchor=completion.noted.anchor())


def _report(completion: Completion, verdict: Verdict) -> None:
    facts = {
        "item": completion.item_id,
        "ending": completion.outcome.ending,
        "reason": completion.outcome.reason_code or "",
    }
    if verdict is Verdict.SECOND_IDENTIFIER:
        logger.error("item was accepted under a second identifier", extra={"event": "item.second_identifier", **facts})
    elif verdict is Verdict.LOST_LEASE:
        logger.warning("outcome came after the lease was lost", extra={"event": "item.lost_lease", **facts})
    else:
        logger.info("item completed", extra={"event": "item.completed", **facts})
