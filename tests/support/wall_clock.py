"""The wall clock of a machine, as ``schedule`` reads it: it stands still, and a test sets it."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import TYPE_CHECKING, Self

import schedule

if TYPE_CHECKING:
    import pytest


class WallClock:
    """
    Local time without a zone, set by hand; it may go back, as at the end of summer time.

    Attributes:
        now: What it shows.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, now: dt.datetime) -> None:
        self.now = now
        clock = self

        class Shown(dt.datetime):
            @classmethod
            def now(cls, tz: dt.tzinfo | None = None) -> Self:
                assert tz is None, "the machine's own time is asked for"
                return cls.fromisoformat(clock.now.isoformat())

        names = SimpleNamespace(datetime=Shown, timedelta=dt.timedelta, time=dt.time)
        monkeypatch.setattr(schedule, "datetime", names)

    def forward(self, **time: float) -> None:
        """Let time pass, or set the clock back with negative values."""
        self.now += dt.timedelta(**time)
