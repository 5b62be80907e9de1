"""
Proves that a log is what was written: no entry or body changed, removed, inserted, moved or cut off.

Reads every file once, in constant memory. What the files alone cannot show, a cut end or a log that was written anew
from some entry on, the heads show that were anchored in the database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from runner.audit.anchors import AnchorCheck
from runner.audit.chain import chains, segments, strangers
from runner.audit.reading import lines
from runner.audit.report import Report
from runner.audit.segment import SegmentFiles
from runner.domain.audit import Break, EntryKind, Header, Tip, after, breaks, is_torn, read
from runner.ports import Anchor

_CHUNK = 1 << 20
_BREAKS = {Break.CHAIN: 8206, Break.SEGMENT: 8206, Break.SEQUENCE: 8202, Break.PREVIOUS: 8203, Break.PLACE: 8203}
_TOLD = frozenset({EntryKind.REPAIRED, EntryKind.RESUMED})


def verify(folder: Path, anchored: Mapping[str, Iterable[Anchor]] | None) -> Report:
    """
    Verify all chains of a folder.

    Args:
        folder: Of the chains.
        anchored: Chain → its anchors in the database by ascending number, read before this is called; None: it is not
            asked.

    Raises:
        OSError: A file cannot be read.
    """
    report = Report(anchors=None if anchored is None else 0)
    walks = [_Walk(chain, report, (anchored or {}).get(chain.name, ())) for chain in chains(folder)]
    destroyed: set[str] = set()
    pruned: set[str] = set()
    for walk in walks:
        walk.run()
        destroyed |= walk.destroyed
        pruned |= walk.pruned
    for walk in walks:
        walk.settle(destroyed, pruned)
    here = {walk.chain.name for walk in walks}
    for name in sorted(set(anchored or {}) - here):
        count = sum(1 for _ in (anchored or {})[name])
        report.add(8209, name, count=count)
    return report


class _Walk:
    """One chain from its first line to its last."""

    def __init__(self, chain: Path, report: Report, anchors: Iterable[Anchor]) -> None:
        self.chain = chain
        self.destroyed: set[str] = set()
        self.pruned: set[str] = set()
        self._report = report
        self._anchors = AnchorCheck(report, anchors)
        self._tip = Tip(chain.name)
        self._is_lost = False
        self._bodies_lost: list[tuple[int, str, str, dict[str, object]]] = []
        self._begins_behind: tuple[str, str] | None = None

    def run(self) -> None:
        """Read every segment."""
        report, numbers = self._report, segments(self.chain)
        report.chains += 1
        for name in strangers(self.chain):
            report.add(8216, f"{self.chain.name}/{name}")
        for number in numbers:
            self._segment(SegmentFiles(self.chain, number), is_last=number == numbers[-1])
        self._anchors.end(self._tip, self.chain.name)

    def settle(self, destroyed: set[str], pruned: set[str]) -> None:
        """Say what is missing, unless an entry of any chain says that its time was over."""
        told = set()
        for number, where, segment, facts in self._bodies_lost:
            if segment not in destroyed:
                self._report.add(number, where, **facts)
            elif segment not in told:
                told.add(segment)
                self._report.destroyed += 1
        if self._begins_behind is not None and self._begins_behind[1] not in pruned:
            self._report.add(8217, self._begins_behind[0])

    def _segment(self, files: SegmentFiles, *, is_last: bool) -> None:
        self._report.segments += 1
        where = f"{self.chain.name}/{files.headers.name}"
        if not files.headers.is_file():
            self._report.add(8206, where, segment=files.number)
            self._is_lost = True
            return
        if files.number != self._tip.segment + 1 and self._tip.segment:
            self._report.add(8206, where, segment=self._tip.segment + 1)
            self._is_lost = True
        end = 0
        with ExitStack() as stack:
            bodies = self._opened(files, stack)
            last_number, torn = 0, b""
            for number, line in lines(files.headers):
                if not line.endswith(b"\n"):
                    torn = line
                    break
                header = self._line(files.number, f"{where}:{number}", line, is_first=number == 1)
                last_number = number
                if header is not None and bodies is not None:
                    self._body(files, header, bodies, f"{where}:{number}")
                end = max(end, header.offset + header.size) if header is not None else end
            self._end(files, f"{where}:{last_number + 1}", torn, is_last=is_last, is_empty=not last_number)
            if bodies is not None:
                self._length(files, bodies, end, is_last=is_last, is_told=bool(torn))

    def _opened(self, files: SegmentFiles, stack: ExitStack) -> BinaryIO | None:
        try:
            return stack.enter_context(files.bodies.open("rb"))
        except (FileNotFoundError, IsADirectoryError):
            self._lose(8205, files, f"{self.chain.name}/{files.bodies.name}", segment=files.number)
            return None

    def _line(self, segment: int, where: str, line: bytes, *, is_first: bool) -> Header | None:
        try:
            header, head = read(line)
        except ValueError:
            self._report.add(8201, where)
            self._tip = replace(self._tip, sequence=self._tip.sequence + 1)
            self._is_lost = True
            return None
        self._check(header, segment, where, is_first=is_first)
        self._tip, self._is_lost = after(header, head), False
        self._anchors.meet(Anchor(header.chain, header.sequence, head), where)
        self._count(header)
        return header

    def _check(self, header: Header, segment: int, where: str, *, is_first: bool) -> None:
        tip, begins = self._tip, header.kind == EntryKind.SEGMENT
        if is_first and segment > 1 and not tip.sequence and not self._is_lost:
            self._begins_behind = where, f"{self.chain.name}/{segment - 1} {header.previous}"
            tip = Tip(self.chain.name, segment - 1, header.sequence - 1, 0, header.previous)
        if self._is_lost:
            sequence = header.sequence - 1 if is_first else tip.sequence
            tip = Tip(self.chain.name, header.segment - begins, sequence, header.offset, header.previous)
        found = breaks(tip, header)
        if found is None and (header.segment != segment or begins != is_first):
            found = Break.SEGMENT
        if found is not None:
            facts = {"expected": tip.sequence + 1, "got": header.sequence, "segment": segment}
            self._report.add(_BREAKS[found], where, **facts)

    def _count(self, header: Header) -> None:
        report = self._report
        report.entries += 1
        report.first_at = min(report.first_at or header.at, header.at)
        report.last_at = max(report.last_at or header.at, header.at)
        if header.kind == EntryKind.DESTROYED:
            self.destroyed.add(header.outcome)
        elif header.kind == EntryKind.PRUNED:
            self.pruned.add(header.outcome)
        elif header.kind in _TOLD:
            report.note(f"{header.chain}/{header.sequence} {header.at} {header.kind}: {header.outcome}")

    def _body(self, files: SegmentFiles, header: Header, bodies: BinaryIO, where: str) -> None:
        digest, left = hashlib.sha256(), header.size
        if bodies.tell() != header.offset:
            bodies.seek(header.offset)
        while left and (chunk := bodies.read(min(left, _CHUNK))):
            digest.update(chunk)
            left -= len(chunk)
        if digest.hexdigest() != header.sealed:
            self._lose(8204, files, where, sequence=header.sequence)

    def _end(self, files: SegmentFiles, where: str, torn: bytes, *, is_last: bool, is_empty: bool) -> None:
        if is_last and is_torn(torn, self._tip, files.number):
            if torn or is_empty:
                self._report.note(
                    f"{where} is half written: the daemon is writing, or was killed; its next start closes it"
                )
        elif torn or is_empty:
            self._report.add(8210, where)

    def _length(self, files: SegmentFiles, bodies: BinaryIO, end: int, *, is_last: bool, is_told: bool) -> None:
        size = bodies.seek(0, 2)
        where = f"{self.chain.name}/{files.bodies.name}"
        if size > end and not is_last:
            self._lose(8210, files, where)
        elif size > end and not is_told:
            self._report.note(f"{where} has {size - end} bytes behind its last entry: the next start cuts them off")

    def _lose(self, number: int, files: SegmentFiles, where: str, **facts: object) -> None:
        """Keep what is wrong with bodies until it is known whether they were destroyed in time."""
        if len(self._bodies_lost) < _MOST_LOST:
            self._bodies_lost.append((number, where, f"{self.chain.name}/{files.number}", facts))


_MOST_LOST = 10_000
"""What more is wrong with the bodies of one chain is neither counted nor listed."""
