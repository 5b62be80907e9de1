"""What tests of cards need: profiles that are shipped, a card without a reader, and readers with scripted answers."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from runner.domain.card import CardProfile
from runner.mapping.card_file import read_cards
from runner.mapping.problems import Problems
from tests.support.card.applet import Applet

CARDS = Path(__file__).parents[2] / "mappings" / "cards"


def profile(name: str = "reference_p256") -> CardProfile:
    """Give a profile that is shipped."""
    problems = Problems()
    found = read_cards(CARDS, problems)[name]
    problems.raise_any()
    return found


class Direct:
    """A card spoken with without a reader."""

    def __init__(self, applet: Applet) -> None:
        self.applet = applet

    def transmit(self, command: bytes) -> bytes:
        return self.applet.process(command)


class ScriptedService:
    """
    The calls of a PC/SC service that answer as a test says, with a card in software behind them.

    Attributes:
        readers: Reader's name → the card in it, or None.
        codes: Call → result codes that it gives, first to last, before it works.
        features: Control codes of the readers' features, TLV.
        typed: What is typed on a reader's keys: a PIN, or a status word.
        structures: What the reader was told of how to ask for a PIN.
        called: Names of all calls.
    """

    SCARD_SCOPE_USER, SCARD_SHARE_SHARED, SCARD_RESET_CARD = 0, 2, 1
    SCARD_PROTOCOL_T0, SCARD_PROTOCOL_T1, SCARD_PCI_T0, SCARD_PCI_T1 = 1, 2, 1, 2
    SCARD_STATE_UNAWARE, SCARD_STATE_CHANGED, SCARD_STATE_PRESENT = 0, 2, 0x20

    def __init__(self, readers: dict[str, Applet | None], **codes: list[int]) -> None:
        self.readers = readers
        self.codes = codes
        self.features = b""
        self.typed: str | int = ""
        self.structures: list[bytes] = []
        self.called: list[str] = []
        self.protocols: list[int] = []

    def _next(self, call: str) -> int:
        self.called.append(call)
        return self.codes[call].pop(0) if self.codes.get(call) else 0

    def SCardEstablishContext(self, _scope: int) -> tuple[int, Any]:  # noqa: N802
        return self._next("SCardEstablishContext"), SimpleNamespace()

    def SCardReleaseContext(self, _context: Any) -> int:  # noqa: N802
        return self._next("SCardReleaseContext")

    def SCardListReaders(self, _context: Any, _groups: list[str]) -> tuple[int, list[str]]:  # noqa: N802
        return self._next("SCardListReaders"), list(self.readers)

    def SCardGetStatusChange(  # noqa: N802
        self, _context: Any, _timeout: int, asked: list[tuple[str, int]]
    ) -> tuple[int, list[tuple[str, int, list[int]]]]:
        code = self._next("SCardGetStatusChange")
        return code, [(name, 0x22 if self.readers[name] else 2, []) for name, _ in asked]

    def SCardConnect(self, _context: Any, reader: str, _share: int, _protocols: int) -> tuple[int, Any, int]:  # noqa: N802
        code = self._next("SCardConnect")
        return code, self.readers[reader], self.protocols.pop(0) if self.protocols else 2

    def SCardBeginTransaction(self, _handle: Any) -> int:  # noqa: N802
        return self._next("SCardBeginTransaction")

    def SCardEndTransaction(self, _handle: Any, _what: int) -> int:  # noqa: N802
        return self._next("SCardEndTransaction")

    def SCardDisconnect(self, handle: Applet | None, _what: int) -> int:  # noqa: N802
        if handle is not None:
            handle.reset()
        return self._next("SCardDisconnect")

    def SCardTransmit(self, handle: Applet, _protocol: int, command: list[int]) -> tuple[int, list[int]]:  # noqa: N802
        code = self._next("SCardTransmit")
        return code, list(handle.process(bytes(command))) if code == 0 else []

    def SCardControl(self, handle: Applet, code: int, data: list[int]) -> tuple[int, list[int]]:  # noqa: N802
        said = self._next("SCardControl")
        if code == self.SCARD_CTL_CODE(3400):
            return said, list(self.features)
        self.structures.append(bytes(data))
        if isinstance(self.typed, int):
            return said, list(self.typed.to_bytes(2, "big"))
        command = bytes(data)[19:]
        block = command[5:]
        return said, list(handle.process(command[:5] + self.typed.encode().ljust(len(block), b"\xff")))

    def SCARD_CTL_CODE(self, function: int) -> int:  # noqa: N802
        return 0x42000000 + function
