"""What a transaction keeps beside the rows: gathered, and sent as one array for each table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from runner.store.rows import target_of, to_json

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from runner.domain.outbox import Row, Verdict
    from runner.domain.outcome import Outcome
    from runner.ports import Completion, WriteBack
    from runner.store.oracle.session import Session
    from runner.store.oracle.statements import Statements

ORDER = (
    "store_message",
    "renew_message",
    "put_body",
    "hand_on_locked",
    "purge_bodies",
    "keep_identifier",
    "keep_attempt",
    "forget_result",
    "keep_result",
    "drop_write_backs",
    "queue_write_back",
)
"""In this order they are sent, after the rows themselves: what reads rows reads them as they were written."""


class Gathered(ABC):
    """
    What a lane's transaction has to write; clock and rows are its own.

    Attributes:
        has_written: Whether anything was sent that a commit must follow.
    """

    def __init__(self, session: Session, statements: Statements, lane: str) -> None:
        self._session = session
        self._statements = statements
        self._lane = lane
        self._changes: list[tuple[Row, Row]] = []
        self._books: dict[str, list[dict[str, Any]]] = {}
        self._identities: dict[int, dict[str, object]] = {}
        self._withdrawn: dict[
            int, int | None
        ] = {}  # what an item withdraws: it may well be answered with that one's identifier
        self._ended: list[int] = []
        self._owners: Mapping[tuple[str, str], int] = {}
        self._kept: dict[tuple[str, str], int] = {}
        self.has_written = False

    @property
    @abstractmethod
    def now(self) -> datetime:
        """The database's clock."""

    @abstractmethod
    def flush_rows(self, *, commit: bool = False) -> None:
        """Send the changes of rows."""

    # messages

    def store_message(self, binds: Mapping[str, object], *, renew: bool) -> None:
        """Keep what is about to leave, and fix the item's identity."""
        item_id = int(str(binds["item_id"]))
        version = binds["mapping_version"] or "-"  # of what a log gave back nobody knows it
        self._identities[item_id] = {"acting_user": binds["acting_user"], "mapping_version": version}
        if renew:
            self._gather("renew_message", item_id=item_id, expires_at=binds["expires_at"])
            if binds["body"] is not None:
                self._gather("put_body", item_id=item_id, body=binds["body"])
        else:
            self._gather("store_message", **{**binds, "mapping_version": version})

    def drop_messages(self, items: Collection[int]) -> None:
        """Keep nothing of messages that were not permitted after all."""
        for block in ("store_message", "renew_message", "put_body"):
            left = [binds for binds in self._books.pop(block, []) if binds["item_id"] not in items]
            if left:
                self._books[block] = left

    def purge_bodies(self, items: Collection[int]) -> None:
        """Forget the bytes of items that are final."""
        self._gather("purge_bodies", items=to_json(list(items)))

    def hand_on(self, item_id: int) -> None:
        """Let what waits for an item that never went wait for what that one waited for."""
        self._ended.append(item_id)

    # books

    def know_owners(self, receipts: Collection[tuple[str, str]]) -> None:
        """Look up whose identifiers are, before they are asked for; without this none is taken to be anybody's yet."""
        listed = to_json([list(receipt) for receipt in receipts])
        found = self._session.query(self._statements["identifier_owner"], {"receipts": listed})
        self._owners = {(each["name"], each["value"]): int(each["item_id"]) for each in found}

    def identifier_owner(self, name: str, value: str) -> int | None:
        """Whose an identifier is, as far as is known here; the database has the last word when it is kept."""
        return self._kept.get((name, value)) or self._owners.get((name, value))

    def keep_identifier(self, item_id: int, name: str, value: str, *, second: bool) -> None:
        """Keep an identifier; one that is kept already stays as it is."""
        self._kept.setdefault((name, value), item_id)
        self._gather(
            "keep_identifier",
            item_id=item_id,
            withdraws=self._withdrawn.get(item_id),
            name=name,
            value=value,
            is_second=int(second),
            now=self.now,
        )

    def keep_attempt(self, completion: Completion, outcome: Outcome, verdict: Verdict) -> None:
        """Keep one try or probe, with its place in the audit log."""
        anchor, decision = completion.anchor, completion.decision
        self._gather(
            "keep_attempt",
            item_id=completion.item_id,
            kind=completion.attempt,
            now=self.now,
            took_ms=round(completion.took_s * 1000),
            ending=outcome.ending.value,
            reason_code=outcome.unlisted_code or outcome.reason_code,
            acting_user=completion.acting_user,
            verdict=verdict.value,
            decision=decision.line if decision else None,
            rules=decision.rules if decision else None,
            audit_chain=anchor.chain if anchor else None,
            audit_sequence=anchor.sequence if anchor else None,
            audit_head=anchor.head if anchor else None,
        )

    def keep_result(self, item_id: int, asker: str, result: str, expires_at: datetime) -> None:
        """Keep the answer of a query for who asked."""
        self._gather("forget_result", item_id=item_id)
        self._gather("keep_result", item_id=item_id, asker=asker, result=result, now=self.now, expires_at=expires_at)

    def queue_write_backs(self, item_id: int, record_item: int, copies: Sequence[WriteBack]) -> None:
        """Note copies that are due into the HIS's own tables, of an item or of the item that it withdraws."""
        for copy in copies:
            self._gather(
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
        self._gather("drop_write_backs", item_id=item_id)

    # the end

    def send_books(self, *, commit: bool) -> bool:
        """Send what was gathered; whether the last of it carried the commit."""
        self._hand_on_what_is_free()
        blocks = [block for block in ORDER if block in self._books]
        for block in blocks:
            statement = self._statements.of(self._lane, block)
            self._session.change_many(statement, self._books.pop(block), commit=commit and block == blocks[-1])
            self.has_written = True
        return commit and bool(blocks)

    def _hand_on_what_is_free(self) -> None:
        """Hand on what no other session holds: what waits for many items that never went is locked at once."""
        ended, self._ended = self._ended, []
        if not ended:
            return
        statement = self._statements.of(self._lane, "lock_successors")
        locked = to_json([int(each["item_id"]) for each in self._session.query(statement, {"items": to_json(ended)})])
        if locked != "[]":
            for item_id in ended:
                self._gather("hand_on_locked", item_id=item_id, locked=locked)

    @property
    def has_books(self) -> bool:
        """Whether anything is gathered beside the rows."""
        return bool(self._books or self._ended)

    def _identity_of(self, item_id: int) -> dict[str, object]:
        return self._identities.get(item_id, {"acting_user": None, "mapping_version": None})

    def _gather(self, block: str, **binds: Any) -> None:
        self._books.setdefault(block, []).append(binds)
