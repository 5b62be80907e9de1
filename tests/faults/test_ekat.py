"""The event catalogue end to end: record, modify, cancel, query, on real processes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from runner.demo.people import KOVACS, OROSZ, PATIENTS, SZUCS
from tests.faults.clinic import Clinic, clinic, event_fields

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    with clinic(tmp_path_factory.mktemp("ekat") / "site") as opened:
        yield opened


@pytest.fixture(autouse=True)
def no_faults(place: Clinic) -> Iterator[None]:
    yield
    place.simulator.clear()


def modify(place: Clinic, original: int, number: int, key: str, **columns: Any) -> int:
    fields = {**event_fields(PATIENTS[1]), "TIPUS": "SBO", **columns.pop("fields", {})}
    columns = {"replaces": original, "order_key": key, "source_key": f"{key}/{number}", **columns}
    return place.insert("ekat_modositas", payload=json.dumps(fields), **columns)


def ask(place: Clinic, patient: int, **fields: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is said of the question, and its result."""
    payload = {"TAJ": PATIENTS[patient].taj, "PECSETSZAM": KOVACS.pecsetszam, **fields}
    item = place.insert("ekat_lekerdezes", lane="QUERY", payload=json.dumps(payload))
    (row,) = place.rest(item)
    found = place.sql("SELECT asker, result FROM EESZT_RESULT WHERE item_id = ?", item)
    assert [each["asker"] for each in found] == [KOVACS.his_user] * len(found)
    return row, json.loads(found[0]["result"]) if found else {}


def document_of(place: Clinic, identifier: str) -> dict[str, Any]:
    (found,) = [entry for entry in place.simulator.register() if entry["id"] == identifier]
    return dict(found)


def test_an_event_is_recorded_modified_twice_and_cancelled_and_medworks_sees_each(place: Clinic) -> None:
    place.sql("INSERT INTO MW_ESEMENY (ESEMENY_ID) VALUES (1)")
    record = {"fields": {"ESEMENY_ID": 1}}
    event = place.event(patient=PATIENTS[1], source_key="e1", order_key="e1", **record)
    first = modify(place, event, 2, "e1", **record)
    second = modify(place, first, 3, "e1", **record)
    rows = place.rest(event, first, second)
    assert [row["state"] for row in rows] == ["ACCEPTED"] * 3
    document = document_of(place, rows[0]["eeszt_id"])
    assert (document["state"], document["version"], document["fields"]["tipus"]) == ("MODOSITOTT", 3, "SBO")
    versions = place.sql(
        "SELECT value FROM EESZT_IDENTIFIER WHERE name = 'valtozat' AND item_id IN (?, ?) ORDER BY item_id",
        first,
        second,
    )
    assert [each["value"] for each in versions] == [f"{document['id']}/2", f"{document['id']}/3"]
    of_record = "SELECT EESZT_AZONOSITO, EESZT_ALLAPOT FROM MW_ESEMENY WHERE ESEMENY_ID = 1"
    place.until("the copy", lambda: tuple(place.sql(of_record)[0]) == (document["id"], "MODOSITOTT"))
    cancelled = place.insert("ekat_torles", source_key="e1", order_key="e1")
    assert place.rest(cancelled)[0]["state"] == "ACCEPTED"
    assert document_of(place, document["id"])["state"] == "TOROLT"
    place.until("the copy", lambda: tuple(place.sql(of_record)[0]) == (None, "TOROLT"))
    late = modify(place, event, 4, "e1")
    (row,) = place.rest(late)
    assert (row["state"], row["reason_code"]) == ("REJECTED", "MAR_TOROLT")
    assert "törölték" in row["status_text"]


def test_a_lost_answer_to_a_new_version_is_asked_after_and_not_sent_twice(place: Clinic) -> None:
    event = place.event(patient=PATIENTS[1], source_key="e2", order_key="e2")
    place.rest(event)
    place.simulator.fault("cut_after_accept", operation="Modositas", times=1)
    modified = modify(place, event, 2, "e2")
    (row,) = place.rest(modified)
    assert row["state"] == "ACCEPTED"
    document = document_of(place, place.row(event)["eeszt_id"])
    assert (document["version"], document["copies"]) == (2, 1)
    place.simulator.fault("cut_after_accept", operation="Torles", times=1)
    cancelled = place.insert("ekat_torles", source_key="e2", order_key="e2")
    assert place.rest(cancelled)[0]["state"] == "ACCEPTED"
    assert [entry["state"] for entry in document_of(place, document["id"])["history"]] == ["MODOSITOTT", "TOROLT"]


def test_a_new_version_of_what_was_refused_does_not_go_up(place: Clinic) -> None:
    event = place.event(source_key="e3", order_key="e3", fields={"TIPUS": "VARAZSLAT"})
    modified = modify(place, event, 2, "e3")
    rows = place.rest(event, modified)
    assert [(row["state"], row["reason_code"]) for row in rows] == [("INVALID", "BAD_FIELD")] * 2
    assert "EREDETI" in rows[1]["status_text"]


def test_a_query_shows_the_last_version_and_no_cancelled_event_page_by_page(place: Clinic) -> None:
    first = place.event(patient=PATIENTS[2], source_key="q1", order_key="q1")
    modified = modify(place, first, 2, "q1", fields={"TAJ": PATIENTS[2].taj})
    gone = place.event(patient=PATIENTS[2], source_key="q2", order_key="q2")
    cancelled = place.insert("ekat_torles", source_key="q2", order_key="q2")
    more = [place.event(patient=PATIENTS[2], source_key=f"m{n}") for n in range(21)]
    place.rest(modified, gone, cancelled, *more, timeout_s=30)
    row, result = ask(place, 2)
    assert (row["state"], row["acting_user"]) == ("ACCEPTED", KOVACS.eeszt_user)
    assert result["about"] == {"lap": "1", "lapok": "2", "osszes": "22"}
    assert {each["beteg"] for each in result["rows"]} == {PATIENTS[2].taj}
    assert result["raw"].startswith("<")
    _, second = ask(place, 2, LAP=2)
    shown = {each["azonosito"]: each for each in [*result["rows"], *second["rows"]]}
    assert len(shown) == len(more) + 1
    assert shown[place.row(first)["eeszt_id"]]["valtozat"] == "2"
    _, of_kind = ask(place, 2, TIPUSOK=["SBO"])
    assert [each["azonosito"] for each in of_kind["rows"]] == [place.row(first)["eeszt_id"]]
    _, before = ask(place, 2, IG="2020-01-01")
    assert (before["rows"], before["filtered"]) == ([], False)


def test_what_self_determination_leaves_out_is_told_apart_from_nothing_and_from_errors(place: Clinic) -> None:
    place.rest(*(place.event(patient=PATIENTS[3]) for _ in range(2)))
    row, result = ask(place, 4)
    assert (row["state"], result["rows"], result["filtered"]) == ("ACCEPTED", [], False)
    assert "nem adott vissza megjeleníthető" in row["status_text"]
    place.simulator.fault("self_determination", operation="ekat.Lekerdezes", shown=1)
    row, result = ask(place, 3)
    assert (row["state"], len(result["rows"]), result["filtered"]) == ("ACCEPTED", 1, True)
    assert "önrendelkezése" in row["status_text"]
    place.simulator.clear()
    place.simulator.fault("outage", operation="ekat.Lekerdezes", times=1)
    row, result = ask(place, 3)
    assert (row["state"], len(result["rows"])) == ("ACCEPTED", 2)


def test_an_answer_of_another_patient_is_refused_and_reported_and_nothing_of_it_is_kept(place: Clinic) -> None:
    place.simulator.fault("wrong_patient", operation="ekat.Lekerdezes", times=1)
    row, result = ask(place, 5)
    assert (row["state"], row["reason_code"], result) == ("REJECTED", "OTHER_PATIENT", {})
    assert place.events("answer.other_patient")[-1]["item"] == row["item_id"]


def test_who_is_no_doctor_asks_nothing_and_nothing_leaves(place: Clinic) -> None:
    place.log_in(OROSZ)
    payload = json.dumps({"TAJ": PATIENTS[1].taj, "PECSETSZAM": SZUCS.pecsetszam})
    asked = place.insert("ekat_lekerdezes", lane="QUERY", payload=payload, recorded_by=OROSZ.his_user)
    (row,) = place.rest(asked)
    assert (row["state"], row["reason_code"], row["attempts"]) == ("INVALID", "DOCTOR_ONLY", 0)
    assert place.sql("SELECT 1 FROM EESZT_MESSAGE WHERE item_id = ?", asked) == []
