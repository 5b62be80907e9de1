"""Duties of a running daemon: it forgets, counts, and says loudly when a lane cannot keep its promise."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.clinic import clinic

pytestmark = pytest.mark.slow

LONG_S = 60.0
"""Until a lane that stands still is surely told of: the grace, the silence, and the watch's own period."""


def test_a_daemon_forgets_what_was_kept_long_enough_and_counts_the_day(tmp_path: Path) -> None:
    changes = [("[log]\n", '[retention]\npayload = "100ms"\n\n[log]\n')]
    with clinic(tmp_path / "site", changes=changes) as place:
        event = place.event()
        place.rest(event)
        assert place.sql("SELECT payload FROM EESZT_OUT_BACKGROUND")[0]["payload"] is not None
        place.stage.stop_daemon()
        place.start_daemon()
        place.until("forgotten", lambda: place.sql("SELECT payload FROM EESZT_OUT_BACKGROUND")[0]["payload"] is None)
        place.until("counted", lambda: bool(place.sql("SELECT 1 FROM EESZT_DAY")))
        [figures] = json.loads(place.command("items", "stats", "--json").stdout)
        assert (figures["document_type"], figures["state"], figures["number"]) == ("ekat_esemeny", "ACCEPTED", 1)
        assert 0 < figures["p50_s"] < LONG_S
        [sent] = place.sql("SELECT document, identifiers FROM EESZT_V_SENT")
        assert sent["document"] is not None


def test_a_database_that_is_locked_for_long_is_told_of_once_and_again_when_it_is_free(tmp_path: Path) -> None:
    with clinic(tmp_path / "site") as place:
        with closing(place.connect()) as other:
            other.execute("BEGIN IMMEDIATE")
            place.until("every lane stands still", lambda: len(place.events("lane.stalled")) == 3, LONG_S)
            other.execute("ROLLBACK")
        place.until("every lane beats", lambda: len(place.events("lane.alive")) == 3, LONG_S)
        stalled = [each["lane"] for each in place.events("lane.stalled")]
        assert sorted(stalled) == sorted(each["lane"] for each in place.events("lane.alive"))
        assert len(stalled) == len(set(stalled)) == 3
        assert place.events("duty.bug") == []
