"""The bound on login attempts."""

from __future__ import annotations

import pytest

from runner.login.attempts import WINDOW_S, Attempts
from tests.support.logins import FrozenClock


def fail(attempts: Attempts, address: str) -> bool:
    """Fail, where one is let in; whether one was."""
    if not attempts.admit(address):
        return False
    attempts.failed(address)
    return True


def test_one_address_is_bounded_and_does_not_bound_others() -> None:
    attempts = Attempts(2, 100, FrozenClock())
    assert [fail(attempts, "10.0.0.1") for _ in range(4)] == [True, True, False, False]
    assert fail(attempts, "10.0.0.2")


def test_all_addresses_together_are_bounded() -> None:
    attempts = Attempts(10, 3, FrozenClock())
    assert [fail(attempts, f"10.0.0.{n}") for n in range(5)] == [True, True, True, False, False]


def test_the_window_slides_and_refused_attempts_do_not_prolong_the_wait() -> None:
    clock = FrozenClock()
    attempts = Attempts(1, 100, clock)
    assert fail(attempts, "10.0.0.1")
    for _ in range(5):
        clock.advance(WINDOW_S / 6)
        assert not fail(attempts, "10.0.0.1")
    clock.advance(WINDOW_S / 6)
    assert fail(attempts, "10.0.0.1")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("fe80::1%eth0", "fe80::2%eth0", True),
    ],
)
def test_an_ipv6_network_counts_as_one_address(one: str, other: str, same: bool) -> None:  # noqa: FBT001
    attempts = Attempts(1, 100, FrozenClock())
    assert fail(attempts, one)
    assert attempts.admit(other) is not same


def test_memory_is_bounded_by_what_counts() -> None:
    clock = FrozenClock()
    attempts = Attempts(1, 5, clock)
    for n in range(200):
        fail(attempts, f"10.0.1.{n}")
    assert len(attempts._count) == 5
    clock.advance(WINDOW_S)
    fail(attempts, "10.0.2.1")
    assert len(attempts._count) == 1


def test_who_succeeds_bounds_nobody() -> None:
    attempts = Attempts(1, 5, FrozenClock())
    assert all(attempts.admit("10.0.0.1") for _ in range(50))
