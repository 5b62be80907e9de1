"""HTTP/1.1 over mutual TLS: one port, one path for each service, one thread for each connection."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
import time
import traceback
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import TYPE_CHECKING, Any

from cryptography import x509

from runner.simulator.publication import PATH, Publications
from runner.simulator.turn import Log, Reply

if TYPE_CHECKING:
    from collections.abc import Collection

    from runner.simulator.exchange import Exchange
    from runner.simulator.pki import Pki

_IDLE_S = 60
_SIZE_LIMIT_BYTES = 32 * 1024 * 1024
_CHUNK = b" " * 65536


def tls_context(pki: Pki) -> ssl.SSLContext:
    """TLS 1.2 or later; a client without a certificate of our CA is refused in the handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(pki.server.certificate, pki.server.key)
    context.load_verify_locations(pki.ca.certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


class ServiceServer(ThreadingTCPServer):
    """Serves the services of a pack."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(
        self,
        port: int,
        context: ssl.SSLContext,
        exchange: Exchange,
        services: Collection[str],
        log: Log,
        publications: Publications,
    ) -> None:
        self.context = context
        self.exchange = exchange
        self.services = services
        self.log = log
        self.publications = publications
        self.stopping = threading.Event()
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  the base class's signature
        """Connections end as their clients please, and failed handshakes are noted; all else is a mistake of ours."""
        if not isinstance(sys.exception(), OSError) and not self.stopping.is_set():
            traceback.print_exc()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "eeszt-runner-simulator"
    sys_version = ""
    disable_nagle_algorithm = True
    server: ServiceServer
    connection: ssl.SSLSocket

    def setup(self) -> None:
        # The handshake belongs into the connection's own thread, or one silent client would hold up all others.
        self.request.settimeout(_IDLE_S)
        try:
            self.request = self.server.context.wrap_socket(self.request, server_side=True)
            certificate = self.request.getpeercert(binary_form=True)
        except OSError as exc:
            reason = exc.reason if isinstance(exc, ssl.SSLError) else type(exc).__name__
            self.server.log.note("tls_refused", str(reason))
            raise
        self._peer = x509.load_der_x509_certificate(certificate)
        super().setup()

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's name
        """The log is kept elsewhere."""

    def do_GET(self) -> None:
        """Serve the published code tables, and nothing else."""
        if not self.path.startswith(PATH):
            self.send_error(HTTPStatus.METHOD_NOT_ALLOWED)
            return
        status, body = self.server.publications.page(self.path)
        self._end(Reply(status=status, body=body, content_type="application/json; charset=utf-8"))

    def do_POST(self) -> None:
        """Take one request."""
        service = self.path.partition("?")[0].strip("/")
        length = self.headers.get("Content-Length", "")
        if service not in self.server.services:
            self.close_connection = True
            self.send_error(HTTPStatus.NOT_FOUND)
        elif not length.isdigit():
            self.close_connection = True
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
        elif int(length) > _SIZE_LIMIT_BYTES:
            self.close_connection = True
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            self._end(self.server.exchange.reply(service, self.rfile.read(int(length)), self._peer))

    def _end(self, reply: Reply) -> None:
        if reply.ending == "answer":
            head = self._head(reply, f"Content-Length: {len(reply.body)}")
            self.connection.sendall(head + reply.body)
            return
        self.close_connection = True
        if reply.ending == "silent":
            self._hold()
        elif reply.ending == "endless":
            self._flood(reply)
        self.connection.shutdown(socket.SHUT_RDWR)

    def _head(self, reply: Reply, length: str) -> bytes:
        status = HTTPStatus(reply.status)
        lines = [
            f"HTTP/1.1 {status.value} {status.phrase}",
            f"Content-Type: {reply.content_type}",
            f"Date: {self.date_time_string(time.time() + reply.skew_s)}",
            length,
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")

    def _hold(self) -> None:
        """Say nothing until the client gives up."""
        self.connection.settimeout(0.2)
        while not self.server.stopping.is_set():
            try:
                if not self.connection.recv(65536):
                    return
            except TimeoutError:
                continue

    def _flood(self, reply: Reply) -> None:
        """Send until the client gives up."""
        self.connection.sendall(self._head(reply, "Transfer-Encoding: chunked"))
        chunk = f"{len(_CHUNK):x}\r\n".encode() + _CHUNK + b"\r\n"
        while not self.server.stopping.is_set():
            self.connection.sendall(chunk)
