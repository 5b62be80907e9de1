"""The daemon is stopped, doubled, locked out of its database, paused: nothing is lost, and the ward knows in time."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from runner import app
from runner.demo.people import KOVACS, OROSZ, PATIENTS, SZUCS
from tests.faults.clinic import Clinic, clinic

pytestmark = pytest.mark.slow

BELIEVED_S = 1.1
"""So long, and a bit, a session is believed to live without asking the database."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """An interrupted service is another test's; here faults meet single items."""
    changes = [("items = 2", "items = 50"), ('settle = "3s"', 'settle = "300ms"')]
    with clinic(tmp_path_factory.mktemp("daemon") / "site", changes=changes) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _healthy(place: Clinic) -> Iterator[None]:
    if place.stage.daemon is None:
        place.start_daemon()
    for doctor in (KOVACS, SZUCS):
        if not place.sql("SELECT 1 FROM EESZT_V_LOGIN WHERE his_user = ?", doctor.his_user):
            place.log_in(doctor)
    yield
    place.simulator.clear()


def stop(place: Clinic) -> tuple[int, float]:
    """SIGTERM; its exit code, and how long it took."""
    assert place.stage.daemon is not None
    began = time.monotonic()
    place.stage.daemon.send_signal(signal.SIGTERM)
    code = place.stage.daemon.wait(60)
    place.stage.daemon = None
    return code, time.monotonic() - began


def held(place: Clinic) -> list[str]:
    """States of rows that a stopped daemon still holds."""
    return [row["state"] for row in place.sql("SELECT state FROM EESZT_V_ITEM WHERE state IN ('CLAIMED', 'SENDING')")]


# stopping


def test_an_idle_daemon_stops_at_once(place: Clinic) -> None:
    code, took = stop(place)
    assert code == 0
    assert took < 40
    assert held(place) == []


def test_a_daemon_at_work_finishes_what_is_sent_and_gives_back_the_rest(place: Clinic) -> None:
    place.simulator.fault("slow", operation="Esemeny", seconds=0.7)
    events = [place.event(patient=PATIENTS[n % 6]) for n in range(40)]
    place.until("messages on the wire", lambda: "SENDING" in held(place))
    code, took = stop(place)
    assert code == 0
    assert took < 40
    assert held(place) == []
    states = {place.state(item) for item in events}
    assert states <= {"NEW", "ACCEPTED"}
    assert "NEW" in states
    place.simulator.clear()
    place.start_daemon()
    assert {row["state"] for row in place.rest(*events)} == {"ACCEPTED"}
    assert [len(place.documents(item)) for item in events] == [1] * len(events)


def test_a_daemon_whose_counterpart_is_silent_stops_in_time(place: Clinic) -> None:
    place.simulator.fault("silent", operation="Esemeny", times=2)
    events = [place.event() for _ in range(2)]
    place.until("messages on the wire", lambda: held(place) == ["SENDING", "SENDING"])
    _, took = stop(place)
    assert took < 40
    assert held(place) == []
    place.start_daemon()
    assert {row["state"] for row in place.rest(*events, timeout_s=30)} == {"ACCEPTED"}
    assert [len(place.documents(item)) for item in events] == [1, 1]


def test_what_is_on_the_wire_when_a_daemon_must_end_is_asked_after_at_once_by_the_next(place: Clinic) -> None:
    text = place.settings.read_text("utf-8")
    patient = text.replace('\nread_timeout = "3s"', '\nread_timeout = "30s"')
    patient = patient.replace('interactive_read_timeout = "1500ms"', 'interactive_read_timeout = "30s"')
    patient = patient.replace('lease = "6s"', 'lease = "60s"').replace('lease = "8s"', 'lease = "60s"')
    stop(place)
    place.settings.write_text(patient, "utf-8")
    place.start_daemon()
    place.simulator.fault("silent", operation="Feliras|Esemeny", times=3)
    items = [place.event(), place.event(), place.prescription()]
    place.until("messages on the wire", lambda: len(held(place)) == 3)
    code, took = stop(place)
    assert (code, took < 40) == (1, True)
    assert held(place) == []
    assert {place.state(item) for item in items} == {"UNKNOWN"}
    place.settings.write_text(text, "utf-8")
    place.start_daemon()
    place.until("questions", lambda: len({each["item"] for each in place.events("item.probed")} & {*items}) == 3, 5.0)
    place.rest(*items, timeout_s=40)
    assert [len(place.documents(item)) for item in items[:2]] == [1, 1]


def test_a_daemon_that_is_locked_out_stops_in_time_and_nothing_is_lost(place: Clinic) -> None:
    with closing(place.connect()) as medworks:
        place.simulator.fault("slow", operation="Esemeny", seconds=0.5)
        events = [place.event() for _ in range(3)]
        place.until("messages on the wire", lambda: "SENDING" in held(place))
        medworks.execute("BEGIN IMMEDIATE")
        _, took = stop(place)
        assert took < 40
        medworks.execute("ROLLBACK")
    place.simulator.clear()
    place.start_daemon()
    assert {row["state"] for row in place.rest(*events, timeout_s=30)} == {"ACCEPTED"}
    assert [len(place.documents(item)) for item in events] == [1, 1, 1]


# a second one


def test_a_second_daemon_is_refused_while_the_first_goes_on(place: Clinic) -> None:
    refused = place.command("run")
    assert refused.returncode == 1
    assert b"RNR-7003" in refused.stderr
    event = place.event()
    assert place.rest(event)[0]["state"] == "ACCEPTED"


# MedWorkS holds a transaction open


@pytest.mark.parametrize("seconds", [3.0])
def test_a_transaction_that_medworks_holds_open_loses_nothing(place: Clinic, seconds: float) -> None:
    events = [place.event(patient=PATIENTS[n % 6]) for n in range(30)]
    place.simulator.fault("cut_after_accept", operation="Esemeny", times=4)
    with closing(place.connect()) as medworks:
        time.sleep(0.15)  # into the middle of the work; wherever that is, the end is the same
        medworks.execute("BEGIN IMMEDIATE")
        medworks.execute("UPDATE EESZT_OUT_BACKGROUND SET priority = priority WHERE item_id = ?", [events[-1]])
        medworks.execute("UPDATE MW_VENY SET NEV = NEV")
        time.sleep(seconds)
        medworks.execute("COMMIT")
    rested = place.rest(*events, timeout_s=30)
    assert {row["state"] for row in rested} == {"ACCEPTED"}
    assert [len(place.documents(item)) for item in events] == [1] * len(events)
    prescription = place.prescription()
    assert place.rest(prescription, timeout_s=5)[0]["ward_answer"] == "PRINT"


def test_questions_due_while_the_database_is_locked_leave_the_lane_its_senders(place: Clinic) -> None:
    """Every sender that a lane reserves for asking is given back, whatever the database says."""
    place.simulator.fault("cut_after_accept", operation="Esemeny", times=8)
    events = [place.event(patient=PATIENTS[n % 6]) for n in range(8)]
    place.until("doubt", lambda: sum(place.state(item) == "UNKNOWN" for item in events) >= 4)
    for _ in range(2):
        with closing(place.connect()) as medworks:
            medworks.execute("BEGIN IMMEDIATE")
            time.sleep(2.3)
            medworks.execute("ROLLBACK")
        time.sleep(0.05)
    more = [place.event(patient=PATIENTS[n % 6]) for n in range(12)]
    assert {row["state"] for row in place.rest(*events, *more, timeout_s=20)} == {"ACCEPTED"}
    assert [len(place.documents(item)) for item in (*events, *more)] == [1] * 20


# write-back


def test_a_copy_that_cannot_be_made_holds_up_no_other_and_is_told(place: Clinic) -> None:
    place.simulator.fault("slow", operation="Feliras", seconds=1.5)  # the triggers are there before any copy is due
    gone, doubled, refused, good = (place.prescription(patient=patient) for patient in PATIENTS[:4])
    keys = [place.row(item)["source_key"] for item in (gone, doubled, refused, good)]
    place.sql(
        "CREATE TRIGGER MW_TILTAS BEFORE UPDATE OF EESZT_VONALKOD ON MW_VENY WHEN OLD.VENY_ID = "
        f"{keys[2]} BEGIN SELECT RAISE(ROLLBACK, 'MW: nem'); END"
    )
    place.sql(
        f"CREATE TRIGGER MW_KIHAGY BEFORE UPDATE OF EESZT_VONALKOD ON MW_VENY WHEN OLD.VENY_ID = {keys[0]}"
        " BEGIN SELECT RAISE(IGNORE); END"
    )
    try:
        place.rest(gone, doubled, refused, good)
        place.until(
            "the good copy",
            lambda: bool(place.sql("SELECT 1 FROM MW_VENY WHERE VENY_ID = ? AND EESZT_VONALKOD <> ''", keys[3])),
        )
        place.until(
            "two alarms",
            lambda: (
                {row["item_id"] for row in place.sql("SELECT item_id FROM EESZT_V_ATTENTION WHERE what = 'WRITE_BACK'")}
                >= {gone, refused}
            ),
        )
        shown = {row["item_id"] for row in place.sql("SELECT item_id FROM EESZT_V_BARCODE")}
        assert {gone, doubled, refused, good} <= shown
    finally:
        place.sql("DROP TRIGGER MW_TILTAS")
        place.sql("DROP TRIGGER MW_KIHAGY")
    place.until(
        "the others, by themselves",
        lambda: (
            len(place.sql("SELECT 1 FROM MW_VENY WHERE EESZT_VONALKOD <> '' AND VENY_ID IN (?, ?)", keys[0], keys[2]))
            == 2
        ),
        12,
    )


# mappings, lanes


def test_a_type_that_is_not_in_force_is_not_claimed_and_its_ward_gets_paper(place: Clinic) -> None:
    place.sql(
        "UPDATE EESZT_DOCUMENT_TYPE SET digest = 'more than this daemon has' WHERE document_type LIKE 'er%feliras'"
    )
    try:
        prescription, event = place.prescription(), place.event()
        assert place.rest(event)[0]["state"] == "ACCEPTED"
        [row] = place.rest(prescription, timeout_s=6)
        assert (row["state"], row["ward_answer"]) == ("MISSED", "PAPER")
        stop(place)
        place.start_daemon()
        assert place.events("mapping.inactive")[-1]["document_type"] == "erecept_feliras"
    finally:
        app.activate(place.settings)


def test_a_paused_lane_sends_nothing_and_its_ward_gets_paper(place: Clinic) -> None:
    for lane in ("interactive", "background"):
        assert place.command("lane", "pause", lane).returncode == 0
    try:
        prescription, event = place.prescription(), place.event()
        assert place.rest(prescription, timeout_s=6)[0]["ward_answer"] == "PAPER"
        assert place.state(event) == "NEW"
    finally:
        for lane in ("interactive", "background"):
            assert place.command("lane", "resume", lane).returncode == 0
    assert place.rest(event)[0]["state"] == "ACCEPTED"
    assert place.documents(prescription) == []


# people


def test_who_logs_out_between_claim_and_send_is_not_sent_for(place: Clinic) -> None:
    """His prescription waits for a sender while he logs out; it may go while his session is still believed to live."""
    for _ in range(5):
        place.simulator.fault("slow", operation="Feliras", seconds=1.4)
        before = [place.prescription(doctor=SZUCS, patient=PATIENTS[n % 6]) for n in range(8)]
        late = place.prescription(doctor=KOVACS)
        place.until("it is claimed", lambda late=late: place.state(late) != "NEW", 3)
        place.sql(
            "UPDATE EESZT_LOGIN SET ended_at = strftime('%Y-%m-%d %H:%M:%f', 'now') WHERE his_user = ?"
            " AND ended_at IS NULL",
            KOVACS.his_user,
        )
        [row] = place.rest(late, timeout_s=6)
        place.rest(*before)
        place.simulator.clear()
        if row["state"] != "ACCEPTED":
            break
        [after] = place.sql(
            "SELECT (julianday(i.sent_at) - julianday((SELECT max(ended_at) FROM EESZT_LOGIN WHERE his_user = ?)))"
            " * 86400 AS s FROM EESZT_V_ITEM i WHERE i.item_id = ?",
            *(KOVACS.his_user, late),
        )
        assert after["s"] < BELIEVED_S
        place.log_in(KOVACS)
    assert (row["state"], row["ward_answer"]) == ("MISSED", "PAPER")
    assert place.documents(late) == []


def test_what_waits_for_a_login_goes_by_itself_after_it(place: Clinic) -> None:
    place.sql("UPDATE EESZT_LOGIN SET ended_at = datetime('now') WHERE his_user = ?", SZUCS.his_user)
    time.sleep(BELIEVED_S)
    waiting = place.event(recorded_by=SZUCS.his_user)
    prescription = place.prescription(doctor=SZUCS)
    question = place.stage.medworks.ask_prescriptions(SZUCS, PATIENTS[0])
    assert place.rest(waiting)[0]["reason_code"] == "LOGIN"
    assert place.rest(prescription, timeout_s=3)[0]["ward_answer"] == "PAPER"
    place.until("the question's end", place.stage.ends("erecept_lekerdezes", question))
    assert place.stage.status("erecept_lekerdezes", question)["state"] == "MISSED"
    place.log_in(SZUCS)
    assert place.until("it goes", lambda: place.state(waiting) == "ACCEPTED", 5) < 20
    assert place.row(waiting)["acting_user"] == SZUCS.eeszt_user


def test_who_is_no_doctor_of_the_eeszt_goes_under_the_technical_user_or_not_at_all(place: Clinic) -> None:
    place.sql("INSERT OR IGNORE INTO EESZT_USER_MAP VALUES ('irnok', 'NOT_REGISTERED', 0, NULL)")
    event, prescription = place.event(recorded_by="irnok"), place.prescription(recorded_by="irnok")
    sent, refused = place.rest(event, prescription)
    assert (sent["state"], sent["acting_user"]) == ("ACCEPTED", "TECHNIKAI-013579")
    assert (refused["state"], refused["ward_answer"]) == ("INVALID", "PAPER")


def test_a_wrong_identity_is_refused(place: Clinic) -> None:
    """Somebody types his own password for the doctor whose login was begun."""
    password = place.stage.counterpart.one_time_password(OROSZ.eeszt_user or "")
    assert place.command("login", "otp", KOVACS.his_user, stdin=password.encode()).returncode == 3
    place.sql("UPDATE EESZT_USER_MAP SET eeszt_user = ? WHERE his_user = ?", OROSZ.eeszt_user, KOVACS.his_user)
    try:
        refused = place.command("login", "otp", KOVACS.his_user, stdin=password.encode())
        assert refused.returncode == 3
        told = json.loads(place.command("login", "refused", "--json").stdout)
        assert {each["his_user"] for each in told} == {KOVACS.his_user}
        assert "RNR-4404" in told[0]["why"], "the administrator sees why"
        assert password not in str(told)
        assert not place.sql("SELECT 1 FROM EESZT_V_LOGIN WHERE eeszt_user = ?", OROSZ.eeszt_user)
    finally:
        place.sql("UPDATE EESZT_USER_MAP SET eeszt_user = ? WHERE his_user = ?", KOVACS.eeszt_user, KOVACS.his_user)


# withdrawal at each step


@contextmanager
def daemon_that_waits(place: Clinic, step: str) -> Iterator[tuple[threading.Event, threading.Event]]:
    """The daemon in this process, waiting at a step until it is told to go on."""
    reached, go_on = threading.Event(), threading.Event()

    def hook(name: str, items: Sequence[int]) -> None:
        if name == step and not reached.is_set():
            reached.set()
            go_on.wait(10)

    place.stage.stop_daemon()
    with app.running(place.settings, hook=hook):
        try:
            yield reached, go_on
        finally:
            go_on.set()


@pytest.mark.parametrize(
    "step", ["claimed", "prepared", "permitting", "permitted", "sending", "answered", "completing", "completed"]
)
def test_a_withdrawal_at_each_step_is_cancelled_or_withdrawn(place: Clinic, step: str) -> None:
    with daemon_that_waits(place, step) as (reached, go_on):
        item = place.prescription()
        assert reached.wait(5)
        place.stage.desk.withdraw(item, KOVACS.his_user)
        go_on.set()
        place.rest(item)
        place.until("its withdrawal", lambda: place.row(item)["compensation"] != "DUE")
        place.rest(*(row["item_id"] for row in place.sql("SELECT item_id FROM EESZT_V_ITEM WHERE withdraws = ?", item)))
        row, documents = place.row(item), place.documents(item)
        if row["state"] == "ACCEPTED":
            assert row["compensation"] == "DONE"
            assert [each["state"] for each in documents] == ["VISSZAVONT"]
        else:
            assert row["state"] == "CANCELLED"
            assert documents == []
        assert not place.sql("SELECT 1 FROM EESZT_V_BARCODE WHERE item_id = ?", item)


# load


def test_500_events_are_drained_and_an_idle_daemon_sleeps(place: Clinic) -> None:
    events = []
    with closing(place.connect()) as medworks:
        medworks.execute("BEGIN IMMEDIATE")
        for n in range(500):
            row = medworks.execute(
                "INSERT INTO EESZT_OUT_BACKGROUND (document_type, source_key, recorded_by, workplace,"
                " recorded_at, payload)"
                " SELECT document_type, ?, recorded_by, workplace, recorded_at, payload FROM EESZT_OUT_BACKGROUND"
                " WHERE state = 'ACCEPTED' LIMIT 1",
                [f"sok-{n}"],
            )
            events.append(row.lastrowid)
        medworks.execute("COMMIT")
    left = f"SELECT 1 FROM EESZT_OUT_BACKGROUND WHERE item_id >= {events[0]} AND state <> 'ACCEPTED' LIMIT 1"
    took = place.until("500 events", lambda: not place.sql(left), 60)
    assert place.stage.daemon is not None
    spent = [_cpu_s(place.stage.daemon.pid)]
    time.sleep(3)
    spent.append(_cpu_s(place.stage.daemon.pid))
    print(json.dumps({"500 events, s": round(took, 1), "idle CPU, %": round(100 * (spent[1] - spent[0]) / 3, 1)}))
    assert spent[1] - spent[0] < 1.0
    assert place.differences() == []


def _cpu_s(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
