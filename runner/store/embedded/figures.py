"""How the lanes are doing, and what came of a day: figures without patients' data."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from runner.domain.outbox import FINAL
from runner.ports import DayTally, LaneHealth
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
    """Count what ended on a day, in one transaction, in place of what stood there of it."""
    with database.connections.writing() as connection:
        transactions = [database.on(connection, lane) for lane in database.lanes]
        now = transactions[0].now
        day = (now.astimezone(BUDAPEST) - timedelta(days=days_ago)).date()
        until = _begin(day + timedelta(days=1))
        binds = {"day": day.isoformat(), "since": to_text(_begin(day)), "until": to_text(until)}
        first_time = until <= now and not connection.execute(database.statements["day_closed"], binds).fetchone()[0]
        connection.execute(database.statements["forget_day"], binds)
        for transaction in transactions:
            transaction.rows("tally", **binds)
        lines = connection.execute(database.statements["day"], binds).fetchall()
    endings: Counter[str] = Counter()
    for line in lines:
        endings[line["state"]] += line["number"]
    return DayTally(
        day=day,
        first_time=first_time,
        endings=dict(endings),
        retries=sum(line["retries"] for line in lines),
        probes=sum(line["probes"] for line in lines),
        paper=sum(line["paper"] for line in lines),
    )


def _begin(day: date) -> datetime:
    """When a day begins in Budapest; a day with a change of the clocks has 23 or 25 hours."""
    return datetime.combine(day, time(), BUDAPEST).astimezone(UTC)
