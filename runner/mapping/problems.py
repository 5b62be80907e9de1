"""Collecting problems: everything that is wrong with all files is told in one run, with the nearest right names."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from runner.errors import ProblemsError, RunnerError, fault, in_order


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Give the known name that ``name`` was probably meant to be, or None."""
    by_lower = {each.lower(): each for each in known}
    close = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[close[0]] if close else None


class Problems:
    """
    What is wrong, as it was found.

    Attributes:
        found: One fault each, with its place.
        notes: What is no mistake, but its author should know.
    """

    def __init__(self) -> None:
        self.found: list[RunnerError] = []
        self.notes: list[RunnerError] = []

    def add(self, number: int, where: str, **facts: object) -> None:
        """Note a fault of the error table."""
        self.found.append(fault(number, where, **facts))

    def note(self, number: int, where: str, **facts: object) -> None:
        """Note what is no mistake."""
        self.notes.append(fault(number, where, **facts))

    def add_unknown(self, where: str, what: str, name: str, known: Iterable[str]) -> None:
        """Note a name that nothing has, with the nearest one that something has."""
        allowed = sorted(known)
        close = nearest(name, allowed)
        if close is not None:
            self.add(2003, where, what=what, name=name, nearest=close)
        else:
            self.add(2004, where, what=what, name=name, allowed=", ".join(allowed) or "none")

    @property
    def told(self) -> list[RunnerError]:
        """What was found, each file's by its lines; what is wrong with a file that several mappings share, once."""
        return list(in_order(self.found))

    def raise_any(self) -> None:
        """
        Raise what was found.

        Raises:
            ProblemsError: There is at least one.
        """
        if self.found:
            raise ProblemsError(self.told)
