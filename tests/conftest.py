"""Fixtures for every suite: an Oracle database of a test's own, where an Oracle is found."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.oracle import NoOracleError, OracleDatabase, Server, close_servers, oracle_server
from tests.support.oracle_schema import install_schema, schema_mark


@pytest.fixture(scope="session")
def _servers() -> Iterator[None]:
    yield
    close_servers()


@pytest.fixture
def oracle_19(_servers: None) -> Server:
    """An Oracle, where it is orawire as release 19; skips where there is none."""
    return _server("19")


@pytest.fixture
def oracle(oracle_19: Server) -> Iterator[OracleDatabase]:
    """A database of its own with our schema, the tables of the example and their three users."""
    yield from _fresh(oracle_19, installed=True)


@pytest.fixture
def bare_oracle(oracle_19: Server) -> Iterator[OracleDatabase]:
    """An empty database of its own with three users."""
    yield from _fresh(oracle_19, installed=False)


def _server(release: str) -> Server:
    try:
        return oracle_server(install_schema, schema_mark(), release)
    except NoOracleError as error:
        pytest.skip(str(error))


def _fresh(server: Server, *, installed: bool) -> Iterator[OracleDatabase]:
    database = server.fresh(installed=installed)
    yield database
    server.drop(database)
