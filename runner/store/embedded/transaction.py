"""One transaction on a lane of the embedded database: the rows, and the books beside them."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import TYPE_CHECKING

from runner.errors import fault
from runner.store.rows import Stored, certain, target_of, to_binds, to_instant, to_item, to_json, to_stored, to_text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from runner.domain.outbox import Row, Verdict
    from runner.domain.outcome import Outcome
    from runner.ports import Completion, Item, WriteBack
    from runner.store.embedded.statements import Statements


def clock(connection: sqlite3.Connection, statements: Statements) -> datetime:
    """Read the database's clock."""
    return certain(to_instant(connection.execute(statements["now"]).fetchone()[0]))


def stored(binds: Mapping[str, object]) -> dict[str, object]:
    """Give binds as SQLite keeps them: instants are texts that sort."""
    return {name: to_text(value) if type(value) is datetime else value for name, value in binds.items()}


class EmbeddedTransaction:
    """
    What ``work.Transaction`` and ``completion.Books`` ask for; the file is locked, so rows need no lock of their own.

    Attributes:
        now: The database's clock, read after the lock.
    """

    def __init__(self, connection: sqlite3.Connection, statements: Statements, lane: str, owner: str | None) -> None:
        self.now = clock(connection, statements)
        self._connection = connection
        self._statements = statements
        self._lane = lane
        self._owner = owner

    # rows

    def load(self, items: Collection[int]) -> dict[int, Stored]:
        """Read rows; items that do not exist are left out."""
        records = self._run("rows", items=to_json(list(items)))
        return {record["item_id"]: to_stored(record) for record in records}

    def items(self, rows: Mapping[int, Row]) -> list[Item]:
        """Give claimed rows with everything that their work needs, in the order of ``rows``."""
        records = {record["item_id"]: record for record in self._run("items", items=to_json(list(rows)))}
        return [to_item(self._lane, row, records[item]) for item, row in rows.items()]

    def ids(self, block: str, **binds: object) -> list[int]:
        """Give the item numbers that a block finds now."""
        return [record[0] for record in self._run(block, now=self.now, **binds)]

    def rows(self, block: str, **binds: object) -> list[sqlite3.Row]:
        """Give what a block reads now."""
        return self._run(block, now=self.now, **binds)

    def any_of(self, blocks: Sequence[str], **binds: object) -> list[bool]:
        """Say of each block whether it finds something now, in one statement: an idle lane asks it twice a second."""
        asked = self._connection.execute(
            self._statements.any_of(self._lane, tuple(blocks)), {"now": to_text(self.now), "limit": 1, **binds}
        )
        return [bool(each) for each in asked.fetchone()]

    def change(self, block: str, **binds: object) -> int:
        """Run a block that changes rows; how many it changed."""
        sql = self._statements.of(self._lane, block)
        return self._connection.execute(sql, stored({"now": self.now, **binds})).rowcount

    def value(self, block: str, **binds: object) -> object:
        """Give the one value that a block reads."""
        return self._run(block, **binds)[0][0]

    def write(self, changes: Sequence[tuple[Row, Row]]) -> None:
        """Write rows as (seen, made of it), each fenced on what was seen."""
        binds = [stored({**to_binds(was, row), "now": self.now, "claim_owner": self._owner}) for was, row in changes]
        changed = self._connection.executemany(self._statements.of(self._lane, "write_row"), binds).rowcount
        if changed != len(binds):
            raise fault(7006, f"outbox {self._lane}", count=len(binds) - changed)

    def successors(self, item_id: int) -> list[int]:
        """Give the rows that need this one accepted and are not sent."""
        return [record[0] for record in self._run("successors", item_id=item_id)]

    def hand_on(self, item_id: int) -> None:
        """Let what waits for an item that never went wait for what that one waited for."""
        self._run("hand_on", item_id=item_id)

    def purge_bodies(self, items: Collection[int]) -> None:
        """Forget the bytes of items that are final."""
        self._run_plain("purge_bodies", items=to_json(list(items)), now=self.now)

    def forget(self, kind: str, items: Collection[int]) -> int:
        """Forget ``payload``, ``document`` or ``body`` of items; of how many."""
        if kind == "body":
            self.purge_bodies(items)
        elif kind == "document":
            self._run_plain("forget_documents", items=to_json(list(items)))
        else:
            self._run("forget_payloads", items=to_json(list(items)))
        return len(items)

    def queue_withdrawal(self, item_id: int, asked_by: str | None) -> int | None:
        """Insert the withdrawal of an item; 0 where one is alive, None where its type has none."""
        if self._run("withdrawal_alive", item_id=item_id):
            return 0
        sql = self._statements.of(self._lane, "queue_withdrawal")
        cursor = self._connection.execute(sql, {"item_id": item_id, "asked_by": asked_by, "now": to_text(self.now)})
        if not cursor.rowcount:
            return None
        withdrawal = cursor.lastrowid
        self._run("inherit_proof", item_id=withdrawal)
        return withdrawal

    def note_asker(self, item_id: int, his_user: str) -> None:
        """Note who asked to withdraw an item."""
        self._run("note_asker", item_id=item_id, asked_by=his_user)

    # messages

    def store_message(self, binds: Mapping[str, object], *, renew: bool) -> None:  # noqa: ARG002  one statement does both
        """Keep what is about to leave, and fix the item's identity."""
        as_text = stored(binds)
        self._connection.execute(self._statements["store_message"], as_text)
        self._connection.execute(self._statements.of(self._lane, "mark_permitted"), as_text)

    # books

    def identifier_owner(self, name: str, value: str) -> int | None:
        """Whose an identifier is."""
        found = self._run_plain("identifier_owner", name=name, value=value)
        return found[0]["item_id"] if found else None

    def keep_identifier(self, item_id: int, name: str, value: str, *, second: bool) -> None:
        """Keep an identifier; one that is kept already stays as it is."""
        self._run_plain("keep_identifier", item_id=item_id, name=name, value=value, is_second=int(second), now=self.now)

    def keep_attempt(self, completion: Completion, outcome: Outcome, verdict: Verdict) -> None:
        """Keep one try or probe, with its place in the audit log."""
        anchor = completion.anchor
        self._run_plain(
            "keep_attempt",
            audit_chain=anchor and anchor.chain,
            audit_sequence=anchor and anchor.sequence,
            audit_head=anchor and anchor.head,
            item_id=completion.item_id,
            kind=completion.attempt,
            now=self.now,
            took_ms=round(completion.took_s * 1000),
            ending=outcome.ending.value,
            reason_code=outcome.unlisted_code or outcome.reason_code,
            acting_user=completion.acting_user,
            verdict=verdict.value,
            decision=completion.decision.line if completion.decision else None,
            rules=completion.decision.rules if completion.decision else None,
        )

    def keep_result(self, item_id: int, asker: str, result: str, expires_at: datetime) -> None:
        """Keep the answer of a query for who asked."""
        self._run_plain(
            "keep_result",
            item_id=item_id,
            asker=asker,
            result=result,
            now=self.now,
            expires_at=expires_at,
        )

    def queue_write_backs(self, item_id: int, record_item: int, copies: Sequence[WriteBack]) -> None:
        """Note copies that are due into the HIS's own tables, of an item or of the item that it withdraws."""
        for copy in copies:
            self._run_plain(
                "queue_write_back",
                item_id=item_id,
                record_item=record_item,
                target=target_of(copy),
                table_name=copy.table,
                key_json=to_json(dict(copy.key)),
                values_json=to_json(dict(copy.values)),
                now=self.now,
            )

    def drop_write_backs(self, item_id: int) -> None:
        """Make no further copies of an item."""
        self._run_plain("drop_write_backs", item_id=item_id)

    def _run(self, block: str, **binds: object) -> list[sqlite3.Row]:
        return self._connection.execute(self._statements.of(self._lane, block), stored(binds)).fetchall()

    def _run_plain(self, block: str, **binds: object) -> list[sqlite3.Row]:
        return self._connection.execute(self._statements[block], stored(binds)).fetchall()
