"""
The card's end of vpcd's protocol: what a card in software and the virtual reader say to each other over TCP.

Source: vsmartcard, virtualsmartcard/doc/api.rst: each message is a length (two bytes, big-endian) and its bytes; one
byte alone from the reader is a control: 0 power off, 1 power on, 2 reset, 4 give the ATR.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec

from tests.support.card.applet import Applet

PORT = 0x8C7B
"""Of the first virtual reader; the second listens one above."""
ATR = bytes.fromhex("3B80800101")
"""T=1, no historical bytes."""

_OFF, _ON, _RESET, _ATR = 0, 1, 2, 4


class VirtualCard:
    """A card that can be put into a virtual reader and pulled out of it."""

    def __init__(self, applet: Applet, port: int = PORT, atr: bytes = ATR) -> None:
        self.applet = applet
        self._port = port
        self._atr = atr
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def insert(self) -> None:
        """Put it into the reader."""
        self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=10)
        self._socket.settimeout(None)
        self._thread = threading.Thread(target=self._serve, args=(self._socket,), name="virtual-card", daemon=True)
        self._thread.start()

    @contextlib.contextmanager
    def inserted(self) -> Iterator[VirtualCard]:
        """Keep it in the reader for a while."""
        self.insert()
        try:
            yield self
        finally:
            self.put_away()

    def pull(self) -> None:
        """Pull it out, also in the midst of a command."""
        # A card pulled in the midst of a command is pulled by its own thread, and by the test's that then puts it away.
        taken, self._socket = self._socket, None
        if taken is not None:
            with contextlib.suppress(OSError):
                taken.shutdown(socket.SHUT_RDWR)
            taken.close()

    def put_away(self) -> None:
        """Pull it out and wait until nothing of it runs and the service, where it runs, has seen the empty reader."""
        self.pull()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(10)
        _await_empty(f"Virtual PCD 00 {self._port - PORT:02}")

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError):
            while True:
                self._answer(connection, _received(connection))

    def _answer(self, connection: socket.socket, message: bytes) -> None:
        controls: dict[int, Callable[[], None]] = {_OFF: self.applet.reset, _ON: self.applet.reset}
        controls[_RESET] = self.applet.reset
        if message == bytes((_ATR,)):
            _send(connection, self._atr)
        elif len(message) == 1:
            controls.get(message[0], lambda: None)()
        else:
            _send(connection, self.applet.process(message))


def _await_empty(reader: str, timeout_s: float = 10.0) -> None:
    """Wait until the service sees no card there: one put in before that would be taken for the one pulled out."""
    if find_spec("smartcard") is None:
        return
    from smartcard import scard  # noqa: PLC0415  only where it is installed

    code, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    if code != scard.SCARD_S_SUCCESS:
        return
    try:
        end, known = time.monotonic() + timeout_s, scard.SCARD_STATE_UNAWARE
        while time.monotonic() < end:
            code, states = scard.SCardGetStatusChange(context, 500, [(reader, known)])
            if code == scard.SCARD_E_TIMEOUT:
                continue
            if code != scard.SCARD_S_SUCCESS or not states[0][1] & scard.SCARD_STATE_PRESENT:
                return
            known = states[0][1]
    finally:
        scard.SCardReleaseContext(context)
    raise AssertionError(f"{reader}: the card that was pulled out is still seen")


def _received(connection: socket.socket) -> bytes:
    length = int.from_bytes(_exactly(connection, 2), "big")
    return _exactly(connection, length)


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        # Without it each command waits 40 ms for the other side's delayed acknowledgement; it does not last.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        piece = connection.recv(count - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def _send(connection: socket.socket, data: bytes) -> None:
    connection.sendall(len(data).to_bytes(2, "big") + data)
