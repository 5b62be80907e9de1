"""The other side of tests/eeszt, its keys made once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from runner.simulator.pki import Pki, make_pki

sys.path.insert(0, str(Path(__file__).parents[1] / "eeszt"))

from counterpart import Counterpart


@pytest.fixture(scope="session")
def p256(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki-threats"))


@pytest.fixture(scope="session")
def counterpart(p256: Pki) -> Counterpart:
    return Counterpart(p256)
