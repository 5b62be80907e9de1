"""A simulator process for the tests of this folder, and a client of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from runner.simulator.cli import initialise
from runner.simulator.process import SimulatorProcess, start
from tests.simulator.example import DOCTOR
from tests.simulator.hand_client import HandClient, Token

PACK = Path(__file__).parents[2] / "mappings" / "contract" / "reference-1"


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with PKI and users, to be copied."""
    state = tmp_path_factory.mktemp("prepared")
    initialise(state)
    return state


@pytest.fixture
def state(prepared: Path, tmp_path: Path) -> Path:
    """A fresh state folder."""
    return Path(shutil.copytree(prepared, tmp_path / "state"))


@pytest.fixture
def started(state: Path) -> Iterator[Callable[..., SimulatorProcess]]:
    """Starts simulators that are ended with the test."""
    running: list[SimulatorProcess] = []

    def begin(**options: Any) -> SimulatorProcess:
        options.setdefault("pack", PACK)
        running.append(start(options.pop("state", state), init=False, **options))
        return running[-1]

    yield begin
    for process in running:
        if process.process.poll() is None:
            process.kill()


@pytest.fixture(scope="session")
def shared(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """One simulator for all tests that leave it as it was."""
    state = Path(shutil.copytree(prepared, tmp_path_factory.mktemp("shared") / "state"))
    with start(state, pack=PACK, init=False) as process:
        yield process


@pytest.fixture
def simulator(shared: SimulatorProcess) -> Iterator[SimulatorProcess]:
    """The shared simulator without faults."""
    shared.control.clear()
    yield shared
    shared.control.clear()


@pytest.fixture(scope="session")
def login(shared: SimulatorProcess) -> Callable[[str], Token]:
    """Tokens of people at the shared simulator; one for each, since a one-time password is taken once."""
    client = HandClient(shared.addresses, shared.pki)

    @cache
    def log_in(user: str) -> Token:
        shared.control.clear()
        answer, token = client.token(user, shared.one_time_password(user))
        assert answer.status == 200, answer.body
        return token

    return log_in


@pytest.fixture
def shared_token(login: Callable[[str], Token]) -> Token:
    """A token of the doctor."""
    return login(DOCTOR)


@pytest.fixture
def client(simulator: SimulatorProcess) -> HandClient:
    """A client of the shared simulator with the institution's certificate."""
    return HandClient(simulator.addresses, simulator.pki)
