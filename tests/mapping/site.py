"""A copy of the shipped mappings that a test may change, and builders of items and replies."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runner.domain.outbox import Row, State
from runner.errors import ProblemsError, RunnerError
from runner.mapping import Mappings, lint, load_mappings
from runner.mapping.cases import CaseResult, run_cases
from runner.mapping.loader import check
from runner.ports import Item

ROOT = Path(__file__).parents[2]
MESSAGE_ID = "urn:uuid:00000000-0000-4000-8000-000000000001"

GOOD_ROW: Mapping[str, Any] = {
    "VENY_ID": 9001,
    "TAJ": "032154784",
    "NEV": "Tündérné Világszép Ilona",
    "SZUL_DATUM": "1958-03-12",
    "PECSETSZAM": "12345",
    "OTH_KOD": "013579101",
    "VENY_TIPUS": "GYARI",
    "JOGCIM": "ALT",
    "TTT_KOD": "210002737",
    "MENNYISEG": 2,
    "HELYETTESITHETO": 1,
    "BNO_KOD": "I10H0",
    "ADAG": "1 tabletta",
    "GYAKORISAG": "naponta",
    "OSSZETEVOK": None,
    "ELKESZITES": None,
    "NAPLOSORSZAM": "2026/9001",
    "FELIRAS_IDEJE": "2026-01-15 11:00:00",
    "GYSE": 0,
    "EGYSE": 0,
}


@dataclass(frozen=True)
class Site:
    """The shipped files, in a folder of a test's own."""

    folder: Path

    @classmethod
    def copy_to(cls, folder: Path) -> Site:
        shutil.copytree(ROOT / "mappings", folder / "mappings")
        shutil.copytree(ROOT / "templates", folder / "templates")
        shutil.copytree(ROOT / "sql" / "sources", folder / "sql" / "sources")
        return cls(folder)

    @property
    def parts(self) -> tuple[Path, Path, Path]:
        return self.folder / "mappings", self.folder / "templates", self.folder / "sql" / "sources"

    def load(self, **more: Any) -> Mappings:
        return load_mappings(*self.parts, **more)

    def lint(self, **more: Any) -> list[RunnerError]:
        return lint(*self.parts, **more)

    def notes(self) -> list[RunnerError]:
        return check(*self.parts).notes

    def cases(self, *names: str) -> list[CaseResult]:
        return run_cases(self.load(), self.folder / "mappings", names or None)

    def edit(self, name: str, old: str, new: str) -> int:
        """Replace a text that stands there once; the line on which it began."""
        path = self.folder / name
        text = path.read_text("utf-8")
        assert text.count(old) == 1, (name, old, text.count(old))
        path.write_text(text.replace(old, new), "utf-8")
        return text.count("\n", 0, text.index(old)) + 1

    def problems(self, **more: Any) -> list[RunnerError]:
        try:
            self.load(**more)
        except ProblemsError as error:
            return list(error.problems)
        return []


def an_item(document_type: str = "erecept_feliras", **more: Any) -> Item:
    """A claimed item."""
    at = datetime(2026, 1, 15, 10, tzinfo=UTC)
    standard: dict[str, Any] = {
        "lane": "interactive",
        "row": Row(81234, State.CLAIMED, message_id=MESSAGE_ID),
        "document_type": document_type,
        "recorded_by": "kovacs.anna",
        "workplace": "013579101",
        "recorded_at": at,
        "created_at": at,
        "source_key": "9001",
    }
    return Item(**{**standard, **more})
