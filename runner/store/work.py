"""
One transaction on the rows of an outbox: apply steps of the domain and follow what comes of them.

The same for every database; what a database must give is ``Transaction``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from runner.domain import steps
from runner.domain.outbox import FINAL, Row, State, Verdict
from runner.domain.outcome import Reason

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from runner.domain.outbox import Step
    from runner.store.rows import Stored


class Transaction(Protocol):
    """What a database gives inside one transaction on one lane. Rows that it loads are locked until the end."""

    @property
    def now(self) -> datetime:
        """The database's clock, read after the lock."""

    def load(self, items: Collection[int]) -> Mapping[int, Stored]:
        """Lock and read rows; items that do not exist are left out."""

    def write(self, changes: Sequence[tuple[Row, Row]]) -> None:
        """Write rows as (seen, made of it), each fenced on what was seen; all or an exception."""

    def successors(self, item_id: int) -> Sequence[int]:
        """Give the rows that need this one accepted and are not sent."""

    def hand_on(self, item_id: int) -> None:
        """Let what waits for an item that never went wait for what that one waited for, while that has not ended."""

    def purge_bodies(self, items: Collection[int]) -> None:
        """Forget the bytes of items that are final."""

    def queue_withdrawal(self, item_id: int, asked_by: str | None) -> int | None:
        """
        Insert the withdrawal of an item, under who asked or else who recorded it.

        Returns:
            Its number; 0 where one is alive already; None where the document type has no withdrawal.
        """


class Work:
    """
    The rows of one transaction: read once, stepped in memory, written at the end.

    Whatever ends an item here also does what must happen in the same transaction: its successors that needed it end,
    its original learns how its withdrawal went, the withdrawal that it owes is queued, its bytes are forgotten.
    """

    def __init__(self, transaction: Transaction, items: Collection[int] = ()) -> None:
        self._transaction = transaction
        self._seen: dict[int, Stored] = dict(transaction.load(items)) if items else {}
        self._rows: dict[int, Row] = {item: stored.row for item, stored in self._seen.items()}
        self._owed: dict[int, str | None] = {}
        self._ended: set[int] = set()

    @property
    def now(self) -> datetime:
        """The database's clock, read after the lock."""
        return self._transaction.now

    def stored(self, item_id: int) -> Stored | None:
        """Give a row as it was read, or None where there is none."""
        if item_id not in self._seen:
            self._seen.update(self._transaction.load([item_id]))
            if item_id in self._seen:
                self._rows[item_id] = self._seen[item_id].row
        return self._seen.get(item_id)

    def row(self, item_id: int) -> Row | None:
        """Give a row as it stands now, steps included."""
        return self._rows[item_id] if self.stored(item_id) else None

    def apply(self, step: Step, asked_by: str | None = None) -> Verdict:
        """Take over what a step made of its row, with everything that follows from it."""
        row = step.row
        before = self._rows[row.item_id]
        self._rows[row.item_id] = row
        if step.queue_withdrawal:
            self._owed[row.item_id] = asked_by
        if row.state is not before.state and row.state in FINAL:
            self._follow_end(row)
        return step.verdict

    def finish(self) -> None:
        """Write everything; the caller's transaction then commits."""
        self._write()
        while self._owed:
            item_id, asked_by = self._owed.popitem()
            withdrawal = self._transaction.queue_withdrawal(item_id, asked_by)
            if withdrawal is None:
                self._note_withdrawal(item_id, State.INVALID)
            elif withdrawal and (row := self.row(withdrawal)) and row.state in FINAL:
                self._note_withdrawal(item_id, row.state, row.status_text)
            self._write()
        for item_id in sorted(self._ended):
            if self._rows[item_id].state is not State.ACCEPTED and self._rows[item_id].sent_at is None:
                self._transaction.hand_on(item_id)
        if self._ended:
            self._transaction.purge_bodies(self._ended)

    def _write(self) -> None:
        changes = [
            (seen.row, self._rows[item]) for item, seen in self._seen.items() if self._rows[item] is not seen.row
        ]
        if changes:
            self._transaction.write(changes)
        for seen, row in changes:
            stored = self._seen[seen.item_id]
            self._seen[seen.item_id] = type(stored)(row, stored.withdraws, stored.acting_user, stored.digest)

    def _follow_end(self, row: Row) -> None:
        self._ended.add(row.item_id)
        stored = self._seen[row.item_id]
        if stored.withdraws is not None and row.reason_code == Reason.PRESCRIBER_ONLY and row.sent_at is None:
            if original := self.row(stored.withdraws):
                self.apply(steps.withdrawal_void(original))
        elif stored.withdraws is not None:
            self._note_withdrawal(stored.withdraws, row.state, row.status_text)
        if row.state is State.ACCEPTED or (stored.withdraws is not None and row.reason_code == Reason.PREDECESSOR):
            return  # accepted, or there was nothing to withdraw: what follows may go
        for item in self._transaction.successors(row.item_id):
            if successor := self.row(item):
                self.apply(steps.fail_with_predecessor(successor))

    def _note_withdrawal(self, original_id: int, state: State, why: str | None = None) -> None:
        if original := self.row(original_id):
            self.apply(steps.withdrawal_ended(original, state, why))
