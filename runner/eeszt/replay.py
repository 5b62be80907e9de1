"""
Which answers were believed already: each is believed once.

A message that is sent again keeps its identifier, so an answer to the first try would fit the second too. Whoever kept
it could let the second try look as if it had ended like the first.

Source: WS-Security 1.1 §13.2 (replay); how long it is remembered follows from the Timestamp's life.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import datetime, timedelta

from runner.eeszt.xml import UnverifiedError


class Seen:
    """
    The identifiers of answers that could still be repeated. Safe for threads.

    Args:
        life: After so long an answer's own Timestamp refuses it.
    """

    def __init__(self, life: timedelta) -> None:
        self._keep = 2 * life  # an answer may come from as far ahead as the clocks may differ
        self._at: OrderedDict[str, datetime] = OrderedDict()
        self._lock = threading.Lock()

    def once(self, identifier: str, now: datetime) -> None:
        """
        Note an answer.

        Raises:
            UnverifiedError: It was believed before.
        """
        with self._lock:
            while self._at and next(iter(self._at.values())) < now - self._keep:
                self._at.popitem(last=False)
            if identifier in self._at:
                raise UnverifiedError("an answer that was given before")
            self._at[identifier] = now
