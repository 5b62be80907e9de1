"""
The rules of the audit log's chain: what a header says, how it is written, and what may follow it.

A header is one line of JSON that ends with its own head, the SHA-256 of all that stands before it; ``previous`` is the
head of the line before. Whoever changes a line must therefore change every line after it, and the heads that were
anchored elsewhere then say so.

Source: ours; hash chains as in RFC 6962 and NIST SP 800-92, docs/reference/audit_log.md.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from enum import StrEnum

GENESIS = "0" * 64
"""What the first header of a chain names as the one before it."""

_HEAD = b',"head":"'
_END = b'"}\n'
_TAIL = len(_HEAD) + 64 + len(_END)
_encode = json.JSONEncoder(separators=(",", ":")).encode
_quoted = json.encoder.encode_basestring_ascii


class EntryKind(StrEnum):
    """What an entry is about."""

    SEGMENT = "SEGMENT"  # a segment begins; its body is the wrapped key, its outcome the public key's fingerprint
    REQUEST = "REQUEST"  # what was about to leave for a service
    ANSWER = "ANSWER"  # what came back, or that nothing did
    TOKEN_REQUEST = "TOKEN_REQUEST"  # noqa: S105  what was about to leave for the token service
    TOKEN_ANSWER = "TOKEN_ANSWER"  # noqa: S105  what came back from it
    LOGIN = "LOGIN"  # somebody logged in, or was refused
    SHOWN = "SHOWN"  # somebody opened a body; outcome: which
    REPAIRED = "REPAIRED"  # a tail that was half written when the process died was closed
    RESUMED = "RESUMED"  # the log could not be written for a while; outcome: since when
    DESTROYED = "DESTROYED"  # the bodies of a segment were destroyed when their time was over; outcome: which
    PRUNED = "PRUNED"  # the oldest segments of a chain were deleted; outcome: up to which, and its last head


class Break(StrEnum):
    """How a header does not follow the one before it."""

    CHAIN = "CHAIN"  # of another chain
    SEGMENT = "SEGMENT"  # of another segment than its file's
    SEQUENCE = "SEQUENCE"  # something is missing, inserted or in another order
    PREVIOUS = "PREVIOUS"  # the one before it was another one
    PLACE = "PLACE"  # its body does not lie behind the one before


@dataclass(frozen=True, slots=True)
class Header:
    """
    What may be read of an entry without the private key; never patients' data.

    Attributes:
        chain: Name of the chain, ``<daemon>@<begin>``.
        segment: Number of the segment, from 1.
        sequence: Number of the entry in the chain, from 1.
        at: When it was written, UTC, ``2026-03-02T11:00:00.123456Z``.
        kind: An ``EntryKind``.
        item: Item number, or None.
        acting_user: EESZT user under whom it went, or None.
        his_user: Who recorded the item or logs in; for SHOWN, the operating system's user. None where nobody.
        operation: ``service.Operation``, or what else is spoken of; None where nothing.
        message_id: Of the message, or None.
        outcome: What came of it, one word or reference.
        offset: Where the sealed body begins in the segment's file of bodies.
        size: Length of the sealed body, bytes.
        body: SHA-256 (hex) of the salt and the body as they were before sealing.
        sealed: SHA-256 (hex) of the sealed body as it lies in the file.
        previous: Head of the entry before.
    """

    chain: str
    segment: int
    sequence: int
    at: str
    kind: str
    item: int | None
    acting_user: str | None
    his_user: str | None
    operation: str | None
    message_id: str | None
    outcome: str
    offset: int
    size: int
    body: str
    sealed: str
    previous: str


@dataclass(frozen=True, slots=True)
class Tip:
    """
    Where a chain ends.

    Attributes:
        chain: Its name.
        segment: Number of the last segment; 0 before the first.
        sequence: Number of the last entry; 0 before the first.
        end: Where the last body ends in its segment's file.
        head: Of the last entry.
    """

    chain: str
    segment: int = 0
    sequence: int = 0
    end: int = 0
    head: str = GENESIS


_NAMES = tuple(field.name for field in fields(Header))
_NUMBERS = frozenset({"segment", "sequence", "offset", "size"})
_MAY_LACK = frozenset({"acting_user", "his_user", "operation", "message_id"})
_MOST = 1 << 62


def written(header: Header) -> tuple[bytes, str]:
    """Give a header's line, newline included, and its head."""
    # As `json` writes it, and several times as fast: this is done twice for each message, by one thread for all.
    text = (
        f'{{"chain":{_text(header.chain)},"segment":{header.segment:d},"sequence":{header.sequence:d}'
        f',"at":{_text(header.at)},"kind":{_text(header.kind)},"item":{_number(header.item)}'
        f',"acting_user":{_text(header.acting_user)},"his_user":{_text(header.his_user)}'
        f',"operation":{_text(header.operation)},"message_id":{_text(header.message_id)}'
        f',"outcome":{_text(header.outcome)},"offset":{header.offset:d},"size":{header.size:d}'
        f',"body":{_text(header.body)},"sealed":{_text(header.sealed)},"previous":{_text(header.previous)}'
    ).encode()
    head = hashlib.sha256(text).hexdigest()
    return b"".join((text, _HEAD, head.encode(), _END)), head


def _number(value: int | None) -> str:
    return "null" if value is None else f"{value:d}"


def _text(value: str | None) -> str:
    return "null" if value is None else _quoted(value)


def read(line: bytes) -> tuple[Header, str]:
    """
    Give the header of a line and its head.

    Raises:
        ValueError: The line is not what was once written: its head does not fit, or it is no header.
    """
    text, tail = line[:-_TAIL], line[-_TAIL:]
    head = hashlib.sha256(text).hexdigest()
    if tail != b"".join((_HEAD, head.encode(), _END)):
        raise ValueError("its head does not fit")
    try:
        values = json.loads(text + b"}")
        header = Header(**values)
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError("it is no header") from error
    if not all(_fits(name, values[name]) for name in _NAMES):
        raise ValueError("it is no header")
    return header, head


def _fits(name: str, value: object) -> bool:
    """Whether a value is one that this field can have; a forged line must not lead its reader astray."""
    if name in _NUMBERS:
        return type(value) is int and 0 <= value < _MOST
    if name == "item":
        return value is None or type(value) is int
    return isinstance(value, str) or (value is None and name in _MAY_LACK)


def is_torn(rest: bytes, tip: Tip, segment: int) -> bool:
    """Whether what stands behind the last complete line can be the begin of the next one, cut by a sudden end."""
    begin = _encode({"chain": tip.chain, "segment": segment, "sequence": tip.sequence + 1})[:-1].encode() + b","
    if b"\n" in rest or rest[: len(begin)] != begin[: len(rest)]:
        return False
    text, marker, _ = rest.partition(_HEAD)
    whole = b"".join((text, _HEAD, hashlib.sha256(text).hexdigest().encode(), _END[:-1]))
    return not marker or whole.startswith(rest)


def breaks(tip: Tip, header: Header) -> Break | None:
    """How a header does not follow a chain's tip, or None where it does; a segment's first entry begins its bodies."""
    if header.chain != tip.chain:
        return Break.CHAIN
    if header.sequence != tip.sequence + 1:
        return Break.SEQUENCE
    if header.previous != tip.head:
        return Break.PREVIOUS
    begins = header.kind == EntryKind.SEGMENT
    if header.segment != tip.segment + begins:
        return Break.SEGMENT
    return None if header.offset == (0 if begins else tip.end) else Break.PLACE


def after(header: Header, head: str) -> Tip:
    """Give the tip that a header makes."""
    return Tip(header.chain, header.segment, header.sequence, header.offset + header.size, head)
