"""Connections, answers and the clock, against the real simulator: each shown failing for its reason."""

from __future__ import annotations

import shutil
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic, time

import pytest

from runner.eeszt.heard import Dates, read_date
from runner.simulator.process import SimulatorProcess
from tests.check.site import Installation, write_certificate
from tests.check.time_server import answer, time_server

ONLINE = ("connections", "answers", "clock")

ASKED = ("ebeutalo", "ehr", "ekat", "eprofil", "erecept")
"""Services besides the issuer of tokens."""


@contextmanager
def listening(host: str, meet: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port that does something to each who connects."""
    with socket.create_server((host, 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    plain, _ = listener.accept()
                except OSError:
                    return
                with plain, suppress(OSError):  # the other side may hang up when it likes
                    plain.settimeout(10)
                    meet(plain)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def point(site: Installation, service: str, address: str) -> None:
    text = site.settings.read_text("utf-8")
    (old,) = [line for line in text.splitlines() if line.startswith(f"{service} = ")]
    site.change(old, f'{service} = "{address}"')


def test_a_good_installation_reaches_every_service_is_answered_and_knows_the_time(connected: Installation) -> None:
    findings = connected.findings(*ONLINE, offline=False)
    assert [(each.group, each.name, each.status) for each in findings] == [
        ("connections", "addresses", "ok"),
        *(("connections", service, "ok") for service in (*ASKED, "sts")),
        ("answers", "technical user", "ok"),
        *(("answers", service, "ok") for service in ASKED),
        ("clock", "EESZT", "ok"),
    ]


def test_the_check_leaves_nothing_at_the_eeszt(connected: Installation, counterpart: SimulatorProcess) -> None:
    before = counterpart.control.register()
    connected.findings(*ONLINE, offline=False)
    assert counterpart.control.register() == before


def test_a_service_that_nobody_serves_fails_alone(connected: Installation) -> None:
    point(connected, "ekat", "https://127.0.0.1:9/ekat")
    bad = connected.bad("connections", offline=False)
    assert [(name, status, "RNR-5202" in found) for name, status, found in bad] == [("ekat", "FAIL", True)]


def test_a_service_of_the_contract_without_an_address_fails(connected: Installation) -> None:
    connected.change("ekat = ", "kate = ")
    bad = connected.bad("connections", "answers", offline=False)
    assert [(name, status) for name, status, _ in bad] == [("addresses", "FAIL"), ("answers", "skip")]
    assert "RNR-1003" in bad[0][2]


def test_a_server_of_another_name_is_not_believed(connected: Installation) -> None:
    def meet(plain: socket.socket) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(connected.pki / "server.crt", connected.pki / "server.key")
        try:
            context.wrap_socket(plain, server_side=True).close()
        except OSError:
            return

    with listening("127.0.0.2", meet) as port:
        point(connected, "erecept", f"https://127.0.0.2:{port}/erecept")
        ((name, status, found),) = connected.bad("connections", offline=False)
    assert (name, status) == ("erecept", "FAIL")
    assert "RNR-5203" in found
    assert "IP address mismatch" in found


def test_a_server_of_another_authority_is_not_believed(connected: Installation) -> None:
    write_certificate(connected.pki / "ca.crt", None, days=400)
    bad = connected.bad("connections", offline=False)
    assert [(name, "RNR-5203" in found) for name, _, found in bad] == [(service, True) for service in (*ASKED, "sts")]


def test_a_certificate_that_the_eeszt_does_not_know_fails_at_the_door(connected: Installation) -> None:
    for ending in ("crt", "key"):
        shutil.copy(connected.pki / f"stranger.{ending}", connected.pki / f"institution.{ending}")
    bad = connected.bad("connections", offline=False)
    assert [(name, "RNR-5204" in found) for name, _, found in bad] == [(service, True) for service in (*ASKED, "sts")]


def test_a_server_that_says_nothing_holds_nobody_up(connected: Installation) -> None:
    with listening("127.0.0.1", lambda plain: bool(plain.recv(1)) and wait_for_the_end(plain)) as port:
        for service in (*ASKED, "sts"):
            point(connected, service, f"https://127.0.0.1:{port}/{service}")
        began = monotonic()
        bad = connected.bad("connections", offline=False)
        took_s = monotonic() - began
    assert [(name, "timed out" in found) for name, _, found in bad] == [(service, True) for service in (*ASKED, "sts")]
    assert took_s < 30


def wait_for_the_end(plain: socket.socket) -> None:
    while plain.recv(4096):
        pass


def test_an_answer_that_another_key_signed_fails(connected: Installation) -> None:
    connected.change('pins = ["pki/service.crt"]', 'pins = ["pki/other_institution.crt"]')
    bad = connected.bad("answers", offline=False)
    assert [(name, "RNR-5207" in found) for name, _, found in bad] == [(service, True) for service in ASKED]


def test_a_technical_user_whom_the_eeszt_does_not_know_fails(connected: Installation) -> None:
    connected.change('name = "TECHNIKAI-013579"', 'name = "TECHNIKAI-013580"')
    ((name, status, found),) = connected.bad("answers", offline=False)
    assert (name, status) == ("technical user", "FAIL")
    assert "RNR-4105" in found


def without_technical_user(site: Installation) -> None:
    text = site.settings.read_text("utf-8")
    begins, ends = text.index("[technical_user]"), text.index("[login]")
    site.settings.write_text(text[:begins] + text[ends:], "utf-8")


def test_without_a_technical_user_no_service_is_asked_and_the_time_is_known_all_the_same(
    connected: Installation,
) -> None:
    without_technical_user(connected)
    assert [(name, status) for name, status, _ in connected.bad(*ONLINE, offline=False)] == [("technical user", "skip")]


@pytest.mark.parametrize(
    ("ahead_s", "status", "said"),
    [(4, None, ""), (15, "warn", "behind"), (-15, "warn", "ahead of"), (360, "FAIL", "behind")],
)
def test_a_drift_is_told_before_messages_break(
    connected: Installation, counterpart: SimulatorProcess, ahead_s: float, status: str | None, said: str
) -> None:
    counterpart.control.fault("clock_skew", seconds=ahead_s)
    bad = connected.bad("answers", "clock", offline=False)
    drifts = [each for each in bad if each[0] == "EESZT"]
    assert [(name, told) for name, told, _ in drifts] == ([("EESZT", status)] if status else [])
    assert all(said in found and "RNR-5201" in found for _, _, found in drifts)
    assert (bad != drifts) == (status == "FAIL")


def test_the_limits_are_the_site_s_to_set(connected: Installation, counterpart: SimulatorProcess) -> None:
    connected.change("[log]\n", '[clock]\nwarn_after = "3s"\nfail_after = "5s"\n\n[log]\n')
    counterpart.control.fault("clock_skew", seconds=10)
    assert [each[:2] for each in connected.bad("answers", "clock", offline=False)] == [("EESZT", "FAIL")]


@pytest.mark.parametrize(("ahead_s", "status"), [(0.0, None), (-12.0, "warn"), (25.0, "FAIL")])
def test_a_time_server_is_asked_where_one_is_named(connected: Installation, ahead_s: float, status: str | None) -> None:
    with time_server(lambda question: answer(question, ahead_s=ahead_s)) as address:
        connected.change("[log]\n", f'[clock]\ntime_server = "{address}"\n\n[log]\n')
        bad = connected.bad("clock", offline=False)
    assert [(name, told) for name, told, _ in bad] == ([("time server", status)] if status else [])


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (lambda _: b"short", "it is too short"),
        (lambda question: answer(question[:40] + b"otherone"), "it answers another question"),
        (lambda question: answer(question, stratum=0), "it does not know the time itself"),
        (lambda question: answer(question, first=0xE4), "it does not know the time itself"),
        (lambda question: answer(question, first=0x23), "it does not know the time itself"),
    ],
)
def test_a_time_server_that_answers_wrongly_tells_nothing(
    connected: Installation, reply: Callable[[bytes], bytes], reason: str
) -> None:
    with time_server(reply) as address:
        connected.change("[log]\n", f'[clock]\ntime_server = "{address}"\n\n[log]\n')
        ((name, status, found),) = connected.bad("clock", offline=False)
    assert (name, status) == ("time server", "warn")
    assert reason in found


def test_nobody_who_tells_the_time_is_a_warning(site: Installation) -> None:
    bad = site.bad("clock", offline=False)
    assert [(name, status, "RNR-5206" in found) for name, status, found in bad] == [("EESZT", "warn", True)]


def test_a_date_header_tells_an_offset_with_its_uncertainty() -> None:
    heard = read_date("h", "Wed, 25 Nov 2026 10:00:00 GMT", 1_795_600_810.0, 1_795_600_814.0)
    assert heard is not None
    assert (heard.offset_s, heard.uncertainty_s) == (11.5, 2.5)


@pytest.mark.parametrize("date", ["", "now", "Wed, 99 Nov 2026 10:00:00 GMT", "Wed, 25 Nov 99999 10:00:00 GMT"])
def test_what_is_no_date_tells_nothing_and_the_last_word_stays(date: str) -> None:
    dates = Dates()
    dates.note("h", "Wed, 25 Nov 2026 10:00:00 GMT", time(), time())
    before = dates.newest()
    dates.note("h", date, time(), time())
    assert dates.newest() is before is not None
