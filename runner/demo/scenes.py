"""The scenes: each a promise, shown on real processes over real TLS, and held to at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.demo.day import day
from runner.demo.people import KOVACS, PATIENTS, SZUCS
from runner.demo.who import who

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.demo.stage import Stage

TTT = ("210002737", "210123456", "210234567", "210345678")
WITHDRAWN = 2
"""Which prescription of the morning is withdrawn."""

WRITE, WITHDRAW, ASK, EVENT = "erecept_feliras", "erecept_visszavonas", "erecept_lekerdezes", "ekat_esemeny"


def main(stage: Stage) -> None:
    """A morning at the clinic: prescriptions, a withdrawal, a query, events."""
    keys = []
    for doctor, patient, ttt, dose in (
        (KOVACS, PATIENTS[0], TTT[0], "1 tabletta reggel"),
        (KOVACS, PATIENTS[1], TTT[1], "2×1 tabletta"),
        (SZUCS, PATIENTS[2], TTT[2], "5 ml szirup"),
        (SZUCS, PATIENTS[3], TTT[3], "1 kapszula este"),
    ):
        keys.append(stage.medworks.prescribe(doctor, patient, ttt, dose))
        ward = "WITHDRAWN" if len(keys) == WITHDRAWN else "PRINT"
        stage.expect(WRITE, keys[-1], "ACCEPTED", ward, doctor.eeszt_user)
    events = [
        stage.medworks.record_event(recorder, patient, bno)
        for recorder, patient, bno in (
            (KOVACS, PATIENTS[4], "J0690"),
            (SZUCS, PATIENTS[5], "E1190"),
            (KOVACS, PATIENTS[0], "I10H0"),
        )
    ]
    for event, doctor in zip(events, (KOVACS, SZUCS, KOVACS), strict=True):
        stage.expect(EVENT, event, "ACCEPTED", None, doctor.eeszt_user)
    stage.say(f"MedWorkS wrote {len(keys)} prescriptions and {len(events)} events into its outboxes")
    for key in keys:
        stage.until(f"prescription {key}", stage.ends(WRITE, key))
        row = stage.status(WRITE, key)
        stage.say(f"prescription {key}: {row['state']}, the ward may {row['ward_answer']} {row['eeszt_id']}")
    withdrawn = keys[WITHDRAWN - 1]
    item = int(str(stage.status(WRITE, withdrawn)["item_id"]))
    stage.desk.withdraw(item, KOVACS.his_user)
    stage.say(f"{KOVACS.name} withdraws prescription {withdrawn}: its bar code disappears at once")
    stage.until("the withdrawal", lambda: stage.status(WRITE, withdrawn).get("compensation") == "DONE")
    question = stage.medworks.ask_prescriptions(KOVACS, PATIENTS[1])
    stage.expect(ASK, question, "ACCEPTED", None, KOVACS.eeszt_user)
    stage.until("the query", stage.ends(ASK, question))
    for event in events:
        stage.until(f"event {event}", stage.ends(EVENT, event))
    stage.say("the query is answered and the events are up")


def lost_answer(stage: Stage) -> None:
    """The EESZT accepts, its answer is lost: asked after and found, not sent twice."""
    stage.simulator.fault("cut_after_accept", operation="Feliras", times=1)
    stage.say("the EESZT's next answer to a prescription will be lost on its way")
    key = stage.medworks.prescribe(KOVACS, PATIENTS[4], TTT[0], "1 tabletta este")
    stage.expect(WRITE, key, "ACCEPTED", "PRINT", KOVACS.eeszt_user)
    stage.until("the question", stage.ends(WRITE, key))
    item = stage.status(WRITE, key)["item_id"]
    tries = stage.medworks.rows(
        "SELECT kind, ending FROM EESZT_ATTEMPT WHERE item_id = :item ORDER BY attempt_id", item=item
    )
    stage.say(f"prescription {key}: " + ", then ".join(f"{row['kind']} → {row['ending']}" for row in tries))
    copies = [entry for entry in stage.simulator.register() if entry["own_reference"] == _message_id(stage, item)]
    if len(copies) != 1:
        raise AssertionError(f"the EESZT has {len(copies)} documents of item {item}")
    stage.say("the EESZT's own register holds it exactly once, and the ward got its bar code in time")


def outage(stage: Stage) -> None:
    """The EESZT is down: prescriptions turn to paper at once, events wait and go up afterwards."""
    stage.stop_counterpart()
    stage.say("the EESZT goes down: nobody listens there any more")
    keys = [stage.medworks.prescribe(SZUCS, patient, TTT[1], "1 tabletta") for patient in PATIENTS[:4]]
    for key in keys:
        stage.expect(WRITE, key, "MISSED", "PAPER")
    events = [stage.medworks.record_event(SZUCS, patient, "J0690") for patient in PATIENTS[:3]]
    for event in events:
        stage.expect(EVENT, event, "ACCEPTED", None, SZUCS.eeszt_user)
    for key in keys:
        stage.until(f"prescription {key}", lambda key=key: stage.status(WRITE, key).get("ward_answer") == "PAPER")  # type: ignore[misc]
    stage.say("the ward was told PAPER for every prescription; the events wait")
    stage.until("MedWorkS sees the outage", lambda: _service(stage, "erecept") == "DOWN")
    late = stage.medworks.prescribe(SZUCS, PATIENTS[4], TTT[1], "1 tabletta")
    stage.expect(WRITE, late, "MISSED", "PAPER")
    stage.until(f"prescription {late}", lambda: stage.status(WRITE, late).get("ward_answer") == "PAPER")
    stage.say("a prescription written now is paper at once: the outage is known")
    stage.start_counterpart()
    stage.say("the EESZT is back")
    for event in events:
        stage.until(f"event {event}", stage.ends(EVENT, event))
    stage.until("MedWorkS sees the end of it", lambda: _service(stage, "erecept") == "UP")
    again = stage.medworks.prescribe(SZUCS, PATIENTS[5], TTT[1], "1 tabletta")
    stage.expect(WRITE, again, "ACCEPTED", "PRINT", SZUCS.eeszt_user)
    stage.until(f"prescription {again}", stage.ends(WRITE, again))
    stage.say("the events went up by themselves; no prescription was sent late, and a new one gets its bar code")


def kill(stage: Stage) -> None:
    """The daemon is killed with messages on the wire; the next one carries on cleanly."""
    stage.simulator.fault("slow", operation="Feliras|Esemeny", seconds=1.2)
    events = [stage.medworks.record_event(KOVACS, patient, "E1190") for patient in PATIENTS]
    prescription = stage.medworks.prescribe(KOVACS, PATIENTS[5], TTT[2], "3×1 tabletta")
    item = int(str(stage.status(WRITE, prescription)["item_id"]))
    sending = "SELECT item_id FROM EESZT_V_STATUS WHERE state = 'SENDING'"

    def on_the_wire() -> bool:
        others = [row for row in stage.medworks.rows(sending) if row["item_id"] != item]
        return stage.status(WRITE, prescription)["state"] == "SENDING" and len(others) > 1

    stage.until("messages on the wire", on_the_wire)
    count = len(stage.medworks.rows(sending))
    stage.kill_daemon()
    stage.say(f"kill -9 with {count} messages on the wire, a prescription among them")
    stage.simulator.clear()
    answer = stage.desk.wait_for(item, 10.0)
    stage.say(f"no daemon is alive, and still the ward is answered within seconds: {answer}")
    stage.start_daemon()
    stage.say("a new daemon starts and asks after what was on the wire")
    for event in events:
        stage.expect(EVENT, event, "ACCEPTED", None, KOVACS.eeszt_user)
        stage.until(f"event {event}", stage.ends(EVENT, event), 25.0)
    stage.until("the prescription's end", lambda: _settled(stage, prescription), 25.0)
    row = stage.status(WRITE, prescription)
    stage.expect(WRITE, prescription, str(row["state"]), "PAPER")
    stage.say(
        f"every event is up once; the prescription is {row['state']}, withdrawal: {row['compensation'] or 'not needed'}"
    )


def paper_first(stage: Stage) -> None:
    """A prescription is found accepted after paper was given: it is withdrawn by itself."""
    stage.simulator.fault("cut_after_accept", operation="Feliras", times=1)
    stage.simulator.fault("index_lag", seconds=4.3)
    key = stage.medworks.prescribe(SZUCS, PATIENTS[3], TTT[3], "1 kapszula")
    stage.expect(WRITE, key, "ACCEPTED", "PAPER", SZUCS.eeszt_user)
    stage.say("the answer is lost, and the EESZT does not show the prescription yet when it is asked")
    stage.until("PAPER", lambda: stage.status(WRITE, key).get("ward_answer") == "PAPER")
    stage.say("the ward's time is over: PAPER, and no bar code any more")
    stage.until("found", lambda: stage.status(WRITE, key).get("state") == "ACCEPTED")
    stage.say("now it is found: valid twice. MedWorkS sees it in EESZT_V_ATTENTION, and its withdrawal is on its way")
    stage.until("withdrawn", lambda: stage.status(WRITE, key).get("compensation") == "DONE")
    stage.simulator.clear()
    stage.say("withdrawn in the EESZT by its prescriber's login; only the paper is valid")


SCENES: dict[str, Callable[[Stage], None]] = {
    "main": main,
    "who": who,
    "day": day,
    "lost-answer": lost_answer,
    "outage": outage,
    "kill": kill,
    "paper-first": paper_first,
}


def _message_id(stage: Stage, item: object) -> object:
    return stage.medworks.rows("SELECT message_id FROM EESZT_MESSAGE WHERE item_id = :item", item=item)[0]["message_id"]


def _service(stage: Stage, service: str) -> object:
    rows = stage.medworks.rows("SELECT state FROM EESZT_SERVICE_STATE WHERE service = :service", service=service)
    return rows[0]["state"] if rows else None


def _settled(stage: Stage, key: object) -> bool:
    """Ended, and where it exists although paper was given, withdrawn."""
    row = stage.status(WRITE, key)
    return row["state"] == "MISSED" or (row["state"] == "ACCEPTED" and row["compensation"] == "DONE")
