"""Compares a chain with the heads that were anchored in the database."""

from __future__ import annotations

from collections.abc import Iterable

from runner.audit.report import Report
from runner.domain.audit import Tip
from runner.ports import Anchor


class AnchorCheck:
    """Goes along a chain with its anchors, both by ascending number."""

    def __init__(self, report: Report, anchors: Iterable[Anchor]) -> None:
        self._report = report
        self._anchors = iter(anchors)
        self._next = next(self._anchors, None)
        self._other: tuple[str, int] | None = None
        self._others = 0

    def meet(self, entry: Anchor, where: str) -> None:
        """Compare an entry with its anchor, if it has one; anchors of entries that are gone are passed over here."""
        while self._next is not None and self._next.sequence <= entry.sequence:
            if self._next.sequence == entry.sequence:
                self._compared()
                if self._next.head != entry.head:
                    self._others += 1
                    self._other = self._other or (where, entry.sequence)
            self._next = next(self._anchors, None)

    def end(self, tip: Tip, chain: str) -> None:
        """Say what the anchors show once the chain has ended."""
        if self._other is not None:
            where, sequence = self._other
            self._report.add(8208, where, sequence=sequence, more=self._others - 1)
        count, most = 0, 0
        while self._next is not None:
            count, most = count + 1, self._next.sequence
            self._compared()
            self._next = next(self._anchors, None)
        if count:
            self._report.add(8207, chain, last=tip.sequence, count=count, most=most)

    def _compared(self) -> None:
        if self._report.anchors is not None:
            self._report.anchors += 1
