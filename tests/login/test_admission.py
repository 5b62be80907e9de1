"""One-time-password login: only the matched identity is believed, and refusals are told and leave nothing behind."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from runner.errors import LoginError, TransportError
from tests.login.site import PASSWORD, Site
from tests.support.logins import NOON, a_request, a_token


def test_the_matched_identity_gets_a_sealed_session_that_ends_with_the_grant() -> None:
    site = Site()
    row = site.admission.by_password(a_request("kovacs"), PASSWORD)
    assert (row.his_user, row.eeszt_user, row.role, row.method) == ("kovacs", "O12345", "ORVOS", "otp")
    assert row.ends_at <= NOON + timedelta(hours=8)
    assert row.ends_at > NOON + timedelta(hours=8) - timedelta(milliseconds=1)
    stored = site.logins.live("O12345")
    assert stored == row
    assert site.sealer.open(row) == a_token()
    assert site.woken == [1], "what waits for him is told once his session is stored"


def test_a_second_login_replaces_the_first() -> None:
    site = Site(grants={"1": a_token(), "2": a_token()})
    site.admission.by_password(a_request("kovacs"), "1")
    second = site.admission.by_password(a_request("kovacs"), "2")
    assert [each.login_id for each in site.logins.state()] == [second.login_id]


def test_whoever_is_registered_may_log_in_in_his_own_role() -> None:
    site = Site(grants={"1": a_token("SZ34567", role="SZAKDOLGOZO")})
    assert site.admission.by_password(a_request("orosz"), "1").role == "SZAKDOLGOZO"


@pytest.mark.parametrize(
    ("his_user", "token", "number"),
    [
        ("senki", a_token(), 4401),
        ("nemes", a_token(), 4402),
        ("vidor", a_token(), 4402),
        ("szucs", a_token("O12345"), 4403),
        ("kovacs", a_token(role="EGYEB"), 4404),
        ("kovacs", a_token(institution="999999"), 4405),
        ("kovacs", a_token(life_s=0), 4406),
    ],
)
def test_what_does_not_fit_is_refused_logged_and_leaves_no_session(
    his_user: str, token: object, number: int, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(grants={PASSWORD: token})  # type: ignore[dict-item]
    with caplog.at_level(logging.DEBUG), pytest.raises(LoginError) as error:
        site.admission.by_password(a_request(his_user), PASSWORD)
    assert error.value.number == number
    assert error.value.sentence, "the person is told in Hungarian"
    assert site.logins.state() == []
    assert site.woken == []
    assert site.logins.refusals == [1], "the HIS sees it at once"
    (record,) = [each for each in caplog.records if getattr(each, "event", "") == "login.refused"]
    assert record.levelno == logging.WARNING
    assert vars(record)["number"] == number
    assert PASSWORD not in str([vars(each) for each in caplog.records])


@pytest.mark.parametrize("his_user", ["senki", "nemes"])
def test_who_is_not_matched_costs_no_password(his_user: str) -> None:
    site = Site()
    with pytest.raises(LoginError):
        site.admission.by_password(a_request(his_user), PASSWORD)
    assert PASSWORD in site.tokens.grants


def test_the_issuers_refusal_is_passed_on_with_its_sentence() -> None:
    site = Site()
    with pytest.raises(LoginError) as error:
        site.admission.by_password(a_request("kovacs"), "wrong")
    assert error.value.number == 4101
    assert "jelsz" in error.value.sentence


def test_an_issuer_that_cannot_be_asked_leaves_no_session() -> None:
    site = Site()
    site.tokens.down = True
    with pytest.raises(TransportError):
        site.admission.by_password(a_request("kovacs"), PASSWORD)
    assert site.logins.state() == []
    assert site.logins.refusals == [1]
