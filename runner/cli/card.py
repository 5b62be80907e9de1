"""``login card``: the login agent. It needs the extra ``card`` and nothing of the daemon's."""

from __future__ import annotations

import argparse
import getpass
import sys
import warnings
from typing import Any

from runner.cli.output import DONE, FAILED, PERSON, plain
from runner.domain.card import PinRule
from runner.errors import LoginError, ProblemsError, RunnerError, fault
from runner.login.card_agent import log_in, nonce_of
from runner.login.granted import Granted
from runner.settings.workstation import read_workstation, workstation_path

_FEW_TRIES = 1


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the agent's arguments."""
    command.add_argument("--url", help="eeszt-login:NONCE, as the HIS starts it; else the nonce is read from a line")
    command.add_argument(
        "--workstation", metavar="FILE", help="the machine's file; default $EESZT_LOGIN_WORKSTATION, else the system's"
    )


def main(arguments: list[str]) -> int:
    """Run the agent by itself, without loading the rest of the program."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    parser = argparse.ArgumentParser(prog="eeszt-runner login card", description="log in with a card")
    add_arguments(parser)
    return card(parser.parse_args(arguments))


def card(args: argparse.Namespace) -> int:
    """Log in with a card; what went wrong is told in Hungarian first, since a doctor reads it."""
    try:
        workstation = read_workstation(workstation_path(args.workstation))
        nonce = nonce_of(args.url if args.url is not None else sys.stdin.readline())
        granted = log_in(workstation, nonce, Terminal())
    except ProblemsError as error:
        _tell(error.problems[0].sentence, *error.problems)
        _leave_open(args)
        return FAILED
    except LoginError as error:
        _tell(error.sentence, error)
        _leave_open(args)
        return PERSON
    print(_done(granted))
    return DONE


class Terminal:
    """The person at a terminal."""

    _whose = ""

    def show(self, his_user: str, institution: str, short_code: str | None) -> None:
        """Show whose login it is."""
        self._whose = f"{plain(his_user)}, {plain(institution)}, {plain(short_code or '–')}"
        print("EESZT-bejelentkezés kártyával")
        print(f"  Felhasználó:  {plain(his_user)}")
        print(f"  Intézmény:    {plain(institution)}")
        print(f"  Ellenőrzőkód: {plain(short_code or '–')}")
        print("Csak akkor folytassa, ha Ön indította, és a kórházi rendszer ugyanezt a kódot mutatja.", flush=True)

    def card_needed(self) -> None:
        """Ask for the card."""
        print("Helyezze be a személyi igazolványát az olvasóba.", flush=True)

    def on_the_pad(self) -> None:
        """Say that the PIN is typed on the reader."""
        print("Adja meg a PIN-kódot a kártyaolvasó billentyűzetén.", flush=True)

    def pin(self, rule: PinRule, tries_left: int | None) -> str:
        """Ask for the PIN; only at a terminal, so that it is never shown and never read from a file."""
        if tries_left is not None:
            last = " Ha ezt elvéti, a kártya zárolódik!" if tries_left <= _FEW_TRIES else ""
            print(f"Még {tries_left} próbálkozása van.{last}", flush=True)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", getpass.GetPassWarning)
                # where standard output goes elsewhere, the terminal still shows whose login it is
                whose = "" if sys.stdout.isatty() else f"EESZT-bejelentkezés: {self._whose}\n"
                return getpass.getpass(f"{whose}PIN-kód ({rule.least}–{rule.most} számjegy): ")
        except (getpass.GetPassWarning, EOFError, OSError) as exc:
            raise fault(4244, "terminal") from exc
        except KeyboardInterrupt:
            raise fault(4218, "terminal", reason="cancelled") from None


def _done(granted: Granted) -> str:
    until = granted.ends_at.astimezone()
    return f"Sikeres bejelentkezés: {plain(granted.eeszt_user)}. A munkamenet vége: {until:%Y. %m. %d. %H:%M}."


def _leave_open(args: argparse.Namespace) -> None:
    """Let the window that was opened for an address stay until what went wrong was read."""
    if args.url is not None and sys.stdin is not None and sys.stdin.isatty():
        print("Az ablak bezárásához nyomja meg az Enter billentyűt.", file=sys.stderr, flush=True)
        sys.stdin.readline()


def _tell(sentence: str, *errors: RunnerError) -> None:
    if sentence:
        print(plain(sentence), file=sys.stderr)
    for error in errors:
        print(plain(error), file=sys.stderr)


def add(group: Any) -> None:
    """Add the command to the whole command line, for its help and reference page."""
    command = group.add_parser("card", help="log in with a card, on the workstation: the login agent")
    add_arguments(command)
    command.set_defaults(handle=card)
