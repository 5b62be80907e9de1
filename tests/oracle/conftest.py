"""Fixtures of the Oracle suite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.his import Hospital, Session

ON_BOTH_RELEASES = {"test_api_and_store", "test_howto_sql"}
"""Modules that run on the driver's newer protocol too."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run some modules on both releases."""
    if "hospital" in metafunc.fixturenames:
        module = metafunc.module.__name__.rpartition(".")[2]
        metafunc.parametrize(
            "hospital", ["oracle", *(["oracle_23"] if module in ON_BOTH_RELEASES else [])], indirect=True
        )


@pytest.fixture
def hospital(request: pytest.FixtureRequest) -> Hospital:
    """A database with the document types of the tests in force and two doctors who are matched."""
    return Hospital(request.getfixturevalue(request.param))


@pytest.fixture
def ward(hospital: Hospital) -> Iterator[Session]:
    """A session of MedWorkS."""
    with hospital.session() as session:
        yield session
