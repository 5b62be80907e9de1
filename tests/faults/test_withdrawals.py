"""Withdrawals that MedWorkS writes as rows, against real processes: of an episode, of others, and with late copies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runner.demo.people import SZUCS
from tests.faults.clinic import Clinic, clinic

pytestmark = pytest.mark.slow

WITHDRAW = "erecept_visszavonas"


def prescribed(place: Clinic, order_key: str) -> dict[str, Any]:
    [row] = place.rest(place.prescription(order_key=order_key))
    return row


def record(place: Clinic, row: dict[str, Any]) -> tuple[object, object]:
    found = place.sql("SELECT EESZT_VONALKOD, EESZT_ALLAPOT FROM MW_VENY WHERE VENY_ID = ?", row["source_key"])
    return found[0]["EESZT_VONALKOD"], found[0]["EESZT_ALLAPOT"]


def copied(place: Clinic) -> None:
    place.until("the copies", lambda: not place.sql("SELECT 1 FROM EESZT_WRITE_BACK WHERE next_at <> ''"))


def bar_codes(place: Clinic) -> list[int]:
    return [row["item_id"] for row in place.sql("SELECT item_id FROM EESZT_V_BARCODE ORDER BY item_id")]


def test_of_an_episode_only_the_named_prescription_is_withdrawn(tmp_path: Path) -> None:
    with clinic(tmp_path / "site") as place:
        first, second = (prescribed(place, "epizod-1") for _ in range(2))
        place.rest(place.insert(WITHDRAW, source_key=first["source_key"], order_key="epizod-1"))
        copied(place)
        [gone], [stands] = (place.documents(row["item_id"]) for row in (first, second))
        assert (gone["state"], stands["state"]) == ("VISSZAVONT", "FELIRT")
        assert bar_codes(place) == [second["item_id"]]
        assert record(place, first) == (None, "VISSZAVONT")
        assert record(place, second) == (stands["id"], "FELIRT")
        assert [place.row(row["item_id"])["ward_answer"] for row in (first, second)] == ["WITHDRAWN", "PRINT"]
        assert place.differences() == []


def test_a_withdrawal_by_its_item_alone_clears_the_record_of_its_original(tmp_path: Path) -> None:
    with clinic(tmp_path / "site") as place:
        original = prescribed(place, "epizod-1")
        place.rest(place.insert(WITHDRAW, withdraws=original["item_id"]))
        copied(place)
        assert record(place, original) == (None, "VISSZAVONT")
        assert place.differences() == []


def test_a_late_copy_of_a_withdrawal_leaves_the_new_bar_code(tmp_path: Path) -> None:
    with clinic(tmp_path / "site") as place:
        first = prescribed(place, "veny")
        copied(place)
        place.sql(
            "CREATE TRIGGER MW_TILTAS BEFORE UPDATE OF EESZT_ALLAPOT ON MW_VENY WHEN NEW.EESZT_ALLAPOT = 'VISSZAVONT'"
            " BEGIN SELECT RAISE(FAIL, 'MW: nem'); END"
        )
        keys = {"source_key": first["source_key"], "order_key": "veny"}
        withdrawal = place.insert(WITHDRAW, **keys)
        failed = "SELECT 1 FROM EESZT_WRITE_BACK WHERE item_id = ? AND state = 'FAILED'"
        place.until("the failed copy", lambda: bool(place.sql(failed, withdrawal)))
        [second] = place.rest(place.insert("erecept_feliras", **keys))
        place.until("its bar code", lambda: record(place, first)[0] == second["eeszt_id"])
        place.sql("DROP TRIGGER MW_TILTAS")
        copied(place)
        assert record(place, first) == (second["eeszt_id"], "FELIRT")
        assert bar_codes(place) == [second["item_id"]]
        assert place.differences() == []


def test_the_row_of_a_stranger_leaves_the_prescription_as_it_is(tmp_path: Path) -> None:
    with clinic(tmp_path / "site") as place:
        original = prescribed(place, "epizod-1")
        copied(place)
        foreign = place.insert(WITHDRAW, source_key=original["source_key"], recorded_by=SZUCS.his_user)
        [refused] = place.rest(foreign)
        assert (refused["state"], refused["reason_code"]) == ("INVALID", "PRESCRIBER_ONLY")
        assert bar_codes(place) == [original["item_id"]]
        assert place.row(original["item_id"]) == original
        assert place.differences() == []


def test_what_was_dispensed_says_so_and_is_printed_no_more(tmp_path: Path) -> None:
    with clinic(tmp_path / "site") as place:
        original = prescribed(place, "epizod-1")
        copied(place)
        place.simulator.dispense(original["eeszt_id"])
        place.rest(place.insert(WITHDRAW, source_key=original["source_key"]))
        row = place.row(original["item_id"])
        assert (row["ward_answer"], row["compensation"], row["eeszt_id"]) == ("WITHDRAWN", "FAILED", None)
        assert "kiváltották" in row["status_text"]
        assert record(place, original) == (original["eeszt_id"], "FELIRT")
        [(sentence,)] = [tuple(each) for each in place.sql("SELECT sentence FROM EESZT_V_ATTENTION")]
        assert sentence == row["status_text"]
