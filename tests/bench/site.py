"""A site for measuring: keys of the wanted kind, simulator for tokens, peer for the services, database, settings."""

from __future__ import annotations

import base64
import json
import secrets
import shutil
import sqlite3
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar

from runner import app
from runner.app import service
from runner.audit.keys import make_pair
from runner.daemon.work import Site
from runner.demo.medworks import MedWorkS
from runner.demo.people import BELGYOGYASZAT, INSTITUTION, KOVACS, PATIENTS, TECHNICAL_USER, WORKPLACES
from runner.demo.site import write_secret
from runner.simulator import process
from runner.simulator.pki import Pki, make_pki

KeyKind = Literal["rsa", "p256"]

SETTINGS = """\
[runner]
name = "{name}"
environment = "test"
state_dir = "state-{name}"

[database]
{database}

[eeszt]
contract = "{pack}"
pins = ["simulator/pki/service.crt"]
sts_pins = ["simulator/pki/sts.crt"]
connect_timeout = "5s"
read_timeout = "20s"

[eeszt.addresses]
sts = "{sts}"
erecept = "https://127.0.0.1:{port}/erecept"
ekat = "https://127.0.0.1:{port}/ekat"
ebeutalo = "https://127.0.0.1:{port}/ebeutalo"
ehr = "https://127.0.0.1:{port}/ehr"
eprofil = "https://127.0.0.1:{port}/eprofil"

[tls]
client_certificate = "simulator/pki/institution.crt"
client_key = "simulator/pki/institution.key"
trust = "simulator/pki/ca.crt"

[institution]
code = "{institution}"

[technical_user]
name = "{technical_user}"
pkcs12 = "simulator/pki/technical.p12"
password_file = "simulator/pki/technical.password"

[sealing]
key_file = "sealing.key"

[audit]
folder = "audit"
public_key = "audit-public.pem"

[log]
file = "{name}.log"

{lanes}
"""

RECORDER = "labor.laszlo"
"""Deliberately not registered with the EESZT, so that his rows go under the technical user's name."""

EVENT = {
    "TAJ": PATIENTS[0].taj,
    "NEV": PATIENTS[0].name,
    "SZUL_DATUM": PATIENTS[0].born,
    "TIPUS": "JAROBETEG",
    "DIAGNOZISOK": [{"BNO": "J0690", "TIPUS": "1"}, {"BNO": "I10H0", "TIPUS": "2"}, {"BNO": "E1190", "TIPUS": "2"}],
}


@dataclass
class Bench:
    """One site, with its other side running."""

    folder: Path
    pki: Pki
    simulator: process.SimulatorProcess
    port: int

    name = "bench"
    """Of the daemon whose settings are written."""

    @property
    def settings(self) -> Path:
        return self.folder / f"{self.name}.toml"

    @property
    def section(self) -> str:
        """What the settings say of the database."""
        return 'path = "medworks.db"'

    @property
    def database(self) -> Path:
        return self.folder / "medworks.db"

    def configure(self, **lanes: Mapping[str, object]) -> None:
        """Write the settings; lanes as ``background={"senders": 20}``."""
        text = "\n".join(
            f"[lanes.{lane}]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())
            for lane, values in lanes.items()
        )
        (self.folder / f"state-{self.name}").mkdir(exist_ok=True)
        self.settings.write_text(
            SETTINGS.format(
                name=self.name,
                database=self.section,
                pack=app.default_pack().as_posix(),
                sts=self.simulator.addresses["sts"],
                port=self.port,
                institution=INSTITUTION,
                technical_user=TECHNICAL_USER,
                lanes=text,
            ),
            encoding="utf-8",
        )

    def empty(self) -> None:
        """Make the database anew."""
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self.database}{suffix}").unlink(missing_ok=True)
        shutil.rmtree(self.folder / "audit", ignore_errors=True)  # it knows of messages that the new one does not
        app.install_example(self.settings)
        MedWorkS(self.database).register_people()
        self.sql("INSERT INTO EESZT_USER_MAP VALUES (?, 'NOT_REGISTERED', 0, NULL)", RECORDER)

    def connected(self) -> sqlite3.Connection:
        """A connection of MedWorkS's."""
        return sqlite3.connect(self.database, timeout=30, isolation_level=None)

    def sql(self, statement: str, *binds: object) -> list[tuple[Any, ...]]:
        with closing(self.connected()) as connection:
            return connection.execute(statement, binds).fetchall()

    def write_events(self, count: int, recorded_by: str = RECORDER) -> None:
        """Write ``count`` event rows as MedWorkS does, in one transaction."""
        with closing(sqlite3.connect(self.database, timeout=30, isolation_level=None)) as connection:
            connection.execute("PRAGMA cache_size = -200000")
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(INSERT, (event(recorded_by) for _ in range(count)))
            connection.execute("COMMIT")

    def write_due(self, count: int) -> None:
        """Write rows that are due, as fast as it goes."""
        self.write_events(count)

    def told(self) -> dict[str, Any]:
        """What the peer saw since it was last asked."""
        return told(self.pki, self.port)


BenchKind = TypeVar("BenchKind", bound=Bench)

INSERT = (
    "INSERT INTO EESZT_OUT_BACKGROUND "
    "(document_type, source_key, order_key, recorded_by, workplace, recorded_at, payload) VALUES (?, ?, ?, ?, ?, ?, ?)"
)


def event(recorded_by: str) -> tuple[object, ...]:
    """A row as MedWorkS writes it."""
    now = datetime.now(UTC)
    key = f"bench-{secrets.token_hex(8)}"
    recorded_at = f"{now:%Y-%m-%d %H:%M:%S.%f}"
    return ("ekat_esemeny", key, key, recorded_by, BELGYOGYASZAT, recorded_at, payload(now))


def payload(now: datetime) -> str:
    """What MedWorkS says of an event."""
    begun = f"{now - timedelta(minutes=20):%Y-%m-%dT%H:%M:%SZ}"
    return json.dumps({**EVENT, "NAPLOSORSZAM": f"{now:%Y}/1", "KEZDETE": begun}, ensure_ascii=False)


def client_tls(pki: Pki) -> ssl.SSLContext:
    """The institution's side of TLS."""
    tls = ssl.create_default_context(cafile=pki.ca.certificate)
    tls.load_cert_chain(pki.institution.certificate, pki.institution.key)
    return tls


def told(pki: Pki, port: int) -> dict[str, Any]:
    """What a peer saw since it was last asked."""
    with urllib.request.urlopen(f"https://127.0.0.1:{port}/", context=client_tls(pki)) as answer:
        return dict(json.loads(answer.read()))


@contextmanager
def peer(pki: Pki, latency_ms: float = 0.0) -> Iterator[int]:
    """Start a peer; its port."""
    command = [sys.executable, "-m", "tests.bench.peer", str(pki.folder), str(latency_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as started:
        try:
            assert started.stdout is not None
            yield int(started.stdout.readline())
        finally:
            started.terminate()


@contextmanager
def bench(
    folder: Path, keys: KeyKind = "p256", latency_ms: float = 0.0, kind: Callable[..., BenchKind] = Bench
) -> Iterator[BenchKind]:
    """Make a site in an empty folder and start its other side."""
    state = folder / "simulator"
    pki = make_pki(state / "pki", keys=keys, institution=INSTITUTION, technical_user=TECHNICAL_USER)
    write_secret(folder / "sealing.key", base64.b64encode(secrets.token_bytes(32)))
    make_pair(folder / "audit-private.pem", folder / "audit-public.pem", None)
    users = {
        "institution": INSTITUTION,
        "technical_user": {"eeszt_user": TECHNICAL_USER, "workplaces": list(WORKPLACES)},
        "users": [{"eeszt_user": KOVACS.eeszt_user, "role": "ORVOS", "workplaces": list(WORKPLACES)}],
    }
    write_secret(state / "users.yaml", json.dumps(users).encode())
    with (
        process.start(state, pack=app.default_pack(), duplicates="accept") as simulator,
        peer(pki, latency_ms) as port,
    ):
        made = kind(folder, pki, simulator, port)
        made.configure()
        made.empty()
        yield made


class _Held:
    """Stands where the daemon would: holds what the wiring made, and starts nothing."""

    site: Site

    def __init__(self, site: Site, lanes: object, services: object, duties: object) -> None:
        type(self).site, self.lanes, self.services, self.duties = site, lanes, services, duties

    def start(self) -> None:
        """Not now."""

    def wake(self) -> None:
        """Nobody sleeps."""

    def stop(self) -> bool:
        """Nothing runs."""
        return True


@contextmanager
def wired(settings: Path) -> Iterator[Site]:
    """Give the daemon's parts exactly as ``app`` wires them, without its threads."""
    daemon = service.Daemon
    service.Daemon = _Held  # type: ignore[assignment,misc]
    try:
        with app.running(settings):
            yield _Held.site
    finally:
        service.Daemon = daemon  # type: ignore[misc]


__all__ = ["Bench", "KeyKind", "bench", "client_tls", "peer", "told", "wired"]
