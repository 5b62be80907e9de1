"""docs/tutorial: every command is run, and what the reader is told to see is seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.console import ROOT, project_copy, run, told, unseen

PAGE = (ROOT / "docs" / "tutorial" / "first_document.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    folder = project_copy(tmp_path / "clone")
    commands = list(told(PAGE))
    assert len(commands) >= 14
    for each in commands:
        printed = run(each.command, folder)
        assert unseen(each.lines, printed) is None, f"$ {each.command}\n{printed}"


def test_what_is_not_seen_is_noticed() -> None:
    assert unseen(["…", "a … c", "d"], "x\na b c\nd\n") is None
    assert unseen(["d", "a"], "a\nd\n") == "a"
    assert unseen(["3 failed"], "0 failed") == "3 failed"
