"""
Readers by the answers of a simulated PC/SC service: none, two, pulled, redirected, stopped, with keys.

What cannot be tried here (a Windows reader, a PIN pad, a redirected reader) is tested by what its service would answer.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from runner.errors import LoginError
from runner.login.card import CONNECT_TRIES, Code, Readers
from runner.login.card_application import Application
from tests.card.support import ScriptedService, profile
from tests.support.card.applet import Applet
from tests.support.card.identity import CardAuthority

PIN = "481516"
AUTHORITY = CardAuthority()


def service(**codes: list[int]) -> ScriptedService:
    return ScriptedService({"Virtual 0": Applet(AUTHORITY.issue())}, **codes)


def use(
    scripted: ScriptedService, *, named: str | None = None, waiting: Callable[[], None] = lambda: None, wait_s: int = 0
) -> bytes:
    readers = Readers(scripted, pause=lambda _: None)
    with readers.card(named=named, wait_s=wait_s, waiting=waiting) as card:
        application = Application(card, profile(), card.pad)
        application.certificate()
        application.verify(lambda _: PIN)
        return application.sign(b"x")


def refused(scripted: ScriptedService, named: str | None = None) -> LoginError:
    with pytest.raises(LoginError) as error:
        use(scripted, named=named)
    assert error.value.sentence
    return error.value


def test_the_one_card_is_used_and_forgets_the_pin_afterwards() -> None:
    scripted = service()
    assert len(use(scripted)) == 64
    assert scripted.called[-3:] == ["SCardEndTransaction", "SCardDisconnect", "SCardReleaseContext"]
    applet = scripted.readers["Virtual 0"]
    assert applet is not None
    assert applet.process(bytes.fromhex("00A4040C0A F0455A53544C4F47494E")) == b"\x90\x00"
    assert applet.process(bytes.fromhex("00200081")) == b"\x63\xc3", "nobody works on with his PIN"


@pytest.mark.parametrize(
    ("call", "code", "expected"),
    [
        ("SCardListReaders", Code.NO_READERS_AVAILABLE, 4202),
        ("SCardListReaders", Code.SERVICE_STOPPED, 4201),
        ("SCardGetStatusChange", Code.READER_UNAVAILABLE, 4215),
        ("SCardConnect", Code.SHARING_VIOLATION, 4216),
        ("SCardConnect", Code.UNRESPONSIVE_CARD, 4217),
        ("SCardConnect", Code.INVALID_HANDLE, 4201),
        ("SCardTransmit", Code.REMOVED_CARD, 4212),
        ("SCardTransmit", Code.RESET_CARD, 4212),
        ("SCardTransmit", Code.READER_UNAVAILABLE, 4215),
        ("SCardTransmit", Code.COMM_DATA_LOST, 4215),
        ("SCardTransmit", Code.NO_SERVICE, 4201),
        ("SCardTransmit", 0x8010001F, 4219),
        ("SCardTransmit", Code.REMOVED_CARD - (1 << 32), 4212),
    ],
)
def test_each_failure_of_the_service_has_its_own_message(call: str, code: int, expected: int) -> None:
    scripted = service(**{call: [int(code)]})
    if call == "SCardListReaders" and code == Code.NO_READERS_AVAILABLE:
        scripted.readers = {}
    assert refused(scripted).number == expected
    assert scripted.called.count("SCardReleaseContext") == 1


def test_a_service_that_stopped_with_the_last_reader_is_asked_once_more() -> None:
    assert len(use(service(SCardEstablishContext=[int(Code.SERVICE_STOPPED)]))) == 64
    down = service(SCardEstablishContext=[int(Code.NO_SERVICE)] * 2)
    assert refused(down).number == 4201
    assert "SCardReleaseContext" not in down.called


def test_an_insert_that_is_not_ready_yet_is_tried_again() -> None:
    scripted = service(SCardConnect=[int(Code.NOT_READY), int(Code.UNPOWERED_CARD), 0])
    scripted.protocols = [0, 0, 0, 2]
    assert len(use(scripted)) == 64
    assert scripted.called.count("SCardConnect") == 4


def test_a_card_that_is_pulled_while_it_is_connected_to_may_be_put_in_again() -> None:
    gone = int(Code.REMOVED_CARD)
    assert len(use(service(SCardConnect=[gone, 0], SCardBeginTransaction=[gone, 0]))) == 64
    assert refused(service(SCardConnect=[gone] * CONNECT_TRIES)).number == 4212
    assert refused(service(SCardBeginTransaction=[gone] * CONNECT_TRIES)).number == 4212


def test_cards_in_two_readers_are_told_by_name_and_one_may_be_chosen() -> None:
    scripted = service()
    scripted.readers["Teradici 1"] = Applet(AUTHORITY.issue())
    assert "Teradici 1" in str(refused(scripted))
    assert refused(scripted).number == 4204
    assert len(use(scripted, named="teradici")) == 64
    assert refused(scripted, named="OmniKey").number == 4202


def test_an_empty_second_reader_is_no_matter() -> None:
    scripted = service()
    scripted.readers["Teradici 1"] = None
    assert len(use(scripted)) == 64


def test_no_card_is_waited_for_and_told_once() -> None:
    told: list[str] = []
    scripted = service()
    scripted.readers = {"Virtual 0": None}
    with pytest.raises(LoginError) as error:
        use(scripted, waiting=lambda: told.append("put it in"), wait_s=1)
    assert error.value.number == 4203
    assert told == ["put it in"]


def test_on_a_reader_with_keys_the_pin_never_comes_into_the_computer() -> None:
    scripted = service()
    scripted.features = bytes.fromhex("0604") + (0x42330006).to_bytes(4, "big")
    scripted.typed = PIN
    readers = Readers(scripted, pause=lambda _: None)
    with readers.card(named=None, wait_s=0, waiting=lambda: None) as card:
        application = Application(card, profile(), card.pad)
        application.certificate()
        application.verify(lambda _: pytest.fail("nobody is asked at the keyboard"))
        assert len(application.sign(b"x")) == 64
    (structure,) = scripted.structures
    head = struct.unpack("<BBBBBHBBHB3sI", structure[:19])
    assert head[:9] == (30, 30, 0x82, 8, 0, 6 << 8 | 6, 2, 1, 0x040E)
    assert structure[19:] == bytes.fromhex("0020008108FFFFFFFFFFFFFFFF")
    assert head[-1] == len(structure) - 19


@pytest.mark.parametrize(("word", "expected"), [(0x6400, 4218), (0x6401, 4218), (0x63C1, 4208), (0x6983, 4207)])
def test_what_a_pin_pad_answers_is_told(word: int, expected: int) -> None:
    scripted = service()
    scripted.features = bytes.fromhex("0604") + (0x42330006).to_bytes(4, "big")
    scripted.typed = word
    assert refused(scripted).number == expected
