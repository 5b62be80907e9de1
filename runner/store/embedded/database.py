"""The embedded database as the verbs see it: connections, statements, and transactions on lanes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from runner.errors import fault
from runner.store.embedded.installation import identity
from runner.store.embedded.transaction import EmbeddedTransaction, clock, stored

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from runner.domain.environment import Identity
    from runner.store.embedded.connection import Connections
    from runner.store.embedded.statements import Statements


class EmbeddedScope:
    """
    ``database.Scope`` on SQLite.

    Attributes:
        connection: SQLite's.
    """

    def __init__(self, connection: sqlite3.Connection, statements: Statements, owners: Mapping[str, str]) -> None:
        self.connection = connection
        self._statements = statements
        self._owners = owners

    @property
    def now(self) -> datetime:
        """The database's clock."""
        return clock(self.connection, self._statements)

    def on(self, lane: str) -> EmbeddedTransaction:
        """Give one lane's side."""
        return EmbeddedTransaction(self.connection, self._statements, lane, self._owners.get(lane))

    def read(self, block: str, **binds: object) -> list[sqlite3.Row]:
        """Run a reading block that names no outbox."""
        return self.connection.execute(self._statements[block], stored(binds)).fetchall()

    def change(self, block: str, **binds: object) -> int:
        """Run a block that changes rows; how many it changed."""
        return self.connection.execute(self._statements[block], stored(binds)).rowcount

    def change_many(self, block: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Run a block for each of many rows."""
        self.connection.executemany(self._statements[block], [stored(row) for row in rows])

    def insert(self, block: str, **binds: object) -> int:
        """Run an insert that is given a number; the number."""
        number = self.connection.execute(self._statements[block], stored(binds)).lastrowid
        assert number is not None
        return number

    def next_login(self) -> int:
        """Give the number of a session that nobody else gets."""
        self.connection.execute(self._statements["next_login"])
        return int(self.connection.execute(self._statements["last_login"]).fetchone()[0])

    def raise_numbers(self, last_id: int) -> None:
        """Give no item a number again up to this one."""
        self.connection.execute(self._statements["raise_sequence"], {"last_id": last_id})
        for lane in self._statements.outboxes:
            self.connection.execute(self._statements.of(lane, "raise_numbering"), {"last_id": last_id})


class EmbeddedDatabase:
    """
    ``database.Database`` on SQLite: what all verbs share.

    Attributes:
        connections: To the file.
        statements: Its SQL.
        owners: Lane → name of the daemon that works on it through this object, for the claims.
    """

    def __init__(self, connections: Connections, statements: Statements) -> None:
        self.connections = connections
        self.statements = statements
        self.owners: dict[str, str] = {}

    @property
    def lanes(self) -> list[str]:
        """All outboxes."""
        return list(self.statements.outboxes)

    @property
    def name(self) -> str:
        """The file."""
        return str(self.connections.path)

    @contextmanager
    def writing(self) -> Iterator[EmbeddedScope]:
        """One transaction: commits at the end, changes nothing when anything is raised."""
        with self.connections.writing() as connection:
            yield self._scope(connection)

    @contextmanager
    def reading(self) -> Iterator[EmbeddedScope]:
        """One look that cannot write."""
        with self.connections.reading() as connection:
            yield self._scope(connection)

    @contextmanager
    def transaction(self, lane: str, busy_s: float | None = None) -> Iterator[EmbeddedTransaction]:
        """One transaction on one lane."""
        with self.connections.writing(busy_s) as connection:
            yield self._scope(connection).on(lane)

    @contextmanager
    def looking(self, lane: str) -> Iterator[EmbeddedTransaction]:
        """One lane as it is now, without a lock; it cannot be written through this."""
        with self.connections.reading() as connection:
            yield self._scope(connection).on(lane)

    @contextmanager
    def forgetting(self) -> Iterator[EmbeddedScope]:
        """Write zeros over what is forgotten; else it would stay in the file's free pages for a while."""
        with self.connections.writing() as connection:
            [(before,)] = connection.execute("PRAGMA secure_delete").fetchall()
            connection.execute("PRAGMA secure_delete = ON").fetchall()
            try:
                yield self._scope(connection)
            finally:
                connection.execute(f"PRAGMA secure_delete = {('OFF', 'ON', 'FAST')[before]}").fetchall()

    def read(self, block: str, **binds: object) -> list[sqlite3.Row]:
        """Run a reading block that names no outbox."""
        with self.reading() as look:
            return look.read(block, **binds)

    def write(self, block: str, **binds: object) -> int:
        """Run a writing block that names no outbox, in a transaction of its own; how many rows it changed."""
        with self.writing() as scope:
            return scope.change(block, **binds)

    def tell_many(self, block: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Likewise for each of many rows, as signs of life, worth nothing after a power loss: no disk is waited for."""
        with self.connections.writing(durable=False) as connection:
            scope = self._scope(connection)
            for binds in rows:
                scope.change(block, **binds)

    def identity(self) -> Identity:
        """Which database this is, and whether it is where it was installed."""
        return identity(self)

    def is_alive(self, lane: str) -> bool:
        """Whether a daemon's heartbeat for this lane is fresh."""
        return bool(self.read("is_alive", lane=lane)[0][0])

    def is_paused(self, lane: str) -> bool:
        """Whether an operator paused the lane."""
        return bool(self.read("is_paused", lane=lane))

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

    def _scope(self, connection: sqlite3.Connection) -> EmbeddedScope:
        return EmbeddedScope(connection, self.statements, self.owners)
