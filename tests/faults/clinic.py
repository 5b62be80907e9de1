"""A clinic on which everything may break: real processes, MedWorkS's hand on the database, and a look from outside."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from runner import app
from runner.demo.medworks import MedWorkS
from runner.demo.people import BELGYOGYASZAT, KOVACS, PATIENTS, SZUCS, Patient, Person
from runner.demo.site import prepare_folder, write_settings
from runner.demo.stage import PASSWORD_LIFE_S, SceneError, Stage
from runner.simulator import process
from tests.support import books

LANE_OF = {"erecept_feliras": "INTERACTIVE", "erecept_visszavonas": "INTERACTIVE", "erecept_lekerdezes": "QUERY"}

PATIENCE = 4
"""How many times longer than on a machine of its own anything may take; only a failure waits so long."""


@dataclass
class Clinic:
    """One hospital under attack."""

    stage: Stage

    @property
    def settings(self) -> Path:
        return self.stage.site.settings

    @property
    def simulator(self) -> Any:
        return self.stage.simulator

    # what MedWorkS writes

    def connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.stage.site.database, timeout=10, isolation_level=None)
        connection.row_factory = sqlite3.Row
        return connection

    def sql(self, statement: str, *binds: object) -> list[sqlite3.Row]:
        with closing(self.connect()) as connection:
            return connection.execute(statement, binds).fetchall()

    def insert(self, document_type: str, lane: str | None = None, **columns: object) -> int:
        """Write an outbox row as MedWorkS would, its mistakes included; its number."""
        row: dict[str, object] = {
            "document_type": document_type,
            "recorded_by": KOVACS.his_user,
            "workplace": BELGYOGYASZAT,
            "recorded_at": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}",
            **columns,
        }
        table = f"EESZT_OUT_{lane or LANE_OF.get(document_type, 'BACKGROUND')}"
        row = {name: value for name, value in row.items() if value is not LEFT_OUT}
        with closing(self.connect()) as connection:
            self.stage.medworks.bind(connection, str(row.get("recorded_by")))
            cursor = connection.execute(
                f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values())
            )
            assert cursor.lastrowid is not None
            return cursor.lastrowid

    def event(self, document_type: str = "ekat_esemeny", patient: Patient = PATIENTS[0], **columns: object) -> int:
        """An event; ``payload=…`` replaces its payload, ``fields=…`` changes some of it."""
        fields = {**event_fields(patient), **dict(columns.pop("fields", {}))}  # type: ignore[call-overload]
        fields = {name: value for name, value in fields.items() if value is not LEFT_OUT}
        columns.setdefault("payload", json.dumps(fields, ensure_ascii=False))
        return self.insert(document_type, **columns)

    def prescription(
        self,
        document_type: str = "erecept_feliras",
        doctor: Person = KOVACS,
        patient: Patient = PATIENTS[0],
        fields: Mapping[str, object] | None = None,
        **columns: object,
    ) -> int:
        """A record in MedWorkS's own table, and its outbox row."""
        number = self.stage.medworks.prescribe(doctor, patient, "210002737", "1 tabletta", send=False)
        for name, value in (fields or {}).items():
            self.sql(f"UPDATE MW_VENY SET {name} = ? WHERE VENY_ID = ?", value, number)
        standard: dict[str, object] = {
            "recorded_by": doctor.his_user,
            "order_key": f"veny-{number}",
            "lane": "INTERACTIVE",
        }
        return self.insert(document_type, **{**standard, "source_key": str(number), **columns})  # type: ignore[arg-type]

    def start_daemon(self) -> None:
        """Start the daemon and wait for beats of its own, not of the one before it."""
        beats = "SELECT lane, beat_at FROM EESZT_RUNNER"
        before = {row["lane"]: row["beat_at"] for row in self.sql(beats)}
        self.stage.start_daemon()
        self.until(
            "its own beats",
            lambda: all(row["beat_at"] > before.get(row["lane"], "") for row in self.sql(beats)),
        )

    def log_in(self, person: Person) -> None:
        """Log in, with whichever of the three passwords that count now has not been used, else with the next one."""
        said: list[str] = []
        for _ in range(PATIENCE):
            for ahead_s in (0, 30, -30):
                password = self.stage.counterpart.one_time_password(person.eeszt_user or "", ahead_s=ahead_s)
                typed = f"{self.stage.medworks.begin_login(person)}\n{password}\n".encode()
                done = self.command("login", "otp", "--nonce", stdin=typed)
                if done.returncode == 0:
                    return
                said.append(done.stderr.decode())
            time.sleep(PASSWORD_LIFE_S - time.time() % PASSWORD_LIFE_S)  # until there is another one
        raise AssertionError(f"{person.his_user} cannot log in: {said}")

    # what MedWorkS sees

    def row(self, item: int) -> dict[str, Any]:
        [found] = self.sql("SELECT * FROM EESZT_V_STATUS WHERE item_id = ?", item)
        return dict(found)

    def state(self, item: int) -> str:
        return str(self.row(item)["state"])

    def ending(self, item: int) -> tuple[str, str | None, str | None]:
        row = self.row(item)
        return row["state"], row["ward_answer"], row["reason_code"]

    def service(self, name: str) -> str | None:
        found = self.sql("SELECT state FROM EESZT_V_SERVICE WHERE service = ?", name)
        return str(found[0]["state"]) if found else None

    def until(self, what: str, happened: Callable[[], bool], timeout_s: float = 15.0) -> float:
        """Wait until it has happened; how long it took."""
        began = time.monotonic()
        self.stage.until(what, happened, timeout_s * PATIENCE)
        return time.monotonic() - began

    def rest(self, *items: int, timeout_s: float = 15.0) -> list[dict[str, Any]]:
        """Wait until the items have ended or need a person; what is said of them then."""
        moving = (
            f"SELECT item_id, document_type, state, reason_code FROM EESZT_V_ITEM WHERE item_id IN ({_listed(items)})"
            " AND state NOT IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED', 'PARKED')"
        )
        try:
            self.stage.until("their ends", lambda: not self.sql(moving), timeout_s * PATIENCE)
        except SceneError as error:
            raise AssertionError([tuple(row) for row in self.sql(moving)]) from error
        rows = self.sql(f"SELECT * FROM EESZT_V_STATUS WHERE item_id IN ({_listed(items)})")
        found = {row["item_id"]: dict(row) for row in rows}
        return [found[item] for item in items]

    def rest_of_wards(self, *items: int) -> tuple[int, ...]:
        """Wait until no ward waits for any of the items; the items."""
        waiting = f"SELECT 1 FROM EESZT_V_ITEM WHERE item_id IN ({_listed(items)}) AND ward_answer = 'WAIT'"
        self.stage.until("the wards' answers", lambda: not self.sql(waiting), 15 * PATIENCE)
        return items

    # books

    def documents(self, item: int) -> list[dict[str, Any]]:
        """What the EESZT itself has of the item."""
        found = self.sql("SELECT message_id FROM EESZT_MESSAGE WHERE item_id = ?", item)
        reference = found[0]["message_id"] if found else None
        return [entry for entry in self.simulator.register() if entry["own_reference"] == reference]

    def differences(self, timeout_s: float = 5.0) -> list[str]:
        """Compare the three books, as the judge of the acceptance test does; copies follow an end by a moment."""
        deadline = time.monotonic() + timeout_s * PATIENCE
        while (found := self._differences()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return found

    def _differences(self) -> list[str]:
        register = [
            entry for entry in self.simulator.register() if entry["operation"] in {"erecept.Feliras", "ekat.Esemeny"}
        ]
        names = self.sql("SELECT item_id, value FROM EESZT_IDENTIFIER WHERE name = 'eeszt_id' AND is_second = 0")
        return books.differences(
            [dict(row) for row in self.sql("SELECT * FROM EESZT_V_STATUS ORDER BY item_id")],
            {row["item_id"]: row["value"] for row in names},
            {row["item_id"]: row["message_id"] for row in self.sql("SELECT item_id, message_id FROM EESZT_MESSAGE")},
            register,
            {str(row["veny_id"]): row["eeszt_vonalkod"] for row in self.sql("SELECT * FROM MW_VENY")},
        )

    def log(self) -> list[dict[str, Any]]:
        """Every event of the daemon."""
        return [json.loads(line) for line in (self.stage.site.folder / "runner.log").read_text("utf-8").splitlines()]

    def events(self, name: str) -> list[dict[str, Any]]:
        return [each for each in self.log() if each.get("event") == name]

    def command(self, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Run a command of the runner on this site."""
        command = [sys.executable, "-m", "runner", "--settings", str(self.settings), *words]
        return subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=60 * PATIENCE)


LEFT_OUT = object()
"""Stands for a column or field that MedWorkS forgets."""


def _listed(items: Sequence[int]) -> str:
    return ", ".join(str(item) for item in items)


def event_fields(patient: Patient) -> dict[str, object]:
    now = datetime.now(UTC)
    return {
        "TAJ": patient.taj,
        "NEV": patient.name,
        "SZUL_DATUM": patient.born,
        "TIPUS": "JAROBETEG",
        "NAPLOSORSZAM": f"{now:%Y}/1",
        "KEZDETE": f"{now - timedelta(minutes=20):%Y-%m-%dT%H:%M:%SZ}",
        "DIAGNOZISOK": [{"BNO": "J0690", "TIPUS": "1"}],
    }


@contextmanager
def clinic(
    folder: Path,
    *,
    changes: Sequence[tuple[str, str]] = (),
    files: Callable[[Path], None] | None = None,
    own_contract: bool = False,
    people: Sequence[Person] = (KOVACS, SZUCS),
    daemon: bool = True,
    **options: Any,
) -> Iterator[Clinic]:
    """
    Open one.

    Args:
        folder: Where it lies.
        changes: Texts of the settings file → what stands there instead.
        files: Makes mappings, templates and sources of the clinic's own in a folder.
        own_contract: Whether the contract is of that folder too, to simulator and runner.
        people: Who logs in.
        daemon: Whether the daemon runs.
        options: Of the simulator.
    """
    site = prepare_folder(folder)
    pack = app.default_pack()
    if files is not None:
        files(folder / "own")
        own = 'mappings = "own/mappings"\ntemplates = "own/templates"\nsources = "own/sql/sources"\n'
        changes = [*changes, ("[log]\n", f"[site]\n{own}\n[log]\n")]
        pack = folder / "own" / "mappings" / "contract" / "reference-1" if own_contract else pack
    with process.start(site.simulator, pack=pack, duplicates="accept", **options) as simulator:
        write_settings(site, simulator.addresses, pack)
        text = site.settings.read_text("utf-8")
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        site.settings.write_text(text, "utf-8")
        app.install_example(site.settings)
        with app.opened_his(site.settings) as (desk, asked):
            medworks = MedWorkS(site.database, asked)
            medworks.register_people()
            stage = Stage(site, medworks, desk, simulator, pack)
            try:
                opened = Clinic(stage)
                if people or daemon:
                    opened.start_daemon()
                for person in people:
                    opened.log_in(person)
                if not daemon:
                    stage.stop_daemon()
                yield opened
            finally:
                stage.stop_daemon()
                stage.counterpart = simulator if stage.counterpart is simulator else stage.counterpart
                if stage.counterpart is not simulator:
                    stage.stop_counterpart()
