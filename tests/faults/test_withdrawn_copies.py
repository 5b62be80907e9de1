"""A copy that could not be made in time is not made once what it tells is withdrawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.demo.people import KOVACS
from tests.faults.clinic import clinic

pytestmark = pytest.mark.slow


def test_a_bar_code_is_not_copied_after_its_withdrawal(tmp_path: Path) -> None:
    with clinic(tmp_path / "site", people=[KOVACS]) as place:
        item = place.prescription()
        place.sql(
            "CREATE TRIGGER MW_TILTAS BEFORE UPDATE OF EESZT_VONALKOD ON MW_VENY WHEN NEW.EESZT_VONALKOD <> ''"
            " BEGIN SELECT RAISE(FAIL, 'MW: nem'); END"
        )
        place.until("the alarm", lambda: bool(place.sql("SELECT 1 FROM EESZT_WRITE_BACK WHERE state = 'FAILED'")))
        place.stage.desk.withdraw(item, KOVACS.his_user)
        place.until("its withdrawal", lambda: place.row(item)["compensation"] == "DONE")
        place.sql("DROP TRIGGER MW_TILTAS")
        place.until("no copy is due", lambda: not place.sql("SELECT 1 FROM EESZT_WRITE_BACK WHERE next_at <> ''"), 8)
        assert place.sql("SELECT EESZT_VONALKOD FROM MW_VENY")[0]["EESZT_VONALKOD"] is None
        assert place.differences() == []
