"""Days of the figures are those of Budapest, those with a change of the clocks included."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from runner.store.figures import _begin


@pytest.mark.parametrize(
    ("day", "begins", "hours"),
    [
        (date(2026, 1, 15), datetime(2026, 1, 14, 23, tzinfo=UTC), 24),
        (date(2026, 3, 29), datetime(2026, 3, 28, 23, tzinfo=UTC), 23),
        (date(2026, 10, 25), datetime(2026, 10, 24, 22, tzinfo=UTC), 25),
    ],
)
def test_a_day_begins_and_ends_with_the_clocks_in_budapest(day: date, begins: datetime, hours: int) -> None:
    assert _begin(day) == begins
    assert _begin(day + timedelta(days=1)) - _begin(day) == timedelta(hours=hours)
