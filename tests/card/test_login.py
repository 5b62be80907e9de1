"""A login with a card over real TLS: agent, endpoint, and whatever may go wrong or be tried between them."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import logging
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from runner.domain.card import CardProfile, PinRule, Statement
from runner.errors import LoginError
from runner.login.card import Code, Readers
from runner.login.card_agent import log_in, nonce_of
from runner.login.card_desk import CardDesk, endpoint_key
from runner.login.card_trust import CardTrust
from runner.login.endpoint import LONGEST_CARD_BODY_BYTES, LoginEndpoint
from runner.login.granted import Granted
from runner.login.nonce import nonce_hash
from runner.settings import Login
from runner.settings.workstation import Workstation
from tests.card.support import ScriptedService, profile
from tests.login.site import Site
from tests.support.card.applet import AUTHENTICATION, INTERNAL_AUTHENTICATE, VERIFY, Applet
from tests.support.card.identity import CardAuthority, CardIdentity, KeyKind
from tests.support.logins import INSTITUTION, FrozenClock
from tests.support.throwaway import Authority, Issued

PIN = "481516"
NONCE = "Nonce_481516-2342abcdefg"
CARDS = CardAuthority()


@dataclass
class Doctor:
    """Who sits at the workstation; keeps what he saw."""

    typed: str = PIN
    seen: list[tuple[str, str, str | None]] = field(default_factory=list)
    asked: list[int | None] = field(default_factory=list)

    def show(self, his_user: str, institution: str, short_code: str | None) -> None:
        assert not self.asked, "shown before the PIN is asked for"
        self.seen.append((his_user, institution, short_code))

    def card_needed(self) -> None:
        pytest.fail("a card is in the reader")

    def on_the_pad(self) -> None:
        pytest.fail("this reader has no keys")

    def pin(self, rule: PinRule, tries_left: int | None) -> str:
        assert rule.least == 6
        self.asked.append(tries_left)
        return self.typed


@dataclass
class Hospital:
    """An endpoint with its people, and a workstation."""

    site: Site
    endpoint: LoginEndpoint
    settings: Login
    workstation: Workstation
    certificate: x509.Certificate
    doctor: Doctor = field(default_factory=Doctor)

    def begin(self, his_user: str = "kovacs", nonce: str = NONCE) -> str:
        self.site.logins.begin(his_user, nonce_hash(nonce), 120, short_code="KLMNPR")
        return nonce

    def log_in(self, applet: Applet, nonce: str = NONCE, doctor: Doctor | None = None) -> Granted:
        readers = Readers(ScriptedService({"Virtual 0": applet}), pause=lambda _: None)
        return log_in(self.workstation, nonce, doctor or self.doctor, readers)

    def refused(self, applet: Applet, nonce: str = NONCE) -> LoginError:
        with pytest.raises(LoginError) as error:
            self.log_in(applet, nonce)
        assert error.value.sentence
        assert self.site.logins.state() == []
        return error.value

    def step(self, said: object) -> tuple[int, dict[str, Any]]:
        """Take a step by hand, as an attacker would."""
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection(self.workstation.host, self.workstation.port, context=context)
        try:
            body = said if isinstance(said, bytes) else json.dumps(said).encode()
            connection.request("POST", "/login/card", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def statement(self, nonce: str, said: Mapping[str, Any], **other: str) -> bytes:
        """What the agent would sign after the endpoint's second step."""
        facts = {"endpoint": spki(self.certificate), "request": nonce_hash(nonce), "session": said["session"], **other}
        return Statement(institution=INSTITUTION, time=datetime.fromisoformat(said["time"]), **facts).bytes()


def spki(certificate: x509.Certificate) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return hashlib.sha256(certificate.public_key().public_bytes(serialization.Encoding.DER, form)).hexdigest()


def opened(folder: Path, site: Site, issued: Issued, **more: Any) -> Hospital:
    """Start an endpoint with that certificate."""
    limits = {name: value for name, value in more.items() if name == "attempts_per_minute"}
    settings = Login(issued.certificate, issued.key, "127.0.0.1:0", **limits)
    trust = CardTrust([CARDS.write(folder / "cards.pem")], more.get("revoked", ()))
    key = endpoint_key(issued.certificate.read_bytes())
    kind = more.get("kind") or profile(more.get("profile", "reference_p256"))
    desk = CardDesk(kind, trust, site.admission, site.clock, institution=INSTITUTION, endpoint_key=key)
    endpoint = LoginEndpoint(settings, site.admission, site.logins, site.clock, test=True, cards=desk)
    host, port = endpoint.start()
    certificate = x509.load_pem_x509_certificate(issued.certificate.read_bytes())
    pin = hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest()
    return Hospital(site, endpoint, settings, Workstation(host, port, frozenset({pin})), certificate)


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[Hospital]:
    made = opened(tmp_path, Site(FrozenClock(datetime.now(UTC))), Authority(tmp_path).server(), attempts_per_minute=50)
    yield made
    made.endpoint.stop()


def card(owner: str = "O12345", **facts: Any) -> Applet:
    return Applet(CARDS.issue(owner), **facts)


def test_the_matched_doctor_is_logged_in_and_saw_whose_login_it_is_before_the_pin(hospital: Hospital) -> None:
    hospital.begin()
    applet = card()
    granted = hospital.log_in(applet)
    (row,) = hospital.site.logins.state()
    assert (row.his_user, row.eeszt_user, row.method) == ("kovacs", "O12345", "card")
    assert granted == Granted("O12345", row.ends_at)
    assert hospital.doctor.seen == [("kovacs", INSTITUTION, "KLMNPR")]
    assert hospital.doctor.asked == [3]
    assert hospital.site.woken == [1], "what waits for him is told at once"


def test_rsa_cards_log_in_by_another_profile(tmp_path: Path) -> None:
    site = Site(FrozenClock(datetime.now(UTC)))
    made = opened(tmp_path, site, Authority(tmp_path).server(), profile="reference_rsa")
    try:
        made.begin()
        made.log_in(Applet(CARDS.issue(kind="rsa"), takes="digest_info"))
        assert [each.method for each in site.logins.state()] == ["card"]
    finally:
        made.endpoint.stop()


@pytest.mark.parametrize(
    ("key", "said", "facts"),
    [
        (
            "p384",
            {
                "algorithm": "ecdsa_sha384",
                "pin": {"reference": "81", "form": "iso_9564_2", "least": "6", "most": "12"},
                "signing": {"command": "compute_signature", "key": "82", "mechanism": "24", "takes": "digest"},
            },
            {"block": bytes.fromhex("26481516FFFFFFFF"), "short_answers": True},
        ),
        (
            "rsa",
            {
                "algorithm": "rsa_pss_sha256",
                "pin": {"reference": "81", "form": "bcd", "least": "6", "most": "6"},
                "signing": {"command": "compute_signature", "key": "82", "takes": "digest"},
            },
            {"block": bytes.fromhex("481516"), "is_pss": True},
        ),
        (
            "p256",
            {
                "algorithm": "ecdsa_sha256",
                "pin": {"reference": "81", "form": "ascii", "least": "6", "most": "6"},
                "signing": {"command": "internal_authenticate", "key": "82", "takes": "message"},
            },
            {"takes": "message"},
        ),
        (
            "p384",
            {
                "algorithm": "ecdsa_sha384",
                "pin": {"reference": "81", "form": "ascii", "least": "6", "most": "6"},
                "signing": {"command": "compute_signature", "key": "82", "takes": "digest", "gives": "der"},
            },
            {"gives_der": True},
        ),
        (
            "rsa4096",
            {
                "algorithm": "rsa_pkcs1_sha256",
                "pin": {"reference": "81", "form": "ascii", "least": "6", "most": "6"},
                "signing": {"command": "internal_authenticate", "key": "82", "takes": "message", "lengths": "extended"},
            },
            {"takes": "message", "is_extended": True},
        ),
    ],
    ids=["P-384", "RSA-PSS", "a card that hashes", "a signature in DER", "extended lengths, RSA of 4096 bits"],
)
def test_other_cards_log_in_by_profiles_of_their_own(
    tmp_path: Path, key: KeyKind, said: dict[str, Any], facts: dict[str, Any]
) -> None:
    other = {"card": "masik", "title": "Másik", "conversation": "sign_challenge"}
    place = {"application": AUTHENTICATION.hex(), "certificate": {"path": ["C001"]}}
    kind = CardProfile.of({**other, **place, **said})
    site = Site(FrozenClock(datetime.now(UTC)))
    made = opened(tmp_path, site, Authority(tmp_path).server(), kind=kind)
    try:
        made.begin()
        granted = made.log_in(Applet(CARDS.issue(kind=key), **facts))
        assert granted.eeszt_user == "O12345"
    finally:
        made.endpoint.stop()


def test_a_certificate_of_somebody_else_on_the_card_logs_nobody_in(hospital: Hospital) -> None:
    hospital.begin()
    mine, his = CARDS.issue("O23456"), CARDS.issue("O12345")
    stolen = CardIdentity(his.certificate, mine.key)  # his certificate is public, his key is not
    assert hospital.refused(Applet(stolen)).number == 4213
    assert hospital.site.tokens.proofs == []
    _, shown = hospital.step({"nonce": hospital.begin(nonce=NONCE + "2")})  # ... and without our agent
    name = shown["conversation"]
    _, said = hospital.step({"conversation": name, "certificate": base64.b64encode(his.der).decode()})
    data = hospital.statement(NONCE + "2", said)
    assert hospital.step({"conversation": name, "signature": signed(stolen, data)})[1]["error"]["number"] == 4234
    assert hospital.site.logins.state() == []


@pytest.mark.parametrize("der", [b"", b"\x30", b"\x00" * 900, b"\x30\x82\x03\x00" + b"\xa0" * 768])
def test_a_certificate_that_is_none_is_refused_by_the_endpoint_too(hospital: Hospital, der: bytes) -> None:
    _, shown = hospital.step({"nonce": hospital.begin()})
    step = {"conversation": shown["conversation"], "certificate": base64.b64encode(der).decode()}
    assert hospital.step(step)[1]["error"]["number"] == 4205
    assert hospital.step(step)[1]["error"]["number"] == 4235, "and the conversation is over"
    assert hospital.site.logins.refusals == [1]


def test_a_nonce_works_once_and_a_guessed_or_old_one_never(hospital: Hospital) -> None:
    hospital.begin()
    hospital.log_in(card())
    hospital.site.logins.end("O12345", "test")
    used = hospital.refused(card())
    guessed = hospital.refused(card(), "Guessed_2342-4815abcdefgh")
    old = hospital.begin(nonce=NONCE + "x")
    hospital.site.clock.advance(121)
    too_old = hospital.refused(card(), old)
    assert {str(each) for each in (used, guessed, too_old)} == {str(used)}
    assert "4407" in str(used)
    assert hospital.doctor.asked == [3], "nobody was asked for a PIN"


@pytest.mark.parametrize(
    ("owner", "number"), [("O23456", "4403"), ("SZ34567", "4403")], ids=["another doctor's card", "a nurse's card"]
)
def test_a_stolen_nonce_logs_nobody_else_in(hospital: Hospital, owner: str, number: str) -> None:
    hospital.begin("kovacs")
    assert number in str(hospital.refused(card(owner)))


def test_a_login_begun_for_somebody_else_shows_his_name_before_the_pin(hospital: Hospital) -> None:
    hospital.begin("szucs")
    hospital.refused(card("O12345"))
    assert hospital.doctor.seen == [("szucs", INSTITUTION, "KLMNPR")]


def test_a_challenge_that_was_relayed_through_another_endpoint_is_refused(hospital: Hospital, tmp_path: Path) -> None:
    """The doctor's agent speaks with an attacker, who passes on what the real endpoint says."""
    nonce = hospital.begin()
    identity = CARDS.issue()
    _, shown = hospital.step({"nonce": nonce})
    name = shown["conversation"]
    _, said = hospital.step({"conversation": name, "certificate": base64.b64encode(identity.der).decode()})
    (tmp_path / "other").mkdir()
    theirs = x509.load_pem_x509_certificate(Authority(tmp_path / "other").server().certificate.read_bytes())
    relayed = hospital.statement(nonce, said, endpoint=spki(theirs))
    status, answer = hospital.step({"conversation": name, "signature": signed(identity, relayed)})
    assert (status, answer["error"]["number"]) == (403, 4234)
    assert hospital.site.logins.state() == []


def signed(identity: CardIdentity, data: bytes) -> str:
    """Sign as the card does, after its PIN."""
    applet = Applet(identity, takes="message")
    applet._verified, applet._key, applet._application = True, 0x82, bytes.fromhex("F0455A53544C4F47494E")
    return base64.b64encode(applet._sign(0, 0, data, 0)[:-2]).decode()


@pytest.mark.parametrize("field", ["request", "session"])
def test_a_signature_over_another_request_or_session_key_is_refused(hospital: Hospital, field: str) -> None:
    nonce = hospital.begin()
    identity = CARDS.issue()
    _, shown = hospital.step({"nonce": nonce})
    name = shown["conversation"]
    _, said = hospital.step({"conversation": name, "certificate": base64.b64encode(identity.der).decode()})
    data = hospital.statement(nonce, said, **{field: "0" * 64})
    assert hospital.step({"conversation": name, "signature": signed(identity, data)})[1]["error"]["number"] == 4234
    right = hospital.statement(nonce, said)
    again = hospital.step({"conversation": name, "signature": signed(identity, right)})
    assert again[1]["error"]["number"] == 4235, "a conversation whose signature was wrong is over"


def test_a_signature_that_was_used_is_not_taken_again(hospital: Hospital) -> None:
    nonce = hospital.begin()
    identity = CARDS.issue()
    _, shown = hospital.step({"nonce": nonce})
    name = shown["conversation"]
    _, said = hospital.step({"conversation": name, "certificate": base64.b64encode(identity.der).decode()})
    last = {"conversation": name, "signature": signed(identity, hospital.statement(nonce, said))}
    assert hospital.step(last)[0] == 200
    assert hospital.step(last)[1]["error"]["number"] == 4235
    other = hospital.begin(nonce=NONCE + "2")
    _, shown = hospital.step({"nonce": other})
    hospital.step({"conversation": shown["conversation"], "certificate": base64.b64encode(identity.der).decode()})
    replayed = {**last, "conversation": shown["conversation"]}
    assert hospital.step(replayed)[1]["error"]["number"] == 4234


def test_a_conversation_ends_by_a_clock_that_nobody_can_move(hospital: Hospital) -> None:
    nonce = hospital.begin()
    _, shown = hospital.step({"nonce": nonce})
    hospital.site.clock._now -= timedelta(hours=1)  # the wall clock is set back
    hospital.site.clock._monotonic += 121
    shown_certificate = {
        "conversation": shown["conversation"],
        "certificate": base64.b64encode(CARDS.issue().der).decode(),
    }
    assert hospital.step(shown_certificate)[1]["error"]["number"] == 4235


@pytest.mark.parametrize(
    ("identity", "number"),
    [
        (lambda: CARDS.issue(ends=timedelta(hours=-1)), 4210),
        (lambda: CARDS.issue(signs_documents=True), 4211),
        (lambda: CardAuthority("Idegen").issue(), 4231),
    ],
    ids=["expired", "of the electronic signature", "of an unknown authority"],
)
def test_a_card_that_cannot_be_used_is_told_before_the_pin(
    hospital: Hospital, identity: Callable[[], CardIdentity], number: int
) -> None:
    hospital.begin()
    applet = Applet(identity())
    assert str(number) in str(hospital.refused(applet))
    assert (hospital.doctor.asked, applet.pins) == ([], 0)


def test_a_revoked_card_and_a_list_that_is_too_old_are_told_apart(tmp_path: Path) -> None:
    site = Site(FrozenClock(datetime.now(UTC)))
    revoked = tmp_path / "revoked.crl"
    made = opened(tmp_path, site, Authority(tmp_path).server(), revoked=[revoked])
    taken_back, good = CARDS.issue(), CARDS.issue()
    found = []
    try:
        for number, (content, identity) in enumerate(
            [
                (CARDS.revoke(taken_back), taken_back),
                (CARDS.revoke(age=timedelta(days=9)), good),
                (CardAuthority("Idegen").revoke(), good),
                (b"", good),
            ]
        ):
            revoked.write_bytes(content)
            found.append(str(made.refused(Applet(identity), made.begin(nonce=f"{NONCE}{number}"))))
        assert [text.partition("(RNR-")[2][:4] for text in found] == ["4232", "4233", "4233", "4233"]
        revoked.write_bytes(CARDS.revoke(taken_back))
        made.log_in(Applet(good), made.begin(nonce=NONCE + "good"))
        assert len(site.logins.state()) == 1
    finally:
        made.endpoint.stop()


def test_a_wrong_pin_is_presented_once_and_the_endpoint_is_told_why_nothing_comes(
    hospital: Hospital, caplog: pytest.LogCaptureFixture
) -> None:
    hospital.begin()
    hospital.doctor.typed = "000000"
    applet = card()
    with caplog.at_level(logging.DEBUG):
        error = hospital.refused(applet)
    assert error.number == 4208
    assert hospital.site.logins.refusals == [1], "the HIS sees it at once"
    assert (applet.pins, len(hospital.doctor.asked)) == (1, 1)
    told = [str(vars(each)["fault"]) for each in caplog.records if getattr(each, "event", "") == "login.refused"]
    assert len(told) == 1
    assert "4208" in told[0]


def test_a_corrupt_signature_is_not_sent(hospital: Hospital) -> None:
    hospital.begin()
    assert hospital.refused(card(corrupts=True)).number == 4213
    assert hospital.site.tokens.proofs == []


def test_neither_pin_nor_signature_stands_in_any_log(hospital: Hospital, caplog: pytest.LogCaptureFixture) -> None:
    hospital.begin()
    with caplog.at_level(logging.DEBUG):
        hospital.log_in(card())
    everything = str([vars(each) for each in caplog.records])
    assert "login.granted" in everything
    assert PIN not in everything
    assert NONCE not in everything


def test_an_endpoint_with_another_certificate_is_sent_nothing(hospital: Hospital) -> None:
    hospital.begin()
    hospital.workstation = Workstation(hospital.workstation.host, hospital.workstation.port, frozenset({"0" * 64}))
    assert hospital.refused(card()).number == 4221
    assert hospital.site.logins.take(nonce_hash(NONCE)) is not None, "the nonce was not shown to anybody"


def test_an_endpoint_that_is_gone_is_told(hospital: Hospital) -> None:
    hospital.endpoint.stop()
    assert hospital.refused(card()).number == 4222


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b'{"nonce": 5}',
        b'{"nonce": "short"}',
        b'{"conversation": "Nonce_481516-2342abcdefg", "signature": "%%"}',
        b'{"nonce": "Nonce_481516-2342abcdefg", "more": 1}',
        b"\xff\xfe",
    ],
)
def test_what_is_no_step_is_refused_in_the_one_shape_of_errors(hospital: Hospital, body: bytes) -> None:
    status, answer = hospital.step(body)
    assert (status, answer["error"]["number"]) == (400, 4408)


def test_an_oversized_step_is_refused(hospital: Hospital) -> None:
    assert hospital.step(b" " * (LONGEST_CARD_BODY_BYTES + 1))[0] == 413


def test_who_guesses_conversations_is_counted_and_kept_out(tmp_path: Path) -> None:
    site = Site(FrozenClock(datetime.now(UTC)))
    made = opened(tmp_path, site, Authority(tmp_path).server(), attempts_per_minute=5)
    try:
        guess = {"conversation": "Guess_481516-2342abcdefgh", "signature": "AAAA"}
        numbers = [made.step(guess)[1]["error"]["number"] for _ in range(8)]
        assert numbers == [4235] * 5 + [4409] * 3
    finally:
        made.endpoint.stop()


def test_fifty_logins_at_once_all_succeed(tmp_path: Path) -> None:
    site = Site(FrozenClock(datetime.now(UTC)))
    made = opened(tmp_path, site, Authority(tmp_path).server())
    together = threading.Barrier(50)

    def one(number: int) -> str:
        nonce = made.begin(nonce=f"{NONCE}{number}")
        applet = card()
        together.wait(60)
        return made.log_in(applet, nonce, Doctor()).eeszt_user

    try:
        with ThreadPoolExecutor(50) as pool:
            assert list(pool.map(one, range(50))) == ["O12345"] * 50
    finally:
        made.endpoint.stop()


def commands_of_a_login(hospital: Hospital) -> list[int]:
    """The instructions that a card is given; the second VERIFY is the one with the PIN."""
    applet = card()
    hospital.log_in(applet, hospital.begin(nonce=f"{NONCE}0"), Doctor())
    return [instruction for instruction, _, _ in applet.seen]


def broken_off(hospital: Hospital, applet: Applet, at: int, *codes: int) -> LoginError | Granted:
    """Log in where the service breaks off the command of that number, and perhaps those after it."""
    service = ScriptedService({"Virtual 0": applet}, SCardTransmit=[0] * at + [int(code) for code in codes])
    try:
        return log_in(hospital.workstation, hospital.begin(), hospital.doctor, Readers(service, pause=lambda _: None))
    except LoginError as error:
        return error


@pytest.mark.parametrize("code", [Code.NOT_TRANSACTED, Code.RESET_CARD, Code.REMOVED_CARD])
def test_a_command_before_the_pin_that_is_broken_off_is_survived_once(hospital: Hospital, code: int) -> None:
    commands = commands_of_a_login(hospital)
    for at in range(commands.index(VERIFY) + 1):
        applet, hospital.doctor = card(), Doctor()
        granted = broken_off(hospital, applet, at, code)
        assert isinstance(granted, Granted), granted
        assert (applet.pins, len(hospital.doctor.asked)) == (1, 1)


def test_a_card_that_is_broken_off_again_is_told_before_the_pin(hospital: Hospital) -> None:
    error = broken_off(hospital, card(), 0, Code.NOT_TRANSACTED, Code.NOT_TRANSACTED)
    assert isinstance(error, LoginError)
    assert error.number == 4219
    assert hospital.doctor.asked == []


@pytest.mark.parametrize("code", [Code.NOT_TRANSACTED, Code.RESET_CARD, Code.REMOVED_CARD])
def test_nothing_is_repeated_once_a_pin_was_presented(hospital: Hospital, code: int) -> None:
    commands = commands_of_a_login(hospital)
    with_pin = commands.index(VERIFY, commands.index(VERIFY) + 1)
    for at in range(with_pin, len(commands)):
        applet, hospital.doctor = card(), Doctor()
        error = broken_off(hospital, applet, at, code)
        assert isinstance(error, LoginError)
        assert error.number in {4212, 4219}
        assert applet.pins == (at > with_pin), "a PIN that was broken off may have arrived, and is not said again"
        assert len(applet.seen) == at


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (NONCE + "\n", NONCE),
        (f"eeszt-login:{NONCE}", NONCE),
        (f"eeszt-login://{NONCE}/", NONCE),
        (f"eeszt-login:{NONCE}?endpoint=https://evil.example", None),
        ("https://evil.example", None),
        ("--help", None),
        ("", None),
    ],
)
def test_an_address_may_carry_the_nonce_and_nothing_else(said: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(LoginError) as error:
            nonce_of(said)
        assert error.value.number == 4220
    else:
        assert nonce_of(said) == expected


def test_a_card_that_refuses_to_sign_ends_the_login(hospital: Hospital) -> None:
    hospital.begin()
    assert hospital.refused(card(answers={INTERNAL_AUTHENTICATE: 0x6985})).number == 4214


CLIENT = """\
import base64, json, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
asked = json.load(sys.stdin)
if asked["ask"] in sys.argv[3:]:
    sys.exit(4)
certificate = x509.load_pem_x509_certificate(open(sys.argv[1], "rb").read())
if asked["ask"] == "certificate":
    answer = certificate.public_bytes(serialization.Encoding.DER)
else:
    key = serialization.load_pem_private_key(open(sys.argv[2], "rb").read(), None)
    r, s = decode_dss_signature(key.sign(base64.b64decode(asked["data"]), ec.ECDSA(hashes.SHA256())))
    answer = r.to_bytes(32, "big") + s.to_bytes(32, "big")
print(json.dumps({"answer": base64.b64encode(answer).decode()}))
"""


@pytest.mark.parametrize("fails_at", [None, "certificate", "signature"])
def test_the_cards_own_client_may_do_it(tmp_path: Path, fails_at: str | None) -> None:
    site = Site(FrozenClock(datetime.now(UTC)))
    made = opened(tmp_path, site, Authority(tmp_path).server(), profile="client")
    identity = CARDS.issue()
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (tmp_path / "client.py").write_text(CLIENT)
    (tmp_path / "certificate").write_bytes(identity.certificate.public_bytes(pem))
    (tmp_path / "key").write_bytes(identity.key.private_bytes(pem, pkcs8, serialization.NoEncryption()))
    words = (sys.executable, *(str(tmp_path / name) for name in ("client.py", "certificate", "key")))
    client = (*words, fails_at) if fails_at else words
    place = Workstation(made.workstation.host, made.workstation.port, made.workstation.pins, client=client)
    try:
        made.begin()
        if fails_at is None:
            assert log_in(place, NONCE, made.doctor).eeszt_user == "O12345"
            assert made.doctor.seen == [("kovacs", INSTITUTION, "KLMNPR")]
        else:
            with pytest.raises(LoginError) as error:
                log_in(place, NONCE, made.doctor)
            assert error.value.number == 4225
            assert site.logins.state() == []
    finally:
        made.endpoint.stop()


def test_an_external_profile_without_a_client_on_this_machine_is_told(tmp_path: Path) -> None:
    site = Site(FrozenClock(datetime.now(UTC)))
    made = opened(tmp_path, site, Authority(tmp_path).server(), profile="client")
    try:
        made.begin()
        assert made.refused(card()).number == 4225
    finally:
        made.endpoint.stop()
