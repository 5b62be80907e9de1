"""MedWorkS's and the operator's side of the outboxes, and the adoption of a moved database."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runner.domain.outbox import State, WardAnswer
from runner.ports.items import Item, NewItem, TypeVersion


class Desk(Protocol):
    """What MedWorkS and an operator may ask of the outboxes; on Oracle the PL/SQL package does the same."""

    def submit(self, item: NewItem) -> int:
        """
        Write an item and give its number; the same document type and source key twice gives the existing item's.

        A withdrawal is always a row of its own.
        """

    def withdraw(self, item_id: int, his_user: str) -> State:
        """
        Take an item back; the state it is in afterwards.

        Raises:
            RowError: RNR-3001, a prescription of somebody else; nothing was changed.
        """

    def decide(self, item_id: int) -> WardAnswer | None:
        """
        Tell the ward: WAIT, PRINT or PAPER; decided here once its time is over or no daemon is alive.

        None where nobody waits, and where the withdrawal of what was to be printed has been asked for.
        """

    def wait_for(self, item_id: int, seconds: float) -> WardAnswer | None:
        """Like decide, but waits up to ``seconds`` for an answer other than WAIT."""

    def retry(self, item_id: int) -> State:
        """
        Let a WAITING or PARKED item go now; the state it is in afterwards.

        Raises:
            RowError: RNR-3002, it is final; nothing was changed.
        """

    def pause(self, lane: str, by: str) -> None:
        """Pause a lane persistently."""

    def resume(self, lane: str) -> None:
        """Resume a paused lane."""

    def activate(self, types: Collection[TypeVersion]) -> None:
        """Put these document types in force, all or none; types that are missing are retired."""

    def active(self) -> Sequence[TypeVersion]:
        """The document types in force."""

    def rows(self, sql: str, **binds: object) -> Sequence[Mapping[str, object]]:
        """Run one reading statement, for listings; column names in lower case, instants and days as text."""


@dataclass(frozen=True, slots=True)
class Sent:
    """
    A message of an item that left, as the audit log proves it.

    Attributes:
        item_id: The item.
        message_id: ``urn:uuid:…``.
        acting_user: EESZT user under whom it went.
        operation: ``service.Operation``.
        sent_at: When, by this machine's clock.
        expires_at: Its own expiry at the latest.
    """

    item_id: int
    message_id: str
    acting_user: str
    operation: str
    sent_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Adopted:
    """
    What adopting a database came to.

    Attributes:
        database_id: Its identity from now on.
        asked_after: Items that had been sent and will be asked after.
        lost: Messages of rows that this database does not have: the EESZT may hold documents that nobody here knows.
        ended: How many open items of a copy were ended.
        sessions: How many sessions were ended.
    """

    database_id: str
    asked_after: Sequence[int] = ()
    lost: Sequence[Sent] = ()
    ended: int = 0
    sessions: int = 0


class Adoption(Protocol):
    """Making a database that was moved, restored or copied the one that works here; no daemon may run meanwhile."""

    def missing(self, sent: Iterable[Sent]) -> Sequence[Sent]:
        """Of these messages, those that the database does not know to have left; then it went back in time."""

    def logged(self) -> Mapping[str, int]:
        """Up to which entry of which chain of the audit log the database is known to agree with it."""

    def adopt_moved(
        self, by: str, missing: Sequence[Sent], rendered: Mapping[int, tuple[str, bytes]], log: Mapping[str, int]
    ) -> Adopted:
        """
        Take the one database that goes on; what it does not know to have left becomes UNKNOWN and is asked after.

        Args:
            by: Who adopts.
            missing: From ``missing``.
            rendered: Item → its document's fields, JSON text, and its body, both rendered anew.
            log: Chain → the last entry that was looked at; ``logged`` gives it from now on.
        """

    def adopt_copy(self, by: str, environment: str, log: Mapping[str, int]) -> Adopted:
        """Take a copy whose original goes on elsewhere: everything that stands open in it ends."""

    def items(self, numbers: Collection[int]) -> Sequence[Item]:
        """Give items with everything that their work needs, those that exist."""
