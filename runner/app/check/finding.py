"""What a check found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum

from runner.errors import RunnerError


class Status(StrEnum):
    """How it is, as it is printed."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One line of the check.

    Attributes:
        name: What was looked at: a setting, a file, a service, a table.
        status: How it is.
        found: What was found, one sentence.
        remedy: What to do; empty where nothing is.
        group: Heading that it stands under.
    """

    name: str
    status: Status
    found: str
    remedy: str = ""
    group: str = ""

    @classmethod
    def of(cls, name: str, status: Status, error: RunnerError) -> Finding:
        """Give the finding that a fault of the table is."""
        return cls(name, status, f"{error.what} (RNR-{error.number} {error.where})", error.remedy)

    def as_json(self) -> dict[str, str]:
        """Give it for programs."""
        keys = ("group", "name", "status", "found", "remedy")
        return {key: str(asdict(self)[key]) for key in keys}


def ok(name: str, found: str) -> Finding:
    """Give a finding that all is well."""
    return Finding(name, Status.OK, found)
