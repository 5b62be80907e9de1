"""The card's application for identification: what is asked of it, and what each of its refusals tells the owner."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from runner.domain.card import CardProfile, PinForm, PinRule
from runner.errors import LoginError
from runner.login.card_application import Application, pin_block
from runner.login.card_layers import apdu, layered
from runner.login.card_proof import card_certificate, is_signed_by, raw_signature
from tests.card.support import Direct, profile
from tests.support.card.applet import (
    AUTHENTICATION,
    GET_RESPONSE,
    INTERNAL_AUTHENTICATE,
    PERFORM,
    READ_BINARY,
    SELECT,
    SIGNATURE,
    VERIFY,
    Applet,
)
from tests.support.card.identity import CardAuthority

PIN = "481516"
AUTHORITY = CardAuthority()
NOW = datetime.now(UTC)


def made(**facts: object) -> tuple[Applet, Application]:
    applet = Applet(AUTHORITY.issue(), **facts)  # type: ignore[arg-type]
    return applet, Application(Direct(applet), profile())


def number(call: Callable[[], object]) -> int:
    with pytest.raises(LoginError) as error:
        call()
    assert error.value.sentence, "the person is told in Hungarian"
    return error.value.number


@pytest.mark.parametrize("name", ["reference_p256", "reference_rsa"])
@pytest.mark.parametrize("short_answers", [False, True])
def test_a_card_signs_what_it_is_handed_after_the_right_pin(name: str, *, short_answers: bool) -> None:
    kind = profile(name)
    identity = AUTHORITY.issue(kind="rsa" if "rsa" in name else "p256")
    takes = kind.signing.takes if kind.signing else ""
    applet = Applet(identity, takes=takes, short_answers=short_answers)
    application = Application(Direct(applet), kind)
    assert application.certificate() == identity.der
    assert application.tries_left() == 3
    application.verify(lambda _: PIN)
    signature = application.sign(b"what is signed")
    assert is_signed_by(identity.certificate, kind.algorithm, b"what is signed", signature)
    assert not is_signed_by(identity.certificate, kind.algorithm, b"something else", signature)


def test_another_kind_of_card_is_another_file() -> None:
    other = CardProfile.of(
        {
            "card": "masik",
            "title": "Másik",
            "conversation": "sign_challenge",
            "algorithm": "ecdsa_sha384",
            "application": AUTHENTICATION.hex(),
            "certificate": {"path": ["C001"]},
            "pin": {"reference": "81", "form": "ascii", "least": "4", "most": "8"},
            "signing": {"command": "compute_signature", "key": "82", "takes": "message"},
        }
    )
    identity = AUTHORITY.issue(kind="p384")
    applet = Applet(identity, pin="2342", takes="message")
    application = Application(Direct(applet), other)
    application.certificate()
    application.verify(lambda _: "2342")
    signature = application.sign(b"x")
    assert len(signature) == 96
    assert not is_signed_by(identity.certificate, other.algorithm, b"x", signature), "the card hashed with SHA-256"


def test_only_the_application_for_identification_is_ever_selected() -> None:
    applet, application = made()
    application.certificate()
    application.tries_left()
    application.verify(lambda _: PIN)
    application.sign(b"x")
    assert applet.selected == [AUTHENTICATION]
    assert SIGNATURE in applet.applications
    assert {ins for ins, _, _ in applet.seen} <= {SELECT, READ_BINARY, VERIFY, 0x22, INTERNAL_AUTHENTICATE, PERFORM}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"activated": False}, 4206),
        ({"tries_left": 0}, 4207),
        ({"answers": {VERIFY: 0x6A88}}, 4205),
    ],
)
def test_a_pin_that_cannot_be_used_is_told_before_it_is_asked_for(facts: dict[str, object], expected: int) -> None:
    applet, application = made(**facts)
    application.certificate()
    assert number(application.tries_left) == expected
    assert applet.pins == 0


def test_a_card_without_the_application_is_another_card() -> None:
    applet, application = made(applications=frozenset({SIGNATURE}))
    assert number(application.certificate) == 4205
    assert applet.selected == []


def test_a_wrong_pin_is_presented_once_and_says_how_many_tries_are_left() -> None:
    applet, application = made()
    application.certificate()
    with pytest.raises(LoginError) as error:
        application.verify(lambda _: "000000")
    assert error.value.number == 4208
    assert "2" in error.value.sentence
    assert (applet.pins, applet.tries_left) == (1, 2)


def test_the_last_wrong_pin_says_that_the_card_is_blocked() -> None:
    applet, application = made(tries_left=1)
    application.certificate()
    assert number(lambda: application.verify(lambda _: "000000")) == 4207
    assert applet.tries_left == 0


@pytest.mark.parametrize(("pin", "expected"), [("", 4218), ("12345", 4209), ("1234567", 4209), ("12a456", 4209)])
def test_a_pin_of_another_form_costs_no_try(pin: str, expected: int) -> None:
    applet, application = made()
    application.certificate()
    assert number(lambda: application.verify(lambda _: pin)) == expected
    assert (applet.pins, applet.tries_left) == (0, 3)


@pytest.mark.parametrize(
    ("ins", "word", "expected"),
    [
        (READ_BINARY, 0x6986, 4214),
        (SELECT, 0x6A82, 4205),
        (SELECT, 0x6D00, 4205),
        (INTERNAL_AUTHENTICATE, 0x6F00, 4214),
        (INTERNAL_AUTHENTICATE, 0x6982, 4214),
        (0x22, 0x6A88, 4205),
        (VERIFY, 0x6F00, 4214),
    ],
)
def test_each_wrong_status_word_is_told(ins: int, word: int, expected: int) -> None:
    _, application = made(answers={ins: word})

    def whole() -> None:
        application.certificate()
        application.verify(lambda _: PIN)
        application.sign(b"x")

    assert number(whole) == expected


@pytest.mark.parametrize("word", [0x6C08, 0x6C00, 0x9F08, 0x6300, 0x6F00, 0x0000, 0xFFFF])
def test_a_pin_is_said_once_whatever_the_card_answers(word: int) -> None:
    applet, application = made(answers={})
    application.certificate()
    applet.answers = {VERIFY: word}
    said_before = [ins for ins, _, _ in applet.seen].count(VERIFY)
    found = number(lambda: application.verify(lambda _: PIN))
    assert found == (4243 if word == 0x6300 else 4214)
    assert [ins for ins, _, _ in applet.seen].count(VERIFY) == said_before + 1


def test_a_length_that_the_card_corrects_is_asked_for_again_where_one_was_asked() -> None:
    said: list[bytes] = []

    class Picky:
        def transmit(self, command: bytes) -> bytes:
            said.append(command)
            return b"\x6c\x02" if len(said) == 1 else b"ab\x90\x00"

    assert layered(Picky()).transmit(apdu(READ_BINARY, 0, 0, expected=4)) == b"ab\x90\x00"
    assert said == [bytes.fromhex("00B0000004"), bytes.fromhex("00B0000002")]
    said.clear()
    assert layered(Picky()).transmit(apdu(INTERNAL_AUTHENTICATE, 0, 0, b"xyz", 256)) == b"ab\x90\x00"
    assert said[1] == bytes.fromhex("00880000 03") + b"xyz\x02"
    said.clear()
    assert layered(Picky()).transmit(apdu(VERIFY, 0, 0x81)) == b"\x6c\x02"
    assert said == [bytes.fromhex("00200081")]


@pytest.mark.parametrize(
    "more", [b"", b"\x30", b"\x30\x82\x03", bytes(300), b"\x30\x84\x7f\xff\xff\xff", b"\x30\x80abc"]
)
def test_a_certificate_file_of_something_else_is_another_card(more: bytes) -> None:
    applet, application = made()
    applet.identity = Garbage(more)  # type: ignore[assignment]
    assert number(lambda: card_certificate(application.certificate(), NOW)) == 4205


@dataclass(frozen=True)
class Garbage:
    """What a card has in its certificate's place."""

    der: bytes


def test_whatever_bytes_stand_where_a_certificate_is_expected_are_judged() -> None:
    """Each bit of a certificate turned over, one by one: none of it is anything but refused or taken."""
    der = AUTHORITY.issue().der
    found = set()
    for bit in range(0, len(der) * 8, 3):
        turned = bytearray(der)
        turned[bit // 8] ^= 1 << bit % 8
        try:
            card_certificate(bytes(turned), NOW)
        except LoginError as error:
            found.add(error.number)
    assert found <= {4205, 4210, 4211}
    version = der.replace(bytes.fromhex("A003020102"), bytes.fromhex("A003020105"), 1)
    assert version != der
    assert number(lambda: card_certificate(version, NOW)) == 4205


def test_pin_and_what_is_signed_never_stand_in_a_log_or_an_error(caplog: pytest.LogCaptureFixture) -> None:
    _, application = made(answers={INTERNAL_AUTHENTICATE: 0x6F00})
    with caplog.at_level(logging.DEBUG):
        application.certificate()
        application.verify(lambda _: PIN)
        with pytest.raises(LoginError) as error:
            application.sign(b"x")
    assert PIN not in str(error.value)
    assert PIN not in str([vars(each) for each in caplog.records])


@pytest.mark.parametrize(
    ("form", "block", "expected"),
    [
        (PinForm.ASCII, 8, "3438313531 36FFFF"),
        (PinForm.ASCII, 0, "343831353136"),
        (PinForm.BCD, 0, "481516"),
        (PinForm.ISO_9564_2, 0, "26481516FFFFFFFF"),
    ],
)
def test_a_pin_is_written_as_the_profile_says(form: PinForm, block: int, expected: str) -> None:
    assert pin_block(PinRule(0x81, form, 4, 8, block), PIN) == bytes.fromhex(expected)


class Stingy(Direct):
    """A card that gives one byte at each reading, or wants to be asked for the rest of an answer by another length."""

    def transmit(self, command: bytes) -> bytes:
        if command[1] == READ_BINARY:
            return super().transmit(command[:4] + b"\x01")
        if command[1] == GET_RESPONSE and command[4] != 0x20:
            return b"\x6c\x20"
        return super().transmit(command)


def test_an_answer_that_comes_by_drops_or_asks_for_another_length_is_put_together() -> None:
    applet = Applet(AUTHORITY.issue())
    application = Application(Stingy(applet), profile())
    assert application.certificate() == applet.identity.der
    application.verify(lambda _: PIN)
    applet.short_answers = True
    signature = application.sign(b"m")
    assert is_signed_by(applet.identity.certificate, profile().algorithm, b"m", signature)


def test_a_signature_that_is_none_stays_what_it_is() -> None:
    certificate = AUTHORITY.issue().certificate
    for signature in (b"", b"\x30\x06\x02\x01\x01", bytes(64)):
        assert raw_signature(certificate, signature) == signature
    too_long = encode_dss_signature(1 << 400, 1)
    assert raw_signature(certificate, too_long) == too_long


def test_a_long_command_goes_in_pieces() -> None:
    applet, _ = made()
    applet.takes = "message"
    connection = layered(Direct(applet))
    connection.transmit(apdu(SELECT, 4, 0x0C, AUTHENTICATION))
    connection.transmit(apdu(0x22, 0x41, 0xA4, b"\x84\x01\x82"))
    connection.transmit(apdu(VERIFY, 0, 0x81, PIN.encode()))
    answer = connection.transmit(apdu(INTERNAL_AUTHENTICATE, 0, 0, b"m" * 600, 256))
    assert answer[-2:] == b"\x90\x00"
    assert is_signed_by(applet.identity.certificate, profile().algorithm, b"m" * 600, answer[:-2])
    assert [ins for ins, _, _ in applet.seen].count(INTERNAL_AUTHENTICATE) == 3


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"ends": timedelta(hours=-1)}, 4210),
        ({"begins": timedelta(days=1)}, 4210),
        ({"signs_documents": True}, 4211),
        ({"signs_documents": True, "identifies_too": True}, 4211),
    ],
)
def test_a_certificate_that_is_not_for_logging_in_is_refused(facts: dict[str, object], expected: int) -> None:
    identity = AUTHORITY.issue(**facts)  # type: ignore[arg-type]
    assert number(lambda: card_certificate(identity.der, NOW)) == expected


def test_a_certificate_that_says_nothing_of_its_use_is_taken() -> None:
    identity = AUTHORITY.issue(usage=False, purpose=False)
    assert card_certificate(identity.der, NOW) == identity.certificate


def test_what_is_no_certificate_is_another_card() -> None:
    assert number(lambda: card_certificate(b"\x30\x03\x02\x01\x05", NOW)) == 4205
