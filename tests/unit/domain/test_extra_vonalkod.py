"""The older bar code: the examples that the annex itself gives, and what is refused."""

from __future__ import annotations

from datetime import date

import pytest

from runner.domain.extra_vonalkod import extra_vonalkod


def code(day: date = date(2008, 1, 1), taj: str = "032154784", **other: str) -> str:
    parts = {"bno": "I10H0", "jogcim": "1", "ttt": "210002737", **other}
    return extra_vonalkod(day, taj, parts["bno"], parts["jogcim"], helyettesitheto=True, ttt=parts["ttt"])


def test_the_annexs_own_examples_come_out() -> None:
    assert code()[1:4] == "065"
    assert code(date(2008, 12, 31))[1:4] == "4CF"
    assert code()[-8:] == "0C846331"


def test_each_part_has_its_width_whatever_it_says() -> None:
    shortest = code(date(2008, 1, 1), "000000000", bno="I10", jogcim="9", ttt="000000001")
    assert shortest == "3" + "065" + "00000000" + "I10  " + "9" + "1" + "00000001"
    assert len(shortest) == len(code()) == 27


def test_substitutable_is_one_and_not_substitutable_is_nought() -> None:
    said = [
        extra_vonalkod(date(2008, 1, 1), "032154784", "I10", "1", helyettesitheto=value, ttt="210002737")[18]
        for value in (True, False)
    ]
    assert said == ["1", "0"]


@pytest.mark.parametrize(
    "wrong",
    [{"taj": "12345678"}, {"bno": "I10H00"}, {"bno": ""}, {"jogcim": "0"}, {"jogcim": "12"}, {"ttt": "21000273a"}],
)
def test_a_part_of_another_form_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        code(**wrong)
