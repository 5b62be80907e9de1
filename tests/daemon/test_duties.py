"""Duties by the clock: each is done when it is due, whatever the others do and wherever the clock goes."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime

import pytest

from runner.daemon.duties import Duties, Duty
from runner.errors import fault
from tests.support.wall_clock import WallClock

LONG_S = 20.0
"""Longest that a test waits for another thread; it never takes so long."""


class Book:
    """How often each duty was done."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()

    def duty(self, name: str, every_s: int | None = None, at: str | None = None, more: int = 0) -> Duty:
        """A duty that notes its name, and that has more to do so many times."""

        def run() -> bool:
            self.done[name] += 1
            return self.done[name] <= more

        return Duty(name, run, every_s=every_s, at=at)


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> WallClock:
    """A machine on an autumn evening."""
    return WallClock(monkeypatch, datetime(2026, 10, 24, 23, 0))  # noqa: DTZ001  schedule knows no zones


def test_everything_is_done_once_at_the_start_and_then_when_it_is_due(wall: WallClock) -> None:
    book = Book()
    duties = Duties([book.duty("ten", every_s=10), book.duty("minute", every_s=60), book.duty("night", at="00:10")])
    duties.run_once()
    assert book.done == {"ten": 1, "minute": 1, "night": 1}
    for _ in range(6):
        wall.forward(seconds=10)
        duties.run_once()
    assert book.done == {"ten": 7, "minute": 2, "night": 1}
    wall.forward(minutes=69)
    duties.run_once()
    assert book.done == {"ten": 8, "minute": 3, "night": 2}, "what was passed over is done once"
    wall.forward(days=1)
    duties.run_once()
    assert book.done["night"] == 3


def test_nothing_stands_still_when_summer_time_ends(wall: WallClock) -> None:
    book = Book()
    wall.now = datetime(2026, 10, 25, 2, 59, 50)  # noqa: DTZ001
    duties = Duties([book.duty("minute", every_s=60), book.duty("night", at="02:30")])
    duties.run_once()
    wall.forward(hours=-1, seconds=10)
    duties.run_once()
    assert book.done["minute"] == 1
    wall.forward(seconds=61)
    duties.run_once()
    assert book.done["minute"] == 2, "a minute later, not an hour and a minute"


def test_a_clock_that_is_set_forward_makes_things_due_once(wall: WallClock) -> None:
    book = Book()
    duties = Duties([book.duty("minute", every_s=60), book.duty("night", at="00:10")])
    duties.run_once()
    wall.forward(days=40)
    for _ in range(3):
        duties.run_once()
    assert book.done == {"minute": 2, "night": 2}


def test_a_clock_that_is_set_back_by_days_does_not_stop_what_is_due_every_so_often(wall: WallClock) -> None:
    book = Book()
    duties = Duties([book.duty("minute", every_s=60), book.duty("night", at="00:10")])
    duties.run_once()
    wall.forward(days=-40)
    duties.run_once()
    wall.forward(seconds=60)
    duties.run_once()
    assert book.done["minute"] == 2


def failing(error: Exception) -> Callable[[], None]:
    def run() -> None:
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "event"), [(fault(7001, "medworks.db"), "duty.trouble"), (ValueError("Tündérné"), "duty.bug")]
)
def test_a_duty_that_fails_is_told_and_stops_neither_the_others_nor_itself(
    wall: WallClock, caplog: pytest.LogCaptureFixture, error: Exception, event: str
) -> None:
    book = Book()
    duties = Duties([Duty("broken", failing(error), every_s=10), book.duty("sound", every_s=10)])
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            duties.run_once()
            wall.forward(seconds=10)
    assert book.done == {"sound": 3}
    [told] = caplog.records
    assert (told.event, told.duty) == (event, "broken")  # type: ignore[attr-defined]
    assert "Tündérné" not in "".join(str(vars(each)) for each in caplog.records)


def test_what_has_more_to_do_goes_on_at_the_next_look_beside_the_others(wall: WallClock) -> None:
    book = Book()
    duties = Duties([book.duty("much", every_s=3600, more=4), book.duty("ten", every_s=10)])
    for _ in range(8):
        duties.run_once()
        wall.forward(seconds=5)
    assert book.done == {"much": 5, "ten": 4}


def test_a_duty_needs_a_period_or_a_time_of_day_and_not_both() -> None:
    for times in ({}, {"every_s": 10, "at": "00:10"}):
        with pytest.raises(AssertionError):
            Book().duty("undecided", **times)  # type: ignore[arg-type]


def test_the_thread_does_its_duties_and_stops(caplog: pytest.LogCaptureFixture) -> None:
    twice = threading.Barrier(2)
    rounds: list[str] = []

    def run() -> bool:
        rounds.append(threading.current_thread().name)
        if len(rounds) <= 2:
            twice.wait(LONG_S)
        return True

    duties = Duties([Duty("broken", failing(ValueError()), every_s=1), Duty("sound", run, every_s=3600)])
    duties.start()
    twice.wait(LONG_S)
    twice.wait(LONG_S)
    assert duties.stop(LONG_S)
    count = len(rounds)
    duties.run_once()
    assert len(rounds) == count, "nothing is begun after the stop"
    assert set(rounds) == {"duties"}


def test_a_stop_does_not_wait_longer_than_it_may_for_a_duty_that_hangs() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hang() -> None:
        begun.set()
        go_on.wait(LONG_S)

    duties = Duties([Duty("hanging", hang, every_s=3600)])
    duties.start()
    assert begun.wait(LONG_S)
    assert not duties.stop(0.05)
    go_on.set()
    assert duties.stop(LONG_S)


def test_duties_that_never_began_stop_at_once() -> None:
    assert Duties([Book().duty("any", every_s=10)]).stop(LONG_S)
