"""Document types as EESZT_DOCUMENT_TYPE has them, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.domain.outbox import Needs
from runner.domain.policy import Kind
from runner.ports import TypeVersion

if TYPE_CHECKING:
    from runner.store.rows import Record


def type_binds(version: TypeVersion) -> dict[str, object]:
    """Give the binds of ``put_type``."""
    return {
        "document_type": version.document_type,
        "digest": version.digest,
        "title": version.title,
        "lane": version.lane,
        "kind": version.kind.value,
        "send_limit_s": version.send_limit_s,
        "answer_limit_s": version.answer_limit_s,
        "needs": version.needs.value,
        "withdrawal_type": version.withdrawal_type,
        "is_probe": int(version.is_probe),
    }


def to_type(record: Record) -> TypeVersion:
    """Give a row of ``active_types``."""
    return TypeVersion(
        document_type=record["document_type"],
        digest=record["digest"],
        title=record["title"],
        lane=record["lane"],
        kind=Kind(record["kind"]),
        send_limit_s=record["send_limit_s"],
        answer_limit_s=record["answer_limit_s"],
        needs=Needs(record["needs"]),
        withdrawal_type=record["withdrawal_type"],
        is_probe=bool(record["is_probe"]),
    )
