"""Referrals end to end: written, withdrawn, looked up by whoever may, and recorded after an outage."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from runner.demo.people import INSTITUTION, IRNOK, KOVACS, OROSZ, PATIENTS, SZUCS, TECHNICAL_USER, Person
from tests.faults.clinic import Clinic, clinic

pytestmark = pytest.mark.slow

BUDAPEST = ZoneInfo("Europe/Budapest")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    with clinic(tmp_path_factory.mktemp("ebeutalo") / "site") as opened:
        yield opened


@pytest.fixture(autouse=True)
def no_faults(place: Clinic) -> Iterator[None]:
    yield
    place.simulator.clear()


def referral(
    place: Clinic, patient: int = 0, doctor: Person = KOVACS, kelt: datetime | None = None, to: str = "024680"
) -> int:
    """A record of MedWorkS; its number."""
    when = (kelt or datetime.now(UTC)).astimezone(BUDAPEST)
    record = {
        "TAJ": PATIENTS[patient].taj,
        "NEV": PATIENTS[patient].name,
        "SZUL_DATUM": PATIENTS[patient].born,
        "PECSETSZAM": doctor.pecsetszam,
        "ORVOS_NEV": doctor.name,
        "OTH_KOD": "013579101",
        "MUNKAHELY_NEV": "Belgyógyászat",
        "CEL_SZOLGALTATO": to,
        "CEL_NEV": "Megyei Kórház",
        "TERULETI": 1,
        "NAPLOSORSZAM": "2026/1",
        "ELOZMENY": "Köhögés.",
        "BNO_KOD": "J0690",
        "DIAGNOZIS": "Heveny felső légúti fertőzés",
        "KELT": f"{when:%Y-%m-%d %H:%M:%S}",
    }
    names = ", ".join(record)
    marks = ", ".join("?" * len(record))
    [row] = place.sql(f"INSERT INTO MW_BEUTALO ({names}) VALUES ({marks}) RETURNING BEUTALO_ID", *record.values())
    return int(row["BEUTALO_ID"])


def write(place: Clinic, number: int, document_type: str = "ebeutalo_iras", **columns: Any) -> int:
    lane = "BACKGROUND" if document_type == "ebeutalo_utolag" else "INTERACTIVE"
    return place.insert(document_type, lane=lane, source_key=str(number), order_key=f"beut-{number}", **columns)


def look_up(place: Clinic, who: Person, patient: int, **fields: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    payload = json.dumps({"TAJ": PATIENTS[patient].taj, **fields})
    item = place.insert("ebeutalo_lekerdezes", lane="QUERY", payload=payload, recorded_by=who.his_user)
    (row,) = place.rest(item)
    found = place.sql("SELECT result FROM EESZT_RESULT WHERE item_id = ?", item)
    return row, json.loads(found[0]["result"]) if found else {}


def copied(place: Clinic, number: int) -> tuple[Any, ...]:
    return tuple(place.sql("SELECT EESZT_AZONOSITO, EESZT_ALLAPOT FROM MW_BEUTALO WHERE BEUTALO_ID = ?", number)[0])


def test_a_referral_gets_its_identifier_and_is_withdrawn_by_its_writer(place: Clinic) -> None:
    number = referral(place)
    item = write(place, number)
    (row,) = place.rest(item)
    assert (row["state"], row["ward_answer"], row["acting_user"]) == ("ACCEPTED", "PRINT", KOVACS.eeszt_user)
    place.until("the copy", lambda: copied(place, number) == (row["eeszt_id"], "KIALLITOTT"))
    stranger = write(place, number, "ebeutalo_visszavonas", recorded_by=SZUCS.his_user)
    assert place.ending(stranger)[::2] == ("INVALID", "PRESCRIBER_ONLY")
    withdrawn = write(place, number, "ebeutalo_visszavonas")
    assert place.rest(withdrawn)[0]["state"] == "ACCEPTED"
    place.until("the copy", lambda: copied(place, number) == (None, "VISSZAVONT"))
    assert place.row(item)["ward_answer"] == "WITHDRAWN"


def test_a_referral_that_was_used_is_not_withdrawn(place: Clinic) -> None:
    number = referral(place)
    (row,) = place.rest(write(place, number))
    place.simulator.move("book", row["eeszt_id"])
    (refused,) = place.rest(write(place, number, "ebeutalo_visszavonas"))
    assert (refused["state"], refused["reason_code"]) == ("REJECTED", "MAR_FELHASZNALT")
    assert "felhasználták" in refused["status_text"]


def test_a_lost_answer_is_asked_after_and_a_referral_found_after_paper_is_withdrawn(place: Clinic) -> None:
    place.simulator.fault("cut_after_accept", operation="ebeutalo.Iras", times=1)
    item = write(place, referral(place))
    (row,) = place.rest(item)
    assert (row["state"], row["ward_answer"], len(place.documents(item))) == ("ACCEPTED", "PRINT", 1)
    place.simulator.fault("cut_after_accept", operation="ebeutalo.Iras", times=1)
    place.simulator.fault("index_lag", seconds=4.3, operation="ebeutalo.Lekerdezes")
    paper = write(place, referral(place))
    place.until("PAPER", lambda: place.row(paper)["ward_answer"] == "PAPER")
    place.until("its withdrawal", lambda: place.row(paper)["compensation"] == "DONE", 25)
    (document,) = place.documents(paper)
    assert document["state"] == "VISSZAVONT"


def test_admission_looks_referrals_up_under_its_own_name_or_the_technical_users(place: Clinic) -> None:
    (row,) = place.rest(write(place, referral(place, patient=2, to=INSTITUTION)))
    (elsewhere,) = place.rest(write(place, referral(place, patient=2)))
    asked, result = look_up(place, IRNOK, 2)
    assert (asked["state"], asked["acting_user"]) == ("ACCEPTED", TECHNICAL_USER)
    assert [(each["azonosito"], each["allapot"]) for each in result["rows"]] == [(row["eeszt_id"], "KIALLITOTT")]
    assert result["rows"][0]["orvos"] == KOVACS.name
    place.log_in(OROSZ)
    asked, result = look_up(place, OROSZ, 2)
    assert (asked["state"], asked["acting_user"], len(result["rows"])) == ("ACCEPTED", OROSZ.eeszt_user, 1)
    asked, result = look_up(place, OROSZ, 2, TAJ=None, EESZT_ID=row["eeszt_id"])
    assert [each["beteg"] for each in result["rows"]] == [PATIENTS[2].taj]
    asked, result = look_up(place, OROSZ, 2, TAJ=None, EESZT_ID=elsewhere["eeszt_id"])
    assert [(each["beteg"], each["szolgaltato"]) for each in result["rows"]] == [(PATIENTS[2].taj, "024680")]


def test_a_paper_of_an_outage_is_recorded_within_four_days_of_it_and_not_later(place: Clinic) -> None:
    kelt = (datetime.now(UTC) - timedelta(days=3, hours=23)).replace(microsecond=0)
    number = referral(place, kelt=kelt)
    item = write(place, number, "ebeutalo_utolag", first_recorded_at=f"{kelt:%Y-%m-%d %H:%M:%S}")
    (row,) = place.rest(item)
    assert (row["state"], row["ward_answer"]) == ("ACCEPTED", None)
    (document,) = place.documents(item)
    assert document["operation"] == "ebeutalo.UtolagosRogzites"
    assert document["fields"]["kelt"] == f"{kelt:%Y-%m-%dT%H:%M:%SZ}"
    late = (datetime.now(UTC) - timedelta(days=4, minutes=1)).replace(microsecond=0)
    missed = write(place, referral(place, kelt=late), "ebeutalo_utolag", first_recorded_at=f"{late:%Y-%m-%d %H:%M:%S}")
    (row,) = place.rest(missed)
    assert (row["state"], row["reason_code"]) == ("MISSED", "WINDOW_CLOSED")
    undated = write(place, referral(place, kelt=late), "ebeutalo_utolag")
    (row,) = place.rest(undated)
    assert (row["state"], row["reason_code"]) == ("SKIPPED", "RULE")
    assert place.documents(missed) == place.documents(undated) == []


def test_only_a_doctor_records_a_paper_of_an_outage_and_waits_for_his_login(place: Clinic) -> None:
    refused = write(place, referral(place), "ebeutalo_utolag", recorded_by=OROSZ.his_user)
    assert place.rest(refused)[0]["reason_code"] == "DOCTOR_ONLY"
