"""docs/reference/events.md: every event that the code logs, with its level and fields, and no other."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from tests.docs.log_events import events_of, logged

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "events.md"
ROW = re.compile(r"^\| `([\w.*]+)` \| ([A-Z, ]+) \| ([^|]*) \| (.+) \|$", re.MULTILINE)


def test_every_event_has_a_row_with_its_fields() -> None:
    levels, fields = defaultdict(set), defaultdict(set)
    for each in logged():
        levels[each.event].add(each.level)
        fields[each.event] |= each.fields
    in_code = {name: (", ".join(sorted(levels[name])), " ".join(sorted(fields[name]))) for name in levels}
    on_page = {
        name: (level, " ".join(sorted(names.split()))) for name, level, names, _ in ROW.findall(PAGE.read_text())
    }
    assert on_page == in_code


def test_a_log_call_without_an_event_is_noticed() -> None:
    for call in ('logger.info("something")', 'logger.info("something", extra={"item": 1})'):
        with pytest.raises(AssertionError, match=r"nameless\.py:1: a log call needs"):
            list(events_of(call, "nameless.py"))
