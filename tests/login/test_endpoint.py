"""The login endpoint over real TLS: who is let in, what a stranger learns, and what the log never shows."""

from __future__ import annotations

import http.client
import json
import logging
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from runner.errors import LoginError
from runner.login import endpoint as endpoint_module
from runner.login.client import log_in
from runner.login.endpoint import LONGEST_BODY_BYTES, LoginEndpoint
from runner.login.nonce import nonce_hash
from runner.settings import Login
from tests.login.site import PASSWORD, Site
from tests.support.logins import a_token
from tests.support.throwaway import Authority

NONCE = "Nonce_481516-2342abcdefg"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Endpoint:
    """A running endpoint and its hospital."""

    site: Site
    settings: Login
    address: tuple[str, int]
    context: ssl.SSLContext

    def ask(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Any:
        """Status, headers and text of one request."""
        connection = http.client.HTTPSConnection(*self.address, context=self.context, timeout=20)
        try:
            connection.request(method, path, body or None, headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read().decode()
        finally:
            connection.close()

    def login(self, nonce: str = NONCE, password: str = PASSWORD) -> tuple[int, dict[str, Any]]:
        body = json.dumps({"nonce": nonce, "one_time_password": password}).encode()
        status, _, text = self.ask("POST", "/login/otp", body, {"Content-Type": "application/json"})
        return status, json.loads(text)

    def login_by_form(self, **fields: str) -> tuple[int, str]:
        status, headers, text = self.ask("POST", "/login/otp", urlencode(fields).encode(), FORM)
        assert headers["Content-Type"] == "text/html; charset=utf-8"
        return status, text


def make(folder: Path, site: Site, **limits: int) -> tuple[LoginEndpoint, Login, ssl.SSLContext]:
    authority = Authority(folder)
    issued = authority.server()
    settings = Login(issued.certificate, issued.key, "127.0.0.1:0", trust=authority.certificate, **limits)  # type: ignore[arg-type]
    context = ssl.create_default_context(cafile=authority.certificate)
    return LoginEndpoint(settings, site.admission, site.logins, site.clock, test=True), settings, context


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[Endpoint]:
    site = Site()
    made, settings, context = make(tmp_path, site, attempts_per_minute=20)
    address = made.start()
    yield Endpoint(site, settings, address, context)
    made.stop()


def number(answer: tuple[int, dict[str, Any]]) -> int:
    assert set(answer[1]) == {"error"}
    assert set(answer[1]["error"]) == {"number", "sentence_hu"}
    assert answer[1]["error"]["sentence_hu"]
    found = answer[1]["error"]["number"]
    assert isinstance(found, int)
    return found


def test_a_right_password_for_a_begun_request_gives_a_session(endpoint: Endpoint) -> None:
    endpoint.site.begin("kovacs", NONCE)
    status, answer = endpoint.login()
    assert status == 200
    (row,) = endpoint.site.logins.state()
    assert answer == {"eeszt_user": "O12345", "ends_at": row.ends_at.isoformat()}
    assert row.his_user == "kovacs"


def test_a_session_belongs_to_the_client_that_began_its_request(endpoint: Endpoint) -> None:
    other = "Another_481516-2342abcdefg"
    endpoint.site.logins.begin("kovacs", nonce_hash(other), 120, "handle of another client")
    endpoint.site.logins.begin("kovacs", nonce_hash(NONCE), 120, "handle of this client")
    assert endpoint.login(other, "wrong")[0] == 403
    assert endpoint.login()[0] == 200
    (row,) = endpoint.site.logins.state()
    assert row.handle_hash == "handle of this client"


def test_unknown_used_and_old_requests_are_told_alike_and_cost_no_password(endpoint: Endpoint) -> None:
    endpoint.site.grants["second"] = a_token()
    unknown = endpoint.login()
    endpoint.site.begin("kovacs", NONCE)
    assert endpoint.login()[0] == 200
    used = endpoint.login(password="second")
    old_nonce = endpoint.site.begin("kovacs", NONCE + "x")
    endpoint.site.clock.advance(120)
    old = endpoint.login(old_nonce, "second")
    assert unknown == used == old
    assert number(unknown) == 4407
    assert "second" in endpoint.site.grants


def test_a_request_is_used_up_by_a_wrong_password_too(endpoint: Endpoint) -> None:
    endpoint.site.begin("kovacs", NONCE)
    assert number(endpoint.login(password="wrong")) == 4101
    assert number(endpoint.login()) == 4407


def test_one_request_used_by_many_at_once_logs_in_once(endpoint: Endpoint) -> None:
    endpoint.site.begin("kovacs", NONCE)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: endpoint.login(), range(8)))
    assert sorted(status for status, _ in answers) == [200] + [403] * 7


def test_the_his_user_cannot_be_named_by_the_caller(endpoint: Endpoint) -> None:
    endpoint.site.begin("szucs", NONCE)
    body = json.dumps({"nonce": NONCE, "one_time_password": PASSWORD, "his_user": "kovacs"}).encode()
    status, _, text = endpoint.ask("POST", "/login/otp", body, {"Content-Type": "application/json"})
    assert (status, number((status, json.loads(text)))) == (400, 4408)
    assert number(endpoint.login()) == 4403
    assert endpoint.site.logins.state() == []


def test_an_issuer_that_is_down_is_told_as_such(endpoint: Endpoint) -> None:
    endpoint.site.tokens.down = True
    endpoint.site.begin("kovacs", NONCE)
    status, answer = endpoint.login()
    assert (status, number((status, answer))) == (503, 5101)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b"[" * 4000, "application/json"),
        (b"\xff\xfe", "application/json"),
        (b'{"nonce": 1, "one_time_password": "x"}', "application/json"),
        (b'{"nonce": "Nonce_481516-2342abcdefg", "one_time_password": ["x"]}', "application/json"),
        (b'{"nonce": "a", "nonce": "Nonce_481516-2342abcdefg", "one_time_password": "x"}', "application/json"),
        (b'{"nonce": "Nonce_481516-2342abcdefg", "one_time_password": "a\\nb"}', "application/json"),
        (b'{"nonce": "../../etc/passwd/////////////", "one_time_password": "x"}', "application/json"),
        (b'{"nonce": "Nonce_481516-2342abcdefg", "one_time_password": "x"}', "text/plain"),
        (b'{"nonce": "Nonce_481516-2342abcdefg", "one_time_password": "x"}', ""),
    ],
)
def test_a_malformed_request_is_refused_and_uses_nothing_up(endpoint: Endpoint, body: bytes, content_type: str) -> None:
    endpoint.site.begin("kovacs", NONCE)
    status, _, text = endpoint.ask(
        "POST", "/login/otp", body, {"Content-Type": content_type, "Content-Length": str(len(body))}
    )
    assert (status, number((status, json.loads(text)))) == (400, 4408)
    assert endpoint.login()[0] == 200


def test_an_oversized_request_is_refused(endpoint: Endpoint) -> None:
    body = b'{"nonce": "' + b"a" * LONGEST_BODY_BYTES + b'"}'
    status, _, text = endpoint.ask("POST", "/login/otp", body, {"Content-Type": "application/json"})
    assert (status, number((status, json.loads(text)))) == (413, 4408)


def test_a_body_without_a_length_is_refused(endpoint: Endpoint) -> None:
    headers = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
    status, _, _ = endpoint.ask("POST", "/login/otp", b"0\r\n\r\n", headers)
    assert status == 411


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/login/otp", 404), ("POST", "/", 404), ("PUT", "/login/otp", 501), ("GET", "/../etc/passwd", 404)],
)
def test_other_paths_and_methods_are_refused_in_the_one_shape(
    endpoint: Endpoint, method: str, path: str, status: int
) -> None:
    found, _, text = endpoint.ask(method, path)
    assert found == status
    assert number((found, json.loads(text))) == 4408


def test_too_many_attempts_are_turned_away_even_with_a_right_password(tmp_path: Path) -> None:
    site = Site()
    made, settings, context = make(tmp_path, site, attempts_per_minute=3)
    endpoint = Endpoint(site, settings, made.start(), context)
    try:
        site.begin("kovacs", NONCE)
        assert [endpoint.login("x" * 22)[0] for _ in range(3)] == [403, 403, 403]
        status, answer = endpoint.login()
        assert (status, number((status, answer))) == (429, 4409)
        site.clock.advance(60)
        assert endpoint.login()[0] == 200
    finally:
        made.stop()


class Fields(HTMLParser):
    """What a browser would make of the page: form, fields, notices."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.form: dict[str, str | None] = {}
        self.inputs: dict[str, dict[str, str | None]] = {}
        self.scripts = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            self.form = found
        elif tag == "input":
            self.inputs[str(found["name"])] = found
        elif tag == "script":
            self.scripts += 1


def test_the_page_works_without_javascript(endpoint: Endpoint) -> None:
    endpoint.site.begin("kovacs", NONCE)
    status, _, page = endpoint.ask("GET", f"/?nonce={NONCE}")
    fields = Fields(page)
    assert (status, fields.scripts) == (200, 0)
    assert (fields.form["method"], fields.form["action"]) == ("post", "/login/otp")
    assert fields.inputs["nonce"]["value"] == NONCE
    assert fields.inputs["one_time_password"]["type"] == "password"
    status, page = endpoint.login_by_form(nonce=NONCE, one_time_password=f" {PASSWORD} ")
    assert status == 200
    assert "Sikeres bejelentkezés: <strong>O12345</strong>" in page
    assert "2026. 03. 02. 20:00" in page, "the grant's end, 19:00 UTC, in Hungarian winter time"


def test_the_page_tells_a_refusal_in_hungarian_and_never_shows_the_password(endpoint: Endpoint) -> None:
    status, page = endpoint.login_by_form(nonce=NONCE, one_time_password=PASSWORD)
    assert status == 403
    assert "Indítsa újra a bejelentkezést" in page
    assert PASSWORD not in page


def test_what_the_caller_writes_is_escaped(endpoint: Endpoint) -> None:
    _, _, page = endpoint.ask("GET", "/?nonce=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert Fields(page).scripts == 0
    assert "&quot;&gt;&lt;script&gt;" in page


def test_every_answer_carries_the_headers_that_browsers_heed(endpoint: Endpoint) -> None:
    for method, path in (("GET", "/"), ("GET", "/healthz"), ("POST", "/login/otp"), ("GET", "/none")):
        _, headers, _ = endpoint.ask(method, path)
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "Python" not in headers["Server"]


def test_health_is_told(endpoint: Endpoint) -> None:
    status, _, text = endpoint.ask("GET", "/healthz")
    assert (status, json.loads(text)) == (200, {"status": "up"})


def test_no_log_record_ever_holds_a_password_or_a_nonce(endpoint: Endpoint, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(1):
        endpoint.login()
        endpoint.site.begin("kovacs", NONCE)
        endpoint.login(password=PASSWORD + "?")
        endpoint.site.begin("kovacs", NONCE + "1")
        endpoint.login(NONCE + "1")
        endpoint.login_by_form(nonce=NONCE, one_time_password=PASSWORD)
        endpoint.ask("POST", "/login/otp", f'{{"nonce": "{NONCE}", {PASSWORD}'.encode(), FORM)
        endpoint.ask("GET", f"/?nonce={NONCE}")
    told = "\n".join(str(vars(each)) + logging.Formatter().format(each) for each in caplog.records)
    assert PASSWORD not in told
    assert NONCE not in told
    events = [vars(each).get("event") for each in caplog.records]
    assert events.count("login.attempted") == 2
    assert events.count("login.turned_away") == 3
    assert "login.granted" in events


def test_a_mistake_of_ours_is_told_without_details(endpoint: Endpoint, caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: str) -> None:
        raise ZeroDivisionError(PASSWORD)

    endpoint.site.logins.take = broken  # type: ignore[assignment, method-assign]
    status, answer = endpoint.login()
    assert (status, number((status, answer))) == (500, 9001)
    assert PASSWORD not in str(answer)
    assert "login.failed" in [vars(each).get("event") for each in caplog.records]


def test_plain_http_gets_nothing(endpoint: Endpoint) -> None:
    with socket.create_connection(endpoint.address, timeout=10) as plain:
        plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert b"EESZT" not in plain.recv(1000)
    assert endpoint.ask("GET", "/healthz")[0] == 200


def test_tls_older_than_1_2_is_refused_by_the_server(endpoint: Endpoint) -> None:
    suites = bytes.fromhex("c009c00ac013c014002f0035")
    hello = b"\x03\x02" + bytes(32) + b"\x00" + len(suites).to_bytes(2, "big") + suites + b"\x01\x00"
    handshake = b"\x01" + len(hello).to_bytes(3, "big") + hello
    with socket.create_connection(endpoint.address, timeout=10) as raw:
        raw.sendall(b"\x16\x03\x01" + len(handshake).to_bytes(2, "big") + handshake)
        answer = raw.recv(100)
    assert answer[0] == 0x15, "an alert"
    assert answer[5:7] == bytes([2, 70]), "fatal, protocol version"


def test_a_silent_or_dripping_connection_is_cut_and_holds_up_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint_module, "REQUEST_S", 0.5)
    monkeypatch.setattr(endpoint_module._Handler, "timeout", 0.5)
    site = Site()
    made, settings, context = make(tmp_path, site)
    endpoint = Endpoint(site, settings, made.start(), context)
    try:
        with (
            socket.create_connection(endpoint.address, timeout=10) as silent,
            socket.create_connection(endpoint.address, timeout=10) as raw,
            context.wrap_socket(raw, server_hostname="localhost") as dripping,
        ):
            dripping.sendall(b"GET / HT")
            assert endpoint.ask("GET", "/healthz")[0] == 200
            assert silent.recv(100) == b""
            assert dripping.recv(100) in (b"", b"HTTP/1.0")
    finally:
        made.stop()


def test_more_connections_than_there_are_threads_are_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_module, "MOST_CONNECTIONS", 1)
    site = Site()
    made, settings, context = make(tmp_path, site)
    endpoint = Endpoint(site, settings, made.start(), context)
    try:
        with (
            socket.create_connection(endpoint.address, timeout=10) as raw,
            context.wrap_socket(raw, server_hostname="localhost"),
            pytest.raises(OSError),
        ):
            endpoint.ask("GET", "/healthz")
    finally:
        made.stop()


def test_a_certificate_that_cannot_be_used_or_a_taken_address_is_told(tmp_path: Path) -> None:
    site = Site()
    made, settings, _ = make(tmp_path, site)
    host, port = made.start()
    try:
        taken = Login(settings.certificate, settings.key, f"{host}:{port}")
        with pytest.raises(LoginError, match="RNR-4308"):
            LoginEndpoint(taken, site.admission, site.logins, site.clock, test=True).start()
    finally:
        made.stop()
        made.stop()
    wrong = Login(settings.certificate, settings.certificate, "127.0.0.1:0")
    with pytest.raises(LoginError, match="RNR-4307"):
        LoginEndpoint(wrong, site.admission, site.logins, site.clock, test=True).start()


def test_the_client_logs_in_by_the_authority_or_by_the_endpoints_own_certificate(endpoint: Endpoint) -> None:
    address = f"https://localhost:{endpoint.address[1]}"
    granted = log_in(endpoint.settings, endpoint.site.logins, "kovacs", lambda: PASSWORD, address=address)
    assert granted.eeszt_user == "O12345"
    assert granted.ends_at == endpoint.site.logins.state()[0].ends_at
    pinned = Login(endpoint.settings.certificate, endpoint.settings.key)
    endpoint.site.grants["second"] = a_token()
    assert log_in(pinned, endpoint.site.logins, "kovacs", lambda: "second", address=address).eeszt_user == "O12345"


def test_the_client_tells_a_refusal_with_its_sentence(endpoint: Endpoint) -> None:
    address = f"https://localhost:{endpoint.address[1]}"
    with pytest.raises(LoginError, match=r"RNR-4411 .*RNR-4101") as error:
        log_in(endpoint.settings, endpoint.site.logins, "kovacs", lambda: "Kuku-rossz", address=address)
    assert "jelsz" in error.value.sentence
    assert "Kuku" not in str(error.value)


def test_the_client_shows_the_password_to_no_other_server(endpoint: Endpoint, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    stranger = Authority(tmp_path / "other", "Stranger")
    settings = Login(endpoint.settings.certificate, endpoint.settings.key, trust=stranger.certificate)
    address = f"https://localhost:{endpoint.address[1]}"
    with pytest.raises(LoginError, match="RNR-4410"):
        log_in(settings, endpoint.site.logins, "kovacs", lambda: PASSWORD, address=address)
    assert PASSWORD in endpoint.site.grants


def test_the_client_tells_that_nobody_listens(endpoint: Endpoint) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # held, so that nobody else comes to listen there
        address = f"https://localhost:{free.getsockname()[1]}"
        with pytest.raises(LoginError, match=r"RNR-4410 .*refused"):
            log_in(endpoint.settings, endpoint.site.logins, "kovacs", lambda: PASSWORD, address=address)
