"""
A connection to a card has one verb, ``transmit``; layers around it add what a transport or a card leaves to its user.

Source: ISO 7816-4 §5.3.3 (chaining) and §5.3.4 (61xx, 6Cxx).
"""

from __future__ import annotations

from typing import Protocol

from runner.login.card_words import Answer

CHAINED = 0x10
_LONGEST_DATA = 255
_HEAD = 5
_GET_RESPONSE = bytes((0x00, 0xC0, 0x00, 0x00))
_MOST_PIECES = 64
"""So that a card that always has more does not keep the agent for ever."""


class Connection(Protocol):
    """A card that can be spoken with."""

    def transmit(self, command: bytes) -> bytes:
        """
        Give the card's answer to a command, status word included.

        Raises:
            LoginError: Card, reader or service is gone.
        """


class WholeAnswers:
    """Asks again where the card says that there is more, or which length it wants to be asked for."""

    def __init__(self, inner: Connection) -> None:
        self._inner = inner

    def transmit(self, command: bytes) -> bytes:
        """Give the whole answer."""
        raw = self._of_right_length(command)
        found = b""
        for _ in range(_MOST_PIECES):
            answer = Answer.of(raw)
            if answer.waiting is None:
                break
            found += answer.data
            raw = self._of_right_length(_GET_RESPONSE + bytes((answer.waiting,)))
        return found + raw

    def _of_right_length(self, command: bytes) -> bytes:
        raw = self._inner.transmit(command)
        length = Answer.of(raw).right_length
        if length is None or not _asks_for_data(command):
            return raw
        return self._inner.transmit(command[:-1] + bytes((length,)))


def _asks_for_data(command: bytes) -> bool:
    """Whether a command ends in a length that may be corrected; any other, one with a PIN above all, is said once."""
    if len(command) <= _HEAD:
        return len(command) == _HEAD
    return len(command) == (_HEAD + command[4] if command[4] else 7 + int.from_bytes(command[5:7], "big")) + 1


class LongCommands:
    """Sends a command with more data than fits in one as a chain."""

    def __init__(self, inner: Connection) -> None:
        self._inner = inner

    def transmit(self, command: bytes) -> bytes:
        """Send it, in pieces where it is an extended one (length byte 0, then two)."""
        if len(command) <= _HEAD or command[4] or len(command) < _HEAD + 3:
            return self._inner.transmit(command)
        length = int.from_bytes(command[5:7], "big")
        data, end = command[7 : 7 + length], command[7 + length :]
        pieces = [data[at : at + _LONGEST_DATA] for at in range(0, len(data), _LONGEST_DATA)]
        for piece in pieces[:-1]:
            raw = self._inner.transmit(bytes((command[0] | CHAINED, *command[1:4], len(piece))) + piece)
            if not Answer.of(raw).is_ok:
                return raw
        last = pieces[-1]
        return self._inner.transmit(command[:4] + bytes((len(last),)) + last + end[-1:])


def layered(connection: Connection, *, is_extended: bool = False) -> Connection:
    """Put all layers around a connection; a card that takes extended commands is sent no chains."""
    return WholeAnswers(connection if is_extended else LongCommands(connection))


def extended(ins: int, p1: int, p2: int, data: bytes) -> bytes:
    """Give a command that carries up to 65535 bytes and asks for as many as there are, ISO 7816-4 §5.2."""
    return bytes((0x00, ins, p1, p2, 0x00)) + len(data).to_bytes(2, "big") + data + bytes(2)


def apdu(ins: int, p1: int, p2: int, data: bytes = b"", expected: int | None = None) -> bytes:
    """
    Give a command.

    Args:
        ins: Instruction.
        p1: Its first parameter.
        p2: Its second one.
        data: What it carries.
        expected: How many bytes it asks for, 256 at most; None: none.
    """
    length = b""
    if data:
        size = len(data)
        length = bytes((size,)) if size <= _LONGEST_DATA else b"\0" + size.to_bytes(2, "big")
    return bytes((0x00, ins, p1, p2)) + length + data + (b"" if expected is None else bytes((expected % 256,)))
