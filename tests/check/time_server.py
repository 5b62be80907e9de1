"""A time server on loopback that is as far off as a test wants, or answers wrongly."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import time

FROM_1900_TO_1970_S = 2_208_988_800
Answer = Callable[[bytes], bytes]


def told(at: float) -> bytes:
    whole = int(at)
    return struct.pack(">II", (whole + FROM_1900_TO_1970_S) % (1 << 32), int((at - whole) * (1 << 32)))


def answer(question: bytes, *, ahead_s: float = 0.0, first: int = 0x24, stratum: int = 2) -> bytes:
    """A right answer to a question (RFC 5905), by a clock so many seconds ahead."""
    now = told(time() + ahead_s)
    return bytes([first, stratum, 0, 0]) + b"\0" * 12 + now + question[40:48] + now + now


@contextmanager
def time_server(reply: Answer) -> Iterator[str]:
    """Give its address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as served:
        served.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                question, asker = served.recvfrom(512)
                if not question:
                    return
                served.sendto(reply(question), asker)

        thread = threading.Thread(target=serve)
        thread.start()
        host, port = served.getsockname()
        try:
            yield f"{host}:{port}"
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ending:
                ending.sendto(b"", (host, port))
            thread.join(10)
