"""Fixtures for every suite: an Oracle database of a test's own, where an Oracle is found."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.support.oracle import NoOracleError, OracleDatabase, Orawire, Server, close_servers, oracle_server
from tests.support.oracle_schema import install_schema, schema_mark

NEED_ORACLE = {"oracle", "bare_oracle", "oracle_23", "oracle_19"}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """How many processes share the tests: most of the long ones wait more than they compute."""
    return 2 * (os.cpu_count() or 1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs an Oracle, to be run alone or left out; files with slow tests go first, to be shared out well."""
    for item in items:
        parameters = (
            item.callspec.params.values() if isinstance(item, pytest.Function) and hasattr(item, "callspec") else ()
        )
        if NEED_ORACLE & {*getattr(item, "fixturenames", ()), *(each for each in parameters if isinstance(each, str))}:
            item.add_marker(pytest.mark.oracle)
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])


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
def oracle_23(_servers: None) -> Iterator[OracleDatabase]:
    """Likewise where it is orawire, as release 23: another protocol generation of the driver."""
    server = _server("23")
    if not isinstance(server, Orawire):
        pytest.skip(f"{server.title} has one release only, which the other tests are run on")
    yield from _fresh(server, installed=True)


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
