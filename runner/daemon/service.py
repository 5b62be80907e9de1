"""The daemon as one thing: started, woken, stopped."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from runner.daemon.completer import Completer
from runner.daemon.duties import Duties
from runner.daemon.heart import Heart
from runner.daemon.housekeeper import Housekeeper
from runner.daemon.lane import Poller

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.daemon.duties import Duty
    from runner.daemon.work import LaneSettings, Site, Watched

logger = logging.getLogger(__name__)

STOP_S = 10.0
"""Longest that an orderly stop takes; what is on the wire then is asked after by the next daemon."""

WRITE_S = 2.0
"""Share of that in which the last outcomes are written."""


class Daemon:
    """All lanes of one process."""

    def __init__(
        self, site: Site, lanes: Sequence[LaneSettings], services: Sequence[Watched], duties: Sequence[Duty]
    ) -> None:
        self._clock = site.clock
        self._housekeeper = Housekeeper(site, services, self.wake)
        self._completer = Completer(site, self._housekeeper.copies_due)
        heart = Heart(site.outbox, site.owner, site.clock)
        self._pollers = [Poller(site, lane, self._completer, heart) for lane in lanes]
        self._duties = Duties(duties)

    def start(self) -> None:
        """Start every thread; returns at once."""
        self._completer.start()
        for poller in self._pollers:
            poller.start()
        self._housekeeper.start()
        self._duties.start()
        logger.info("daemon started", extra={"event": "daemon.started", "lanes": len(self._pollers)})

    def wake(self) -> None:
        """Make every lane look at once."""
        for poller in self._pollers:
            poller.wake()

    def stop(self) -> bool:
        """Finish or give back what is held; whether all ended in time."""
        end = self._clock.monotonic() + STOP_S
        self._duties.ask_to_stop()
        for poller in self._pollers:
            poller.ask_to_stop()
        ended = [poller.stop(end - WRITE_S) for poller in self._pollers]
        ended += [self._completer.stop(WRITE_S / 2), self._housekeeper.stop(end)]
        ended.append(self._duties.stop(end - self._clock.monotonic()))
        logger.info("daemon stopped", extra={"event": "daemon.stopped", "clean": all(ended)})
        return all(ended)
