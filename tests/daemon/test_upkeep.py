"""The daemon's own duties on a real database: kept long enough is forgotten, and a day is told once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from runner.daemon import upkeep as module
from runner.daemon.duties import Duties
from runner.daemon.upkeep import upkeep
from runner.ports import KeptFor
from tests.support.logins import FrozenClock
from tests.support.rows import OUTBOXES, Lab, accepted

KEPT = KeptFor(payload_s=86400.0, payload_to_mend_s=86400.0, document_s=86400.0)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A fresh database."""
    lab = Lab(tmp_path)
    yield lab
    lab.store.close()


def test_each_duty_is_done_when_the_daemon_starts(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    item = accepted(lab, lab.insert(payload="{}"), "SIM-1").row.item_id
    lab.travel(item, 2 * 86400)
    accepted(lab, lab.insert(), "SIM-2")
    yesterday = datetime.now(ZoneInfo("Europe/Budapest")) - timedelta(days=1)
    lost = lab.insert("erecept_feliras")
    lab.force((lost, {"state": "MISSED", "ward_answer": "PAPER", "state_at": yesterday, "next_at": None}))
    duties = Duties(upkeep(lab.store.outbox, FrozenClock(), list(OUTBOXES), KEPT))
    with caplog.at_level(logging.INFO):
        duties.run_once()
    told = {vars(each)["event"]: vars(each) for each in caplog.records}
    assert set(told) == {"retention.forgotten", "day.counted"}
    assert (told["retention.forgotten"]["payload"], told["retention.forgotten"]["document"]) == (1, 1)
    assert [told["day.counted"][name] for name in ("items", "missed", "paper")] == [1, 1, 1]
    assert told["day.counted"]["day"] == yesterday.date().isoformat()
    assert lab.run("SELECT state, number FROM EESZT_DAY ORDER BY state") == [("ACCEPTED", 1), ("MISSED", 1)]


def test_more_than_one_batch_is_forgotten_in_several_rounds(
    lab: Lab, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROWS", 2)
    for number in range(5):
        item = accepted(lab, lab.insert(payload="{}"), f"SIM-{number}").row.item_id
        lab.travel(item, 2 * 86400)
    duties = Duties(upkeep(lab.store.outbox, FrozenClock(), list(OUTBOXES), KEPT))
    left = []
    for _ in range(4):
        duties.run_once()
        left.append(lab.run("SELECT count(*) FROM EESZT_OUT_BACKGROUND WHERE payload IS NOT NULL")[0][0])
    assert left == [3, 1, 0, 0]
    assert "ERROR" not in {each.levelname for each in caplog.records}


def test_a_second_daemon_finds_nothing_left_to_do(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    item = accepted(lab, lab.insert(payload="{}"), "SIM-1").row.item_id
    yesterday = datetime.now(ZoneInfo("Europe/Budapest")) - timedelta(days=1)
    lab.force((item, {"state_at": yesterday}))
    kept = KeptFor(payload_s=1.0, payload_to_mend_s=1.0, document_s=1.0)
    one, two = (Duties(upkeep(lab.store.outbox, FrozenClock(), list(OUTBOXES), kept)) for _ in range(2))
    one.run_once()
    figures = lab.run("SELECT day, number FROM EESZT_DAY")
    caplog.clear()
    with caplog.at_level(logging.INFO):
        two.run_once()
    assert caplog.records == []
    assert lab.run("SELECT day, number FROM EESZT_DAY") == figures
