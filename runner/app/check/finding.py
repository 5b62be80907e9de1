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
        ddl: Statements that mend it in the database.
        run_as: Who runs them, ``owner`` or ``DBA``.
    """

    name: str
    status: Status
    found: str
    remedy: str = ""
    group: str = ""
    ddl: tuple[str, ...] = ()
    run_as: str = ""

    @classmethod
    def of(cls, name: str, status: Status, error: RunnerError) -> Finding:
        """Give the finding that a fault of the table is."""
        return cls(name, status, f"{error.what} (RNR-{error.number} {error.where})", error.remedy)

    def as_json(self) -> dict[str, str | list[str]]:
        """Give it for programs; ``run_as`` and ``ddl`` where statements mend it."""
        keys = ("group", "name", "status", "found", "remedy")
        plain: dict[str, str | list[str]] = {key: str(asdict(self)[key]) for key in keys}
        return {**plain, "run_as": self.run_as, "ddl": list(self.ddl)} if self.ddl else plain


def ok(name: str, found: str) -> Finding:
    """Give a finding that all is well."""
    return Finding(name, Status.OK, found)
