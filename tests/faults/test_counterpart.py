"""Each of the simulator's faults, met by events and by prescriptions: the right end, and one document at most."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from runner.demo.people import KOVACS, SZUCS
from tests.faults.clinic import Clinic, clinic

pytestmark = pytest.mark.slow

WRITES = "Feliras|Esemeny"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """Events go twice where they may; a breaker that opens is another test's."""
    changes = [
        ("items = 2", "items = 50"),
        ('settle = "3s"', 'settle = "300ms"'),
        ('message_life = "4s"', 'message_life = "2500ms"'),
        ('read_timeout = "3s"', 'read_timeout = "1500ms"'),
        ('probe_most = "1s"', 'probe_most = "500ms"'),
    ]
    with clinic(tmp_path_factory.mktemp("faults") / "site", changes=changes) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _healthy_afterwards(place: Clinic) -> Iterator[None]:
    yield
    place.simulator.clear()


def has_faults(place: Clinic) -> bool:
    """Whether a fault still waits for a request to meet."""
    return any(each["times"] for each in place.simulator._ask("GET", "/faults")["active"])


ENDS: list[tuple[str, dict[str, Any], set[tuple[str, str | None]]]] = [
    # fault, its arguments, how a prescription may end
    ("slow", {"seconds": 0.8}, {("ACCEPTED", "PRINT")}),
    ("silent", {}, {("MISSED", "PAPER")}),
    ("cut_before", {}, {("MISSED", "PAPER")}),
    ("cut_after_accept", {}, {("ACCEPTED", "PRINT")}),
    ("late_accept", {"seconds": 0.5}, {("ACCEPTED", "PRINT")}),
    ("html", {}, {("MISSED", "PAPER")}),
    ("html", {"accept": True}, {("ACCEPTED", "PRINT")}),
    ("wrong_signature", {"how": "value"}, {("ACCEPTED", "PRINT")}),
    ("wrong_signature", {"how": "body"}, {("ACCEPTED", "PRINT")}),
    ("wrong_signature", {"how": "signer"}, {("ACCEPTED", "PRINT")}),
    ("missing_signature", {}, {("ACCEPTED", "PRINT")}),
    ("wrong_relates_to", {}, {("ACCEPTED", "PRINT")}),
    ("duplicate", {"signed": False}, {("MISSED", "PAPER")}),
    ("duplicate", {}, {("MISSED", "PAPER")}),
    ("clock_skew", {"seconds": 3600.0}, {("MISSED", "PAPER")}),
    ("outage", {}, {("MISSED", "PAPER")}),
    ("outage", {"how": "closed"}, {("MISSED", "PAPER")}),
    ("unknown_fault", {}, {("MISSED", "PAPER")}),
    ("unknown_fault", {"accept": True}, {("ACCEPTED", "PRINT")}),
    ("oversized", {}, {("MISSED", "PAPER")}),
    ("entity_bomb", {}, {("MISSED", "PAPER")}),
    ("overloaded", {}, {("ACCEPTED", "PRINT")}),  # last: its second try would meet the next one's fault
]


def test_every_fault_of_a_write_ends_right_and_the_books_agree(place: Clinic) -> None:
    """One after the other meets its fault, and all of them are waited for together."""
    met = []
    for name, facts, ends in ENDS:
        place.simulator.clear()
        place.simulator.fault(name, operation="Feliras", times=1, **facts)
        place.simulator.fault(name, operation="Esemeny", times=1, **facts)
        prescription, event = place.prescription(doctor=SZUCS), place.event()
        place.until(f"{name} has struck", lambda: not has_faults(place), 10)
        met.append((name, facts, ends, prescription, event))
    place.simulator.clear()
    place.rest(*(prescription for *_, prescription, _ in met), *(event for *_, event in met), timeout_s=40)
    wrong = []
    for name, facts, ends, prescription, event in met:
        told = place.row(prescription)
        if (told["state"], told["ward_answer"]) not in ends:
            wrong.append((name, facts, told))
        if place.state(event) != "ACCEPTED":
            wrong.append((name, facts, place.row(event)))
        if len(place.documents(prescription)) > 1 or len(place.documents(event)) != 1:
            wrong.append((name, facts, place.documents(prescription), place.documents(event)))
    assert not wrong, "\n".join(str(each) for each in wrong)
    place.until("copies", lambda: not place.sql("SELECT 1 FROM EESZT_WRITE_BACK WHERE state = 'DUE'"))
    assert place.differences() == []


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        *(("slow", {"seconds": 0.7}), ("silent", {}), ("cut_before", {}), ("html", {}), ("wrong_signature", {})),
        *(("missing_signature", {}), ("wrong_relates_to", {}), ("index_lag", {"seconds": 1.5}), ("oversized", {})),
        *(("entity_bomb", {}), ("wrong_patient", {}), ("overloaded", {}), ("unknown_fault", {}), ("outage", {})),
    ],
)
def test_a_question_that_meets_a_fault_is_asked_again(place: Clinic, name: str, facts: dict[str, Any]) -> None:
    place.simulator.fault("cut_after_accept", operation="Esemeny", times=1)
    place.simulator.fault(name, operation="Lekerdezes", times=None if name == "index_lag" else 1, **facts)
    event = place.event()
    [row] = place.rest(event, timeout_s=20)
    assert row["state"] == "ACCEPTED"
    [document] = place.documents(event)
    assert row["eeszt_id"] == document["id"]


@pytest.mark.parametrize("code", ["HIBAS_TAJ", "HIBAS_UZENET"])
def test_a_verified_no_is_final_and_names_the_field(place: Clinic, code: str) -> None:
    place.simulator.fault("unknown_fault", operation=WRITES, code=code)
    prescription, event = place.prescription(), place.event()
    for row in place.rest(prescription, event):
        assert (row["state"], row["reason_code"]) == ("REJECTED", code)
        assert code in row["status_text"]
    assert place.ending(prescription)[1] == "PAPER"
    assert place.documents(prescription) == place.documents(event) == []


def test_what_needs_a_person_parks_events_and_is_paper_for_wards(place: Clinic) -> None:
    place.simulator.fault("unknown_fault", operation=WRITES, code="NINCS_HOZZARENDELES")
    prescription, event = place.prescription(), place.event()
    told, parked = place.rest(prescription, event)
    assert (told["state"], told["ward_answer"]) == ("REJECTED", "PAPER")
    assert (parked["state"], parked["reason_code"]) == ("PARKED", "NINCS_HOZZARENDELES")
    place.simulator.clear()
    assert place.command("items", "retry", str(event)).returncode == 0
    place.until("its end", lambda: place.state(event) == "ACCEPTED")
    assert len(place.documents(event)) == 1


def test_an_identifier_of_another_item_is_never_taken(place: Clinic) -> None:
    first = place.prescription()
    [row] = place.rest(first)
    place.simulator.fault("duplicate", operation=WRITES, identifier=row["eeszt_id"])
    prescription, event = place.prescription(doctor=SZUCS), place.event()
    for other in place.rest(prescription, event):
        assert (other["state"], other["reason_code"]) == ("PARKED", "IDENTIFIER_TAKEN")
        assert other["eeszt_id"] is None
    assert place.row(prescription)["ward_answer"] == "PAPER"
    code = "SELECT VENY_ID FROM MW_VENY WHERE EESZT_VONALKOD = ?"
    place.until("the first one's copy", lambda: bool(place.sql(code, row["eeszt_id"])))
    assert [str(each["VENY_ID"]) for each in place.sql(code, row["eeszt_id"])] == [row["source_key"]]
    assert place.sql("SELECT what FROM EESZT_V_ATTENTION WHERE item_id = ?", event)[0]["what"] == "PARKED"


def test_a_session_that_the_eeszt_ends_is_paper_for_wards_and_waits_for_events(place: Clinic) -> None:
    place.simulator.fault("expired_token", operation=WRITES, times=1)
    event = place.event(recorded_by=KOVACS.his_user)
    [parked] = place.rest(event)
    assert (parked["state"], parked["reason_code"]) == ("PARKED", "LOGIN")
    assert not place.sql("SELECT 1 FROM EESZT_V_LOGIN WHERE his_user = ?", KOVACS.his_user)
    prescription = place.prescription(doctor=KOVACS)
    assert place.rest(prescription, timeout_s=3)[0]["ward_answer"] == "PAPER"
    place.log_in(KOVACS)
    place.until("it goes by itself", lambda: place.state(event) == "ACCEPTED", 2.5)
    assert len(place.documents(event)) == 1
    assert place.documents(prescription) == []


def test_a_code_that_no_list_names_comes_to_a_person_who_can_read_it(place: Clinic) -> None:
    place.simulator.fault("unknown_fault", operation="Esemeny", times=50, code="UJ_HIBAKOD")
    item = place.event()
    [row] = place.rest(item, timeout_s=60)
    assert (row["state"], row["reason_code"], row["attempts"]) == ("PARKED", "UNKNOWN_ANSWER", 3)
    [[sentence]] = place.sql("SELECT sentence FROM EESZT_V_ATTENTION WHERE item_id = ?", item)
    assert "ismételten nem értelmezhető" in sentence
    assert {each["code"] for each in place.events("answer.unlisted_code") if each["item"] == item} == {"UJ_HIBAKOD"}
    assert "SEND → UNKNOWN UJ_HIBAKOD" in place.command("items", "story", str(item)).stdout.decode()
    place.simulator.clear()
    place.command("items", "retry", str(item))
    assert [each["state"] for each in place.rest(item)] == ["ACCEPTED"]
