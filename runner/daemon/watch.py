"""
A look at the lanes from outside: whether they live, whether every ward was told in time, how old the oldest item is.

A lane that keeps its promises is silent here. Each broken promise is told once when it begins and once when it ends.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.ports import Clock, LaneHealth, Outbox

logger = logging.getLogger(__name__)

SILENT_S = 10.0
"""A lane that has not beaten for so long is stalled; the HIS takes 5 s of silence for death."""

OVERDUE_S = 3.0
"""A ward's answer that is so long overdue was not given by any sweep; the sweeps come twice a second."""

LATE_S = 300.0
"""An item that could have gone for so long waits for something: an outage, a backlog, a type that is not active."""


class LaneWatch:
    """Knows what it has told."""

    def __init__(self, outbox: Outbox, clock: Clock, lanes: Sequence[str]) -> None:
        self._outbox = outbox
        self._clock = clock
        self._lanes = lanes
        self._told: set[tuple[str, str]] = set()
        self._began = clock.monotonic()

    def look(self) -> None:
        """Look at every lane; the first seconds after a start belong to what was left by the daemon before."""
        if self._clock.monotonic() - self._began < SILENT_S:
            return
        for lane in self._lanes:
            health = self._outbox.lane_health(lane)
            self._tell_stalled(lane, health)
            self._tell_overdue(lane, health)
            self._tell_late(lane, health)

    def _tell_stalled(self, lane: str, health: LaneHealth) -> None:
        stalled = health.silent_s is None or health.silent_s > SILENT_S
        if not self._changed("stalled", lane, broken=stalled):
            return
        if stalled:
            logger.error(
                "lane does not beat",
                extra={"event": "lane.stalled", "lane": lane, "silent_s": round(health.silent_s or 0.0, 1)},
            )
        else:
            logger.info("lane beats again", extra={"event": "lane.alive", "lane": lane})

    def _tell_overdue(self, lane: str, health: LaneHealth) -> None:
        overdue = health.overdue > 0 and health.overdue_s > OVERDUE_S
        if not self._changed("overdue", lane, broken=overdue):
            return
        if overdue:
            logger.error(
                "wards were not told in time",
                extra={
                    "event": "ward.overdue",
                    "lane": lane,
                    "count": health.overdue,
                    "overdue_s": round(health.overdue_s, 1),
                    "paused": health.paused,
                },
            )
        else:
            logger.info("every ward is told again", extra={"event": "ward.told", "lane": lane})

    def _tell_late(self, lane: str, health: LaneHealth) -> None:
        late = health.late_s > LATE_S and not health.paused
        if not self._changed("late", lane, broken=late):
            return
        if late:
            logger.warning(
                "items wait for long",
                extra={"event": "lane.late", "lane": lane, "late_s": round(health.late_s)},
            )
        else:
            logger.info("no item waits for long", extra={"event": "lane.caught_up", "lane": lane})

    def _changed(self, what: str, lane: str, *, broken: bool) -> bool:
        """Whether this is news; remembers it."""
        before = (what, lane) in self._told
        if broken:
            self._told.add((what, lane))
        else:
            self._told.discard((what, lane))
        return broken is not before
