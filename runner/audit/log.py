"""
Writes the log: one thread, group commit.

Callers put entries in line; the thread takes all that are there, seals them, and makes them durable together. What is
about to happen is waited for; what has happened goes with it, or when somebody asks for it. When the disk fails the log
is down: what was about to happen must not happen, what has happened is kept and written first when it takes it again.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from runner.audit.chain import BrokenTailError, ChainLock, fresh, newest, repair
from runner.audit.keys import read_public
from runner.audit.segment import SegmentWriter
from runner.audit.ticket import WAIT_S, Line, Ticket
from runner.domain.audit import EntryKind, Tip
from runner.errors import fault, places
from runner.ports import Anchor, Clock, Entry

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import rsa

logger = logging.getLogger(__name__)

SEGMENT_BYTES = 64 * 1024 * 1024
"""From here on a new segment is begun; also each day, so that retention can go by days."""

TRY_S = 1.0
"""Between two tries of a log that is down."""

MOST_KEPT = 10_000
"""Most entries kept in memory while the log is down; nothing is sent then, so few come."""


class SealedLog:
    """The log of one process, as ``ports.AuditLog``; made by ``opened_log``."""

    def __init__(
        self,
        chain: Path,
        lock: ChainLock,
        public_key: rsa.RSAPublicKey,
        clock: Clock,
        *,
        name: str,
        segment_bytes: int,
    ) -> None:
        """
        Begin a segment; the thread starts with ``start``.

        Raises:
            OSError: The folder cannot be written.
        """
        self.folder = chain
        self.name = name
        self._lock = lock
        self._public_key = public_key
        self._clock = clock
        self._segment_bytes = segment_bytes
        self._segment: SegmentWriter | None = None
        self._line = Line()
        self._kept: deque[tuple[Entry, str]] = deque(maxlen=MOST_KEPT)
        self._reason = ""
        self._down_since: str | None = None
        self._try_at = 0.0
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)

    @property
    def is_down(self) -> bool:
        """Whether it cannot be written now."""
        return self._down_since is not None

    @property
    def segment(self) -> int:
        """Number of the segment that is being written; 0 while there is none."""
        segment = self._segment
        return segment.files.number if segment is not None else 0

    def write(self, entry: Entry) -> Anchor:
        """Log what is about to happen; see ``ports.AuditLog``."""
        if self._down_since is None and not self._closed:
            anchor = self._put(entry, must=True).anchor()
            if anchor is not None:
                return anchor
        raise fault(7101, str(self.folder), reason=self._reason or "the disk does not answer")

    def note(self, entry: Entry) -> Ticket:
        """Log what has happened; see ``ports.AuditLog``."""
        return self._put(entry, must=False)

    def try_again(self) -> bool:
        """Try a log that is down, if it is time to; whether it is back, with what was kept written first."""
        since = self._down_since
        if since is None:
            return True
        if self._clock.monotonic() < self._try_at:
            return False
        self._try_at = self._clock.monotonic() + TRY_S
        self._put(Entry(EntryKind.RESUMED, outcome=f"since {since}"), must=True).anchor()
        return self._down_since is None

    def close(self) -> None:
        """Write what is in line and end. Safe to repeat."""
        if not self._closed:
            self._closed = True
            self._line.close()
            self._thread.join(2 * WAIT_S)
            if not self._thread.is_alive():  # else the disk hangs, and the lock ends with the process
                self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """
        Begin a segment and start the thread.

        Raises:
            OSError: The folder cannot be written.
        """
        try:
            self._begin(self._now())
        except OSError:
            if self._segment is not None:
                self._segment.abandon()
            raise
        self._thread.start()

    def _put(self, entry: Entry, *, must: bool) -> Ticket:
        ticket = Ticket(entry, self._now(), self._line, must=must)
        if self._closed:
            ticket.done(None)
        else:
            self._line.put(ticket)
        return ticket

    def _now(self) -> str:
        return instant(self._clock.now())

    def _run(self) -> None:
        while self._line.is_open:
            if group := self._line.next_group():
                self._take(group)
        if self._segment is not None:
            self._segment.close()

    def _take(self, group: list[Ticket]) -> None:
        if self._down_since is not None:
            if not any(each.entry.kind == EntryKind.RESUMED for each in group):
                self._keep(group)
                return
            group = [*(Ticket(entry, at, self._line, must=False) for entry, at in self._kept), *group]
            self._kept.clear()
        try:
            anchors = self._written(group)
        except OSError as error:
            self._fall(group, error.strerror or type(error).__name__)
        except Exception as error:  # noqa: BLE001  the thread must outlive whatever it meets
            # Not kept: what cannot be sealed now never can, and would keep the log down for good.
            self._fall([], places(error))
            for ticket in group:
                ticket.done(None)
        else:
            self._rise()
            for ticket, anchor in zip(group, anchors, strict=True):
                ticket.done(anchor)

    def _written(self, group: list[Ticket]) -> list[Anchor]:
        segment = self._segment
        if segment is not None and (segment.day < group[-1].at[:10] or segment.size_bytes >= self._segment_bytes):
            segment.close()
            self._segment, tip = None, segment.tip
            segment = self._segment = SegmentWriter(self.folder, tip, self._public_key, group[-1].at)
        if segment is None:
            segment = self._begin(group[-1].at)
        anchors = [segment.add(each.entry, each.at) for each in group]
        segment.commit()
        return anchors

    def _begin(self, at: str) -> SegmentWriter:
        """Repair the chain's tail, begin a segment behind it, and say so in the chain where something was cut."""
        try:
            tip, cut = repair(self.folder)
        except BrokenTailError:
            tip, cut = self._leave(), ""
        segment = self._segment = SegmentWriter(self.folder, tip, self._public_key, at)
        if cut:
            segment.add(Entry(EntryKind.REPAIRED, outcome=cut), at)
            facts = {"event": "audit.repaired", "chain": self.folder.name, "cut": cut}
            logger.warning("a half-written end of the audit log was closed", extra=facts)
        segment.commit()
        return segment

    def _leave(self) -> Tip:
        """Leave a chain whose end was changed as it is, for ``audit verify``, and begin a new one."""
        facts = {"event": "audit.broken", "chain": self.folder.name}
        logger.error("the end of the audit log was changed; a new chain is begun", extra=facts)
        chain = fresh(self.folder.parent, self.name, chain_begin(self._clock.now()))
        lock = ChainLock(chain)
        self._lock.close()
        self.folder, self._lock = chain, lock
        return Tip(chain.name)

    def _fall(self, group: list[Ticket], reason: str) -> None:
        """Nothing of the group counts; say so once."""
        segment, self._segment = self._segment, None
        if segment is not None:
            segment.abandon()
        self._reason = reason
        if self._down_since is None:
            self._down_since = self._now()
            facts = {"event": "audit.down", "folder": str(self.folder), "reason": reason}
            logger.error("audit log cannot be written; nothing is sent until it can", extra=facts)
        self._keep(group)

    def _keep(self, group: list[Ticket]) -> None:
        self._kept += [(each.entry, each.at) for each in group if not each.must]
        for each in group:
            each.done(None)

    def _rise(self) -> None:
        if self._down_since is not None:
            facts = {"event": "audit.resumed", "folder": str(self.folder), "since": self._down_since}
            logger.warning("audit log can be written again", extra=facts)
            self._down_since, self._reason = None, ""


def opened_log(
    folder: Path, name: str, public_key: Path, clock: Clock, *, where: str = "audit", segment_bytes: int = SEGMENT_BYTES
) -> SealedLog:
    """
    Open the log of a process and begin a segment; the caller closes it.

    Args:
        folder: Of all chains; made where it is missing.
        name: The daemon's, or another one for each kind of process: two processes never write one chain.
        public_key: PEM file of the institution's public key.
        clock: Time.
        where: Place of the settings, for errors.
        segment_bytes: Length from which on a new segment is begun.

    Raises:
        SettingsError: RNR-1006, 1041, 1042: no usable key; 1043: no usable folder.
        StoreError: RNR-7102, another process writes this chain.
    """
    key = read_public(public_key, where)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        chain = newest(folder, name) or fresh(folder, name, chain_begin(clock.now()))
        lock = ChainLock(chain)
        log = SealedLog(chain, lock, key, clock, name=name, segment_bytes=segment_bytes)
        try:
            log.start()
        except OSError:
            lock.close()
            raise
    except OSError as error:
        raise fault(1043, where, folder=str(folder), reason=error.strerror or type(error).__name__) from error
    return log


def instant(at: datetime) -> str:
    """Give an instant as headers have it, UTC."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def chain_begin(at: datetime) -> str:
    """Give an instant as the names of chains have it, UTC."""
    return f"{at.astimezone(UTC):%Y%m%d-%H%M%S}"
