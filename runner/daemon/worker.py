"""The work on one item before its permit: read it, decide under whose name it may go, map it to its message."""

from __future__ import annotations

import json
import logging
import uuid
from typing import TYPE_CHECKING

from runner.daemon.deciding import Decided, NoTokenError, decide_sender, token_of, workplace_named
from runner.daemon.work import LaneSettings, Ready, Site, Unsent
from runner.domain import long_texts, recording, sentences
from runner.domain.facts import Kind
from runner.domain.outcome import Ending, Outcome, Reason
from runner.domain.policy import Sender
from runner.errors import RunnerError, passes, places
from runner.mapping import DocumentType, RowRefused
from runner.ports import Item

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger(__name__)

SOMEBODY_WAITS = frozenset({Kind.AT_RECORDING, Kind.QUERY, Kind.LOOKUP})
"""Kinds that somebody waits for: they are claimed in an outage too, to say so at once."""


class RefusedError(Exception):
    """
    The item goes no further for now.

    Attributes:
        outcome: What becomes of it.
    """

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason_code)
        self.outcome = outcome


def prepare(site: Site, lane: LaneSettings, item: Item) -> Ready | Unsent:
    """
    Make an item ready for its permit, or say how its try ends before a byte could leave.

    Never raises for what a row holds: an unexpected fault parks that row only.
    """
    decided: Decided | None = None
    outcome = Outcome(Ending.PARKED, Reason.MAPPING_FAULT, sentences.MAPPING_FAULT)
    try:
        kind = site.mappings.types[item.document_type]
        _refuse_in_outage(site, item, kind)
        if item.stored_body is not None and item.acting_user is not None:
            return _again(site, item, kind)
        _refuse_without_workplace(item)
        decided = decide_sender(site, lane, item, kind)
        return _first_time(site, item, kind, decided)
    except (RefusedError, RowRefused) as refused:
        outcome = refused.outcome
    except NoTokenError:
        outcome = _not_reached()
    except RunnerError as error:
        if passes(error):
            return Unsent(_not_reached())
        logger.error(
            "item could not be prepared", extra={"event": "item.fault", "item": item.row.item_id, "fault": str(error)}
        )
    except Exception as error:  # noqa: BLE001  one row must never stop the lane
        logger.error(
            "item met a fault of the runner",
            extra={"event": "item.bug", "item": item.row.item_id, "fault": places(error)},
        )
    is_waiting = outcome.ending is Ending.NOT_RECEIVED
    return Unsent(outcome, decided.note if decided is not None and not is_waiting else None)


def _refuse_in_outage(site: Site, item: Item, kind: DocumentType) -> None:
    """Tell a ward at once that the EESZT is down; what can wait, waits without burning an attempt."""
    if not site.gateway.is_open(kind.operation.service):
        return
    if item.row.at_recording:
        raise RefusedError(Outcome(Ending.TOO_LATE, Reason.OUTAGE, sentences.OUTAGE_PAPER))
    if kind.kind in SOMEBODY_WAITS:
        raise RefusedError(Outcome(Ending.TOO_LATE, Reason.OUTAGE, sentences.OUTAGE_QUERY))
    raise RefusedError(_not_reached())


def _refuse_without_workplace(item: Item) -> None:
    """Have a row mended that names no workplace: nobody can be assigned to none, so waiting would never end."""
    if not item.workplace.strip():
        raise RefusedError(Outcome(Ending.INVALID, Reason.BAD_FIELD, sentences.NO_WORKPLACE))


def _again(site: Site, item: Item, kind: DocumentType) -> Ready:
    """The same bytes under the same identity: nothing is decided or rendered anew once bytes may have left."""
    acting_user = item.acting_user or ""
    token = token_of(site, acting_user)
    if token is None:
        raise RefusedError(Outcome(Ending.PARKED, Reason.LOGIN, sentences.LOGIN_NEEDED))
    return Ready(
        item=item,
        kind=kind,
        token=token,
        message_id=item.row.message_id or "",
        body=_stored_body(site, item, kind),
        document=json.loads(item.stored_document or "{}"),
        document_json=item.stored_document or "{}",
    )


def _stored_body(site: Site, item: Item, kind: DocumentType) -> bytes:
    """The body as it left; what is large in it is read from its record again, if that still holds it."""
    body = item.stored_body or b""
    if not long_texts.marks(body):
        return body
    try:
        again = kind.again(body, _read(site, item, kind), item)
    except (RefusedError, RowRefused):
        again = None
    if again is None:
        raise RefusedError(Outcome(Ending.INVALID, Reason.BAD_FIELD, sentences.FILE_CHANGED))
    return again


def _first_time(site: Site, item: Item, kind: DocumentType, decided: Decided) -> Ready:
    decision = decided.decision
    if decision.outcome is not None:
        raise RefusedError(decision.outcome)
    token = decided.personal if decision.sender is Sender.RECORDER else token_of(site, site.technical_user or "")
    if token is None:
        raise RefusedError(_not_reached())
    if item.oth_code == "":
        text = f"{sentences.NO_OTH_CODE} {workplace_named(item)}."
        raise RefusedError(Outcome(Ending.INVALID, Reason.NO_OTH_CODE, text))
    if recording.is_recorded_ahead(item.recorded_at, item.created_at):
        raise RefusedError(Outcome(Ending.INVALID, Reason.BAD_FIELD, sentences.RECORDED_AHEAD))
    row = _read(site, item, kind)
    message_id = item.row.message_id or uuid.uuid4().urn
    prepared = kind.prepare(row, item, message_id)
    if item.row.at_recording and recording.is_recorded_late(item.recorded_at, item.created_at):
        # asked last: what a rule never allows is told as such, whenever it was recorded
        raise RefusedError(Outcome(Ending.TOO_LATE, Reason.WINDOW_CLOSED, sentences.RECORDED_LATE))
    return Ready(
        item=item,
        kind=kind,
        token=token,
        message_id=message_id,
        body=prepared.body,
        document=prepared.document,
        document_json=prepared.document_json,
        decision=decided.note,
        is_fresh=True,
    )


def _read(site: Site, item: Item, kind: DocumentType) -> Mapping[str, object]:
    if kind.source_sql is None:
        payload = kind.row_of(item)
        beside = site.outbox.read_source(kind.beside_sql, item) if kind.beside_sql is not None else []
        return {**payload, **(beside[0] if len(beside) == 1 else {})}
    rows = site.outbox.read_source(kind.source_sql, item)
    if len(rows) != 1:
        found = "nem található" if not rows else "nem egyértelmű"
        raise RefusedError(Outcome(Ending.INVALID, Reason.NO_SOURCE, f"A forrásrekord (SOURCE_KEY) {found}."))
    return rows[0]


def _not_reached() -> Outcome:
    """It waits for somebody else, and tries again."""
    return Outcome(Ending.NOT_RECEIVED, Reason.NOT_REACHED, sentences.NOT_REACHED, burns_attempt=False)
