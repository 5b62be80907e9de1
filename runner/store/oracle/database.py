"""An Oracle database as the verbs see it: sessions, statements, and transactions on lanes."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from runner.errors import RunnerError, fault
from runner.store.oracle.installed import identity
from runner.store.oracle.transaction import OracleTransaction
from runner.store.rows import certain, to_instant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from runner.domain.environment import Identity
    from runner.store.oracle.pool import Pool
    from runner.store.oracle.session import Session
    from runner.store.oracle.statements import Statements


_Done = TypeVar("_Done")

MOST_NUMBERS = 900
"""Numbers taken from a sequence at once."""


class OracleScope:
    """
    ``database.Scope`` on Oracle.

    Attributes:
        session: Lent for it.
    """

    def __init__(self, database: OracleDatabase, session: Session, *, locking: bool) -> None:
        self.session = session
        self._statements = database.statements
        self._owners = database.owners
        self._locking = locking
        self._lanes: dict[str, OracleTransaction] = {}
        self._has_written = False

    @property
    def now(self) -> datetime:
        """The database's clock."""
        return certain(to_instant(self.read("now")[0]["now"]))

    def on(self, lane: str) -> OracleTransaction:
        """Give one lane's side."""
        if lane not in self._lanes:
            owner = self._owners.get(lane)
            self._lanes[lane] = OracleTransaction(self.session, self._statements, lane, owner, locking=self._locking)
        return self._lanes[lane]

    def read(self, block: str, **binds: object) -> list[dict[str, Any]]:
        """Run a reading block that names no outbox."""
        return self.session.query(self._statements[block], binds)

    def change(self, block: str, **binds: object) -> int:
        """Run a block that changes rows; how many it changed."""
        self._has_written = True
        return self.session.change(self._statements[block], {"new_database_id": uuid4().hex, **binds})

    def change_many(self, block: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Run a block for each of many rows."""
        self._has_written = True
        self.session.change_many(self._statements[block], rows)

    def insert(self, block: str, **binds: object) -> int:
        """Run an insert that is given a number; the number."""
        self._has_written = True
        number = self.session.change_returning(self._statements[block], binds, "new_id")
        assert number is not None
        return number

    def next_login(self) -> int:
        """Give the number of a session that nobody else gets."""
        return int(self.read("next_login")[0]["id"])

    def raise_numbers(self, last_id: int) -> None:
        """Give no item a number again up to this one; only a database that went back in time is behind by some."""
        given = int(self.read("next_items", count=1)[0]["id"])
        while given < last_id:
            given = max(int(row["id"]) for row in self.read("next_items", count=min(last_id - given, MOST_NUMBERS)))

    def commit(self) -> None:
        """
        Send what was gathered and commit; the last statement carries it where that can be.

        Raises:
            RunnerError: Rows were not what they had been read as, or one was refused; nothing was committed.
        """
        lanes = list(self._lanes.values())
        for lane in lanes:
            lane.flush_rows()
            lane.fault_if_stale()
        with_books = [lane for lane in lanes if lane.has_books]
        for lane in with_books:
            lane.send_books(commit=lane is with_books[-1])
        if not with_books and (self._has_written or any(lane.has_written for lane in lanes)):
            self.session.commit()


@dataclass(frozen=True, slots=True)
class OracleDatabase:
    """
    ``database.Database`` on Oracle: what all verbs share.

    Attributes:
        pool: Its sessions.
        statements: Its SQL.
        owners: Lane → name of the daemon that works on it through this object, for the claims.
        verb: What is being done, for V$SESSION and for messages.
    """

    pool: Pool
    statements: Statements
    owners: dict[str, str] = field(default_factory=dict)
    verb: str = "work"

    def doing(self, verb: str) -> OracleDatabase:
        """Give the same, for a verb."""
        return replace(self, verb=verb)

    @property
    def lanes(self) -> list[str]:
        """All outboxes."""
        return list(self.statements.outboxes)

    @property
    def name(self) -> str:
        """Its address."""
        return self.pool.access.dsn

    @contextmanager
    def writing(self) -> Iterator[OracleScope]:
        """One transaction: commits at the end, changes nothing when anything is raised."""
        with self._scope("", locking=True) as scope:
            yield scope
            scope.commit()

    @contextmanager
    def reading(self) -> Iterator[OracleScope]:
        """One look."""
        with self._scope("", locking=False) as scope:
            yield scope

    @contextmanager
    def transaction(self, lane: str) -> Iterator[OracleTransaction]:
        """One transaction on one lane, for duties that come again by themselves."""
        with self._scope(lane, locking=True) as scope:
            transaction = scope.on(lane)
            yield transaction
            transaction.flush_rows()
            transaction.fault_if_stale()
            scope.commit()

    @contextmanager
    def locking(self, lane: str) -> Iterator[OracleTransaction]:
        """One transaction on one lane that whoever asked for it commits; else it changes nothing."""
        with self._scope(lane, locking=True) as scope:
            yield scope.on(lane)

    @contextmanager
    def looking(self, lane: str) -> Iterator[OracleTransaction]:
        """One lane as it is now, without a lock."""
        with self._scope(lane, locking=False) as scope:
            yield scope.on(lane)

    @contextmanager
    def forgetting(self) -> Iterator[OracleScope]:
        """One transaction; what Oracle keeps of forgotten rows in undo and in free space is the DBA's."""
        with self.writing() as scope:
            yield scope

    def read(self, block: str, **binds: object) -> list[dict[str, Any]]:
        """Run a reading block that names no outbox, in a look of its own."""
        with self.reading() as look:
            return look.read(block, **binds)

    def write(self, block: str, **binds: object) -> int:
        """
        Run a writing block that names no outbox, in a transaction of its own and one round trip.

        Two daemons may write the first row of a key at once: a MERGE does not see what is not committed, and inserts.
        """
        with self.pool.session(self.verb) as session:
            return _again_if_first(lambda: session.change(self.statements[block], binds, commit=True))

    def write_many(self, block: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Run a writing block that names no outbox for many rows, likewise."""
        with self.pool.session(self.verb) as session:
            _again_if_first(lambda: session.change_many(self.statements[block], rows, commit=True), session.rollback)

    def is_paused(self, lane: str) -> bool:
        """Whether an operator paused the lane."""
        with self.looking(lane) as now:
            return bool(now.rows("lane_paused"))

    def identity(self) -> Identity:
        """Which database this is, and whether it is where it was installed."""
        return identity(self)

    def lane_of(self, item_id: int) -> str:
        """
        Give the outbox that an item stands in.

        Raises:
            StoreError: There is no such item.
        """
        found = self.read("lane_of_item", item_id=item_id)
        if not found:
            raise fault(7007, f"item {item_id}")
        return str(found[0]["lane"])

    @contextmanager
    def _scope(self, lane: str, *, locking: bool) -> Iterator[OracleScope]:
        if lane:
            self.statements.of(lane, "rows")  # refuses an outbox that does not exist
        with self.pool.session(f"{self.verb} {lane}".strip()) as session:
            yield OracleScope(self, session, locking=locking)


def _again_if_first(work: Callable[[], _Done], undo: Callable[[], None] = lambda: None) -> _Done:
    """Do it once more where somebody else has just written the first row of the same key."""
    try:
        return work()
    except RunnerError as error:
        if error.facts.get("code") != "ORA-00001":
            raise
    undo()
    return work()
