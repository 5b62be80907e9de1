"""
The command line: a module for each group of commands.

Exit codes: 0 done, 1 refused or failed, 2 usage, 3 needs a person.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

_AGENT = ["login", "card"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code; the login agent without the rest, which a workstation need not have."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:2] == _AGENT:
        from runner.cli.card import main as agent  # noqa: PLC0415

        return agent(words[2:])
    from runner.cli.commands import main as whole  # noqa: PLC0415

    return whole(words)


def parser() -> argparse.ArgumentParser:
    """Give the whole command line's parser."""
    from runner.cli.commands import parser as whole  # noqa: PLC0415

    return whole()
