"""What the store tells of a lane's health and of a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from runner.domain import sentences
from runner.domain.outbox import WardAnswer
from runner.domain.outcome import Ending
from runner.ports import LaneHealth
from tests.support.rows import Lab, accepted, claim, claim_probes, completion, sent

BUDAPEST = ZoneInfo("Europe/Budapest")


def yesterday_noon() -> datetime:
    return (datetime.now(BUDAPEST) - timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)


def end(lab: Lab, took_s: float, kind: str = "ekat_esemeny", **columns: object) -> int:
    """Write an item that took so long and ended yesterday at noon."""
    item = lab.insert(kind)
    at = yesterday_noon()
    facts = {"state": "ACCEPTED", "created_at": at - timedelta(seconds=took_s), "state_at": at, "next_at": None}
    lab.force((item, {**facts, **columns}))
    return item


def figures(lab: Lab) -> list[tuple[object, ...]]:
    columns = "lane, document_type, state, number, p50_s, p95_s, retries, probes, paper"
    return lab.run(f"SELECT {columns} FROM EESZT_DAY ORDER BY lane, document_type, state")


def test_a_day_is_counted_by_outbox_type_and_end(lab: Lab) -> None:
    for took_s in range(1, 21):
        end(lab, took_s)
    end(lab, 3, state="REJECTED", attempts=3)
    end(lab, 30, "erecept_feliras", state="MISSED", ward_answer="PAPER", attempts=1)
    lab.insert()
    tally = lab.store.outbox.tally(1)
    assert figures(lab) == [
        ("background", "ekat_esemeny", "ACCEPTED", 20, 10.0, 19.0, 0, 0, 0),
        ("background", "ekat_esemeny", "REJECTED", 1, 3.0, 3.0, 2, 0, 0),
        ("interactive", "erecept_feliras", "MISSED", 1, 30.0, 30.0, 0, 0, 1),
    ]
    assert tally.day == yesterday_noon().date()
    assert tally.endings == {"ACCEPTED": 20, "REJECTED": 1, "MISSED": 1}
    assert (tally.retries, tally.probes, tally.paper) == (2, 0, 1)


def test_questions_after_an_item_are_counted(lab: Lab) -> None:
    item = sent(lab, lab.insert())
    lab.store.outbox.complete([completion(item, Ending.UNKNOWN, reason_code="LOST_ANSWER")])
    lab.travel(item.row.item_id, 120)
    [asked] = claim_probes(lab)
    lab.store.outbox.complete([completion(asked, eeszt_id="SIM-1", attempt="PROBE")])
    assert lab.store.outbox.tally(0).probes == 1


def test_counting_twice_counts_once_and_takes_what_came_since(lab: Lab) -> None:
    end(lab, 1)
    first = lab.store.outbox.tally(1)
    again = lab.store.outbox.tally(1)
    assert first.endings == again.endings == {"ACCEPTED": 1}
    end(lab, 1)
    assert lab.store.outbox.tally(1).endings == {"ACCEPTED": 2}
    assert [line[3] for line in figures(lab)] == [2]


def test_a_day_is_over_for_the_first_time_once(lab: Lab) -> None:
    end(lab, 1)
    accepted(lab, lab.insert(), "SIM-1")
    assert [lab.store.outbox.tally(0).first_time for _ in range(2)] == [False, False]
    assert [lab.store.outbox.tally(1).first_time for _ in range(2)] == [True, False]


def test_a_count_of_the_day_while_it_lasted_does_not_make_it_told(lab: Lab) -> None:
    end(lab, 1)
    lab.store.outbox.tally(1)
    lab.run("UPDATE EESZT_DAY SET counted_at = ?", [yesterday_noon()])
    assert lab.store.outbox.tally(1).first_time


def test_days_are_those_of_the_clocks_in_budapest(lab: Lab) -> None:
    midnight = datetime.now(BUDAPEST).replace(hour=0, minute=0, second=0, microsecond=0)
    for away_s in (-1, 0):
        end(lab, 1, state_at=(midnight + timedelta(seconds=away_s)).astimezone(UTC))
    assert lab.store.outbox.tally(1).endings == {"ACCEPTED": 1}
    assert lab.store.outbox.tally(0).endings == {"ACCEPTED": 1}


def test_a_type_that_nobody_declared_is_counted_without_what_stands_in_the_column(lab: Lab) -> None:
    lab.insert("Tündérné Világszép Ilona", lane="background")
    lab.store.outbox.tally(0)
    assert [line[:4] for line in figures(lab)] == [("background", "?", "INVALID", 1)]


# health


def test_a_lane_without_work_and_heartbeat_says_so(lab: Lab) -> None:
    assert lab.store.outbox.lane_health("interactive") == LaneHealth(None, 0, 0.0, paused=False, late_s=0.0)


def test_a_heartbeat_ages(lab: Lab) -> None:
    lab.store.outbox.beat({"interactive": 0.0}, "dead")
    lab.run("UPDATE EESZT_RUNNER SET beat_at = ?", [datetime.now(UTC) - timedelta(seconds=60)])
    silent_s = lab.store.outbox.lane_health("interactive").silent_s
    assert silent_s is not None
    assert 60 <= silent_s < 70
    lab.store.outbox.beat({"interactive": 0.0}, "alive")
    silent_s = lab.store.outbox.lane_health("interactive").silent_s
    assert silent_s is not None
    assert silent_s < 10


def test_a_ward_that_was_not_told_in_time_is_seen_and_needs_a_person(lab: Lab) -> None:
    item, other = lab.insert("erecept_feliras"), lab.insert("erecept_feliras")
    lab.travel(item, 40)
    health = lab.store.outbox.lane_health("interactive")
    assert health.overdue == 1
    assert 10 <= health.overdue_s < 20
    attention = "SELECT item_id, what, sentence FROM EESZT_V_ATTENTION"
    assert lab.run(attention) == [(item, "WARD_OVERDUE", sentences.WARD_OVERDUE)]
    lab.store.outbox.sweep("interactive")
    assert lab.row(item).ward_answer is WardAnswer.PAPER
    assert lab.run(attention) == []
    assert lab.store.outbox.lane_health("interactive").overdue == 0
    assert lab.row(other).ward_answer is WardAnswer.WAIT


def test_an_item_is_late_from_when_it_could_have_gone(lab: Lab) -> None:
    first, second = lab.insert(order_key="k"), lab.insert(order_key="k")
    lab.travel(second, 900)
    assert lab.store.outbox.lane_health("background").late_s < 60, "it waits for its predecessor"
    lab.travel(first, 600)
    assert 600 <= lab.store.outbox.lane_health("background").late_s < 660
    claim(lab)
    assert lab.store.outbox.lane_health("background").late_s == 0


def test_a_pause_is_seen(lab: Lab) -> None:
    lab.store.desk.pause("query", "operator")
    assert lab.store.outbox.lane_health("query").paused
    assert not lab.store.outbox.lane_health("background").paused
