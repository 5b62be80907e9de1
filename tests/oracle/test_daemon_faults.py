"""What happens to an Oracle while a daemon works on it: nothing is lost, and only what is touched stops."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from runner.demo.people import BELGYOGYASZAT, KOVACS, PATIENTS, SZUCS
from tests.support.oracle import HIS, PASSWORDS, RUNTIME, OracleDatabase, Orawire
from tests.support.oracle_hospital import OracleHospital, oracle_hospital

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


TABLES = ("EESZT_MESSAGE", "EESZT_ATTEMPT", "UPDATE EESZT_OUT_BACKGROUND", "COMMIT")
"""Statements at which the way to the database breaks."""


@pytest.fixture
def hospital(tmp_path: Path, oracle: OracleDatabase) -> Iterator[OracleHospital]:
    """A hospital with one daemon that runs, and doctors who are logged in."""
    with oracle_hospital(tmp_path / "site", oracle, latency_ms=5) as hospital:
        hospital.daemon("d1")
        hospital.start("d1")
        for doctor in (KOVACS, SZUCS):
            hospital.log_in(doctor.eeszt_user or "", doctor.his_user)
        yield hospital


@pytest.fixture
def orawire(hospital: OracleHospital) -> Orawire:
    """What takes orders from a test."""
    server = hospital.database.server
    if not isinstance(server, Orawire):
        pytest.skip(f"{server.title} takes no orders from a test")
    return server


def event(hospital: OracleHospital) -> str:
    return hospital.medworks.record_event(KOVACS, PATIENTS[0], "J0690")


def prescription(hospital: OracleHospital) -> int:
    return hospital.medworks.prescribe(SZUCS, PATIENTS[1], "210002737", "1 tabletta")


def item_of(hospital: OracleHospital, document_type: str, key: object) -> int:
    return int(str(hospital.medworks.status(document_type, key)["item_id"]))


def troubles(hospital: OracleHospital) -> str:
    """What the daemon said of its lanes' faults."""
    return "\n".join(str(each["fault"]) for each in hospital.daemons["d1"].events("lane.trouble"))


def told(hospital: OracleHospital, text: str) -> bool:
    return any(text in str(each.get("fault")) for each in hospital.daemons["d1"].log())


def good_end(hospital: OracleHospital) -> None:
    """Everything has ended, and the books agree."""
    hospital.settle()
    hospital.until(
        "the copies", lambda: not hospital.medworks.rows("SELECT 1 FROM EESZT_WRITE_BACK WHERE next_at IS NOT NULL")
    )
    assert (hospital.unfinished(), hospital.differences()) == ([], [])


def test_a_listener_that_is_down_at_the_start_is_named(hospital: OracleHospital, orawire: Orawire) -> None:
    daemon = hospital.daemons["d1"]
    daemon.stop()
    orawire.stop(hospital.database)
    daemon.start()
    assert daemon.process is not None
    assert daemon.process.wait(60) != 0
    daemon.process = None
    said = daemon.out.read_text("utf-8")
    assert "RNR-7403" in said
    assert hospital.database.dsn in said
    orawire.serve(hospital.database.name, hospital.database.port)
    hospital.start("d1")
    event(hospital)
    good_end(hospital)


def test_a_listener_that_goes_down_and_comes_back_costs_nothing_but_time(
    hospital: OracleHospital, orawire: Orawire
) -> None:
    for _ in range(3):
        event(hospital)
    orawire.stop(hospital.database)
    hospital.until("the daemon's complaint", lambda: told(hospital, "RNR-7403"))
    orawire.serve(hospital.database.name, hospital.database.port)
    prescription(hospital)
    good_end(hospital)


def test_killed_sessions_are_replaced(hospital: OracleHospital) -> None:
    for _ in range(5):
        event(hospital)
        prescription(hospital)
        hospital.database.kill_sessions(RUNTIME)
        time.sleep(0.3)
    good_end(hospital)
    assert hospital.states().keys() <= {"ACCEPTED", "MISSED"}


def test_what_befalls_one_outbox_stops_its_lane_alone(hospital: OracleHospital, orawire: Orawire) -> None:
    for code, number in ((1031, "RNR-7411"), (942, "RNR-7411"), (1653, "RNR-7410"), (1555, "RNR-7407")):
        hospital.database.fault(f"error={code}*1000000:EESZT_OUT_BACKGROUND")
        hospital.until(f"the complaint of ORA-{code}", lambda: f"ORA-{code:05}" in troubles(hospital))  # noqa: B023
        assert number in troubles(hospital)
        number_of_record = prescription(hospital)
        hospital.until(
            "the prescription's end",
            lambda: hospital.medworks.status("erecept_feliras", number_of_record).get("state") == "ACCEPTED",  # noqa: B023
        )
        assert {each["lane"] for each in hospital.daemons["d1"].events("lane.trouble")} == {"background"}
        hospital.database.fault("off")
        event(hospital)
        good_end(hospital)


def test_where_nothing_can_be_stored_nothing_leaves_and_the_ward_is_told_paper(
    hospital: OracleHospital, orawire: Orawire
) -> None:
    hospital.database.fault("error=1653*1000000:INSERT INTO EESZT_MESSAGE")
    number = prescription(hospital)
    key = event(hospital)
    hospital.until("paper", lambda: hospital.medworks.status("erecept_feliras", number).get("ward_answer") == "PAPER")
    assert hospital.simulator.register() == []
    assert "RNR-7410" in troubles(hospital)
    hospital.database.fault("off")
    good_end(hospital)
    assert hospital.medworks.status("erecept_feliras", number)["state"] == "MISSED"
    assert hospital.medworks.status("ekat_esemeny", key)["state"] == "ACCEPTED"


def test_an_answer_of_the_database_that_is_lost_doubles_nothing(hospital: OracleHospital, orawire: Orawire) -> None:
    losses = [(when, table) for when in ("drop_before", "drop_after") for table in TABLES]
    for round_, (when, table) in enumerate([*losses, *losses]):
        for _ in range(2):
            event(hospital)
        hospital.database.fault(f"{when}*{round_ % 3 + 1}:{table}")
        hospital.settle()
        hospital.database.fault("off")
    good_end(hospital)
    assert hospital.states() == {"ACCEPTED": 4 * len(losses)}


def test_a_password_that_was_changed_is_named_and_its_file_read_anew(
    hospital: OracleHospital, orawire: Orawire
) -> None:
    orawire.stop(hospital.database)
    orawire.serve(hospital.database.name, hospital.database.port, **{RUNTIME: "Changed456"})
    hospital.database.users = {**hospital.database.users, RUNTIME: (RUNTIME, "Changed456")}
    hospital.until("the complaint", lambda: told(hospital, "RNR-7408"), 40)
    assert PASSWORDS[RUNTIME] not in (hospital.folder / "d1.log").read_text("utf-8")
    (hospital.folder / "db.password").write_text("Changed456\n", encoding="utf-8")
    event(hospital)
    good_end(hospital)


def test_a_database_that_was_restored_sends_nothing_until_it_is_adopted(
    hospital: OracleHospital, orawire: Orawire
) -> None:
    event(hospital)
    hospital.settle()
    orawire.facts(hospital.database, "resetlogs_change#", "4711")
    hospital.until("the daemon's notice", lambda: bool(hospital.daemons["d1"].events("database.changed")))
    key = event(hospital)
    assert hospital.medworks.status("ekat_esemeny", key)["state"] == "NEW"
    hospital.daemons["d1"].stop()
    refused = hospital.command("run")
    assert refused.returncode != 0
    assert b"RNR-8021" in refused.stderr + refused.stdout
    adopted = hospital.command("db", "adopt", "--moved")
    assert adopted.returncode == 0, adopted.stderr.decode()
    hospital.start("d1")
    hospital.log_in(KOVACS.eeszt_user or "", KOVACS.his_user)
    good_end(hospital)


def test_a_table_of_medworks_that_refuses_a_copy_stops_that_copy_alone(hospital: OracleHospital) -> None:
    hospital.database.run(
        "CREATE TRIGGER MW_TILTAS BEFORE UPDATE OF EESZT_ALLAPOT ON MW_VENY FOR EACH ROW"
        " WHEN (NEW.VENY_ID = 9201) BEGIN RAISE_APPLICATION_ERROR(-20001, 'MW: nem'); END;"
    )
    numbers = [prescription(hospital) for _ in range(3)]
    hospital.settle()
    needs = "SELECT item_id, what, sentence FROM EESZT_V_ATTENTION"
    hospital.until("the attention", lambda: len(hospital.medworks.rows(needs)) == 1)
    [needed] = hospital.medworks.rows(needs)
    assert needed["item_id"] == item_of(hospital, "erecept_feliras", numbers[0])
    assert "MW_VENY" in str(needed["sentence"])
    copied = "SELECT VENY_ID FROM MW_VENY WHERE EESZT_VONALKOD IS NOT NULL ORDER BY 1"
    hospital.until("the others", lambda: [row["veny_id"] for row in hospital.medworks.rows(copied)] == numbers[1:])
    hospital.database.run("DROP TRIGGER MW_TILTAS")
    hospital.database.run(
        "UPDATE EESZT_WRITE_BACK SET next_at = SYS_EXTRACT_UTC(SYSTIMESTAMP) WHERE next_at IS NOT NULL"
    )
    good_end(hospital)


def test_a_trigger_of_the_hospital_on_an_outbox_that_raises_stops_its_row_alone(hospital: OracleHospital) -> None:
    hospital.database.run(
        "CREATE TRIGGER MW_KIMENO BEFORE UPDATE OF state ON EESZT_OUT_BACKGROUND FOR EACH ROW"
        " WHEN (OLD.source_key = 'rossz' AND NEW.state = 'CLAIMED')"
        " BEGIN RAISE_APPLICATION_ERROR(-20002, 'MW: nem'); END;"
    )
    hospital.database.run(
        "INSERT INTO EESZT_OUT_BACKGROUND (document_type, source_key, recorded_by, workplace, recorded_at)"
        " VALUES ('ekat_esemeny', 'rossz', 'kovacs.anna', '013579101', SYS_EXTRACT_UTC(SYSTIMESTAMP))"
    )
    keys = [event(hospital) for _ in range(4)]
    for key in keys:
        hospital.until(key, lambda key=key: hospital.medworks.status("ekat_esemeny", key)["state"] == "ACCEPTED")  # type: ignore[misc]
    assert hospital.medworks.status("ekat_esemeny", "rossz")["state"] != "ACCEPTED"
    hospital.database.run("DROP TRIGGER MW_KIMENO")
    hospital.until("its end", lambda: hospital.medworks.status("ekat_esemeny", "rossz")["state"] == "INVALID")


@pytest.mark.parametrize(
    ("state", "meanwhile"), [("SENDING", {"CLAIMED", "NEW"}), ("ACCEPTED", {"SENDING", "UNKNOWN"})]
)
def test_a_trigger_of_the_hospital_that_raises_later_stops_its_row_alone_too(
    hospital: OracleHospital, state: str, meanwhile: set[str]
) -> None:
    hospital.command("lane", "pause", "background")
    bad, *keys = [event(hospital) for _ in range(6)]
    hospital.database.run(
        "CREATE TRIGGER MW_KIMENO BEFORE UPDATE OF state ON EESZT_OUT_BACKGROUND FOR EACH ROW"
        f" WHEN (OLD.source_key = '{bad}' AND NEW.state = '{state}')"
        " BEGIN RAISE_APPLICATION_ERROR(-20002, 'MW: nem'); END;"
    )
    hospital.command("lane", "resume", "background")
    for key in keys:
        hospital.until(key, lambda key=key: hospital.medworks.status("ekat_esemeny", key)["state"] == "ACCEPTED")  # type: ignore[misc]
    hospital.until("it is told", lambda: told(hospital, "ORA-20002"))
    assert hospital.medworks.status("ekat_esemeny", bad)["state"] in meanwhile
    hospital.database.run("DROP TRIGGER MW_KIMENO")
    good_end(hospital)


def test_a_row_that_the_hospital_holds_locked_waits_alone(hospital: OracleHospital) -> None:
    hospital.command("lane", "pause", "background")
    held, *others = [event(hospital) for _ in range(4)]
    with closing(hospital.database.connect(HIS)) as session, session.cursor() as cursor:
        item = item_of(hospital, "ekat_esemeny", held)
        cursor.execute("SELECT item_id FROM EESZT_OUT_BACKGROUND WHERE item_id = :1 FOR UPDATE", [item])
        hospital.command("lane", "resume", "background")
        for key in others:
            hospital.until(key, lambda key=key: hospital.medworks.status("ekat_esemeny", key)["state"] == "ACCEPTED")  # type: ignore[misc]
        assert hospital.state(item) == "NEW"
        session.rollback()
    good_end(hospital)


def test_a_record_that_the_hospital_holds_locked_is_copied_into_later(hospital: OracleHospital) -> None:
    hospital.simulator.fault("slow", operation="Feliras", seconds=1.0)
    held, *others = [prescription(hospital) for _ in range(3)]
    with closing(hospital.database.connect(HIS)) as session, session.cursor() as cursor:
        cursor.execute("SELECT VENY_ID FROM MW_VENY WHERE VENY_ID = :1 FOR UPDATE", [held])
        copied = "SELECT VENY_ID FROM MW_VENY WHERE EESZT_VONALKOD IS NOT NULL ORDER BY 1"
        hospital.until("the copies", lambda: [row["veny_id"] for row in hospital.medworks.rows(copied)] == others)
        assert hospital.medworks.status("erecept_feliras", held)["ward_answer"] == "PRINT"
        session.rollback()
    good_end(hospital)


@pytest.fixture
def patient_hospital(tmp_path: Path, oracle: OracleDatabase) -> Iterator[OracleHospital]:
    """One in which nothing is given up because a machine is slow."""
    waits = (
        ('\nread_timeout = "3s"', '\nread_timeout = "25s"'),
        ('message_life = "4s"', 'message_life = "30s"'),
        ('lease = "8s"', 'lease = "40s"'),
        ('call_timeout = "3s"', 'call_timeout = "20s"'),
    )
    with oracle_hospital(tmp_path / "site", oracle, *waits) as hospital:
        hospital.daemon("d1")
        hospital.start("d1")
        hospital.log_in(KOVACS.eeszt_user or "", KOVACS.his_user)
        yield hospital


def test_a_file_larger_than_xml_parsers_take_goes_up_from_a_blob_and_comes_back(
    patient_hospital: OracleHospital,
) -> None:
    hospital = patient_hospital
    content = os.urandom(8_000_000)
    record = {
        "DOKUMENTUM_ID": 8001,
        "TAJ": PATIENTS[0].taj,
        "NEV": PATIENTS[0].name,
        "SZUL_DATUM": PATIENTS[0].born,
        "OTH_KOD": BELGYOGYASZAT,
        "SZERZO_NEV": KOVACS.name,
        "FAJTA": "LABOR",
        "NAPLOSORSZAM": "2026/1",
        "KESZULT": "2026-01-15 11:00:00",
        "MEDIA_TIPUS": "application/pdf",
        "LENYOMAT": hashlib.sha256(content).hexdigest(),
        "TARTALOM": content,
    }
    names, marks = ", ".join(record), ", ".join(f":{name}" for name in record)
    hospital.medworks.change((f"INSERT INTO MW_DOKUMENTUM ({names}) VALUES ({marks})", record))
    columns = "document_type, source_key, order_key, recorded_by, workplace, recorded_at"
    said = f"'ehr_feltoltes', '8001', 'dok-8001', '{KOVACS.his_user}', '{BELGYOGYASZAT}', SYS_EXTRACT_UTC(SYSTIMESTAMP)"
    hospital.medworks.change((f"INSERT INTO EESZT_OUT_BACKGROUND ({columns}) VALUES ({said})", {}), by=KOVACS)
    hospital.settle()
    uploaded = hospital.medworks.status("ehr_feltoltes", "8001")
    assert uploaded["state"] == "ACCEPTED", dict(uploaded)
    payload = json.dumps({"TAJ": PATIENTS[0].taj, "PECSETSZAM": KOVACS.pecsetszam, "EESZT_ID": uploaded["eeszt_id"]})
    columns = "document_type, source_key, order_key, recorded_by, workplace, recorded_at, payload"
    said = (
        f"'ehr_letoltes', 'k1', 'k1', '{KOVACS.his_user}', '{BELGYOGYASZAT}', SYS_EXTRACT_UTC(SYSTIMESTAMP), :payload"
    )
    hospital.medworks.change(
        (f"INSERT INTO EESZT_OUT_QUERY ({columns}) VALUES ({said})", {"payload": payload}), by=KOVACS
    )
    hospital.settle()
    assert hospital.medworks.status("ehr_letoltes", "k1")["state"] == "ACCEPTED"
    [(first,)] = hospital.database.run("SELECT result FROM EESZT_RESULT")
    [found] = json.loads(first)["rows"]
    assert base64.b64decode(found["adat"], validate=True) == content
