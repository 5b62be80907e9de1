"""Sessions: whose token can be had now, and that logout and the grant's end act at once."""

from __future__ import annotations

import logging
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from runner.daemon.deciding import lives_on
from runner.login.sessions import LOOK_AGAIN_S
from tests.login.site import PASSWORD, Site
from tests.support.logins import TECHNICAL_USER, a_request, a_token

if TYPE_CHECKING:
    import pytest

DOCTOR = "O12345"


def logged_in() -> Site:
    site = Site()
    site.admission.by_password(a_request("kovacs"), PASSWORD)
    return site


def test_a_live_session_gives_its_token() -> None:
    assert logged_in().sessions.token(DOCTOR) == a_token()


def test_nobody_else_has_one() -> None:
    site = logged_in()
    assert site.sessions.token("O23456") is None
    assert site.sessions.token("") is None


def test_what_another_recorded_is_not_sent_by_this_login_though_both_are_matched_to_one_identity() -> None:
    site = logged_in()
    assert site.sessions.token(DOCTOR, "kovacs") == a_token()
    assert site.sessions.token(DOCTOR, "masik.anna") is None


def test_the_technical_users_token_comes_from_the_issuer() -> None:
    site = logged_in()
    assert site.sessions.token(TECHNICAL_USER) == site.tokens.technical()


def test_the_database_is_asked_at_most_once_a_second_and_the_seal_opened_once() -> None:
    site = logged_in()
    first = site.sessions.token(DOCTOR)
    asked = site.logins.asked
    for _ in range(50):
        assert site.sessions.token(DOCTOR) is first
    assert site.logins.asked == asked
    site.clock.advance(LOOK_AGAIN_S)
    assert site.sessions.token(DOCTOR) is first
    assert site.logins.asked == asked + 1


def test_a_logout_acts_within_a_second() -> None:
    site = logged_in()
    assert site.sessions.token(DOCTOR) is not None
    site.logins.end(DOCTOR, "logout")
    site.clock.advance(LOOK_AGAIN_S)
    assert site.sessions.token(DOCTOR) is None


def test_a_logout_acts_at_once_for_who_asks_the_database() -> None:
    site = logged_in()
    assert site.sessions.token(DOCTOR) is not None
    site.logins.end(DOCTOR, "logout")
    assert site.sessions.token(DOCTOR, look=True) is None
    assert site.sessions.token(DOCTOR) is None, "and nobody remembers it"


def test_what_was_made_ready_under_a_session_does_not_go_once_another_took_its_place() -> None:
    first, second = a_token(), replace(a_token(), assertion_id="_second")
    site = Site(grants={"1": first, "2": second})
    daemon: Any = SimpleNamespace(sessions=site.sessions, technical_user=TECHNICAL_USER)
    site.admission.by_password(a_request("kovacs"), "1")
    given = site.sessions.token(DOCTOR)
    assert given is not None
    assert lives_on(daemon, given)
    site.admission.by_password(a_request("kovacs"), "2")
    site.clock.advance(LOOK_AGAIN_S)
    assert not lives_on(daemon, given)
    assert lives_on(daemon, second)
    site.logins.end(DOCTOR, "logout")
    site.clock.advance(LOOK_AGAIN_S)
    assert not lives_on(daemon, second)
    renewed = site.tokens.technical()
    site.tokens.refused()
    assert lives_on(daemon, renewed), "the technical user's older token serves until its own end"


def test_a_new_login_is_seen_at_once_where_there_was_none() -> None:
    site = Site()
    assert site.sessions.token(DOCTOR) is None
    site.admission.by_password(a_request("kovacs"), PASSWORD)
    assert site.sessions.token(DOCTOR) is not None


def test_nothing_is_given_past_the_grants_end_even_from_memory() -> None:
    site = logged_in()
    site.clock.advance(8 * 3600 - 0.5)
    assert site.sessions.token(DOCTOR) is not None
    site.clock.advance(0.5)  # less than a second after the database was asked
    assert site.sessions.token(DOCTOR) is None


def test_a_later_end_written_into_the_row_stretches_nothing() -> None:
    site = logged_in()
    (row,) = site.logins.state()
    stored = site.logins.live(DOCTOR)
    assert stored is not None
    assert site.sessions.token(DOCTOR) is not None
    site.logins.put(replace(stored, ends_at=row.ends_at.replace(year=2030)))
    site.clock.advance(8 * 3600)
    assert site.sessions.token(DOCTOR) is None


def test_a_token_copied_to_another_persons_row_is_no_session_and_an_error_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    site = logged_in()
    stored = site.logins.live(DOCTOR)
    assert stored is not None
    site.logins.put(replace(stored, login_id=99, his_user="szucs", eeszt_user="O23456"))
    assert site.sessions.token("O23456") is None
    site.clock.advance(2 * LOOK_AGAIN_S)
    assert site.sessions.token("O23456") is None
    (record,) = [each for each in caplog.records if getattr(each, "event", "") == "session.unsealed"]
    assert record.levelno == logging.ERROR
    assert "RNR-8101" in vars(record)["fault"]


def test_a_session_that_the_eeszt_refuses_is_ended_for_everybody() -> None:
    site = logged_in()
    assert site.sessions.token(DOCTOR) is not None
    site.sessions.refused(DOCTOR)
    assert site.sessions.token(DOCTOR) is None
    assert site.logins.state() == []


def test_a_refused_token_of_the_technical_user_is_asked_for_anew() -> None:
    site = logged_in()
    site.sessions.token(TECHNICAL_USER)
    site.sessions.refused(TECHNICAL_USER)
    site.sessions.token(TECHNICAL_USER)
    assert site.tokens.technical_issued == 2
    assert site.sessions.token(DOCTOR) is not None
