"""What a run came to: its lines, the machine they were measured on, and the page that keeps them."""

from __future__ import annotations

import platform
import re
import sqlite3
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from os import cpu_count, getloadavg
from pathlib import Path
from statistics import median

from docs.markdown_table import table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "performance.md"
LIBRARIES = ("lxml", "cryptography", "jinja2", "zeep", "requests", "xmlsec")


@dataclass(frozen=True)
class Spread:
    """Several repetitions of one figure."""

    values: tuple[float, ...]

    @property
    def middle(self) -> float:
        return median(self.values)

    def __str__(self) -> str:
        return f"{self.middle:.2f} ({min(self.values):.2f}–{max(self.values):.2f})"


@dataclass(frozen=True)
class Line:
    """
    One figure.

    Attributes:
        what: What was measured.
        measured: The figure, with its repetitions.
        budget: What it may be.
        met: Whether it is; None where nothing was promised.
    """

    what: str
    measured: str
    budget: str = ""
    met: bool | None = None

    def cells(self) -> tuple[str, str, str, str]:
        return self.what, self.measured, self.budget, {True: "met", False: "**missed**", None: ""}[self.met]


@dataclass
class Report:
    """
    What one run measured of one part of the page.

    Attributes:
        quick: Whether it was shortened.
        part: Which part: the text between the page's marks of this name is it.
        on: What it was measured on beside the machine.
        lines: The figures.
        parts: Stretches of an item, with their times.
        not_here: Why the figures could not be measured, or nothing.
    """

    quick: bool
    part: str = "measured"
    on: str = ""
    not_here: str = ""
    lines: list[Line] = field(default_factory=list)
    parts: list[tuple[str, ...]] = field(default_factory=list)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    def add(self, what: str, measured: str, budget: str = "", *, met: bool | None = None) -> None:
        """Keep a line and show it at once."""
        self.lines.append(Line(what, measured, budget, met))
        said = {True: "  met", False: "  MISSED", None: ""}[met]
        print(f"  {what}: {measured}{f'  [{budget}]' if budget else ''}{said}", flush=True)

    def at_most(self, what: str, spread: Spread, most: float, unit: str = "×", note: str = "") -> None:
        self.add(what, f"{spread} {unit}{note}", f"≤ {most:g} {unit}", met=spread.middle <= most)

    def at_least(self, what: str, spread: Spread, least: float, unit: str = "×", note: str = "") -> None:
        self.add(what, f"{spread} {unit}{note}", f"≥ {least:g} {unit}", met=spread.middle >= least)

    def text(self) -> str:
        """The generated part of the page."""
        heads = ("what", "measured: median (least–most)", "budget", "")
        how = "shortened run (QUICK=1)" if self.quick else "whole run"
        chunks = [f"Measured {self.started:%Y-%m-%d %H:%M} UTC, {how}, on {machine()}{self.on}."]
        chunks.append(table(heads, (line.cells() for line in self.lines)))
        if self.parts:
            chunks.append("What an item's own time is made of, CPU µs per item (median of the batches):")
            chunks.append(table(("stretch", "RSA-2048", "P-256"), self.parts))
        return "\n\n".join(chunks)


def write_page(report: Report) -> None:
    """Put the tables into the page, between the marks of their part."""
    page = PAGE.read_text(encoding="utf-8")
    marked = re.compile(rf"(<!-- {report.part} -->\n).*?(<!-- end -->)", re.DOTALL)
    assert marked.search(page), f"{PAGE} has lost its marks"
    PAGE.write_text(marked.sub(lambda found: f"{found[1]}{report.text()}\n{found[2]}", page), encoding="utf-8")


def machine() -> str:
    """The machine and what ran on it."""
    cpu = next(iter(_grep("/proc/cpuinfo", r"model name\s*:\s*(.+)")), platform.processor() or platform.machine())
    memory = next(iter(_grep("/proc/meminfo", r"MemTotal:\s*(\d+) kB")), "0")
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"{cpu}, {cpu_count()} cores, {int(memory) // 1024**2} GiB, load {getloadavg()[0]:.1f}; "
        f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}, {libraries}"
    )


def _grep(path: str, pattern: str) -> Sequence[str]:
    try:
        return re.findall(pattern, Path(path).read_text(encoding="utf-8"))
    except OSError:
        return ()


def spread(values: Iterable[float]) -> Spread:
    return Spread(tuple(values))
