"""
Readers and cards through PC/SC: the only place that knows pyscard.

The service's own calls are used rather than pyscard's classes, since each of their result codes has its own remedy.
Source: PC/SC Workgroup specifications part 5 (service) and 10 (PIN pads); pyscard's module ``smartcard.scard``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import Any

from runner.errors import LoginError, RunnerError, fault
from runner.login.card_pad import PinPad, pin_pad

CONNECT_TRIES = 20
CONNECT_PAUSE_S = 0.05
"""A card that has just been put in may not be ready for a moment."""
_STATUS_BYTES = 2
SLICE_S = 0.5
"""Longest wait in the service at once, so that Ctrl-C is heard."""


class Code(IntEnum):
    """Result codes of the service that mean something to a login; as Windows writes them."""

    OK = 0
    CANCELLED = 0x80100002
    TIMEOUT = 0x8010000A
    UNKNOWN_READER = 0x80100009
    SHARING_VIOLATION = 0x8010000B
    NO_SMARTCARD = 0x8010000C
    PROTO_MISMATCH = 0x8010000F
    NOT_READY = 0x80100010
    COMM_ERROR = 0x80100013
    NOT_TRANSACTED = 0x80100016
    READER_UNAVAILABLE = 0x80100017
    NO_SERVICE = 0x8010001D
    SERVICE_STOPPED = 0x8010001E
    NO_READERS_AVAILABLE = 0x8010002E
    COMM_DATA_LOST = 0x8010002F
    INVALID_HANDLE = 0x80100003
    UNRESPONSIVE_CARD = 0x80100066
    UNPOWERED_CARD = 0x80100067
    RESET_CARD = 0x80100068
    REMOVED_CARD = 0x80100069
    CANCELLED_BY_USER = 0x8010006E


_SERVICE_GONE = frozenset({Code.NO_SERVICE, Code.SERVICE_STOPPED, Code.INVALID_HANDLE})
_CARD_GONE = frozenset({Code.REMOVED_CARD, Code.NO_SMARTCARD, Code.RESET_CARD, Code.UNPOWERED_CARD})
_READER_GONE = frozenset({Code.READER_UNAVAILABLE, Code.UNKNOWN_READER, Code.COMM_DATA_LOST, Code.COMM_ERROR})
_MUTE = frozenset({Code.UNRESPONSIVE_CARD, Code.PROTO_MISMATCH})
_NOT_YET = frozenset({Code.NOT_READY, Code.UNPOWERED_CARD, Code.NO_SMARTCARD, Code.RESET_CARD})


class Readers:
    """
    The readers of this computer.

    Args:
        calls: The module of the service's calls; None: pyscard's.
        pause: Waits so many seconds.

    Raises:
        LoginError: RNR-4224, pyscard is not installed.
    """

    def __init__(self, calls: Any = None, pause: Callable[[float], None] = time.sleep) -> None:
        self._calls = _pyscard() if calls is None else calls
        self._pause = pause

    @contextmanager
    def card(self, *, named: str | None, wait_s: float, waiting: Callable[[], None]) -> Iterator[CardInReader]:
        """
        Give the one card that is in a reader, reset afterwards so that nobody works on with its PIN.

        Args:
            named: Part of the reader's name, where several may hold cards.
            wait_s: How long a card is waited for where there is none.
            waiting: Called once when that begins.

        Raises:
            LoginError: RNR-4201 to 4204, 4215 to 4217, 4219; each says what to do.
        """
        context = self._context()
        try:
            reader = self._reader(context, named, wait_s, waiting)
            card = CardInReader(self._calls, reader, lambda: self._connected(context, reader))
            try:
                yield card
            finally:
                card.leave()
        finally:
            self._calls.SCardReleaseContext(context)

    def _context(self) -> Any:
        """
        Give a context; a new one for each login, and once more where the service has just stopped.

        Windows stops it when the last reader is pulled, and starts it for who asks again.
        """
        code, context = self._calls.SCardEstablishContext(self._calls.SCARD_SCOPE_USER)
        if _code(code) in _SERVICE_GONE:
            code, context = self._calls.SCardEstablishContext(self._calls.SCARD_SCOPE_USER)
        _check(code, "SCardEstablishContext")
        return context

    def _reader(self, context: Any, named: str | None, wait_s: float, waiting: Callable[[], None]) -> str:
        readers = self._names(context, named)
        end, told = time.monotonic() + wait_s, False
        known = [self._calls.SCARD_STATE_UNAWARE] * len(readers)
        patience = 0.0
        while True:
            code, states = self._calls.SCardGetStatusChange(
                context, int(patience * 1000), list(zip(readers, known, strict=True))
            )
            if _code(code) is not Code.TIMEOUT:
                _check(code, "SCardGetStatusChange")
                known = [state[1] & ~self._calls.SCARD_STATE_CHANGED for state in states]
            full = [name for name, state in zip(readers, known, strict=True) if state & self._calls.SCARD_STATE_PRESENT]
            if len(full) > 1:
                raise fault(4204, "card readers", readers=", ".join(full))
            if full:
                return full[0]
            left = end - time.monotonic()
            if left <= 0:
                raise fault(4203, "card reader")
            if not told:
                waiting()
                told = True
            patience = min(left, SLICE_S)

    def _names(self, context: Any, named: str | None) -> Sequence[str]:
        code, found = self._calls.SCardListReaders(context, [])
        if _code(code) is not Code.NO_READERS_AVAILABLE:
            _check(code, "SCardListReaders")
        readers = [name for name in found or () if named is None or named.lower() in name.lower()]
        if not readers:
            raise fault(4202, "this computer", which="" if named is None else f" whose name holds {named!r}")
        return readers

    def _connected(self, context: Any, reader: str) -> tuple[Any, int]:
        """Give handle and protocol of a connection that nobody else has."""
        calls = self._calls
        both = calls.SCARD_PROTOCOL_T0 | calls.SCARD_PROTOCOL_T1
        code, handle, protocol, call = 0, None, 0, "SCardConnect"
        for left in range(CONNECT_TRIES - 1, -1, -1):
            code, handle, protocol = calls.SCardConnect(context, reader, calls.SCARD_SHARE_SHARED, both)
            call = "SCardConnect"
            if _code(code) is Code.OK:
                if protocol:  # right after an insert it may be 0
                    code, call = calls.SCardBeginTransaction(handle), "SCardBeginTransaction"
                    if _code(code) is Code.OK:
                        return handle, protocol
                calls.SCardDisconnect(handle, calls.SCARD_RESET_CARD)
            if _code(code) not in {*_NOT_YET, Code.REMOVED_CARD, Code.OK}:
                break
            if left:
                self._pause(CONNECT_PAUSE_S)
        _check(code, call)
        raise fault(4217, reader, reason="no protocol was agreed on")


class CardInReader:
    """
    A connection to one card; nobody else can speak with it meanwhile.

    Attributes:
        reader: Name of its reader.
        pad: The reader's PIN pad, or None.
    """

    def __init__(self, calls: Any, reader: str, connect: Callable[[], tuple[Any, int]]) -> None:
        self._calls = calls
        self._connect = connect
        self.reader = reader
        self._connected_to(*connect())

    def _connected_to(self, handle: Any, protocol: int) -> None:
        self._handle = handle
        self._protocol = (
            self._calls.SCARD_PCI_T0 if protocol == self._calls.SCARD_PROTOCOL_T0 else self._calls.SCARD_PCI_T1
        )
        self.pad: PinPad | None = pin_pad(self._control)

    def again(self) -> None:
        """
        Connect anew: what was selected, and that a PIN was presented, is forgotten.

        For who has presented none yet: a card that was just put in, or that another program has reset, may break the
        first commands off.
        """
        self.leave()
        self._connected_to(*self._connect())

    def transmit(self, command: bytes) -> bytes:
        """Give the card's answer to a command."""
        code, answer = self._calls.SCardTransmit(self._handle, self._protocol, list(command))
        _check(code, "SCardTransmit")
        if len(answer) < _STATUS_BYTES:  # a reader whose card is pulled may say so by no answer at all
            raise fault(4212, "card")
        return bytes(each & 0xFF for each in answer)

    def leave(self) -> None:
        """End the conversation; the card forgets the PIN. Never fails: the card may be gone."""
        self._calls.SCardEndTransaction(self._handle, self._calls.SCARD_RESET_CARD)
        self._calls.SCardDisconnect(self._handle, self._calls.SCARD_RESET_CARD)

    def _control(self, function: int, data: bytes) -> bytes | None:
        """Ask the reader itself; None where it does not know the function."""
        known = function if function > _FUNCTIONS else self._calls.SCARD_CTL_CODE(function)
        code, answer = self._calls.SCardControl(self._handle, known, list(data))
        if _code(code) in _CARD_GONE | _READER_GONE | {Code.CANCELLED, Code.CANCELLED_BY_USER}:
            _check(code, "SCardControl")
        return bytes(each & 0xFF for each in answer) if _code(code) is Code.OK else None


_FUNCTIONS = 0xFFFF
"""Control codes are above; what is below is a function's number, from which each system makes its code."""


def _pyscard() -> Any:
    try:
        from smartcard import scard  # noqa: PLC0415  an extra: the daemon works without it
    except ImportError as exc:
        raise fault(4224, "this computer") from exc
    return scard


def _code(raw: int) -> int:
    """Give a result code as Windows writes it; elsewhere it may be negative."""
    found = raw & 0xFFFFFFFF
    return Code(found) if found in set(Code) else found


def _check(raw: int, call: str) -> None:
    code = _code(raw)
    if code != Code.OK:
        raise _refusal(code, call)


def _refusal(code: int, call: str) -> RunnerError:
    shown = f"{call} {code.name if isinstance(code, Code) else f'0x{code:08X}'}"
    if code in _SERVICE_GONE:
        return fault(4201, "this computer")
    if code == Code.NO_READERS_AVAILABLE:
        return fault(4202, "this computer", which="")
    if code in _CARD_GONE:
        return fault(4212, "card")
    if code in _READER_GONE:
        return fault(4215, "card reader", reason=shown)
    if code == Code.SHARING_VIOLATION:
        return fault(4216, "card")
    if code in _MUTE:
        return fault(4217, "card", reason=shown)
    if code in {Code.CANCELLED, Code.CANCELLED_BY_USER}:
        return fault(4218, "card", reason=shown)
    error = fault(4219, "card reader", reason=shown)
    assert isinstance(error, LoginError)
    return error
