"""How messages are permitted, on every database: the step, then what is about to leave, in one transaction."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from runner.domain import long_texts, steps
from runner.domain.outbox import Verdict
from runner.ports import Permitted
from runner.store.rows import certain
from runner.store.work import Work

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.ports import PermitRequest
    from runner.store.database import LaneScope
    from runner.store.rows import Stored


def permit(transaction: LaneScope, requests: Sequence[PermitRequest]) -> dict[int, Permitted | Verdict]:
    """Turn CLAIMED into SENDING inside the caller's transaction; item → permitted, or why not."""
    work = Work(transaction, [request.item.row.item_id for request in requests])
    answers: dict[int, Permitted | Verdict] = {}
    for request in requests:
        item_id = request.item.row.item_id
        stored, row = work.stored(item_id), work.row(item_id)
        digest = long_texts.sha256(request.body).hex()
        if stored is None or row is None or not _is_same_message(stored, request, digest):
            answers[item_id] = Verdict.LOST_LEASE
            continue
        expires_at = work.now + timedelta(seconds=request.life_s)
        step = steps.permit(row, request.token, request.message_id, expires_at, work.now)
        verdict = work.apply(step)
        answers[item_id] = verdict
        if verdict is Verdict.DONE:
            answers[item_id] = Permitted(certain(step.row.expires_at))
            transaction.store_message(
                {
                    "item_id": item_id,
                    "message_id": step.row.message_id,
                    "digest": digest,
                    "body": None if request.item.stored_body is not None else bytes(request.body),
                    "document": request.document,
                    "acting_user": request.acting_user,
                    "mapping_version": request.mapping_version,
                    "now": work.now,
                    "expires_at": step.row.expires_at,
                    "decision": request.decision.line if request.decision else None,
                    "rules": request.decision.rules if request.decision else None,
                },
                renew=stored.digest is not None,
            )
    work.finish()
    return answers


def _is_same_message(stored: Stored, request: PermitRequest, digest: str) -> bool:
    """Once bytes may have left, only the same bytes leave again, under the same identifier and the same name."""
    if stored.digest is None:
        return True
    return (digest, request.message_id, request.acting_user) == (
        stored.digest,
        stored.row.message_id,
        stored.acting_user,
    )
