"""
PIN pads: the PIN is typed on the reader and never comes into this computer.

Source: PC/SC part 10 (revision 2.02.09) §2.2 (features), §2.5.2 (PIN_VERIFY).
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from runner.domain.card import PinForm, PinRule
from runner.errors import fault
from runner.login.card_words import Answer, Word

_GET_FEATURES = 3400
_VERIFY_PIN_DIRECT = 0x06
_ENTRY_S = 30
_BY_KEY = 0x02
_HUNGARIAN = 0x040E
_BYTES, _ASCII, _BCD = 0x80, 0x02, 0x01
_ISO_BLOCK = 8
_FIRST_DIGIT_AFTER = 1

Control = Callable[[int, bytes], bytes | None]
"""Asks a reader: control code or function number and data; its answer, or None where it does not know that."""


class PinPad:
    """The keys on a reader."""

    def __init__(self, control: Control, code: int) -> None:
        self._control = control
        self._code = code

    def verify(self, rule: PinRule) -> Answer:
        """
        Let the person type the PIN on the reader, once.

        Raises:
            LoginError: RNR-4218, nobody did; or card or reader is gone.
        """
        raw = self._control(self._code, pin_verify(rule))
        if raw is None:
            raise fault(4218, "PIN pad", reason="the reader refused to ask for it")
        answer = Answer.of(raw)
        if answer.word == Word.PAD_TIMED_OUT:
            raise fault(4218, "PIN pad", reason="nobody typed it in time")
        if answer.word == Word.PAD_CANCELLED:
            raise fault(4218, "PIN pad", reason="cancelled on the reader")
        return answer


def pin_pad(control: Control) -> PinPad | None:
    """Give the reader's PIN pad, or None."""
    features = control(_GET_FEATURES, b"") or b""
    while len(features) >= 2:  # noqa: PLR2004  tag and length, then the value
        tag, length = features[0], features[1]
        value, features = features[2 : 2 + length], features[2 + length :]
        if tag == _VERIFY_PIN_DIRECT and len(value) == 4:  # noqa: PLR2004  a control code
            return PinPad(control, int.from_bytes(value, "big"))
    return None


def pin_verify(rule: PinRule) -> bytes:
    """Give the structure that tells a reader how to ask for the PIN and where to put it."""
    if rule.form is PinForm.ISO_9564_2:
        block, form, in_block, length_form = _ISO_BLOCK, _BYTES | _BCD | _FIRST_DIGIT_AFTER << 3, 0x47, 0x04
        empty = bytes((0x20,)) + b"\xff" * (_ISO_BLOCK - 1)
    else:
        is_ascii = rule.form is PinForm.ASCII
        block = rule.block or rule.most
        form, in_block, length_form = _BYTES | (_ASCII if is_ascii else _BCD), block, 0x00
        empty = bytes((rule.padding,)) * block
    command = bytes((0x00, 0x20, 0x00, rule.reference, block)) + empty
    return (
        struct.pack(
            "<BBBBBHBBHB3sI",
            _ENTRY_S,
            _ENTRY_S,
            form,
            in_block,
            length_form,
            rule.least << 8 | rule.most,
            _BY_KEY,
            1,
            _HUNGARIAN,
            0,
            b"\0\0\0",
            len(command),
        )
        + command
    )
