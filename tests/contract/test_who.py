"""Who is who, who may work where, and who is logged in."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from runner.daemon.looking import LookedUp
from runner.domain.policy import Recorder, Registration
from runner.errors import StoreError
from runner.ports import LoginRow
from tests.support.rows import LONG_AGO, Lab, assigned, claim, matched, workplace


@pytest.mark.parametrize(
    ("registration", "doctor", "eeszt_user", "meaning"),
    [
        ("REGISTERED", 1, "O12345", Registration.DOCTOR),
        ("REGISTERED", 0, "SZ34567", Registration.OTHER),
        ("NOT_REGISTERED", 1, None, Registration.UNREGISTERED_DOCTOR),
        ("NOT_REGISTERED", 0, None, Registration.UNREGISTERED_OTHER),
    ],
)
def test_a_his_user_is_who_the_institution_says(
    lab: Lab, registration: str, doctor: int, eeszt_user: str | None, meaning: Registration
) -> None:
    lab.put("EESZT_USER_MAP", matched("u", eeszt_user, registration, doctor))
    assert lab.store.directory.recorder("u") == Recorder("u", meaning, eeszt_user)


def test_a_his_user_without_a_row_is_a_fact(lab: Lab) -> None:
    assert lab.store.directory.recorder("nobody") == Recorder("nobody", Registration.NO_ROW)


def test_a_match_without_an_eeszt_user_is_refused(lab: Lab) -> None:
    for row in (matched("u", None), matched("u", "O1", "NOT_REGISTERED")):
        with pytest.raises(lab.errors, match="EESZT_USER_MAP_USER_CK"):
            lab.put("EESZT_USER_MAP", row)


def test_an_assignment_holds_on_its_days_and_for_both_names_of_a_workplace(lab: Lab) -> None:
    today = datetime.now(UTC)
    lab.put("EESZT_WORKPLACE", workplace("belgy", "013579101"), workplace("seb", "013579202"))

    def assign(user: str, first: timedelta, last: timedelta | None, role: str = "ORVOS") -> None:
        days = {"valid_from": (today + first).date(), "valid_to": last and (today + last).date()}
        lab.put("EESZT_USER_WORKPLACE", {**assigned(user, "belgy", role), **days})

    assign("now", timedelta(days=-2), timedelta(days=2))
    assign("open", timedelta(days=-2), None, "SZAKDOLGOZO")
    assign("open", timedelta(days=-9), timedelta(days=-3), "ORVOS")
    assign("both", timedelta(days=-2), None, "SZAKDOLGOZO")
    assign("both", timedelta(days=-2), None, "ORVOS")
    assign("over", timedelta(days=-9), timedelta(days=-2))
    assign("later", timedelta(days=2), None)
    roles = {
        user: set(lab.store.directory.roles(user, "belgy")) for user in ("now", "open", "both", "over", "later", "no")
    }
    assert roles == {
        "now": {"ORVOS"},
        "open": {"SZAKDOLGOZO"},
        "both": {"ORVOS", "SZAKDOLGOZO"},
        "over": set(),
        "later": set(),
        "no": set(),
    }
    assert lab.store.directory.roles("now", "013579101")
    assert not lab.store.directory.roles("now", "013579202")


def test_a_batch_is_decided_by_the_facts_of_one_moment_and_the_next_by_those_of_the_next(lab: Lab) -> None:
    lab.put("EESZT_USER_MAP", matched("u", "O12345"))
    lab.put("EESZT_WORKPLACE", workplace("belgy", "013579101"))
    lab.insert(recorded_by="u", workplace="belgy")
    items = claim(lab)
    batch = LookedUp(lab.store.directory, items, "TECHNIKAI")
    before = (batch.recorder("u"), batch.roles("O12345", "belgy"))
    lab.run("UPDATE EESZT_USER_MAP SET eeszt_user = 'O23456'")
    lab.put("EESZT_USER_WORKPLACE", assigned("O12345", "belgy"))
    assert (batch.recorder("u"), batch.roles("O12345", "belgy")) == before
    following = LookedUp(lab.store.directory, items, "TECHNIKAI")
    assert (following.recorder("u").eeszt_user, following.roles("O12345", "belgy")) == ("O23456", frozenset({"ORVOS"}))


def test_what_is_known_of_many_is_what_is_known_of_each(lab: Lab) -> None:
    today = datetime.now(UTC).date()
    users = {"anna": "O12345", "bela": "SZ34567", "nobody": None, "none": "O99999"}
    lab.put("EESZT_WORKPLACE", workplace("belgy", "013579101"), workplace("seb", "013579202"))
    lab.put("EESZT_USER_MAP", matched("anna", "O12345"), matched("bela", "SZ34567", "REGISTERED", 0))
    lab.put("EESZT_USER_MAP", matched("cili", None, "NOT_REGISTERED", 0))
    for user, place, role in (
        ("O12345", "belgy", "ORVOS"),
        ("O12345", "belgy", "OKTATO"),
        ("TECH", "seb", "TECHNIKAI"),
    ):
        lab.put("EESZT_USER_WORKPLACE", assigned(user, place, role))
    over = {"valid_from": today - timedelta(days=9), "valid_to": today - timedelta(days=3)}
    lab.put("EESZT_USER_WORKPLACE", {**assigned("SZ34567", "seb", "ORVOS"), **over})
    places = ["belgy", "013579101", "seb", "elsewhere"]
    directory = lab.store.directory
    known = directory.known([*users, "cili"], places, "TECH")
    for user in (*users, "cili"):
        assert known.recorders.get(user, Recorder(user, Registration.NO_ROW)) == directory.recorder(user)
    for identity in ("O12345", "SZ34567", "TECH", "O99999"):
        for place in places:
            assert known.roles.get((identity, place), frozenset()) == directory.roles(identity, place), (
                identity,
                place,
            )
    assert known.roles["O12345", "013579101"] == {"ORVOS", "OKTATO"}
    assert directory.known([], [], None).recorders == {}


# logins


def login(lab: Lab, eeszt_user: str = "O12345", his_user: str = "kovacs.anna", hours: float = 8) -> LoginRow:
    now = datetime.now(UTC)
    return LoginRow(
        login_id=lab.store.logins.next_login_id(),
        his_user=his_user,
        eeszt_user=eeszt_user,
        role="ORVOS",
        institution="013579",
        method="otp",
        started_at=now,
        ends_at=now + timedelta(hours=hours),
        sealed=b"sealed",
    )


def test_of_logins_of_one_person_at_the_same_moment_one_stays(lab: Lab) -> None:
    rows = [login(lab) for _ in range(4)]
    together = threading.Barrier(len(rows))

    def save(row: LoginRow) -> None:
        together.wait(30)
        lab.store.logins.save(row)

    with ThreadPoolExecutor(len(rows)) as pool:
        list(pool.map(save, rows))
    assert len(lab.store.logins.state()) == 1
    assert lab.store.logins.end("O12345", "test") == 1


def test_a_request_is_used_once(lab: Lab) -> None:
    begun = lab.store.logins.begin("kovacs.anna", "hash", 60)
    assert begun.his_user == "kovacs.anna"
    assert 55 < (begun.expires_at - datetime.now(UTC)).total_seconds() <= 60
    assert lab.store.logins.take("another") is None
    assert lab.store.logins.take("hash") == begun
    assert lab.store.logins.take("hash") is None


def test_a_request_that_is_too_old_is_none(lab: Lab) -> None:
    lab.store.logins.begin("kovacs.anna", "hash", 60)
    lab.run("UPDATE EESZT_LOGIN_REQUEST SET expires_at = ?", [LONG_AGO])
    assert lab.store.logins.take("hash") is None


def test_a_session_is_live_until_its_end(lab: Lab) -> None:
    saved = login(lab)
    lab.store.logins.save(saved)
    assert lab.store.logins.live("O12345") == saved
    assert lab.store.logins.live("O12345", known=saved.login_id) == replace(saved, sealed=None)
    assert lab.store.logins.live("O12345", known=saved.login_id + 1) == saved
    assert [each.sealed for each in lab.store.logins.state()] == [None]
    assert lab.store.logins.live("O99999") is None
    lab.run("UPDATE EESZT_LOGIN SET ends_at = ?", [LONG_AGO])
    assert lab.store.logins.live("O12345") is None
    assert lab.store.logins.state() == []


def test_a_new_session_ends_the_older_one_and_forgets_its_token(lab: Lab) -> None:
    lab.store.logins.save(login(lab))
    newer = login(lab)
    lab.store.logins.save(newer)
    assert lab.store.logins.live("O12345") == newer
    ended = lab.run("SELECT end_reason, sealed FROM EESZT_LOGIN WHERE ended_at IS NOT NULL")
    assert ended == [("NEW_LOGIN", None)]


def test_numbers_of_sessions_are_never_given_twice(lab: Lab) -> None:
    assert len({lab.store.logins.next_login_id() for _ in range(10)}) == 10


def test_a_session_is_ended_at_once(lab: Lab) -> None:
    lab.store.logins.save(login(lab))
    lab.store.logins.save(login(lab, "O23456", "szucs.gergo"))
    assert lab.store.logins.end("O12345", "LOGOUT") == 1
    assert lab.store.logins.end("O12345", "LOGOUT") == 0
    assert lab.store.logins.live("O12345") is None
    assert lab.store.logins.live("O23456") is not None


def test_a_changed_match_ends_the_session_made_under_it(lab: Lab) -> None:
    lab.put("EESZT_USER_MAP", matched("kovacs.anna", "O12345"))
    lab.store.logins.save(login(lab))
    lab.run("UPDATE EESZT_USER_MAP SET eeszt_user = 'O99999'")
    assert lab.store.logins.live("O12345") is None


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE EESZT_USER_MAP SET is_doctor = 0",
        "UPDATE EESZT_USER_WORKPLACE SET role = 'SZAKDOLGOZO' WHERE role = 'ORVOS'",
        "UPDATE EESZT_USER_WORKPLACE SET valid_to = valid_from",
        "DELETE FROM EESZT_USER_WORKPLACE WHERE eeszt_user = 'O12345'",
    ],
)
def test_a_changed_right_ends_the_sessions_that_it_concerns(lab: Lab, change: str) -> None:
    lab.put("EESZT_USER_MAP", matched("kovacs.anna", "O12345"))
    lab.put("EESZT_WORKPLACE", workplace("013579101", "013579101"))
    lab.put("EESZT_USER_WORKPLACE", assigned("O12345", "013579101"))
    lab.store.logins.save(login(lab))
    lab.store.logins.save(login(lab, "SZ34567", "orsi.ildiko"))
    lab.run("UPDATE EESZT_USER_WORKPLACE SET role = role, valid_to = valid_to")
    lab.put("EESZT_USER_WORKPLACE", assigned("O12345", "013579101", "OKTATO"))
    assert lab.store.logins.live("O12345") is not None
    lab.run(change)
    assert lab.store.logins.live("O12345") is None
    assert lab.store.logins.live("SZ34567") is not None
    assert lab.run("SELECT sealed FROM EESZT_LOGIN WHERE eeszt_user = 'O12345'") == [(None,)]


@pytest.mark.parametrize("reason", ["LOGIN", "TOKEN_REFUSED", "NO_MATCH", "NOT_REGISTERED"])
def test_a_login_lets_everything_go_that_its_person_could_not_send_before(lab: Lab, reason: str) -> None:
    item = lab.insert()
    lab.force((item, {"state": "PARKED", "reason_code": reason, "next_at": None}))
    lab.store.logins.save(login(lab))
    assert [each.row.item_id for each in claim(lab)] == [item]


def test_a_login_lets_the_parked_rows_go_in_the_same_transaction(lab: Lab) -> None:
    first, second = (lab.insert(order_key="k") for _ in range(2))
    lab.force((first, {"state": "PARKED", "reason_code": "LOGIN", "next_at": None}))
    assert claim(lab) == []
    lab.store.logins.save(login(lab))
    assert [item.row.item_id for item in claim(lab)] == [first]
    assert lab.row(second).state == "NEW"


def test_a_session_number_that_is_taken_changes_nothing(lab: Lab) -> None:
    saved = login(lab)
    lab.store.logins.save(saved)
    with pytest.raises(StoreError):
        lab.store.logins.save(saved)
    assert lab.store.logins.live("O12345") == saved


def test_medworks_reads_who_is_logged_in_and_for_how_long(lab: Lab) -> None:
    lab.store.logins.save(login(lab, hours=2))
    [row] = lab.store.desk.rows("SELECT his_user, eeszt_user, minutes_left FROM EESZT_V_LOGIN")
    assert (row["his_user"], row["eeszt_user"]) == ("kovacs.anna", "O12345")
    assert row["minutes_left"] in {119, 120}
