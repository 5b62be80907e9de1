"""Rows of a database as the domain knows them, and back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from runner.domain import sentences
from runner.domain.outbox import Compensation, Row, State, WardAnswer
from runner.ports import Item, LoginAtRecording, Proof, WriteBack

if TYPE_CHECKING:
    from collections.abc import Mapping

_Enum = TypeVar("_Enum", bound=StrEnum)


WITHOUT_ZONE = len("2026-01-02 03:04:05.678901")


class Record(Protocol):
    """A row of a database by its column names; none of its drivers' classes is a Mapping."""

    def __getitem__(self, name: str, /) -> Any:
        """Give a column's value."""


def target_of(copy: WriteBack) -> str:
    """Name the row that a copy goes to, however its mapping spells the names and whether it writes 1 or '1'."""
    key = sorted(
        (name.upper(), str(int(value) if isinstance(value, bool) else value)) for name, value in copy.key.items()
    )
    return json.dumps([copy.table.upper(), *key], ensure_ascii=False)


def beats(alive: Mapping[str, float], owner: str) -> list[dict[str, object]]:
    """Give the binds of ``beat``, in the order of lanes, so that daemons do not wait for each other."""
    return [{"lane": lane, "owner": owner, "age_s": round(alive[lane], 3)} for lane in sorted(alive)]


def to_json(value: object) -> str:
    """Give a list or a map as statements take it."""
    return json.dumps(value, ensure_ascii=False, default=str)


def to_text(instant: datetime | None) -> str | None:
    """Give an aware instant as a database without a type for it stores it: UTC text that sorts."""
    if instant is None:
        return None
    return _utc_text(instant if instant.tzinfo is UTC else instant.astimezone(UTC))


@lru_cache(maxsize=1024)  # a batch's rows share most of their instants
def _utc_text(instant: datetime) -> str:
    return instant.isoformat(" ", "microseconds")[:WITHOUT_ZONE]


def to_instant(stored: object) -> datetime | None:
    """Give the aware instant of a stored one, text or naive UTC."""
    if stored is None:
        return None
    instant = stored if isinstance(stored, datetime) else datetime.fromisoformat(str(stored))
    return instant.replace(tzinfo=UTC)


def certain(instant: datetime | None) -> datetime:
    """Give an instant that the database always has."""
    assert instant is not None
    return instant


@dataclass(frozen=True, slots=True)
class Stored:
    """
    One row as read inside a transaction.

    Attributes:
        row: What the protocol knows of it.
        withdraws: The item that it withdraws, or None.
        acting_user: Under whom bytes once left, or None.
        digest: SHA-256 (hex) of the stored body, or None.
    """

    row: Row
    withdraws: int | None
    acting_user: str | None
    digest: str | None


def to_stored(record: Record) -> Stored:
    """Give a record of the ``rows`` block as the domain knows it."""
    row = Row(
        item_id=record["item_id"],
        state=State(record["state"]),
        ward_answer=_one_of(WardAnswer, record["ward_answer"]),
        claim_token=record["claim_token"],
        lease_until=to_instant(record["lease_until"]),
        next_at=to_instant(record["next_at"]),
        send_by=to_instant(record["send_by"]),
        answer_by=to_instant(record["answer_by"]),
        sent_at=to_instant(record["sent_at"]),
        expires_at=to_instant(record["expires_at"]),
        message_id=record["message_id"],
        eeszt_id=record["eeszt_id"],
        withdraw_asked_at=to_instant(record["withdraw_asked_at"]),
        compensation=_one_of(Compensation, record["compensation"]),
        attempts=record["attempts"],
        probe_count=record["probe_count"],
        rescue_count=record["rescue_count"],
        reason_code=record["reason_code"],
        status_text=record["status_text"],
    )
    return Stored(row, record["withdraws"], record["acting_user"], record["digest"])


def to_binds(was: Row, row: Row) -> dict[str, object]:
    """Give the binds of ``write_row``: what a step made of the row, and what it saw of what others may write too."""
    return {
        "item_id": row.item_id,
        "state": row.state.value,
        "ward_answer": row.ward_answer,
        "claim_token": row.claim_token,
        "lease_until": row.lease_until,
        "next_at": row.next_at,
        "sent_at": row.sent_at,
        "message_id": row.message_id,
        "withdraw_asked_at": row.withdraw_asked_at,
        "compensation": row.compensation,
        "attempts": row.attempts,
        "probe_count": row.probe_count,
        "rescue_count": row.rescue_count,
        "reason_code": row.reason_code,
        "status_text": sentences.bounded(row.status_text),
        "was_state": was.state.value,
        "was_lease_until": was.lease_until,
        "was_next_at": was.next_at,
        "was_compensation": was.compensation,
        "was_attempts": was.attempts,
        "was_probe_count": was.probe_count,
        "was_rescue_count": was.rescue_count,
        "was_reason_code": was.reason_code,
        "was_claim_token": was.claim_token,
        "was_ward_answer": was.ward_answer,
        "was_withdraw_asked_at": was.withdraw_asked_at,
    }


def to_item(lane: str, row: Row, record: Record) -> Item:
    """Give a claimed row with everything that its work needs, from a record of the ``items`` block."""
    left = row.message_id is not None
    return Item(
        lane=lane,
        row=row,
        document_type=record["document_type"],
        recorded_by=record["recorded_by"] or "",
        workplace=record["workplace"] or "",
        recorded_at=certain(to_instant(record["recorded_at"])),
        created_at=certain(to_instant(record["created_at"])),
        source_key=record["source_key"] or None,
        order_key=record["order_key"] or None,
        payload=record["payload"] or None,
        proof=Proof(record["recorder_proof"]),
        login_at_recording=LoginAtRecording(record["login_at_recording"]),
        acting_user=record["acting_user"],
        withdraws=record["withdraws"],
        prescriber=record["prescriber"],
        stored_body=record["body"] if left else None,
        stored_document=record["document"] if left else None,
        mapping_version=record["mapping_version"],
        first_recorded_at=to_instant(record["first_recorded_at"]),
        oth_code=record["oth_code"] or ("" if record["is_workplace"] else None),
    )


def _one_of(kind: type[_Enum], stored: str | None) -> _Enum | None:
    return None if stored is None else kind(stored)
