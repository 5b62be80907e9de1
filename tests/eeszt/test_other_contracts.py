"""The same code with other contracts: SOAP 1.1, and a service without a harmless call or a technical user."""

from __future__ import annotations

import shutil
import threading
import uuid
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import PACK
from raw_server import Visit, raw_server
from test_against_simulator import Site, message, recorded

from runner.eeszt.breaker import BreakerSettings
from runner.eeszt.gateway import EesztGateway
from runner.eeszt.http import HttpClient, Timeouts
from runner.eeszt.keys import Signer
from runner.eeszt.tls import client_tls
from runner.errors import SettingsError
from runner.mapping.contract import ContractPack, load_pack
from runner.ports import Delivery, Message, Token
from runner.simulator.pki import Pki
from runner.simulator.process import start

if TYPE_CHECKING:
    from counterpart import FrozenClock


def test_soap_1_1_works_from_files_alone(tmp_path: Path) -> None:
    folder = tmp_path / "older"
    shutil.copytree(PACK, folder)
    for wsdl in folder.glob("*.wsdl"):
        text = wsdl.read_text(encoding="utf-8").replace("wsdl/soap12/", "wsdl/soap/")
        wsdl.write_text(text, encoding="utf-8")
    pack = load_pack(folder)
    assert pack.operation("erecept.Feliras").soap_version == "1.1"
    with start(tmp_path / "state", pack=folder) as sim:
        site = Site(sim, pack)
        doctor = site.login()
        asked = message()
        assert site.gateway.send(asked, doctor).delivery is Delivery.ANSWERED
        again = site.gateway.send(asked, doctor)
        assert (again.delivery, again.fault_code) == (Delivery.FAULT, "MAR_RENDBEN")
        site.http.close()


def test_many_senders_send_each_message_once(tmp_path: Path, pack: ContractPack) -> None:
    with start(tmp_path, pack=PACK) as sim:
        site = Site(sim, pack)
        doctor = site.login()
        messages = [message() for _ in range(40)]
        replies = []

        def work(mine: list[Message]) -> None:
            replies.extend(site.gateway.send(each, doctor) for each in mine)

        threads = [threading.Thread(target=work, args=(messages[n::8],)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        site.http.close()
        assert [reply.delivery for reply in replies] == [Delivery.ANSWERED] * 40
        assert [recorded(site, each.message_id) for each in messages] == [1] * 40


def a_token(clock: FrozenClock) -> Token:
    assertion = b'<a:Assertion xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a"></a:Assertion>'
    ends = clock.now() + timedelta(hours=1)
    return Token("O1", assertion, "_a", Signer.fresh().pkcs8(), "ORVOS", "1", clock.now(), ends)


def a_message(clock: FrozenClock, item: int) -> Message:
    return Message("erecept.Elerheto", uuid.uuid4().urn, b"<x></x>", clock.now() + timedelta(seconds=9), item)


def gateway_to(url: str, p256: Pki, pack: ContractPack, clock: FrozenClock) -> tuple[EesztGateway, HttpClient]:
    tls = client_tls(trusted=p256.ca.certificate, certificate=p256.institution.certificate, key=p256.institution.key)
    http = HttpClient(tls, Timeouts(connect_s=1, read_s=1), clock=clock.monotonic)
    addresses = dict.fromkeys(pack.services, url)
    return EesztGateway(pack, addresses, http, [], clock, breaker=BreakerSettings(try_s=2.0)), http


def test_without_a_technical_user_a_handshake_must_do(p256: Pki, pack: ContractPack, clock: FrozenClock) -> None:
    def conversation(visit: Visit) -> None:
        visit.read_request()

    with raw_server(p256, conversation) as server:
        gateway, http = gateway_to(server.url, p256, pack, clock)
        for item in (1, 2):
            assert gateway.send(a_message(clock, item), a_token(clock)).delivery is Delivery.LOST
        assert gateway.is_open("erecept")
        assert not gateway.try_again("erecept"), "it is not time yet"
        clock.pass_s(2)
        assert gateway.try_again("erecept")
        assert gateway.most_per_claim("erecept") == 1
        assert gateway.try_again("erecept"), "it is back already"
        http.close()
    assert len(server.requests) == 2
    clock.pass_s(60)
    assert gateway.send(a_message(clock, 3), a_token(clock)).delivery is Delivery.NOT_SENT
    assert gateway.is_open("erecept")
    clock.pass_s(60)
    assert not gateway.try_again("erecept")


def test_one_item_that_gets_no_answer_does_not_close_the_service(
    p256: Pki, pack: ContractPack, clock: FrozenClock
) -> None:
    gateway, _ = gateway_to("https://127.0.0.1:1/", p256, pack, clock)
    for _ in range(5):
        assert gateway.send(a_message(clock, 1), a_token(clock)).delivery is Delivery.NOT_SENT
    assert not gateway.is_open("erecept")


def test_a_session_that_has_ended_sends_nothing_and_blames_no_service(
    p256: Pki, pack: ContractPack, clock: FrozenClock
) -> None:
    gateway, _ = gateway_to("https://127.0.0.1:1/", p256, pack, clock)
    token = a_token(clock)
    clock.pass_s(3600)
    for item in (1, 2, 3):
        reply = gateway.send(a_message(clock, item), token)
        assert (reply.delivery, reply.detail) == (Delivery.NOT_SENT, "the session has ended")
    assert not gateway.is_open("erecept")


def test_a_message_that_cannot_be_signed_is_not_sent_and_blames_no_service(
    p256: Pki, pack: ContractPack, clock: FrozenClock, caplog: pytest.LogCaptureFixture
) -> None:
    gateway, _ = gateway_to("https://127.0.0.1:1/", p256, pack, clock)
    for item in (1, 2, 3):
        broken = replace(a_message(clock, item), body=b"<Titok>Kovacs</Titok><b/>")
        assert gateway.send(broken, a_token(clock)).delivery is Delivery.NOT_SENT
    assert not gateway.is_open("erecept")
    assert "cannot be signed" in caplog.text
    assert "Kovacs" not in str([record.__dict__ for record in caplog.records])


def test_a_service_without_an_address_is_named_at_the_start(p256: Pki, pack: ContractPack, clock: FrozenClock) -> None:
    tls = client_tls(trusted=None, certificate=p256.institution.certificate, key=p256.institution.key)
    with pytest.raises(SettingsError, match=r"eeszt\.addresses\.ekat"):
        EesztGateway(pack, {"erecept": "https://x/"}, HttpClient(tls), [], clock)
