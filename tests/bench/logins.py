"""Logins: a token that is remembered, fifty people at once, and what a login adds to his card and his PIN."""

from __future__ import annotations

import hashlib
import http.client
import json
import secrets
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from runner import app
from runner.demo.people import BELGYOGYASZAT, INSTITUTION, TECHNICAL_USER, WORKPLACES
from runner.demo.site import write_secret
from runner.domain.card import PinRule
from runner.login.card import Readers
from runner.login.card_agent import log_in
from runner.settings.workstation import Workstation
from runner.simulator.user import new_seed, one_time_password
from tests.bench.daemon import daemon
from tests.bench.report import Report, spread
from tests.bench.site import Bench, bench, wired
from tests.card.support import ScriptedService
from tests.support.card.applet import Applet
from tests.support.card.identity import CardAuthority, CardIdentity

PEOPLE = 50
PIN = "481516"
HITS = 2000
DOOR = """
[login]
listen = "127.0.0.1:{port}"
certificate = "simulator/pki/service.crt"
key = "simulator/pki/service.key"
card_profile = "reference_p256"
card_trust = ["{trust}"]
"""


def logins(report: Report, folder: Path, *, quick: bool) -> None:
    """Measure them: 50 people at once through the daemon's own door, and the cache as the daemon has it."""
    with bench(folder) as site:
        cards = CardAuthority()
        people = [_Person(f"O{10000 + n}", cards.issue(f"O{10000 + n}")) for n in range(PEOPLE)]
        door = _prepared(site, people, cards.write(folder / "cards.pem"))
        with daemon(site):
            began = time.monotonic()
            wrong = _at_once(people, lambda person: _by_password(site, door, person))
            report.add(
                f"{PEOPLE} people log in at once with a one-time password, from one address",
                f"{wrong} errors, {time.monotonic() - began:.1f} s",
                "no error",
                met=wrong == 0,
            )
            began = time.monotonic()
            wrong = _at_once(people, lambda person: _by_card(site, door, person) is not None)
            took = f"{wrong} errors, {time.monotonic() - began:.1f} s"
            report.add(f"{PEOPLE} people log in at once with a card", took, "no error", met=wrong == 0)
            alone = [_by_card(site, door, people[n]) for n in range(3 if quick else 10)]
        starts = [_agent_starts(folder) for _ in range(3 if quick else 5)]
        whole = spread(start + each for start in starts for each in alone)
        parts = f" (of which the agent's start {spread(starts).middle:.2f})"
        report.at_most("login with a card beyond the card's own time and the PIN", whole, 2.0, "s", parts)
        with wired(site.settings) as parts_of_the_daemon:
            sessions = parts_of_the_daemon.sessions
            for name, who in (("a person's", people[0].eeszt_user), ("the technical user's", TECHNICAL_USER)):
                assert sessions.token(who) is not None
                hits = spread(_hit_us(lambda who=who: sessions.token(who)) for _ in range(5 if quick else 20))
                report.at_most(f"{name} token from the cache", hits, 100, "µs")


class _Person:
    """A doctor with token and card, who has his PIN at once."""

    def __init__(self, eeszt_user: str, card: CardIdentity) -> None:
        self.eeszt_user = eeszt_user
        self.card = card
        self.seed = new_seed()

    def show(self, his_user: str, institution: str, short_code: str | None) -> None:
        """Look at nothing."""

    def card_needed(self) -> None:
        """Have put it in."""

    def on_the_pad(self) -> None:
        """Have no pad."""

    def pin(self, rule: PinRule, tries_left: int | None) -> str:
        """Know it."""
        del rule, tries_left
        return PIN


class _TimedCard(Applet):
    """A card that counts its own time."""

    own_s = 0.0

    def process(self, command: bytes) -> bytes:
        began = time.monotonic()
        try:
            return super().process(command)
        finally:
            self.own_s += time.monotonic() - began


def _prepared(site: Bench, people: list[_Person], trust: Path) -> Workstation:
    """Register them in the EESZT and in GUARD, and give the door that the daemon will open."""
    users = [
        {
            "eeszt_user": each.eeszt_user,
            "role": "ORVOS",
            "workplaces": list(WORKPLACES),
            "seed": each.seed,
            "cards": [hashlib.sha256(each.card.der).hexdigest()],
        }
        for each in people
    ]
    technical = {"eeszt_user": TECHNICAL_USER, "workplaces": list(WORKPLACES)}
    said = {"institution": INSTITUTION, "technical_user": technical, "users": users}
    write_secret(site.folder / "simulator" / "users.yaml", json.dumps(said).encode())
    for each in people:
        site.sql("INSERT INTO EESZT_USER_MAP VALUES (?, 'REGISTERED', 1, ?)", each.eeszt_user.lower(), each.eeszt_user)
        work = "INSERT INTO EESZT_USER_WORKPLACE (eeszt_user, workplace, role) VALUES (?, ?, 'ORVOS')"
        site.sql(work, each.eeszt_user, BELGYOGYASZAT)
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    with site.settings.open("a", encoding="utf-8") as settings:
        settings.write(DOOR.format(port=port, trust=trust.name))
    return Workstation("127.0.0.1", port, frozenset({app.endpoint_pin(site.settings)}))


def _begun(site: Bench, person: _Person) -> str:
    nonce = secrets.token_urlsafe(32)
    site.sql(
        "INSERT INTO EESZT_LOGIN_REQUEST (his_user, nonce_hash, begun_at, expires_at, handle_hash)"
        " VALUES (?, ?, datetime('now'), datetime('now', '+2 minutes'), ?)",
        person.eeszt_user.lower(),
        hashlib.sha256(nonce.encode()).hexdigest(),
        secrets.token_hex(32),
    )
    return nonce


def _at_once(people: list[_Person], one: Callable[[_Person], bool]) -> int:
    """Let all do it at the same moment; how many it does not succeed for."""
    together = threading.Barrier(len(people))

    def tried(person: _Person) -> bool:
        together.wait(60)
        try:
            return one(person)
        except Exception as error:  # noqa: BLE001  counted, and told
            print(f"    {type(error).__name__}: {error}", flush=True)
            return False

    with ThreadPoolExecutor(len(people)) as pool:
        return list(pool.map(tried, people)).count(False)


def _by_password(site: Bench, door: Workstation, person: _Person) -> bool:
    nonce = _begun(site, person)
    said = {"nonce": nonce, "one_time_password": one_time_password(person.seed, time.time())}
    context = ssl._create_unverified_context()
    with closing(http.client.HTTPSConnection(door.host, door.port, timeout=60, context=context)) as connection:
        connection.request("POST", "/login/otp", json.dumps(said), {"Content-Type": "application/json"})
        return connection.getresponse().status == http.client.OK


def _by_card(site: Bench, door: Workstation, person: _Person) -> float:
    """Seconds that a login takes beyond the card's own."""
    card, nonce = _TimedCard(person.card), _begun(site, person)
    began = time.monotonic()
    granted = log_in(door, nonce, person, Readers(ScriptedService({"Virtual 0": card})))
    assert granted.eeszt_user == person.eeszt_user
    return time.monotonic() - began - card.own_s


def _agent_starts(folder: Path) -> float:
    """Seconds until the agent, a process of its own, has read its file and would begin."""
    file = folder / "workstation.toml"
    file.write_text(f'address = "https://127.0.0.1:1"\npins = ["{"0" * 64}"]\n', encoding="utf-8")
    command = [sys.executable, "-m", "runner", "login", "card", "--workstation", str(file), "--url", "eeszt-login:x"]
    began = time.monotonic()
    subprocess.run(command, capture_output=True, check=False)
    return time.monotonic() - began


def _hit_us(hit: Callable[[], object]) -> float:
    began = time.perf_counter()
    for _ in range(HITS):
        hit()
    return (time.perf_counter() - began) / HITS * 1e6
