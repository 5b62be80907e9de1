"""When a row may say that it was recorded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from runner.domain import recording

WRITTEN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def test_what_a_ward_waits_for_is_written_at_its_recording_within_what_clocks_differ() -> None:
    limit = timedelta(seconds=recording.RECORDED_LATE_S)
    assert not recording.is_recorded_late(WRITTEN - limit, WRITTEN)
    assert recording.is_recorded_late(WRITTEN - limit - timedelta(seconds=1), WRITTEN)
    assert not recording.is_recorded_late(WRITTEN + limit, WRITTEN)


def test_nothing_is_recorded_in_the_future() -> None:
    limit = timedelta(seconds=recording.RECORDED_AHEAD_S)
    assert not recording.is_recorded_ahead(WRITTEN + limit, WRITTEN)
    assert recording.is_recorded_ahead(WRITTEN + limit + timedelta(seconds=1), WRITTEN)
