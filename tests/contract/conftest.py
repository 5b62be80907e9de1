"""The stores that the suite runs against: the embedded one always, Oracle where there is one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.oracle_lab import OracleLab
from tests.support.rows import Lab

ON_BOTH_RELEASES = {"test_outbox", "test_desk"}
"""Modules that run on the driver's newer protocol too."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test on each store."""
    if "lab" in metafunc.fixturenames:
        releases = [
            "oracle",
            *(["oracle_23"] if metafunc.module.__name__.rpartition(".")[2] in ON_BOTH_RELEASES else []),
        ]
        stores = ["embedded", *(pytest.param(each, marks=pytest.mark.oracle) for each in releases)]
        metafunc.parametrize("lab", stores, indirect=True)


@pytest.fixture
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lab]:
    """A fresh database with the tests' document types in force."""
    lab = Lab(tmp_path) if request.param == "embedded" else OracleLab(request.getfixturevalue(request.param))
    yield lab
    lab.close()
