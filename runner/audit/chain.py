"""A chain's folder: which chain a process goes on with, its lock, and the closing of a half-written tail."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from runner.audit.segment import SegmentFiles
from runner.domain.audit import Tip, after, is_torn, read
from runner.errors import fault

_CHAIN = re.compile(r"(?P<name>.+)@\d{8}-\d{6}(?:-\d+)?")
_SEGMENT = re.compile(r"(\d{6,})\.(?:headers\.jsonl|bodies)")
_NOT_A_NAME = re.compile(r"[^A-Za-z0-9._-]")
_LOCK = "lock"
_TAIL_BYTES = 1 << 20


class BrokenTailError(Exception):
    """The end of a chain is not what was once written; it is left as it is, for ``audit verify``."""


def chains(folder: Path) -> list[Path]:
    """Give the folders of all chains, by name."""
    return sorted(each for each in folder.iterdir() if each.is_dir() and _CHAIN.fullmatch(each.name))


def segments(chain: Path) -> list[int]:
    """Give the numbers of the segments of which a file is there, in order."""
    found = (_SEGMENT.fullmatch(each.name) for each in chain.iterdir())
    return sorted({int(match[1]) for match in found if match})


def strangers(chain: Path) -> list[str]:
    """Give the names in a chain's folder that do not belong there."""
    return sorted(each.name for each in chain.iterdir() if each.name != _LOCK and not _SEGMENT.fullmatch(each.name))


def newest(folder: Path, name: str) -> Path | None:
    """Give the folder of the newest chain of a daemon's name, or None."""
    own = chains_of(folder, name)
    return own[-1] if own else None


def chains_of(folder: Path, name: str) -> list[Path]:
    """Give the folders of the chains of a daemon's name, the oldest first."""
    safe = _NOT_A_NAME.sub("_", name)
    return [each for each in chains(folder) if (match := _CHAIN.fullmatch(each.name)) and match["name"] == safe]


def fresh(folder: Path, name: str, begin: str) -> Path:
    """
    Make the folder of a new chain.

    Its name is one that no other has, so that the log of a machine that was rebuilt never pretends to be the one
    before, and that one can be put back beside it.

    Args:
        folder: Of all chains.
        name: The daemon's.
        begin: ``20260302-110000``.

    Raises:
        OSError: It cannot be made.
    """
    safe, number = _NOT_A_NAME.sub("_", name), 1
    made = folder / f"{safe}@{begin}"
    while made.exists():
        number += 1
        made = folder / f"{safe}@{begin}-{number}"
    made.mkdir(mode=0o700)
    return made


def repair(chain: Path) -> tuple[Tip, str]:
    """
    Cut what was half written when the last process died; where the chain ends, and what was cut. Under the lock only.

    Only what no durable header speaks of is cut: the begin of a line, and the end of the bodies behind the last header.

    Raises:
        BrokenTailError: The last line was changed.
        OSError: The files cannot be read or cut.
    """
    cut: list[str] = []
    for number in reversed(segments(chain)):
        files = SegmentFiles(chain, number)
        last, rest = last_line(files.headers)
        if last is None:
            if not files.headers.exists() or len(rest) >= _TAIL_BYTES:
                raise BrokenTailError
            cut += [f"{len(rest)} bytes of {files.headers.name}", *_shortened(files.bodies, 0)]
            files.bodies.unlink(missing_ok=True)
            files.headers.unlink()
            continue
        try:
            tip = after(*read(last))
        except ValueError as error:
            raise BrokenTailError from error
        if rest and not is_torn(rest, tip, number):
            raise BrokenTailError
        cut += _shortened(files.headers, files.headers.stat().st_size - len(rest))
        cut += _shortened(files.bodies, tip.end)
        return tip, ", ".join(cut)
    return Tip(chain.name), ", ".join(cut)


def _shortened(file: Path, end: int) -> Iterator[str]:
    size = file.stat().st_size if file.exists() else 0
    if size > end:
        os.truncate(file, end)
        yield f"{size - end} bytes of {file.name}"


def last_line(headers: Path) -> tuple[bytes | None, bytes]:
    """Give the last complete line of a file of headers, or None, and what stands behind it."""
    try:
        with headers.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            tail = file.read()
    except FileNotFoundError:
        return None, b""
    lines, newline, rest = tail.rpartition(b"\n")
    if not newline:
        return None, rest
    return lines.rpartition(b"\n")[2] + newline, rest


class ChainLock:
    """The right to write a chain, for one process; it ends with the process, however that ends."""

    def __init__(self, chain: Path) -> None:
        """
        Take it.

        Raises:
            StoreError: RNR-7102, another process has it.
            OSError: The file cannot be made.
        """
        self._descriptor = os.open(chain / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(self._descriptor)
        except OSError as error:
            os.close(self._descriptor)
            raise fault(7102, str(chain)) from error

    def close(self) -> None:
        """Let others in."""
        os.close(self._descriptor)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
