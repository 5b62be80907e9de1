"""The scene that asks the decision table: who sends what, under whose name, and what is never sent."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from runner.demo.people import (
    BODNAR,
    GASZTRO,
    HELYETTES,
    IRNOK,
    KOVACS,
    OROSZ,
    PATIENTS,
    RONTGEN,
    SURGOSSEGI,
    TECHNICAL_USER,
    VENDEG,
    Patient,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.demo.stage import Stage

WRITE, ASK, EVENT = "erecept_feliras", "erecept_lekerdezes", "ekat_esemeny"
TTT = "210002737"
DOSE = "1 tabletta"

GENERATED = Patient("900000007", "Generált TAJ-os Beteg", "2026-01-02")
"""Its check digit is right, and still it is nobody's."""

BEFORE_EGYSE = datetime(2020, 4, 30, 10, tzinfo=UTC)
"""The last day on which no medical aid was sent."""

COMPONENTS = [
    {"NEV": "Acidum salicylicum", "MENNYISEG": 2.5, "EGYSEG": "g"},
    {"NEV": "Vaselinum album", "MENNYISEG": 97.5, "EGYSEG": "g"},
]

SESSION_SEEN_S = 1.1
"""So long a session is believed to live without asking the database."""

AT_ONCE_S = 1.0
"""What waits for a login goes within this time of it."""


def who(stage: Stage) -> None:
    """Who sends what and why: people without login, row or right; places without code; what is never sent."""
    early = _doctor_not_logged_in(stage)
    _people(stage)
    _places(stage)
    _patients(stage)
    _products(stage)
    _rest(stage)
    _goes_by_itself(stage, early)
    _recorder_is_gone(stage)


def _doctor_not_logged_in(stage: Stage) -> list[str]:
    """A prescription is paper at once, a question is not answered, two events of one episode wait."""
    paper = stage.medworks.prescribe(BODNAR, PATIENTS[0], TTT, DOSE)
    stage.expect(WRITE, paper, "MISSED", "PAPER", reason="NO_SESSION", line="5")
    events = [stage.medworks.record_event(BODNAR, PATIENTS[0], bno, order_key="eset-1") for bno in ("I10H0", "E1190")]
    stage.until("the event waits", lambda: stage.status(EVENT, events[0]).get("state") == "PARKED")
    stage.until("PAPER", stage.ends(WRITE, paper))
    stage.say(f"{BODNAR.name} is not logged in: her prescription is paper at once, her two events wait for her login")
    return events


def _people(stage: Stage) -> None:
    """Who is no EESZT user, who has no row, who is no doctor."""
    medworks = stage.medworks
    stage.expect(
        EVENT, medworks.record_event(IRNOK, PATIENTS[1], "J0690"), "ACCEPTED", acting=TECHNICAL_USER, line="16"
    )
    stage.expect(
        WRITE, medworks.prescribe(IRNOK, PATIENTS[1], TTT, DOSE), "INVALID", "PAPER", reason="DOCTOR_ONLY", line="3"
    )
    stage.expect(
        EVENT, medworks.record_event(HELYETTES, PATIENTS[1], "J0690"), "PARKED", reason="NOT_REGISTERED", line="16"
    )
    stage.expect(EVENT, medworks.record_event(VENDEG, PATIENTS[1], "J0690"), "PARKED", reason="NO_MATCH", line="2")
    stage.expect(ASK, medworks.ask_prescriptions(OROSZ, PATIENTS[1]), "INVALID", reason="DOCTOR_ONLY", line="3")


def _places(stage: Stage) -> None:
    """A place without OTH code, one to which nobody is assigned, one where the doctor has another role."""
    medworks = stage.medworks
    without_code = medworks.record_event(KOVACS, PATIENTS[2], "J0690", workplace=GASZTRO)
    stage.expect(EVENT, without_code, "INVALID", reason="NO_OTH_CODE", line="12")
    unassigned = medworks.record_event(KOVACS, PATIENTS[2], "J0690", workplace=RONTGEN)
    stage.expect(EVENT, unassigned, "PARKED", reason="NOT_ASSIGNED", line="B7")
    technical = medworks.record_event(IRNOK, PATIENTS[2], "J0690", workplace=RONTGEN)
    stage.expect(EVENT, technical, "PARKED", reason="NOT_ASSIGNED", line="B7")


def _patients(stage: Stage) -> None:
    """Identifiers that are nobody's: told by their kind, or by the dated list although the check digit is right."""
    newborn = stage.medworks.record_event(KOVACS, PATIENTS[3], "J0690", fields={"AZONOSITO_TIPUS": "BABA_TAJ"})
    stage.expect(EVENT, newborn, "SKIPPED", reason="RULE", line="12")
    event = stage.medworks.record_event(KOVACS, GENERATED, "J0690")
    stage.expect(EVENT, event, "SKIPPED", reason="RULE", line="12")
    paper = stage.medworks.prescribe(KOVACS, GENERATED, TTT, DOSE)
    stage.expect(WRITE, paper, "SKIPPED", "PAPER", reason="RULE", line="4")


def _products(stage: Stage) -> None:
    """A medical aid before and after the dated rule, and a magistral preparation."""

    def prescribe(fields: Mapping[str, object], recorded_at: datetime | None = None) -> int:
        return stage.medworks.prescribe(KOVACS, PATIENTS[4], TTT, DOSE, recorded_at=recorded_at, fields=fields)

    marked = {"GYSE": 1, "EGYSE": 1}
    stage.expect(WRITE, prescribe(marked, BEFORE_EGYSE), "SKIPPED", "PAPER", reason="RULE", line="4")
    stage.expect(WRITE, prescribe({"GYSE": 1}), "SKIPPED", "PAPER", reason="RULE", line="4")
    stage.expect(WRITE, prescribe(marked), "ACCEPTED", "PRINT", KOVACS.eeszt_user, line="4")
    magistral = {"VENY_TIPUS": "MAG", "TTT_KOD": None, "MENNYISEG": None, "OSSZETEVOK": json.dumps(COMPONENTS)}
    stage.expect(WRITE, prescribe(magistral), "ACCEPTED", "PRINT", KOVACS.eeszt_user, line="4")


def _rest(stage: Stage) -> None:
    """Wait until everything so far has ended or waits for a person."""
    moving = (
        "SELECT count(*) AS n FROM EESZT_V_STATUS WHERE state IN ('NEW', 'CLAIMED', 'SENDING', 'WAITING')"
        " AND order_key IS NOT 'eset-1'"
    )
    stage.until("all of them", lambda: not stage.medworks.rows(moving)[0]["n"])
    sentences = stage.medworks.rows(
        "SELECT DISTINCT reason_code, status_text FROM EESZT_V_STATUS WHERE state IN ('PARKED', 'INVALID', 'SKIPPED')"
        " ORDER BY reason_code"
    )
    stage.say("each of the others has ended or waits, with its sentence for the ward:")
    for row in sentences:
        print(f"            {row['reason_code']}: {row['status_text']}")


def _goes_by_itself(stage: Stage, events: list[str]) -> None:
    """The login lets the two events go, in their order, and the next prescription is electronic."""
    stage.log_in(BODNAR)
    for event in events:
        stage.until(f"event {event}", stage.ends(EVENT, event))
    stage.expect(EVENT, events[0], "ACCEPTED", acting=BODNAR.eeszt_user, line="14→12")
    stage.expect(EVENT, events[1], "ACCEPTED", acting=BODNAR.eeszt_user, line="12")
    late_s = stage.medworks.rows(
        "SELECT (julianday(min(m.stored_at)) - julianday(max(l.started_at))) * 86400 AS s, count(*) AS n"
        " FROM EESZT_MESSAGE m, EESZT_LOGIN l JOIN EESZT_V_ITEM i ON i.item_id = m.item_id AND i.order_key = 'eset-1'"
        " WHERE l.his_user = :user",
        user=BODNAR.his_user,
    )[0]["s"]
    late = float(str(late_s))
    if late > AT_ONCE_S:
        raise AssertionError(f"the first event went {late:.1f} s after the login")
    stage.say(f"her events went up by themselves, in their order, the first {late:.1f} s after her login")
    now = stage.medworks.prescribe(BODNAR, PATIENTS[0], TTT, DOSE)
    stage.expect(WRITE, now, "ACCEPTED", "PRINT", BODNAR.eeszt_user, line="4")
    elsewhere = stage.medworks.prescribe(BODNAR, PATIENTS[0], TTT, DOSE, workplace=SURGOSSEGI)
    stage.expect(WRITE, elsewhere, "MISSED", "PAPER", reason="NOT_ASSIGNED", line="B7")
    for key in (now, elsewhere):
        stage.until(f"prescription {key}", stage.ends(WRITE, key))
    stage.say("her prescription gets its bar code; at the emergency ward, where she is no doctor, it is paper")


def _recorder_is_gone(stage: Stage) -> None:
    """Recorded while logged in, sent when the recorder is gone: the technical user's turn."""
    stage.desk.pause("background", "demo")
    event = stage.medworks.record_event(BODNAR, PATIENTS[5], "J0690")
    stage.expect(EVENT, event, "ACCEPTED", acting=TECHNICAL_USER, line="13")
    stage.medworks.log_out(BODNAR)
    time.sleep(SESSION_SEEN_S)
    stage.desk.resume("background")
    stage.until(f"event {event}", stage.ends(EVENT, event))
    stage.say("she has logged out; an event that she recorded before goes up under the technical user")
