"""Card profiles: what is shipped is right, and everything that is wrong with one is told in one run, with its line."""

from __future__ import annotations

from pathlib import Path

from runner.mapping.card_file import read_cards
from runner.mapping.problems import Problems
from tests.card.support import CARDS

WRONG = """\
card: masik
title: Másik
conversation: sign_chalenge
algorithm: ecdsa_sha256
application: F04
certificate:
  path: [C0]
pin:
  reference: "8"
  form: ascii
  least: 8
  most: 6
  blok: 8
signing:
  command: internal_authenticate
  key: "82"
  takes: digest_info
"""


def problems_of(folder: Path, text: str) -> list[str]:
    folder.mkdir(exist_ok=True)
    (folder / "kartya.yaml").write_text(text)
    problems = Problems()
    read_cards(folder, problems)
    return [f"{each.where.rpartition(':')[2]} {each.number}" for each in problems.found]


def test_the_shipped_profiles_are_right() -> None:
    problems = Problems()
    found = read_cards(CARDS, problems)
    assert not problems.found
    assert sorted(found) == ["client", "reference_p256", "reference_rsa"]


def test_everything_that_is_wrong_is_told_with_its_line(tmp_path: Path) -> None:
    found = problems_of(tmp_path, WRONG)
    assert found == ["3 2003", "5 2008", "7 2008", "13 2003", "9 2008", "1 2014", "11 2008", "17 2008"]


def test_a_card_that_the_agent_speaks_with_needs_all_its_parts(tmp_path: Path) -> None:
    text = "card: kartya\ntitle: x\nconversation: sign_challenge\nalgorithm: ecdsa_sha256\n"
    assert problems_of(tmp_path, text) == ["1 2007"] * 4


def test_an_external_client_knows_the_card_by_itself(tmp_path: Path) -> None:
    text = "card: kartya\ntitle: x\nconversation: external\nalgorithm: ecdsa_sha256\napplication: F0455A5354\n"
    assert problems_of(tmp_path, text) == ["5 2014"]
