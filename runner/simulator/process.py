"""A simulator as a process of its own, for tests and the demo."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from runner.simulator.control import SimulatorControl
from runner.simulator.pki import Pki
from runner.simulator.refusal import SimulatorError
from runner.simulator.user import UserRegister, one_time_password

if TYPE_CHECKING:
    from typing import Self

_POLL_S = 0.02


@dataclass(frozen=True)
class SimulatorProcess:
    """A running simulator."""

    process: subprocess.Popen[bytes]
    state: Path
    #: Service → address.
    addresses: dict[str, str]
    control: SimulatorControl
    #: Where it is steered.
    control_url: str
    pki: Pki

    @property
    def ports(self) -> dict[str, int]:
        """Options for ``start`` that bring it back at the same place."""
        service = next(iter(self.addresses.values()))
        return {"port": urlsplit(service).port or 0, "control_port": urlsplit(self.control_url).port or 0}

    def one_time_password(self, eeszt_user: str, *, ahead_s: float = 0) -> str:
        """
        That user's one-time password.

        Args:
            eeszt_user: A user of ``users.yaml``.
            ahead_s: Of a moment this much later; one step (30 s) early or late is still taken, each once.
        """
        user = UserRegister(self.state / "users.yaml").get(eeszt_user)
        if user is None or user.seed is None:
            raise SimulatorError(f"{eeszt_user} has no one-time passwords")
        return one_time_password(user.seed, time.time() + ahead_s)

    def stop(self) -> None:
        """End it with SIGTERM and wait."""
        self.process.terminate()
        self.process.wait(timeout=60)

    def kill(self) -> None:
        """End it with SIGKILL and wait."""
        self.process.kill()
        self.process.wait(timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start(
    state: Path, *, pack: Path | None = None, init: bool = True, timeout_s: float = 60.0, **options: Any
) -> SimulatorProcess:
    """
    Start a simulator and wait until it listens.

    Args:
        state: Its folder; made by ``init``.
        pack: None is the reference contract below the working directory.
        init: Make PKI and users as far as missing.
        timeout_s: How long to wait.
        options: Further options of the command line, such as ``duplicates="accept"`` or ``latency_ms=100``.

    Raises:
        SimulatorError: It did not come up; its output is in ``simulator.out`` in the folder.
    """
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    ready, output = state / "simulator.json", state / "simulator.out"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "runner.simulator", "--state", str(state)]
    command += ["--init"] if init else []
    command += ["--pack", str(pack)] if pack is not None else []
    for name, value in options.items():
        command += [f"--{name.replace('_', '-')}", str(value)]
    with output.open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)  # noqa: S603
    deadline = time.monotonic() + timeout_s
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            tail = output.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise SimulatorError(f"the simulator did not come up: {tail}")
        time.sleep(_POLL_S)
    content = json.loads(ready.read_text(encoding="utf-8"))
    control = SimulatorControl(content["control"])
    return SimulatorProcess(process, state, content["addresses"], control, content["control"], Pki.at(state / "pki"))
