"""A lane's broken promise is told once when it begins and once when it ends."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runner.daemon.watch import SILENT_S, LaneWatch
from runner.store.rows import to_text
from tests.support.logins import FrozenClock
from tests.support.rows import Lab


class Watched:
    """A store, its watch, and what was told since the last look."""

    def __init__(self, lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
        self.lab = lab
        self.clock = FrozenClock()
        self.watch = LaneWatch(lab.store.outbox, self.clock, ["interactive"])
        self._caplog = caplog

    def look(self) -> list[tuple[str, str]]:
        self._caplog.clear()
        self.watch.look()
        return [(each.levelname, each.event) for each in self._caplog.records]  # type: ignore[attr-defined]

    def beat(self, ago_s: float = 0) -> None:
        self.lab.store.outbox.beat({"interactive": 0.0}, "one")
        at = to_text(datetime.now(UTC) - timedelta(seconds=ago_s))
        self.lab.run("UPDATE EESZT_RUNNER SET beat_at = ?", [at])


@pytest.fixture
def watched(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Watched]:
    """One that has been at work for a while, on a lane that beats."""
    lab = Lab(tmp_path)
    caplog.set_level(logging.INFO)
    watched = Watched(lab, caplog)
    watched.beat()
    watched.clock.advance(SILENT_S)
    yield watched
    lab.store.close()


def test_a_lane_that_keeps_its_promises_is_silent(watched: Watched) -> None:
    watched.lab.insert("erecept_feliras")
    assert watched.look() == []


def test_a_lane_that_beats_no_longer_is_told_once_and_when_it_beats_again(watched: Watched) -> None:
    watched.beat(ago_s=60)
    assert watched.look() == [("ERROR", "lane.stalled")]
    assert watched.look() == []
    watched.beat()
    assert watched.look() == [("INFO", "lane.alive")]
    assert watched.look() == []


def test_a_lane_that_never_beat_is_told(watched: Watched) -> None:
    watched.lab.run("DELETE FROM EESZT_RUNNER")
    assert watched.look() == [("ERROR", "lane.stalled")]


def test_wards_that_were_not_told_are_told_of_once_and_when_they_are(watched: Watched) -> None:
    item = watched.lab.insert("erecept_feliras")
    watched.lab.travel(item, 31)
    assert watched.look() == [], "the next sweep may still do it"
    watched.lab.travel(item, 5)
    assert watched.look() == [("ERROR", "ward.overdue")]
    assert watched.look() == []
    watched.lab.store.outbox.sweep("interactive")
    assert watched.look() == [("INFO", "ward.told")]


def test_an_item_that_waits_for_long_is_told_unless_the_lane_is_paused(watched: Watched) -> None:
    item = watched.lab.insert("erecept_visszavonas", withdraws=None)
    watched.lab.force((item, {"state": "NEW", "next_at": datetime.now(UTC) - timedelta(seconds=400)}))
    watched.lab.store.desk.pause("interactive", "operator")
    assert watched.look() == []
    watched.lab.store.desk.resume("interactive")
    assert watched.look() == [("WARNING", "lane.late")]
    assert watched.look() == []
    watched.lab.force((item, {"state": "CANCELLED", "next_at": None}))
    assert watched.look() == [("INFO", "lane.caught_up")]


def test_what_a_dead_daemon_left_is_not_held_against_its_successor(watched: Watched) -> None:
    item = watched.lab.insert("erecept_feliras")
    watched.lab.travel(item, 60)
    watched.beat(ago_s=3600)
    successor = LaneWatch(watched.lab.store.outbox, watched.clock, ["interactive"])
    watched.watch = successor
    assert watched.look() == []
    watched.clock.advance(SILENT_S)
    assert watched.look() == [("ERROR", "lane.stalled"), ("ERROR", "ward.overdue")]


def test_what_is_told_names_the_lane_and_no_item(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    item = watched.lab.insert("erecept_feliras", source_key="veny-1")
    watched.lab.travel(item, 60)
    watched.look()
    [told] = [vars(each) for each in caplog.records]
    assert {name: told[name] for name in ("lane", "count", "paused")} == {
        "lane": "interactive",
        "count": 1,
        "paused": False,
    }
    assert 29 < told["overdue_s"] < 40
