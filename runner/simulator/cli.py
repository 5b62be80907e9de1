"""The command line: ``eeszt-runner simulate`` and ``python -m runner.simulator``."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from runner.simulator.pack import read_pack
from runner.simulator.pki import KeyType, Pki, make_pki
from runner.simulator.refusal import SimulatorError
from runner.simulator.service import Options, Simulator
from runner.simulator.user import UserRegister, one_time_password, write_example_users

if TYPE_CHECKING:
    from collections.abc import Sequence

_PACK = Path("mappings", "contract", "reference-1")
_INSTITUTION = "100001"
PROGRAM = "python -m runner.simulator"
_TECHNICAL_USER = "TECHNIKAI-100001"


def main(argv: Sequence[str] | None = None, *, program: str = PROGRAM) -> int:
    """
    Run the simulator, or print a one-time password.

    Args:
        argv: Without the program's name; None is the process's own.
        program: How its help and its messages call it.

    Returns:
        0 done, 1 refused or failed; argparse itself exits with 2.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        if arguments[:1] == ["otp"]:
            return _otp(arguments[1:], program)
        return _serve(arguments, program)
    except (SimulatorError, OSError) as exc:
        print(f"{program}: {exc}", file=sys.stderr)
        return 1


def _otp(arguments: list[str], program: str) -> int:
    parser = argparse.ArgumentParser(
        prog=f"{program} otp", description="Print a user's one-time password of this moment."
    )
    parser.add_argument("user", help="EESZT user name in users.yaml")
    parser.add_argument("--state", type=Path, required=True, help="state folder of the simulator")
    options = parser.parse_args(arguments)
    user = UserRegister(options.state / "users.yaml").get(options.user)
    if user is None or user.seed is None:
        raise SimulatorError(f"{options.user} has no one-time passwords")
    print(one_time_password(user.seed, time.time()))
    return 0


def _serve(arguments: list[str], program: str) -> int:
    options = _parser(program).parse_args(arguments)
    if options.init:
        initialise(options.state, keys=options.keys or _keys_for(options.pack))
    simulator = Simulator(
        Options(
            state=options.state,
            pack=options.pack,
            port=options.port,
            control_port=options.control_port,
            duplicates=options.duplicates,
            proof=options.proof,
            latency_s=options.latency_ms / 1000,
            token_life_s=options.token_life,
        )
    )
    for warning in simulator.warnings:
        print(f"warning: {warning}", flush=True)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    simulator.start()
    print(f"simulator ready (not the EESZT): {simulator.addresses}, control {simulator.control}", flush=True)
    while not ended.wait(1.0 if sys.platform == "win32" else None):  # there Ctrl-C comes into no endless wait
        pass
    simulator.stop()
    return 0


def default_pack() -> Path:
    """The reference contract: below the working directory, else beside the package, else inside it."""
    package = Path(__file__).parents[1]
    places = (Path.cwd(), package.parent, package / "_site")
    return next((place / _PACK for place in places if (place / _PACK).is_dir()), _PACK)


def _keys_for(pack: Path) -> KeyType:
    """Keys that can make a signature that the pack allows."""
    return "p256" if "ecdsa-sha256" in read_pack(pack).security.signatures else "rsa"


def initialise(state: Path, *, keys: KeyType = "p256") -> None:
    """Make the PKI and the users of a state folder, as far as they are missing."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    users = state / "users.yaml"
    if not users.exists():
        write_example_users(users, _INSTITUTION, _TECHNICAL_USER)
    if not Pki.at(state / "pki").stranger.key.exists():
        content = yaml.safe_load(users.read_text(encoding="utf-8"))
        make_pki(
            state / "pki",
            keys=keys,
            institution=str(content["institution"]),
            other_institution=f"{content['institution']}-2",
            technical_user=str(content["technical_user"]["eeszt_user"]),
        )


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program, description="An EESZT for demos, tests and drills. It is ours; it is not the EESZT's."
    )
    parser.add_argument("--state", type=Path, required=True, help="folder for keys, users and the register")
    parser.add_argument(
        "--pack", type=Path, default=default_pack(), help="contract pack to serve (default: %(default)s)"
    )
    parser.add_argument("--port", type=int, default=0, help="port of the services, 0 is any free one")
    parser.add_argument("--control-port", type=int, default=0, help="port of the control, 0 is any free one")
    parser.add_argument("--init", action="store_true", help="make PKI and users.yaml first, as far as missing")
    parser.add_argument(
        "--keys",
        choices=("p256", "rsa"),
        help="kind of the keys that --init makes; without it what the pack allows, P-256 first",
    )
    parser.add_argument(
        "--duplicates",
        choices=("refuse", "accept"),
        default="refuse",
        help="a message identifier that came before: refuse it, or take it as a second document",
    )
    parser.add_argument("--proof", choices=("holder_of_key", "bearer"), help="instead of what the pack says")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="how long each request takes")
    parser.add_argument("--token-life", type=float, help="life of a token in seconds, instead of what the pack says")
    return parser
