"""Fixtures of the Oracle suite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.his import Hospital, Session
from tests.support.oracle import OracleDatabase


@pytest.fixture
def hospital(oracle: OracleDatabase) -> Hospital:
    """A database with the document types of the tests in force and two doctors who are matched."""
    return Hospital(oracle)


@pytest.fixture
def ward(hospital: Hospital) -> Iterator[Session]:
    """A session of MedWorkS."""
    with hospital.session() as session:
        yield session
