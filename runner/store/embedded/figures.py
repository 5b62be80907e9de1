"""How the lanes are doing, and what came of a day: figures without patients' data."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from runner.domain.outbox import FINAL
from runner.ports import DayTally, LaneHealth
from runner.store.embedded.transaction import clock
from runner.store.rows import to_instant, to_text

if TYPE_CHECKING:
    from datetime import date

    from runner.store.embedded.database import Database

BUDAPEST = ZoneInfo("Europe/Budapest")
"""The days of a hospital are those of its clocks."""

FINAL_STATES = json.dumps(sorted(FINAL))


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
    with database.connections.reading() as connection:
        now = clock(connection, database.statements)
        day = now.astimezone(BUDAPEST).date() - timedelta(days=days_ago)
        since, until = _begin(day), _begin(day + timedelta(days=1))
        binds = {"since": to_text(since), "until": to_text(until)}
        lines = [dict(line) for lane in database.lanes for line in database.on(connection, lane).rows("tally", **binds)]
    with database.connections.writing() as connection:
        of_day = {"day": day.isoformat(), "now": to_text(now), "until": to_text(until)}
        closed = connection.execute(database.statements["day_closed"], of_day).fetchone()[0]
        connection.execute(database.statements["forget_day"], of_day)
        connection.executemany(database.statements["keep_figures"], [{**of_day, **line} for line in lines])
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
