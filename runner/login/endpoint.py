"""
The HTTPS endpoint at which people prove who they are: by card with the login agent, or by one-time password.

Programs speak JSON; for a password there is a page too.

A listener of its own. One request per connection, a thread each, bounded in number, size and time, so that nobody can
keep others out for long by doing nothing.
"""

from __future__ import annotations

import io
import json
import logging
import re
import socket
import ssl
import sys
import threading
import time
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs

from runner.errors import RunnerError, fault
from runner.login.attempts import Attempts, Places
from runner.login.deadline import UntilDeadline, drain
from runner.login.page import CONTENT_SECURITY_POLICY, form_page, granted_page
from runner.login.reception import FORM, JSON, Reception, status_of
from runner.settings import Login
from runner.settings.values import host_and_port

if TYPE_CHECKING:
    from runner.login.admission import Admission
    from runner.login.card_desk import CardDesk
    from runner.ports import AuditLog, Clock, LoginRow, Logins

logger = logging.getLogger(__name__)
LONGEST_BODY_BYTES = 4096
LONGEST_CARD_BODY_BYTES = 16384  # a card's certificate may be of some kilobytes
_OTP, _CARD = "/login/otp", "/login/card"
_LONGEST_BODIES = {_OTP: LONGEST_BODY_BYTES, _CARD: LONGEST_CARD_BODY_BYTES}
MOST_CONNECTIONS = 256
MOST_PER_ADDRESS = 64
"""So that one machine that holds connections open keeps nobody else out; a terminal server is one address."""
REQUEST_S = 10.0
"""Longest time from a connection to the end of its request; how long the EESZT takes does not count."""

_LENGTH = re.compile("[0-9]{1,18}")
_SENTENCE = "A bejelentkezés most nem lehetséges. Értesítse az informatikát."
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class LoginEndpoint:
    """Listens from ``start`` to ``stop``."""

    def __init__(
        self,
        settings: Login,
        admission: Admission,
        logins: Logins,
        clock: Clock,
        *,
        test: bool,
        audit: AuditLog | None = None,
        cards: CardDesk | None = None,
    ) -> None:
        """
        Make it; nothing is opened yet.

        Args:
            settings: Where to listen, under which certificate, how many attempts.
            admission: Logs people in.
            logins: Holds the requests that the HIS began.
            clock: Time.
            test: Whether pages are marked as those of a test system.
            audit: Where attempts that are turned away are logged; None: nowhere.
            cards: Speaks with login agents; None: nobody logs in with a card here.
        """
        attempts = Attempts(settings.attempts_per_minute, settings.total_attempts_per_minute, clock)
        self._reception = Reception(admission, logins, attempts, clock, audit, cards)
        self._settings = settings
        self._test = test
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> tuple[str, int]:
        """
        Begin to listen; give host and port, the chosen one where the settings say 0.

        Raises:
            LoginError: RNR-4307 the certificate cannot be used, RNR-4308 the address cannot be listened on.
        """
        settings = self._settings
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(settings.certificate, settings.key)
        except (OSError, ssl.SSLError) as exc:
            raise fault(4307, str(settings.certificate), reason=exc.strerror or type(exc).__name__) from exc
        place = host_and_port(settings.listen)
        assert place is not None
        try:
            self._server = _Server(place, context, self._reception, test=self._test)
        except OSError as exc:
            raise fault(4308, settings.listen, reason=exc.strerror or type(exc).__name__) from exc
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="login-endpoint")
        self._thread.start()
        host, port = self._server.server_address[:2]
        logger.info("login endpoint listens", extra={"event": "login.listening", "host": host, "port": port})
        return str(host), int(port)

    def stop(self) -> None:
        """Listen no more; attempts that were begun are finished or lost with the process. Safe to repeat."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
        self._server = self._thread = None


class _Server(ThreadingHTTPServer):
    """A bounded number of threads, each with one connection; the TLS handshake is done in the thread."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, place: tuple[str, int], context: ssl.SSLContext, reception: Reception, *, test: bool) -> None:
        self.reception = reception
        self.test = test
        self._free = Places(MOST_CONNECTIONS, MOST_PER_ADDRESS)
        self.address_family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
        super().__init__(place, _Handler)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def server_bind(self) -> None:
        """Bind without asking a name server for our own name, which may take long."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Take a connection, or drop it where too many are open."""
        if not self._free.take(client_address[0]):
            logger.warning("too many open logins", extra={"event": "login.crowded", "address": client_address[0]})
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.give_back(client_address[0])
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Handle a connection in its thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.give_back(client_address[0])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log what broke a connection, by class only: a port scan or a closed window is no event."""
        del request
        kind = type(sys.exception()).__name__
        logger.debug(
            "login connection broke", extra={"event": "login.broken", "address": client_address[0], "kind": kind}
        )


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    server_version = "eeszt-runner"
    sys_version = ""
    timeout = REQUEST_S

    def setup(self) -> None:
        """Shake hands in this thread, within the request's time."""
        deadline = time.monotonic() + REQUEST_S
        super().setup()
        self.connection.do_handshake()
        self.rfile = io.BufferedReader(UntilDeadline(self.connection, deadline))

    def do_GET(self) -> None:
        """Give the page or the state of health."""
        path, _, query = self.path.partition("?")
        if path == "/healthz":
            self._answer(HTTPStatus.OK, {"status": "up"})
        elif path == "/":
            nonce = parse_qs(query).get("nonce", [""])[0][:128]
            self._show(HTTPStatus.OK, form_page(nonce=nonce, test=self._site.test))
        else:
            self._refuse(HTTPStatus.NOT_FOUND, fault(4408, self._address, what="no such page"))

    def do_POST(self) -> None:
        """Take a login attempt."""
        path = self.path.partition("?")[0]
        if path not in _LONGEST_BODIES:
            self._refuse(HTTPStatus.NOT_FOUND, fault(4408, self._address, what="no such page"))
            return
        if self._from_another_site:
            self._refuse(HTTPStatus.FORBIDDEN, fault(4408, self._address, what="sent by another site's page"))
            return
        lengths = self.headers.get_all("Content-Length", [])
        length = lengths[0] if len(lengths) == 1 else ""
        if not _LENGTH.fullmatch(length) or "Transfer-Encoding" in self.headers:
            self._refuse(HTTPStatus.LENGTH_REQUIRED, fault(4408, self._address, what="no length"))
            return
        if int(length) > _LONGEST_BODIES[path]:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, fault(4408, self._address, what="too long"))
            drain(self.connection)
            return
        body = self.rfile.read(int(length))
        try:
            granted = self._judged(path, body)
        except RunnerError as error:
            self._refuse(status_of(error), error)
        except Exception as error:
            logger.exception("login attempt failed", extra={"event": "login.failed", "address": self._address})
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, fault(9001, "login", kind=type(error).__name__))
        else:
            if isinstance(granted, Mapping):
                self._answer(HTTPStatus.OK, granted)
            else:
                self._grant(granted)

    def _judged(self, path: str, body: bytes) -> Mapping[str, object] | LoginRow:
        reception = self._site.reception
        if path == _CARD:
            return reception.card(body, self._address)
        return reception.attempt(self.headers.get("Content-Type", ""), body, self._address)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what the server itself cannot read in the one shape of errors."""
        del message, explain
        self._refuse(HTTPStatus(code), fault(4408, self._address, what=HTTPStatus(code).phrase.lower()))

    def log_message(self, *_args: object) -> None:
        """Keep paths out of every log: attempts are logged where they are judged."""

    @property
    def _site(self) -> _Server:
        return cast("_Server", self.server)

    @property
    def _address(self) -> str:
        return str(self.client_address[0])

    @property
    def _from_another_site(self) -> bool:
        """Whether a browser says that some other page sent the form; programs say nothing of the kind."""
        return self.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}

    @property
    def _by_browser(self) -> bool:
        headers = getattr(self, "headers", None)
        return headers is not None and (
            headers.get("Content-Type", "").startswith(FORM) or "text/html" in headers.get("Accept", "")
        )

    def _grant(self, row: LoginRow) -> None:
        if self._by_browser:
            self._show(HTTPStatus.OK, granted_page(row.eeszt_user, row.ends_at, test=self._site.test))
        else:
            self._answer(HTTPStatus.OK, {"eeszt_user": row.eeszt_user, "ends_at": row.ends_at.isoformat()})

    def _refuse(self, status: HTTPStatus, error: RunnerError) -> None:
        sentence = error.sentence or _SENTENCE
        if self._by_browser:
            self._show(status, form_page(sentence=sentence, test=self._site.test))
        else:
            self._answer(status, {"error": {"number": error.number, "sentence_hu": sentence}})

    def _answer(self, status: HTTPStatus, facts: object) -> None:
        self._write(status, f"{JSON}; charset=utf-8", json.dumps(facts, ensure_ascii=False).encode())

    def _show(self, status: HTTPStatus, page: str) -> None:
        self._write(status, "text/html; charset=utf-8", page.encode())

    def _write(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.connection.settimeout(REQUEST_S)
        self.request_version = self.protocol_version  # so that also what was no HTTP at all is answered with a head
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
