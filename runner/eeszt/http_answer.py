"""
Reads one HTTP answer from a connection until an instant, however slowly its bytes drip.

The usual answer, a head in one piece that says how long its body is and nothing else of how it is to be read, is read
here. Every other one, and whatever is not plainly so, is left from its first byte on to the standard library.

Source: RFC 9112 §5 (fields), §6 (length of a body), §9.3 (persistence).
"""

from __future__ import annotations

import io
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPResponse
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import socket

_CHUNK = 16384
"""As much as a TLS record brings."""

_END = b"\r\n\r\n"
_STATUS = re.compile(rb"HTTP/1\.1 (2(?!04)[0-9]{2}|[45][0-9]{2})(?: [\t -~\x80-\xff]*)?")
_FIELD = re.compile(rb"([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*([\t -~\x80-\xff]*)")
_LENGTH = re.compile(rb"[0-9]{1,12}")
_OTHERWISE = frozenset({b"transfer-encoding", b"content-encoding", b"trailer", b"upgrade"})
"""Fields that mean that a body is not simply so many bytes."""


class LostError(Exception):
    """The request may have been received and there is no usable answer; the text is a technical reason."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """
    A complete HTTP answer.

    Attributes:
        status: E.g. 200.
        content_type: Media type in lower case without parameters, or ``""``.
        body: At most the client's limit.
        date: The ``Date`` header as it came, or ``""``.
    """

    status: int
    content_type: str
    body: bytes = field(repr=False)
    date: str = ""


def read_answer(
    sock: ssl.SSLSocket, until: float, clock: Callable[[], float], most_bytes: int
) -> tuple[HttpAnswer, bool]:
    """
    Give the answer, and whether the connection may be used again.

    Args:
        sock: On which a POST was sent.
        until: Instant of ``clock`` at which the wait ends.
        clock: Monotonic seconds.
        most_bytes: Largest body.

    Raises:
        LostError: What came is no answer that can be used.
        HTTPException: What came is no HTTP answer.
        OSError: The connection ended or the time was over.
    """
    reader = _Reader(sock, until, clock)
    begin = reader.receive()
    head, found, body = begin.partition(_END)
    plain = _plain(head) if found else None
    if plain is None or plain.length > most_bytes:
        reader.ahead = begin
        return _read_otherwise(reader, most_bytes)
    pieces, missing = [body], plain.length - len(body)
    while missing > 0:
        more = reader.receive()
        if not more:
            raise LostError("the answer was cut off")
        pieces.append(more)
        missing -= len(more)
    said = plain.fields
    whole = b"".join(pieces)[: plain.length]
    answer = HttpAnswer(plain.status, _media_type(_text(said, b"content-type")), whole, _text(said, b"date"))
    return answer, missing == 0  # what stands behind an answer answers nothing


@dataclass(frozen=True, slots=True)
class _Plain:
    """Head of an answer whose body is so many bytes."""

    status: int
    length: int
    fields: Mapping[bytes, bytes]


def _plain(head: bytes) -> _Plain | None:
    """Read the head of a usual answer; None where it is not plainly one."""
    first, *lines = head.split(b"\r\n")
    status = _STATUS.fullmatch(first)
    fields: dict[bytes, bytes] = {}
    for line in lines:
        said = _FIELD.fullmatch(line)
        name = said[1].lower() if said is not None else b""
        if said is None or name in fields:
            return None
        fields[name] = said[2].rstrip()
    length = fields.get(b"content-length", b"")
    if status is None or not _LENGTH.fullmatch(length) or not _OTHERWISE.isdisjoint(fields):
        return None
    if fields.get(b"connection", b"keep-alive").lower() != b"keep-alive":
        return None
    return _Plain(int(status[1]), int(length), fields)


def _read_otherwise(reader: _Reader, most_bytes: int) -> tuple[HttpAnswer, bool]:
    with HTTPResponse(cast("socket.socket", reader), method="POST") as response:
        response.begin()
        body = response.read(most_bytes + 1)
        if len(body) > most_bytes:
            raise LostError("the answer is too large")
        if response.length:
            # http.client calls it an answer all the same when less came than was promised.
            raise LostError("the answer was cut off")
        if response.getheader("Content-Encoding", "identity").lower() != "identity":
            raise LostError("the answer is compressed, which nobody asked for")
        content_type = _media_type(response.getheader("Content-Type") or "")
        answer = HttpAnswer(response.status, content_type, body, response.getheader("Date") or "")
        return answer, not response.will_close and response.isclosed()


def _text(fields: Mapping[bytes, bytes], name: bytes) -> str:
    return fields.get(name, b"").decode("latin-1")


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


class _Reader(io.RawIOBase):
    """
    Reads from a socket until an instant; poses as the socket of an HTTPResponse.

    Attributes:
        ahead: What was received and is still to be read by the HTTPResponse.
    """

    def __init__(self, sock: ssl.SSLSocket, until: float, clock: Callable[[], float]) -> None:
        self._sock = sock
        self._until = until
        self._clock = clock
        self.ahead = b""

    def receive(self) -> bytes:
        """Give what is there, waiting for it; nothing where the other side has ended."""
        left = self._until - self._clock()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        return self._sock.recv(_CHUNK)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self, _CHUNK)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        found = self.ahead or self.receive()
        count = min(len(found), len(buffer))
        buffer[:count], self.ahead = found[:count], found[count:]
        return count
