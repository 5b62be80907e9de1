"""What the daemon watches is told once for each change, and not each round."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from runner import app
from runner.app import watch_certificates, watch_clock
from runner.eeszt.heard import Heard
from runner.mapping import load_pack
from runner.settings import load
from tests.check.site import Installation, write_certificate
from tests.check.time_server import answer, time_server

if TYPE_CHECKING:
    import pytest

PACK = load_pack(app.default_pack())


def events(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, object]]:
    """Level, event and figure of everything that was told since the last look."""
    found = [
        (record.levelname, vars(record)["event"], vars(record).get("days_left", vars(record).get("offset_ms")))
        for record in caplog.records
        if "event" in vars(record)
    ]
    caplog.clear()
    return found


def test_a_certificate_is_told_of_at_each_stage_and_when_it_is_good_again(
    site: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "runner")
    write_certificate(site.pki / "institution.crt", site.pki / "institution.key", days=70)
    days = [0.0]
    look = watch_certificates(load(site.settings), lambda: datetime.now(UTC) + timedelta(days=days[0]))
    told = []
    for day in (0, 5, 11, 12, 41, 45, 57, 64, 66, 71, 72):
        days[0] = day
        look()
        told.append(events(caplog))
    assert told == [
        [],
        [],
        [("WARNING", "cert.expiring", 58)],
        [],
        [("WARNING", "cert.expiring", 28)],
        [],
        [("ERROR", "cert.expiring", 12)],
        [("ERROR", "cert.expiring", 5)],
        [],
        [("ERROR", "cert.bad", None)],
        [],
    ]
    write_certificate(site.pki / "institution.crt", site.pki / "institution.key", days=400)
    look()
    assert events(caplog) == [("INFO", "cert.good", None)]


def test_an_old_pin_beside_a_living_one_is_told_as_a_warning(
    site: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    write_certificate(site.folder / "old.crt", None, days=-1)
    site.change('pins = ["pki/service.crt"]', 'pins = ["old.crt", "pki/service.crt"]')
    look = watch_certificates(load(site.settings), lambda: datetime.now(UTC))
    look()
    look()
    assert events(caplog) == [("WARNING", "cert.bad", None)]


def test_a_drift_is_told_when_it_begins_gets_worse_and_ends(
    site: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "runner")
    offset = [0.0]
    look = watch_clock(load(site.settings), PACK, lambda: Heard("eeszt", offset[0], 0.5, 0.0))
    told = []
    for seconds in (0.0, 9.9, 11.0, 12.0, -25.0, -28.0, 3.0, 0.0):
        offset[0] = seconds
        look()
        told.append(events(caplog))
    assert told == [
        [],
        [],
        [("WARNING", "clock.drift", 11000)],
        [],
        [("ERROR", "clock.drift", -25000)],
        [],
        [("INFO", "clock.good", 3000)],
        [],
    ]


def test_a_slow_answer_is_no_drift(site: Installation, caplog: pytest.LogCaptureFixture) -> None:
    look = watch_clock(load(site.settings), PACK, lambda: Heard("eeszt", 14.0, 15.0, 0.0))
    look()
    assert events(caplog) == []


def test_before_the_first_answer_nothing_is_told(site: Installation, caplog: pytest.LogCaptureFixture) -> None:
    watch_clock(load(site.settings), PACK, lambda: None)()
    assert events(caplog) == []


def test_a_time_server_is_asked_each_round_and_its_silence_is_told_once(
    site: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "runner")
    stratum = [2]
    with time_server(lambda question: answer(question, ahead_s=-15, stratum=stratum[0])) as address:
        site.change("[log]\n", f'[clock]\ntime_server = "{address}"\n\n[log]\n')
        look = watch_clock(load(site.settings), PACK, lambda: None)
        told = []
        for knows in (2, 2, 0, 0, 2):
            stratum[0] = knows
            look()
            told.append([(level, event) for level, event, _ in events(caplog)])
    assert told == [[("WARNING", "clock.drift")], [], [("WARNING", "clock.unknown")], [], [("WARNING", "clock.drift")]]
