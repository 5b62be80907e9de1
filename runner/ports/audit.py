"""The audit log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from runner.domain.audit import EntryKind


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One thing to be logged.

    Attributes:
        kind: What it is about.
        body: What is sealed: the message without secrets, or JSON; patients' data may stand here and nowhere else.
        outcome: What came of it, one word; never patients' data, like all that follows.
        item: Item number.
        acting_user: EESZT user.
        his_user: HIS user.
        operation: ``service.Operation`` of the contract.
        message_id: Of the message.
    """

    kind: EntryKind
    body: bytes = field(default=b"", repr=False)
    outcome: str = ""
    item: int | None = None
    acting_user: str | None = None
    his_user: str | None = None
    operation: str | None = None
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Anchor:
    """
    Where an entry stands; kept outside of the log, it shows that the log was cut or replaced.

    Attributes:
        chain: Name of the chain.
        sequence: Number in it.
        head: The entry's head, SHA-256 hex.
    """

    chain: str
    sequence: int
    head: str


class Noted(Protocol):
    """An entry on its way to the disk."""

    def anchor(self) -> Anchor | None:
        """Wait until it is durable; where it stands, or None where the log cannot be written now."""


class AuditLog(Protocol):
    """The sealed, chained log of everything that is exchanged. Never read to do work. Safe for threads."""

    @property
    def is_down(self) -> bool:
        """Whether it cannot be written now, so that nothing may be sent."""

    def write(self, entry: Entry) -> Anchor:
        """
        Log what is about to happen; durable when this returns.

        Raises:
            StoreError: RNR-7101, it is not in the log: it must not happen.
        """

    def note(self, entry: Entry) -> Noted:
        """Log what has happened, without waiting; while the log is down it is kept, and written first afterwards."""
