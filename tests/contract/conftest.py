"""The stores that the suites run against: the embedded one always."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.rows import Lab


@pytest.fixture(params=["embedded"])
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lab]:
    """A fresh database with the tests' document types in force."""
    assert request.param == "embedded"
    lab = Lab(tmp_path)
    yield lab
    lab.store.close()
