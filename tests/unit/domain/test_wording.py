"""The line of a stored decision is found again by what is kept of it: its number, the kind, and how the try ended."""

from __future__ import annotations

import itertools

import pytest

from runner.domain.policy import ASSIGNMENT, LINES, Kind
from runner.domain.wording import line_of, result


@pytest.mark.parametrize("kind", list(Kind))
def test_the_line_that_is_told_ends_as_the_item_did(kind: Kind) -> None:
    spoken = [line for line in itertools.chain(LINES, ASSIGNMENT) if kind in line.kinds]
    assert spoken
    for line in spoken:
        ended = line.outcome
        if ended is None:
            found = line_of(line.number, kind, "NOT_RECEIVED", None, sent=True)
        else:
            found = line_of(line.number, kind, ended.ending, ended.reason_code, sent=False)
        assert found is not None
        assert (found.number, result(found)) == (line.number, result(line))


def test_a_line_that_is_gone_is_told_as_none() -> None:
    assert line_of("99", Kind.REPORT, None, None, sent=True) is None
