"""Prescriptions end to end: one replaced by another, whatever becomes of the halves; dispensings from paper."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from runner.demo.people import KOVACS, PATIENTS
from runner.domain import sentences
from tests.faults.clinic import Clinic, clinic

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    with clinic(tmp_path_factory.mktemp("replacement") / "site") as opened:
        yield opened


@pytest.fixture(autouse=True)
def no_faults(place: Clinic) -> Iterator[None]:
    yield
    place.simulator.clear()


def replaced(place: Clinic, *, fields: dict[str, object] | None = None) -> tuple[int, int, int, str]:
    """A prescription that is up, its withdrawal and the new one; and the first one's identifier."""
    original = place.prescription()
    (row,) = place.rest(original)
    assert row["ward_answer"] == "PRINT"
    return (*halves(place, original, fields), str(row["eeszt_id"]))


def halves(place: Clinic, original: int, fields: dict[str, object] | None = None) -> tuple[int, int, int]:
    """What MedWorkS writes to replace a prescription: its withdrawal, and the new one."""
    row = place.row(original)
    key = row["order_key"]
    withdrawal = place.insert("erecept_visszavonas", source_key=row["source_key"], order_key=key)
    new = place.prescription(order_key=key, replaces=original, fields=fields)
    return original, withdrawal, new


def warned(place: Clinic, item: int) -> list[str]:
    return [row["what"] for row in place.sql("SELECT what FROM EESZT_V_ATTENTION WHERE item_id = ?", item)]


def state_of(place: Clinic, identifier: str) -> str:
    (found,) = [entry["state"] for entry in place.simulator.register() if entry["id"] == identifier]
    return str(found)


def test_the_old_one_is_withdrawn_first_and_the_new_one_gets_its_own_bar_code(place: Clinic) -> None:
    original, withdrawal, new, identifier = replaced(place)
    assert [row["state"] for row in place.rest(withdrawal, new)] == ["ACCEPTED", "ACCEPTED"]
    assert state_of(place, identifier) == "VISSZAVONT"
    row = place.row(new)
    assert (row["ward_answer"], place.row(original)["ward_answer"]) == ("PRINT", "WITHDRAWN")
    assert row["eeszt_id"] != identifier
    [chain] = place.sql("SELECT replaces FROM EESZT_V_ITEM WHERE item_id = ?", new)
    assert chain["replaces"] == original


def test_what_was_dispensed_stands_and_the_new_one_does_not_go_up(place: Clinic) -> None:
    original = place.prescription()
    (row,) = place.rest(original)
    place.simulator.dispense(row["eeszt_id"])
    _, withdrawal, new = halves(place, original)
    refused, skipped = place.rest(withdrawal, new)
    assert (refused["state"], refused["reason_code"]) == ("REJECTED", "MAR_KIVALTOTT")
    assert "kiváltották" in refused["status_text"]
    assert (skipped["state"], skipped["reason_code"], skipped["ward_answer"]) == ("SKIPPED", "PREDECESSOR", None)
    assert skipped["status_text"] == sentences.ORIGINAL_KEPT
    assert place.documents(new) == []
    assert warned(place, new) == []


def test_while_the_withdrawal_is_unknown_the_new_one_waits_and_never_stands_beside_the_old(place: Clinic) -> None:
    original = place.prescription()
    (row,) = place.rest(original)
    place.simulator.fault("cut_before", operation="erecept.Visszavonas", times=1)
    _, withdrawal, new = halves(place, original)
    place.until("the question", lambda: place.state(withdrawal) == "UNKNOWN")
    assert place.documents(new) == []
    assert place.row(new)["status_text"] == sentences.ORIGINAL_UNSURE
    assert warned(place, new) == ["ORIGINAL_UNSURE"]
    place.until("the ward's answer", lambda: place.row(new)["ward_answer"] != "WAIT")
    place.until("the end", lambda: place.state(withdrawal) == "ACCEPTED", 30)
    assert state_of(place, row["eeszt_id"]) == "VISSZAVONT"
    assert (place.row(new)["ward_answer"], place.documents(new)) == ("PAPER", [])
    assert warned(place, new) == []


def test_paper_given_while_the_withdrawal_was_unknown_is_told_when_the_original_stands_after_all(place: Clinic) -> None:
    original = place.prescription()
    (row,) = place.rest(original)
    place.simulator.dispense(row["eeszt_id"])
    place.simulator.fault("silent", operation="erecept.Visszavonas")
    _, withdrawal, new = halves(place, original)
    place.until("paper", lambda: place.row(new)["ward_answer"] == "PAPER", 30)
    assert warned(place, new) == ["ORIGINAL_UNSURE"]
    place.simulator.clear()
    (refused,) = place.rest(withdrawal, timeout_s=60)
    assert (refused["state"], refused["reason_code"]) == ("REJECTED", "MAR_KIVALTOTT")
    assert warned(place, new) == ["ORIGINAL_STANDS"]
    assert place.row(new)["status_text"] == sentences.ORIGINAL_STANDS


def test_withdrawn_and_the_new_one_refused_is_paper(place: Clinic) -> None:
    _, withdrawal, new, identifier = replaced(place, fields={"TTT_KOD": "900000099"})
    done, refused = place.rest(withdrawal, new)
    assert (done["state"], state_of(place, identifier)) == ("ACCEPTED", "VISSZAVONT")
    assert (refused["state"], refused["reason_code"], refused["ward_answer"]) == ("REJECTED", "HIBAS_TTT", "PAPER")


def test_a_daemon_that_dies_between_the_halves_leaves_one_valid_prescription_at_most(place: Clinic) -> None:
    original = place.prescription()
    (row,) = place.rest(original)
    place.simulator.fault("slow", operation="erecept.Visszavonas", seconds=1.0)
    _, withdrawal, new = halves(place, original)
    place.until("the withdrawal on the wire", lambda: place.state(withdrawal) == "SENDING")
    place.stage.kill_daemon()
    place.simulator.clear()
    place.start_daemon()
    place.rest_of_wards(new)
    place.until("the end", lambda: place.state(withdrawal) == "ACCEPTED", 30)
    assert state_of(place, row["eeszt_id"]) == "VISSZAVONT"
    electronic = [document for document in place.documents(new) if document["state"] == "FELIRT"]
    assert len(electronic) == (place.row(new)["ward_answer"] == "PRINT")


def ask(place: Clinic, **fields: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    payload = json.dumps({"PECSETSZAM": KOVACS.pecsetszam, **fields})
    item = place.insert("erecept_lekerdezes", payload=payload)
    (row,) = place.rest(item)
    found = place.sql("SELECT result FROM EESZT_RESULT WHERE item_id = ?", item)
    return row, json.loads(found[0]["result"]) if found else {}


def test_a_patients_prescriptions_are_shown_with_what_was_dispensed_from_paper(place: Clinic) -> None:
    patient = PATIENTS[4]
    prescription = place.prescription(patient=patient)
    (row,) = place.rest(prescription)
    place.simulator.dispense(row["eeszt_id"])
    from_paper = {
        "eredet": "PAPIR",
        "ttt": "210123456",
        "kivaltva": "2026-11-20T09:00:00Z",
        "gyogyszertar": "Arany Sas",
    }
    place.simulator.add_document(
        "erecept.Feliras", patient=f"TAJ:{patient.taj}", state="KIVALTOTT", fields=from_paper, id="SIM-PAPIR-1"
    )
    _, result = ask(place, TAJ=patient.taj)
    shown = {each["azonosito"]: each for each in result["rows"]}
    electronic, paper = shown[row["eeszt_id"]], shown["SIM-PAPIR-1"]
    assert (electronic["eredet"], electronic["allapot"], electronic["pecsetszam"]) == (
        "ERECEPT",
        "KIVALTOTT",
        KOVACS.pecsetszam,
    )
    assert electronic["kivaltva"]
    assert (paper["eredet"], paper["felirva"], paper["kivaltva"]) == ("PAPIR", None, "2026-11-20T09:00:00Z")
    _, one = ask(place, EESZT_ID=row["eeszt_id"])
    assert [each["beteg"] for each in one["rows"]] == [patient.taj]


def test_another_patients_prescription_is_refused(place: Clinic) -> None:
    place.simulator.fault("wrong_patient", operation="erecept.Lekerdezes", times=1)
    row, result = ask(place, TAJ=PATIENTS[5].taj)
    assert (row["reason_code"], result) == ("OTHER_PATIENT", {})


def test_without_a_taj_a_prescription_goes_by_passport_and_a_lost_answer_is_found(
    place: Clinic,
) -> None:
    place.simulator.fault("cut_after_accept", operation="erecept.Feliras", times=1)
    passport = {"AZONOSITO_TIPUS": "UTLEVEL", "AZONOSITO": "AB1234567"}
    item = place.prescription(patient=PATIENTS[4], fields={**passport, "TAJ": None})
    place.until("the answer that was lost", lambda: place.row(item)["state"] == "ACCEPTED", 60)
    assert {entry["patient"] for entry in place.documents(item)} == {"UTLEVEL:AB1234567"}
    _, result = ask(place, **passport)
    assert [(each["beteg_fajta"], each["beteg"]) for each in result["rows"]] == [("UTLEVEL", "AB1234567")]


def test_a_prescription_is_found_again_among_more_than_a_page_of_the_same_patients(place: Clinic) -> None:
    patient = PATIENTS[-1]
    for _ in range(60):
        place.simulator.add_document(
            "erecept.Feliras", patient=f"TAJ:{patient.taj}", state="FELIRT", user=KOVACS.eeszt_user
        )
    place.simulator.fault("cut_after_accept", operation="Feliras", times=1)
    prescription = place.prescription(patient=patient)
    [row] = place.rest(prescription)
    assert (row["state"], row["ward_answer"]) == ("ACCEPTED", "PRINT")
    assert [each["id"] for each in place.documents(prescription)] == [row["eeszt_id"]]
