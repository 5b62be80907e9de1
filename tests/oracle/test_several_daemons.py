"""Several daemons as processes on one Oracle: no row twice, none lost, fair shares, order kept, whoever dies."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from runner.demo.people import BELGYOGYASZAT, KOVACS, PATIENTS, SZUCS, Person
from runner.settings import shipped
from tests.support.oracle import OracleDatabase
from tests.support.oracle_hospital import OracleHospital, oracle_hospital

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@contextmanager
def daemons(folder: Path, oracle: OracleDatabase, count: int, **options: Any) -> Iterator[OracleHospital]:
    """A hospital with doctors who are logged in, and so many daemons that run."""
    with oracle_hospital(folder / "site", oracle, **options) as hospital:
        names = [f"d{number}" for number in range(1, count + 1)]
        for name in names:
            hospital.daemon(name)
        hospital.start(*names)
        for doctor in (KOVACS, SZUCS):
            hospital.log_in(doctor.eeszt_user or "", doctor.his_user)
        yield hospital


def events(hospital: OracleHospital, count: int, episodes: int = 6) -> None:
    """Some episodes of events, each to go up in the order in which it was written."""
    for number in range(count):
        person, patient = (KOVACS, SZUCS)[number % 2], PATIENTS[number % len(PATIENTS)]
        hospital.medworks.record_event(person, patient, "J0690", order_key=f"epizod-{number % episodes}")


def sent_by(hospital: OracleHospital) -> Counter[str]:
    """Daemon → how many messages it sent, by the anchors of their answers in its audit log."""
    rows = hospital.medworks.rows("SELECT audit_chain FROM EESZT_ATTEMPT WHERE kind = 'SEND'")
    return Counter(re.sub(r"[^a-z0-9].*", "", str(row["audit_chain"])) for row in rows)


def out_of_order(hospital: OracleHospital) -> list[str]:
    """Items that the EESZT took before one of the same key that was written earlier."""
    of = {
        row["message_id"]: row
        for row in hospital.medworks.rows(
            "SELECT m.message_id, i.item_id, i.order_key"
            " FROM EESZT_MESSAGE m JOIN EESZT_V_ITEM i ON i.item_id = m.item_id"
        )
    }
    last: dict[object, int] = {}
    wrong = []
    for entry in hospital.simulator.register():
        row = of.get(entry["own_reference"])
        if row is None or row["order_key"] is None:
            continue
        key, item = row["order_key"], int(str(row["item_id"]))
        if last.get(key, 0) > item:
            wrong.append(f"{item} of {key} came after {last[key]}")
        last[key] = item
    return wrong


@pytest.mark.parametrize("count", [2, 4])
def test_daemons_share_the_work_and_keep_the_order(tmp_path: Path, oracle: OracleDatabase, count: int) -> None:
    with daemons(tmp_path, oracle, count, latency_ms=40) as hospital:
        for _ in range(5):
            events(hospital, 24, episodes=12)
            hospital.medworks.prescribe(KOVACS, PATIENTS[0], "210002737", "1 tabletta")
        hospital.settle()
        shares = sent_by(hospital)
        assert hospital.states() == {"ACCEPTED": 125}
        assert hospital.differences() == []
        assert out_of_order(hospital) == []
        assert sum(shares.values()) == 125
        assert set(shares) == set(hospital.daemons), shares
        assert min(shares.values()) >= 125 / count / 4, shares


@pytest.mark.parametrize("count", [2, 4])
def test_daemons_that_are_killed_at_random_lose_and_double_nothing(
    tmp_path: Path, oracle: OracleDatabase, count: int
) -> None:
    seed = int(os.environ.get("JUDGE_SEED", "11"))
    chance = random.Random(seed)
    killed = 0
    with daemons(tmp_path, oracle, count, latency_ms=20) as hospital:
        for _ in range(int(os.environ.get("JUDGE_ROUNDS", "4"))):
            events(hospital, 10)
            number = hospital.medworks.prescribe(SZUCS, PATIENTS[1], "210002737", "1 tabletta")
            fault, facts = chance.choice(
                [("cut_after_accept", {"times": 2}), ("cut_before", {"times": 2}), ("silent", {"times": 1})]
            )
            hospital.simulator.fault(fault, **facts)
            time.sleep(chance.uniform(0.05, 0.8))
            for victim in chance.sample(sorted(hospital.daemons), count // 2):
                hospital.daemons[victim].kill()
                hospital.daemons[victim].start()
                killed += 1
            assert hospital.medworks.status("erecept_feliras", number)
        hospital.simulator.clear()
        hospital.settle()
        unfinished, wrong = hospital.unfinished(), hospital.differences()
        assert (unfinished, wrong, out_of_order(hospital)) == ([], [], []), f"JUDGE_SEED={seed}"
        assert killed >= count


def test_the_heartbeat_of_one_dead_daemon_does_not_stop_the_other(tmp_path: Path, oracle: OracleDatabase) -> None:
    with daemons(tmp_path, oracle, 2) as hospital:
        assert {name for name, _ in hospital.beating(datetime.now(UTC) - timedelta(seconds=2))} == {"d1", "d2"}
        hospital.daemons["d1"].kill()
        dead_since = datetime.now(UTC) + timedelta(seconds=1)
        hospital.until("a beat after its death", lambda: ("d2", "interactive") in hospital.beating(dead_since))
        number = hospital.medworks.prescribe(KOVACS, PATIENTS[0], "210002737", "1 tabletta")
        hospital.settle()
        row = hospital.medworks.status("erecept_feliras", number)
        assert (row["state"], row["ward_answer"]) == ("ACCEPTED", "PRINT")
        services = hospital.medworks.rows("SELECT state FROM EESZT_V_SERVICE WHERE service = 'runner'")
        assert [row["state"] for row in services] == ["UP"]


def test_a_pause_is_seen_by_every_daemon(tmp_path: Path, oracle: OracleDatabase) -> None:
    with daemons(tmp_path, oracle, 2) as hospital:
        assert hospital.command("lane", "pause", "background").returncode == 0
        events(hospital, 6)
        seen_since = datetime.now(UTC) + timedelta(seconds=3)
        both = {("d1", "background"), ("d2", "background")}
        hospital.until("beats of the paused lane", lambda: both <= hospital.beating(seen_since))
        assert hospital.states() == {"NEW": 6}
        assert hospital.command("lane", "resume", "background").returncode == 0
        hospital.settle()
        assert hospital.states() == {"ACCEPTED": 6}


def ended_by_himself(hospital: OracleHospital, doctor: Person) -> None:
    hospital.medworks.log_out(doctor)


def ended_by_an_administrator(hospital: OracleHospital, doctor: Person) -> None:
    done = hospital.command("login", "logout", str(doctor.eeszt_user))
    assert done.returncode == 0, done.stderr.decode()


def ended_by_a_changed_match(hospital: OracleHospital, doctor: Person) -> None:
    for eeszt_user in ("O99999", doctor.eeszt_user):
        change = "UPDATE EESZT_USER_MAP SET eeszt_user = :eeszt_user WHERE his_user = :his_user"
        hospital.medworks.change((change, {"eeszt_user": eeszt_user, "his_user": doctor.his_user}))


def ended_by_a_changed_role(hospital: OracleHospital, doctor: Person) -> None:
    for role in ("EGYEB", doctor.role):
        change = "UPDATE EESZT_USER_WORKPLACE SET role = :role WHERE eeszt_user = :eeszt_user AND workplace = :place"
        hospital.medworks.change((change, {"role": role, "eeszt_user": doctor.eeszt_user, "place": BELGYOGYASZAT}))


def test_a_session_that_ends_is_used_by_no_daemon_any_more(tmp_path: Path, oracle: OracleDatabase) -> None:
    ends = (
        (KOVACS, ended_by_himself),
        (SZUCS, ended_by_a_changed_match),
        (KOVACS, ended_by_an_administrator),
        (SZUCS, ended_by_a_changed_role),
    )
    with daemons(tmp_path, oracle, 2, latency_ms=30) as hospital:
        for doctor, end in ends:
            before = sent_by(hospital)

            def both_use_it(doctor: Person = doctor, before: Counter[str] = before) -> bool:
                for number in range(6):
                    hospital.medworks.record_event(doctor, PATIENTS[number], "J0690")
                hospital.settle()
                return set(sent_by(hospital) - before) == set(hospital.daemons)

            hospital.until("both daemons have the session open", both_use_it)
            documents = len(hospital.simulator.register())
            end(hospital, doctor)
            for number in range(6):
                hospital.medworks.record_event(doctor, PATIENTS[number], "J0690")
            prescription = hospital.medworks.prescribe(doctor, PATIENTS[0], "210002737", "1 tabletta")
            hospital.settle()
            status = hospital.medworks.status("erecept_feliras", prescription)
            assert (status["state"], status["ward_answer"]) == ("MISSED", "PAPER"), end.__name__
            assert hospital.states()["PARKED"] == 6, end.__name__
            assert len(hospital.simulator.register()) == documents, end.__name__
            hospital.log_in(str(doctor.eeszt_user), doctor.his_user)
            hospital.settle()
            assert "PARKED" not in hospital.states(), "what waited goes by itself"
        assert hospital.differences() == []


def test_old_and_new_mappings_work_side_by_side(tmp_path: Path, oracle: OracleDatabase) -> None:
    with oracle_hospital(tmp_path / "site", oracle) as hospital:
        own = hospital.folder / "own"
        for name in ("mappings", "templates"):
            shutil.copytree(shipped(name), own / name)
        shutil.copytree(shipped("sql") / "sources", own / "sql/sources")
        site = '[site]\nmappings = "own/mappings"\ntemplates = "own/templates"\nsources = "own/sql/sources"\n\n[log]\n'
        hospital.daemon("old")
        hospital.start("old")
        for doctor in (KOVACS, SZUCS):
            hospital.log_in(doctor.eeszt_user or "", doctor.his_user)
        hospital.medworks.record_event(KOVACS, PATIENTS[0], "J0690")
        hospital.settle()
        mapping = own / "mappings/ekat_esemeny/mapping.yaml"
        text = mapping.read_text("utf-8")
        changed = re.sub(r"(?m)^(title: .*)$", r"\1 (új)", text)
        assert changed != text
        mapping.write_text(changed, encoding="utf-8")
        new = hospital.daemon("new", ("[log]\n", site))
        hospital.start("new")
        put = [sys.executable, "-m", "runner", "--settings", str(new.settings), "mapping", "activate"]
        done = subprocess.run(put, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        before = sent_by(hospital)
        events(hospital, 8)
        number = hospital.medworks.prescribe(KOVACS, PATIENTS[0], "210002737", "1 tabletta")
        hospital.settle()
        assert hospital.states() == {"ACCEPTED": 10}
        sent = sent_by(hospital)
        assert sent["new"] - before["new"] >= 8, "what changed goes by who holds the new form alone"
        assert hospital.medworks.status("erecept_feliras", number)["state"] == "ACCEPTED", "what did not goes by either"
        versions = hospital.medworks.rows(
            "SELECT DISTINCT m.mapping_version FROM EESZT_MESSAGE m JOIN EESZT_V_ITEM i ON i.item_id = m.item_id"
            " WHERE i.document_type = 'ekat_esemeny'"
        )
        assert len(versions) == 2
        assert hospital.differences() == []


def test_a_row_that_kills_its_daemon_again_and_again_is_parked(tmp_path: Path, oracle: OracleDatabase) -> None:
    with oracle_hospital(tmp_path / "site", oracle, ('lease = "8s"', 'lease = "6s"')) as hospital:
        hospital.medworks.record_event(KOVACS, PATIENTS[0], "J0690")
        victim = hospital.daemon("victim")
        command = [sys.executable, "-m", "tests.support.killable", str(victim.settings), "claimed", "1"]
        [row] = hospital.medworks.rows("SELECT item_id FROM EESZT_V_ITEM")
        item = int(str(row["item_id"]))
        for _ in range(4):
            killed = subprocess.run(
                command,
                cwd=ROOT,
                capture_output=True,
                timeout=60,
                check=False,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
            assert killed.returncode == -9, killed.stderr.decode()
            over = f"UPDATE EESZT_OUT_BACKGROUND SET lease_until = created_at WHERE item_id = {item}"
            hospital.database.run(over)
        hospital.daemon("other")
        hospital.start("other")
        hospital.until("the end of it", lambda: hospital.state(item) == "PARKED")
        [found] = hospital.medworks.rows("SELECT what, reason_code FROM EESZT_V_ATTENTION")
        assert found == {"what": "PARKED", "reason_code": "POISON"}
