"""The stores that the suite runs against: the embedded one always, Oracle where there is one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.oracle_lab import OracleLab
from tests.support.rows import Lab

STORES = ["embedded", pytest.param("oracle", marks=pytest.mark.oracle)]


@pytest.fixture(params=STORES)
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lab]:
    """A fresh database with the tests' document types in force."""
    lab = Lab(tmp_path) if request.param == "embedded" else OracleLab(request.getfixturevalue("oracle"))
    yield lab
    lab.close()
