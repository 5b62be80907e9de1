"""Destroys what is too old: first the bodies of a segment, much later its headers; the chain says so itself."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

from runner.audit.chain import chains, last_line, segments
from runner.audit.log import SealedLog, instant
from runner.audit.reading import lines
from runner.audit.segment import SegmentFiles, sync_folder
from runner.domain.audit import EntryKind, Header, read
from runner.ports import Clock, Entry


class Retention:
    """
    The duty of one process's log over all chains of its folder.

    A segment is as old as its last entry. What is going to be destroyed is written into the chain first, so that
    ``audit verify`` can tell a duty from a theft; a duty that was cut short is done again.
    """

    def __init__(self, log: SealedLog, clock: Clock, *, keep_bodies_s: float, keep_headers_s: float) -> None:
        """
        Wire it.

        Args:
            log: Where it is noted; the segment that it is writing is left alone.
            clock: Time.
            keep_bodies_s: How long bodies are kept, seconds.
            keep_headers_s: How long headers are kept, seconds; never shorter than their bodies.
        """
        self._log = log
        self._clock = clock
        self._keep_bodies_s = keep_bodies_s
        self._keep_headers_s = max(keep_headers_s, keep_bodies_s)

    def run_once(self) -> dict[str, int]:
        """
        Destroy what is too old; counts ``bodies`` and ``headers`` of segments, only those above zero.

        Raises:
            StoreError: RNR-7101, the log cannot be written; nothing more was destroyed.
            OSError: A file cannot be read or deleted.
        """
        now = self._clock.now()
        counts = {"bodies": 0, "headers": 0}
        for chain in chains(self._log.folder.parent):
            counts["bodies"] += self._destroy_bodies(chain, _before(now, self._keep_bodies_s))
            counts["headers"] += self._prune(chain, _before(now, self._keep_headers_s))
        return {name: count for name, count in counts.items() if count}

    def _destroy_bodies(self, chain: Path, before: str) -> int:
        destroyed = 0
        for number in segments(chain):
            files = SegmentFiles(chain, number)
            if not files.bodies.exists() or self._is_open(chain, number):
                continue
            last = _last(files)
            if last is None or last.at >= before:
                break
            self._log.write(Entry(EntryKind.DESTROYED, outcome=f"{chain.name}/{number}"))
            _destroy(files)
            destroyed += 1
        return destroyed

    def _prune(self, chain: Path, before: str) -> int:
        """Delete the oldest segments' headers; the last segment always stays, so that the chain has an end."""
        old: list[SegmentFiles] = []
        for number in segments(chain)[:-1]:
            files = SegmentFiles(chain, number)
            last = _last(files)
            if last is None or last.at >= before or files.bodies.exists() or self._is_open(chain, number):
                break
            old.append(files)
        if not old:
            return 0
        following = _first(SegmentFiles(chain, old[-1].number + 1))
        if following is None:
            return 0
        outcome = f"{chain.name}/{old[-1].number} {following.previous}"
        self._log.write(Entry(EntryKind.PRUNED, outcome=outcome))
        for files in old:
            files.headers.unlink()
        sync_folder(chain)
        return len(old)

    def _is_open(self, chain: Path, number: int) -> bool:
        return chain == self._log.folder and number >= (self._log.segment or number)


def _before(now: datetime, seconds: float) -> str:
    return instant(now - timedelta(seconds=seconds))


def _last(files: SegmentFiles) -> Header | None:
    line, _ = last_line(files.headers)
    return _header(line)


def _first(files: SegmentFiles) -> Header | None:
    return _header(next((line for _, line in lines(files.headers)), None)) if files.headers.exists() else None


def _header(line: bytes | None) -> Header | None:
    """Give a line's header; a line that was changed says nothing, and its segment is left for ``audit verify``."""
    try:
        return read(line)[0] if line is not None else None
    except ValueError:
        return None


def _destroy(files: SegmentFiles) -> None:
    """Overwrite the wrapped key, without which no body of the segment opens, then delete the file."""
    opening = _first(files)
    with files.bodies.open("r+b") as file:
        file.write(bytes(opening.size if opening is not None else 1024))
        file.flush()
        os.fsync(file.fileno())
    files.bodies.unlink()
    sync_folder(files.folder)
