"""Formats: what is let through, and that a reason never quotes the value."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.domain.formats import FORMATS, check, may_be_named, taj_check_digit

GOOD = [
    ("taj", "111111110"),
    ("taj", "900000007"),
    ("pecsetszam", "01234"),
    ("oth", "012345678"),
    ("szolgaltato", "012345"),
    ("bno", "I10H0"),
    ("bno", "I10"),
    ("bno", "J069"),
    ("oeno", "11041"),
    ("oeno", "3617E"),
    ("ttt", "210002737"),
    ("atc", "C09AA05"),
    ("atc", "C"),
    ("eeszt_felhasznalo", "O12345"),
    ("eeszt_felhasznalo", "SIM-TECHNIKAI"),
    ("eeszt_felhasznalo", "OLAH.ANNA"),
    ("naplosorszam", "2026/000123-A"),
    ("utlevel", "BA1234567"),
    ("date", "2024-02-29"),
    ("text", "Árvíztűrő tükörfúrógép 😀"),
]
BAD = [
    ("taj", "111111111", "check digit"),
    ("taj", "11111111", "9 digits"),
    ("taj", "١١١١١١١١٠", "9 digits"),
    ("taj", "111111110\n", "9 digits"),
    ("taj", " 111111110", "9 digits"),
    ("pecsetszam", "1234", "5 digits"),
    ("pecsetszam", "O1234", "5 digits"),
    ("oth", "12345678", "9 digits"),
    ("szolgaltato", "12345A", "6 digits"),
    ("bno", "i10h0", "capital"),
    ("bno", "I10.0", "dot"),
    ("bno", "I10H01", "capital"),
    ("oeno", "1104", "5 capital"),
    ("ttt", "21000273", "9 digits"),
    ("atc", "C09A05", "ATC"),
    ("eeszt_felhasznalo", "O1234", "stamp number"),
    ("eeszt_felhasznalo", "a b", "letters"),
    ("naplosorszam", "1" * 21, "1 to 20"),
    ("utlevel", "ba1234567", "capital"),
    ("date", "2023-02-29", "no such day"),
    ("date", "20240229", "YYYY-MM-DD"),
    ("date", "2024-02-29T00:00:00Z", "YYYY-MM-DD"),
    ("text", " \t", "some text"),
    ("text", "a\x0bb", "XML forbids"),
    ("text", "a\ud800b", "XML forbids"),
    ("text", "a\ufffeb", "XML forbids"),
]


@pytest.mark.parametrize(("name", "value"), GOOD)
def test_a_good_value_passes(name: str, value: str) -> None:
    assert check(name, value) is None


@pytest.mark.parametrize(("name", "value", "reason"), BAD)
def test_a_bad_value_is_refused_with_a_reason_that_does_not_quote_it(name: str, value: str, reason: str) -> None:
    said = check(name, value)
    assert said is not None
    assert reason in said
    assert not value.strip() or value not in said


def test_each_format_is_tried_both_ways() -> None:
    assert {name for name, _ in GOOD} == {name for name, _, _ in BAD} == FORMATS.keys()


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_says_what_it_expects_and_where_that_is_from(name: str) -> None:
    each = FORMATS[name]
    assert each.name == name
    assert each.title_hu
    assert each.sentence_hu.endswith(".")
    assert each.source


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_is_no_value(name: str) -> None:
    assert check(name, "") is not None


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.text("0123456789", min_size=8, max_size=8), st.integers(0, 7), st.integers(1, 9))
def test_one_wrong_digit_of_a_taj_is_always_noticed(first: str, place: int, shift: int) -> None:
    taj = first + str(taj_check_digit(first))
    assert check("taj", taj) is None
    wrong = taj[:place] + str((int(taj[place]) + shift) % 10) + taj[place + 1 :]
    assert check("taj", wrong) == "the check digit is wrong"


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.sampled_from(sorted(FORMATS)), st.text(max_size=40))
def test_no_text_at_all_makes_a_check_fail(name: str, value: str) -> None:
    assert check(name, value) is None or isinstance(check(name, value), str)


@pytest.mark.parametrize("value", ["amb-1", "kovacs.anna", "BEL/2", "a@b", "12345", "x" * 64])
def test_a_key_of_the_his_may_be_named(value: str) -> None:
    assert may_be_named(value)


@pytest.mark.parametrize("value", ["", "Kiss Ilona", "Kovács", "111111110", "x" * 65, "a\nb", "-x"])
def test_what_may_be_a_patient_s_is_not_named(value: str) -> None:
    assert not may_be_named(value)
