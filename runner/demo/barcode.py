"""
The EESZT prescription identifier as a bar code: Code 128 as SVG for paper, and as blocks for a terminal.

That the symbology is Code 128 is ours: the official one could not be read in a public source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from barcode import Code128
from barcode.writer import SVGWriter

if TYPE_CHECKING:
    from pathlib import Path

QUIET = 10
"""Empty modules on either side, as the symbology asks."""


def modules(value: str) -> str:
    """Bars and gaps of ``value`` as ``1`` and ``0``, one character a module, without the quiet zone."""
    return str(Code128(value).build()[0])


def write_svg(value: str, folder: Path) -> Path:
    """Write ``<value>.svg`` with the value in clear below it, and give its path."""
    code = Code128(value, writer=SVGWriter())
    return folder / str(code.save(str(folder / value), {"module_height": 12.0, "quiet_zone": 3.5})).rsplit("/", 1)[-1]


def blocks(value: str, height: int = 3) -> str:
    """The bar code for a terminal: two modules a character, under 80 for our values, and the value in clear."""
    bits = "0" * QUIET + modules(value) + "0" * QUIET
    bits += "0" * (len(bits) % 2)
    line = "".join({"11": "█", "10": "▌", "01": "▐", "00": " "}[bits[n : n + 2]] for n in range(0, len(bits), 2))
    return "\n".join([line.rstrip()] * height + [value.center(len(line)).rstrip()])
