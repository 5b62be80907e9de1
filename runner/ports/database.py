"""The whole database: its sides, published code tables, and what it says of itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from runner.domain.codes import Code, CodeTables
from runner.ports.desk import Adoption, Desk
from runner.ports.logins import Directory, Logins
from runner.ports.outbox import Outbox


@dataclass(frozen=True, slots=True)
class CodeCopy:
    """The last good copy of a published table: its name, how many lines, and when it was read."""

    name: str
    lines: int
    read_at: datetime


class Codes(Protocol):
    """The published code tables in EESZT_CODE: always a whole copy of each."""

    def replace(self, name: str, codes: Iterable[Code]) -> int:
        """Put a table in place of its last copy, in one transaction; how many lines."""

    def tables(self) -> CodeTables:
        """Give all tables."""

    def copies(self) -> Sequence[CodeCopy]:
        """Say of each table when it was read last, and how many lines it has."""


@dataclass(frozen=True, slots=True)
class Features:
    """
    What an implementation of the store can do, for the conformance suite.

    Attributes:
        several_daemons: Whether daemons may work on it side by side.
        row_locks: Whether a row can be locked while others are written.
    """

    several_daemons: bool
    row_locks: bool


class Grade(StrEnum):
    """How bad a difference between declaration and database is."""

    WRONG = "WRONG"  # work stops, or something unheard of may happen
    LOOK = "LOOK"  # it works, and somebody should look at it
    UNSEEN = "UNSEEN"  # this user's rights do not show it


@dataclass(frozen=True, slots=True)
class Difference:
    """
    One thing of a database that is not as it should be, or that cannot be seen.

    Attributes:
        name: The object, the user, the parameter.
        grade: How bad it is.
        found: What was found, one clause.
        ddl: Statements that mend it, in order; for UNSEEN the query that shows it; empty where no statement does.
        run_as: Who runs them: ``owner`` or ``DBA``.
        advice: What to do where no statement mends it; one sentence.
    """

    name: str
    grade: Grade
    found: str
    ddl: tuple[str, ...] = ()
    run_as: str = "owner"
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Inspected:
    """
    One side of a database that was compared with what is declared.

    Attributes:
        area: ``tables``, ``indexes``, ``grants`` …
        sound: What to say where there is no difference.
        differences: What is not as it should be.
    """

    area: str
    sound: str
    differences: Sequence[Difference] = ()


class SqlKind(StrEnum):
    """What a column of the HIS holds, as far as it matters to a field."""

    TEXT = "text"
    FIXED_TEXT = "fixed text"  # CHAR, NCHAR: padded with blanks
    NUMBER = "number"
    DAY = "day"  # DATE: to the second
    INSTANT = "instant"  # TIMESTAMP
    ZONED = "zoned instant"
    BYTES = "bytes"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SqlColumn:
    """
    A column of a table of the HIS, or of a query.

    Attributes:
        name: As the database gives it.
        kind: What it holds.
        said: Its type as the database writes it, e.g. ``VARCHAR2(100 CHAR)``.
        length: Most characters that fit for certain, None where there is no bound.
        scale: Digits after the point; None: any number of them, or no number.
        nullable: Whether it may be empty; None where nobody can tell.
    """

    name: str
    kind: SqlKind
    said: str
    length: int | None = None
    scale: int | None = None
    nullable: bool | None = None


class Shapes(Protocol):
    """What tables and queries of the HIS look like, without a row of them."""

    def of_query(self, sql: str) -> Sequence[SqlColumn]:
        """
        Describe a source query; nothing is read.

        Raises:
            StoreError: RNR-7551, the database refuses it.
        """

    def of_table(self, table: str) -> Sequence[SqlColumn]:
        """Describe a table that copies go into; empty where there is none that this user sees."""


class Store(Protocol):
    """All seams to one database; safe for any number of threads."""

    @property
    def outbox(self) -> Outbox:
        """The daemon's side."""

    @property
    def desk(self) -> Desk:
        """MedWorkS's and the operator's side."""

    @property
    def directory(self) -> Directory:
        """Who is who."""

    @property
    def codes(self) -> Codes:
        """Published code tables."""

    @property
    def logins(self) -> Logins:
        """Sessions."""

    @property
    def adoption(self) -> Adoption:
        """Making a moved, restored or copied database the one that works here."""

    @property
    def features(self) -> Features:
        """What it can do."""

    def install(self, environment: str = "test") -> None:
        """
        Create what is missing; safe to repeat.

        Args:
            environment: ``test`` or ``production``; fixed for the life of the database.

        Raises:
            IntegrityError: The database belongs to the other environment.
            StoreError: The database refuses.
        """

    def check_installed(self, environment: str) -> None:
        """
        Make sure, before work begins, that the database is there, complete, of this environment, and no copy.

        Raises:
            IntegrityError: The database belongs to the other environment, or was copied or moved.
            StoreError: It is not installed, or by another version.
        """

    @property
    def shapes(self) -> Shapes:
        """What the HIS's tables and the source queries look like."""

    def inspect(self) -> Sequence[Inspected]:
        """
        Compare the database with what is declared; writes nothing, and says what its user cannot see.

        Raises:
            StoreError: The database cannot be asked.
        """

    def install_example(self) -> None:
        """Create the example tables of a small MedWorkS; for the demonstration and for tests."""

    def lock_daemon(self) -> AbstractContextManager[object]:
        """
        Become a daemon of this database, until the lock is closed or the process ends.

        Raises:
            StoreError: Another daemon works on it, and it is for one only.
        """

    def close(self) -> None:
        """Close all connections; nobody may be at work any more."""
