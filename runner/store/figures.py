"""How the lanes are doing, and what came of a day: figures without patients' data."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from runner.domain.outbox import FINAL
from runner.ports import DayTally, LaneHealth
from runner.store.rows import to_instant, to_json

if TYPE_CHECKING:
    from datetime import date

    from runner.store.database import Database

BUDAPEST = ZoneInfo("Europe/Budapest")
"""The days of a hospital are those of its clocks."""

FINAL_STATES = to_json(sorted(FINAL))


FIGURES = ("lane", "document_type", "state", "number", "p50_s", "p95_s", "retries", "probes", "paper")
"""What is counted of a document type and an end of it."""


def lane_health(database: Database, lane: str) -> LaneHealth:
    """Look whether a lane keeps its promises now."""
    paused = database.is_paused(lane)
    with database.looking(lane) as transaction:
        now = transaction.now
        [found] = transaction.rows("lane_health", final_states=FINAL_STATES)

    def age_s(name: str) -> float:
        at = to_instant(found[name])
        return 0.0 if at is None else max(0.0, (now - at).total_seconds())

    return LaneHealth(
        silent_s=None if found["beat_at"] is None else age_s("beat_at"),
        overdue=found["overdue"],
        overdue_s=age_s("answer_by"),
        paused=paused,
        late_s=age_s("next_at"),
    )


def tally(database: Database, days_ago: int) -> DayTally:
    """Count what ended on a day, in place of what stood there; counted without a lock, so that no ward waits for it."""
    with database.reading() as look:
        now = look.now
        day = now.astimezone(BUDAPEST).date() - timedelta(days=days_ago)
        since, until = _begin(day), _begin(day + timedelta(days=1))
        found = [line for lane in database.lanes for line in look.on(lane).rows("tally", since=since, until=until)]
        lines = [{name: line[name] for name in FIGURES} for line in found]
    of_day = {"day": day.isoformat(), "now": now, "until": until}
    with database.writing() as scope:
        closed = scope.read("day_closed", day=day.isoformat(), until=until)[0]["closed"]
        scope.change("forget_day", day=day.isoformat())
        if lines:
            scope.change_many("keep_figures", [{**of_day, **line, "members": line["number"]} for line in lines])
    endings: Counter[str] = Counter()
    for line in lines:
        endings[line["state"]] += line["number"]
    return DayTally(
        day=day,
        first_time=until <= now and not closed,
        endings=dict(endings),
        retries=sum(line["retries"] for line in lines),
        probes=sum(line["probes"] for line in lines),
        paper=sum(line["paper"] for line in lines),
    )


def _begin(day: date) -> datetime:
    """When a day begins in Budapest; a day with a change of the clocks has 23 or 25 hours."""
    return datetime.combine(day, time(), BUDAPEST).astimezone(UTC)
