"""A hospital whose MedWorkS lives in an Oracle database, and any number of daemons as processes that can be killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import oracledb

from runner import app
from runner.demo.medworks import MedWorkS
from runner.demo.people import PEOPLE, Person
from runner.demo.site import prepare_folder, write_secret, write_settings
from runner.demo.stage import FINAL
from runner.simulator import process
from tests.support import books
from tests.support.his import Session
from tests.support.oracle import OWNER, RUNTIME, OracleDatabase

MOVING = (
    "SELECT item_id, state, reason_code FROM EESZT_V_STATUS"
    " WHERE state IN ('NEW', 'CLAIMED', 'SENDING', 'UNKNOWN', 'WAITING') OR compensation = 'DUE'"
)


class OracleMedWorkS(MedWorkS):
    """The same MedWorkS on Oracle: it writes and reads as the HIS's user, but for what only a DBA may."""

    def __init__(self, database: OracleDatabase) -> None:
        self.database = database
        self._handles = {}

    def begin_login(self, person: Person) -> str:
        """Begin a login by EESZT_API, and keep its handle as a client does."""
        with closing(self.database.connect(OWNER)) as connection:
            session = Session(connection)
            outs = ("nonce", "short_code", "handle")
            nonce, _, handle = session.tell("login_begin", outs, his_user=person.his_user)
        self._handles[person.his_user] = handle
        return str(nonce)

    def log_out(self, person: Person) -> None:
        """End a person's login by EESZT_API, as its client does."""
        with closing(self.database.connect(OWNER)) as connection:
            Session(connection).tell("logout", handle=self._handles[person.his_user])

    def rows(self, sql: str, **binds: object) -> list[Mapping[str, object]]:
        with closing(self.database.connect(OWNER)) as connection, connection.cursor() as cursor:
            given = _instants(binds)
            cursor.setinputsizes(**_sizes(given))
            cursor.execute(sql, given)
            names = [each[0].lower() for each in cursor.description]
            return [dict(zip(names, map(_whole, row), strict=True)) for row in cursor]

    def change(self, *statements: tuple[str, Mapping[str, object]], by: Person | None = None) -> None:
        with closing(self.database.connect(OWNER)) as connection, connection.cursor() as cursor:
            if by is not None and (handle := self._handles.get(by.his_user)) is not None:
                session = Session(connection)
                state, _ = session.tell("login_state", ("state", "minutes_left"), handle=handle)
                session.tell("bind", handle=handle if state == "LIVE" else None)
            for sql, binds in statements:
                given = _instants(binds)
                cursor.setinputsizes(**_sizes(given))
                cursor.execute(sql, given)
            connection.commit()

    def all_items(self) -> Sequence[Mapping[str, object]]:
        return self.rows("SELECT s.* FROM EESZT_V_STATUS s ORDER BY s.item_id")


def _instants(binds: Mapping[str, object]) -> dict[str, object]:
    """Give the texts of times as instants, which is what the columns hold."""
    times = {"recorded_at", "since", "now"}
    return {
        name: datetime.fromisoformat(value) if name in times and isinstance(value, str) else value
        for name, value in binds.items()
    }


def _sizes(binds: Mapping[str, object]) -> dict[str, Any]:
    return {name: oracledb.DB_TYPE_TIMESTAMP for name, value in binds.items() if isinstance(value, datetime)}


def _whole(value: Any) -> Any:
    return value.read() if isinstance(value, oracledb.LOB) else value


@dataclass
class Daemon:
    """
    One daemon: a process with settings, log and state of its own.

    Attributes:
        name: In heartbeats and in the log.
        settings: Its settings file.
    """

    name: str
    settings: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        command = [sys.executable, "-m", "runner", "--settings", str(self.settings), "run"]
        with self.out.open("ab") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=output)

    def kill(self) -> None:
        """Kill it as a power cut would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = None

    def stop(self) -> int | None:
        """Stop it in order, where it runs; its exit status."""
        if self.process is None:
            return None
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(90)
        self.process = None
        return status

    @property
    def out(self) -> Path:
        """What it prints."""
        return self.settings.with_suffix(".out")

    def log(self) -> list[dict[str, Any]]:
        """Its log's events."""
        path = self.settings.with_suffix(".log")
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    def events(self, name: str) -> list[dict[str, Any]]:
        """Its events of one name."""
        return [each for each in self.log() if each.get("event") == name]


@dataclass
class OracleHospital:
    """
    One hospital on Oracle.

    Attributes:
        folder: Where everything but the database lies.
        database: The database.
        medworks: MedWorkS's hand.
        simulator: The counterpart's control.
        daemons: Those that were made, by name.
    """

    folder: Path
    database: OracleDatabase
    medworks: OracleMedWorkS
    simulator: Any
    daemons: dict[str, Daemon] = field(default_factory=dict)

    @property
    def settings(self) -> Path:
        """The settings file that the others are made from; commands use it."""
        return self.folder / "runner.toml"

    def daemon(self, name: str, *changes: tuple[str, str]) -> Daemon:
        """Make a daemon, with some of the settings changed."""
        text = self.settings.read_text("utf-8")
        own = [
            ('name = "demo"', f'name = "{name}"'),
            ('state_dir = "state"', f'state_dir = "state-{name}"'),
            ('file = "runner.log"', f'file = "{name}.log"'),
            *changes,
        ]
        for old, new in own:
            assert old in text, old
            text = text.replace(old, new)
        if self.daemons:  # people log in at the first one's door
            text = text[: text.index("[login]")] + text[text.index("[sealing]") :]
        (self.folder / f"state-{name}").mkdir(mode=0o700, exist_ok=True)
        settings = self.folder / f"{name}.toml"
        settings.write_text(text, encoding="utf-8")
        self.daemons[name] = Daemon(name, settings)
        return self.daemons[name]

    def start(self, *names: str) -> None:
        """Start daemons and wait for a heartbeat of each on each lane."""
        began = datetime.now(UTC)
        for name in names:
            self.daemons[name].start()
        lanes = {(name, lane) for name in names for lane in ("interactive", "query", "background")}
        self.until("heartbeats", lambda: lanes <= self.beating(began), 240)

    def beating(self, since: datetime) -> set[tuple[str, str]]:
        """Which daemons have shown themselves alive on which lane since then."""
        rows = self.medworks.rows("SELECT owner, lane, beat_at FROM EESZT_RUNNER")
        return {
            (str(row["owner"]), str(row["lane"]))
            for row in rows
            if row["beat_at"].replace(tzinfo=UTC) >= since - timedelta(seconds=1)  # type: ignore[attr-defined]
        }

    def until(self, what: str, happened: Callable[[], bool], timeout_s: float = 90.0) -> None:
        """Wait until something has happened; a daemon that ends by itself meanwhile is told."""
        end = time.monotonic() + timeout_s
        while not happened():
            for each in self.daemons.values():
                if each.process is not None and each.process.poll() is not None:
                    raise AssertionError(f"{each.name} ended by itself: {each.out.read_text('utf-8')[-1500:]}")
            assert time.monotonic() < end, f"waited {timeout_s:.0f} s in vain: {what}"
            time.sleep(0.05)

    def settle(self, timeout_s: float = 240.0) -> None:
        """Wait until nothing is under way any more."""
        try:
            self.until("everything's end", lambda: not self.medworks.rows(MOVING), timeout_s)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.medworks.rows(MOVING)[:9]}") from error

    def states(self) -> dict[str, int]:
        """State → how many items."""
        rows = self.medworks.rows("SELECT state, COUNT(*) AS n FROM EESZT_V_STATUS GROUP BY state")
        return {str(row["state"]): int(str(row["n"])) for row in rows}

    def state(self, item: int) -> str:
        """Where an item stands."""
        [row] = self.medworks.rows("SELECT state FROM EESZT_V_STATUS WHERE item_id = :item", item=item)
        return str(row["state"])

    def differences(self) -> list[str]:
        """Compare the three books at rest."""
        names = self.medworks.rows("SELECT item_id, value FROM EESZT_IDENTIFIER WHERE name = 'eeszt_id'")
        sent = self.medworks.rows("SELECT item_id, message_id FROM EESZT_MESSAGE")
        codes = self.medworks.rows("SELECT veny_id, eeszt_vonalkod FROM MW_VENY")
        written = {"erecept.Feliras", "ekat.Esemeny"}
        return books.differences(
            [dict(row) for row in self.medworks.all_items()],
            {int(str(row["item_id"])): str(row["value"]) for row in names},
            {int(str(row["item_id"])): str(row["message_id"]) for row in sent},
            [entry for entry in self.simulator.register() if entry["operation"] in written],
            {str(row["veny_id"]): row["eeszt_vonalkod"] for row in codes},  # type: ignore[misc]
        )

    def unfinished(self) -> list[str]:
        """Items that have not ended."""
        return [f"{row['item_id']} is {row['state']}" for row in self.medworks.all_items() if row["state"] not in FINAL]

    def command(self, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Run a command of the runner on this site."""
        command = [sys.executable, "-m", "runner", "--settings", str(self.settings), *words]
        return subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=240)

    def log_in(self, eeszt_user: str, his_user: str) -> None:
        """Log a person in, with whichever of the three passwords that count now has not been used."""
        from runner.demo.site import DemoSite  # noqa: PLC0415

        person = next(each for each in PEOPLE if each.his_user == his_user)
        for ahead_s in (0, 30, -30):
            shown = DemoSite(self.folder).password_of(eeszt_user, time.time() + ahead_s)
            said = f"{self.medworks.begin_login(person)}\n{shown}\n".encode()
            done = self.command("login", "otp", "--nonce", stdin=said)
            if done.returncode == 0:
                return
        raise AssertionError(done.stderr.decode() + done.stdout.decode())


@contextmanager
def oracle_hospital(
    folder: Path, database: OracleDatabase, *changes: tuple[str, str], **options: Any
) -> Iterator[OracleHospital]:
    """
    Open one, with all document types in force; no daemon runs yet.

    Args:
        folder: Where it lies.
        database: Its database, installed and empty.
        changes: Texts of the settings file → what stands there instead.
        options: Of the simulator.
    """
    site = prepare_folder(folder)
    pack = app.default_pack()
    user, password = database.users[RUNTIME]
    write_secret(site.folder / "db.password", password.encode())
    section = (
        f'dsn = "{database.dsn}"\nuser = "{user}"\npassword_file = "db.password"\nowner = "{database.owner}"\n'
        'call_timeout = "3s"\n'
    )
    with process.start(site.simulator, pack=pack, duplicates="accept", **options) as simulator:
        write_settings(site, simulator.addresses, pack)
        text = site.settings.read_text("utf-8")
        for old, new in (('path = "medworks.db"\n', section), *changes):
            assert old in text, old
            text = text.replace(old, new)
        site.settings.write_text(text, encoding="utf-8")
        app.activate(site.settings)
        medworks = OracleMedWorkS(database)
        medworks.register_people()
        hospital = OracleHospital(site.folder, database, medworks, simulator.control)
        try:
            yield hospital
        finally:
            for daemon in hospital.daemons.values():
                if daemon.process is not None:
                    daemon.process.kill()
                    daemon.process.wait()
