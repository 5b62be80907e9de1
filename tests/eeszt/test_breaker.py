"""When a service is left alone and how it comes back."""

from __future__ import annotations

from counterpart import FrozenClock
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.eeszt.breaker import Breaker, BreakerSettings, BreakerState

SETTINGS = BreakerSettings(items=2, window_s=30.0, try_s=2.0, longest_try_s=10.0, drained_at=8)


def opened(clock: FrozenClock) -> Breaker:
    breaker = Breaker(clock, SETTINGS)
    breaker.failed(1)
    assert breaker.failed(2)
    return breaker


def test_one_item_that_fails_again_and_again_does_not_open_it(clock: FrozenClock) -> None:
    breaker = Breaker(clock, SETTINGS)
    assert not any(breaker.failed(1) for _ in range(100))
    assert breaker.state is BreakerState.CLOSED


def test_two_items_within_the_window_open_it(clock: FrozenClock) -> None:
    breaker = opened(clock)
    assert breaker.state is BreakerState.OPEN
    assert breaker.since == clock.now()


def test_two_items_further_apart_do_not_open_it(clock: FrozenClock) -> None:
    breaker = Breaker(clock, SETTINGS)
    breaker.failed(1)
    clock.pass_s(30.0)
    assert not breaker.failed(2)


def test_an_answer_in_between_forgives_what_was_before(clock: FrozenClock) -> None:
    breaker = Breaker(clock, SETTINGS)
    breaker.failed(1)
    breaker.answered()
    assert not breaker.failed(2)


def test_tries_come_at_growing_and_bounded_intervals(clock: FrozenClock) -> None:
    breaker = opened(clock)
    waits = []
    for _ in range(5):
        waited = 0.0
        while not breaker.may_try():
            clock.pass_s(0.5)
            waited += 0.5
        waits.append(waited)
    assert waits == [2.0, 4.0, 8.0, 10.0, 10.0]


def test_one_caller_tries_and_the_others_do_not(clock: FrozenClock) -> None:
    breaker = opened(clock)
    clock.pass_s(2.0)
    assert [breaker.may_try() for _ in range(3)] == [True, False, False]


def test_it_drains_in_doubling_steps_until_there_is_no_bound(clock: FrozenClock) -> None:
    breaker = opened(clock)
    assert breaker.most_per_claim() is None
    assert breaker.answered()
    pace = []
    while (most := breaker.most_per_claim()) is not None:
        pace.append(most)
        breaker.answered()
    assert pace == [1, 2, 2, 4, 4, 4, 4]
    assert breaker.state is BreakerState.CLOSED
    assert breaker.since is None


def test_a_failure_while_draining_opens_it_again_and_is_tried_later_than_before(clock: FrozenClock) -> None:
    breaker = opened(clock)
    began = breaker.since
    clock.pass_s(2.0)
    assert breaker.may_try()
    breaker.answered()
    assert breaker.failed(3)
    assert breaker.since == began
    clock.pass_s(2.0)
    assert not breaker.may_try()


def test_it_opens_anew_with_the_first_interval(clock: FrozenClock) -> None:
    breaker = opened(clock)
    breaker.answered()
    while breaker.state is not BreakerState.CLOSED:
        breaker.answered()
    breaker.failed(1)
    breaker.failed(2)
    clock.pass_s(2.0)
    assert breaker.may_try()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("failed"), st.integers(1, 4)),
        st.tuples(st.just("answered"), st.just(0)),
        st.tuples(st.just("may_try"), st.just(0)),
        st.tuples(st.just("pass"), st.integers(0, 20)),
    ),
    max_size=60,
)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(STEPS)
def test_whatever_happens_its_rules_hold(steps: list[tuple[str, int]]) -> None:
    clock = FrozenClock()
    breaker = Breaker(clock, SETTINGS)
    last_try: float | None = None
    for name, value in steps:
        before = breaker.state
        if name == "failed":
            changed = breaker.failed(value)
            assert breaker.state is BreakerState.OPEN or before is BreakerState.CLOSED
        elif name == "answered":
            changed = breaker.answered()
            assert breaker.state is not BreakerState.OPEN
        elif name == "may_try":
            changed = False
            if breaker.may_try():
                assert before is BreakerState.OPEN
                assert last_try is None or clock.monotonic() - last_try >= SETTINGS.try_s
                last_try = clock.monotonic()
        else:
            changed = False
            clock.pass_s(value)
        assert changed == (breaker.state is not before)
        assert (breaker.most_per_claim() is None) == (breaker.state is not BreakerState.DRAINING)
        assert (breaker.since is None) == (breaker.state is not BreakerState.OPEN)
