"""Whether the database is still the one that the daemon began with; on another one nothing is claimed or sent."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from runner.daemon.trouble import Told, Trouble
from runner.errors import RunnerError, fault

if TYPE_CHECKING:
    from runner.domain.environment import Identity
    from runner.ports import Outbox

logger = logging.getLogger(__name__)


class IdentityWatch:
    """
    Remembers which database it was at the start, and says when it is another one.

    Once it was another one the daemon stays suspended, without heartbeats, so that wards are told to use paper: what it
    holds in memory belongs to the old database.
    """

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._first: Identity | None = None
        self._suspended = threading.Event()
        self._trouble = Trouble(time.monotonic, _say_silent, _say_heard)

    @property
    def is_suspended(self) -> bool:
        """Whether nothing may be claimed or sent."""
        return self._suspended.is_set()

    def run_once(self) -> None:
        """Look once; a database that cannot be asked now says nothing."""
        try:
            now = self._outbox.identity()
        except RunnerError as error:
            self._trouble.met(error)
            return
        self._trouble.passed()
        if self._first is None:
            self._first = now
        if now != self._first and not self._suspended.is_set():
            self._suspended.set()
            problem = fault(8023, "database", now_is=_told(now), was=_told(self._first))
            logger.error(
                "database is not the one the daemon began with",
                extra={"event": "database.changed", "fault": str(problem)},
            )


def _say_silent(told: Told) -> None:
    facts = {"fault": told.fault, "count": told.count, "lasted_s": told.lasted_s}
    logger.warning("database cannot say which it is", extra={"event": "database.silent", **facts})


def _say_heard(told: Told) -> None:
    facts = {"count": told.count, "lasted_s": told.lasted_s}
    logger.info("database says again which it is", extra={"event": "database.heard", **facts})


def _told(identity: Identity) -> str:
    return f"{identity.environment} {identity.database_id[:8]} at {identity.place}"
