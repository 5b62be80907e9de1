"""
HTTPS over a pool of kept-alive connections; it never sends again by itself, and says what surely was not sent.

Head and body leave in one write. An idle connection is looked at before it is used, because a message that meets a
connection which the peer has closed is in doubt for ever. Every wait has an end.

Source: RFC 9110 §9.2.2 (a POST is not repeated by itself), RFC 9112 §9.3 (persistence); the rest is ours.
"""

from __future__ import annotations

import errno
import select
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPException
from time import monotonic, time
from urllib.parse import urlsplit

from runner.eeszt.heard import Dates
from runner.eeszt.http_answer import HttpAnswer, LostError, read_answer

#: A TLS 1.3 server judges our certificate after our side of the handshake is done. This is how long a new connection
#: waits for its verdict (servers send session tickets or an alert at once), so that nothing is sent to a closed door.
_VERDICT_S = 0.15


class NotSentError(Exception):
    """The request surely was not received; the text is a technical reason."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """
    How long to wait, seconds.

    Attributes:
        connect_s: For the connection and the TLS handshake together.
        read_s: For the whole answer, from the moment the request was written.
        idle_s: How long an unused connection is kept; shorter than the peer keeps it.
    """

    connect_s: float = 5.0
    read_s: float = 30.0
    idle_s: float = 20.0


@dataclass(slots=True)
class _Connection:
    sock: ssl.SSLSocket
    idle_since: float = 0.0


class HttpClient:
    """
    Posts over HTTPS. Safe for threads: each request has a connection of its own while it lasts.

    Args:
        tls: Trust anchors, our certificate; built once.
        timeouts: See there.
        most_bytes: Largest answer that is read.
        most_idle: Connections kept per host.
        clock: Monotonic seconds, as a seam for tests.

    Attributes:
        dates: What time the hosts told with their answers.
    """

    def __init__(
        self,
        tls: ssl.SSLContext,
        timeouts: Timeouts | None = None,
        *,
        most_bytes: int = 16 * 1024 * 1024,
        most_idle: int = 1024,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._tls = tls
        self.timeouts = timeouts or Timeouts()
        self._most_bytes = most_bytes
        self._most_idle = most_idle
        self._clock = clock
        self._idle: dict[tuple[str, int], list[_Connection]] = {}
        self._lock = threading.Lock()
        self.dates = Dates()

    def post(
        self, url: str, body: bytes, headers: Mapping[str, str], send_until: float, read_s: float | None = None
    ) -> HttpAnswer:
        """
        Send once and give the answer, whatever its status.

        Args:
            url: ``https://…``.
            body: Sent as it is.
            headers: Besides Host, Content-Length and what the client itself needs.
            send_until: Monotonic instant after which no byte may leave.
            read_s: Longest wait for this answer; None: as ``timeouts`` says.

        Raises:
            NotSentError: Surely not received.
            LostError: May have been received.
        """
        place, host, path = _parsed(url)
        lines = {"Host": host, "Content-Length": str(len(body)), "Accept-Encoding": "identity", **headers}
        head = f"POST {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n"
        connection = self._take(place) or self._connect(place)
        keep = False
        try:
            if self._clock() >= send_until:
                keep = True
                raise NotSentError("its time was over before it could be sent")
            asked_at = time()
            answer, keep = self._exchange(connection, head.encode("ascii") + body, read_s or self.timeouts.read_s)
            self.dates.note(place[0], answer.date, asked_at, time())
            return answer
        finally:
            self._give_back(place, connection, keep=keep)

    def shake_hands(self, url: str) -> None:
        """
        Connect and do the TLS handshake, and send nothing.

        Raises:
            NotSentError: It did not come about.
        """
        place, _, _ = _parsed(url)
        self._give_back(place, self._connect(place), keep=True)

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, {}
        for connections in idle.values():
            for connection in connections:
                connection.sock.close()

    def _take(self, place: tuple[str, int]) -> _Connection | None:
        while True:
            with self._lock:
                waiting = self._idle.get(place)
                connection = waiting.pop() if waiting else None
            if connection is None:
                return None
            if self._clock() - connection.idle_since < self.timeouts.idle_s and not _has_news(connection.sock):
                return connection
            connection.sock.close()

    def _connect(self, place: tuple[str, int]) -> _Connection:
        until = self._clock() + self.timeouts.connect_s
        plain: socket.socket | None = None
        try:
            plain = socket.create_connection(place, timeout=self.timeouts.connect_s)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            plain.settimeout(max(0.001, until - self._clock()))
            sock = self._tls.wrap_socket(plain, server_hostname=place[0])
            plain = sock
            _await_verdict(sock)
            return _Connection(sock)
        except (OSError, ValueError) as error:
            if plain is not None:
                plain.close()
            raise NotSentError(f"no connection: {_reason(error)}") from error

    def _exchange(self, connection: _Connection, request: bytes, read_s: float) -> tuple[HttpAnswer, bool]:
        sock = connection.sock
        until = self._clock() + read_s
        sock.settimeout(read_s)
        try:
            sock.sendall(request)
        except OSError as error:
            # What the system did not take whole cannot have arrived whole: the last record, with the end of the
            # envelope, is missing, and half an envelope is no message.
            raise NotSentError(f"cut off while it was being sent: {_reason(error)}") from error
        try:
            return read_answer(sock, until, self._clock, self._most_bytes)
        except (OSError, HTTPException) as error:
            raise LostError(_reason(error)) from error

    def _give_back(self, place: tuple[str, int], connection: _Connection, *, keep: bool) -> None:
        if keep:
            connection.idle_since = self._clock()
            with self._lock:
                waiting = self._idle.setdefault(place, [])
                # The last one back is the first one taken, so those that nobody needs any more lie at the bottom.
                while waiting and connection.idle_since - waiting[0].idle_since >= self.timeouts.idle_s:
                    waiting.pop(0).sock.close()
                if len(waiting) < self._most_idle:
                    waiting.append(connection)
                    return
        connection.sock.close()


@lru_cache(maxsize=64)
def _parsed(url: str) -> tuple[tuple[str, int], str, str]:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise NotSentError("the address is not https")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return (parts.hostname, parts.port or 443), parts.netloc.rpartition("@")[2], path


def _await_verdict(sock: ssl.SSLSocket) -> None:
    """Raise OSError where the server closes a new connection instead of welcoming us."""
    if sock.version() != "TLSv1.3" or not _has_news(sock, _VERDICT_S):
        return
    sock.settimeout(0)
    try:
        if not sock.recv(1):
            raise ConnectionError(errno.ECONNRESET, "closed after the handshake")
        raise ConnectionError(errno.EPROTO, "it spoke before it was asked")
    except ssl.SSLWantReadError:
        return


def _has_news(sock: ssl.SSLSocket, wait_s: float = 0.0) -> bool:
    """Whether something can be read from a connection that was asked nothing: a close, or bytes that answer nothing."""
    if sock.pending():
        return True
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(wait_s * 1000))
    return bool(select.select([sock], [], [], wait_s)[0])


def _reason(error: Exception) -> str:
    """A technical reason that quotes nothing which the other side chose."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server's certificate: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or type(error).__name__}"
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return type(error).__name__


__all__ = ["HttpAnswer", "HttpClient", "LostError", "NotSentError", "Timeouts"]
