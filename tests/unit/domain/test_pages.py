"""The pages made from the domain are those that the code would make now."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_current() -> None:
    assert generator().stale() == [], "run `make pages`"


@pytest.mark.slow
def test_the_stories_told_are_those_that_are_found() -> None:
    assert generator().stale(slow=True) == [], "run `make pages`"


def test_each_part_stands_on_a_page() -> None:
    generate = generator()
    text = "".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in generate.PAGES_WITH_PARTS)
    assert {name for _, name, _, _ in generate.PART.findall(text)} == generate.PARTS.keys()


def test_every_line_and_state_is_on_its_page() -> None:
    generate = generator()
    page = generate.who_sends()
    lines = (*generate.LINES, *generate.ASSIGNMENT)
    assert page.count("\n| ") == len(lines) + len(generate.KINDS) + len(generate.Option) + 2 * 3
    assert all(f"| {line.number} |" in page for line in lines)
    assert all(line.source.replace("OPEN", "**OPEN**") in page for line in lines)
    assert all(f"`{option}`" in page for option in generate.Option)
    assert all(f"**{state}**" in generate.states_table() for state in generate.State)
