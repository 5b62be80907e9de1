"""One row of the table of faults."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One fault: what it says, with named facts in braces, what to do, and a Hungarian sentence where wards see it."""

    text: str
    remedy: str
    sentence: str = ""
