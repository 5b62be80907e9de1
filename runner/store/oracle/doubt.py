"""After a commit whose answer was lost: connect anew and look what became of it, before anything further is done."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from runner.errors import IN_DOUBT, RunnerError, fault, passes

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.store.oracle.database import OracleDatabase
    from runner.store.oracle.transaction import OracleTransaction

DOUBT_S = 5.0
"""How long it is tried to look; then the rows are left to their leases."""

PAUSE_S = 0.1
"""Between two tries."""

_Found = TypeVar("_Found")


def read_back(database: OracleDatabase, lane: str, judge: Callable[[OracleTransaction], _Found]) -> _Found:
    """
    Look at a lane through a new session.

    A session that was lost may still be at work: whatever is done after this locks its rows first, which it holds then.

    Raises:
        StoreError: RNR-7402, the database cannot be reached; it is still in doubt.
    """
    until = time.monotonic() + DOUBT_S
    while True:
        try:
            with database.looking(lane) as now:
                return judge(now)
        except RunnerError as error:
            if not passes(error) or time.monotonic() >= until:
                raise fault(IN_DOUBT, error.where, code=error.facts.get("code", error.number)) from error
        time.sleep(PAUSE_S)
