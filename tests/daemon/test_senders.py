"""The senders keep the wire full and never hold more on it than their lane allows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from runner.daemon.senders import QUICK_S, Senders, Slot

SENDERS = 4


class Clock:
    """Stands still until it is moved."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


class Posts(Senders):
    """Senders whose messages stay on the wire until they are let go; what comes after the answer may be held up too."""

    def __init__(self) -> None:
        self.answers, self.judging = threading.Semaphore(0), threading.Event()
        self.on_wire, self.most, self.lock = 0, 0, threading.Lock()
        self.ended: list[Any] = []
        self.clock = Clock()
        site: Any = SimpleNamespace(clock=self.clock)
        lane: Any = SimpleNamespace(name="lane", senders=SENDERS)
        super().__init__(site, lane, SimpleNamespace(put=self.ended.append))  # type: ignore[arg-type]

    def _try(self, dispatch: Any, slot: Slot) -> Any:
        with slot:
            with self.lock:
                self.on_wire += 1
                self.most = max(self.most, self.on_wire)
            assert self.answers.acquire(timeout=10)
            with self.lock:
                self.on_wire -= 1
        assert self.judging.wait(10)
        return dispatch

    def post(self, count: int) -> None:
        for _ in range(count):
            row: Any = SimpleNamespace(item_id=1)
            message: Any = SimpleNamespace(message_id=str(id(row)))
            ready: Any = SimpleNamespace(item=SimpleNamespace(row=row))
            dispatch: Any = SimpleNamespace(ready=ready, message=message)
            self.send(dispatch)


def until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.001)


def started() -> Posts:
    posts = Posts()
    posts.start()
    return posts


def test_nothing_is_permitted_beyond_the_free_senders_while_no_answer_comes() -> None:
    posts = started()
    assert posts.reserve(100, 0.0) == SENDERS
    posts.post(SENDERS)
    until(lambda: posts.on_wire == SENDERS)
    assert posts.free() == 0
    assert posts.reserve(100, 0.02) == 0


def test_while_answers_come_half_as_many_more_are_made_ready_and_the_wire_keeps_its_bound() -> None:
    posts = started()
    posts.post(posts.reserve(100, 0.0))
    for _ in range(2):
        posts.answers.release()
    until(lambda: posts.free() == 2 + SENDERS // 2)
    assert posts.free(ahead=False) == 2
    posts.clock.now += 1
    assert posts.free() == 2, "no answer has come for long"
    posts.clock.now -= 1
    posts.post(posts.reserve(100, 0.0))
    until(lambda: posts.on_wire == SENDERS)
    posts.judging.set()
    for _ in range(SENDERS + SENDERS // 2):
        posts.answers.release()
    until(lambda: len(posts.ended) == 2 + SENDERS + SENDERS // 2)
    assert posts.most == SENDERS


def test_behind_a_slow_service_nothing_is_permitted_that_would_wait_for_the_wire() -> None:
    posts = started()
    posts.post(posts.reserve(100, 0.0))
    until(lambda: posts.on_wire == SENDERS)
    posts.clock.now += QUICK_S * 2
    posts.answers.release()
    until(lambda: posts.free(ahead=False) == 1)
    assert posts.free() == 1


def test_a_slot_is_free_as_soon_as_the_answer_is_read_whatever_is_done_with_it_then() -> None:
    posts = started()
    posts.post(posts.reserve(100, 0.0))
    posts.answers.release()
    until(lambda: posts.free(ahead=False) == 1)
    assert not posts.ended
    posts.judging.set()
    until(lambda: len(posts.ended) == 1)
    assert posts.free(ahead=False) == 1


def test_what_never_reached_the_wire_gives_its_slot_back() -> None:
    class Failing(Posts):
        def _try(self, dispatch: Any, slot: Slot) -> Any:
            raise ValueError

    posts = Failing()
    posts.start()
    posts.post(posts.reserve(100, 0.0))
    until(lambda: posts.free(ahead=False) == SENDERS)
    assert posts.free() == SENDERS
