"""What a database gives to everything that all databases do alike: transactions, looks, statements by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from runner.store.completion import Books

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from runner.domain.environment import Identity
    from runner.domain.outbox import Row
    from runner.ports import Item
    from runner.store.rows import Record


class LaneScope(Books, Protocol):
    """One lane's side of a transaction, or of a look. Statements are named by their blocks; instants are aware UTC."""

    def ids(self, block: str, **binds: object) -> Sequence[int]:
        """Give the item numbers that a block finds now."""

    def rows(self, block: str, **binds: object) -> Sequence[Record]:
        """Give what a block reads now."""

    def change(self, block: str, **binds: object) -> int:
        """Run a block that changes rows; how many it changed."""

    def any_of(self, blocks: Sequence[str], **binds: object) -> Sequence[bool]:
        """Say of each block whether it finds something now, in one statement."""

    def items(self, rows: Mapping[int, Row]) -> list[Item]:
        """Give rows with everything that their work needs, in the order of ``rows``."""

    def forget(self, kind: str, items: Collection[int]) -> int:
        """Forget ``payload``, ``document`` or ``body`` of items; of how many."""

    def store_message(self, binds: Mapping[str, object], *, renew: bool) -> None:
        """
        Keep what is about to leave, and fix the item's identity.

        Args:
            binds: Of block ``store_message``.
            renew: Whether a message of the item is kept already, so that only its expiry is renewed.
        """


class Scope(Protocol):
    """One transaction on the whole database, or a look at it without a lock."""

    @property
    def now(self) -> datetime:
        """The database's clock, at the latest when this is first asked for."""

    def on(self, lane: str) -> LaneScope:
        """Give one lane's side."""

    def read(self, block: str, **binds: object) -> Sequence[Record]:
        """Run a reading block that names no outbox."""

    def change(self, block: str, **binds: object) -> int:
        """Run a block that changes rows; how many it changed."""

    def change_many(self, block: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Run a block for each of many rows."""

    def insert(self, block: str, **binds: object) -> int:
        """Run an insert that is given a number; the number."""

    def raise_numbers(self, last_id: int) -> None:
        """Give no item a number again up to this one."""

    def next_login(self) -> int:
        """Give the number of a session that nobody else gets."""


class Database(Protocol):
    """A database as the verbs see it."""

    @property
    def lanes(self) -> Sequence[str]:
        """All outboxes."""

    @property
    def name(self) -> str:
        """What it is called in messages."""

    def writing(self) -> AbstractContextManager[Scope]:
        """One transaction: commits at the end, changes nothing when anything is raised."""

    def reading(self) -> AbstractContextManager[Scope]:
        """One look that cannot write."""

    def transaction(self, lane: str) -> AbstractContextManager[LaneScope]:
        """One transaction on one lane."""

    def looking(self, lane: str) -> AbstractContextManager[LaneScope]:
        """One lane as it is now, without a lock."""

    def forgetting(self) -> AbstractContextManager[Scope]:
        """One transaction that leaves nothing of what is forgotten in the database's files, where it can do that."""

    def read(self, block: str, **binds: object) -> Sequence[Record]:
        """Run a reading block that names no outbox, in a look of its own."""

    def is_paused(self, lane: str) -> bool:
        """Whether an operator paused the lane."""

    def identity(self) -> Identity:
        """Which database this is, and whether it is where it was installed."""
