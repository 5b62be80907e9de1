"""The poller of one lane: claim, prepare, permit as many as can be sent now, and ask after what is unknown."""

from __future__ import annotations

import logging
import random
import threading
import uuid
from typing import TYPE_CHECKING

from runner.daemon.deciding import lives_on
from runner.daemon.heart import BEAT_S
from runner.daemon.holding import Holding
from runner.daemon.probe import Asking, plan_probe
from runner.daemon.senders import Senders
from runner.daemon.trouble import lane_trouble
from runner.daemon.work import Dispatch
from runner.daemon.worker import SOMEBODY_WAITS
from runner.domain import sentences
from runner.domain.outcome import Ending, Outcome, Reason
from runner.errors import RunnerError, passes
from runner.ports import Completion, Message, Permitted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.daemon.completer import Completer
    from runner.daemon.heart import Heart
    from runner.daemon.holding import Held
    from runner.daemon.work import LaneSettings, Ready, Site, Unsent
    from runner.ports import DecisionNote, Item

logger = logging.getLogger(__name__)

SWEEP_S = 0.5
"""Between two looks at what time brings: rescue, ward answers, closed windows."""

TROUBLE_S = 0.5
"""Pause after a round that failed."""


class Poller:
    """
    One lane's thread.

    What it holds prepared, it holds with the lease of its claim; a message that could not be answered within what
    is left of that lease is not begun.
    """

    def __init__(self, site: Site, lane: LaneSettings, completer: Completer, heart: Heart) -> None:
        self._site = site
        self._lane = lane
        self._completer = completer
        self._heart = heart
        self._senders = Senders(site, lane, completer)
        self._held = Holding(site, lane, self._refuse)
        self._stopping = threading.Event()
        self._awake = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"{lane.name}-poller", daemon=True)
        self._round, self._sweeping, self._permitting = (
            lane_trouble(site.clock.monotonic, lane.name, doing) for doing in ("round", "sweep", "permit")
        )
        self._next_beat = self._next_sweep = 0.0
        self._wait_s = lane.poll_s

    def start(self) -> None:
        """Start the lane."""
        self._senders.start()
        self._thread.start()

    def wake(self) -> None:
        """Look at once: something may be due."""
        self._awake.set()

    def ask_to_stop(self) -> None:
        """Claim nothing more and give back what is not permitted."""
        self._stopping.set()
        self._awake.set()

    def stop(self, deadline: float) -> bool:
        """Finish what is sent; whether all ended before ``deadline``, a monotonic instant."""
        self.ask_to_stop()
        self._thread.join(max(0.0, deadline - self._site.clock.monotonic()))
        return self._senders.stop(deadline) and not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                busy = self.run_once()
                self._round.passed()
            except Exception as error:  # noqa: BLE001  a lane never dies of one round
                busy = False
                self._round.met(error)
                self._stopping.wait(TROUBLE_S)
            self._pause(busy=busy)
        self._give_back()

    def run_once(self) -> bool:
        """One round; whether there was something to do."""
        if self._site.is_suspended():
            list(self._held.give_up())  # no heartbeat either: wards are told to use paper
            return False
        self._permitting.look()
        self._site.tokens.look()
        now = self._site.clock.monotonic()
        if now >= self._next_beat:
            self._heart.beat(self._lane.name)
            self._next_beat = now + BEAT_S
        took = self._take(now) if len(self._held) < self._lane.batch or now >= self._next_sweep else 0
        self._held.prepare(self._senders.free)
        return self._permit() or took > 0

    def _take(self, now: float) -> int:
        """Look what there is, in one statement, and take it; how many items."""
        types, most = self._types()
        look = self._site.outbox.look(self._lane.name, types)
        if now >= self._next_sweep:
            self._next_sweep = now + SWEEP_S
            self._sweep(due=look.time_passed)
        if len(self._held) >= self._lane.batch or look.paused:
            return 0
        return (self._claim(types, most) if look.claimable else 0) + (self._claim_probes() if look.probes else 0)

    def _sweep(self, *, due: bool) -> None:
        """Do what time brings; where that meets a fault, the lane claims and sends all the same."""
        try:
            counts = self._site.outbox.sweep(self._lane.name) if due else {}
        except RunnerError:
            raise
        except Exception as error:  # noqa: BLE001  one row that cannot be read must not stop the others
            self._sweeping.met(error)
            return
        self._sweeping.passed()
        if counts:
            logger.info("time has passed for items", extra={"event": "lane.swept", "lane": self._lane.name, **counts})

    def _types(self) -> tuple[dict[str, str], int]:
        """Document types to claim, with their digests, and how many items at most."""
        gateway, most = self._site.gateway, self._lane.batch
        types = {}
        for name, kind in self._site.mappings.types.items():
            service = kind.operation.service
            if gateway.is_open(service) and kind.kind not in SOMEBODY_WAITS:
                continue
            types[name] = kind.digest
            few = gateway.most_per_claim(service) if kind.version.lane == self._lane.name else None
            most = most if few is None else min(most, few)
        return types, max(1, most)

    def _claim(self, types: Mapping[str, str], most: int) -> int:
        token, since = uuid.uuid4().hex, self._site.clock.monotonic()
        items = self._site.outbox.claim(self._lane.name, token, most, self._lane.lease_s, types)
        if not items:
            return 0
        self._site.hook("claimed", [item.row.item_id for item in items])
        self._held.add(items, since + self._lane.lease_s - self._lane.send_s)
        return len(items)

    def _claim_probes(self) -> int:
        """Ask after what is unknown, with no more than half of the senders: what a ward waits for needs the others."""
        free = self._senders.reserve(self._lane.batch, 0.0, spare=self._lane.senders // 2, ahead=False)
        if not free:
            return 0
        asked = 0
        try:
            token, since = uuid.uuid4().hex, self._site.clock.monotonic()
            types = {name: kind.digest for name, kind in self._site.mappings.types.items()}
            items = self._site.outbox.claim_probes(self._lane.name, token, free, self._lane.lease_s, types)
            send_until = since + self._lane.lease_s - self._lane.send_s
            for item in items:
                plan = plan_probe(self._site, self._lane, item)
                if isinstance(plan, Asking):
                    self._senders.send(Dispatch(plan.ready, plan.message, send_until, probe=True))
                    asked += 1
                else:
                    self._completer.put(self._unsent(item, plan))
        finally:
            self._senders.release(free - asked)
        return asked

    def _permit(self) -> bool:
        """Permit a group that the free senders can take; whether there was one."""
        if not self._held.prepared:
            return False
        slots = self._senders.reserve(self._held.prepared, min(BEAT_S / 2, self._lane.poll_s))
        if not slots:
            return True
        sent = 0
        try:
            group = []
            for held in self._held.take(slots):
                if self._may_still_go(*held):
                    group.append(held)
                else:
                    self._completer.put(self._unsent(held[0].item, Outcome(Ending.GIVEN_BACK)))
            sent = self._send_group(group)
        finally:
            self._senders.release(slots - sent)
        return True

    def _may_still_go(self, ready: Ready, send_until: float) -> bool:
        """Whether there is time for an answer, and its person's very session lives on while it waited for a sender."""
        return self._site.clock.monotonic() < send_until and lives_on(self._site, ready.token)

    def _send_group(self, group: Sequence[Held]) -> int:
        """
        Permit and send; how many were. What the database does not take as a group, it may take one by one.

        A message that was not permitted was surely not sent: it is held for the next round while others write, and left
        to its lease where the database refuses it alone.
        """
        if not group:
            return 0
        try:
            sent = self._send_permitted(group)
        except Exception as error:  # noqa: BLE001  one message must not take the others with it
            self._permitting.met(error)
            if passes(error):
                self._held.put_back(group)
                self._stopping.wait(TROUBLE_S)
                return 0
            if len(group) > 1:
                return sum(self._send_group([each]) for each in group)
            if not isinstance(error, RunnerError):
                parked = Outcome(Ending.PARKED, Reason.MAPPING_FAULT, sentences.MAPPING_FAULT)
                self._completer.put(self._unsent(group[0][0].item, parked))
            return 0
        self._permitting.passed()
        return sent

    def _send_permitted(self, group: Sequence[Held]) -> int:
        items = [ready.item.row.item_id for ready, _ in group]
        self._site.hook("permitting", items)
        answers = self._site.outbox.permit([ready.request(self._site.message_life_s) for ready, _ in group])
        self._site.hook("permitted", items)
        sent = 0
        for ready, send_until in group:
            permitted = answers.get(ready.item.row.item_id)
            if permitted is None:  # another session holds its row
                self._held.put_back([(ready, send_until)])
                continue
            if not isinstance(permitted, Permitted):
                logger.info(
                    "item may not be sent",
                    extra={"event": "item.not_permitted", "item": ready.item.row.item_id, "verdict": permitted},
                )
                continue
            message = Message(
                operation=ready.kind.operation.name,
                message_id=ready.message_id,
                body=ready.body,
                expires_at=permitted.expires_at,
                item_id=ready.item.row.item_id,
                read_timeout_s=self._lane.read_s,
                his_user=ready.item.recorded_by,
                is_fresh=ready.is_fresh,
            )
            self._senders.send(Dispatch(ready, message, send_until))
            sent += 1
        return sent

    def _give_back(self) -> None:
        for item in self._held.give_up():
            self._completer.put(self._unsent(item, Outcome(Ending.GIVEN_BACK)))

    def _refuse(self, item: Item, unsent: Unsent) -> None:
        """Note how the try of an item ended that goes no further."""
        self._completer.put(self._unsent(item, unsent.outcome, unsent.decision))

    def _unsent(self, item: Item, outcome: Outcome, decision: DecisionNote | None = None) -> Completion:
        kind = self._site.mappings.types[item.document_type]
        return Completion(
            lane=self._lane.name,
            item_id=item.row.item_id,
            token=item.row.claim_token or "",
            outcome=outcome,
            waits=kind.waits,
            attempt="DECIDE" if decision is not None else None,
            acting_user=decision.acting_user if decision is not None else None,
            decision=decision,
        )

    def _pause(self, *, busy: bool) -> None:
        """Not at all after work; longer and longer while idle; never past the next heartbeat."""
        if busy or self._stopping.is_set():
            self._wait_s = self._lane.poll_s
            return
        jitter = random.uniform(0.9, 1.1)  # noqa: S311  spreads load, keeps no secret
        until_beat = self._next_beat - self._site.clock.monotonic()
        if self._awake.wait(max(0.0, min(self._wait_s * jitter, until_beat))):
            self._awake.clear()
            self._wait_s = self._lane.poll_s
        else:
            self._wait_s = min(self._lane.idle_poll_s, self._wait_s * 1.5)
