"""A lab on Oracle for what only this store promises."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.oracle import OracleDatabase
from tests.support.oracle_lab import OracleLab


@pytest.fixture
def lab(oracle: OracleDatabase) -> Iterator[OracleLab]:
    """A fresh database with the tests' document types in force."""
    lab = OracleLab(oracle)
    yield lab
    lab.close()
