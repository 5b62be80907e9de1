"""One token for everybody: fetched once, renewed at half its life, and a dead STS is not hammered."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from runner.eeszt.renewal import Renewal
from runner.errors import LoginError, TransportError, fault
from runner.ports import Token

if TYPE_CHECKING:
    from counterpart import FrozenClock

LIFE_S = 1000.0


class Issuer:
    """Gives numbered tokens, or the fault it was told to give."""

    def __init__(self, clock: FrozenClock) -> None:
        self._clock = clock
        self.calls = 0
        self.failure: int | None = None

    def __call__(self) -> Token:
        self.calls += 1
        if self.failure is not None:
            raise fault(self.failure, "sts", reason="timed out", code="X")
        now = self._clock.now()
        return Token("TECH", b"", f"_{self.calls}", None, "TECHNIKAI", "1", now, now + timedelta(seconds=LIFE_S))


def renewal(issuer: Issuer, clock: FrozenClock, chance: float = 0.5) -> Renewal:
    return Renewal(issuer, clock, chance=lambda: chance)


def test_it_is_kept_until_half_its_life(clock: FrozenClock) -> None:
    issuer = Issuer(clock)
    token = renewal(issuer, clock)
    assert token.get().assertion_id == "_1"
    clock.pass_s(499)
    assert token.get().assertion_id == "_1"
    clock.pass_s(2)
    assert token.get().assertion_id == "_2"


def test_chance_spreads_the_moment_of_renewal(clock: FrozenClock) -> None:
    early, late = (renewal(Issuer(clock), clock, chance) for chance in (0.0, 1.0))
    early.get()
    late.get()
    clock.pass_s(500)
    assert (early.get().assertion_id, late.get().assertion_id) == ("_2", "_1")


def test_the_old_token_serves_while_the_sts_is_down_and_no_longer_than_it_lives(clock: FrozenClock) -> None:
    issuer = Issuer(clock)
    token = renewal(issuer, clock)
    token.get()
    issuer.failure = 5101
    clock.pass_s(600)
    assert token.get().assertion_id == "_1"
    clock.pass_s(380)
    with pytest.raises(TransportError):
        token.get()
    issuer.failure = None
    clock.pass_s(10)
    assert token.get().expires_at > clock.now()


@pytest.mark.parametrize(("number", "kind", "wait_s"), [(5101, TransportError, 2.5), (4104, LoginError, 34)])
def test_after_a_failure_nobody_asks_until_it_is_time(
    clock: FrozenClock, number: int, kind: type[Exception], wait_s: float
) -> None:
    issuer = Issuer(clock)
    issuer.failure = number
    token = renewal(issuer, clock)
    for _ in range(5):
        with pytest.raises(kind):
            token.get()
    assert issuer.calls == 1
    clock.pass_s(wait_s)
    with pytest.raises(kind):
        token.get()
    assert issuer.calls == 2


def test_a_refused_token_is_replaced_once_however_many_refusals_come(clock: FrozenClock) -> None:
    issuer = Issuer(clock)
    token = renewal(issuer, clock)
    token.get()
    clock.pass_s(60)
    for _ in range(5):
        token.drop()
        assert token.get().assertion_id == "_2"


def test_callers_at_the_same_time_share_one_fetch(clock: FrozenClock) -> None:
    issuer = Issuer(clock)
    entered, go = threading.Event(), threading.Event()

    def slow_fetch() -> Token:
        entered.set()
        assert go.wait(5)
        return issuer()

    token = Renewal(slow_fetch, clock)
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(token.get().assertion_id)) for _ in range(8)]
    threads[0].start()
    assert entered.wait(5)
    for thread in threads[1:]:
        thread.start()
    go.set()
    for thread in threads:
        thread.join(5)
    assert (found, issuer.calls) == (["_1"] * 8, 1)


def test_the_others_go_on_with_the_old_token_while_one_renews(clock: FrozenClock) -> None:
    issuer = Issuer(clock)
    entered, go, slow = threading.Event(), threading.Event(), threading.Event()

    def fetch() -> Token:
        if slow.is_set():
            entered.set()
            assert go.wait(5)
        return issuer()

    token = Renewal(fetch, clock)
    token.get()
    slow.set()
    clock.pass_s(600)
    renewing = threading.Thread(target=token.get)
    renewing.start()
    assert entered.wait(5)
    assert token.get().assertion_id == "_1"
    go.set()
    renewing.join(5)
    assert token.get().assertion_id == "_2"


def test_a_fault_of_ours_does_not_block_the_next_caller(clock: FrozenClock) -> None:
    issuer = Issuer(clock)
    broken = [True]

    def fetch() -> Token:
        if broken.pop() if broken else False:
            raise ZeroDivisionError
        return issuer()

    token = Renewal(fetch, clock)
    with pytest.raises(ZeroDivisionError):
        token.get()
    assert token.get().assertion_id == "_1"
