"""Bytes of a signed answer are changed at random: it is refused, or it says what was signed, byte for byte."""

from __future__ import annotations

from counterpart import Counterpart  # noqa: TC002  hypothesis reads annotations
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from runner.eeszt.xml import UnverifiedError
from tests.threats.test_forged_answers import ASKED, verifier, verify

PLACE = st.integers(0, 10_000)
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("put"), PLACE, st.binary(max_size=12)),
        st.tuples(st.just("flip"), PLACE, st.integers(1, 255).map(lambda by: bytes([by]))),
        st.tuples(st.just("cut"), PLACE, st.integers(1, 400).map(bytes)),
        st.tuples(st.just("copy"), PLACE, st.integers(1, 400).map(bytes)),
    ),
    min_size=1,
    max_size=4,
)


def changed(data: bytes, how: str, place: int, piece: bytes) -> bytes:
    at = place % len(data)
    if how == "put":
        return data[:at] + piece + data[at + len(piece) :]
    if how == "flip":
        return data[:at] + bytes([data[at] ^ piece[0]]) + data[at + 1 :]
    if how == "cut":
        return data[:at] + data[at + len(piece) :]
    return data[:at] + data[at : at + len(piece)] + data[at:]


@settings(
    derandomize=True, max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example([("put", 0, b"\xef\xbb\xbf")])
@example([("put", 0, b"<?xml version='1.0' encoding='utf-7'?>")])
@given(CHANGES)
def test_changed_bytes_are_refused_or_say_what_was_signed(
    counterpart: Counterpart, changes: list[tuple[str, int, bytes]]
) -> None:
    good = kept(counterpart)
    data = good
    for how, place, piece in changes:
        data = changed(data, how, place, piece) if data else piece
    try:
        answer = verify(counterpart, data)
    except UnverifiedError:
        return
    assert answer == verify(counterpart, good, verifier(counterpart))


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
def test_bytes_of_any_kind_end_in_a_refusal(counterpart: Counterpart, data: bytes) -> None:
    try:
        verify(counterpart, data)
    except UnverifiedError:
        return
    raise AssertionError("rubbish was believed")


def kept(counterpart: Counterpart) -> bytes:
    """One answer for all examples."""
    if not hasattr(counterpart, "mutated"):
        counterpart.mutated = counterpart.answer(ASKED)
    return bytes(counterpart.mutated)
