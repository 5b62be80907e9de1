"""What people who log in are told: what is wrong, and then what to do."""

from __future__ import annotations

import re

import pytest

from runner.errors.table import TABLE

TOLD = [number for number, entry in TABLE.items() if 4100 <= number < 4500 and " " in entry.sentence]


@pytest.mark.parametrize("number", TOLD)
def test_every_sentence_says_what_to_do_after_what_is_wrong(number: int) -> None:
    said = re.findall(r"[^.!?:]+[.!?:](?:\s|$)", TABLE[number].sentence)
    assert len(said) >= 2, f"RNR-{number} says what is wrong and nothing more"
