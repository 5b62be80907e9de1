"""The daemon's own duties by the clock: watch the lanes, forget what was kept long enough, count the days."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from runner.daemon.duties import Duty
from runner.daemon.watch import LaneWatch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.ports import Clock, KeptFor, Outbox

logger = logging.getLogger(__name__)

WATCH_S, WAKE_S, FORGET_S, TODAY_S = 10, 10, 3600, 600
"""Periods."""

DAY_ENDED = "00:10"
"""When yesterday is counted for good."""

ROWS = 500
"""Most rows of a kind that one transaction forgets."""


def upkeep(outbox: Outbox, clock: Clock, lanes: Sequence[str], kept: KeptFor) -> list[Duty]:
    """
    Give the duties; several daemons may do them side by side, since each leaves what another one has done.

    Args:
        outbox: The database.
        clock: Time.
        lanes: The lanes of this daemon.
        kept: How long patients' data is kept.
    """
    return [
        Duty("lanes", LaneWatch(outbox, clock, lanes).look, every_s=WATCH_S),
        Duty("logins", partial(wake, outbox), every_s=WAKE_S),
        Duty("retention", partial(forget, outbox, kept), every_s=FORGET_S),
        Duty("today", partial(count, outbox, 0), every_s=TODAY_S),
        Duty("yesterday", partial(count, outbox, 1), at=DAY_ENDED),
    ]


def wake(outbox: Outbox) -> None:
    """Let go what a login left parked, since MedWorkS held the row then."""
    if count := outbox.wake_missed():
        logger.info("items that a login had left parked go again", extra={"event": "login.woke_late", "items": count})


def forget(outbox: Outbox, kept: KeptFor) -> bool:
    """Forget one batch; whether there may be more."""
    counts = outbox.forget(kept, ROWS)
    if counts:
        logger.info("patients' data was kept long enough", extra={"event": "retention.forgotten", **counts})
    return ROWS in counts.values()


def count(outbox: Outbox, days_ago: int) -> None:
    """Count a day; tell its totals once it is over, once."""
    tally = outbox.tally(days_ago)
    if tally.first_time:
        endings = {state.lower(): number for state, number in sorted(tally.endings.items())}
        logger.info(
            "day is over",
            extra={
                "event": "day.counted",
                "day": tally.day.isoformat(),
                "items": sum(endings.values()),
                "retries": tally.retries,
                "probes": tally.probes,
                "paper": tally.paper,
                **endings,
            },
        )
