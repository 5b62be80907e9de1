"""Senders: a fixed number of threads that do nothing but send, so that an item waits for nothing but the EESZT."""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import replace
from queue import SimpleQueue
from typing import TYPE_CHECKING

from runner.domain import sentences
from runner.domain.environment import is_simulated
from runner.domain.outcome import Ending, Outcome, Reason
from runner.errors import RunnerError, places
from runner.ports import Completion

if TYPE_CHECKING:
    from runner.daemon.completer import Completer
    from runner.daemon.work import Dispatch, LaneSettings, Site

logger = logging.getLogger(__name__)


GROUPS = 20
"""Into how many groups at most the senders of a busy lane are permitted; each group is a transaction."""

GATHER_S = 0.002
"""How long a group is waited for once a sender is free."""

AHEAD_S = 0.1
"""As many as were answered within this time may be permitted beyond the free senders: so soon there will be more."""

QUICK_S = 0.25
"""Longest answer that counts for that: who waits longer for the wire should rather wait for his permit."""


class Senders:
    """
    The senders of one lane: as many messages on the wire at once as the lane allows.

    A slot is reserved before the permit, so that nothing is permitted that no sender is free to send, or will be in a
    moment: while quick answers come one after the other, half as many more may be permitted, signed and logged already.
    The slot is free again as soon as the answer is read; what it says is found out beside the next message.
    """

    def __init__(self, site: Site, lane: LaneSettings, completer: Completer) -> None:
        self._site = site
        self._lane = lane
        self._completer = completer
        self._queue: SimpleQueue[Dispatch | None] = SimpleQueue()
        self._taken = 0
        self._changed = threading.Condition()
        self._wire = threading.Semaphore(lane.senders)
        self._most_ahead = (lane.senders + 1) // 2
        self._answered: deque[float] = deque(maxlen=self._most_ahead)
        self._under_way: dict[str, Dispatch] = {}
        self._threads = [
            threading.Thread(target=self._run, name=f"{lane.name}-sender-{n}", daemon=True)
            for n in range(lane.senders + self._most_ahead)
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self, deadline: float) -> bool:
        """
        Let what is under way finish; whether all did before ``deadline``, a monotonic instant.

        What is still on the wire then is noted as unknown, so that it is asked after as soon as a daemon runs again; an
        acceptance that comes after that counts all the same.
        """
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join(max(0.0, deadline - self._site.clock.monotonic()))
        with self._changed:
            left = list(self._under_way.values())
        for dispatch in left:
            self._completer.put(self._completion(dispatch, _cut_off(probe=dispatch.probe), 0.0))
        return not any(thread.is_alive() for thread in self._threads)

    def free(self, *, ahead: bool = True) -> int:
        """How many may be permitted now; without ``ahead``, how many stand idle."""
        soon = 0
        if ahead:
            since = self._site.clock.monotonic() - AHEAD_S
            soon = sum(at >= since for at in tuple(self._answered))
        return max(0, self._lane.senders + soon - self._taken)

    def reserve(self, most: int, wait_s: float, *, spare: int = 0, ahead: bool = True) -> int:
        """Take up to ``most`` free slots but for ``spare``, waiting up to ``wait_s`` for the first; how many."""

        def room() -> int:
            return self.free(ahead=ahead) - spare

        with self._changed:
            self._changed.wait_for(lambda: room() > 0, wait_s)
            group = min(most, self._lane.senders // GROUPS)
            if 0 < room() < group:
                self._changed.wait_for(lambda: room() >= group, GATHER_S)
            taken = max(0, min(most, room()))
            self._taken += taken
            return taken

    def release(self, slots: int) -> None:
        """Give back slots that nothing was permitted for, or whose answer is there."""
        with self._changed:
            self._taken -= slots
            self._changed.notify()

    def send(self, dispatch: Dispatch) -> None:
        """Hand a message to a sender; its slot is freed when it is answered."""
        with self._changed:
            self._under_way[dispatch.message.message_id] = dispatch
        self._queue.put(dispatch)

    def _run(self) -> None:
        while (dispatch := self._queue.get()) is not None:
            item, slot = dispatch.ready.item.row.item_id, Slot(self)
            try:
                self._completer.put(self._try(dispatch, slot))
            except Exception as error:  # noqa: BLE001  the row stays SENDING and is rescued as UNKNOWN
                logger.error(
                    "send met a fault of the runner", extra={"event": "send.bug", "item": item, "fault": places(error)}
                )
            finally:
                with self._changed:
                    self._under_way.pop(dispatch.message.message_id, None)
                slot.free()

    def enter_wire(self) -> float:
        """Wait until one more message may be on the wire; the monotonic instant since when it is."""
        self._wire.acquire()
        return self._site.clock.monotonic()

    def leave_wire(self, since: float) -> None:
        """Let the next one on the wire."""
        self._wire.release()
        now = self._site.clock.monotonic()
        if now - since <= QUICK_S:
            self._answered.append(now)

    def _try(self, dispatch: Dispatch, slot: Slot) -> Completion:
        site, ready = self._site, dispatch.ready
        started = site.clock.monotonic()
        if started >= dispatch.send_until:
            return self._completion(dispatch, _not_started(probe=dispatch.probe), 0.0)
        site.hook("probing" if dispatch.probe else "sending", [ready.item.row.item_id])
        reply = site.gateway.send(replace(dispatch.message, begin_by=dispatch.send_until, wire=slot), ready.token)
        site.hook("asked" if dispatch.probe else "answered", [ready.item.row.item_id])
        if dispatch.probe:
            ask = ready.kind.ask
            assert ask is not None
            outcome = ask.judge(reply, site.mappings.types[ask.document_type], ready.document, ready.item)
        else:
            outcome = ready.kind.outcome(reply, ready.document, ready.item)
        if site.is_production and is_simulated(outcome.receipt):
            outcome = _disbelieved(ready.item.row.item_id, probe=dispatch.probe)
        if outcome.reason_code == Reason.TOKEN_REFUSED:
            self._end_session(ready.token.eeszt_user)
        if outcome.unlisted_code is not None:
            facts = {"item": ready.item.row.item_id, "operation": dispatch.message.operation}
            logger.warning(
                "fault code is in no list of the mapping",
                extra={"event": "answer.unlisted_code", "code": outcome.unlisted_code, **facts},
            )
        if outcome.reason_code == Reason.OTHER_PATIENT:
            facts = {"item": ready.item.row.item_id, "operation": dispatch.message.operation}
            logger.error(
                "query was answered with another patient's data", extra={"event": "answer.other_patient", **facts}
            )
        logger.info(
            "item asked after" if dispatch.probe else "item tried",
            extra={
                "event": "item.probed" if dispatch.probe else "item.tried",
                "item": ready.item.row.item_id,
                "ending": outcome.ending,
                "reason": outcome.reason_code or "",
                "detail": reply.detail,
                "took_ms": round(reply.took_s * 1000),
            },
        )
        return replace(self._completion(dispatch, outcome, site.clock.monotonic() - started), noted=reply.noted)

    def _end_session(self, eeszt_user: str) -> None:
        """The EESZT takes it no longer; where that cannot be written now, the next refusal will say so again."""
        try:
            self._site.sessions.refused(eeszt_user)
        except RunnerError as error:
            logger.error("session could not be ended", extra={"event": "session.not_ended", "fault": str(error)})

    def _completion(self, dispatch: Dispatch, outcome: Outcome, took_s: float) -> Completion:
        ready = dispatch.ready
        accepted = outcome.ending is Ending.ACCEPTED
        return Completion(
            lane=self._lane.name,
            item_id=ready.item.row.item_id,
            token=ready.item.row.claim_token or "",
            outcome=outcome,
            waits=ready.kind.waits,
            attempt="PROBE" if dispatch.probe else "SEND",
            took_s=took_s,
            acting_user=ready.token.eeszt_user,
            write_backs=ready.kind.write_backs(ready.document, outcome.receipt) if accepted else (),
            asker=ready.item.recorded_by if outcome.result is not None else None,
            result_life_s=ready.kind.result_life_s,
        )


class Slot:
    """One message's place: on the wire while it is entered, and free for the next one when it is left."""

    __slots__ = ("_is_taken", "_senders", "_since")

    def __init__(self, senders: Senders) -> None:
        self._senders = senders
        self._is_taken = True
        self._since = 0.0

    def __enter__(self) -> None:
        self._since = self._senders.enter_wire()

    def __exit__(self, *_: object) -> None:
        self._senders.leave_wire(self._since)
        self.free()

    def free(self) -> None:
        """Give the slot back, once."""
        if self._is_taken:
            self._is_taken = False
            self._senders.release(1)


def _not_started(*, probe: bool) -> Outcome:
    """What is said of a message whose lease ran short before it was begun."""
    ending = Ending.NO_ANSWER if probe else Ending.NOT_RECEIVED
    return Outcome(ending, Reason.NOT_REACHED, sentences.NOT_REACHED, retry_after_s=0.0, burns_attempt=False)


def _cut_off(*, probe: bool) -> Outcome:
    """What is said of a message that was on the wire when the daemon had to end."""
    ending = Ending.NO_ANSWER if probe else Ending.UNKNOWN
    return Outcome(ending, Reason.LOST_ANSWER, sentences.LOST_ANSWER, retry_after_s=0.0, burns_attempt=False)


def _disbelieved(item: int, *, probe: bool) -> Outcome:
    """Whoever gave a simulator's identifier is not the EESZT: nothing is known of what became of the message."""
    logger.error("identifier is a simulator's", extra={"event": "environment.simulated", "item": item})
    return Outcome(Ending.NO_ANSWER if probe else Ending.UNKNOWN, Reason.BAD_ANSWER, sentences.SIMULATED)
