"""Everything that may happen next in a world: what daemons, time, the network, the EESZT, the sweep and the HIS do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from protocol import Protocol
from worlds import (
    BEFORE_SENDING,
    IDLE,
    LATELY,
    LONG_AGO,
    NOW,
    REFUSALS,
    SEND_BY,
    UNCLEAR_PROBES,
    Daemon,
    World,
    canonical,
)

from runner.domain import guards
from runner.domain.outbox import FINAL, State, Verdict

Steps = Iterator[tuple[str, World]]
Then = Callable[..., World]


class Moves(Protocol):
    """The steps out of a world, each with its name."""

    def daemon_steps(self, w: World, i: int) -> Steps:
        """What daemon ``i`` may do next."""
        d = w.daemons[i]

        def then(world: World, next_step: Daemon = IDLE) -> World:
            return world._replace(daemons=tuple(next_step if j == i else x for j, x in enumerate(world.daemons)))

        if d.step == "idle":
            yield from self.claims(w, then)
            return
        yield "a daemon is killed", then(w)
        if d.step == "claimed":
            yield from self.claimed(w, d, then)
        elif d.step == "permitted":
            sent = self.bytes_leave(w, d.token)
            yield "the bytes leave", then(sent, Daemon("waiting", d.token, "" if sent.wire != w.wire else "expired"))
            yield "no connection", then(self.noted(w, d.token, "not received"))
            yield "given back after the permit", then(self.apply(w, "complete", d.token, "given back")[0])
        elif d.step == "waiting":
            yield "no answer in time", then(self.apply(w, "complete", d.token, "no answer")[0])
            if guards.UNREADABLE_ROUNDS == 1:
                garbled, _ = self.apply(w, "complete", d.token, "an answer that nobody can read")
                yield "an answer that nobody can read", then(garbled)
            if d.heard == "expired":
                yield "the EESZT refuses the expired message", then(self.noted(w, d.token, "not received"))
            if "client never repeats" in self.without and len(w.wire) < 2:
                yield "the client sends by itself again", self.bytes_leave(w, d.token)
        elif d.step == "answered":
            done, verdict = self.apply(w, "complete", d.token, "accepted")
            if verdict is Verdict.LOST_LEASE:
                done = done._replace(fault="a true answer was thrown away")
            yield "the acceptance is noted", then(done)
        elif d.step == "probing":
            yield from self.probing(w, d, then)
        elif d.step == "probed":
            yield f"noted by a probe: {d.heard}", then(self.apply(w, "complete", d.token, d.heard)[0])

    def probing(self, w: World, d: Daemon, then: Then) -> Steps:
        if self.is_query:
            yield "nobody need be asked, it is sent again", then(self.noted(w, d.token, "not received"))
            return
        heard_at_recording = ("not received",) if self.rows[w.row].at_recording else ()  # a mistake, and harmless
        for heard in UNCLEAR_PROBES + heard_at_recording:
            yield f"a probe: {heard}", then(self.apply(w, "complete", d.token, heard)[0])
        late = self.place(replace(self.rows[w.row], sent_at=self.rows[w.row].sent_at and LONG_AGO))
        given_up, _ = self.apply(w._replace(row=late), "complete", d.token, "no answer to a probe")
        yield "after very long, a probe: no answer", then(given_up)
        if w.documents and not w.unseen:
            yield "a probe is shown it", then(w, Daemon("probed", d.token, "accepted"))
        if not w.documents or w.unseen or "the query is complete" in self.without:
            yield "a probe is not shown it", then(w, Daemon("probed", d.token, "absent"))

    def noted(self, w: World, token: int, heard: str) -> World:
        """A refusal, believed where the daemon still holds the row."""
        done, verdict = self.apply(w, "complete", token, heard)
        return done._replace(perhaps=w.perhaps and verdict is not Verdict.DONE)

    def claims(self, w: World, then: Then) -> Steps:
        held = self.rows[w.row].claim_token
        token = 1 + max(int(held or 0), *(d.token for d in w.daemons), *w.wire)  # younger than all that are known
        if w.predecessor == "ACCEPTED" or "predecessor first" in self.without:
            claimed, verdict = self.apply(w, "claim", token)
            if verdict is Verdict.DONE:
                yield "a daemon claims it", then(claimed, Daemon("claimed", token))
        probing, verdict = self.apply(w, "claim_probe", token)
        if verdict is Verdict.DONE:
            yield "a daemon asks after it", then(probing, Daemon("probing", token))

    def claimed(self, w: World, d: Daemon, then: Then) -> Steps:
        for heard in BEFORE_SENDING:
            yield f"before sending: {heard}", then(self.apply(w, "complete", d.token, heard)[0])
        if "permit before send" in self.without:
            message = ((d.token, SEND_BY),) if w.phase == 0 else ()
            sent = self.bytes_leave(w._replace(fresh=(*w.fresh, *message)), d.token)
            yield "the bytes leave without a permit", then(sent, Daemon("waiting", d.token))
            return
        permitted, verdict = self.apply(w, "permit", d.token)
        if verdict is not Verdict.DONE:
            yield "the permit is refused", then(permitted)
            return
        if w.predecessor != "ACCEPTED":
            permitted = permitted._replace(fault="sent before its predecessor was accepted")
        expires_at = self.rows[permitted.row].expires_at
        assert expires_at is not None
        message = ((d.token, expires_at),) if expires_at > NOW[w.phase] else ()
        yield "the permit", then(permitted._replace(fresh=(*w.fresh, *message)), Daemon("permitted", d.token))

    def bytes_leave(self, w: World, token: int) -> World:
        ward_waits = self.rows[w.row].at_recording
        fault = w.fault or ("sent again although perhaps received" if ward_waits and w.perhaps else "")
        fresh = any(token == each for each, _ in w.fresh) or "messages expire" in self.without
        wire = tuple(sorted((*w.wire, token)))[-2:] if fresh else w.wire  # never more than 1 unless a rule is left out
        return w._replace(wire=wire, perhaps=ward_waits, fault=fault)

    def other_steps(self, w: World) -> Steps:
        """Time, the network and the EESZT, the sweep, the HIS, the withdrawal, the predecessor."""
        yield from self.time_steps(w)
        for token in dict.fromkeys(w.wire):
            yield from self.eeszt_steps(w, token)
        row = self.rows[w.row]
        if row.lease_until is not None:
            over = w._replace(row=self.place(replace(row, lease_until=LONG_AGO)))
            yield "the lease ends, rescue", self.apply(over, "rescue")[0]
        yield "the window closes", self.apply(w, "overdue")[0]
        yield "the ward asks", self.apply(w, "decide", True)[0]  # noqa: FBT003
        yield "the ward asks and no heartbeat is seen", self.apply(w, "decide", False)[0]  # noqa: FBT003
        if w.predecessor == "OPEN":
            yield "the predecessor is accepted", w._replace(predecessor="ACCEPTED")
            yield "the predecessor fails", w._replace(predecessor="FAILED")
        elif w.predecessor == "FAILED":
            yield "the sweep ends it", self.apply(w, "fail_with_predecessor")[0]
        if w.withdrawal and row.state is State.ACCEPTED and (w.documents or self.is_query):
            gone, _ = self.apply(w, "withdrawal_ended", State.ACCEPTED)
            yield "the withdrawal is accepted", gone._replace(withdrawal=False, documents=max(0, w.documents - 1))
            refused, _ = self.apply(w, "withdrawal_ended", State.REJECTED)
            yield "the withdrawal is refused", refused._replace(withdrawal=False)
        elif w.withdrawal and row.state in FINAL and row.state is not State.ACCEPTED:
            skipped, _ = self.apply(w, "withdrawal_ended", State.SKIPPED)
            yield "the withdrawal is skipped", skipped._replace(withdrawal=False)

    def people_steps(self, w: World) -> Steps:
        """What only people do, so that nothing may depend on it."""
        yield "the HIS withdraws it", self.apply(w, "withdraw")[0]
        yield "a person lets it go again", self.apply(w, "unpark")[0]

    def time_steps(self, w: World) -> Steps:
        row, now = self.rows[w.row], NOW[w.phase]
        if w.phase < self.last_phase:
            later = NOW[w.phase + 1]
            aged = w._replace(row=self.place(canonical(row, later)), phase=w.phase + 1)
            old = {token for token, expires_at in w.fresh if expires_at <= later}
            yield ("send_by passes", "answer_by passes")[w.phase], self.expired(aged, old)
        if row.expires_at is not None and row.expires_at > now:
            aged = self.place(replace(row, expires_at=LATELY))
            yield "the message expires", self.expired(w._replace(row=aged), {token for token, _ in w.fresh})
        if len(w.fresh) > 1:
            yield "an older message expires", self.expired(w, {w.fresh[0][0]})
        if row.expires_at == LATELY and not w.unseen:
            yield "the message has settled", w._replace(row=self.place(replace(row, expires_at=LONG_AGO)))
        if w.unseen:
            yield "the index shows the document", w._replace(unseen=False)

    def expired(self, w: World, old: set[int]) -> World:
        """The messages of these tokens are too old to be taken."""
        fresh = tuple(each for each in w.fresh if each[0] not in old)
        if "messages expire" in self.without:
            return w._replace(fresh=fresh)
        waiting = tuple(
            d._replace(heard="expired") if d.step == "waiting" and d.token in old and d.token in w.wire else d
            for d in w.daemons
        )
        return w._replace(fresh=fresh, daemons=waiting, wire=tuple(each for each in w.wire if each not in old))

    def eeszt_steps(self, w: World, token: int) -> Steps:
        rest = list(w.wire)
        rest.remove(token)
        waiting = next((d for d in w.daemons if d[:2] == ("waiting", token)), None)

        def then(world: World, next_step: Daemon) -> World:
            return world._replace(daemons=tuple(next_step if d is waiting else d for d in world.daemons))

        less = w._replace(wire=tuple(rest))
        if w.phase and self.rows[w.row].send_by is not None and "messages expire" not in self.without:
            less = less._replace(fault="the EESZT may still take it after send_by")
        taken = less if self.is_query else less._replace(documents=min(2, w.documents + 1), unseen=True)
        yield "the EESZT accepts it, the answer is lost", taken
        if waiting is None:
            return
        yield "the EESZT accepts it", then(taken, Daemon("answered", token))
        for heard in REFUSALS:
            yield f"the EESZT says: {heard}", then(self.noted(less, token, heard), IDLE)
        if "refusals are true" in self.without:
            yield "the EESZT takes it and says: not received", then(self.noted(taken, token, "not received"), IDLE)

    def next_worlds(self, w: World) -> Steps:
        """Every step that changes something, without what people do."""
        twins = w.daemons[0] == w.daemons[1]
        for part in (self.daemon_steps(w, 0), () if twins else self.daemon_steps(w, 1), self.other_steps(w)):
            for name, after in part:
                x = self.tidy(after)
                if x != w:
                    yield name, x

    def tidy(self, w: World) -> World:
        """Rename tokens by age and put the daemons in order."""
        if w not in self.tidied:
            self.tidied[w] = self.renamed(w)
        return self.tidied[w]

    def renamed(self, w: World) -> World:
        live = {d.token for d in w.daemons} | set(w.wire)
        fresh = tuple(each for each in w.fresh if each[0] in live)
        row = self.rows[w.row]
        used = sorted(live - {0} | ({int(row.claim_token)} if row.claim_token is not None else set()))
        new = {0: 0} | {old: place for place, old in enumerate(used, 1)}
        if row.claim_token is not None:
            row = replace(row, claim_token=str(new[int(row.claim_token)]))
        return w._replace(
            row=self.place(row),
            daemons=tuple(sorted(d._replace(token=new[d.token]) for d in w.daemons)),
            fresh=tuple((new[token], expires_at) for token, expires_at in fresh),
            wire=tuple(sorted(new[token] for token in w.wire)),
        )
