"""The whole command line, put together from its groups."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from runner.cli.output import DONE, FAILED, PERSON, plain
from runner.errors import LoginError, ProblemsError, RunnerError, places

if TYPE_CHECKING:
    from collections.abc import Sequence

GROUPS = {
    "demo": ("demo",),
    "run": ("run", "version"),
    "service": ("service",),
    "check": ("check",),
    "database": ("db",),
    "mappings": ("mapping", "contract"),
    "login": ("login",),
    "items": ("items",),
    "lanes": ("lane",),
    "codes": ("codes",),
    "audit": ("audit",),
    "simulate": ("simulate",),
}
"""Module of this package → the commands that it adds; in the order of the help."""


def parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """
    Give the whole command line's parser; also what the reference page is made from.

    Args:
        words: What was typed: where they begin with a command, only its group is imported.
    """
    top = _top()
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for module in _needed(words):
        import_module(f"{__package__}.{module}").add(commands)
    return top


def _top(**settings: Any) -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="eeszt-runner",
        description="Carries outbox rows of a hospital information system to the EESZT and the answers back.",
        **settings,
    )
    top.add_argument(
        "--settings", metavar="FILE", help="settings file; default $EESZT_RUNNER_SETTINGS, else runner.toml"
    )
    return top


def _needed(words: Sequence[str]) -> list[str]:
    """Give the module of the command that the words begin with; every module where they begin with none."""
    first = _top(add_help=False, exit_on_error=False)
    first.add_argument("command", nargs=argparse.REMAINDER)
    try:
        found, others = first.parse_known_args(words)
    except argparse.ArgumentError:
        return list(GROUPS)
    command = None if others else next(iter(found.command), None)
    return [module for module, commands in GROUPS.items() if command in commands] or list(GROUPS)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    words = sys.argv[1:] if argv is None else argv
    args = parser(words).parse_args(words)
    try:
        return int(args.handle(args))
    except ProblemsError as error:
        for problem in error.problems:
            print(plain(problem), file=sys.stderr)
        print(f"{len(error.problems)} problem(s); nothing was changed.", file=sys.stderr)
        return FAILED
    except LoginError as error:
        print(plain(error), file=sys.stderr)
        return PERSON
    except RunnerError as error:
        print(plain(error), file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        sys.stderr.close()
        return DONE
    except KeyboardInterrupt:
        return FAILED
    except Exception as error:  # noqa: BLE001  a person at a terminal gets a sentence, not a trace
        print(f"RNR-9001 {places(error)}: a fault of the runner. Report it with this line.", file=sys.stderr)
        return FAILED
