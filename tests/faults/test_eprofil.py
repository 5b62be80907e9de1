"""The health profile end to end: a part is written by a doctor alone, and the profile is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from runner.demo.people import KOVACS, OROSZ, PATIENTS
from tests.faults.clinic import Clinic, clinic

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    with clinic(tmp_path_factory.mktemp("eprofil") / "site") as opened:
        yield opened


@pytest.fixture(autouse=True)
def no_faults(place: Clinic) -> Iterator[None]:
    yield
    place.simulator.clear()


def part(place: Clinic, patient: int = 0, fields: dict[str, object] | None = None, **columns: Any) -> int:
    payload = {
        "TAJ": PATIENTS[patient].taj,
        "NEV": PATIENTS[patient].name,
        "SZUL_DATUM": PATIENTS[patient].born,
        "PECSETSZAM": KOVACS.pecsetszam,
        "FAJTA": "ALLERGIA",
        "MEGNEVEZES": "Penicillin",
        **(fields or {}),
    }
    return place.insert("eprofil_iras", payload=json.dumps(payload), **columns)


def ask(place: Clinic, patient: int, **fields: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    payload = json.dumps({"TAJ": PATIENTS[patient].taj, "PECSETSZAM": KOVACS.pecsetszam, **fields})
    item = place.insert("eprofil_lekerdezes", lane="QUERY", payload=payload)
    (row,) = place.rest(item)
    found = place.sql("SELECT result FROM EESZT_RESULT WHERE item_id = ?", item)
    return row, json.loads(found[0]["result"]) if found else {}


def test_a_part_is_written_and_the_profile_shows_it_by_its_kind(place: Clinic) -> None:
    place.sql("INSERT INTO MW_PROFIL (PROFIL_ID) VALUES (1)")
    allergy = part(place, fields={"PROFIL_ID": 1, "KODRENDSZER": "ATC", "KOD": "J01CA01"})
    medicine = part(place, fields={"FAJTA": "GYOGYSZER", "MEGNEVEZES": "Acetilszalicilsav"})
    rows = place.rest(allergy, medicine)
    assert [(row["state"], row["acting_user"]) for row in rows] == [("ACCEPTED", KOVACS.eeszt_user)] * 2
    of_record = "SELECT EESZT_AZONOSITO FROM MW_PROFIL WHERE PROFIL_ID = 1"
    place.until("the copy", lambda: place.sql(of_record)[0][0] == rows[0]["eeszt_id"])
    _, everything = ask(place, 0)
    assert {each["fajta"] for each in everything["rows"]} == {"ALLERGIA", "GYOGYSZER"}
    _, allergies = ask(place, 0, FAJTAK=["ALLERGIA"])
    assert [(each["azonosito"], each["kod"]) for each in allergies["rows"]] == [(rows[0]["eeszt_id"], "J01CA01")]


def test_a_lost_answer_is_asked_after_and_the_part_is_there_once(place: Clinic) -> None:
    place.simulator.fault("cut_after_accept", operation="eprofil.Iras", times=1)
    item = part(place, patient=1)
    assert place.rest(item)[0]["state"] == "ACCEPTED"
    assert len(place.documents(item)) == 1


def test_who_is_no_doctor_neither_writes_nor_asks_and_the_technical_user_never_does(place: Clinic) -> None:
    written = part(place, recorded_by=OROSZ.his_user)
    assert place.rest(written)[0]["reason_code"] == "DOCTOR_ONLY"
    assert place.documents(written) == []


def test_another_patients_profile_is_refused(place: Clinic) -> None:
    place.simulator.fault("wrong_patient", operation="eprofil.Lekerdezes", times=1)
    row, result = ask(place, 5)
    assert (row["reason_code"], result) == ("OTHER_PATIENT", {})
