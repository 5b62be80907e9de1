"""The real PC/SC service, where it can run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.card.service import Service, service, why_not


@pytest.fixture
def pcsc(tmp_path: Path) -> Iterator[Service]:
    """Real pcscd with two virtual readers."""
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    with service(tmp_path) as made:
        made.start()
        yield made
