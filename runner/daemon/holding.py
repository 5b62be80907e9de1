"""What a lane has claimed and not yet permitted: some of it prepared, the rest still to be."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from runner.daemon.looking import for_a_batch
from runner.daemon.work import Unsent
from runner.daemon.worker import prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from runner.daemon.work import LaneSettings, Ready, Site
    from runner.ports import Item

Held = tuple["Ready", float]
"""A prepared item, and the monotonic instant after which its message must not start."""


class Holding:
    """
    The items of one lane between their claim and their permit. For one thread.

    Only as much is prepared at a time as free senders wait for; the rest is, while all of them are busy. Preparing a
    whole batch at once would let senders stand idle that long.
    """

    def __init__(self, site: Site, lane: LaneSettings, refuse: Callable[[Item, Unsent], None]) -> None:
        """``refuse`` is told of what goes no further."""
        self._site = site
        self._lane = lane
        self._refuse = refuse
        self._claimed: deque[tuple[Site, Item, float]] = deque()
        self._prepared: deque[Held] = deque()

    def __len__(self) -> int:
        return len(self._claimed) + len(self._prepared)

    @property
    def prepared(self) -> int:
        """How many could be permitted now."""
        return len(self._prepared)

    def add(self, items: Sequence[Item], send_until: float) -> None:
        """Take over a batch that was claimed."""
        site = for_a_batch(self._site, items)
        self._claimed.extend((site, item, send_until) for item in items)

    def prepare(self, free: Callable[[], int]) -> None:
        """Prepare until there is enough for the senders that are free, or nothing left."""
        done = []
        while self._claimed and not 0 < free() <= len(self._prepared):
            site, item, send_until = self._claimed.popleft()
            made = prepare(site, self._lane, item)
            if isinstance(made, Unsent):
                self._refuse(item, made)
            else:
                self._prepared.append((made, send_until))
            done.append(item.row.item_id)
        if done:
            self._site.hook("prepared", done)

    def take(self, count: int) -> list[Held]:
        """Hand out prepared ones, oldest first."""
        return [self._prepared.popleft() for _ in range(count)]

    def put_back(self, group: Iterable[Held]) -> None:
        """Take back what was handed out, to be the first again."""
        self._prepared.extendleft(reversed(list(group)))

    def give_up(self) -> Iterator[Item]:
        """Hand out everything, prepared or not, and hold nothing more."""
        while self._prepared:
            yield self._prepared.popleft()[0].item
        while self._claimed:
            yield self._claimed.popleft()[1]
