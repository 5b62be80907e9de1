"""
Duties by the clock: what is done every so often, or at a time of day, in one thread beside the lanes.

The lanes do not depend on it. A heartbeat proves that its own poller lives, so the poller writes it; rescue and the
wards' answers are due within half a second, so the poller does them between two claims (``lane``).

``schedule`` reckons in the machine's local wall time. What follows from that: a time of day means the machine's; when
the clock goes back (end of summer time, a correction), what is due every so often would stand still for as long, so it
is planned anew; when it goes forward, what it passed over is done once, at once. No duty may need its period to the
second, and each may be done twice.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import schedule

from runner.daemon.trouble import Told, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

logger = logging.getLogger(__name__)

LOOK_S = 1.0
"""Longest time between two looks at the schedule: a clock may be set, and a stop should not wait."""

PAUSE_S = 0.2
"""Between two parts of a duty that has more to do, so that it never holds up the wards."""


@dataclass(frozen=True, slots=True)
class Duty:
    """
    Something to be done again and again; also once when the daemon starts, since nobody knows how long nobody did it.

    Attributes:
        name: For the log.
        run: Does it, or a part of it; true where there is more to do at once.
        every_s: Whole seconds between two times, or None.
        at: Time of day on the machine's clock, ``HH:MM``, where ``every_s`` is None.
    """

    name: str
    run: Callable[[], bool | None]
    every_s: int | None = None
    at: str | None = None

    def __post_init__(self) -> None:
        assert (self.every_s is None) != (self.at is None), self.name


class Duties:
    """One thread for all of them; a duty that fails is done again when it is due next."""

    def __init__(self, duties: Sequence[Duty], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._attempts = Attempts(monotonic)
        self._scheduler = schedule.Scheduler()
        self._plans: list[tuple[Duty, schedule.Job]] = []
        self._unfinished: list[Duty] = list(duties)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="duties", daemon=True)
        for duty in duties:
            self._plan(duty)

    def start(self) -> None:
        """Start the thread; everything is done once at once."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Begin no further duty."""
        self._stopping.set()

    def stop(self, timeout_s: float) -> bool:
        """End after what is being done; whether it ended within ``timeout_s``."""
        self.ask_to_stop()
        if self._thread.is_alive():
            self._thread.join(max(0.0, timeout_s))
        return not self._thread.is_alive()

    def run_once(self) -> None:
        """Do what is due now, and go on with what has more to do."""
        unfinished, self._unfinished = self._unfinished, []
        for duty in unfinished:
            self._do(duty)
        self._plan_anew_what_stands_still()
        self._scheduler.run_pending()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.run_once()
            self._stopping.wait(self._wait_s())

    def _wait_s(self) -> float:
        if self._unfinished:
            return PAUSE_S
        idle_s = self._scheduler.idle_seconds
        return LOOK_S if idle_s is None else min(LOOK_S, max(0.0, idle_s))

    def _plan(self, duty: Duty) -> None:
        if duty.every_s is not None:
            job = self._scheduler.every(duty.every_s).seconds.do(self._do, duty)
        else:
            job = self._scheduler.every().day.at(str(duty.at)).do(self._do, duty)
        self._plans.append((duty, job))

    def _plan_anew_what_stands_still(self) -> None:
        """The clock went back where something is due later than one period from now."""
        now = self._now()
        for plan in list(self._plans):
            duty, job = plan
            if now is None or duty.every_s is None or job.next_run is None:
                continue
            if job.next_run - now > timedelta(seconds=duty.every_s):
                self._scheduler.cancel_job(job)
                self._plans.remove(plan)
                self._plan(duty)

    def _now(self) -> datetime | None:
        """Give the scheduler's own clock."""
        soonest, idle_s = self._scheduler.next_run, self._scheduler.idle_seconds
        return None if soonest is None or idle_s is None else soonest - timedelta(seconds=idle_s)

    def _do(self, duty: Duty) -> None:
        if not self._stopping.is_set() and duty not in self._unfinished and self._attempts.do(duty.name, duty.run):
            self._unfinished.append(duty)


class Attempts:
    """Does duties, and says so where one cannot be done; those of one name are done by one thread."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._troubles: dict[str, Trouble] = {}

    def do(self, name: str, run: Callable[[], bool | None]) -> bool:
        """Do a duty; whether there is more of it to do at once."""
        trouble = self._troubles.get(name) or self._troubles.setdefault(name, _trouble(self._monotonic, name))
        try:
            more = bool(run())
        except Exception as error:  # noqa: BLE001  one bad round must not be the last
            trouble.met(error)
            return False
        trouble.passed()
        return more


def _trouble(monotonic: Callable[[], float], name: str) -> Trouble:
    def say(told: Told) -> None:
        facts = {"duty": name, "fault": told.fault, "count": told.count, "lasted_s": told.lasted_s}
        if told.is_bug:
            logger.error("duty met a fault of the runner", extra={"event": "duty.bug", **facts})
        else:
            logger.error("duty could not be done", extra={"event": "duty.trouble", **facts})

    def say_over(told: Told) -> None:
        facts = {"duty": name, "count": told.count, "lasted_s": told.lasted_s}
        logger.info("duty is done again", extra={"event": "duty.recovered", **facts})

    return Trouble(monotonic, say, say_over)
