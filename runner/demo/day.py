"""The scene of a patient's day: every module once, from the referral at admission to the doctor's questions."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from runner.demo.medworks import BUDAPEST
from runner.demo.people import BELGYOGYASZAT, IRNOK, KOVACS, PATIENTS, TECHNICAL_USER, Person

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.demo.stage import Stage

PATIENT = PATIENTS[4]
TTT = "210345678"
WHO = {"TAJ": PATIENT.taj, "NEV": PATIENT.name, "SZUL_DATUM": PATIENT.born}


def day(stage: Stage) -> None:
    """A patient's day: referral, admission, event, findings, discharge, prescription and its replacement, profile."""
    referral = _referral(stage)
    _admission(stage, referral)
    _event_and_findings(stage)
    _prescription_is_replaced(stage)
    profile = {"PECSETSZAM": KOVACS.pecsetszam, "FAJTA": "ALLERGIA", "MEGNEVEZES": "Penicillin"}
    _send(stage, "eprofil_iras", KOVACS, "profil-1", payload={**WHO, **profile})
    stage.until("the profile", stage.ends("eprofil_iras", "profil-1"))
    stage.say("an allergy stands in the health profile")
    _questions(stage)


def _referral(stage: Stage) -> str:
    """A doctor refers the patient; her secretary prints it once it has its identifier."""
    now = datetime.now(UTC)
    record = {
        **WHO,
        "PECSETSZAM": KOVACS.pecsetszam,
        "ORVOS_NEV": KOVACS.name,
        "OTH_KOD": BELGYOGYASZAT,
        "MUNKAHELY_NEV": "Belgyógyászati ambulancia",
        "CEL_SZOLGALTATO": "013579",
        "CEL_NEV": "Demo Kórház",
        "TERULETI": 1,
        "NAPLOSORSZAM": f"{now:%Y}/700",
        "ELOZMENY": "Két hete köhög.",
        "BNO_KOD": "J0690",
        "DIAGNOZIS": "Heveny felső légúti fertőzés",
        "KELT": f"{now.astimezone(BUDAPEST):%Y-%m-%d %H:%M:%S}",
    }
    key = _record(stage, "MW_BEUTALO", "BEUTALO_ID", record)
    _send(stage, "ebeutalo_iras", KOVACS, key, lane="INTERACTIVE", order_key=f"beut-{key}", ward="PRINT")
    stage.until("the referral", stage.ends("ebeutalo_iras", key))
    stage.say(f"{KOVACS.name} refers {PATIENT.name}: {stage.status('ebeutalo_iras', key)['eeszt_id']}")
    return key


def _admission(stage: Stage, referral: str) -> None:
    """The clerk at admission is no user of the EESZT: the technical user looks the referral up."""
    payload = {"TAJ": PATIENT.taj}
    _send(stage, "ebeutalo_lekerdezes", IRNOK, "felvetel-1", payload, lane="QUERY", acting=TECHNICAL_USER)
    stage.until("the look-up", stage.ends("ebeutalo_lekerdezes", "felvetel-1"))
    found = [row["azonosito"] for row in _result(stage, "ebeutalo_lekerdezes", "felvetel-1")]
    if stage.status("ebeutalo_iras", referral)["eeszt_id"] not in found:
        raise AssertionError("admission does not see the referral")
    stage.say(f"admission sees {len(found)} referral(s), asked for by the technical user")


def _event_and_findings(stage: Stage) -> None:
    """The event goes up and is corrected; LabWorkS and MedBakter send findings, the doctor the discharge summary."""
    now = datetime.now(UTC)
    event = {
        **WHO,
        "TIPUS": "FEKVOBETEG",
        "NAPLOSORSZAM": f"{now:%Y}/701",
        "KEZDETE": f"{now - timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}",
        "DIAGNOZISOK": [{"BNO": "J0690", "TIPUS": "ALAP"}],
    }
    _send(stage, "ekat_esemeny", KOVACS, "eset-700", event, order_key="eset-700")
    stage.until("the event", stage.ends("ekat_esemeny", "eset-700"))
    replaces = stage.status("ekat_esemeny", "eset-700")["item_id"]
    mended = {**event, "DIAGNOZISOK": [{"BNO": "J1890", "TIPUS": "ALAP"}]}
    _send(stage, "ekat_modositas", KOVACS, "eset-700/2", mended, order_key="eset-700", replaces=replaces)
    findings = _findings(stage)
    summary = _discharge_summary(stage)
    for document_type, key in findings:
        stage.until(f"finding {key}", stage.ends(document_type, key))
    stage.until("the discharge summary", stage.ends("ehr_feltoltes", summary))
    stage.until("the new version", stage.ends("ekat_modositas", "eset-700/2"))
    stage.say("the event is up in its second version; laboratory, microbiology and discharge summary are CDA documents")


def _findings(stage: Stage) -> list[tuple[str, str]]:
    """What the triggers of LabWorkS and MedBakter write; neither has a record in MedWorkS. Types and source keys."""
    now = datetime.now(UTC).astimezone(BUDAPEST)
    about = {**WHO, "OTH_KOD": BELGYOGYASZAT, "NAPLOSORSZAM": f"{now:%Y}/702"}
    results = [
        {"NEV": "C-reaktív protein", "ERTEK": "48", "EGYSEG": "mg/l", "REFERENCIA": "< 5", "JELZES": "M"},
        {"NEV": "Kálium", "ERTEK": "4.1", "EGYSEG": "mmol/l", "REFERENCIA": "3.5-5.1"},
    ]
    laboratory = {**about, "VALIDALO_NEV": "Dr. Labor Lívia", "VALIDALVA": f"{now:%Y-%m-%d %H:%M:%S}"}
    grown = [{"NEV": "Streptococcus pneumoniae", "ANTIBIOGRAM": [{"SZER": "ceftriaxon", "ERTEK": "S"}]}]
    microbiology = {**about, "LELETEZO_NEV": "Dr. Bakter Béla", "VEGLEGESITVE": f"{now:%Y-%m-%d %H:%M:%S}"}
    written = {
        ("labworks_lelet", "LW:700"): {**laboratory, "VIZSGALATOK": results},
        ("medbakter_lelet", "MB:700"): {**microbiology, "MINTA": "Köpet", "KOROKOZOK": grown, "VELEMENY": "Kezelendő."},
    }
    for (document_type, key), payload in written.items():
        _send(stage, document_type, IRNOK, key, payload, order_key=key, acting=TECHNICAL_USER)
    return list(written)


def _discharge_summary(stage: Stage) -> str:
    """The doctor's own document; the number of its record."""
    now = datetime.now(UTC).astimezone(BUDAPEST)
    text = "Antibiotikumra láztalan.\nOtthonába bocsátjuk."
    record = {
        **WHO,
        "OTH_KOD": BELGYOGYASZAT,
        "SZERZO_NEV": KOVACS.name,
        "FAJTA": "ZAROJELENTES",
        "NAPLOSORSZAM": f"{now:%Y}/703",
        "KESZULT": f"{now:%Y-%m-%d %H:%M:%S}",
        "SZAKASZOK": json.dumps([{"CIM": "Kórlefolyás", "SZOVEG": text}], ensure_ascii=False),
    }
    key = _record(stage, "MW_DOKUMENTUM", "DOKUMENTUM_ID", record)
    _send(stage, "ehr_feltoltes", KOVACS, key, order_key=f"dok-{key}")
    return key


def _prescription_is_replaced(stage: Stage) -> None:
    """The first prescription is withdrawn, and the second goes up only then."""
    first = stage.medworks.prescribe(KOVACS, PATIENT, TTT, "1 kapszula")
    stage.expect("erecept_feliras", first, "ACCEPTED", "WITHDRAWN", KOVACS.eeszt_user)
    stage.until("the prescription", stage.ends("erecept_feliras", first))
    order_key, replaces = f"veny-{first}", stage.status("erecept_feliras", first)["item_id"]
    _send(stage, "erecept_visszavonas", KOVACS, str(first), lane="INTERACTIVE", order_key=order_key)
    second = str(stage.medworks.prescribe(KOVACS, PATIENT, TTT, "2×1 kapszula", send=False))
    _send(
        stage,
        "erecept_feliras",
        KOVACS,
        second,
        lane="INTERACTIVE",
        ward="PRINT",
        order_key=order_key,
        replaces=replaces,
    )
    stage.until("the new prescription", stage.ends("erecept_feliras", second))
    stage.say(f"prescription {first} was withdrawn, and {second} stands in its place")


def _questions(stage: Stage) -> None:
    """The doctor asks for everything that is shown of the patient."""
    asked = {"TAJ": PATIENT.taj, "PECSETSZAM": KOVACS.pecsetszam}
    told = []
    for document_type in ("ekat_lekerdezes", "ehr_lista", "erecept_lekerdezes", "eprofil_lekerdezes"):
        key = f"nap-{document_type}"
        _send(stage, document_type, KOVACS, key, asked, lane="QUERY")
        stage.until(document_type, stage.ends(document_type, key))
        told.append(f"{len(_result(stage, document_type, key))} by {document_type}")
    stage.say(f"{KOVACS.name} asks what is known of {PATIENT.name}: {', '.join(told)}")


def _record(stage: Stage, table: str, key: str, record: Mapping[str, object]) -> str:
    """Write a record of MedWorkS's own; its number."""
    number = int(str(stage.medworks.rows(f"SELECT coalesce(max({key}), 0) + 1 AS next FROM {table}")[0]["next"]))  # noqa: S608  our own names
    names, marks = ", ".join([key, *record]), ", ".join(f":{name}" for name in [key, *record])
    sql = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608  our own names
    stage.medworks.change((sql, {key: number, **record}))
    return str(number)


def _send(
    stage: Stage,
    document_type: str,
    recorder: Person,
    key: str,
    payload: Mapping[str, object] | None = None,
    *,
    lane: str = "BACKGROUND",
    ward: str | None = None,
    acting: str | None = None,
    **columns: object,
) -> None:
    """Write an outbox row, and promise that it is accepted."""
    row: dict[str, object] = {
        "document_type": document_type,
        "source_key": key,
        "recorded_by": recorder.his_user,
        "workplace": BELGYOGYASZAT,
        "recorded_at": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}",
        "payload": None if payload is None else json.dumps(payload, ensure_ascii=False),
        **columns,
    }
    names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
    sql = f"INSERT INTO EESZT_OUT_{lane} ({names}) VALUES ({marks})"  # noqa: S608  our own names
    stage.medworks.change((sql, row), by=recorder)
    stage.expect(document_type, key, "ACCEPTED", ward, acting or recorder.eeszt_user)


def _result(stage: Stage, document_type: str, key: str) -> list[dict[str, object]]:
    """What a question found; MedWorkS reads it as the asker."""
    sql = "SELECT result FROM EESZT_RESULT WHERE item_id = :item"
    found = stage.medworks.rows(sql, item=stage.status(document_type, key)["item_id"])
    rows: list[dict[str, object]] = json.loads(str(found[0]["result"]))["rows"] if found else []
    return rows
