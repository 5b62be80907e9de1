"""The whole command line, put together from its groups."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from runner.cli import audit, check, codes, database, demo, items, lanes, login, mappings, run, service, simulate
from runner.cli.output import DONE, FAILED, PERSON, plain
from runner.errors import LoginError, ProblemsError, RunnerError, places

if TYPE_CHECKING:
    from collections.abc import Sequence

GROUPS = (demo, run, service, check, database, mappings, login, items, lanes, codes, audit, simulate)


def parser() -> argparse.ArgumentParser:
    """Give the whole command line's parser; also what the reference page is made from."""
    top = argparse.ArgumentParser(
        prog="eeszt-runner",
        description="Carries outbox rows of a hospital information system to the EESZT and the answers back.",
    )
    top.add_argument(
        "--settings", metavar="FILE", help="settings file; default $EESZT_RUNNER_SETTINGS, else runner.toml"
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for group in GROUPS:
        group.add(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    args = parser().parse_args(argv)
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
