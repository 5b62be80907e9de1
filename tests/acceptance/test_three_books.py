"""
The judge that matters: real processes, SIGKILL at each step and at random moments, faults on; then three books meet.

Nothing is mocked: the daemon is a process that dies by SIGKILL, the counterpart is the simulator over mutual TLS,
MedWorkS reads and writes with SQL.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from runner import app
from runner.demo.medworks import MedWorkS
from runner.demo.people import BELGYOGYASZAT, KOVACS, PATIENTS, SZUCS, Person
from runner.demo.site import prepare_folder, write_settings
from runner.demo.stage import Stage
from runner.simulator import process
from tests.support import books

OF_A_BATCH = ("claimed", "prepared", "permitting", "permitted", "completing", "completed")
OF_AN_ITEM = ("sending", "answered", "probing", "asked")
ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@contextmanager
def hospital(folder: Path, **options: Any) -> Iterator[Stage]:
    """A hospital with a simulator that takes duplicates as second documents, and doctors who are logged in."""
    site = prepare_folder(folder)
    pack = app.default_pack()
    with process.start(site.simulator, pack=pack, duplicates="accept", **options) as simulator:
        write_settings(site, simulator.addresses, pack)
        app.install_example(site.settings)
        with app.opened_his(site.settings) as (desk, asked):
            medworks = MedWorkS(site.database, asked)
            medworks.register_people()
            stage = Stage(site, medworks, desk, simulator, pack)
            stage.start_daemon()
            stage.log_in_doctors()
            stage.stop_daemon()
            try:
                yield stage
            finally:
                stage.stop_daemon()


class Writer:
    """
    MedWorkS at work: some of everything, and episodes whose prescriptions share an order key.

    Attributes:
        asked: Items whose withdrawal was asked for.
    """

    def __init__(self, stage: Stage, chance: random.Random) -> None:
        self.asked: set[int] = set()
        self._stage, self._chance = stage, chance
        self._episodes: list[tuple[Person, Person, list[int], list[int]]] = []

    def write_rows(self) -> None:
        """One round: new rows, an episode begun, and another one meddled with."""
        stage, chance = self._stage, self._chance
        for _ in range(4):
            doctor, patient = chance.choice([KOVACS, SZUCS]), chance.choice(PATIENTS)
            stage.medworks.record_event(doctor, patient, "J0690")
            number = stage.medworks.prescribe(doctor, patient, "210002737", "1 tabletta")
            if chance.random() < 0.25:
                item = int(str(stage.status("erecept_feliras", number)["item_id"]))
                stage.desk.withdraw(item, doctor.his_user)
                self.asked.add(item)
        self.begin_episode()
        self.go_on_with(chance.randrange(len(self._episodes)))

    def begin_episode(self) -> None:
        """Two prescriptions under one order key."""
        doctor, stranger = self._chance.sample([KOVACS, SZUCS], 2)
        prescribe, patient = self._stage.medworks.prescribe, self._chance.choice(PATIENTS)
        numbers = [prescribe(doctor, patient, "210002737", "1 tabletta", send=False) for _ in range(2)]
        items = [insert(self._stage, "erecept_feliras", doctor, number, f"epizod-{numbers[0]}") for number in numbers]
        self._episodes.append((doctor, stranger, numbers, items))

    def go_on_with(self, episode: int) -> None:
        """Its first prescription is withdrawn by a row and perhaps written anew; a stranger meddles with the second."""
        doctor, stranger, numbers, items = self._episodes[episode]
        key = f"epizod-{numbers[0]}"
        insert(self._stage, "erecept_visszavonas", stranger, numbers[1], key)
        insert(self._stage, "erecept_visszavonas", doctor, numbers[0], self._chance.choice([key, None]))
        self.asked.add(items[0])
        if self._chance.random() < 0.7:
            items[0] = insert(self._stage, "erecept_feliras", doctor, numbers[0], key)


def insert(stage: Stage, document_type: str, person: Person, number: int, order_key: str | None) -> int:
    """Write an outbox row as MedWorkS does; its number."""
    sql = (
        "INSERT INTO EESZT_OUT_INTERACTIVE (document_type, source_key, order_key, recorded_by, workplace, recorded_at)"
        " VALUES (?, ?, ?, ?, ?, strftime('%Y-%m-%d %H:%M:%f', 'now'))"
    )
    binds = (document_type, str(number), order_key, person.his_user, BELGYOGYASZAT)
    item = write(stage, sql, *binds, by=person.his_user)
    assert item is not None
    return item


def write(stage: Stage, sql: str, *binds: object, by: str | None = None) -> int | None:
    with closing(sqlite3.connect(stage.site.database, timeout=10, isolation_level=None)) as connection:
        if by is not None:
            stage.medworks.bind(connection, by)
        return connection.execute(sql, binds).lastrowid


def refuse_copies(stage: Stage, what: str | None) -> None:
    """Let MedWorkS's own table refuse to be told this, or nothing any more."""
    write(stage, "DROP TRIGGER IF EXISTS MW_TILTAS")
    if what is not None:
        write(
            stage,
            "CREATE TRIGGER MW_TILTAS BEFORE UPDATE OF EESZT_ALLAPOT ON MW_VENY"
            f" WHEN NEW.EESZT_ALLAPOT = '{what}' BEGIN SELECT RAISE(FAIL, 'MW: nem'); END",
        )


def die_at(stage: Stage, step: str, nth: int) -> bool:
    """Run a daemon until it dies at the step; False where it did not come to it in time."""
    command = [sys.executable, "-m", "tests.support.killable", str(stage.site.settings), step, str(nth)]
    with (stage.site.folder / "killed.out").open("ab") as out:
        daemon = subprocess.Popen(
            command, cwd=ROOT, stdout=out, stderr=out, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
        try:
            daemon.wait(8)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()
            return False
    return daemon.returncode == -signal.SIGKILL


def judge(stage: Stage, writer: Writer) -> list[str]:
    """Let a clean daemon finish everything, one more episode with late copies too, then compare the books."""
    stage.simulator.clear()
    stage.start_daemon()
    stage.settle(60)
    writer.begin_episode()
    for refused in ("FELIRT", "VISSZAVONT", "VISSZAVONT"):
        refuse_copies(stage, refused)
        stage.settle(60)
        writer.go_on_with(-1)
    stage.settle(60)
    refuse_copies(stage, None)
    write(stage, "UPDATE EESZT_WRITE_BACK SET next_at = '2026-01-01 00:00:00.000000' WHERE next_at IS NOT NULL")
    late = "SELECT item_id, state FROM EESZT_WRITE_BACK WHERE next_at IS NOT NULL"
    stage.until("the late copies", lambda: not stage.medworks.rows(late), 30.0)
    stage.stop_daemon()
    items = stage.medworks.all_items()
    parked = [
        f"item {row['item_id']} is {row['state']}: {row['reason_code']}" for row in items if not stage.is_final(row)
    ]
    rows = stage.medworks.rows("SELECT item_id, message_id FROM EESZT_MESSAGE")
    names = stage.medworks.rows("SELECT item_id, value FROM EESZT_IDENTIFIER WHERE name = 'eeszt_id'")
    codes = stage.medworks.rows("SELECT veny_id, eeszt_vonalkod FROM MW_VENY")
    register = [
        entry for entry in stage.simulator.register() if entry["operation"] in {"erecept.Feliras", "ekat.Esemeny"}
    ]
    return parked + books.differences(
        [dict(row) for row in items],
        {int(str(row["item_id"])): str(row["value"]) for row in names},
        {int(str(row["item_id"])): str(row["message_id"]) for row in rows},
        register,
        {str(row["veny_id"]): row["eeszt_vonalkod"] for row in codes},  # type: ignore[misc]
        writer.asked,
    )


def test_killed_at_each_step_nothing_is_lost_doubled_or_told_wrongly(tmp_path: Path) -> None:
    chance = random.Random(20261123)
    with hospital(tmp_path / "site", latency_ms=20) as stage:
        died, writer = [], Writer(stage, chance)
        for step in OF_A_BATCH + OF_AN_ITEM:
            writer.write_rows()
            refuse_copies(stage, chance.choice(["FELIRT", "VISSZAVONT", None]))
            if step in {"probing", "asked"}:
                stage.simulator.fault("cut_after_accept", times=3)
            if die_at(stage, step, 1 if step in OF_A_BATCH else chance.randint(1, 3)):
                died.append(step)
            for lane in stage.lanes:  # to be held by many who die is another test's: each of these deaths is the first
                write(stage, f"UPDATE EESZT_OUT_{lane.upper()} SET rescue_count = 0 WHERE rescue_count > 0")
        assert not judge(stage, writer)
        assert died == [*OF_A_BATCH, *OF_AN_ITEM]


def test_killed_at_random_moments_with_faults_on_nothing_is_lost_doubled_or_told_wrongly(tmp_path: Path) -> None:
    seed = int(os.environ.get("JUDGE_SEED", "7"))
    rounds = int(os.environ.get("JUDGE_ROUNDS", "8"))
    chance = random.Random(seed)
    with hospital(tmp_path / "site", latency_ms=30) as stage:
        writer = Writer(stage, chance)
        for _ in range(rounds):
            writer.write_rows()
            refuse_copies(stage, chance.choice(["FELIRT", "VISSZAVONT", None]))
            for name, facts in chance.sample(
                [
                    ("cut_after_accept", {"times": 2}),
                    ("cut_before", {"times": 2}),
                    ("silent", {"times": 1}),
                    ("late_accept", {"times": 1, "seconds": 1.0}),
                    ("wrong_signature", {"times": 1}),
                    ("wrong_relates_to", {"times": 1}),
                    ("html", {"times": 1}),
                    ("overloaded", {"times": 2}),
                    ("index_lag", {"seconds": 1.0}),
                ],
                3,
            ):
                stage.simulator.fault(name, **facts)
            stage.start_daemon()
            time.sleep(chance.uniform(0.05, 1.5))
            stage.kill_daemon()
        assert not judge(stage, writer), f"JUDGE_SEED={seed}"
