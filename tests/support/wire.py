"""The wire between driver and database: it can be slow, it can be cut at any round trip, and it counts them."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Literal, Self

When = Literal["before", "after"]


class Wire:
    """
    A listener that passes everything on to a database's.

    A round trip begins when the client speaks after the server has. ``before``: the request does not arrive; ``after``:
    it does, and nobody hears the answer.

    Attributes:
        port: Where it listens.
        trips: Round trips since the last ``count``.
        delay_s: How long each round trip takes more.
    """

    def __init__(self, host: str, port: int, *, delay_s: float = 0.0) -> None:
        self.delay_s = delay_s
        self.trips = 0
        self._to = (host, port)
        self._lock = threading.Lock()
        self._cut: tuple[int, When] | None = None
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, name="wire", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()

    def count(self) -> None:
        """Begin to count anew."""
        with self._lock:
            self.trips = 0

    def cut(self, trip: int, when: When) -> None:
        """Cut the connection of the round trip with this number, from 1, counted from now; once."""
        with self._lock:
            self.trips = 0
            self._cut = (trip, when)

    def heal(self) -> bool:
        """Cut nothing any more; whether nothing was cut."""
        with self._lock:
            was, self._cut = self._cut, None
            return was is not None

    def hang_up(self) -> None:
        """Cut every connection now."""
        for pair in list(self._pairs):
            self._close(pair)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._to)
            except OSError:
                client.close()
                continue
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._pairs.append((client, server))
            _Connection(self, client, server).start()

    def _begin(self) -> When | None:
        """Count a round trip; whether and when it is to be cut."""
        with self._lock:
            self.trips += 1
            if self._cut is not None and self.trips == self._cut[0]:
                when, self._cut = self._cut[1], None
                return when
            return None

    def _close(self, pair: tuple[socket.socket, socket.socket]) -> None:
        with contextlib.suppress(ValueError):
            self._pairs.remove(pair)
        for each in pair:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class _Connection:
    def __init__(self, wire: Wire, client: socket.socket, server: socket.socket) -> None:
        self._wire, self._client, self._server = wire, client, server
        self._client_speaks = False
        self._deaf = False
        self._ended: list[None] = []

    def start(self) -> None:
        threading.Thread(target=self._run, args=(self._up,), daemon=True).start()
        threading.Thread(target=self._run, args=(self._down,), daemon=True).start()

    def _run(self, pump: object) -> None:
        try:
            pump()  # type: ignore[operator]
        except OSError:
            pass
        finally:
            self._wire._close((self._client, self._server))
            self._ended.append(None)
            if len(self._ended) == len((self._client, self._server)):  # both directions
                self._client.close()
                self._server.close()

    def _up(self) -> None:
        while data := self._client.recv(65536):
            if not self._client_speaks:
                self._client_speaks = True
                when = self._wire._begin()
                if self._wire.delay_s:
                    threading.Event().wait(self._wire.delay_s)
                if when == "before":
                    return
                self._deaf = when == "after"
            self._server.sendall(data)

    def _down(self) -> None:
        while data := self._server.recv(65536):
            self._client_speaks = False
            if self._deaf:
                return
            self._client.sendall(data)
