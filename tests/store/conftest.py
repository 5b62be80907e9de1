"""A fresh embedded database for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.rows import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A fresh database with the tests' document types in force."""
    lab = Lab(tmp_path)
    yield lab
    lab.store.close()
