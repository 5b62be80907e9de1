"""A TLS server that does to each connection what a test tells it, and counts the requests that arrived whole."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from runner.simulator.pki import Pki

Conversation = Callable[["Visit"], None]

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Visit:
    """One connection, seen from the server."""

    server: RawServer
    sock: ssl.SSLSocket
    number: int

    def read_request(self) -> bytes:
        """One whole request, which is then counted; b"" when the client has gone."""
        data = b""
        while b"\r\n\r\n" not in data:
            if not (more := self.sock.recv(65536)):
                return b""
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length"))
        while len(body) < length:
            if not (more := self.sock.recv(65536)):
                return b""
            body += more
        with self.server.lock:
            self.server.requests.append(body)
        return head + b"\r\n\r\n" + body


@dataclass
class RawServer:
    """What the server saw."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    closed: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/service?x=1"


@contextmanager
def raw_server(
    pki: Pki, conversation: Conversation, *, newest: bool = True, host: str = "127.0.0.1"
) -> Iterator[RawServer]:
    """A server on loopback whose every connection is this conversation; ``newest``: TLS 1.3 is offered."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.server.certificate, pki.server.key)
    if not newest:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    listener = socket.create_server((host, 0))
    server = RawServer(listener.getsockname()[1])
    threads: list[threading.Thread] = []

    def serve(plain: socket.socket, number: int) -> None:
        with plain:
            plain.settimeout(10)
            try:
                with context.wrap_socket(plain, server_side=True) as sock:
                    conversation(Visit(server, sock, number))
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            server.connections += 1
            thread = threading.Thread(target=serve, args=(plain, server.connections))
            thread.start()
            threads.append(thread)

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield server
    finally:
        server.closed.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join(10)
        for thread in threads:
            thread.join(10)
