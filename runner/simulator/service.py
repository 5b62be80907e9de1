"""The simulator put together: from a state folder and a pack to two listening ports."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from runner.simulator.act import Acts
from runner.simulator.answer import AnswerSigner
from runner.simulator.assertion import Assertions
from runner.simulator.control_server import Control, ControlServer
from runner.simulator.exchange import Exchange, Signers
from runner.simulator.fault import Faults
from runner.simulator.gate import Gate
from runner.simulator.pack import Proof, read_pack
from runner.simulator.pki import Pki
from runner.simulator.publication import Publications
from runner.simulator.refusal import SimulatorError
from runner.simulator.register import Register
from runner.simulator.rendering import FaultDetails
from runner.simulator.sample import Sampler
from runner.simulator.schema import Schemas
from runner.simulator.script import read_script
from runner.simulator.server import ServiceServer, tls_context
from runner.simulator.signature import check_algorithms
from runner.simulator.sts import TokenService
from runner.simulator.turn import Log
from runner.simulator.user import UserRegister

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Options:
    """How a simulator is run."""

    #: Folder with ``pki/`` and ``users.yaml``; gets ``register.jsonl`` and ``simulator.json``.
    state: Path
    pack: Path
    #: 0 is any free port.
    port: int = 0
    control_port: int = 0
    duplicates: Literal["refuse", "accept"] = "refuse"
    #: None is what the pack says.
    proof: Proof | None = None
    latency_s: float = 0.0
    #: Life of a token; None is what the pack says.
    token_life_s: float | None = None


class Simulator:
    """A simulator that listens from `start` to `stop`."""

    def __init__(self, options: Options) -> None:
        self.options = options
        pki, users_path = Pki.at(options.state / "pki"), options.state / "users.yaml"
        if not pki.ca.certificate.exists() or not users_path.exists():
            raise SimulatorError(f"{options.state} has no pki/ or users.yaml yet; --init makes them")
        pack = read_pack(options.pack)
        check_algorithms(pack.security)
        script = read_script(pack)
        schemas = {service: Schemas(description) for service, description in pack.descriptions.items()}
        users = UserRegister(users_path)
        self._stopping = threading.Event()
        self._register = Register(options.state / "register.jsonl")
        self._faults = Faults()
        log = Log()
        assertions = Assertions(pack, pki.sts)
        gate = Gate(pack, pki, users, assertions, options.proof or pack.security.proof)
        samplers = {service: Sampler(schema) for service, schema in schemas.items()}
        acts = Acts(pack, script, self._register, schemas, samplers, refuse_duplicates=options.duplicates == "refuse")
        life_s = pack.sts.life_s if options.token_life_s is None else options.token_life_s
        answer_life_s = pack.security.timestamp_life_s
        exchange = Exchange(
            pack,
            gate,
            acts,
            FaultDetails(pack, script, samplers),
            TokenService(gate, assertions, users, self._register, life_s=life_s),
            self._register,
            self._faults,
            Signers(*(AnswerSigner(identity, answer_life_s) for identity in (pki.service, pki.sts, pki.stranger))),
            log,
            self._wait,
            issuing=frozenset(name for name, act in script.acts.items() if act.does == "issue"),
            latency_s=options.latency_s,
        )
        #: What a person should know at the start.
        self.warnings = [
            *(found for description in pack.descriptions.values() for found in description.unserved),
            *(f"{name}: no answer can be made: {why}" for name, why in acts.unanswerable().items()),
        ]
        self._services = sorted(pack.descriptions)
        tables = Publications(script.publications)
        with _told_by_port("--port", options.port, self._register):
            self._server = ServiceServer(options.port, tls_context(pki), exchange, self._services, log, tables)
        control = Control(pack, script, self._register, self._faults, log, tables)
        with _told_by_port("--control-port", options.control_port, self._register):
            self._control = ControlServer(options.control_port, control)

    def start(self) -> None:
        """Listen; ``simulator.json`` is there when this returns."""
        for server in (self._server, self._control):
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        path = self.options.state / "simulator.json"
        part = path.with_suffix(".part")
        content = {"addresses": self.addresses, "control": self.control, "pid": os.getpid()}
        part.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        part.replace(path)

    def stop(self) -> None:
        """Stop listening, end what waits, close the register."""
        self._stopping.set()
        self._server.stopping.set()
        for server in (self._server, self._control):
            server.shutdown()
            server.server_close()
        (self.options.state / "simulator.json").unlink(missing_ok=True)
        self._register.close()

    @property
    def addresses(self) -> dict[str, str]:
        """Service → address."""
        return {service: f"https://127.0.0.1:{self._server.port}/{service}" for service in self._services}

    @property
    def control(self) -> str:
        """Address of the control port."""
        return f"http://127.0.0.1:{self._control.port}"

    def _wait(self, seconds: float) -> None:
        self._stopping.wait(seconds)


@contextmanager
def _told_by_port(option: str, port: int, register: Register) -> Iterator[None]:
    """Name the port that cannot be listened on, and the option that chooses another; what is open then is closed."""
    try:
        yield
    except (OSError, OverflowError) as exc:
        register.close()
        reason = (exc.strerror if isinstance(exc, OSError) else None) or "it is no port"
        raise SimulatorError(
            f"port {port} of 127.0.0.1 cannot be listened on: {reason}. Choose another with {option}; 0 is any free one"
        ) from exc
