"""
An EESZT for demos, tests and drills: it serves any contract pack, verifies, remembers, and misbehaves on request.

It shares no code with the connector, so that one mistake cannot cancel itself out. What it knows of the real EESZT is
what the contract pack says, and the reference pack says that it is ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None, *, program: str) -> int:
    """Run the simulator's command line, called ``program`` in its help; its exit code."""
    from runner.simulator import cli  # noqa: PLC0415  who only wants the control client need not load all of it

    return cli.main(argv, program=program)
