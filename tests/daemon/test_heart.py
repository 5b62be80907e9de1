"""Heartbeats of all lanes, written together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.daemon.heart import BEAT_S, Heart
from runner.errors import RunnerError
from tests.support.logins import FrozenClock
from tests.support.rows import Lab

AGES = (
    "SELECT lane, round((julianday('now') - julianday(beat_at)) * 86400, 1) FROM EESZT_RUNNER"
    " WHERE owner = 'one' ORDER BY lane"
)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(tmp_path)
    yield lab
    lab.store.close()


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def heart(lab: Lab, clock: FrozenClock) -> Heart:
    return Heart(lab.store.outbox, "one", clock)


def ages(lab: Lab) -> dict[str, float]:
    """How long ago each lane was alive; the database's clock goes on, so whole seconds count."""
    return {lane: float(age) for lane, age in lab.run(AGES)}


def test_a_lane_that_begins_is_alive_at_once(lab: Lab, heart: Heart) -> None:
    heart.beat("interactive")
    heart.beat("query")
    assert set(ages(lab)) == {"interactive", "query"}


def test_one_statement_writes_all_lanes_and_a_poller_that_hangs_gets_no_younger(
    lab: Lab, heart: Heart, clock: FrozenClock
) -> None:
    for lane in ("interactive", "query", "background"):
        heart.beat(lane)
    lab.run("UPDATE EESZT_RUNNER SET beat_at = '2026-01-01 00:00:00.000000'")
    clock.advance(BEAT_S * 0.7)
    heart.beat("query")
    assert min(ages(lab).values()) > 100, "it is not time yet"
    clock.advance(BEAT_S * 0.3)
    heart.beat("interactive")
    told = ages(lab)
    assert told["background"] - told["interactive"] == pytest.approx(BEAT_S, abs=0.11), "it said nothing since"
    assert told["query"] - told["interactive"] == pytest.approx(0.3 * BEAT_S, abs=0.11)
    clock.advance(BEAT_S)
    lab.run("UPDATE EESZT_RUNNER SET beat_at = '2026-01-01 00:00:00.000000'")
    heart.beat("query")
    told = ages(lab)
    assert told["background"] > 100, "nobody speaks for a poller that is silent"
    assert told["interactive"] - told["query"] == pytest.approx(BEAT_S, abs=0.11)


def test_a_lane_that_comes_back_is_alive_at_once(lab: Lab, heart: Heart, clock: FrozenClock) -> None:
    heart.beat("query")
    clock.advance(2 * BEAT_S)
    heart.beat("interactive")
    lab.run("UPDATE EESZT_RUNNER SET beat_at = '2026-01-01 00:00:00.000000' WHERE lane = 'query'")
    heart.beat("query")
    assert ages(lab)["query"] < 100


def test_what_the_database_did_not_take_is_written_by_the_next_one(lab: Lab, heart: Heart) -> None:
    heart.beat("interactive")
    heart.beat("query")
    lab.run("UPDATE EESZT_RUNNER SET beat_at = '2026-01-01 00:00:00.000000'")
    lab.run("ALTER TABLE EESZT_RUNNER RENAME TO AWAY")
    with pytest.raises(RunnerError):
        heart.beat("background")
    lab.run("ALTER TABLE AWAY RENAME TO EESZT_RUNNER")
    heart.beat("query")
    assert ages(lab)["query"] < 100
