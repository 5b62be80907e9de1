"""
The two files of a segment: ``NNNNNN.headers.jsonl`` and ``NNNNNN.bodies``.

The file of bodies begins with the segment's data key, wrapped to the institution's public key; the sealed bodies
follow. Without that file the headers still make their chain, so it is what retention destroys.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from runner.audit.keys import fingerprint, wrap
from runner.domain.audit import EntryKind, Header, Tip, after, written
from runner.ports import Anchor, Entry

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import rsa

SALT_BYTES = 16
_sync = getattr(os, "fdatasync", os.fsync)  # Windows has no fdatasync


@dataclass(frozen=True, slots=True)
class SegmentFiles:
    """
    Where a segment lies.

    Attributes:
        folder: The chain's.
        number: Of the segment.
    """

    folder: Path
    number: int

    @property
    def headers(self) -> Path:
        """One header a line."""
        return self.folder / f"{self.number:06}.headers.jsonl"

    @property
    def bodies(self) -> Path:
        """The wrapped key, then the sealed bodies."""
        return self.folder / f"{self.number:06}.bodies"


def bound_to(chain: str, segment: int, sequence: int) -> bytes:
    """Give what a sealed body is bound to beside its key: its own place."""
    return f"{chain}/{segment}/{sequence}".encode()


def nonce(sequence: int) -> bytes:
    """Give the nonce of an entry; a data key never sees the same number twice."""
    return sequence.to_bytes(12, "big")


class SegmentWriter:
    """
    Writes one segment; used by one thread. The data key lives here alone.

    A segment on which a write failed is never written again: its key may have sealed what did not reach the disk.
    """

    def __init__(self, folder: Path, tip: Tip, public_key: rsa.RSAPublicKey, at: str) -> None:
        """
        Begin the segment after ``tip``; nothing is durable before the first ``commit``.

        Raises:
            OSError: The files cannot be made, or exist.
        """
        self.files = SegmentFiles(folder, tip.segment + 1)
        self.day = at[:10]
        data_key = os.urandom(32)
        self._cipher = AESGCM(data_key)
        self._tip = self._durable_tip = tip
        self._headers: list[bytes] = []
        self._bodies: list[bytes] = []
        self._header_bytes = self._durable_header_bytes = 0
        self._headers_fd = _created(self.files.headers)
        try:
            self._bodies_fd = _created(self.files.bodies)
        except OSError:
            os.close(self._headers_fd)
            self.files.headers.unlink(missing_ok=True)
            raise
        wrapped = wrap(public_key, data_key)
        opening = Entry(EntryKind.SEGMENT, outcome=fingerprint(public_key))
        self._append(opening, at, self.files.number, 0, wrapped, hashlib.sha256(wrapped).hexdigest())

    @property
    def tip(self) -> Tip:
        """Where the chain ends when everything that was added is durable."""
        return self._tip

    @property
    def size_bytes(self) -> int:
        """How long both files are together."""
        return self._tip.end + self._header_bytes

    def add(self, entry: Entry, at: str) -> Anchor:
        """Seal an entry and put it in line; durable after the next ``commit``."""
        sequence = self._tip.sequence + 1
        plain = os.urandom(SALT_BYTES) + entry.body  # salted: a digest of few possible bodies would tell which it is
        place = bound_to(self._tip.chain, self.files.number, sequence)
        sealed = self._cipher.encrypt(nonce(sequence), plain, place)
        return self._append(entry, at, self.files.number, self._tip.end, sealed, hashlib.sha256(plain).hexdigest())

    def commit(self) -> None:
        """
        Make everything that was added durable: bodies first, so that a durable header has its body.

        Raises:
            OSError: Nothing of it counts; call ``abandon``.
        """
        if not self._headers:
            return
        _write(self._bodies_fd, b"".join(self._bodies))
        _sync(self._bodies_fd)
        _write(self._headers_fd, b"".join(self._headers))
        _sync(self._headers_fd)
        if self._durable_tip.segment != self.files.number:
            sync_folder(self.files.folder)
        self._headers.clear()
        self._bodies.clear()
        self._durable_tip, self._durable_header_bytes = self._tip, self._header_bytes

    def abandon(self) -> None:
        """Cut both files to what is durable, as far as the disk lets us, and close them."""
        is_empty = self._durable_tip.segment != self.files.number
        ends = ((self._headers_fd, self._durable_header_bytes), (self._bodies_fd, self._durable_tip.end))
        for descriptor, end in ends:
            try:
                os.ftruncate(descriptor, 0 if is_empty else end)
            except OSError:
                continue  # the next start repairs it
        self.close()
        if is_empty:
            self.files.bodies.unlink(missing_ok=True)
            self.files.headers.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the files."""
        os.close(self._headers_fd)
        os.close(self._bodies_fd)

    def _append(self, entry: Entry, at: str, segment: int, offset: int, sealed: bytes, digest: str) -> Anchor:
        header = Header(
            chain=self._tip.chain,
            segment=segment,
            sequence=self._tip.sequence + 1,
            at=at,
            kind=entry.kind,
            item=entry.item,
            acting_user=entry.acting_user,
            his_user=entry.his_user,
            operation=entry.operation,
            message_id=entry.message_id,
            outcome=entry.outcome,
            offset=offset,
            size=len(sealed),
            body=digest,
            sealed=hashlib.sha256(sealed).hexdigest(),
            previous=self._tip.head,
        )
        line, head = written(header)
        self._headers.append(line)
        self._bodies.append(sealed)
        self._header_bytes += len(line)
        self._tip = after(header, head)
        return Anchor(header.chain, header.sequence, head)


def sync_folder(folder: Path) -> None:
    """Make new names in a folder durable, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _created(file: Path) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)
    return os.open(file, flags, 0o600)


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
