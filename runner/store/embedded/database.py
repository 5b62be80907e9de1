"""The embedded database as the verbs see it: connections, statements, and transactions on lanes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from runner.errors import fault
from runner.store.embedded.transaction import EmbeddedTransaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from runner.store.embedded.connection import Connections
    from runner.store.embedded.statements import Statements


class Database:
    """
    What all verbs share.

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

    def on(self, connection: sqlite3.Connection, lane: str) -> EmbeddedTransaction:
        """Give one lane's side of a transaction."""
        return EmbeddedTransaction(connection, self.statements, lane, self.owners.get(lane))

    @contextmanager
    def transaction(self, lane: str, busy_s: float | None = None) -> Iterator[EmbeddedTransaction]:
        """One transaction on one lane: commits at the end, changes nothing when anything is raised."""
        with self.connections.writing(busy_s) as connection:
            yield self.on(connection, lane)

    @contextmanager
    def looking(self, lane: str) -> Iterator[EmbeddedTransaction]:
        """One lane as it is now, without a lock; it cannot be written through this."""
        with self.connections.reading() as connection:
            yield self.on(connection, lane)

    def read(self, block: str, **binds: object) -> list[sqlite3.Row]:
        """Run a reading block that names no outbox."""
        with self.connections.reading() as connection:
            return connection.execute(self.statements[block], binds).fetchall()

    def write(self, block: str, **binds: object) -> int:
        """Run a writing block that names no outbox, in a transaction of its own; how many rows it changed."""
        with self.connections.writing() as connection:
            return connection.execute(self.statements[block], binds).rowcount

    def tell(self, block: str, **binds: object) -> None:
        """Likewise for a sign of life, worth nothing after a power loss: it waits for no disk."""
        with self.connections.writing(durable=False) as connection:
            connection.execute(self.statements[block], binds)

    def is_alive(self, lane: str) -> bool:
        """Whether a daemon's heartbeat for this lane is fresh."""
        return bool(self.read("is_alive", lane=lane)[0][0])

    def is_paused(self, lane: str) -> bool:
        """Whether an operator paused the lane."""
        return bool(self.read("is_paused", lane=lane)[0][0])

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
