"""Who sends, on real processes: what waits for a login goes by itself, and an identity once fixed stays."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runner.demo.people import BODNAR, GASZTRO, KOVACS, OROSZ, SURGOSSEGI, SZUCS, TECHNICAL_USER
from tests.faults.clinic import PATIENCE, Clinic, clinic

pytestmark = pytest.mark.slow

SLOW_LOOK = ('poll = "100ms"\nidle_poll = "300ms"', 'poll = "100ms"\nidle_poll = "20s"')
"""A lane that looks so rarely shows that the login wakes it."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    changes = [SLOW_LOOK, ("items = 2", "items = 50"), ('retry = "500ms"', 'retry = "1500ms"')]
    with clinic(tmp_path_factory.mktemp("who") / "site", changes=changes, people=()) as opened:
        yield opened


def decisions(place: Clinic, item: int) -> list[str]:
    rows = place.sql(
        "SELECT decision FROM EESZT_V_DECISION WHERE item_id = ? ORDER BY ending = 'PERMITTED', decided_at", item
    )
    return [row["decision"] for row in rows]


def kept(place: Clinic, item: int) -> tuple[object, ...]:
    """What no retry may change."""
    columns = "message_id, digest, acting_user, decision, rules"
    [row] = place.sql(f"SELECT {columns} FROM EESZT_MESSAGE WHERE item_id = ?", item)
    return tuple(row)


def test_what_waits_for_a_login_goes_within_a_second_of_it_and_in_its_order(place: Clinic) -> None:
    episodes = [[place.event(recorded_by=BODNAR.his_user, order_key=f"eset-{n}") for _ in range(3)] for n in range(4)]
    firsts = [episode[0] for episode in episodes]
    place.rest(*firsts)
    assert {place.row(item)["reason_code"] for item in firsts} == {"LOGIN"}
    place.log_in(BODNAR)
    place.rest(*(item for episode in episodes for item in episode))
    [login] = place.sql("SELECT julianday(started_at) AS at FROM EESZT_LOGIN WHERE his_user = ?", BODNAR.his_user)
    stored = place.sql("SELECT item_id, julianday(stored_at) AS at FROM EESZT_MESSAGE")
    sent = {row["item_id"]: row["at"] for row in stored}
    assert max((sent[item] - login["at"]) * 86400 for item in firsts) < PATIENCE
    accepted = [entry["own_reference"] for entry in place.simulator.register()]
    for episode in episodes:
        order = [place.sql("SELECT message_id FROM EESZT_MESSAGE WHERE item_id = ?", item)[0][0] for item in episode]
        assert [each for each in accepted if each in order] == order
        assert {place.row(item)["acting_user"] for item in episode} == {BODNAR.eeszt_user}
    assert [decisions(place, item) for item in episodes[0]] == [["14", "12"], ["12"], ["12"]]


def test_a_retry_keeps_its_identity_whatever_has_changed_since(place: Clinic) -> None:
    """It went under the technical user; meanwhile its recorder is registered and logged in."""
    place.sql("INSERT OR IGNORE INTO EESZT_USER_MAP VALUES ('ideiglenes', 'NOT_REGISTERED', 0, NULL)")
    place.simulator.fault("overloaded", operation="Esemeny", times=1)
    item = place.event(recorded_by="ideiglenes")
    place.until("it waits", lambda: place.state(item) == "WAITING")
    before = kept(place, item)
    place.sql(
        "UPDATE EESZT_USER_MAP SET registration = 'REGISTERED', eeszt_user = 'SZ34567' WHERE his_user = 'ideiglenes'"
    )
    place.log_in(OROSZ)
    [row] = place.rest(item)
    assert (row["state"], row["acting_user"], row["attempts"]) == ("ACCEPTED", TECHNICAL_USER, 2)
    assert kept(place, item) == before
    assert [each["user"] for each in place.documents(item)] == [TECHNICAL_USER]


def test_a_retry_waits_for_its_person_when_his_right_was_taken_away(place: Clinic) -> None:
    place.log_in(KOVACS)
    place.simulator.fault("overloaded", operation="Esemeny", times=1)
    item = place.event(recorded_by=KOVACS.his_user)
    place.until("it waits", lambda: place.state(item) == "WAITING")
    place.sql("DELETE FROM EESZT_USER_WORKPLACE WHERE eeszt_user = ? AND workplace = ?", KOVACS.eeszt_user, GASZTRO)
    [row] = place.rest(item)
    assert (row["state"], row["reason_code"], row["acting_user"]) == ("PARKED", "LOGIN", KOVACS.eeszt_user)
    assert place.documents(item) == []
    place.log_in(KOVACS)
    [row] = place.rest(item)
    assert (row["state"], row["acting_user"]) == ("ACCEPTED", KOVACS.eeszt_user)


def test_a_doctor_without_a_doctors_role_at_the_workplace_prescribes_on_paper_and_may_report(place: Clinic) -> None:
    place.sql(
        "UPDATE EESZT_USER_WORKPLACE SET role = 'OKTATO' WHERE eeszt_user = ? AND workplace = ?",
        SZUCS.eeszt_user,
        SURGOSSEGI,
    )
    place.log_in(SZUCS)
    prescription = place.prescription(doctor=SZUCS, workplace=SURGOSSEGI)
    event = place.event(recorded_by=SZUCS.his_user, workplace=SURGOSSEGI)
    paper, sent = place.rest(prescription, event)
    assert (paper["state"], paper["ward_answer"], paper["reason_code"]) == ("MISSED", "PAPER", "NOT_ASSIGNED")
    assert f"{SURGOSSEGI} (orvosi szerepkör)" in paper["status_text"]
    assert place.documents(prescription) == []
    assert decisions(place, prescription) == ["B7"]
    assert decisions(place, event) == ["12"]
    assert sent["acting_user"] == SZUCS.eeszt_user


def test_a_workplace_is_known_by_the_hiss_own_name_and_without_a_code_nothing_is_sent(place: Clinic) -> None:
    place.sql("INSERT INTO EESZT_WORKPLACE VALUES ('BELGY', ?, 1), ('UJ', NULL, 1)", "013579202")
    rights = "INSERT INTO EESZT_USER_WORKPLACE (eeszt_user, workplace, role) VALUES (?, ?, 'TECHNIKAI')"
    for name in ("BELGY", "UJ"):
        place.sql(rights, TECHNICAL_USER, name)
    place.sql("INSERT OR IGNORE INTO EESZT_USER_MAP VALUES ('irnok', 'NOT_REGISTERED', 0, NULL)")
    named, without = (place.event(recorded_by="irnok", workplace=name) for name in ("BELGY", "UJ"))
    sent, refused = place.rest(named, without)
    assert (sent["state"], [each["workplace"] for each in place.documents(named)]) == ("ACCEPTED", ["013579202"])
    assert (refused["state"], refused["reason_code"]) == ("INVALID", "NO_OTH_CODE")
    assert refused["status_text"] == "A munkahelynek nincs OTH-kódja: UJ."
    assert place.documents(without) == []


def test_a_row_that_names_no_workplace_is_to_be_mended_and_waits_for_nobody(place: Clinic) -> None:
    place.sql("INSERT OR IGNORE INTO EESZT_USER_MAP VALUES ('irnok', 'NOT_REGISTERED', 0, NULL)")
    place.log_in(KOVACS)
    empty, blank = place.event(recorded_by="irnok", workplace=""), place.event(recorded_by="irnok", workplace="  ")
    prescription = place.prescription(workplace="")
    for row in place.rest(empty, blank, prescription):
        assert (row["state"], row["reason_code"]) == ("INVALID", "BAD_FIELD")
        assert row["status_text"].startswith("A munkahely (WORKPLACE) hiányzik")
    assert place.rest(prescription)[0]["ward_answer"] == "PAPER"


def test_that_he_could_not_log_in_is_a_recorded_fact_and_the_technical_user_sends(place: Clinic) -> None:
    place.sql("INSERT OR IGNORE INTO EESZT_USER_MAP VALUES ('irnok', 'NOT_REGISTERED', 0, NULL)")
    place.sql("INSERT INTO EESZT_USER_MAP VALUES ('uj.orvos', 'REGISTERED', 1, 'O99999')")
    place.rest(place.event(recorded_by="irnok"))  # the technical user has his token
    before = place.event(recorded_by="uj.orvos")
    place.simulator.fault("sts_down")
    assert place.command("login", "otp", "uj.orvos", stdin=b"123456").returncode != 0
    place.until("the outage is known", lambda: place.service("sts") == "DOWN")
    during = place.event(recorded_by="uj.orvos")
    waiting, sent = place.rest(before, during)
    place.simulator.clear()
    place.until("its end is known", lambda: place.service("sts") == "UP")
    assert (waiting["state"], decisions(place, before)) == ("PARKED", ["14"])
    assert (sent["state"], sent["acting_user"], decisions(place, during)) == ("ACCEPTED", TECHNICAL_USER, ["13"])
