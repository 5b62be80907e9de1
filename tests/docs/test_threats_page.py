"""docs/explanation/trust_and_keys.md: every threat has a module that is there and a test that exists."""

from __future__ import annotations

import re

from tests.docs.console import ROOT
from tests.docs.test_requirements import PROOF, named_in

PAGE = (ROOT / "docs" / "explanation" / "trust_and_keys.md").read_text(encoding="utf-8")
THREATS = PAGE.partition("## Threats")[2].partition("\n## ")[0]
ROW = re.compile(r"^\| (.+?) \| (.+?) \| `(\S+\.py)` \| (.+?) \| (.+?) \|$", re.MULTILINE)


def test_every_threat_names_a_module_a_test_and_what_remains() -> None:
    rows = ROW.findall(THREATS)
    assert len(rows) == THREATS.count("\n| ") - 1, "a row is not of this form"
    assert [row for row in rows if not (ROOT / "runner" / row[2]).is_file()] == []
    assert [row for row in rows if not PROOF.search(row[3])] == []


def test_every_test_that_is_named_exists() -> None:
    proofs = PROOF.findall(THREATS)
    assert [(path, name) for path, name in proofs if name not in named_in(ROOT / path)] == []


def test_every_attack_of_the_folder_is_on_the_page() -> None:
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests" / "threats").glob("test_*.py")}
    assert files <= {path for path, _ in PROOF.findall(THREATS)}
