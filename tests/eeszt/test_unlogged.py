"""Nothing leaves that is not in the audit log: the order on the disk and on the wire, and a log that is down."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from counterpart import FrozenClock
from raw_server import Visit, raw_server

from runner.audit.keys import make_pair
from runner.domain.audit import Header
from runner.eeszt.breaker import BreakerSettings
from runner.eeszt.gateway import EesztGateway
from runner.eeszt.http import HttpClient, Timeouts
from runner.eeszt.keys import Signer
from runner.eeszt.sts import Sts
from runner.eeszt.tls import client_tls
from runner.errors import RunnerError
from runner.mapping.contract import ContractPack
from runner.ports import Delivery, Message, Token
from runner.simulator.pki import Pki
from tests.audit.desk import OfficersDesk
from tests.support.logins import FrozenClock as LogClock


@pytest.fixture(scope="module")
def key_pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("keys")
    make_pair(folder / "private.pem", folder / "public.pem", None, bits=3072)
    return folder / "private.pem", folder / "public.pem"


@pytest.fixture
def desk(tmp_path: Path, key_pair: tuple[Path, Path]) -> OfficersDesk:
    return OfficersDesk(tmp_path / "audit", *key_pair, clock=LogClock())


Make = Callable[[ContractPack, Pki, FrozenClock, str], tuple[EesztGateway, Sts]]


def client(p256: Pki, clock: FrozenClock) -> HttpClient:
    tls = client_tls(trusted=p256.ca.certificate, certificate=p256.institution.certificate, key=p256.institution.key)
    return HttpClient(tls, Timeouts(connect_s=1, read_s=1), clock=clock.monotonic)


def a_token(clock: FrozenClock) -> Token:
    assertion = b'<a:Assertion xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a"></a:Assertion>'
    ends = clock.now() + timedelta(hours=1)
    return Token("O1", assertion, "_a", Signer.fresh().pkcs8(), "ORVOS", "1", clock.now(), ends)


def a_message(clock: FrozenClock, item: int, begin_by: float | None = None) -> Message:
    expires_at = clock.now() + timedelta(seconds=9)
    return Message("erecept.Elerheto", uuid.uuid4().urn, b"<x></x>", expires_at, item, begin_by=begin_by)


def test_a_request_is_on_the_disk_when_its_bytes_arrive(
    desk: OfficersDesk, p256: Pki, pack: ContractPack, clock: FrozenClock
) -> None:
    seen: list[list[Header]] = []

    def conversation(visit: Visit) -> None:
        visit.read_request()
        seen.append(desk.search(kind="REQUEST"))

    with raw_server(p256, conversation) as server, desk.log() as log:
        addresses = dict.fromkeys(pack.services, server.url)
        gateway = EesztGateway(pack, addresses, client(p256, clock), [], clock, audit=log)
        message = a_message(clock, 7)
        reply = gateway.send(message, a_token(clock))
        assert reply.noted is not None
        assert reply.noted.anchor() is not None
    [[header]] = seen
    assert (header.item, header.message_id) == (7, message.message_id)
    [answered] = desk.search(kind="ANSWER")
    assert (answered.outcome, answered.message_id) == ("LOST", message.message_id)


@pytest.fixture
def fallen(desk: OfficersDesk) -> Iterator[Make]:
    """A log whose folder is gone, so that the first segment of the next day cannot be made."""
    with desk.log() as log:
        desk.clock.advance(86400)
        shutil.rmtree(log.folder)

        def make(pack: ContractPack, p256: Pki, clock: FrozenClock, url: str) -> tuple[EesztGateway, Sts]:
            http = client(p256, clock)
            addresses = dict.fromkeys(pack.services, url)
            few = BreakerSettings(items=1)
            gateway = EesztGateway(pack, addresses, http, [], clock, audit=log, breaker=few)
            return gateway, Sts(pack, url, http, [], clock, audit=log)

        yield make
        log.folder.mkdir()
        desk.clock.advance(2)
        assert log.try_again()


def test_what_cannot_be_logged_is_not_sent_and_blames_no_service(
    fallen: Make, p256: Pki, pack: ContractPack, clock: FrozenClock
) -> None:
    def conversation(visit: Visit) -> None:
        visit.read_request()

    with raw_server(p256, conversation) as server:
        gateway, sts = fallen(pack, p256, clock, server.url)
        assert not gateway.is_open("erecept")
        for item in (1, 2, 3):
            reply = gateway.send(a_message(clock, item), a_token(clock))
            assert (reply.delivery, reply.detail) == (Delivery.NOT_SENT, "the audit log cannot be written")
        assert gateway.is_open("erecept")
        assert not gateway.is_interrupted("erecept")
        with pytest.raises(RunnerError, match="RNR-5101"):
            sts.issue("O12345", "123456")
        assert not sts.is_down
    assert server.requests == []


def test_what_waited_for_the_disk_until_its_lease_ran_short_is_not_sent(
    desk: OfficersDesk, p256: Pki, pack: ContractPack, clock: FrozenClock
) -> None:
    with desk.log() as log:
        addresses = dict.fromkeys(pack.services, "https://127.0.0.1:1/")
        gateway = EesztGateway(
            pack, addresses, client(p256, clock), [], clock, audit=log, breaker=BreakerSettings(items=1)
        )
        reply = gateway.send(a_message(clock, 1, begin_by=clock.monotonic()), a_token(clock))
        assert (reply.delivery, reply.detail) == (Delivery.NOT_SENT, "its lease runs short")
        assert not gateway.is_open("erecept")
    assert [header.outcome for header in desk.search(kind="ANSWER")] == ["NOT_SENT"]
