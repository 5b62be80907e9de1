"""What a card's two status bytes say. Source: ISO 7816-4 §5.6, tables 6 and 7."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Word(IntEnum):
    """Status words that mean something to a login."""

    OK = 0x9000
    END_OF_FILE = 0x6282
    NOT_VERIFIED = 0x6300  # a wrong PIN, by a card that does not say how often it may be tried
    WRONG_LENGTH = 0x6700
    SECURITY_NOT_SATISFIED = 0x6982
    BLOCKED = 0x6983
    REFERENCE_NOT_USABLE = 0x6984
    NOT_ALLOWED = 0x6985
    WRONG_DATA = 0x6A80
    NOT_SUPPORTED = 0x6A81
    FILE_NOT_FOUND = 0x6A82
    RECORD_NOT_FOUND = 0x6A83
    WRONG_PARAMETERS = 0x6A86
    REFERENCE_NOT_FOUND = 0x6A88
    WRONG_OFFSET = 0x6B00
    UNKNOWN_INSTRUCTION = 0x6D00
    UNKNOWN_CLASS = 0x6E00
    PAD_TIMED_OUT = 0x6400  # PC/SC part 10 §2.5.2: nobody entered a PIN
    PAD_CANCELLED = 0x6401  # likewise: the key for cancelling was pressed


_MORE, _OTHER_LENGTH, _TRIES = 0x61, 0x6C, 0x63C0


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What a card answered.

    Attributes:
        data: Without the status word.
        word: The status word.
    """

    data: bytes
    word: int

    @classmethod
    def of(cls, raw: bytes) -> Answer:
        """Take raw bytes apart; an answer without a status word is one of 0000."""
        return cls(raw[:-2], int.from_bytes(raw[-2:], "big") if len(raw) > 1 else 0)

    @property
    def is_ok(self) -> bool:
        """Whether the card did it."""
        return self.word == Word.OK

    @property
    def waiting(self) -> int | None:
        """How many more bytes GET RESPONSE gives (0: 256 or more); None: the answer is whole."""
        return self.word & 0xFF if self.word >> 8 == _MORE else None

    @property
    def right_length(self) -> int | None:
        """Which length the card would have wanted to be asked for; None: it does not say so."""
        return self.word & 0xFF if self.word >> 8 == _OTHER_LENGTH else None

    @property
    def tries_left(self) -> int | None:
        """How often a PIN may still be tried; None: it does not say so."""
        return self.word & 0xF if self.word & 0xFFF0 == _TRIES else None

    @property
    def shown(self) -> str:
        """The word for an error."""
        return f"{self.word:04X}"
