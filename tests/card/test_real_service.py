"""Real pcscd and vpcd with a card in software: reading, signing, pulling, two readers, none, service down."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runner.errors import LoginError
from runner.login.card import Readers
from runner.login.card_application import Application
from runner.login.card_proof import is_signed_by
from tests.card.support import profile
from tests.support.card.applet import Applet
from tests.support.card.identity import CardAuthority, KeyKind
from tests.support.card.service import Service, service, why_not
from tests.support.card.vpcd import PORT, VirtualCard

PIN = "481516"
AUTHORITY = CardAuthority()
KINDS: list[tuple[str, KeyKind]] = [("reference_p256", "p256"), ("reference_rsa", "rsa")]


@pytest.fixture
def card(pcsc: Service) -> Iterator[VirtualCard]:
    with VirtualCard(Applet(AUTHORITY.issue())).inserted() as made:
        yield made


def sign(name: str = "reference_p256", *, waiting: Callable[[], None] = lambda: None, wait_s: float = 10) -> bytes:
    with Readers().card(named=None, wait_s=wait_s, waiting=waiting) as card:
        application = Application(card, profile(name), card.pad)
        application.certificate()
        assert application.tries_left() == 3
        application.verify(lambda _: PIN)
        return application.sign(b"what is signed")


@pytest.mark.parametrize(("name", "kind"), KINDS)
@pytest.mark.parametrize("short_answers", [False, True])
def test_a_card_in_a_real_reader_signs(pcsc: Service, name: str, kind: KeyKind, *, short_answers: bool) -> None:
    signing = profile(name).signing
    assert signing is not None
    identity = AUTHORITY.issue(kind=kind)
    with VirtualCard(Applet(identity, takes=signing.takes, short_answers=short_answers)).inserted():
        assert is_signed_by(identity.certificate, profile(name).algorithm, b"what is signed", sign(name))


def test_a_card_that_is_put_in_later_is_waited_for(pcsc: Service) -> None:
    made = VirtualCard(Applet(AUTHORITY.issue()))
    asked = threading.Event()

    def put_in() -> None:
        asked.set()
        made.insert()

    try:
        assert len(sign(waiting=put_in)) == 64
        assert asked.is_set()
    finally:
        made.put_away()


def test_a_card_pulled_in_mid_signature_is_told(card: VirtualCard) -> None:
    card.applet.before_signing = card.pull
    with pytest.raises(LoginError) as error:
        sign()
    assert error.value.number == 4212


def test_cards_in_both_readers_are_told(card: VirtualCard) -> None:
    with VirtualCard(Applet(AUTHORITY.issue()), PORT + 1).inserted():
        # vpcd looks for cards in turns; both are seen once each has been waited for.
        from smartcard import scard  # noqa: PLC0415  only where it is installed

        _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
        for reader in ("Virtual PCD 00 00", "Virtual PCD 00 01"):
            scard.SCardGetStatusChange(context, 10000, [(reader, scard.SCARD_STATE_EMPTY)])
        scard.SCardReleaseContext(context)
        with pytest.raises(LoginError) as error:
            sign()
        assert error.value.number == 4204


def test_no_card_no_reader_and_no_service_are_told_apart(tmp_path: Path) -> None:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    found = []
    with service(tmp_path) as made:
        for start in (made.start, lambda: made.start(readers=False), lambda: None):
            start()
            with pytest.raises(LoginError) as error:
                sign(wait_s=0)
            found.append(error.value.number)
            made.stop()
    assert found == [4203, 4202, 4201]


def test_a_service_that_is_started_again_is_used_without_a_new_process(pcsc: Service) -> None:
    pcsc.stop()
    with pytest.raises(LoginError):
        sign(wait_s=0)
    pcsc.start()
    with VirtualCard(Applet(AUTHORITY.issue())).inserted():
        assert len(sign()) == 64
