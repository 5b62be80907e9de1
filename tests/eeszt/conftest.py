"""Keys made once, the contract pack, and a clock that only tests move."""

from __future__ import annotations

from pathlib import Path

import pytest
from counterpart import Counterpart, FrozenClock

from runner.mapping.contract import ContractPack, load_pack
from runner.simulator.pki import Pki, make_pki

PACK = Path(__file__).parents[2] / "mappings" / "contract" / "reference-1"


@pytest.fixture(scope="session")
def pack() -> ContractPack:
    return load_pack(PACK)


@pytest.fixture(scope="session", params=["p256", "rsa"])
def pki(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp(f"pki-{request.param}"), keys=request.param)


@pytest.fixture(scope="session")
def p256(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki-one"))


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture(scope="session")
def counterpart(p256: Pki) -> Counterpart:
    return Counterpart(p256)
