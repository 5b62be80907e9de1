"""What fails again and again is told when it begins, once a minute while it lasts, and when it is over."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runner.daemon import completer, lane
from runner.daemon.completer import Completer
from runner.daemon.heart import Heart
from runner.daemon.lane import Poller
from runner.daemon.trouble import AGAIN_S, QUIET_S, Told, Trouble, token_trouble
from runner.daemon.work import LaneSettings
from runner.errors import fault
from tests.support.logins import FrozenClock
from tests.support.rows import DIGESTS, Lab, completion, request

LANE = LaneSettings(
    name="background",
    trusted=False,
    poll_s=0.001,
    idle_poll_s=0.001,
    batch=10,
    senders=1,
    lease_s=60,
    connect_s=1,
    read_s=1,
)
AWAY, LOCKED = fault(7001, "medworks.db"), fault(7006, "outbox background", count=1)
FULL, FULL_OTHERWISE = (fault(7410, "db", code=code, named="") for code in ("ORA-01653", "ORA-01536"))


class Book:
    """A trouble and what was told of it."""

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.lines: list[tuple[str, Told]] = []
        self.trouble = Trouble(
            self.clock.monotonic,
            lambda told: self.lines.append(("begun", told)),
            lambda told: self.lines.append(("over", told)),
        )

    def told(self) -> list[tuple[str, int, float]]:
        lines, self.lines = self.lines, []
        return [(what, told.count, told.lasted_s) for what, told in lines]


@pytest.fixture
def book() -> Book:
    return Book()


def test_an_hour_of_faults_is_told_once_a_minute_with_how_many(book: Book) -> None:
    for _ in range(7200):
        book.trouble.met(AWAY)
        book.clock.advance(0.5)
    lines = book.told()
    assert lines[:3] == [("begun", 1, 0.0), ("begun", 121, 60.0), ("begun", 241, 120.0)]
    assert len(lines) == 60


def test_it_is_over_when_it_went_well_and_was_quiet_for_a_while(book: Book) -> None:
    book.trouble.met(AWAY)
    book.clock.advance(2)
    book.trouble.met(AWAY)
    book.told()
    book.clock.advance(QUIET_S * 10)
    book.trouble.look()
    assert book.told() == [], "nobody tried"
    book.trouble.passed()
    assert book.told() == [("over", 2, 2.0)]
    book.trouble.passed()
    assert (book.told(), book.trouble.is_open) == ([], False)
    book.trouble.met(AWAY)
    assert book.told() == [("begun", 1, 0.0)], "a new one is told at once"


def test_a_single_fault_is_over_without_another_try(book: Book) -> None:
    book.trouble.met(AWAY)
    book.trouble.passed()
    assert book.told() == [("begun", 1, 0.0)]
    book.clock.advance(QUIET_S)
    book.trouble.look()
    assert book.told() == [("over", 1, 0.0)]


def test_what_comes_and_goes_is_one_trouble(book: Book) -> None:
    for _ in range(100):
        book.trouble.met(AWAY)
        book.clock.advance(0.5)
        book.trouble.passed()
        book.clock.advance(0.5)
    assert book.told() == [("begun", 1, 0.0), ("begun", 61, 60.0)]


def test_another_fault_is_told_at_once_and_each_once_a_minute(book: Book) -> None:
    for _ in range(50):
        book.trouble.met(AWAY)
        book.trouble.met(LOCKED)
        book.trouble.met(FULL)
        book.trouble.met(FULL_OTHERWISE)
        book.trouble.met(ValueError("Tündérné"))
        book.clock.advance(AGAIN_S / 50)
    assert [told.is_bug for _, told in book.lines] == [False, False, False, False, True]
    assert "RNR-7006" in book.lines[1][1].fault
    assert "Tündérné" not in book.lines[4][1].fault


def test_threads_share_one(book: Book) -> None:
    threads = [threading.Thread(target=lambda: [book.trouble.met(AWAY) for _ in range(500)]) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert book.told() == [("begun", 1, 0.0)]
    book.trouble.passed()
    book.clock.advance(QUIET_S)
    book.trouble.look()
    assert book.told() == [("over", 4000, 0.0)]


def until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.001)


class Rounds(Poller):
    """A poller whose rounds are counted."""

    rounds = 0

    def run_once(self) -> bool:
        self.rounds += 1
        return super().run_once()

    def some_more(self) -> None:
        after = self.rounds + 20
        until(lambda: self.rounds >= after)


def site_of(lab: Lab, clock: Any) -> Any:
    return SimpleNamespace(
        owner="one",
        outbox=lab.store.outbox,
        clock=clock,
        is_suspended=lambda: False,
        mappings=SimpleNamespace(types={}),
        gateway=None,
        hook=lambda *_: None,
        tokens=token_trouble(),
    )


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """What was told of lanes and outcomes; threads that other tests left behind may have a say too."""
    found = [vars(each) for each in list(caplog.records)]
    return [each for each in found if str(each.get("event")).startswith(("lane.", "complete.", "item.completed"))]


def events(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(each["levelname"], each["event"]) for each in lines(caplog)]


def test_a_lane_with_a_broken_outbox_says_so_once_a_minute_and_when_it_works_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "TROUBLE_S", 0.001)
    caplog.set_level(logging.INFO)
    lab, clock = Lab(tmp_path), FrozenClock()
    lab.run("ALTER TABLE EESZT_RUNNER RENAME TO AWAY")
    site = site_of(lab, clock)
    poller = Rounds(site, LANE, Completer(site, lambda: None), Heart(site.outbox, site.owner, clock))
    poller.start()
    try:
        poller.some_more()
        assert events(caplog) == [("ERROR", "lane.trouble")]
        clock.advance(AGAIN_S)
        poller.some_more()
        assert events(caplog) == [("ERROR", "lane.trouble")] * 2
        told = lines(caplog)[1]
        assert (told["lane"], told["doing"], told["lasted_s"]) == ("background", "round", AGAIN_S)
        assert told["count"] > 20
        assert "EESZT_RUNNER" in told["fault"]
        lab.run("ALTER TABLE AWAY RENAME TO EESZT_RUNNER")
        until(lambda: bool(lab.run("SELECT 1 FROM EESZT_RUNNER")))
        clock.advance(QUIET_S)
        poller.some_more()
        assert events(caplog)[2:] == [("INFO", "lane.recovered")]
    finally:
        poller.stop(clock.monotonic() + 30)
        lab.close()


def test_outcomes_that_cannot_be_written_are_told_of_once_a_minute_and_when_they_can(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(completer, "QUIET_S", 0.01)
    caplog.set_level(logging.INFO)
    lab, clock = Lab(tmp_path), FrozenClock()
    lab.insert()
    [item] = lab.store.outbox.claim("background", "t", 1, 60, DIGESTS)
    lab.store.outbox.permit([request(item)])
    writer = Completer(site_of(lab, clock), lambda: None)
    writer.start()
    try:
        with lab.transaction() as other:
            other.insert()
            writer.put(completion(item, eeszt_id="ID-1"))
            until(lambda: len(lines(caplog)) == 1)
            clock.advance(AGAIN_S)
            until(lambda: len(lines(caplog)) == 2)
        until(lambda: lab.row(item.row.item_id).state == "ACCEPTED")
        until(lambda: len(lines(caplog)) == 3)
        clock.advance(QUIET_S)
        until(lambda: len(lines(caplog)) == 4)
    finally:
        assert writer.stop(30)
        lab.close()
    names = ["complete.failed", "complete.failed", "item.completed", "complete.recovered"]
    assert [name for _, name in events(caplog)] == names
    assert lines(caplog)[3]["lasted_s"] == AGAIN_S
