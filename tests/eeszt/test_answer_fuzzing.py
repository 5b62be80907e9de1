"""Whatever is done to a signed answer, it is refused or still says the same."""

from __future__ import annotations

from datetime import timedelta

from counterpart import ACCEPTED, FERIAS_ACTION, START, Counterpart
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from test_answer_verification import ASKED, verifier

from runner.eeszt.xml import UnverifiedError

PIECES = [
    b"<!-- -->",
    b"<?pi x?>",
    b"<![CDATA[SIM666]]>",
    b"&#83;",
    b"SIM666",
    b" ",
    b"</s:Body>",
    b"<s:Body>",
    b' wsu:Id="body"',
    b"<!DOCTYPE x>",
    b"\x00",
    b"<x/>",
]
CUTS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 30), st.sampled_from([*PIECES, b""])), min_size=1, max_size=3)


@settings(
    derandomize=True, max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(CUTS)
def test_a_tampered_answer_is_refused_or_says_the_same(
    counterpart: Counterpart, cuts: list[tuple[float, int, bytes]]
) -> None:
    data = _answer(counterpart)
    for where, length, piece in cuts:
        place = int(where * len(data))
        data = data[:place] + piece + data[place + length :]
    try:
        answer = verifier(counterpart).verify(data, "1.2", ASKED, [FERIAS_ACTION], START + timedelta(seconds=1))
    except UnverifiedError:
        return
    assert _said(answer.payload) == _said(ACCEPTED.encode())


@settings(
    derandomize=True, max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_moved_and_doubled_pieces_change_nothing(counterpart: Counterpart, data: st.DataObject) -> None:
    """Whole elements are copied to other places: the family of wrapping attacks."""
    root = etree.fromstring(_answer(counterpart))
    elements = list(root.iter(etree.Element))
    moved = etree.fromstring(etree.tostring(data.draw(st.sampled_from(elements)), with_tail=False))
    identifiers = data.draw(st.sampled_from(["keep", "drop", "rename"]))
    for element in moved.iter(etree.Element):
        for name in [name for name in element.attrib if str(name).endswith("Id")]:
            if identifiers == "drop":
                element.attrib.pop(name)
            elif identifiers == "rename":
                element.set(name, "other")
    for element in moved.iter("{*}Azonosito"):
        element.text = "SIM666"
    target = data.draw(st.sampled_from(elements))
    how = data.draw(st.sampled_from(["append", "before", "instead"]))
    parent = target.getparent()
    if how == "append" or parent is None:
        target.append(moved)
    elif how == "before":
        target.addprevious(moved)
    else:
        parent.replace(target, moved)
    try:
        answer = verifier(counterpart).verify(
            etree.tostring(root), "1.2", ASKED, [FERIAS_ACTION], START + timedelta(seconds=1)
        )
    except UnverifiedError:
        return
    assert _said(answer.payload) == _said(ACCEPTED.encode())


def _answer(counterpart: Counterpart) -> bytes:
    """One answer for all examples: ECDSA makes another signature each time, and examples must be repeatable in kind."""
    if not hasattr(counterpart, "kept"):
        counterpart.kept = counterpart.answer(ASKED)
    return bytes(counterpart.kept)


def _said(payload: bytes) -> bytes:
    return etree.tostring(etree.fromstring(payload), method="c14n", exclusive=True)
