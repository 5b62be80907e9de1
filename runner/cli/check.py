"""``check``: whether an installation can be trusted, a line for each thing that was looked at."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from runner import app
from runner.cli.output import DONE, FAILED, add_json

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from runner.app import Finding


def add(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser("check", help="look at settings, keys, mappings, database, people and connections")
    command.add_argument("--offline", action="store_true", help="leave out what needs the network")
    command.add_argument(
        "--daemon", action="store_true", help="a daemon that is not alive is a failure, for nightly runs"
    )
    add_json(command)
    command.set_defaults(handle=check)


def check(args: argparse.Namespace) -> int:
    """Print what was found; 1 if anything failed."""
    logging.getLogger("runner").addHandler(logging.NullHandler())  # what there is to say is said below
    looked = app.check_installation(args.settings, datetime.now(UTC), offline=args.offline, needs_daemon=args.daemon)
    findings: list[Finding] = []
    if args.json:
        findings += looked
        print(json.dumps([each.as_json() for each in findings], ensure_ascii=False, indent=2))
    else:
        for group, found in groupby(looked, lambda each: each.group):
            lines = list(found)
            findings += lines
            print(f"{group}\n{listed(lines)}\n")
        print(summary(findings))
    return FAILED if any(each.status is app.Status.FAIL for each in findings) else DONE


def listed(findings: Sequence[Finding]) -> str:
    """One line for each finding, and a second one that says what to do."""
    width = max(len(each.name) for each in findings)
    lines = []
    for each in findings:
        lines.append(f"  {each.status:4}  {each.name.ljust(width)}  {each.found}")
        if each.remedy:
            lines.append(f"        {each.remedy}")
    return "\n".join(lines)


def summary(findings: Sequence[Finding]) -> str:
    """How many of each."""
    counts = {status: sum(each.status is status for each in findings) for status in app.Status}
    words = {"ok": "ok", "warn": "to look at", "FAIL": "failed", "skip": "left out"}
    return ", ".join(f"{count} {words[status]}" for status, count in counts.items() if count)
