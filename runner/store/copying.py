"""
Copies into the HIS's own tables: which of them are still so, and when one that failed is made again.

Copies into the same row count in the order of the items whose record they tell of, whenever they are made: what a newer
one has told, an older one that comes late does not tell again.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

RETRY_S = 5.0
"""Before a copy that failed is tried again; doubled with each try, up to an hour."""

TRIES = 12
"""After so many the copy stays failed, for a person."""


def still_so(values_json: str, newer: Iterable[str]) -> dict[str, object]:
    """Give what of a copy no newer one has told otherwise; both are JSON, column → value."""
    told = {name.upper() for each in newer for name in json.loads(each)}
    return {name: value for name, value in json.loads(values_json).items() if name.upper() not in told}


def next_try(tries: int, now: datetime) -> datetime | None:
    """When a copy is tried again that has failed once more after ``tries`` tries; None: not by itself."""
    return now + timedelta(seconds=min(3600.0, RETRY_S * 2**tries)) if tries + 1 < TRIES else None


def state_of(error: str | None, *, dropped: bool) -> str:
    """Give how a copy stands: DROPPED, DONE or FAILED."""
    if dropped:
        return "DROPPED"
    return "DONE" if error is None else "FAILED"
