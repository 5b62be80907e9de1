"""
Long texts of a message, such as files in base64, carried beside it and put in only on the wire.

A file of 20 MB is 27 MB of text. Rendered, parsed, validated, stored and logged with its message it would be a dozen
copies, and each of them would hold up whatever else is under way. So a mark stands for it, which is valid base64 and
canonical itself: a message with its mark is rendered, validated and made canonical, and its bytes on the wire and its
digests are made of its pieces.
"""

from __future__ import annotations

import hashlib
import re
import time
from binascii import b2a_base64
from collections.abc import Iterator, Mapping
from io import BytesIO
from secrets import token_hex
from typing import Self

LONG = 64 * 1024
"""Characters of base64 from which on a text is a long one."""

_PREFIX = "RunnerFile01"
_MARK = re.compile(rb"RunnerFile01[0-9a-f]{64}")
_IN_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/= \t\r\n"
_CHUNK = 3 * 64 * 1024
_PAUSE_S = 0.0002
"""After each chunk: who waits for the interpreter's lock gets it now, not after its switch interval."""

Text = bytes | memoryview


class Parted(bytes):
    """
    Bytes in which marks stand for long texts.

    Attributes:
        texts: Mark → the text that it stands for.
    """

    texts: Mapping[bytes, Text]

    @classmethod
    def of(cls, data: bytes, texts: Mapping[bytes, Text]) -> Self:
        """Put texts beside what has their marks."""
        made = cls(data)
        made.texts = texts
        return made


def texts_of(data: bytes) -> Mapping[bytes, Text]:
    """Give mark → text of what stands beside some bytes; nothing beside plain ones."""
    return data.texts if isinstance(data, Parted) else {}


def with_texts(data: bytes, texts: Mapping[bytes, Text]) -> bytes:
    """Give bytes with those texts beside them whose marks they have; plain bytes where they have none."""
    if not texts:
        return data
    mine = {mark: texts[mark] for mark in marks(data) if mark in texts}
    return Parted.of(data, mine) if mine else data


def marks(data: bytes) -> list[bytes]:
    """Give the marks in some bytes, in their order."""
    return _MARK.findall(data)


def mark_of(digest: str) -> str:
    """Give the mark of a file by its content's SHA-256 (hex)."""
    return f"{_PREFIX}{digest}"


def pieces(data: bytes) -> Iterator[Text]:
    """Give the bytes as they are on the wire, piece by piece; none of them is copied."""
    texts, at = texts_of(data), 0
    if texts:
        view = memoryview(data)
        for found in _MARK.finditer(data):
            if found[0] in texts:
                yield view[at : found.start()]
                yield texts[found[0]]
                at = found.end()
        yield view[at:]
    else:
        yield data


def size(data: bytes) -> int:
    """Give how many bytes are on the wire."""
    return sum(len(piece) for piece in pieces(data))


def sha256(data: bytes) -> bytes:
    """Give SHA-256 of the bytes on the wire."""
    if type(data) is bytes:  # most have no long text, and each message has eight digests
        return hashlib.sha256(data).digest()
    made = hashlib.sha256()
    for piece in pieces(data):
        made.update(piece)
    return made.digest()


def sha256_of(text: Text) -> bytes:
    """Give SHA-256 of one text."""
    return hashlib.sha256(text).digest()


def encoded(content: bytes) -> bytes:
    """Give base64 without line breaks, made in steps, so that nobody waits for the whole of it."""
    view, made = memoryview(content), BytesIO()
    for at in range(0, len(content), _CHUNK):
        made.write(b2a_base64(view[at : at + _CHUNK], newline=False))
        time.sleep(_PAUSE_S)
    return made.getvalue()


def shortened(data: bytes) -> bytes:
    """
    Put marks in for the long base64 texts of a document that came from outside.

    Exchanging characters of base64 for others says the same to every reader of XML wherever they stand, and a mark that
    nobody can foresee stands for one text alone.
    """
    texts: dict[bytes, Text] = {}
    at, view = 0, memoryview(data)
    made: list[Text] = []
    for start, end in _long_gaps(data):
        if not _is_base64(view[start:end]):
            continue
        mark = mark_of(token_hex(32)).encode()
        made += [view[at:start], mark]
        # as XML reads line ends
        has_returns = data.find(b"\r", start, end) >= 0
        texts[mark] = data[start:end].replace(b"\r\n", b"\n").replace(b"\r", b"\n") if has_returns else view[start:end]
        at = end
    return Parted.of(b"".join([*made, view[at:]]), texts) if texts else data


def _long_gaps(data: bytes) -> Iterator[tuple[int, int]]:
    """Give where long stretches stand between the end of one tag and the beginning of the next."""
    at = 0
    while at + LONG <= len(data):
        last = data.rfind(b"<", at, at + LONG)
        if last >= 0:
            at = last + 1
            continue
        end = data.find(b"<", at + LONG)
        if end < 0:
            return
        start = data.rfind(b">", max(0, at - 1), end) + 1
        if start and end - start >= LONG:
            yield start, end
        at = end + 1


def _is_base64(text: memoryview) -> bool:
    return not any(bytes(text[at : at + _CHUNK]).translate(None, _IN_BASE64) for at in range(0, len(text), _CHUNK))
