"""The gateway and the token service against the simulator, a process of its own over real mutual TLS."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest
from conftest import PACK
from counterpart import ER

from runner.eeszt.breaker import BreakerSettings
from runner.eeszt.gateway import EesztGateway
from runner.eeszt.http import HttpClient, Timeouts
from runner.eeszt.keys import Signer, read_pins, read_signer
from runner.eeszt.sts import Sts, TechnicalUser
from runner.eeszt.tls import client_tls
from runner.errors import LoginError, TransportError
from runner.mapping.contract import ContractPack
from runner.ports import Delivery, Message, Reply, Token
from runner.simulator.process import SimulatorProcess, start

DOCTOR = "O52713"
PATIENT = Timeouts(connect_s=30.0, read_s=60.0, idle_s=20.0)
"""A machine may be busy: only what is never answered runs into its end."""
HASTY = replace(PATIENT, read_s=0.4)
"""For what is answered too late, or never."""
NEVER = BreakerSettings(items=1_000_000)


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return monotonic()


class Site:
    """What app.py wires, for one simulator."""

    def __init__(self, sim: SimulatorProcess, pack: ContractPack, breaker: BreakerSettings = NEVER) -> None:
        pki = sim.pki
        self.sim = sim
        self.pack = pack
        tls = client_tls(trusted=pki.ca.certificate, certificate=pki.institution.certificate, key=pki.institution.key)
        self.http = HttpClient(tls, PATIENT)
        institution = read_signer(pki.institution.key, certificate=pki.institution.certificate)
        password = pki.technical_password.read_text()
        technical = TechnicalUser("TECHNIKAI-100001", read_signer(pki.technical_p12, password=password))
        self.sts = Sts(
            pack,
            sim.addresses["sts"],
            self.http,
            read_pins(pki.sts.certificate),
            WallClock(),
            institution_signer=institution,
            technical=technical,
            institution="100001",
        )
        self.gateway = EesztGateway(
            pack,
            sim.addresses,
            self.http,
            read_pins(pki.service.certificate),
            WallClock(),
            tokens=self.sts,
            institution_signer=institution,
            technical_signer=technical.signer,
            breaker=breaker,
        )

    def login(self) -> Token:
        """A doctor's token; the password one step ahead where the present one is used up."""
        try:
            return self.sts.issue(DOCTOR, self.sim.one_time_password(DOCTOR))
        except LoginError:
            return self.sts.issue(DOCTOR, self.sim.one_time_password(DOCTOR, ahead_s=30))


@pytest.fixture(scope="module", params=["holder_of_key", "bearer"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, pack: ContractPack
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("simulator")
    with start(folder, pack=PACK, proof=request.param) as sim:
        security = replace(pack.security, proof=request.param)
        made = Site(sim, replace(pack, security=security))
        yield made
        made.http.close()


@pytest.fixture(scope="module")
def doctor(site: Site) -> Token:
    return site.login()


@pytest.fixture(autouse=True)
def _no_faults(site: Site) -> Iterator[None]:
    yield
    site.sim.control.clear()


def prescription(message_id: str, taj: str = "123456788") -> bytes:
    kz = "urn:x-eeszt-runner:reference-contract:1:kozos"
    return (
        f'<er:FelirasKeres xmlns:er="{ER}"><er:Paciens><kz:Azonosito xmlns:kz="{kz}" tipus="TAJ">{taj}</kz:Azonosito>'
        f'<kz:Nev xmlns:kz="{kz}">Próba Ödön</kz:Nev><kz:SzuletesiDatum xmlns:kz="{kz}">1980-05-06</kz:SzuletesiDatum>'
        f'</er:Paciens><er:Felirta><kz:Pecsetszam xmlns:kz="{kz}">52713</kz:Pecsetszam>'
        f'<kz:Munkahely xmlns:kz="{kz}">010100101</kz:Munkahely></er:Felirta>'
        f"<er:SajatAzonosito>{message_id}</er:SajatAzonosito><er:FelirasIdeje>2026-03-02T10:00:00Z</er:FelirasIdeje>"
        "<er:Gyari><er:Ttt>210000001</er:Ttt><er:Mennyiseg>1</er:Mennyiseg>"
        "<er:Helyettesitheto>true</er:Helyettesitheto></er:Gyari><er:Jogcim>1</er:Jogcim><er:Bno>I10</er:Bno>"
        "<er:Adagolas>1x1</er:Adagolas></er:FelirasKeres>"
    ).encode()


def message(message_id: str | None = None, *, life_s: float = 30, taj: str = "123456788") -> Message:
    message_id = message_id or uuid.uuid4().urn
    expires_at = datetime.now(UTC) + timedelta(seconds=life_s)
    return Message("erecept.Feliras", message_id, prescription(message_id, taj), expires_at, item_id=7)


def recorded(site: Site, message_id: str) -> int:
    return sum(entry["message_id"] == message_id for entry in site.sim.control.register())


def send(site: Site, token: Token, asked: Message | None = None) -> tuple[Reply, int]:
    asked = asked or message()
    reply = site.gateway.send(asked, token)
    return reply, recorded(site, asked.message_id)


def test_a_prescription_is_taken_and_its_identifier_comes_back(site: Site, doctor: Token) -> None:
    asked = message()
    reply, copies = send(site, doctor, asked)
    assert (reply.delivery, copies) == (Delivery.ANSWERED, 1), reply.detail
    assert reply.body is not None
    assert reply.body.count(b"SIM") == 1


def test_sending_the_same_message_again_names_the_first(site: Site, doctor: Token) -> None:
    asked = message()
    send(site, doctor, asked)
    reply, copies = send(site, doctor, asked)
    assert (reply.delivery, reply.fault_code, copies) == (Delivery.FAULT, "MAR_RENDBEN", 1)
    assert (reply.fault_identifier or "").startswith("SIM")


def test_a_refusal_names_its_field(site: Site, doctor: Token) -> None:
    reply, copies = send(site, doctor, message(taj="123456789"))
    assert (reply.delivery, reply.fault_code, copies) == (Delivery.FAULT, "HIBAS_TAJ", 0)
    assert reply.fault_field == "Paciens/Azonosito"


def test_the_technical_user_may_not_prescribe(site: Site) -> None:
    reply, copies = send(site, site.sts.technical())
    assert (reply.delivery, reply.fault_code, copies) == (Delivery.FAULT, "NINCS_JOGOSULTSAG", 0)


@pytest.mark.parametrize(
    ("name", "args", "copies", "bad"),
    [
        ("silent", {}, 0, False),
        ("cut_before", {}, 0, False),
        ("cut_after_accept", {}, 1, False),
        ("slow", {"seconds": 1.0}, 1, False),
        ("html", {}, 0, True),
        ("wrong_signature", {"how": "value"}, 1, True),
        ("wrong_signature", {"how": "body"}, 1, True),
        ("wrong_signature", {"how": "signer"}, 1, True),
        ("missing_signature", {}, 1, True),
        ("wrong_relates_to", {}, 1, True),
        ("duplicate", {"signed": False, "identifier": "SIM000000000001"}, 0, True),
        ("clock_skew", {"seconds": 6.0 * 60}, None, True),
        ("outage", {"how": "503"}, 0, False),
        ("outage", {"how": "closed"}, 0, False),
        ("oversized", {}, 0, False),
        ("entity_bomb", {}, 0, True),
    ],
)
def test_without_an_answer_to_believe_the_message_is_in_doubt(
    site: Site,
    doctor: Token,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    args: dict[str, object],
    copies: int | None,
    *,
    bad: bool,
) -> None:
    if name in {"silent", "slow"}:
        monkeypatch.setattr(site.http, "timeouts", HASTY)
    site.sim.control.fault(name, operation="erecept.Feliras", **args)
    asked = message()
    reply = site.gateway.send(asked, doctor)
    assert (reply.delivery, reply.bad_answer) == (Delivery.LOST, bad), reply.detail
    assert reply.body is None
    assert reply.fault_code is None
    site.sim.control.clear()
    requests = [entry for entry in site.sim.control.log() if entry.get("message_id") == asked.message_id]
    assert len(requests) <= 1, "sent again by itself"
    if name != "slow" and copies is not None:
        assert recorded(site, asked.message_id) == copies


@pytest.mark.parametrize(
    ("name", "code"),
    [("expired_token", "TOKEN_LEJART"), ("overloaded", "TULTERHELT"), ("unknown_fault", "ISMERETLEN_HIBA")],
)
def test_a_signed_fault_is_given_with_its_code(site: Site, doctor: Token, name: str, code: str) -> None:
    site.sim.control.fault(name, operation="erecept.Feliras")
    reply, copies = send(site, doctor)
    assert (reply.delivery, reply.fault_code, copies) == (Delivery.FAULT, code, 0)


def test_an_expired_message_never_leaves(site: Site, doctor: Token) -> None:
    asked = message(life_s=-1)
    reply, copies = send(site, doctor, asked)
    assert (reply.delivery, copies) == (Delivery.NOT_SENT, 0)
    assert asked.message_id not in {entry.get("message_id") for entry in site.sim.control.log()}


def test_a_service_that_is_not_there_was_surely_not_reached(site: Site, doctor: Token) -> None:
    gateway = EesztGateway(
        site.pack,
        dict.fromkeys(site.pack.services, "https://127.0.0.1:1/erecept"),
        site.http,
        read_pins(site.sim.pki.service.certificate),
        WallClock(),
        institution_signer=site.gateway._institution_signer,
    )
    assert gateway.send(message(), doctor).delivery is Delivery.NOT_SENT


@pytest.mark.parametrize("who", ["stranger", "other_institution"])
def test_a_client_certificate_that_is_not_trusted_sends_nothing(site: Site, doctor: Token, who: str) -> None:
    pki = site.sim.pki
    identity = getattr(pki, who)
    tls = client_tls(trusted=pki.ca.certificate, certificate=identity.certificate, key=identity.key)
    http = HttpClient(tls, PATIENT)
    gateway = EesztGateway(
        site.pack,
        site.sim.addresses,
        http,
        read_pins(pki.service.certificate),
        WallClock(),
        institution_signer=site.gateway._institution_signer,
    )
    asked = message()
    reply = gateway.send(asked, doctor)
    http.close()
    assert recorded(site, asked.message_id) == 0
    if who == "stranger":
        assert reply.delivery is Delivery.NOT_SENT, reply.detail
        assert "ALERT" in reply.detail
    else:
        assert reply.delivery is Delivery.FAULT


def test_a_server_whose_authority_is_unknown_gets_nothing(site: Site, doctor: Token) -> None:
    pki = site.sim.pki
    tls = client_tls(trusted=pki.stranger.certificate, certificate=pki.institution.certificate, key=pki.institution.key)
    http = HttpClient(tls, PATIENT)
    gateway = EesztGateway(
        site.pack,
        site.sim.addresses,
        http,
        read_pins(pki.service.certificate),
        WallClock(),
        institution_signer=site.gateway._institution_signer,
    )
    reply = gateway.send(message(), doctor)
    assert reply.delivery is Delivery.NOT_SENT
    assert "certificate" in reply.detail


def test_who_logged_in_stands_in_the_token(site: Site, doctor: Token) -> None:
    assert (doctor.eeszt_user, doctor.role, doctor.institution) == (DOCTOR, "ORVOS", "100001")
    assert (doctor.key is None) == (site.pack.security.proof == "bearer")
    assert timedelta(hours=7) < doctor.expires_at - doctor.issued_at <= timedelta(hours=8)


@pytest.mark.parametrize(
    ("user", "password", "number"), [(DOCTOR, "000000", 4101), ("O99999", "123456", 4101), (DOCTOR, "\x01", 4101)]
)
def test_a_wrong_password_is_said_in_hungarian(site: Site, user: str, password: str, number: int) -> None:
    with pytest.raises(LoginError) as caught:
        site.sts.issue(user, password)
    assert caught.value.number == number
    assert "jelszó" in caught.value.sentence
    assert password not in str(caught.value)


def test_a_used_password_and_an_inactive_user_are_told_apart(site: Site) -> None:
    user = "E4402"
    password = site.sim.one_time_password(user)
    site.sts.issue(user, password)
    with pytest.raises(LoginError) as caught:
        site.sts.issue(user, password)
    assert caught.value.number == 4102
    with pytest.raises(LoginError) as caught:
        site.sts.issue("O70070", site.sim.one_time_password("O70070"))
    assert caught.value.number == 4103


@pytest.mark.parametrize(
    ("name", "args", "number"),
    [
        ("sts_down", {}, 5102),
        ("overloaded", {}, 5101),
        ("html", {}, 5102),
        ("wrong_relates_to", {}, 5102),
        ("missing_signature", {}, 5102),
        ("wrong_signature", {"how": "signer"}, 5102),
    ],
)
def test_an_sts_that_cannot_be_believed_gives_no_token(
    site: Site, name: str, args: dict[str, object], number: int
) -> None:
    site.sim.control.fault(name, operation="sts", **args)
    with pytest.raises(TransportError) as caught:
        site.sts.issue("SZ3301", "000000")
    assert caught.value.number == number
    assert caught.value.sentence


def test_an_assertion_of_another_issuer_is_refused(site: Site) -> None:
    sts = Sts(
        site.pack,
        site.sim.addresses["sts"],
        site.http,
        read_pins(site.sim.pki.service.certificate),
        WallClock(),
        technical=TechnicalUser("TECHNIKAI-100001", technical_signer(site)),
    )
    with pytest.raises(TransportError, match="not pinned"):
        sts.technical()


def technical_signer(site: Site) -> Signer:
    pki = site.sim.pki
    return read_signer(pki.technical.key, certificate=pki.technical.certificate)


def test_a_token_of_another_institution_or_user_is_refused(site: Site) -> None:
    for name, institution in (("TECHNIKAI-999", None), ("TECHNIKAI-100001", "999")):
        sts = Sts(
            site.pack,
            site.sim.addresses["sts"],
            site.http,
            read_pins(site.sim.pki.sts.certificate),
            WallClock(),
            technical=TechnicalUser(name, technical_signer(site)),
            institution=institution,
        )
        with pytest.raises(LoginError, match="RNR-4105"):
            sts.technical()


def test_an_outage_opens_the_breaker_and_a_harmless_call_brings_it_back(site: Site, doctor: Token) -> None:
    now = Site(site.sim, site.pack, BreakerSettings(items=2, try_s=0.0, longest_try_s=0.0, drained_at=4))
    site.sim.control.fault("outage", operation="erecept")
    for item in (1, 2):
        assert not now.gateway.is_open("erecept")
        asked = message()
        reply = now.gateway.send(Message(asked.operation, asked.message_id, asked.body, asked.expires_at, item), doctor)
        assert reply.delivery is Delivery.LOST
    assert now.gateway.is_open("erecept")
    assert not now.gateway.is_open("ekat")
    assert now.gateway.send(message(), doctor).delivery is Delivery.NOT_SENT
    assert not now.gateway.try_again("erecept")
    site.sim.control.clear()
    assert now.gateway.try_again("erecept")
    pace = []
    while (most := now.gateway.most_per_claim("erecept")) is not None:
        pace.append(most)
        assert now.gateway.send(message(), doctor).delivery is Delivery.ANSWERED
    assert pace == [1, 2, 2]
    harmless = [e for e in site.sim.control.log() if e.get("operation") == "erecept.Elerheto"]
    assert harmless, "the harmless call of the pack was used"
    now.http.close()


def test_no_name_and_no_token_reaches_the_log(site: Site, doctor: Token, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="runner")
    send(site, doctor)
    send(site, doctor, message(taj="123456789"))
    text = " ".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "message exchanged" in text
    for secret in ("Ödön", "123456788", "123456789", doctor.assertion_id, DOCTOR):
        assert secret not in text
