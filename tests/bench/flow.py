"""Items taken through the runner by one thread, with the time of each stretch: the code is the daemon's own."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from runner.daemon.looking import for_a_batch
from runner.daemon.work import LaneSettings, Ready, Site
from runner.daemon.worker import prepare
from runner.domain.outcome import Ending
from runner.eeszt.http import HttpAnswer, HttpClient
from runner.eeszt.record import Record
from runner.ports import Completion, Message, Permitted

LANE = LaneSettings(
    name="background",
    trusted=True,
    poll_s=0.1,
    idle_poll_s=0.1,
    batch=100,
    senders=1,
    lease_s=60,
    connect_s=5,
    read_s=20,
)


@dataclass
class Taken:
    """
    A batch that was taken through; CPU seconds, all items together.

    All but ``audit_s`` is the time of the one thread that does it.

    Attributes:
        out_s: Row → signed bytes: claim, prepare, permit, sign.
        http_s: Inside the HTTP client.
        back_s: Answer → completed row.
        audit_s: What the audit log takes: handing over and waiting, and all of its own thread.
    """

    count: int
    ready: list[Ready] = field(default_factory=list)
    exchanged: list[tuple[bytes, HttpAnswer]] = field(default_factory=list)
    out_s: float = 0.0
    http_s: float = 0.0
    back_s: float = 0.0
    claim_s: float = 0.0
    prepare_s: float = 0.0
    permit_s: float = 0.0
    sign_s: float = 0.0
    judge_s: float = 0.0
    complete_s: float = 0.0
    audit_s: float = 0.0


@contextmanager
def _watched(marks: list[float], exchanged: list[tuple[bytes, HttpAnswer]]) -> Iterator[None]:
    """Note when the audit log, the HTTP client and the audit log again are entered and left."""
    post, request, answer = HttpClient.post, Record.request, Record.answer

    def marked(work: Callable[..., Any]) -> Callable[..., Any]:
        def marking(*args: Any) -> Any:
            marks.append(time.thread_time())
            given = work(*args)
            marks.append(time.thread_time())
            return given

        return marking

    timed = marked(post)

    def noted(self: HttpClient, url: str, body: bytes, *more: Any) -> HttpAnswer:
        answered: HttpAnswer = timed(self, url, body, *more)
        exchanged.append((body, answered))
        return answered

    HttpClient.post, Record.request, Record.answer = noted, marked(request), marked(answer)  # type: ignore[method-assign]
    try:
        yield
    finally:
        HttpClient.post, Record.request, Record.answer = post, request, answer  # type: ignore[method-assign]


def take(site: Site, count: int, lane: LaneSettings = LANE) -> Taken:
    """Take ``count`` items from their rows to their ends."""
    taken, cpu = Taken(count), time.thread_time
    types = {name: kind.digest for name, kind in site.mappings.types.items()}
    started = cpu()
    items = site.outbox.claim(lane.name, uuid.uuid4().hex, count, lane.lease_s, types)
    claimed = cpu()
    batch = for_a_batch(site, items)
    for item in items:
        made = prepare(batch, lane, item)
        assert isinstance(made, Ready), made
        taken.ready.append(made)
    prepared = cpu()
    answers = site.outbox.permit([ready.request(site.message_life_s) for ready in taken.ready])
    permitted = cpu()
    completions, notes = [], []
    others = time.process_time() - cpu()
    for ready in taken.ready:
        permit = answers[ready.item.row.item_id]
        assert isinstance(permit, Permitted), permit
        message = Message(
            ready.kind.operation.name,
            ready.message_id,
            ready.body,
            permit.expires_at,
            ready.item.row.item_id,
            is_fresh=ready.is_fresh,
        )
        marks: list[float] = []
        with _watched(marks, taken.exchanged):
            begun = cpu()
            reply = site.gateway.send(message, ready.token)
        outcome = ready.kind.outcome(reply, ready.document, ready.item)
        assert outcome.ending is Ending.ACCEPTED, (reply, outcome)
        completions.append(_completion(lane, ready, outcome))
        ended = cpu()
        notes.append(reply.noted)
        requested, logged, posted, answered, noting, noted = marks
        taken.sign_s += requested - begun
        taken.http_s += answered - posted
        taken.judge_s += noting - answered + ended - noted
        taken.audit_s += logged - requested + noted - noting
    assert all(note is not None and note.anchor() for note in notes)
    taken.audit_s += time.process_time() - cpu() - others
    judged = cpu()
    site.outbox.complete(completions)
    taken.claim_s, taken.prepare_s, taken.permit_s = claimed - started, prepared - claimed, permitted - prepared
    taken.complete_s = cpu() - judged
    taken.out_s = taken.claim_s + taken.prepare_s + taken.permit_s + taken.sign_s
    taken.back_s = taken.judge_s + taken.complete_s
    return taken


def _completion(lane: LaneSettings, ready: Ready, outcome: Any) -> Completion:
    return Completion(
        lane=lane.name,
        item_id=ready.item.row.item_id,
        token=ready.item.row.claim_token or "",
        outcome=outcome,
        waits=ready.kind.waits,
        attempt="SEND",
        took_s=0.1,
        acting_user=ready.token.eeszt_user,
        write_backs=ready.kind.write_backs(ready.document, outcome.receipt),
    )
