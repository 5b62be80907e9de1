"""
The older printed "extra vonalkód" of a prescription, as far as it is publicly described.

Source: 53/2007. (XII. 7.) EüM rendelet, annex of 2008, 2. a) to g). How the quantity h) and the check sum i) are
written is not in the text that could be read: whoever prints the bar code appends them.
"""

from __future__ import annotations

from datetime import date

MARK = "3"
"""What an extra bar code begins with."""

_BNO_LENGTH = 5
_NINE_DIGITS = 9


def extra_vonalkod(day: date, taj: str, bno: str, jogcim: str, *, helyettesitheto: bool, ttt: str) -> str:
    """
    The first 27 characters: mark, day, TAJ, BNO, title of payment, substitutable, product.

    Args:
        day: Of prescribing, in Hungary.
        taj: Nine digits.
        bno: Up to five characters, as it is printed.
        jogcim: One character, 1 to 9.
        helyettesitheto: Whether the product may be substituted.
        ttt: Nine digits.

    Raises:
        ValueError: A part has another form.
    """
    for digits in (taj, ttt):
        if len(digits) != _NINE_DIGITS or not (digits.isascii() and digits.isdigit()):
            raise ValueError("nine digits are needed")
    if not (1 <= len(bno) <= _BNO_LENGTH and bno.isascii() and bno.isalnum()):
        raise ValueError("a BNO code has up to five letters and digits")
    if jogcim not in tuple("123456789"):
        raise ValueError("a title of payment is 1 to 9")
    parts = (f"{100 * day.month + day.day:03X}", f"{int(taj):08X}", bno.ljust(_BNO_LENGTH), jogcim)
    return MARK + "".join(parts) + str(int(helyettesitheto)) + f"{int(ttt):08X}"
