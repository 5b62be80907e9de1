"""
All worlds that the delivery protocol can get into, over the very functions of ``runner.domain``.

One item, two daemons, the HIS, time, the network and the EESZT take every possible order of steps, with crashes at any
point and messages and answers that are late or lost. Worst cases throughout: the EESZT does not recognise a message
that it got twice, heartbeats lie, bytes leave long after their permit, a document shows up late in queries.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from moves import Moves
from worlds import NOW, World

from runner.domain import guards
from runner.domain.outbox import FINAL, Compensation, State, WardAnswer


class Found(NamedTuple):
    """What an exploration came to: how many worlds, what is wrong, the shortest way to it."""

    worlds: int
    wrong: str = ""
    story: tuple[str, ...] = ()

    def told(self) -> str:
        """The story as one line."""
        return f"{self.wrong or 'every invariant holds'} ({self.worlds} worlds): {' → '.join(self.story)}"


class Exploration(Moves):
    """One kind of item under all rules but those left out."""

    def wrong(self, w: World) -> str:
        """What no world may ever show."""
        row = self.rows[w.row]
        if w.fault:
            return w.fault
        if w.documents > 1:
            return "two documents"
        if row.ward_answer is WardAnswer.PRINT and not w.documents and row.compensation is not Compensation.DONE:
            return "a bar code without a document"
        if row.state is State.PARKED and row.at_recording and row.sent_at is None:
            return "a ward made to wait for a person"
        if row.state is State.PARKED and row.withdraw_asked_at is not None and row.sent_at is None:
            return "a person made to look at what the HIS took back"
        return self.wrong_at_rest(w) if self.is_quiet(w) else ""

    def is_quiet(self, w: World) -> bool:
        """Whether the item has come to its end, or waits for a person, and nothing is under way."""
        row = self.rows[w.row]
        ended = row.state in FINAL or row.state is State.PARKED
        withdrawing = w.withdrawal and row.state is not State.PARKED
        under_way = w.wire or withdrawing or w.unseen or any(d.step not in {"idle", "claimed"} for d in w.daemons)
        return ended and not under_way and not guards.probe_is_due(row, NOW[w.phase])

    def wrong_at_rest(self, w: World) -> str:
        """What must hold where the item itself does nothing more."""
        row = self.rows[w.row]
        if row.state not in FINAL and row.state is not State.PARKED:
            return f"left in {row.state}"
        if row.ward_answer is WardAnswer.WAIT:
            return "the ward was never told"
        if (
            row.state is State.ACCEPTED
            and not w.documents
            and not self.is_query
            and row.compensation is not Compensation.DONE
        ):
            return "accepted without a document"
        if not w.documents or row.state is State.PARKED or row.compensation is Compensation.FAILED:
            return ""
        if row.state is not State.ACCEPTED:
            return "a document that nobody knows of"
        if row.ward_answer is WardAnswer.PAPER:
            return "valid on paper and electronically"
        return "withdrawn by the HIS and still valid" if row.withdraw_asked_at else ""

    def walk(self, *, to_the_end: bool = False) -> Found:
        """Every reachable world, nearest first, until something is wrong; then whether each can come to rest."""
        start = self.tidy(self.start)
        way: dict[World, tuple[World, str] | None] = {start: None}
        back: dict[World, list[World]] = {}
        queue = deque([start])
        while queue:
            w = queue.popleft()
            nexts = list(self.next_worlds(w))
            wrong = self.wrong(w) or ("" if nexts else self.wrong_at_rest(w))
            if wrong and not to_the_end:
                return Found(len(way), wrong, story(way, w))
            for _, x in nexts:
                back.setdefault(x, []).append(w)
            nexts += [(name, self.tidy(x)) for name, x in self.people_steps(w)]
            for name, x in nexts:
                if x not in way:
                    way[x] = (w, name)
                    queue.append(x)
        resting = deque(w for w in way if self.is_quiet(w))
        can_rest = set(resting)
        while resting:
            for w in back.get(resting.popleft(), ()):
                if w not in can_rest:
                    can_rest.add(w)
                    resting.append(w)
        stuck = next((w for w in way if w not in can_rest), None)
        return Found(len(way), "can never end", story(way, stuck)) if stuck else Found(len(way))


def story(way: dict[World, tuple[World, str] | None], w: World) -> tuple[str, ...]:
    """The shortest way to a world."""
    names = []
    step = way[w]
    while step is not None:
        names.append(step[1])
        step = way[step[0]]
    return tuple(reversed(names))
