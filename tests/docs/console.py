"""Runs the console blocks of a page in a copy of the project, and compares what a reader is told to see."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```console\n(.+?)^```", re.MULTILINE | re.DOTALL)
ANYTHING = "…"


@dataclass(frozen=True, slots=True)
class Told:
    """A command as the reader types it, and the lines that he is told to see."""

    command: str
    lines: tuple[str, ...]


def told(page: str) -> Iterator[Told]:
    """Every command of a page, in order; a line that begins with ``> `` goes on with the command."""
    for block in BLOCK.findall(page):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = part.splitlines()
            typed = [lines[0], *(line[2:] for line in lines[1:] if line.startswith("> "))]
            yield Told("\n".join(typed), tuple(line for line in lines[1:] if not line.startswith("> ")))


def project_copy(folder: Path) -> Path:
    """Give a copy of what a clone holds, with an environment that runs it with this Python."""
    folder.mkdir()
    for name in ("runner", "mappings", "templates", "sql"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    command = folder / ".venv" / "bin" / "eeszt-runner"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m runner "$@"\n')
    command.chmod(0o755)
    (folder / ".venv" / "ready").touch()
    return folder


def run(command: str, folder: Path) -> str:
    """Run a command line as a reader would, and give all that it prints."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONUTF8": "1"}
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    return done.stdout + done.stderr


def unseen(lines: Sequence[str], printed: str) -> str | None:
    """Give the first line told that is not seen in its order; None where all are."""
    rest = [line.rstrip() for line in printed.splitlines()]
    for line in lines:
        if line == ANYTHING:
            continue
        pattern = re.compile(".*".join(map(re.escape, line.rstrip().split(ANYTHING))))
        at = next((number for number, seen in enumerate(rest) if pattern.search(seen)), None)
        if at is None:
            return line
        rest = rest[at + 1 :]
    return None
