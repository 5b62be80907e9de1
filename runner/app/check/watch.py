"""
What the running daemon keeps an eye on: certificates and clock, told once for each change and not each round.

Both give a duty without arguments, for the daemon's schedule.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from runner.app.check.certificates import Judged, judged
from runner.app.check.clock import Limits, clock_offset
from runner.app.check.finding import Status
from runner.errors import RunnerError

if TYPE_CHECKING:
    from runner.eeszt.heard import Heard
    from runner.mapping import ContractPack
    from runner.settings import Settings

logger = logging.getLogger(__name__)

URGENT_DAYS = 14
"""From here on a certificate's end is an error: a person is needed now."""


def watch_certificates(settings: Settings, now: Callable[[], datetime]) -> Callable[[], None]:
    """Give the duty that reads every certificate anew and tells each stage that it comes to, and its end."""
    stages: dict[str, int | None] = {}

    def look() -> None:
        for each in judged(settings, now()):
            if each.stage != stages.get(each.name):
                stages[each.name] = each.stage
                _tell_certificate(each)

    return look


def _tell_certificate(each: Judged) -> None:
    if each.problem is None:
        logger.info("certificate is good again", extra={"event": "cert.good", "certificate": each.name})
    elif each.days_left is None:
        bad = {"event": "cert.bad", "certificate": each.name, "fault": str(each.problem)}
        if each.status is Status.FAIL:
            logger.error("certificate cannot be used", extra=bad)
        else:
            logger.warning("certificate cannot be used", extra=bad)
    else:
        ending = {"event": "cert.expiring", "certificate": each.name, "days_left": each.days_left}
        if each.days_left <= URGENT_DAYS:
            logger.error("certificate ends soon", extra=ending)
        else:
            logger.warning("certificate ends soon", extra=ending)


def watch_clock(settings: Settings, pack: ContractPack, heard: Callable[[], Heard | None]) -> Callable[[], None]:
    """
    Give the duty that compares our clock and tells when a drift begins, gets worse and ends.

    Args:
        settings: Name a time server and limits, or none.
        pack: Says what drift the contract tolerates.
        heard: Gives the newest word of the EESZT's answers, such as ``http.dates.newest``.
    """
    limits = Limits.of(settings, pack)
    last: list[Status | None] = [Status.OK]

    def look() -> None:
        try:
            reading = clock_offset(settings, heard())
        except RunnerError as error:
            if last[0] is not None:
                logger.warning("nobody tells the time", extra={"event": "clock.unknown", "fault": str(error)})
            last[0] = None
            return
        if reading is None:
            return
        status = limits.status(reading)
        if status is last[0]:
            return
        last[0] = status
        extra = {"event": "clock.drift", "offset_ms": round(reading.offset_s * 1000), "source": reading.source}
        if status is Status.FAIL:
            logger.error("clock is off", extra=extra)
        elif status is Status.WARN:
            logger.warning("clock is off", extra=extra)
        else:
            good = {"event": "clock.good", "offset_ms": round(reading.offset_s * 1000), "source": reading.source}
            logger.info("clock is right", extra=good)

    return look
