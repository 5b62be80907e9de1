"""Reading a chain back, line by line, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runner.audit.chain import chains, segments
from runner.audit.segment import SegmentFiles
from runner.domain.audit import EntryKind, Header, read
from runner.errors import fault

LONGEST_LINE = 1 << 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    Which headers are looked for; None: any.

    Attributes:
        item: Item number.
        since: The first instant, as headers have it.
        until: Up to, not included.
        user: HIS user or acting user.
        operation: Operation, or a part of its name.
        kind: Kind.
        outcome: Outcome, or its begin.
    """

    item: int | None = None
    since: str | None = None
    until: str | None = None
    user: str | None = None
    operation: str | None = None
    kind: EntryKind | None = None
    outcome: str | None = None

    def fits(self, header: Header) -> bool:
        """Whether a header is looked for."""
        return (
            (self.item is None or header.item == self.item)
            and (self.since is None or header.at >= self.since)
            and (self.until is None or header.at < self.until)
            and (self.user is None or self.user in {header.his_user, header.acting_user})
            and (self.operation is None or self.operation in (header.operation or ""))
            and (self.kind is None or header.kind == self.kind)
            and (self.outcome is None or header.outcome.startswith(self.outcome))
        )


def lines(headers: Path) -> Iterator[tuple[int, bytes]]:
    """Give the lines of a file with their numbers; the last one may lack its newline. A line too long is cut."""
    with headers.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST_LINE):
            number += 1
            yield number, line


def headers_of(chain: Path) -> Iterator[tuple[SegmentFiles, Header]]:
    """Give every header of a chain that is one, in order; what is none is ``verify``'s affair."""
    for number in segments(chain):
        files = SegmentFiles(chain, number)
        if files.headers.is_file():
            yield from ((files, header) for header in _good(files))


def _good(files: SegmentFiles) -> Iterator[Header]:
    for _, line in lines(files.headers):
        try:
            header, _ = read(line)
        except ValueError:
            continue
        yield header


def since(chain: Path, sequence: int) -> Iterator[Header]:
    """Give the headers of a chain behind a number, reading no segment that ends before it."""
    behind: list[SegmentFiles] = []
    for number in reversed(segments(chain)):
        files = SegmentFiles(chain, number)
        if not files.headers.exists():
            continue
        behind.insert(0, files)
        first = next((header for header in _good(files)), None)
        if first is not None and first.sequence <= sequence:
            break
    for files in behind:
        yield from (header for header in _good(files) if header.sequence > sequence)


def search(folder: Path, wanted: Wanted) -> Iterator[Header]:
    """Give the headers that are looked for, chain by chain, in order of their numbers."""
    for chain in chains(folder):
        for _, header in headers_of(chain):
            if wanted.fits(header):
                yield header


def find(folder: Path, reference: str) -> tuple[SegmentFiles, Header]:
    """
    Give one entry by its reference, ``<chain>/<sequence>``.

    Raises:
        IntegrityError: RNR-8212, there is none.
    """
    name, _, number = reference.rpartition("/")
    for chain in chains(folder):
        if chain.name != name or not (number.isascii() and number.isdigit()):
            continue
        for files, header in headers_of(chain):
            if header.sequence == int(number):
                return files, header
    raise fault(8212, str(folder), reference=reference)
