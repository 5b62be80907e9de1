"""docs/reference/requirements.md: every identifier once, and every proof that it names exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "requirements.md"
LAST = {"A": 15, "B": 15, "C": 6, "D": 19, "E": 8, "F": 6}
"""The catalogue's last number in each part."""

ROW = re.compile(r"^\| ([A-F]\d+) \| (.+?) \| (\S+) \| (.+) \|$", re.MULTILINE)
PROOF = re.compile(r"`([^`]+?)::([^`]+)`")


def rows() -> list[tuple[str, str, str, str]]:
    return ROW.findall(PAGE.read_text(encoding="utf-8"))


def named_in(path: Path) -> set[str]:
    """What a file of tests or of cases holds."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".yaml":
        return {str(case["name"]) for case in yaml.safe_load(text)["cases"]}
    return {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)}


def test_every_identifier_of_the_catalogue_stands_there_once_in_its_order() -> None:
    expected = [f"{part}{number}" for part, last in LAST.items() for number in range(1, last + 1)]
    assert [identifier for identifier, *_ in rows()] == expected


def test_a_state_says_what_it_must() -> None:
    for identifier, _, state, proof in rows():
        assert state in {"done", "partly", "open"}, identifier
        assert bool(PROOF.search(proof)) == (state != "open"), identifier
        assert ("Open: " in proof) == (state != "done"), identifier


def test_every_proof_exists() -> None:
    proofs = [(identifier, path, name) for identifier, *_, text in rows() for path, name in PROOF.findall(text)]
    known = {path: named_in(ROOT / path) if (ROOT / path).exists() else set() for _, path, _ in proofs}
    assert [proof for proof in proofs if proof[2] not in known[proof[1]]] == []
