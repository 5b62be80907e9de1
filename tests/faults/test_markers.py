"""One unmistakable patient goes through every fault; afterwards nothing that people read tells of her."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.demo.people import KOVACS, SZUCS, Patient, taj
from tests.faults.clinic import Clinic, clinic
from tests.faults.test_bad_rows import own_files

pytestmark = pytest.mark.slow

MARK = "TITKOSJEL"
PATIENT = Patient(taj("04940404"), f"{MARK}-NEV Ilona", "1907-07-07")
MARKS = (MARK, PATIENT.taj, PATIENT.born, "Q8989")

FAULTS = (
    *(
        "slow",
        "silent",
        "cut_before",
        "cut_after_accept",
        "late_accept",
        "html",
        "wrong_signature",
        "missing_signature",
    ),
    *(
        "wrong_relates_to",
        "duplicate",
        "clock_skew",
        "outage",
        "overloaded",
        "oversized",
        "entity_bomb",
        "wrong_patient",
    ),
)

READ_BY_PEOPLE = (
    *("EESZT_V_STATUS", "EESZT_V_ATTENTION", "EESZT_V_SERVICE", "EESZT_V_LOGIN", "EESZT_V_BARCODE", "EESZT_V_ITEM"),
    *("EESZT_ATTEMPT", "EESZT_IDENTIFIER", "EESZT_RUNNER", "EESZT_LANE", "EESZT_SERVICE_STATE", "EESZT_LOGIN_REQUEST"),
    *("EESZT_USER_MAP", "EESZT_ORDER_HEAD", "EESZT_V_DECISION"),
)
"""EESZT_V_SENT, EESZT_MESSAGE, EESZT_RESULT and EESZT_WRITE_BACK hold what goes up and comes down, and are meant to."""

ECHOED = ("document_type", "source_key", "order_key", "recorded_by", "workplace")
"""What MedWorkS wrote into these, the views give back to it in columns of the same name, and nowhere else."""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Clinic]:
    changes = [
        ("items = 2", "items = 60"),
        ('settle = "3s"', 'settle = "300ms"'),
        ('message_life = "4s"', 'message_life = "2500ms"'),
        ('read_timeout = "3s"', 'read_timeout = "1500ms"'),
        ('file = "runner.log"\n', 'file = "runner.log"\nlevel = "TRAFFIC"\n'),
    ]
    with clinic(tmp_path / "site", changes=changes, files=own_files) as opened:
        yield opened


def through_bad_rows(place: Clinic) -> list[int]:
    """Every column of the patient in turn is wrong, marked, or where it does not belong."""
    items = [place.event(patient=PATIENT, payload=f'{{"NEV": "{PATIENT.name}", "TAJ"')]
    items.append(place.event(patient=PATIENT, payload=json.dumps(PATIENT.name)))
    for field in (
        "TAJ",
        "NEV",
        "SZUL_DATUM",
        "TIPUS",
        "NAPLOSORSZAM",
        "KEZDETE",
        "DIAGNOZISOK",
        "VEGE",
        "AZONOSITO_TIPUS",
    ):
        items += [
            place.event(patient=PATIENT, fields={field: value})
            for value in (f"{MARK}\x00{field}", [MARK], {MARK: MARK}, f"{MARK}" * 60)
        ]
    items.append(place.event(patient=PATIENT, fields={"DIAGNOZISOK": [{"BNO": "Q8989", "TIPUS": MARK}]}))
    for field in (
        "TAJ",
        "NEV",
        "SZUL_DATUM",
        "JOGCIM",
        "TTT_KOD",
        "BNO_KOD",
        "ADAG",
        "OSSZETEVOK",
        "FELIRAS_IDEJE",
        "OTH_KOD",
    ):
        items.append(place.prescription(patient=PATIENT, fields={field: f"{MARK}\x01"}))
    items.append(
        place.prescription(patient=PATIENT, fields={"VENY_TIPUS": "MAG", "OSSZETEVOK": f'[{{"NEV": "{MARK}"}}]'})
    )
    items += [place.event(name, patient=PATIENT) for name in ("sablon_hibas", "xml_hibas", "sema_hibas")]
    sources = ("forras_hibas", "forras_ketszer", "forras_nincs", "forras_oszlop")
    return items + [place.prescription(name, patient=PATIENT) for name in sources]


def through_columns(place: Clinic) -> list[int]:
    """Every text column that MedWorkS writes holds her in turn, and once more than a sentence may."""
    marked = f"{MARK} {PATIENT.name} {PATIENT.taj}"
    items = []
    for name in (*ECHOED, "recorded_at", "first_recorded_at", "payload"):
        for value in (marked, PATIENT.taj, f"{marked} " * 2000):
            items.append(place.event(patient=PATIENT, **{"lane": "BACKGROUND", name: value}))
            if name != "source_key":
                items.append(place.prescription(patient=PATIENT, doctor=SZUCS, **{name: value}))
    return items


def through_the_counterpart(place: Clinic) -> list[int]:
    """She meets each fault of the EESZT, and refusals whose code quotes her."""
    items = []
    for name in FAULTS:
        place.simulator.fault(name, operation="Feliras|Esemeny|Lekerdezes", times=3)
        items += [place.event(patient=PATIENT), place.prescription(patient=PATIENT, doctor=SZUCS)]
    place.stage.medworks.ask_prescriptions(KOVACS, PATIENT)
    place.rest(*items, timeout_s=60)
    place.simulator.clear()
    place.simulator.fault("unknown_fault", operation="Feliras|Esemeny", times=4, code=f"{PATIENT.name} {PATIENT.taj}")
    items += [place.event(patient=PATIENT), place.prescription(patient=PATIENT, doctor=SZUCS)]
    return items


def test_nothing_that_people_read_tells_of_the_patient_or_a_secret(place: Clinic) -> None:
    folder = place.stage.site.folder
    place.sql(
        "CREATE TRIGGER MW_IDEZ BEFORE UPDATE OF EESZT_VONALKOD ON MW_VENY WHEN OLD.VENY_ID % 2"
        " BEGIN SELECT json_extract('{}', OLD.NEV); END"
    )
    items = through_bad_rows(place)
    items += through_columns(place)
    items += through_the_counterpart(place)
    place.stage.kill_daemon()
    items += [place.event(patient=PATIENT), place.prescription(patient=PATIENT)]
    place.start_daemon()
    place.rest(*items, timeout_s=40)
    place.simulator.clear()
    said = [
        place.command("login", "otp", KOVACS.his_user, stdin=b"918273"),
        place.command("items", "list", "--most", "500"),
        place.command("items", "list", "--json"),
        *(place.command("items", "story", str(item)) for item in items[::18]),
        *(place.command("items", "story", str(item), "--json") for item in items[4::36]),
        place.command("db", "sql", "SELECT json_extract('{}', NEV) FROM MW_VENY"),
        place.command("run"),
        place.command("mapping", "lint"),
    ]
    told = {f"command {done.args[5:]}": (done.stdout + done.stderr).decode() for done in said}
    for name in READ_BY_PEOPLE:
        told[name] = "\n".join(
            json.dumps({key: row[key] for key in row.keys() if key not in ECHOED}, ensure_ascii=False, default=str)  # noqa: SIM118
            for row in place.sql(f"SELECT * FROM {name}")
        )
    place.stage.stop_daemon()
    for file in ("runner.log", "daemon.out"):
        told[file] = (folder / file).read_text("utf-8")
    assert len(told["runner.log"].splitlines()) > 100
    assert "item.tried" in told["runner.log"]
    found = [
        (where, mark, text[text.index(mark) - 200 :][:300])
        for where, text in told.items()
        for mark in MARKS
        if mark in text
    ]
    assert not found, found[0]
    [longest] = place.sql("SELECT max(length(status_text)) FROM EESZT_V_STATUS")
    assert longest[0] <= 1000
    password = (folder / "pki" / "technical.password").read_text().strip()
    secret = re.compile(f"918273|Assertion|SignatureValue|PRIVATE KEY|{re.escape(password)}", re.IGNORECASE)
    leaked = [
        (where, text[match.start() - 100 :][:200]) for where, text in told.items() if (match := secret.search(text))
    ]
    assert not leaked, leaked[0]
    assert place.differences() == [] or all("MedWorkS's own table" in each for each in place.differences())
