"""Installations for the tests of the check: one made, then copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner import app
from runner.simulator import process
from runner.simulator.process import SimulatorProcess
from tests.check.site import Installation, make_installation


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_installation(tmp_path_factory.mktemp("made") / "site").folder


@pytest.fixture
def site(made: Path, tmp_path: Path) -> Installation:
    """A site that nobody answers."""
    copy = Installation(Path(shutil.copytree(made, tmp_path / "site", symlinks=True)))
    app.adopt(copy.settings, "test", is_copy=False)
    return copy


@pytest.fixture(scope="session")
def counterpart(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """The simulator with the site's own certificates and users."""
    state = Path(shutil.copytree(made / "simulator", tmp_path_factory.mktemp("counterpart") / "state"))
    with process.start(state, pack=app.default_pack(), init=False) as simulator:
        yield simulator


@pytest.fixture
def connected(site: Installation, counterpart: SimulatorProcess) -> Iterator[Installation]:
    """A site whose services are the simulator's."""
    text = site.settings.read_text("utf-8")
    for service, address in counterpart.addresses.items():
        (old,) = [line for line in text.splitlines() if line.startswith(f"{service} = ")]
        text = text.replace(old, f'{service} = "{address}"')
    site.settings.write_text(text, "utf-8")
    yield site
    counterpart.control.clear()
