"""Whether the sealing keys open the sessions that live: told before a start ends them, refused beside a daemon."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from runner import app
from runner.errors import IntegrityError
from runner.login.seal import Sealer, sealer
from runner.ports import LoginRow
from tests.check.site import Installation
from tests.support.logins import INSTITUTION, a_token

ALIVE = "strftime('%Y-%m-%d %H:%M:%f', 'now', '+1 minute') || '000'"


def somebody_logged_in(site: Installation, *, key: bytes | None = None) -> None:
    """A live session, sealed under the site's own key or under another one."""
    at = datetime.now(UTC).replace(microsecond=0)
    with app.opened_store(site.settings) as store:
        row = LoginRow(
            login_id=store.logins.next_login_id(),
            his_user="kovacs.anna",
            eeszt_user="O12345",
            role="ORVOS",
            institution=INSTITUTION,
            method="otp",
            started_at=at,
            ends_at=at + timedelta(hours=8),
        )
        database_id = store.outbox.identity().database_id
        own = sealer(app.load_settings(site.settings).sealing, "test", database_id)
        seal = own if key is None else Sealer(key, environment="test", database_id=database_id)
        store.logins.save(replace(row, sealed=seal.seal(row, a_token())))


def told(site: Installation) -> tuple[str, str]:
    [found] = [each for each in site.findings("database") if each.name == "sessions"]
    return found.status, found.found


def test_keys_that_open_what_lives_are_told_as_good(site: Installation) -> None:
    assert told(site) == ("ok", "nobody is logged in")
    somebody_logged_in(site)
    assert told(site) == ("ok", "1 live, and the sealing keys open them")


def test_sessions_that_a_start_would_end_are_told_before_it(site: Installation) -> None:
    somebody_logged_in(site, key=bytes(32))
    status, found = told(site)
    assert status == "warn"
    assert found.startswith("the sealing keys do not open 1 of 1 live session(s)")
    assert "log in again" in found


def test_beside_a_daemon_that_uses_them_nothing_starts_and_nothing_is_ended(site: Installation) -> None:
    somebody_logged_in(site, key=bytes(32))
    site.sql(f"INSERT INTO EESZT_RUNNER (lane, owner, beat_at) VALUES ('interactive', 'the-other', {ALIVE})")
    status, found = told(site)
    assert (status, "daemon the-other uses them" in found) == ("FAIL", True)
    with pytest.raises(IntegrityError, match=r"RNR-8103.*the-other"), app.running(site.settings):
        pytest.fail("it runs")
    with app.opened_store(site.settings) as store:
        assert [each.eeszt_user for each in store.logins.state()] == ["O12345"]
