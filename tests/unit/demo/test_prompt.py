"""The SQL prompt of `make play`: where a statement ends, and how the session is left."""

from __future__ import annotations

import io

import pytest

from runner.demo import show


@pytest.mark.parametrize("leaving", ["exit", "QUIT;"])
def test_the_prompt_is_left_by_the_word_that_other_prompts_know(monkeypatch: pytest.MonkeyPatch, leaving: str) -> None:
    typed = f"SELECT ';'\nFROM MW_VENY;\n\n{leaving}\nDELETE FROM MW_VENY;\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert list(show._statements()) == ["SELECT ';'\nFROM MW_VENY;"]


def test_the_last_statement_may_lack_its_semicolon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("SELECT 1;\nSELECT 2"))
    assert list(show._statements()) == ["SELECT 1;", "SELECT 2"]
