"""The two doors: the EESZT's servers as the runner meets them, and the login endpoint as the network meets it."""

from __future__ import annotations

import gzip
import json
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from raw_server import Visit, raw_server

from runner.eeszt.http import HttpClient, LostError, NotSentError, Timeouts
from runner.eeszt.tls import client_tls
from runner.login import endpoint as endpoint_module
from runner.login.attempts import Places
from runner.simulator.pki import Pki, make_pki
from tests.login.site import PASSWORD, Site
from tests.login.test_endpoint import NONCE, Endpoint, make

FAR = 10.0**12


def client(pki: Pki, **limits: float) -> HttpClient:
    tls = client_tls(trusted=pki.ca.certificate, certificate=pki.institution.certificate, key=pki.institution.key)
    return HttpClient(tls, Timeouts(connect_s=2.0, read_s=limits.get("read_s", 2.0)), most_bytes=1_000_000)


def post(http: HttpClient, url: str) -> bytes:
    return http.post(url, b"<a/>", {"Content-Type": "text/xml"}, FAR).body


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate, gzip\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n",
    ],
)
def test_a_compressed_answer_is_never_unpacked(p256: Pki, head: bytes) -> None:
    bomb = gzip.compress(bytes(50_000_000))

    def answer(visit: Visit) -> None:
        visit.read_request()
        visit.sock.sendall(head + f"Content-Length: {len(bomb)}\r\n\r\n".encode() + bomb)

    with raw_server(p256, answer) as server, pytest.raises(LostError, match="compressed"):
        post(client(p256), server.url)


@pytest.mark.parametrize(
    "flood",
    [
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % number for number in range(2_000)) + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 2_000_000 + b"\r\n\r\n",
        b"HTTP/1.1 " + b"2" * 200_000 + b"\r\n\r\n",
    ],
)
def test_oversized_headers_are_given_up(p256: Pki, flood: bytes) -> None:
    def answer(visit: Visit) -> None:
        visit.read_request()
        visit.sock.sendall(flood)

    with raw_server(p256, answer) as server, pytest.raises(LostError):
        post(client(p256), server.url)


def test_an_answer_without_end_ends_with_the_time_out(p256: Pki) -> None:
    """Interim answers for ever: each arrives in time, and none is the answer."""

    def answer(visit: Visit) -> None:
        visit.read_request()
        while not visit.server.closed.is_set():
            visit.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)

    with raw_server(p256, answer) as server:
        with pytest.raises(LostError, match="timed out"):
            post(client(p256, read_s=0.5), server.url)
        server.closed.set()


def test_a_second_answer_in_the_first_is_not_taken_for_the_next(p256: Pki) -> None:
    """Response splitting: what stands behind an answer is not read as the answer to the next message."""

    def answer(visit: Visit) -> None:
        while request := visit.read_request():
            own = b"first" if b"<a/>" in request and visit.number == 1 else b"other"
            split = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
            visit.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + own + split)

    with raw_server(p256, answer) as server, closing(client(p256)) as http:
        assert {post(http, server.url) for _ in range(5)} <= {b"first", b"other"}


def test_a_server_of_another_authority_is_told_nothing(p256: Pki, tmp_path: Path) -> None:
    stranger = make_pki(tmp_path)
    with raw_server(stranger, lambda visit: visit.read_request() and None) as server:
        with pytest.raises(NotSentError, match="certificate"):
            post(client(p256), server.url)
        assert server.requests == []


@pytest.mark.parametrize("version", [b"\x03\x01", b"\x03\x02"])
def test_tls_1_0_and_1_1_are_refused_by_the_client(p256: Pki, version: bytes) -> None:
    """The server answers the hello with an old version; the client ends the handshake and sends nothing."""
    listener = socket.create_server(("127.0.0.1", 0))
    got: list[bytes] = []

    def serve() -> None:
        plain, _ = listener.accept()
        with plain:
            plain.settimeout(5)
            plain.recv(65536)
            hello = version + bytes(32) + b"\x00" + b"\xc0\x09" + b"\x00"
            shake = b"\x02" + len(hello).to_bytes(3, "big") + hello
            plain.sendall(b"\x16" + version + len(shake).to_bytes(2, "big") + shake)
            got.append(plain.recv(65536))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with pytest.raises(NotSentError, match="TLS"):
            post(client(p256), f"https://localhost:{listener.getsockname()[1]}/")
    finally:
        thread.join(10)
        listener.close()
    assert got[0][:1] == b"\x15", "an alert"


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[Endpoint]:
    site = Site()
    made, settings, context = make(tmp_path, site, attempts_per_minute=50)
    yield Endpoint(site, settings, made.start(), context)
    made.stop()


def raw(endpoint: Endpoint, request: bytes) -> bytes:
    with (
        socket.create_connection(endpoint.address, timeout=20) as plain,
        endpoint.context.wrap_socket(plain, server_hostname="localhost") as sock,
    ):
        answer = b""
        try:
            sock.sendall(request)  # the door may close while it is still written
            while more := sock.recv(65536):
                answer += more
        except (ssl.SSLError, ConnectionError):
            return answer
        return answer


BODY = f'{{"nonce": "{NONCE}", "one_time_password": "{PASSWORD}"}}'.encode()
POST = b"POST /login/otp HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
LENGTH = f"Content-Length: {len(BODY)}\r\n".encode()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"POST /login/otp HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 411),
        (POST + b"Content-Length: 1000000000\r\n\r\n", 413),
        (b"POST /login/otp HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\n{}", 411),
        (b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"POST //[x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 404),
        (b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"CONNECT bank.example:443 HTTP/1.1\r\n\r\n", 501),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"\x00\xff what is this\r\n\r\n", 400),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (POST + b"Content-Length: 3000\r\n\r\n" + b"[" * 3000, 400),
        (POST + b"Content-Length: 3000\r\n\r\n" + b'{"nonce":' + b"9" * 2991, 400),
        (POST + b"Content-Length: 35\r\n\r\n" + b'{"one_time_password":"\\ud800\\udfff"}', 400),
    ],
)
def test_whatever_is_sent_is_answered_in_the_one_shape_and_tells_nothing(
    endpoint: Endpoint, request_: bytes, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        head, _, body = raw(endpoint, request_).partition(b"\r\n\r\n")
    assert int(head.split()[1]) == status, head
    assert json.loads(body)["error"]["number"] == 4408
    assert not [each for each in caplog.records if getattr(each, "event", "") in {"login.failed", "login.broken"}]


@pytest.mark.parametrize(
    "lengths",
    [
        b"Content-Length: 0\r\n" + LENGTH,
        LENGTH + b"Content-Length: 0\r\n",
        LENGTH + LENGTH,
        LENGTH + b"Transfer-Encoding: chunked\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 0x10\r\n",
    ],
)
def test_a_body_of_two_lengths_is_refused(endpoint: Endpoint, lengths: bytes) -> None:
    """Smuggling: something in front of the endpoint could see another request than the endpoint sees."""
    endpoint.site.begin("kovacs", NONCE)
    assert raw(endpoint, POST + lengths + b"\r\n" + BODY).split()[1] == b"411"
    assert PASSWORD in endpoint.site.grants


def test_only_one_request_of_a_connection_is_read(endpoint: Endpoint) -> None:
    endpoint.site.begin("kovacs", NONCE)
    answer = raw(endpoint, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + POST + LENGTH + b"\r\n" + BODY)
    assert answer.count(b"HTTP/1.") == 1
    assert PASSWORD in endpoint.site.grants


@pytest.mark.parametrize(
    "flood", [b"X: y\r\n" * 5_000, b"X: " + b"y" * 200_000 + b"\r\n", b"X: y\r\n z\r\n" * 200, b": y\r\n" * 200]
)
def test_a_flood_of_headers_is_refused(endpoint: Endpoint, flood: bytes) -> None:
    answer = raw(endpoint, b"GET / HTTP/1.1\r\n" + flood + b"\r\n")
    assert answer == b"" or answer.split()[1] in {b"431", b"400"}
    assert endpoint.ask("GET", "/healthz")[0] == 200


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)]
)
def test_a_form_on_another_sites_page_logs_nobody_in(endpoint: Endpoint, site: str, status: int) -> None:
    endpoint.site.begin("kovacs", NONCE)
    headers = {"Content-Type": "application/json", "Sec-Fetch-Site": site}
    assert endpoint.ask("POST", "/login/otp", BODY, headers)[0] == status
    assert (PASSWORD in endpoint.site.grants) == (status == 403)


def test_one_machine_cannot_hold_all_connections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_module, "MOST_PER_ADDRESS", 2)
    site = Site()
    made, settings, context = make(tmp_path, site)
    endpoint = Endpoint(site, settings, made.start(), context)
    try:
        with (
            socket.create_connection(endpoint.address, timeout=10) as one,
            context.wrap_socket(one, server_hostname="localhost"),
            socket.create_connection(endpoint.address, timeout=10) as two,
            context.wrap_socket(two, server_hostname="localhost"),
            pytest.raises(OSError),
        ):
            endpoint.ask("GET", "/healthz")
    finally:
        made.stop()
    places = Places(total=3, per_address=2)
    assert [places.take("10.0.0.1") for _ in range(3)] == [True, True, False]
    assert [places.take(f"10.0.0.{last}") for last in (2, 3)] == [True, False]
    places.give_back("10.0.0.1")
    assert places.take("10.0.0.3")


def test_nonces_are_guessed_in_vain(endpoint: Endpoint) -> None:
    """A guess costs an attempt, tells nothing and takes no password; 22 characters are the least that is looked at."""
    endpoint.site.begin("kovacs", NONCE)
    guesses = [NONCE[:-1], NONCE + "x", NONCE.swapcase(), NONCE[:21], NONCE.replace("_", "-"), f"{NONCE}\\u0000"]
    answers = [endpoint.login(guess) for guess in guesses]
    assert {status for status, _ in answers} <= {400, 403}
    assert PASSWORD in endpoint.site.grants
    assert endpoint.login()[0] == 200
