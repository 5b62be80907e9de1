"""
The whole way with a card in a reader of the real PC/SC service, and everything else as processes of its own.

Agent at a terminal → HTTPS → daemon → the simulator's token service → a bound session of MedWorkS → a bar code.
"""

from __future__ import annotations

import hashlib
import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runner.demo.people import KOVACS, SZUCS
from tests.card.support import profile
from tests.faults.clinic import Clinic, clinic
from tests.support.card.applet import Applet
from tests.support.card.identity import CardAuthority, CardIdentity, KeyKind
from tests.support.card.service import Service, service, why_not
from tests.support.card.vpcd import VirtualCard

PIN = "481516"
BLOCKED_MODULES = ("lxml", "zeep", "jinja2", "jsonschema", "yaml", "signxml", "schedule", "barcode", "oracledb")


class Terminal:
    """A person at a terminal at which the login agent runs."""

    def __init__(self, workstation: Path, *words: str) -> None:
        self._run([sys.executable, "-m", "runner", "login", "card", "--workstation", str(workstation), *words])

    @classmethod
    def running(cls, command: list[str]) -> Terminal:
        """Give one at which something else runs."""
        made = cls.__new__(cls)
        made._run(command)
        return made

    def _run(self, command: list[str]) -> None:
        self._process, self._terminal = pty.fork()
        if not self._process:
            os.execv(command[0], command)
        self._written = b""

    @property
    def shown(self) -> str:
        """What has been written; a letter of which one byte is still to come is not there yet."""
        return self._written.decode(errors="ignore")

    def until(self, text: str, timeout_s: float = 60) -> None:
        end = time.monotonic() + timeout_s
        while text not in self.shown:
            assert time.monotonic() < end, self.shown
            if select.select([self._terminal], [], [], 0.5)[0]:
                try:
                    self._written += os.read(self._terminal, 4096)
                except OSError:
                    break
        assert text in self.shown, self.shown

    def type(self, line: str) -> None:
        os.write(self._terminal, f"{line}\n".encode())

    def end(self) -> int:
        try:
            while piece := os.read(self._terminal, 4096):
                self._written += piece
        except OSError:
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self._process, 0)[1])


@contextmanager
def opened(folder: Path, kind: str, *cards: tuple[str, CardIdentity], authority: CardAuthority) -> Iterator[Clinic]:
    """Open a clinic whose doctors have activated these cards on the EESZT's portal."""
    trust = authority.write(folder / "cards.pem")
    changes = [("[login]\n", f'[login]\ncard_profile = "{kind}"\ncard_trust = ["{trust}"]\n')]
    with clinic(folder / "clinic", changes=changes, people=()) as place:
        users = place.stage.site.simulator / "users.yaml"
        said = json.loads(users.read_text())
        for owner, identity in cards:
            digest = hashlib.sha256(identity.der).hexdigest()
            next(each for each in said["users"] if each["eeszt_user"] == owner).setdefault("cards", []).append(digest)
        users.write_text(json.dumps(said))
        yield place


def workstation(place: Clinic, folder: Path) -> Path:
    """The machine's file, with the pin that the daemon's administrator gives."""
    pin = place.command("login", "pin").stdout.decode().strip()
    address = next(line for line in place.settings.read_text().splitlines() if line.startswith("listen"))
    file = folder / "login.toml"
    file.write_text(f'address = "https://{address.split(chr(34))[1]}"\npins = ["{pin}"]\n')
    return file


@pytest.fixture
def pcsc(tmp_path: Path) -> Iterator[Service]:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    (tmp_path / "pcsc").mkdir()
    with service(tmp_path / "pcsc") as made:
        made.start()
        yield made


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "key"), [("reference_p256", "p256"), ("reference_rsa", "rsa")])
def test_a_doctor_logs_in_with_his_card_and_his_prescription_gets_its_bar_code(
    pcsc: Service, tmp_path: Path, kind: str, key: KeyKind
) -> None:
    authority = CardAuthority()
    mine, not_activated = authority.issue(kind=key), authority.issue(kind=key)
    signing = profile(kind).signing
    assert signing is not None
    with opened(tmp_path, kind, (KOVACS.eeszt_user or "", mine), authority=authority) as place:
        file = workstation(place, tmp_path)
        medworks = place.stage.medworks
        early = place.prescription()
        [told] = place.rest(early)
        assert (told["state"], told["ward_answer"]) == ("MISSED", "PAPER"), "nobody has logged in yet"

        with VirtualCard(Applet(mine, takes=signing.takes)).inserted():
            began = time.monotonic()
            person = Terminal(file, "--url", f"eeszt-login:{medworks.begin_login(KOVACS)}")
            person.until("PIN-kód (6")
            person.type(PIN)
            assert person.end() == 0, person.shown
            took_s = time.monotonic() - began
        assert f"Sikeres bejelentkezés: {KOVACS.eeszt_user}" in person.shown
        assert KOVACS.his_user in person.shown
        [code] = place.sql("SELECT short_code FROM EESZT_LOGIN_REQUEST")
        assert code["short_code"] in person.shown.partition("PIN-kód")[0], "shown before the PIN is asked for"
        assert PIN not in person.shown
        assert took_s < 30, "the machine may be busy; how long it takes alone is measured elsewhere"

        item = place.prescription()
        [row] = place.rest(item)
        assert (row["state"], row["ward_answer"], row["acting_user"]) == ("ACCEPTED", "PRINT", KOVACS.eeszt_user)
        assert place.sql("SELECT barcode FROM EESZT_V_BARCODE WHERE item_id = ?", item)[0]["barcode"]
        [login] = place.sql("SELECT method, ends_soon FROM EESZT_V_LOGIN")
        assert (login["method"], login["ends_soon"]) == ("card", 0)

        with VirtualCard(Applet(not_activated, takes=signing.takes)).inserted():
            person = Terminal(file)
            person.type(medworks.begin_login(SZUCS))
            person.until("PIN-kód (6")
            person.type(PIN)
            assert person.end() == 3
        assert "Ágazati Portálon" in person.shown, "not activated yet, and what to do"
        log = (place.stage.site.folder / "runner.log").read_text()
        assert PIN not in log


def test_the_agent_needs_nothing_of_the_rest_of_the_package(tmp_path: Path) -> None:
    blocked = "; ".join(f"sys.modules[{name!r}] = None" for name in BLOCKED_MODULES)
    code = f"import sys; {blocked}; from runner.cli import main; sys.exit(main(['login', 'card', '--url', 'x']))"
    file = tmp_path / "login.toml"
    file.write_text(f'address = "https://127.0.0.1:1"\npins = ["{"0" * 64}"]\n')
    environment = {**os.environ, "EESZT_LOGIN_WORKSTATION": str(file)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env=environment, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 3, done.stderr
    assert "RNR-4220" in done.stderr.decode()


def test_without_a_terminal_no_pin_is_asked_for_and_what_to_do_is_told() -> None:
    code = (
        "from runner.cli.card import Terminal\n"
        "from runner.domain.card import PinForm, PinRule\n"
        "from runner.errors import LoginError\n"
        "person = Terminal()\n"
        "person.show('kovacs', '013579', 'KLMNPR')\n"
        "try:\n"
        "    person.pin(PinRule(0x81, PinForm.ASCII, 6, 6), 3)\n"
        "except LoginError as error:\n"
        "    print(error.number, error.sentence)\n"
    )
    for typed in (b"", PIN.encode()):
        done = subprocess.run(
            [sys.executable, "-X", "utf8", "-c", code],
            input=typed,
            capture_output=True,
            check=True,
            start_new_session=True,
        )
        assert "4244 A bejelentkező program ablak nélkül indult" in done.stdout.decode()


def test_where_standard_output_goes_elsewhere_the_terminal_shows_whose_login_it_is() -> None:
    code = (
        "import sys; sys.stdout = open('/dev/null', 'w')\n"
        "from runner.cli.card import Terminal\n"
        "from runner.domain.card import PinForm, PinRule\n"
        "person = Terminal()\n"
        "person.show('kovacs', '013579', 'KLMNPR')\n"
        "sys.exit(person.pin(PinRule(0x81, PinForm.ASCII, 6, 6), 3) != '481516')\n"
    )
    person = Terminal.running([sys.executable, "-X", "utf8", "-c", code])
    person.until("PIN-kód (6")
    assert "kovacs, 013579, KLMNPR" in person.shown
    person.type(PIN)
    assert person.end() == 0


def test_a_window_that_was_opened_for_an_address_stays_until_its_error_was_read(tmp_path: Path) -> None:
    file = tmp_path / "login.toml"
    file.write_text(f'address = "https://127.0.0.1:1"\npins = ["{"0" * 64}"]\n')
    person = Terminal(file, "--url", "eeszt-login:Nonce_481516-2342abcdefg")
    person.until("Enter")
    assert "RNR-4222" in person.shown
    person.type("")
    assert person.end() == 3


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", [1081, 1081]),
        ('address = "http://x"\npins = ["12"]\nnonce = "x"\n', [1082, 1081, 1081]),
        ("address = ", [1080]),
    ],
)
def test_everything_that_is_wrong_with_the_workstations_file_is_told(
    tmp_path: Path, text: str, numbers: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    from runner.cli import main  # noqa: PLC0415

    file = tmp_path / "login.toml"
    file.write_text(text)
    assert main(["login", "card", "--workstation", str(file), "--url", "eeszt-login:x"]) == 1
    said = capsys.readouterr().err
    assert "Értesítse az informatikát" in said
    assert [int(word[4:8]) for word in said.split() if word.startswith("RNR-")] == numbers
