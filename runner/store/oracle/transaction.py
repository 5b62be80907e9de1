"""
One transaction on a lane of an Oracle database: rows locked where nobody holds them, and writes gathered.

What a step changes is sent as arrays at the end, the last of them with the commit: the number of round trips does not
grow with the number of items.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from runner.domain.outbox import State
from runner.errors import RunnerError, fault, places
from runner.store.oracle.books import Gathered
from runner.store.oracle.errors import is_lost
from runner.store.rows import Stored, certain, to_binds, to_instant, to_item, to_json, to_stored

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from runner.domain.outbox import Row
    from runner.ports import Item
    from runner.store.oracle.session import Session
    from runner.store.oracle.statements import Statements

logger = logging.getLogger(__name__)


TEXT_CHARS = 1000
"""Longest payload that ``items`` gives as a text: 4000 bytes, whatever its letters are."""


class StaleRowsError(Exception):
    """Rows that were locked were not what they had been read as: nothing is to be committed, all is to be read anew."""


class OracleTransaction(Gathered):
    """
    ``database.LaneScope`` on Oracle.

    Attributes:
        left_out: Items that were asked for and are not here: another session holds them, or there are none.
        lost: Items whose rows were not what they were read as, so that nothing of them was written.
        refused: Item → why the database refused its row.
        written: Item → its row as it was last written.
    """

    def __init__(
        self, session: Session, statements: Statements, lane: str, owner: str | None, *, locking: bool
    ) -> None:
        super().__init__(session, statements, lane)
        self._owner = owner
        self._locking = locking
        self._now: datetime | None = None
        self._loaded: set[int] = set()
        self._successors: dict[int, list[int]] | None = None
        self.left_out: set[int] = set()
        self.lost: set[int] = set()
        self.refused: dict[int, Exception] = {}
        self.written: dict[int, Row] = {}

    @property
    def now(self) -> datetime:
        """The database's clock when rows were last locked; no statement of ours waits for a lock before it looks."""
        if self._now is None:
            self._now = certain(to_instant(self._query("now")[0]["now"]))
        return self._now

    # rows

    def load(self, items: Collection[int]) -> dict[int, Stored]:
        """Lock and read rows; what another session holds is left out to the end, though it be free meanwhile."""
        self.flush_rows()
        wanted = set(items) - self.left_out
        records = self._query("lock_rows" if self._locking else "rows", items=to_json(sorted(wanted)))
        found = self.take_records(records)
        self.left_out |= wanted - set(found)
        return found

    def take_records(self, records: Sequence[Mapping[str, Any]]) -> dict[int, Stored]:
        """Take over rows that a statement has read, with its clock."""
        if records:
            self._now = certain(to_instant(records[0]["now"]))
        found = {int(record["item_id"]): to_stored(record) for record in records}
        self._loaded |= set(found)
        self._withdrawn |= {item: stored.withdraws for item, stored in found.items()}
        self._successors = None
        return found

    def items(self, rows: Mapping[int, Row]) -> list[Item]:
        """Give claimed rows with all that their work needs; one that cannot be read does not take the others along."""
        if not rows:
            return []
        try:
            records = self._with_lobs(rows, self._query("items", items=to_json(list(rows))))
        except (RunnerError, UnicodeError) as error:
            if isinstance(error, RunnerError) and is_lost(error):
                raise  # it is not the row's fault
            if len(rows) == 1:
                [item] = rows
                self._say_unreadable(item, error)
                return []
            return [each for item, row in rows.items() for each in self.items({item: row})]
        found = {int(record["item_id"]): record for record in records}
        return [each for item, row in rows.items() if (each := self._item(row, found.get(item))) is not None]

    def _with_lobs(self, rows: Mapping[int, Row], records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Read the large objects of those that need them: most items need none."""
        found = {int(record["item_id"]): {"body": None, "document": None, **record} for record in records}
        apart = [
            item
            for item, record in found.items()
            if rows[item].message_id is not None or (record["payload_length"] or 0) > TEXT_CHARS
        ]
        if apart:
            for record in self._query("items_apart", items=to_json(apart)):
                found[int(record["item_id"])] |= record
        return list(found.values())

    def _item(self, row: Row, record: Mapping[str, Any] | None) -> Item | None:
        if record is None:
            return None
        try:
            return to_item(self._lane, row, record)
        except (AssertionError, ValueError) as error:
            self._say_unreadable(row.item_id, error)
            return None

    def _say_unreadable(self, item: int, error: Exception) -> None:
        why = str(error) if isinstance(error, RunnerError) else places(error)
        facts = {"event": "row.unreadable", "item": item, "lane": self._lane, "fault": why}
        logger.error("row cannot be read; its lease will end by itself", extra=facts)

    def write(self, changes: Sequence[tuple[Row, Row]]) -> None:
        """Write rows as (seen, made of it), each fenced on what was seen, when the transaction is sent."""
        self._changes += changes

    def flush_rows(self, *, commit: bool = False) -> None:
        """
        Send the changes of rows; those that were not what they had been read as are noted in ``lost``.

        One that the database refuses is noted in ``refused``; the others are not kept back by it.
        """
        changes, self._changes = self._changes, []
        if not changes:
            return
        binds = [
            {**to_binds(was, row), **self._identity_of(row.item_id), "claim_owner": self._owner} for was, row in changes
        ]
        statement = self._statements.of(self._lane, "write_row")
        counts, errors = self._session.try_many(statement, binds, commit=commit)
        self.has_written = True
        for place, (_, row) in enumerate(changes):
            if place in errors:
                self.refused[row.item_id] = errors[place]
            elif not counts[place]:
                self.lost.add(row.item_id)
            else:
                self.written[row.item_id] = row

    def sending(self) -> set[int]:
        """Give the items that are to be sent, as far as they are not written yet."""
        return {row.item_id for _, row in self._changes if row.state is State.SENDING}

    def existing(self, items: Collection[int]) -> set[int]:
        """Give those of the items that there are, whoever holds them."""
        return {int(record["item_id"]) for record in self._query("rows", items=to_json(sorted(items)))}

    # looks

    def ids(self, block: str, **binds: object) -> list[int]:
        """Give the item numbers that a block finds now."""
        return [int(next(iter(record.values()))) for record in self._query(block, **binds)]

    def rows(self, block: str, **binds: object) -> list[dict[str, Any]]:
        """Give what a block reads now."""
        return self._query(block, **binds)

    def fetch(self, block: str, most: int, **binds: object) -> list[dict[str, Any]]:
        """Give the first rows that a block finds, and lock no further ones."""
        return self._session.query(self._statements.of(self._lane, block), binds, most)

    def any_of(self, blocks: Sequence[str], **binds: object) -> list[bool]:
        """Say of each block whether it finds something now, in one statement: an idle lane asks nothing else."""
        [found] = self._session.query(self._statements.any_of(self._lane, tuple(blocks)), binds)
        return [bool(found[block]) for block in blocks]

    # what follows from an end

    def successors(self, item_id: int) -> list[int]:
        """Give the rows that need this one accepted and are not sent, read at once for all rows of the transaction."""
        if self._successors is None or item_id not in self._loaded:
            self._successors = {}
            for record in self._query("successors_of", items=to_json(sorted({*self._loaded, item_id}))):
                self._successors.setdefault(int(record["depends_on"]), []).append(int(record["item_id"]))
        return self._successors.get(item_id, [])

    def queue_withdrawal(self, item_id: int, asked_by: str | None) -> int | None:
        """Insert the withdrawal of an item; 0 where one is alive, None where its type has none."""
        self.flush_rows()
        if self._query("withdrawal_alive", item_id=item_id):
            return 0
        if not self.change("queue_withdrawal", item_id=item_id, asked_by=asked_by, now=self.now):
            return None
        withdrawal = int(self._query("newest_withdrawal", item_id=item_id)[0]["item_id"])
        self.change("inherit_proof", item_id=withdrawal)
        return withdrawal

    def change(self, block: str, **binds: object) -> int:
        """Run a block that changes rows, at once; how many it changed."""
        self.flush_rows()
        self.has_written = True
        return self._session.change(self._statements.of(self._lane, block), binds)

    def forget(self, kind: str, items: Collection[int]) -> int:
        """Forget ``payload``, ``document`` or ``body`` of items; of how many."""
        if kind == "body":
            self.purge_bodies(items)
            return len(items)
        if kind == "document":
            return self.change("forget_documents", items=to_json(list(items)))
        free = list(self.load(items))  # what MedWorkS holds is forgotten another time
        return self.change("forget_payloads", items=to_json(free))

    def fault_if_stale(self) -> None:
        """
        Make sure that everything that was to be written was, for duties that come again by themselves.

        Raises:
            RunnerError: Rows were not what they had been read as, or the database refused one.
        """
        try:
            self.must_hold()
        except StaleRowsError:
            raise fault(7006, f"outbox {self._lane}", count=len(self.lost)) from None

    def must_hold(self) -> None:
        """
        Make sure likewise.

        Raises:
            StaleRowsError: Rows were not what they had been read as.
            RunnerError: The database refused a row.
        """
        if self.refused:
            raise next(iter(self.refused.values()))
        if self.lost:
            raise StaleRowsError

    def commit(self) -> None:
        """Commit what was sent and what is gathered."""
        if not self.send_books(commit=True) and self.has_written:
            self._session.commit()

    def _query(self, block: str, **binds: object) -> list[dict[str, Any]]:
        self.flush_rows()
        return self._session.query(self._statements.of(self._lane, block), binds)
