"""
Whether the time of recording that a row names can be believed.

Source: B9 (eRecept and eBeutaló at their recording, never later); how far clocks may differ is ours.
"""

from __future__ import annotations

from datetime import datetime, timedelta

RECORDED_LATE_S = 300.0
"""How long after its recording a row that a ward waits for may be written; clocks may differ by so much."""

RECORDED_AHEAD_S = 3600.0
"""How far ahead of the database's clock a recording may lie."""


def is_recorded_late(recorded_at: datetime, created_at: datetime) -> bool:
    """Whether a row that a ward waits for was written long after its recording: the ward has worked on paper since."""
    return created_at - recorded_at > timedelta(seconds=RECORDED_LATE_S)


def is_recorded_ahead(recorded_at: datetime, created_at: datetime) -> bool:
    """Whether a row says that it was recorded in the future, where another law may hold."""
    return recorded_at - created_at > timedelta(seconds=RECORDED_AHEAD_S)
