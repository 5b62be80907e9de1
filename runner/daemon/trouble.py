"""
What fails again and again is told when it begins, then at most once a minute with how often, and when it is over.

A database that is away for an hour is three lines in the log and one a minute, not two a second from every thread.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.errors import RunnerError, places

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

AGAIN_S = 60.0
"""Between two lines about the same fault while it lasts."""

QUIET_S = 5.0
"""How long nothing may have failed until it counts as over: what comes and goes is one trouble."""


@dataclass(frozen=True, slots=True)
class Told:
    """
    What is said of a trouble.

    Attributes:
        fault: The fault that was just met, or the last one where it is over.
        is_bug: Whether that is a fault of the runner.
        count: How often it failed since it began.
        lasted_s: From the first to the last time, seconds.
    """

    fault: str
    is_bug: bool
    count: int
    lasted_s: float


class Trouble:
    """
    One thing that is tried again and again; safe for any number of threads.

    Another fault than those told before, by its number, the database's code, or its place, is told at once.
    """

    def __init__(
        self, monotonic: Callable[[], float], say: Callable[[Told], None], say_over: Callable[[Told], None]
    ) -> None:
        """``say`` is given what is told while it lasts, ``say_over`` when it is over."""
        self._monotonic = monotonic
        self._say = say
        self._say_over = say_over
        self._told: dict[str, float] = {}
        self._began = self._last = 0.0
        self._count = 0
        self._fault = ("", False)
        self._is_well = True
        self._guard = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Whether it has begun and is not over."""
        return self._count > 0

    def met(self, error: Exception) -> None:
        """It failed."""
        is_bug = not isinstance(error, RunnerError)
        text = places(error) if is_bug else str(error)
        with self._guard:
            self._fault = (text, is_bug)
            now = self._last = self._monotonic()
            if not self._count:
                self._began = now
            self._count += 1
            self._is_well = False
            kind = _kind(error, text)
            if now >= self._told.get(kind, float("-inf")) + AGAIN_S:
                self._told[kind] = now
                self._say(self._what())

    def passed(self) -> None:
        """It went well."""
        if self._count:
            self._is_well = True
            self.look()

    def look(self) -> None:
        """Say that it is over, once it went well and has been quiet for a while."""
        if not self._count:
            return
        with self._guard:
            if self._count and self._is_well and self._monotonic() >= self._last + QUIET_S:
                self._say_over(self._what())
                self._count = 0
                self._told.clear()

    def _what(self) -> Told:
        return Told(*self._fault, self._count, round(self._last - self._began, 1))


def _kind(error: Exception, text: str) -> str:
    """Tell faults apart without what changes from one time to the next."""
    if isinstance(error, RunnerError):
        return f"{error.number} {error.facts.get('code', '')}"
    return f"{type(error)} {text.rpartition(' > ')[2]}"


def lane_trouble(monotonic: Callable[[], float], lane: str, doing: str) -> Trouble:
    """Give the trouble of a lane with its ``round``, ``sweep`` or ``permit``."""

    def say(told: Told) -> None:
        facts = {"lane": lane, "doing": doing, "fault": told.fault, "count": told.count, "lasted_s": told.lasted_s}
        logger.error("lane could not do its round", extra={"event": "lane.trouble", **facts})

    def say_over(told: Told) -> None:
        facts = {"lane": lane, "doing": doing, "count": told.count, "lasted_s": told.lasted_s}
        logger.info("lane does its rounds again", extra={"event": "lane.recovered", **facts})

    return Trouble(monotonic, say, say_over)


def token_trouble(monotonic: Callable[[], float] = time.monotonic) -> Trouble:
    """Give the trouble of getting tokens: the issuer's, not the items' that wait for it."""

    def say(told: Told) -> None:
        facts = {"fault": told.fault, "count": told.count, "lasted_s": told.lasted_s}
        logger.warning("no token to be had", extra={"event": "token.unavailable", **facts})

    def say_over(told: Told) -> None:
        facts = {"count": told.count, "lasted_s": told.lasted_s}
        logger.info("tokens are to be had again", extra={"event": "token.available", **facts})

    return Trouble(monotonic, say, say_over)
