"""What MedWorkS and an operator may ask about an item on Oracle: calls of EESZT_API, as MedWorkS makes them."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import oracledb

from runner.domain.outbox import State, WardAnswer
from runner.errors import fault
from runner.store.oracle.desk import OracleLanes
from runner.store.oracle.errors import LOCKED, code_of, fault_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.ports import NewItem

NUMBER, TEXT = oracledb.DB_TYPE_NUMBER, oracledb.DB_TYPE_VARCHAR

LOOK_S = 1.0
"""How long one call waits for a ward's answer: far below what a round trip may take."""

_NO_ITEM, _PRESCRIBER, _BUSY_ITEM, _BUSY_RECORD, _FINAL = (
    "ORA-20701",
    "ORA-20702",
    "ORA-20704",
    "ORA-20705",
    "ORA-20708",
)
_STATE = re.compile(r": ([A-Z]+)\)")


class OracleDesk(OracleLanes):
    """``ports.Desk`` on Oracle; each verb commits."""

    def submit(self, item: NewItem) -> int:
        """
        Write an item and give its number; the same document type and source key twice gives the existing item's.

        A withdrawal is always a row of its own.

        Raises:
            StoreError: RNR-7406, another session has written the same record and does not end.
        """
        arguments = {
            "document_type": item.document_type,
            "source_key": item.source_key,
            "payload": item.payload,
            "workplace": item.workplace,
            "recorded_by": item.recorded_by,
            "order_key": item.order_key,
            "recorded_at": item.recorded_at,
            "priority": item.priority,
            "replaces": item.replaces,
            "first_recorded_at": item.first_recorded_at,
        }
        return int(self._ask("submit", NUMBER, f"document type {item.document_type}", item.recorded_by, arguments))

    def withdraw(self, item_id: int, his_user: str) -> State:
        """
        Take an item back; the state it is in afterwards.

        Raises:
            RowError: RNR-3001, a prescription of somebody else; nothing was changed.
            StoreError: RNR-7007, there is no such item; RNR-7406, another session holds it and does not end.
        """
        arguments = {"item_id": item_id, "his_user": his_user}
        return State(self._ask("withdraw", TEXT, f"item {item_id}", his_user, arguments))

    def retry(self, item_id: int) -> State:
        """
        Let a WAITING or PARKED item go now.

        Raises:
            RowError: RNR-3002, it is final; nothing was changed.
            StoreError: RNR-7007, there is no such item; RNR-7406, another session holds it and does not end.
        """
        return State(self._ask("retry", TEXT, f"item {item_id}", "", {"item_id": item_id}))

    def decide(self, item_id: int) -> WardAnswer | None:
        """Tell the ward, deciding where its time is over or no daemon is alive; WAIT while its row is locked."""
        return _told(self._ask("decide", TEXT, f"item {item_id}", "", {"item_id": item_id}))

    def wait_for(self, item_id: int, seconds: float) -> WardAnswer | None:
        """Like decide, but waits up to ``seconds`` for an answer other than WAIT."""
        until = time.monotonic() + seconds
        while True:
            left = max(until - time.monotonic(), 0.0)
            arguments = {"item_id": item_id, "seconds": min(left, LOOK_S)}
            told = _told(self._ask("wait_for", TEXT, f"item {item_id}", "", arguments))
            if told is not WardAnswer.WAIT or left <= LOOK_S:
                return told

    def _ask(self, function: str, kind: Any, where: str, asker: str, arguments: dict[str, Any]) -> Any:
        """Call a function of EESZT_API in a transaction of its own."""
        with self._database.pool.session(function) as session:
            with _refusals(where, asker, f"{self._database.name} {function}"), session.connection.cursor() as cursor:
                named = {f"p_{name}": _bound(cursor, value) for name, value in arguments.items()}
                given = cursor.callfunc(f"EESZT_API.{function}", kind, keyword_parameters=named)
            session.round_trips += 1
            if session.connection.transaction_in_progress:
                session.commit()
            return given


@contextmanager
def _refusals(where: str, asker: str, doing: str) -> Iterator[None]:
    """Give what EESZT_API refuses as the faults that every store raises."""
    try:
        yield
    except oracledb.Error as error:
        code = code_of(error)
        if code == _NO_ITEM:
            raise fault(7007, where) from error
        if code == _PRESCRIBER:
            raise fault(3001, where, asker=asker) from error
        if code == _FINAL:
            found = _STATE.search(str(error))
            raise fault(3002, where, state=found[1] if found else "final") from error
        if code in {_BUSY_ITEM, _BUSY_RECORD}:
            raise fault(LOCKED, where, code=code, named="") from error
        raise fault_of(error, doing) from error


def _bound(cursor: oracledb.Cursor, value: Any) -> Any:
    """Give what the driver binds: a plain ``datetime`` would go as DATE and lose its fractions."""
    if not isinstance(value, datetime):
        return value
    bound = cursor.var(oracledb.DB_TYPE_TIMESTAMP)
    bound.setvalue(0, value.astimezone(UTC).replace(tzinfo=None))
    return bound


def _told(answer: str | None) -> WardAnswer | None:
    return WardAnswer(answer) if answer is not None else None
