"""Dated rules: the version of the day, and everything that can be wrong with a set of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.domain.rules import Rule, RuleBook, RuleKind, problems, seconds
from runner.errors import MappingError

CHANGE = date(2025, 10, 1)
OLD = Rule(
    "ebeutalo.azonnal",
    RuleKind.WINDOW,
    "Csak a rögzítéskor küldhető.",
    {"late": "no"},
    valid_to=CHANGE - timedelta(days=1),
    source="T1, T9",
    confidence="H",
)
NEW = Rule(
    "ebeutalo.azonnal",
    RuleKind.WINDOW,
    "Kiesés után négy napon belül rögzíthető.",
    {"send_limit": "4d"},
    valid_from=CHANGE,
    source="288/2025. Korm. r.",
    confidence="M",
)
GYSE = Rule("erecept.gyse", RuleKind.NEVER, "GYSE nem küldhető.", source="ours", open=True)


def test_the_rule_of_the_day_of_the_recording_applies() -> None:
    book = RuleBook([NEW, GYSE, OLD])
    assert book.in_force("ebeutalo.azonnal", CHANGE - timedelta(days=1)) is OLD
    assert book.in_force("ebeutalo.azonnal", CHANGE) is NEW
    assert book.in_force("erecept.gyse", date.max) is GYSE


def test_a_day_without_the_rule_is_a_fault_of_the_files() -> None:
    book = RuleBook([NEW])
    assert book.find("ebeutalo.azonnal", CHANGE - timedelta(days=1)) is None
    with pytest.raises(MappingError, match=r"RNR-2901 .*'ebeutalo\.azonnal' is in force on 2025-09-30"):
        book.in_force("ebeutalo.azonnal", CHANGE - timedelta(days=1))
    with pytest.raises(MappingError):
        book.in_force("erecept.gyes", CHANGE)


def test_the_book_lists_names_versions_and_what_a_site_must_set() -> None:
    book = RuleBook([NEW, GYSE, OLD])
    assert book.identifiers == ("ebeutalo.azonnal", "erecept.gyse")
    assert book.rules == (OLD, NEW, GYSE)
    assert book.to_be_set == (GYSE,)


def test_good_rules_have_no_problems() -> None:
    assert problems([NEW, GYSE, OLD]) == ()


@pytest.mark.parametrize(
    ("rules", "text"),
    [
        ([replace(GYSE, source=" ")], "no source"),
        ([replace(GYSE, statement="")], "says nothing"),
        ([replace(GYSE, confidence="sure")], "confidence"),
        ([replace(GYSE, valid_from=CHANGE, valid_to=CHANGE - timedelta(days=1))], "before its first"),
        ([OLD, replace(NEW, kind=RuleKind.NEVER)], "of kind window"),
        ([OLD, replace(NEW, valid_from=CHANGE - timedelta(days=1))], "two versions"),
        ([GYSE, GYSE], "two versions"),
        ([replace(OLD, valid_to=None), NEW], "two versions"),
        ([OLD, replace(NEW, valid_from=CHANGE + timedelta(days=2))], "from 2025-10-01 to 2025-10-02"),
    ],
)
def test_what_is_wrong_is_told_with_what_to_do(rules: list[Rule], text: str) -> None:
    found = problems(rules)
    assert any(text in problem.text for problem in found), found
    assert all(problem.remedy.endswith(".") for problem in found)


def test_all_problems_are_told_at_once() -> None:
    assert len(problems([replace(GYSE, source="", statement="", confidence=""), OLD, OLD])) == 4


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.lists(st.integers(-400, 400), min_size=2, max_size=8), st.integers(-300, 300))
def test_without_problems_no_day_has_two_versions(bounds: list[int], offset: int) -> None:
    days = [CHANGE + timedelta(days=bound) for bound in bounds]
    rules = [replace(NEW, valid_from=a, valid_to=b) for a, b in zip(days[::2], days[1::2], strict=False)]
    holding = [rule for rule in rules if rule.holds_on(CHANGE + timedelta(days=offset))]
    assert len(holding) < 2 or problems(rules)


@pytest.mark.parametrize(
    ("text", "value"), [("4d", 345600), ("8h", 28800), ("10min", 600), ("30s", 30), ("200ms", 0.2), ("1.5h", 5400)]
)
def test_durations_are_read_in_seconds(text: str, value: float) -> None:
    assert seconds(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "4", "d", "4 d", "-4d", "4D", "4m", "1d2h", "٤d", "4d\n"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration"):
        seconds(text)
