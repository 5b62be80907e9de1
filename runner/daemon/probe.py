"""Asking after an item whose fate is unknown, as its mapping says."""

from __future__ import annotations

import json
import logging
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from runner.daemon.work import LaneSettings, Ready, Site
from runner.domain import sentences
from runner.domain.outcome import Ending, Outcome, Reason
from runner.errors import LoginError, RunnerError, TransportError
from runner.mapping import RowRefused
from runner.ports import Message

if TYPE_CHECKING:
    from runner.ports import Item

logger = logging.getLogger(__name__)

LOGIN_WAIT_S = 3600.0
"""Until an item that only its person may ask after is looked at again without a login; the login itself wakes it."""

OUTAGE_WAIT_S = 2.0
"""Until an item is asked after again while the service is known to be down."""


@dataclass(frozen=True, slots=True)
class Asking:
    """The question to send, and the item that it is about."""

    ready: Ready
    message: Message


def plan_probe(site: Site, lane: LaneSettings, item: Item) -> Asking | Outcome:
    """Make the question, or say why it cannot be asked now."""
    kind = site.mappings.types[item.document_type]
    if kind.sends_again_when_unknown:
        return Outcome(Ending.NOT_RECEIVED, Reason.LOST_ANSWER, sentences.RETRY, retry_after_s=0.0)
    if kind.ask is None or item.acting_user is None:
        return Outcome(Ending.PARKED, Reason.GIVE_UP, sentences.GIVE_UP)
    asking = site.mappings.types[kind.ask.document_type]
    if site.gateway.is_open(asking.operation.service):
        return _not_now(Reason.LOST_ANSWER, None, OUTAGE_WAIT_S)
    try:
        token = site.sessions.token(item.acting_user)
        if token is None:
            return _not_now(Reason.LOGIN, sentences.LOGIN_NEEDED_TO_ASK, LOGIN_WAIT_S)
        document = json.loads(item.stored_document or "{}")
        message_id = uuid.uuid4().urn
        prepared = asking.prepare(kind.ask.row(document, item), item, message_id)
    except (LoginError, TransportError):
        return _not_now(Reason.LOST_ANSWER, None, OUTAGE_WAIT_S)
    except (RunnerError, RowRefused) as error:
        logger.error(
            "question could not be made", extra={"event": "probe.fault", "item": item.row.item_id, "fault": str(error)}
        )
        return Outcome(Ending.PARKED, Reason.GIVE_UP, sentences.GIVE_UP)
    ready = Ready(item, kind, token, item.row.message_id or "", b"", document, item.stored_document or "{}")
    life = timedelta(seconds=site.message_life_s)
    message = Message(
        operation=asking.operation.name,
        message_id=message_id,
        body=prepared.body,
        expires_at=site.clock.now() + life,
        item_id=item.row.item_id,
        read_timeout_s=lane.read_s,
        his_user=item.recorded_by,
    )
    return Asking(ready, message)


def _not_now(reason: Reason, text: str | None, wait_s: float) -> Outcome:
    return Outcome(Ending.NO_ANSWER, reason, text, retry_after_s=wait_s, burns_attempt=False)
