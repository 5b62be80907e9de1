"""Bar codes are read back by a foreign decoder, from the SVG that is printed and from the terminal's blocks."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import zxingcpp
from PIL import Image, ImageDraw

from runner.demo import barcode

VALUE = "SIM412618840125"
PIXELS_PER_MM = 20


def millimetres(text: str) -> float:
    return float(re.sub("mm$", "", text))


def drawn(svg: Path) -> Image.Image:
    """The SVG's bars as a picture; the text below them left out."""
    root = ET.parse(svg).getroot()
    size = [round(millimetres(root.attrib[name]) * PIXELS_PER_MM) for name in ("width", "height")]
    picture = Image.new("L", (size[0], size[1]), 255)
    draw = ImageDraw.Draw(picture)
    for bar in root.iter("{http://www.w3.org/2000/svg}rect"):
        if "black" in bar.attrib["style"]:
            x, y, width, height = (millimetres(bar.attrib[name]) for name in ("x", "y", "width", "height"))
            box = [x, y, x + width, y + height]
            left, top, right, bottom = (round(edge * PIXELS_PER_MM) for edge in box)
            draw.rectangle([left, top, right - 1, bottom - 1], fill=0)
    return picture


def read(picture: Image.Image) -> tuple[str, str]:
    found = zxingcpp.read_barcodes(picture)
    assert len(found) == 1
    return found[0].text, str(found[0].format)


def test_the_svg_that_is_printed_reads_back_as_code_128(tmp_path: Path) -> None:
    path = barcode.write_svg(VALUE, tmp_path)
    assert path == tmp_path / f"{VALUE}.svg"
    text, symbology = read(drawn(path))
    assert text == VALUE
    assert re.sub(r"\W", "", symbology).endswith("Code128")


def test_the_blocks_on_the_terminal_read_back(tmp_path: Path) -> None:
    first = barcode.blocks(VALUE).splitlines()[0]
    modules = "".join({"█": "11", "▌": "10", "▐": "01", " ": "00"}[block] for block in first.ljust(80))
    picture = Image.new("L", (len(modules) * 4, 80), 255)
    draw = ImageDraw.Draw(picture)
    for place, module in enumerate(modules):
        if module == "1":
            draw.rectangle([place * 4, 0, place * 4 + 3, 79], fill=0)
    assert read(picture)[0] == VALUE
    assert len(first) <= 80
