"""One key pair for all tests, and a desk for each."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.audit.keys import make_pair
from tests.audit.desk import OfficersDesk


@pytest.fixture(scope="session")
def key_pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("audit-keys")
    private, public = folder / "private.pem", folder / "public.pem"
    make_pair(private, public, None, bits=3072)
    return private, public


@pytest.fixture
def desk(tmp_path: Path, key_pair: tuple[Path, Path]) -> OfficersDesk:
    return OfficersDesk(tmp_path / "audit", *key_pair)
