"""Adopting a database that was moved, restored or copied."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from runner.domain import long_texts, steps
from runner.domain.outbox import UNSENT, State, Verdict
from runner.errors import fault
from runner.ports import Adopted
from runner.store.rows import certain, to_instant, to_json
from runner.store.work import Work

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from runner.ports import Item, Sent
    from runner.store.database import Database, Scope
    from runner.store.rows import Record

CLOCKS_S = 60.0
"""How far the clocks of log and database may differ; a row written later than that after a message is another row."""


class StoredAdoption:
    """``ports.Adoption`` on a database; no daemon works on it meanwhile."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def missing(self, sent: Iterable[Sent]) -> Sequence[Sent]:
        """Of these messages, those that the database does not know to have left, the last one of each item."""
        newest = {each.item_id: each for each in sent}
        return [each for each in newest.values() if not self._knows(each)]

    def _knows(self, sent: Sent) -> bool:
        """Whether the item stands where bytes may have left, or is final."""
        found = self._found(sent)
        if found is None:
            return False
        with self._database.looking(found) as transaction:
            row = transaction.load([sent.item_id])[sent.item_id].row
        return not (row.state in UNSENT or (row.state is State.PARKED and row.sent_at is None))

    def _found(self, sent: Sent) -> str | None:
        """Give the lane of the item that was sent; None where there is none, or only a younger one of its number."""
        rows = self._database.read("item_times", item_id=sent.item_id)
        if not rows or certain(to_instant(rows[0]["created_at"])) > sent.sent_at + timedelta(seconds=CLOCKS_S):
            return None
        return str(rows[0]["lane"])

    def items(self, numbers: Collection[int]) -> Sequence[Item]:
        """Give items with everything that their work needs, those that exist."""
        found: list[Item] = []
        for lane in self._database.lanes:
            with self._database.looking(lane) as transaction:
                rows = {number: stored.row for number, stored in transaction.load(numbers).items()}
                found += transaction.items(rows)
        return found

    def logged(self) -> Mapping[str, int]:
        """Up to which entry of which chain of the audit log the database is known to agree with it."""
        known = Counter({row["chain"]: int(row["sequence"]) for row in self._database.read("logged")})
        for row in self._database.read("logged_at_adoption"):
            known |= Counter(json.loads(row["log"]))
        return dict(known)

    def adopt_moved(
        self, by: str, missing: Sequence[Sent], rendered: Mapping[int, tuple[str, bytes]], log: Mapping[str, int]
    ) -> Adopted:
        """Take the one database that goes on; what it does not know to have left becomes UNKNOWN and is asked after."""
        asked, lost = [], []
        with self._database.writing() as scope:
            for sent in missing:
                lane = self._found(sent)
                if lane is not None and _replay(scope, lane, sent, rendered.get(sent.item_id)):
                    asked.append(sent.item_id)
                elif lane is None:
                    lost.append(sent)
            scope.raise_numbers(max((sent.item_id for sent in missing), default=0))
            sessions = self._settle(scope, by, log)
            database_id = str(self._read(scope)["database_id"])
        return Adopted(database_id, asked, lost, sessions=sessions)

    def adopt_copy(self, by: str, environment: str, log: Mapping[str, int]) -> Adopted:
        """Take a copy whose original goes on elsewhere: everything that stands open in it ends."""
        ended = 0
        with self._database.writing() as scope:
            was = str(self._read(scope)["environment"])
            if environment != was and environment == "production":
                raise fault(8024, self._database.name, environment=was)
            for lane in self._database.lanes:
                transaction = scope.on(lane)
                numbers = transaction.ids("open_items")
                work = Work(transaction, numbers)
                for number in numbers:
                    if row := work.row(number):
                        ended += work.apply(steps.disown(row)) is Verdict.DONE
                work.finish()
            scope.change("drop_due_write_backs")
            sessions = self._settle(scope, by, log, environment=environment)
            database_id = str(self._read(scope)["database_id"])
        return Adopted(database_id, ended=ended, sessions=sessions)

    def _settle(self, scope: Scope, by: str, log: Mapping[str, int], environment: str | None = None) -> int:
        """Make this its home; sessions that were begun elsewhere end. How many did."""
        sessions = scope.change("end_all_logins")
        scope.change("use_all_login_requests")
        scope.change(
            "adopt",
            home=self._database.identity().place,
            environment=environment or self._read(scope)["environment"],
            adopted_by=by,
            log=to_json(dict(log)),
            is_copy=int(environment is not None),
        )
        return sessions

    def _read(self, scope: Scope) -> Record:
        found = scope.read("installation")
        if not found:
            raise fault(7008, self._database.name)
        return found[0]


def _replay(scope: Scope, lane: str, sent: Sent, rendered: tuple[str, bytes] | None) -> bool:
    document, body = rendered or ("{}", None)
    transaction = scope.on(lane)
    row = transaction.load([sent.item_id])[sent.item_id].row
    way = steps.replayed(row, sent.message_id, sent.sent_at, sent.expires_at, transaction.now)
    for step in way:
        transaction.write([(row, step)])
        row = step
    if way:
        transaction.store_message(
            {
                "item_id": sent.item_id,
                "message_id": sent.message_id,
                "digest": long_texts.sha256(body or b"").hex(),
                "body": bytes(body) if body is not None else None,
                "document": document,
                "acting_user": sent.acting_user,
                "mapping_version": "",
                "decision": None,
                "rules": None,
                "now": sent.sent_at,
                "expires_at": sent.expires_at,
            },
            renew=False,
        )
    return bool(way)
