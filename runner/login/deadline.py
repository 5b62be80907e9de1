"""Reading from a connection until a moment, so that nobody holds a thread for long by a byte now and then."""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket

    from _typeshed import WriteableBuffer

DRAINED_BYTES = 65536
DRAIN_S = 1.0


class UntilDeadline(io.RawIOBase):
    """Reads a connection until a moment, not for a while after each byte."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        super().__init__()
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read what is there, or wait for it until the deadline."""
        self._connection.settimeout(max(self._deadline - time.monotonic(), 0.001))
        return self._connection.recv_into(buffer)


def drain(connection: socket.socket) -> None:
    """Read on for a moment and forget it, so that who is still writing reads our answer before the connection ends."""
    try:
        io.BufferedReader(UntilDeadline(connection, time.monotonic() + DRAIN_S)).read(DRAINED_BYTES)
    except OSError:
        return  # he neither writes nor ends: he has had his time
