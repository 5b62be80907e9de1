"""
A card's application for identification, as its profile declares it: certificate, PIN, one signature.

Nothing else of the card is selected, so neither its electronic signature nor a fingerprint can be used.
Source: ISO 7816-4 §11 (SELECT, READ BINARY, VERIFY, INTERNAL AUTHENTICATE), 7816-8 §11 (PERFORM SECURITY OPERATION).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.domain.card import CardProfile, Command, PinForm, PinRule
from runner.errors import RunnerError, fault
from runner.login.card_layers import Connection, apdu, extended, layered
from runner.login.card_pad import PinPad
from runner.login.card_proof import to_sign
from runner.login.card_words import Answer, Word

if TYPE_CHECKING:
    from collections.abc import Callable

_SELECT, _READ, _VERIFY, _MANAGE, _INTERNAL_AUTHENTICATE, _PERFORM = 0xA4, 0xB0, 0x20, 0x22, 0x88, 0x2A
_BY_NAME, _BY_IDENTIFIER, _NO_DATA = 0x04, 0x00, 0x0C
_SET_FOR_COMPUTING = 0x41
_AUTHENTICATION, _DIGITAL_SIGNATURE = 0xA4, 0xB6
_SIGNATURE_OUT, _DATA_IN = 0x9E, 0x9A
_PIECE = 0xE0
_LONGEST_CERTIFICATE = 11 << 10
"""What goes to the endpoint in one step, in base64."""
_ISO_BLOCK = 8

_WRONG_CARD = frozenset(
    {
        Word.FILE_NOT_FOUND,
        Word.NOT_SUPPORTED,
        Word.REFERENCE_NOT_FOUND,
        Word.RECORD_NOT_FOUND,
        Word.UNKNOWN_INSTRUCTION,
        Word.UNKNOWN_CLASS,
        Word.WRONG_PARAMETERS,
    }
)


class Application:
    """The one application of a card that a login uses."""

    def __init__(self, connection: Connection, profile: CardProfile, pad: PinPad | None = None) -> None:
        """
        Make it; nothing is sent yet.

        Args:
            connection: To the card.
            profile: Of a conversation in which the agent speaks with the card.
            pad: The reader's PIN pad, or None.
        """
        assert profile.pin is not None
        assert profile.signing is not None
        self._connection = layered(connection, is_extended=profile.signing.is_extended)
        self._profile = profile
        self._rule = profile.pin
        self._signing = profile.signing
        self._pad = pad

    def certificate(self) -> bytes:
        """
        Select the application and read its certificate, DER.

        Raises:
            LoginError: RNR-4205, this is another card; or card or reader is gone.
        """
        self._ask("SELECT application", apdu(_SELECT, _BY_NAME, _NO_DATA, self._profile.application))
        for identifier in self._profile.certificate:
            self._ask("SELECT certificate", apdu(_SELECT, _BY_IDENTIFIER, _NO_DATA, identifier))
        head = self._content(b"", 4)
        length = _der_length(head)
        if length is None or length > _LONGEST_CERTIFICATE:
            raise fault(4205, "card", what="no certificate at the profile's place")
        return self._content(head[:length], length)

    def _content(self, content: bytes, length: int) -> bytes:
        while len(content) < length:
            piece = self._read(len(content), min(_PIECE, length - len(content)))
            if not piece:
                raise fault(4205, "card", what="its certificate is cut")
            content += piece
        return content

    def tries_left(self) -> int | None:
        """
        Ask how often the PIN may be tried, without trying; None where the card does not say.

        Raises:
            LoginError: RNR-4206 not activated, RNR-4207 blocked.
        """
        answer = self._told(apdu(_VERIFY, 0x00, self._rule.reference))
        self._refuse_unusable(answer)
        return answer.tries_left

    def verify(self, ask: Callable[[PinRule], str]) -> None:
        """
        Present the PIN once: typed on the reader where it has keys, else what ``ask`` gives.

        Raises:
            LoginError: RNR-4206 to 4209, 4214, 4218, 4243; nothing is tried again.
        """
        if self._pad is not None:
            answer = self._pad.verify(self._rule)
        else:
            answer = self._told(apdu(_VERIFY, 0x00, self._rule.reference, pin_block(self._rule, ask(self._rule))))
        self._refuse_unusable(answer)
        if answer.tries_left is not None:
            raise fault(4207, "card") if answer.tries_left == 0 else fault(4208, "card", left=answer.tries_left)
        if answer.word == Word.NOT_VERIFIED:
            raise fault(4243, "card")
        if not answer.is_ok:
            raise _unexpected("VERIFY", answer)

    def sign(self, data: bytes) -> bytes:
        """
        Give the card's signature over the data.

        Raises:
            LoginError: RNR-4205, 4212, 4214; or card or reader is gone.
        """
        signing = self._signing
        handed = to_sign(data, self._profile.algorithm, signing.takes)
        template = bytes((0x84, 0x01, signing.key))
        if signing.mechanism is not None:
            template = bytes((0x80, 0x01, signing.mechanism)) + template
        if signing.command is Command.INTERNAL_AUTHENTICATE:
            kind, head = _AUTHENTICATION, (_INTERNAL_AUTHENTICATE, 0x00, 0x00)
        else:
            kind, head = _DIGITAL_SIGNATURE, (_PERFORM, _SIGNATURE_OUT, _DATA_IN)
        command = extended(*head, handed) if signing.is_extended else apdu(*head, handed, 256)
        self._ask("MANAGE SECURITY ENVIRONMENT", apdu(_MANAGE, _SET_FOR_COMPUTING, kind, template))
        return self._ask(signing.command.value, command)

    def _refuse_unusable(self, answer: Answer) -> None:
        if answer.word in self._rule.not_activated:
            raise fault(4206, "card")
        if answer.word == Word.BLOCKED or answer.tries_left == 0:
            raise fault(4207, "card")
        if answer.word in _WRONG_CARD:
            raise fault(4205, "card", what=f"it has no such PIN, {answer.shown}")

    def _read(self, at: int, length: int) -> bytes:
        answer = self._told(apdu(_READ, at >> 8, at & 0xFF, expected=length))
        if answer.word == Word.WRONG_OFFSET:  # behind the file's end
            return b""
        if not answer.is_ok and answer.word != Word.END_OF_FILE:
            raise _unexpected("READ BINARY", answer)
        return answer.data[:length]

    def _ask(self, what: str, command: bytes) -> bytes:
        answer = self._told(command)
        if not answer.is_ok:
            raise _unexpected(what, answer)
        return answer.data

    def _told(self, command: bytes) -> Answer:
        return Answer.of(self._connection.transmit(command))


def pin_block(rule: PinRule, pin: str) -> bytes:
    """
    Give the bytes that present a PIN.

    Raises:
        LoginError: RNR-4218, none was given; RNR-4209, it has not the form that the card asks for.
    """
    if not pin:
        raise fault(4218, "PIN", reason="nothing was entered")
    if not (pin.isascii() and pin.isdigit() and rule.least <= len(pin) <= rule.most):
        raise fault(4209, "PIN", least=rule.least, most=rule.most)
    if rule.form is PinForm.ISO_9564_2:
        digits = f"2{len(pin):X}{pin}".ljust(2 * _ISO_BLOCK, "F")
        return bytes.fromhex(digits)
    block = pin.encode() if rule.form is PinForm.ASCII else bytes.fromhex(pin + "F" * (len(pin) % 2))
    return block.ljust(rule.block, bytes((rule.padding,)))


def _unexpected(command: str, answer: Answer) -> RunnerError:
    if answer.word in _WRONG_CARD:
        return fault(4205, "card", what=f"{command} {answer.shown}")
    return fault(4214, "card", word=answer.shown, command=command)


def _der_length(head: bytes) -> int | None:
    """Give the length of a DER SEQUENCE from its first bytes, head included; None where it is none."""
    if len(head) < 4 or head[0] != 0x30:  # noqa: PLR2004  tag and the longest length that is read here
        return None
    if head[1] < 0x80:  # noqa: PLR2004  short form
        return 2 + head[1]
    size = head[1] & 0x7F
    if size not in {1, 2}:
        return None
    return 2 + size + int.from_bytes(head[2 : 2 + size], "big")
