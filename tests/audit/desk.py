"""A security officer's desk: a key pair, a folder, a clock that tests move, and hands that tamper."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from runner.audit.chain import chains
from runner.audit.keys import read_private
from runner.audit.log import SEGMENT_BYTES, SealedLog, opened_log
from runner.audit.opening import opened_body
from runner.audit.reading import Wanted, find, search
from runner.audit.report import Report
from runner.audit.verify import verify
from runner.domain.audit import EntryKind, Header
from runner.ports import Anchor, Entry
from tests.support.logins import FrozenClock

BEGIN = datetime(2026, 3, 2, 11, 0, 0, 123456, tzinfo=UTC)


@dataclass
class OfficersDesk:
    """Everything of it."""

    folder: Path
    private_key: Path
    public_key: Path
    clock: FrozenClock = field(default_factory=lambda: FrozenClock(BEGIN))

    @contextmanager
    def log(self, name: str = "runner-1", segment_bytes: int = SEGMENT_BYTES) -> Iterator[SealedLog]:
        """A process that writes."""
        with opened_log(self.folder, name, self.public_key, self.clock, segment_bytes=segment_bytes) as log:
            yield log

    def verify(self, anchored: Mapping[str, list[Anchor]] | None = None) -> Report:
        return verify(self.folder, anchored)

    def numbers(self, anchored: Mapping[str, list[Anchor]] | None = None) -> list[int]:
        """Number of each finding."""
        return [finding.number for finding in self.verify(anchored).findings]

    def search(self, **wanted: object) -> list[Header]:
        return list(search(self.folder, Wanted(**wanted)))  # type: ignore[arg-type]

    def body(self, reference: str) -> bytes:
        return opened_body(*find(self.folder, reference), read_private(self.private_key, None))

    def chain(self) -> Path:
        """The only chain's folder."""
        [only] = chains(self.folder)
        return only

    def headers(self, segment: int = 1) -> Path:
        return self.chain() / f"{segment:06}.headers.jsonl"

    def bodies(self, segment: int = 1) -> Path:
        return self.chain() / f"{segment:06}.bodies"

    def lines(self, segment: int = 1) -> list[bytes]:
        return self.headers(segment).read_bytes().splitlines(keepends=True)

    def put_lines(self, lines: list[bytes], segment: int = 1) -> None:
        self.headers(segment).write_bytes(b"".join(lines))

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Whatever is done to the files inside is undone."""
        copy = self.folder.with_name(self.folder.name + "-copy")
        shutil.copytree(self.folder, copy)
        try:
            yield
        finally:
            shutil.rmtree(self.folder)
            copy.rename(self.folder)


def request(number: int = 1, body: bytes = b"<er:Feliras>\xc3\xa1rv\xc3\xadz</er:Feliras>") -> Entry:
    """What is about to leave for an item."""
    return Entry(
        EntryKind.REQUEST,
        body,
        item=number,
        acting_user="O12345",
        his_user="kovacs.anna",
        operation="erecept.Feliras",
        message_id=f"urn:uuid:{number}",
    )


def answer(number: int = 1, outcome: str = "ANSWERED") -> Entry:
    """What came back."""
    return Entry(EntryKind.ANSWER, b"<er:FelirasValasz/>", outcome, item=number, operation="erecept.Feliras")
