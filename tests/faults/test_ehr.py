"""Care documents end to end: uploaded, new version, withdrawn, listed and fetched unchanged."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from lxml import etree

from runner.demo.people import KOVACS, OROSZ, PATIENTS, SZUCS
from tests.faults.clinic import Clinic, clinic

pytestmark = pytest.mark.slow

HL7 = "urn:hl7-org:v3"
PDF = b"%PDF-1.7 " + bytes(range(256)) * 4


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    # so that nothing is given up because a machine is slow with what is large
    waits = [
        ('\nread_timeout = "3s"', '\nread_timeout = "25s"'),
        ('message_life = "4s"', 'message_life = "30s"'),
        ('lease = "8s"', 'lease = "40s"'),
    ]
    with clinic(tmp_path_factory.mktemp("ehr") / "site", changes=waits) as opened:
        yield opened


@pytest.fixture(autouse=True)
def no_faults(place: Clinic) -> Iterator[None]:
    yield
    place.simulator.clear()


def record(place: Clinic, patient: int = 0, content: bytes | None = None, **fields: object) -> int:
    """A document of MedWorkS's own table; its number."""
    sections = json.dumps([{"CIM": "Vélemény", "SZOVEG": "Rendben <van> & kész."}])
    row: dict[str, object] = {
        "TAJ": PATIENTS[patient].taj,
        "NEV": PATIENTS[patient].name,
        "SZUL_DATUM": PATIENTS[patient].born,
        "OTH_KOD": "013579101",
        "SZERZO_NEV": KOVACS.name,
        "FAJTA": "AMBULANS_LAP",
        "NAPLOSORSZAM": "2026/1",
        "KESZULT": "2026-01-15 11:00:00",
        "SZAKASZOK": sections if content is None else None,
    }
    if content is not None:
        digest = hashlib.sha256(content).hexdigest()
        row |= {"MEDIA_TIPUS": "application/pdf", "TARTALOM": content, "LENYOMAT": digest}
    row |= fields
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    [made] = place.sql(f"INSERT INTO MW_DOKUMENTUM ({names}) VALUES ({marks}) RETURNING DOKUMENTUM_ID", *row.values())
    return int(made["DOKUMENTUM_ID"])


def upload(place: Clinic, number: int, document_type: str = "ehr_feltoltes", **columns: Any) -> int:
    return place.insert(document_type, **{"source_key": str(number), "order_key": f"dok-{number}", **columns})


def ask(place: Clinic, document_type: str, patient: int, **fields: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    payload = json.dumps({"TAJ": PATIENTS[patient].taj, "PECSETSZAM": KOVACS.pecsetszam, **fields})
    item = place.insert(document_type, lane="QUERY", payload=payload)
    (row,) = place.rest(item, timeout_s=60)
    found = place.sql("SELECT result FROM EESZT_RESULT WHERE item_id = ?", item)
    return row, json.loads(found[0]["result"]) if found else {}


def kept(place: Clinic, number: int) -> tuple[Any, ...]:
    return tuple(
        place.sql("SELECT EESZT_AZONOSITO, EESZT_ALLAPOT FROM MW_DOKUMENTUM WHERE DOKUMENTUM_ID = ?", number)[0]
    )


def test_a_document_made_of_sections_is_listed_and_fetched_as_it_went_up(place: Clinic) -> None:
    number = record(place)
    (row,) = place.rest(upload(place, number))
    assert row["state"] == "ACCEPTED"
    place.until("the copy", lambda: kept(place, number) == (row["eeszt_id"], "FELTOLTOTT"))
    _, listed = ask(place, "ehr_lista", 0, FAJTAK=["AMBULANS_LAP"])
    assert row["eeszt_id"] in [each["azonosito"] for each in listed["rows"]]
    _, fetched = ask(place, "ehr_letoltes", 0, EESZT_ID=row["eeszt_id"])
    [document] = etree.fromstring(fetched["raw"]).iter(f"{{{HL7}}}ClinicalDocument")
    assert document.findtext(f".//{{{HL7}}}paragraph") == "Rendben <van> & kész."


def test_a_file_comes_back_byte_by_byte_and_is_kept_by_its_digest_alone(place: Clinic) -> None:
    item = upload(place, record(place, patient=1, content=PDF))
    (row,) = place.rest(item)
    [stored] = place.sql("SELECT document, body FROM EESZT_MESSAGE WHERE item_id = ?", item)
    assert json.loads(stored["document"])["lenyomat"] == hashlib.sha256(PDF).hexdigest()
    assert base64.b64encode(PDF).decode()[:40] not in stored["document"]
    assert stored["body"] is None
    _, fetched = ask(place, "ehr_letoltes", 1, EESZT_ID=row["eeszt_id"])
    (found,) = fetched["rows"]
    assert base64.b64decode(found["adat"]) == PDF
    assert (found["media_tipus"], found["lenyomat"]) == ("application/pdf", hashlib.sha256(PDF).hexdigest())


def test_a_file_that_has_changed_since_is_never_sent(place: Clinic) -> None:
    number = record(place, content=PDF)
    place.sql("UPDATE MW_DOKUMENTUM SET TARTALOM = ? WHERE DOKUMENTUM_ID = ?", PDF + b"!", number)
    item = upload(place, number)
    (row,) = place.rest(item)
    assert (row["state"], row["reason_code"]) == ("SKIPPED", "RULE")
    assert "megváltozott" in row["status_text"]
    assert place.documents(item) == []


def test_a_file_of_20_mb_goes_up_and_comes_back_and_one_byte_more_is_told(place: Clinic) -> None:
    large = os.urandom(20 * 1024 * 1024)
    item = upload(place, record(place, content=large))
    (row,) = place.rest(item, timeout_s=60)
    assert row["state"] == "ACCEPTED", dict(row)
    (document,) = place.documents(item)
    assert document["fields"]["lenyomat"] == hashlib.sha256(large).hexdigest()
    _, fetched = ask(place, "ehr_letoltes", 0, EESZT_ID=row["eeszt_id"])
    (found,) = fetched["rows"]
    assert base64.b64decode(found["adat"], validate=True) == large
    assert len(fetched["raw"]) < 100_000
    (row,) = place.rest(upload(place, record(place, content=large + b"!")))
    assert (row["state"], row["reason_code"]) == ("INVALID", "BAD_FIELD")
    assert "TARTALOM mező hibás: legfeljebb 20 MB lehet" in row["status_text"]


def test_a_file_is_sent_again_from_its_record_and_never_once_that_holds_another(place: Clinic) -> None:
    large = os.urandom(1_000_000)
    numbers = [record(place, content=large), record(place, content=large)]
    place.simulator.fault("overloaded", operation="ehr.Feltoltes")
    items = [upload(place, number) for number in numbers]
    waiting = f"SELECT count(*) FROM EESZT_V_ITEM WHERE item_id IN ({items[0]}, {items[1]}) AND state = 'WAITING'"
    place.until("a first try", lambda: place.sql(waiting)[0][0] == len(items))
    for (body,) in place.sql("SELECT body FROM EESZT_MESSAGE WHERE item_id IN (?, ?)", *items):
        assert len(body) < 10_000
    place.sql("UPDATE MW_DOKUMENTUM SET TARTALOM = ? WHERE DOKUMENTUM_ID = ?", large + b"!", numbers[1])
    place.simulator.clear()
    rows = place.rest(*items, timeout_s=60)
    assert [(row["state"], row["reason_code"]) for row in rows] == [("ACCEPTED", None), ("INVALID", "BAD_FIELD")]
    assert "megváltozott" in rows[1]["status_text"]
    (document,) = place.documents(items[0])
    assert base64.b64decode(document["fields"]["adat"]) == large
    assert place.documents(items[1]) == []


def test_a_new_version_replaces_it_and_a_withdrawal_takes_it_away(place: Clinic) -> None:
    first = record(place, patient=2)
    original = upload(place, first)
    second = record(place, patient=2, content=PDF)
    place.simulator.fault("cut_after_accept", operation="ehr.UjValtozat", times=1)
    version = upload(place, second, "ehr_uj_valtozat", replaces=original, order_key=f"dok-{first}")
    rows = place.rest(original, version)
    assert [row["state"] for row in rows] == ["ACCEPTED", "ACCEPTED"]
    identifier = rows[0]["eeszt_id"]
    _, fetched = ask(place, "ehr_letoltes", 2, EESZT_ID=identifier)
    assert [(each["valtozat"], each["media_tipus"]) for each in fetched["rows"]] == [("2", "application/pdf")]
    withdrawal = upload(place, first, "ehr_visszavonas")
    assert place.rest(withdrawal)[0]["state"] == "ACCEPTED"
    place.until("the copy", lambda: kept(place, first) == (None, "VISSZAVONT"))
    _, listed = ask(place, "ehr_lista", 2)
    assert identifier not in [each["azonosito"] for each in listed["rows"]]
    late = upload(place, record(place, patient=2), "ehr_uj_valtozat", replaces=original, order_key=f"dok-{first}")
    assert place.rest(late)[0]["reason_code"] == "MAR_VISSZAVONT"


def test_another_patients_document_is_refused_and_who_is_no_doctor_asks_nothing(place: Clinic) -> None:
    (row,) = place.rest(upload(place, record(place, patient=3)))
    asked, result = ask(place, "ehr_letoltes", 4, EESZT_ID=row["eeszt_id"])
    assert (asked["reason_code"], result) == ("OTHER_PATIENT", {})
    place.log_in(OROSZ)
    payload = json.dumps({"TAJ": PATIENTS[3].taj, "PECSETSZAM": SZUCS.pecsetszam})
    item = place.insert("ehr_lista", lane="QUERY", payload=payload, recorded_by=OROSZ.his_user)
    (row,) = place.rest(item)
    assert (row["state"], row["reason_code"], row["attempts"]) == ("INVALID", "DOCTOR_ONLY", 0)


def test_every_question_stands_in_the_audit_log_with_who_asked(place: Clinic) -> None:
    asked, _ = ask(place, "ehr_lista", 5)
    told = json.loads(place.command("audit", "search", "--item", str(asked["item_id"]), "--json").stdout)
    assert [(each["kind"], each["operation"]) for each in told] == [("REQUEST", "ehr.Lista"), ("ANSWER", "ehr.Lista")]
    assert {(each["acting_user"], each["his_user"]) for each in told} == {(KOVACS.eeszt_user, KOVACS.his_user)}
