"""Fixtures of the mapping tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.mapping import Mappings, load_mappings
from tests.mapping.site import ROOT, Site


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A copy of the shipped files; problems name their places from its folder."""
    monkeypatch.chdir(tmp_path)
    return Site.copy_to(tmp_path)


@pytest.fixture(scope="session")
def shipped() -> Mappings:
    """The shipped mappings, unchanged."""
    return load_mappings(ROOT / "mappings", ROOT / "templates", ROOT / "sql" / "sources")
