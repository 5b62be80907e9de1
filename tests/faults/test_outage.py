"""The counterpart, its token service, or every daemon is gone: told within seconds, and all goes on afterwards."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from runner.demo.people import KOVACS, PATIENTS, SZUCS
from tests.faults.clinic import Clinic, clinic

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    with clinic(tmp_path_factory.mktemp("outage") / "site") as opened:
        opened.sql("INSERT INTO EESZT_USER_MAP VALUES ('irnok', 'NOT_REGISTERED', 0, NULL)")
        yield opened


@pytest.fixture(autouse=True)
def _healthy_afterwards(place: Clinic) -> Iterator[None]:
    if place.stage.daemon is None:
        place.start_daemon()
    yield
    place.simulator.clear()
    if place.stage.daemon is None:
        place.start_daemon()
    place.until("everything is up", lambda: {place.service(name) for name in ("erecept", "ekat", "sts")} == {"UP"}, 20)


@pytest.mark.parametrize("how", ["503", "closed"])
def test_an_outage_is_told_within_seconds_and_ends_by_itself(place: Clinic, how: str) -> None:
    place.simulator.fault("outage", how=how)
    first = [place.prescription(doctor=doctor, patient=PATIENTS[0]) for doctor in (KOVACS, SZUCS)]
    events = [place.event(patient=PATIENTS[n % 6]) for n in range(6)]
    assert place.until("EESZT_V_SERVICE says so", lambda: place.service("erecept") == "DOWN", 10) < 25
    late = place.prescription()
    question = place.stage.medworks.ask_prescriptions(KOVACS, PATIENTS[0])
    assert place.until("paper at once", lambda: place.row(late)["ward_answer"] == "PAPER", 5) < 20
    assert place.ending(late) == ("MISSED", "PAPER", "OUTAGE")
    place.until("the question's end", place.stage.ends("erecept_lekerdezes", question), 5)
    assert place.stage.status("erecept_lekerdezes", question)["reason_code"] == "OUTAGE"
    place.until("ekat too", lambda: place.service("ekat") == "DOWN", 10)
    assert {place.row(item)["ward_answer"] for item in place.rest_of_wards(*first)} == {"PAPER"}
    attempts = place.sql("SELECT max(attempts) AS most FROM EESZT_OUT_BACKGROUND")[0]["most"]
    assert attempts <= 2, "an outage burns no attempts"
    place.simulator.clear()
    took = place.until("EESZT_V_SERVICE says so", lambda: place.service("erecept") == place.service("ekat") == "UP", 10)
    assert took < 25
    assert {row["state"] for row in place.rest(*events, timeout_s=20)} == {"ACCEPTED"}
    good = place.prescription()
    assert place.rest(good, timeout_s=5)[0]["ward_answer"] == "PRINT"
    place.rest(*first, timeout_s=20)
    place.until("copies", lambda: not place.sql("SELECT 1 FROM EESZT_WRITE_BACK WHERE state = 'DUE'"))
    place.until("withdrawals", lambda: not place.sql("SELECT 1 FROM EESZT_V_STATUS WHERE compensation = 'DUE'"))
    assert place.differences() == []


@pytest.mark.parametrize("fault", ["sts_down", "silent"])
def test_without_the_token_service_people_go_on_and_the_technical_user_waits(place: Clinic, fault: str) -> None:
    place.simulator.fault(fault, operation=None if fault == "sts_down" else "Issue|sts|Rst|Request")
    place.stage.stop_daemon()
    place.start_daemon()  # so that it has no technical token left
    waiting = [place.event(recorded_by="irnok", patient=PATIENTS[n % 6]) for n in range(5)]
    place.until("EESZT_V_SERVICE says so", lambda: place.service("sts") == "DOWN", 10)
    prescription, event = place.prescription(), place.event()
    assert place.rest(prescription, timeout_s=5)[0]["ward_answer"] == "PRINT"
    assert place.rest(event, timeout_s=10)[0]["state"] == "ACCEPTED"
    assert {place.state(item) for item in waiting} <= {"NEW", "CLAIMED", "WAITING"}
    assert place.service("runner") == "UP"
    refused = place.command("login", "otp", KOVACS.his_user, stdin=b"123456")
    assert refused.returncode in {1, 3}
    place.simulator.clear()
    assert {row["state"] for row in place.rest(*waiting, timeout_s=15)} == {"ACCEPTED"}
    assert {row["acting_user"] for row in place.rest(*waiting)} == {"TECHNIKAI-013579"}


def test_the_ward_is_answered_with_every_daemon_dead_and_nothing_is_sent_after_paper(place: Clinic) -> None:
    place.simulator.fault("slow", operation="Feliras", seconds=1.0)
    sent = place.prescription()
    place.until("it is on the wire", lambda: place.state(sent) == "SENDING", 5)
    place.stage.kill_daemon()
    unsent = place.prescription(doctor=SZUCS)
    began = time.monotonic()
    assert place.stage.desk.wait_for(unsent, 8) == "PAPER"
    assert place.stage.desk.wait_for(sent, 8) == "PAPER"
    assert time.monotonic() - began < 25
    place.stage.until("EESZT_V_SERVICE says so", lambda: place.service("runner") == "DOWN", 30)
    late = place.prescription()
    assert place.stage.desk.decide(late) == "PAPER", "with nobody alive, at once"
    place.simulator.clear()
    place.start_daemon()
    for item in (unsent, late):
        assert place.ending(item)[:2] == ("MISSED", "PAPER")
        assert place.documents(item) == []
    place.until("found and withdrawn", lambda: place.row(sent)["compensation"] == "DONE", 20)
    assert [each["state"] for each in place.documents(sent)] == ["VISSZAVONT"]
    assert place.sql("SELECT 1 FROM EESZT_V_BARCODE WHERE item_id IN (?, ?, ?)", sent, unsent, late) == []
    assert not place.sql(
        "SELECT 1 FROM EESZT_V_BARCODE b JOIN EESZT_V_STATUS s USING (item_id) WHERE s.ward_answer = 'PAPER'"
    )
    assert place.differences() == []


def test_bulk_that_is_answered_slowly_holds_up_neither_a_prescription_nor_a_question(place: Clinic) -> None:
    place.simulator.fault("slow", operation="ekat.Esemeny", seconds=5.0)
    bulk = [place.event(patient=PATIENTS[number % 6]) for number in range(60)]
    place.until("bulk is on the wire", lambda: any(place.state(item) == "SENDING" for item in bulk))
    prescriptions = [place.prescription(patient=PATIENTS[number]) for number in range(5)]
    question = place.insert("erecept_lekerdezes", payload=f'{{"TAJ": "{PATIENTS[0].taj}", "PECSETSZAM": "12345"}}')
    assert [row["ward_answer"] for row in place.rest(*prescriptions)] == ["PRINT"] * 5
    assert place.rest(question)[0]["state"] == "ACCEPTED"
    assert {place.state(item) for item in bulk} & {"NEW", "CLAIMED", "SENDING"}, "bulk was waiting all the while"
    place.simulator.clear()
    assert {row["state"] for row in place.rest(*bulk, timeout_s=30)} == {"ACCEPTED"}
