"""What MedWorkS and an operator may ask of the outboxes on SQLite."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from runner.domain import steps
from runner.domain.outbox import FINAL, State, Step, WardAnswer
from runner.errors import StoreError, fault
from runner.store.rows import to_text
from runner.store.types import to_type, type_binds
from runner.store.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from runner.domain.outbox import Row
    from runner.ports import NewItem, TypeVersion
    from runner.store.embedded.database import EmbeddedDatabase

DECIDE_BUSY_S = 0.25
"""How long a ward's question waits for another program's write; then it is told WAIT."""

LOOK_S = 0.05
"""Between two looks of ``wait_for``."""


class EmbeddedDesk:
    """``ports.Desk`` on SQLite; on Oracle the PL/SQL package does the same."""

    def __init__(self, database: EmbeddedDatabase) -> None:
        self._database = database

    # items

    def submit(self, item: NewItem) -> int:
        """
        Write an item and give its number; the same document type and source key twice gives the existing item's.

        A withdrawal is always a row of its own.
        """
        database = self._database
        with database.connections.writing() as connection:
            found = connection.execute(database.statements["lane_of_type"], {"document_type": item.document_type})
            lane = next((record["lane"] for record in found), None)
            lane = lane if lane in database.lanes else database.lanes[-1]
            binds = {"document_type": item.document_type, "source_key": item.source_key}
            same = connection.execute(database.statements["same_record"], binds).fetchone()[0]
            if same is not None:
                return int(same)
            cursor = connection.execute(database.statements.of(lane, "submit"), _binds(item))
            assert cursor.lastrowid is not None
            return cursor.lastrowid

    def withdraw(self, item_id: int, his_user: str) -> State:
        """
        Take an item back; the state it is in afterwards.

        Raises:
            RowError: RNR-3001, a prescription of somebody else; nothing was changed.
        """
        with self._database.looking(self._database.lane_of(item_id)) as transaction:
            prescriber = transaction.value("prescriber", item_id=item_id)
        if prescriber is not None and prescriber != his_user:
            raise fault(3001, f"item {item_id}", asker=his_user)

        def step(row: Row, now: datetime) -> Step:
            return steps.withdraw(row, now)

        return self._step(item_id, step, asked_by=his_user)

    def retry(self, item_id: int) -> State:
        """
        Let a WAITING or PARKED item go now.

        Raises:
            RowError: RNR-3002, it is final; nothing was changed.
        """

        def step(row: Row, now: datetime) -> Step:
            if row.state in FINAL:
                raise fault(3002, f"item {item_id}", state=row.state)
            if row.state is State.WAITING:
                return Step(replace(row, next_at=now))
            return steps.unpark(row, now)

        return self._step(item_id, step)

    def _step(self, item_id: int, step_of: Callable[[Row, datetime], Step], asked_by: str | None = None) -> State:
        with self._database.transaction(self._database.lane_of(item_id)) as transaction:
            work = Work(transaction, [item_id])
            row = work.row(item_id)
            assert row is not None
            step = step_of(row, work.now)
            work.apply(step, asked_by)
            if asked_by is not None and step.row.withdraw_asked_at is not None:
                transaction.note_asker(item_id, asked_by)
            work.finish()
            return step.row.state

    # the ward

    def decide(self, item_id: int) -> WardAnswer | None:
        """Tell the ward, deciding where its time is over or no daemon is alive; WAIT while the database is locked."""
        database = self._database
        lane = database.lane_of(item_id)
        alive = database.is_alive(lane)
        with database.looking(lane) as now:
            row = now.load([item_id])[item_id].row
            seen = steps.decide(row, alive=alive, now=now.now).row
        if seen is row:
            return row.told
        try:
            with database.transaction(lane, DECIDE_BUSY_S) as transaction:
                work = Work(transaction, [item_id])
                locked = work.row(item_id)
                assert locked is not None
                step = steps.decide(locked, alive=alive, now=work.now)
                work.apply(step)
                work.finish()
                return step.row.told
        except StoreError:
            return WardAnswer.WAIT

    def wait_for(self, item_id: int, seconds: float) -> WardAnswer | None:
        """Like decide, but waits up to ``seconds`` for an answer other than WAIT."""
        deadline = time.monotonic() + seconds
        while (answer := self.decide(item_id)) is WardAnswer.WAIT and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(LOOK_S, left))
        return answer

    # lanes and document types

    def pause(self, lane: str, by: str) -> None:
        """Pause a lane persistently."""
        self._database.statements.of(lane, "rows")  # refuses a lane that does not exist
        self._database.write("pause", lane=lane, paused_by=by)

    def resume(self, lane: str) -> None:
        """Resume a paused lane."""
        self._database.statements.of(lane, "rows")
        self._database.write("resume", lane=lane)

    def activate(self, types: Collection[TypeVersion]) -> None:
        """Put these document types in force, all or none; types that are missing are retired."""
        statements = self._database.statements
        with self._database.connections.writing() as connection:
            connection.executemany(statements["put_type"], [type_binds(version) for version in types])
            names = json.dumps([version.document_type for version in types])
            connection.execute(statements["retire_types"], {"names": names})

    def active(self) -> Sequence[TypeVersion]:
        """The document types in force."""
        return [to_type(record) for record in self._database.read("active_types")]

    def rows(self, sql: str, **binds: object) -> Sequence[Mapping[str, object]]:
        """Run one reading statement, for listings; column names in lower case."""
        given = {name: value.isoformat() if isinstance(value, date) else value for name, value in binds.items()}
        with self._database.connections.reading() as connection:
            records = connection.execute(sql, given).fetchall()
        return [{name.lower(): record[name] for name in record.keys()} for record in records]  # noqa: SIM118


def _binds(item: NewItem) -> dict[str, object]:
    return {
        "document_type": item.document_type,
        "source_key": item.source_key,
        "order_key": item.order_key,
        "priority": item.priority,
        "recorded_by": item.recorded_by,
        "workplace": item.workplace,
        "recorded_at": to_text(item.recorded_at),
        "payload": item.payload,
        "replaces": item.replaces,
        "first_recorded_at": to_text(item.first_recorded_at),
    }
