"""A production daemon never speaks the contract that is ours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from runner import app
from runner.demo.site import prepare_folder, write_settings
from runner.errors import IntegrityError

SERVICES = {name: f"https://127.0.0.1:9/{name}" for name in ("sts", "erecept", "ekat")}


def test_the_reference_contract_is_refused_in_production(tmp_path: Path) -> None:
    site = prepare_folder(tmp_path / "site")
    write_settings(site, SERVICES, app.default_pack())
    text = site.settings.read_text(encoding="utf-8")
    site.settings.write_text(re.sub('environment = "test"', 'environment = "production"', text), encoding="utf-8")
    with pytest.raises(IntegrityError, match="RNR-8002") as refused, app.running(site.settings):
        pass
    assert "reference-1" in str(refused.value)
    assert not site.database.exists(), "it is refused before anything is opened"
