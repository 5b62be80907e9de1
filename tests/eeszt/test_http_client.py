"""What the HTTP client says of each way that a connection can fail, and that no request ever arrives twice."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from email.utils import formatdate
from time import monotonic, time

import pytest
from raw_server import OK, Visit, raw_server

from runner.eeszt.http import HttpClient, LostError, NotSentError, Timeouts
from runner.eeszt.tls import client_tls
from runner.errors import LoginError
from runner.simulator.pki import Pki

BODY = b"<message>" + b"x" * 100_000 + b"</message>"
FAR = 1e12


@pytest.fixture(params=["TLS 1.3", "TLS 1.2"])
def newest(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "TLS 1.3")


@pytest.fixture
def client(p256: Pki) -> Iterator[HttpClient]:
    tls = client_tls(trusted=p256.ca.certificate, certificate=p256.institution.certificate, key=p256.institution.key)
    client = HttpClient(tls, Timeouts(connect_s=1.0, read_s=0.3), most_bytes=10_000)
    yield client
    client.close()


def post(client: HttpClient, url: str, send_until: float = FAR) -> bytes:
    return client.post(url, BODY, {"Content-Type": "text/xml"}, send_until).body


def obliging(visit: Visit) -> None:
    while visit.read_request():
        visit.sock.sendall(OK)


def test_one_connection_serves_many_requests(p256: Pki, client: HttpClient, *, newest: bool) -> None:
    with raw_server(p256, obliging, newest=newest) as server:
        for _ in range(5):
            assert post(client, server.url) == b"ok"
        client.close()
    assert (server.connections, len(server.requests)) == (1, 5)
    assert set(server.requests) == {BODY}


def test_what_time_it_is_there_is_kept_from_an_ordinary_answer(p256: Pki, client: HttpClient) -> None:
    told = formatdate(time() - 100, usegmt=True).encode()

    def conversation(visit: Visit) -> None:
        visit.read_request()
        visit.sock.sendall(OK.replace(b"\r\n", b"\r\nDate: " + told + b"\r\n", 1))

    with raw_server(p256, conversation) as server:
        assert client.dates.newest() is None
        post(client, server.url)
        client.close()
    heard = client.dates.newest()
    assert heard is not None
    assert heard.host == "localhost"
    assert abs(heard.offset_s - 100) <= heard.uncertainty_s + 0.01


def test_requests_at_the_same_time_have_connections_of_their_own(p256: Pki, client: HttpClient) -> None:
    together = threading.Barrier(4)

    def conversation(visit: Visit) -> None:
        while visit.read_request():
            together.wait(5)
            visit.sock.sendall(OK)

    with raw_server(p256, conversation) as server:
        answers: list[bytes] = []
        threads = [threading.Thread(target=lambda: answers.append(post(client, server.url))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(5)
        client.close()
    assert (answers, server.connections) == ([b"ok"] * 4, 4)


def test_the_request_says_host_length_and_path(p256: Pki, client: HttpClient) -> None:
    heads: list[bytes] = []

    def conversation(visit: Visit) -> None:
        heads.append(visit.read_request().partition(b"\r\n\r\n")[0])
        visit.sock.sendall(OK)

    with raw_server(p256, conversation) as server:
        post(client, server.url)
        client.close()
    lines = heads[0].decode().split("\r\n")
    assert lines[0] == "POST /service?x=1 HTTP/1.1"
    assert {f"Host: localhost:{server.port}", f"Content-Length: {len(BODY)}", "Accept-Encoding: identity"} <= set(lines)


def test_a_cut_after_the_request_is_in_doubt_and_not_sent_again(p256: Pki, client: HttpClient, *, newest: bool) -> None:
    def conversation(visit: Visit) -> None:
        visit.read_request()

    with raw_server(p256, conversation, newest=newest) as server, pytest.raises(LostError):
        post(client, server.url)
    assert server.requests == [BODY]


def test_a_cut_on_a_kept_connection_is_in_doubt_and_not_sent_again(p256: Pki, client: HttpClient) -> None:
    """The classic: the peer closes while the second request is under way; some clients then send it again."""

    def conversation(visit: Visit) -> None:
        visit.read_request()
        visit.sock.sendall(OK)
        visit.read_request()

    with raw_server(p256, conversation) as server:
        assert post(client, server.url) == b"ok"
        with pytest.raises(LostError):
            post(client, server.url)
    assert (server.connections, server.requests) == (1, [BODY, BODY])


def test_a_cut_in_the_middle_of_the_request_is_surely_no_message(p256: Pki, client: HttpClient) -> None:
    huge = b"x" * 50_000_000

    def conversation(visit: Visit) -> None:
        visit.sock.recv(10)

    with raw_server(p256, conversation) as server, pytest.raises(NotSentError, match="cut off"):
        client.post(server.url, huge, {}, FAR)
    assert server.requests == []


def test_an_idle_connection_that_the_peer_closed_is_not_used(p256: Pki, client: HttpClient, *, newest: bool) -> None:
    gone = threading.Event()

    def conversation(visit: Visit) -> None:
        visit.read_request()
        visit.sock.sendall(OK)
        if visit.number == 1:
            visit.sock.settimeout(0.01)
            with suppress(OSError):
                visit.sock.unwrap()
            visit.sock.shutdown(socket.SHUT_RDWR)
            gone.set()

    with raw_server(p256, conversation, newest=newest) as server:
        assert post(client, server.url) == b"ok"
        assert gone.wait(5)
        assert post(client, server.url) == b"ok"
        client.close()
    assert (server.connections, len(server.requests)) == (2, 2)


def test_a_connection_that_was_idle_for_too_long_is_not_used(p256: Pki, client: HttpClient) -> None:
    now = [0.0]
    client._clock = lambda: now[0]
    with raw_server(p256, obliging) as server:
        post(client, server.url)
        now[0] = 21.0
        post(client, server.url)
        client.close()
    assert server.connections == 2


def test_connections_that_nobody_needs_any_more_are_closed(p256: Pki, client: HttpClient) -> None:
    now, together, ended = [0.0], threading.Barrier(3), threading.Semaphore(0)

    def conversation(visit: Visit) -> None:
        while visit.read_request():
            if visit.number <= 3 and now[0] == 0.0:
                together.wait(5)
            visit.sock.sendall(OK)
        ended.release()

    client._clock = lambda: now[0]
    with raw_server(p256, conversation) as server:
        threads = [threading.Thread(target=post, args=(client, server.url)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(5)
        for now[0] in (15.0, 30.0):
            post(client, server.url)
        assert ended.acquire(timeout=5)
        assert ended.acquire(timeout=5)
        client.close()
    assert server.connections == 3


def test_silence_ends_with_the_read_time_out(p256: Pki, client: HttpClient) -> None:
    def conversation(visit: Visit) -> None:
        visit.read_request()
        visit.server.closed.wait(10)

    started = monotonic()
    with raw_server(p256, conversation) as server:
        with pytest.raises(LostError, match="timed out"):
            post(client, server.url)
        assert 0.2 < monotonic() - started < 9
    assert server.requests == [BODY]


def test_one_request_can_be_less_patient_than_the_others(p256: Pki) -> None:
    def conversation(visit: Visit) -> None:
        visit.read_request()
        visit.server.closed.wait(10)

    tls = client_tls(trusted=p256.ca.certificate, certificate=p256.institution.certificate, key=p256.institution.key)
    patient = HttpClient(tls, Timeouts(connect_s=1.0, read_s=60))
    started = monotonic()
    with raw_server(p256, conversation) as server, pytest.raises(LostError, match="timed out"):
        patient.post(server.url, BODY, {}, FAR, read_s=0.1)
    assert monotonic() - started < 9


@pytest.mark.parametrize("part", ["head", "body"])
def test_dripping_does_not_stretch_the_time_out(p256: Pki, client: HttpClient, part: str) -> None:
    """Each byte comes in time, the answer never does."""

    def conversation(visit: Visit) -> None:
        visit.read_request()
        if part == "body":
            visit.sock.sendall(OK[:-2])
        while not visit.server.closed.wait(0.05):
            visit.sock.sendall(b"H")
            if part == "body":
                visit.server.closed.wait(10)

    started = monotonic()
    with raw_server(p256, conversation) as server:
        with pytest.raises(LostError):
            post(client, server.url)
        assert monotonic() - started < 20


@pytest.mark.parametrize("chunked", [False, True])
def test_an_oversized_answer_is_given_up(p256: Pki, client: HttpClient, *, chunked: bool) -> None:
    def conversation(visit: Visit) -> None:
        visit.read_request()
        kind = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: 999999999"
        visit.sock.sendall(b"HTTP/1.1 200 OK\r\n" + kind + b"\r\n\r\n")
        chunk = b"2000\r\n" + b"y" * 0x2000 + b"\r\n" if chunked else b"y" * 0x2000
        while not visit.server.closed.is_set():
            visit.sock.sendall(chunk)

    with raw_server(p256, conversation) as server, pytest.raises(LostError, match="too large"):
        post(client, server.url)


@pytest.mark.parametrize(
    "rubbish",
    [
        b"not http at all\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok",
        b"",
    ],
)
def test_what_is_no_http_answer_is_in_doubt(p256: Pki, client: HttpClient, rubbish: bytes) -> None:
    def conversation(visit: Visit) -> None:
        visit.read_request()
        visit.sock.sendall(rubbish)

    with raw_server(p256, conversation) as server, pytest.raises(LostError):
        post(client, server.url)
    assert server.requests == [BODY]


_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\n"


@pytest.mark.parametrize(
    ("pieces", "connections"),
    [
        pytest.param([_HEAD + b"Content-Length: 2\r\n\r\nok"], 1, id="in one piece"),
        pytest.param(
            [_HEAD + b"content-length:2 \r\nConnection: Keep-Alive\r\n\r\n", b"o", b"k"], 1, id="dripping body"
        ),
        pytest.param([_HEAD[:30], _HEAD[30:] + b"Content-Length: 2\r\n\r", b"\nok"], 1, id="dripping head"),
        pytest.param([_HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n"], 1, id="chunked"),
        pytest.param(
            [_HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n2\r\nok\r\n0\r\n\r\n"],
            1,
            id="two lengths",
        ),
        pytest.param(
            [b"HTTP/1.1 100 Continue\r\n\r\n" + _HEAD + b"Content-Length: 2\r\n\r\nok"], 1, id="informed before"
        ),
        pytest.param([_HEAD + b"X: a\r\nX: b\r\nContent-Length: 2\r\n\r\nok"], 1, id="a name twice"),
        pytest.param([_HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\nok"], 2, id="closing"),
        pytest.param([_HEAD.replace(b"1.1", b"1.0") + b"Content-Length: 2\r\n\r\nok"], 2, id="HTTP/1.0"),
        pytest.param([_HEAD + b"Content-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n"], 2, id="more than was said"),
    ],
)
def test_the_same_answer_is_read_however_it_is_framed(
    p256: Pki, client: HttpClient, pieces: list[bytes], connections: int
) -> None:
    def conversation(visit: Visit) -> None:
        while visit.read_request():
            for piece in pieces:
                visit.sock.sendall(piece)

    with raw_server(p256, conversation) as server:
        for _ in range(2):
            answer = client.post(server.url, BODY, {}, FAR)
            assert (answer.status, answer.content_type, answer.body) == (200, "text/xml", b"ok")
        client.close()
        assert (server.connections, len(server.requests)) == (connections, 2)


def test_a_redirect_is_not_followed(p256: Pki, client: HttpClient) -> None:
    def conversation(visit: Visit) -> None:
        visit.read_request()
        visit.sock.sendall(b"HTTP/1.1 307 Elsewhere\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n")

    with raw_server(p256, conversation) as server:
        assert client.post(server.url, BODY, {}, FAR).status == 307
        client.close()
    assert server.requests == [BODY]


def test_nothing_leaves_after_its_time(p256: Pki, client: HttpClient) -> None:
    with raw_server(p256, obliging) as server:
        with pytest.raises(NotSentError, match="its time was over"):
            post(client, server.url, monotonic() - 0.001)
        assert post(client, server.url) == b"ok"
        client.close()
    assert (server.connections, server.requests) == (1, [BODY])


def test_nobody_listening_is_surely_not_sent(client: HttpClient) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # held, so that nobody else comes to listen there
        with pytest.raises(NotSentError, match="refused"):
            post(client, f"https://localhost:{free.getsockname()[1]}/")


def test_a_name_that_does_not_resolve_is_surely_not_sent(client: HttpClient) -> None:
    with pytest.raises(NotSentError):
        post(client, "https://nem-letezik.invalid/")


def test_a_listener_that_does_not_speak_tls_is_surely_not_sent(client: HttpClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(NotSentError, match="timed out"):
        post(client, f"https://localhost:{mute.getsockname()[1]}/")


def test_a_certificate_for_another_host_is_refused(p256: Pki, client: HttpClient) -> None:
    with raw_server(p256, obliging, host="127.0.0.2") as server, pytest.raises(NotSentError, match="certificate"):
        post(client, server.url.replace("localhost", "127.0.0.2"))
    assert server.requests == []


def test_plain_http_is_refused(client: HttpClient) -> None:
    with pytest.raises(NotSentError, match="not https"):
        post(client, "http://localhost:1/")


def test_a_client_certificate_comes_from_pkcs12_too(p256: Pki) -> None:
    password = p256.technical_password.read_text()
    tls = client_tls(trusted=p256.ca.certificate, certificate=p256.technical_p12, password=password)
    client = HttpClient(tls)
    with raw_server(p256, obliging) as server:
        client.shake_hands(server.url)
        assert post(client, server.url) == b"ok"
        client.close()
    with pytest.raises(LoginError, match="RNR-4152") as caught:
        client_tls(trusted=None, certificate=p256.technical_p12, password="wrong-secret")
    assert "wrong-secret" not in str(caught.value)
