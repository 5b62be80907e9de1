"""What every scene needs: the hospital, the counterpart, the daemon as a process that can be killed, and a voice."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runner.demo.people import KOVACS, SZUCS
from runner.simulator import process

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from runner.demo.medworks import MedWorkS
    from runner.demo.people import Person
    from runner.demo.site import DemoSite
    from runner.ports import Desk
    from runner.simulator.control import SimulatorControl
    from runner.simulator.process import SimulatorProcess

FINAL = ("ACCEPTED", "REJECTED", "INVALID", "SKIPPED", "MISSED", "CANCELLED")


PASSWORD_LIFE_S = 30.0
"""How long a token shows the same one-time password (RFC 6238)."""


class SceneError(Exception):
    """Something did not come to pass that the scene waits for."""


@dataclass(frozen=True, slots=True)
class Expected:
    """
    How an item must end.

    Attributes:
        document_type: Of the item.
        source_key: Of the item.
        state: Final state.
        ward_answer: What the ward was told, or None.
        acting_user: Under whose name it went, or None where that is not looked at.
        reason: Reason code, or None where that is not looked at.
        line: Lines of the decision table that decided, in their order, or None where that is not looked at.
    """

    document_type: str
    source_key: str
    state: str
    ward_answer: str | None = None
    acting_user: str | None = None
    reason: str | None = None
    line: str | None = None


@dataclass(slots=True)
class Stage:
    """
    One demonstration.

    Attributes:
        site: Its folder.
        medworks: The hospital.
        desk: What MedWorkS and operators call (the PL/SQL package's place).
        counterpart: The simulator's process.
        pack: The contract that both sides use.
        expected: How each item must end, as the scenes promise.
    """

    site: DemoSite
    medworks: MedWorkS
    desk: Desk
    counterpart: SimulatorProcess
    pack: Path
    expected: list[Expected] = field(default_factory=list)
    daemon: subprocess.Popen[bytes] | None = None
    _beats_before: dict[str, str] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    @property
    def simulator(self) -> SimulatorControl:
        """The counterpart's control: faults, register."""
        return self.counterpart.control

    def stop_counterpart(self) -> None:
        """The EESZT is gone: nobody listens there any more."""
        self.counterpart.stop()

    def start_counterpart(self) -> None:
        """The EESZT is back at its old address, with all that it knew."""
        ports = self.counterpart.ports
        self.counterpart = process.start(self.site.simulator, pack=self.pack, init=False, **ports)

    def say(self, text: str) -> None:
        """One line of narration, with the seconds since the start."""
        print(f"{time.monotonic() - self.started:6.1f} s  {text}", flush=True)

    def until(self, what: str, happened: Callable[[], bool], timeout_s: float = 45.0) -> None:
        """Wait until something has happened; a scene whose promise fails ends the demonstration."""
        end = time.monotonic() + timeout_s
        while not happened():
            if time.monotonic() > end:
                raise SceneError(f"waited {timeout_s:.0f} s in vain: {what}")
            if self.daemon is not None and self.daemon.poll() is not None:
                said = (self.site.folder / "daemon.out").read_text(encoding="utf-8").strip().rpartition("\n")[2]
                raise SceneError(f"the daemon ended by itself (exit {self.daemon.returncode}): {said}")
            time.sleep(0.05)

    def start_daemon(self) -> None:
        """Start the daemon as its own process and wait for its heartbeats."""
        command = [sys.executable, "-m", "runner", "--settings", str(self.site.settings), "run"]
        self._beats_before = self._beats()
        with (self.site.folder / "daemon.out").open("ab") as output:
            self.daemon = subprocess.Popen(command, stdout=output, stderr=output)  # noqa: S603  our own command
        self.until("the daemon's heartbeats", self._is_alive)

    def kill_daemon(self) -> None:
        """Kill it as a power cut would."""
        assert self.daemon is not None
        self.daemon.send_signal(signal.SIGKILL)
        self.daemon.wait()
        self.daemon = None

    def stop_daemon(self) -> None:
        """Stop it in order."""
        if self.daemon is not None:
            self.daemon.send_signal(signal.SIGTERM)
            self.daemon.wait(60)
            self.daemon = None

    def log_in(self, person: Person) -> None:
        """
        MedWorkS begins the login; the person types the one-time password that his token shows.

        One that was taken before is not typed again.
        """
        words = [sys.executable, "-m", "runner", "--settings", str(self.site.settings), "login", "otp", "--nonce"]
        end = time.monotonic() + 2 * PASSWORD_LIFE_S
        while True:
            password = self.site.password_of(person.eeszt_user or "", time.time())
            said = f"{self.medworks.begin_login(person)}\n{password}\n".encode()
            done = subprocess.run(words, input=said, capture_output=True, check=False)  # noqa: S603
            if done.returncode == 0:
                break
            if "RNR-4102" not in done.stderr.decode() or time.monotonic() > end:
                raise SceneError(f"{person.name} could not log in: {done.stderr.decode()}{done.stdout.decode()}")
            self.say(f"{person.name} has used this password before and waits for the token's next one")
            shown = password
            self.until(
                "the next password",
                lambda shown=shown: self.site.password_of(person.eeszt_user or "", time.time()) != shown,  # type: ignore[misc]
                PASSWORD_LIFE_S + 5,
            )
        self.say(f"{person.name} has logged in with a one-time password, as {person.eeszt_user}")

    def log_in_doctors(self) -> None:
        """Both doctors, unless a session of theirs still lives."""
        living = {str(row["his_user"]) for row in self.medworks.rows("SELECT his_user FROM EESZT_V_LOGIN")}
        for doctor in (KOVACS, SZUCS):
            if doctor.his_user in living and self.medworks.has_handle(doctor):
                self.say(f"{doctor.name} is still logged in, as {doctor.eeszt_user}")
            else:
                self.log_in(doctor)

    def status(self, document_type: str, key: object) -> Mapping[str, object]:
        """What the database says of an item now."""
        return self.medworks.status(document_type, key)

    def ends(self, document_type: str, key: object) -> Callable[[], bool]:
        """Whether the item has ended."""
        return lambda: self.status(document_type, key).get("state") in FINAL

    def expect(
        self,
        document_type: str,
        key: object,
        state: str,
        ward: str | None = None,
        acting: str | None = None,
        *,
        reason: str | None = None,
        line: str | None = None,
    ) -> None:
        """Promise how an item will have ended when the demonstration is over; PARKED: that it still waits."""
        self.expected.append(Expected(document_type, str(key), state, ward, acting, reason, line))

    def settle(self, timeout_s: float = 20.0) -> None:
        """Wait until nothing is under way any more, so that the end table shows ends."""
        moving = (
            "SELECT count(*) AS n FROM EESZT_V_STATUS"
            " WHERE state IN ('NEW', 'CLAIMED', 'SENDING', 'UNKNOWN', 'WAITING') OR compensation = 'DUE'"
        )
        end = time.monotonic() + timeout_s
        while time.monotonic() < end and int(str(self.medworks.rows(moving)[0]["n"])):
            time.sleep(0.1)

    def broken_promises(self) -> list[str]:
        """Compare what the scenes promised with what the database says; one line for each difference."""
        rows = {(row["document_type"], row["source_key"]): row for row in self.medworks.all_items()}
        broken = []
        for promise in self.expected:
            row = rows.get((promise.document_type, promise.source_key), {})
            promised = {"state": promise.state, "ward_answer": promise.ward_answer}
            more = {"acting_user": promise.acting_user, "reason_code": promise.reason, "line": promise.line}
            promised |= {name: value for name, value in more.items() if value is not None}
            broken += [
                f"{promise.document_type} {promise.source_key}: {name} is {row.get(name)} instead of {value}"
                for name, value in promised.items()
                if row.get(name) != value
            ]
        waiting = {(each.document_type, each.source_key) for each in self.expected if each.state == "PARKED"}
        unended = [row for key, row in rows.items() if key not in waiting and not self.is_final(row)]
        return [*broken, *(f"item {row['item_id']} has not ended: {row['state']}" for row in unended)]

    @staticmethod
    def is_final(row: Mapping[str, object]) -> bool:
        """Whether the item has ended."""
        return row.get("state") in FINAL

    def _is_alive(self) -> bool:
        """Whether it has sent heartbeats of its own, not those of the one before it."""
        beats, before = self._beats(), self._beats_before
        return len(beats) >= len(self.lanes) and all(at > before.get(lane, "") for lane, at in beats.items())

    def _beats(self) -> dict[str, str]:
        rows = self.medworks.rows("SELECT lane, max(beat_at) AS beat_at FROM EESZT_RUNNER GROUP BY lane")
        return {str(row["lane"]): str(row["beat_at"]) for row in rows}

    @property
    def lanes(self) -> Sequence[str]:
        """The outboxes of the demonstration."""
        return ("interactive", "query", "background")
