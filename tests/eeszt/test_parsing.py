"""Bounds of what is parsed at all."""

from __future__ import annotations

import pytest

from runner.eeszt.xml import UnverifiedError, parse


def _with_attributes(count: int) -> bytes:
    attributes = " ".join(f'n{each}="1"' for each in range(count))
    return f"<a><b/><c {attributes}/></a>".encode()


def test_an_element_with_more_attributes_than_any_message_has_is_refused() -> None:
    with pytest.raises(UnverifiedError, match="too many attributes"):
        parse(_with_attributes(65))


def test_many_attributes_in_all_are_no_harm() -> None:
    many = _with_attributes(64)
    assert len(parse(b"<all>" + many * 3 + b"</all>")) == 3
