"""Long texts of a message, carried beside it and put in on the wire."""

from __future__ import annotations

import base64
import hashlib
import random

import pytest

from runner.domain import long_texts

TEXT = base64.b64encode(random.Random(7).randbytes(100_000))


def whole(data: bytes) -> bytes:
    return b"".join(long_texts.pieces(data))


def test_a_long_base64_text_is_taken_out_and_put_back_byte_by_byte() -> None:
    document = b'<a x="1"><b>' + TEXT + b"</b><c>short</c><b>" + TEXT[::-1].lstrip(b"=") + b"</b></a>"
    shortened = long_texts.shortened(document)
    assert len(shortened) < 500
    assert len(long_texts.texts_of(shortened)) == 2
    assert whole(shortened) == document
    assert long_texts.size(shortened) == len(document)
    assert long_texts.sha256(shortened) == hashlib.sha256(document).digest()


@pytest.mark.parametrize(
    "document",
    [
        b"<a>" + TEXT[:1000] + b"</a>",
        b"<a>" + TEXT + b"&amp;</a>",
        b"<a b='" + TEXT + b"'/>",
        TEXT,
        b"<" * 1000 + TEXT,
        b"",
    ],
    ids=["short", "an entity in it", "an attribute", "no XML", "no end of a tag", "nothing"],
)
def test_what_is_no_long_base64_text_of_an_element_stays(document: bytes) -> None:
    assert long_texts.shortened(document) is document


def test_line_ends_are_those_that_a_reader_of_xml_sees() -> None:
    lines = TEXT[:80_000] + b"\r\n" + TEXT[80_000:] + b"\r"
    shortened = long_texts.shortened(b"<a>" + lines + b"</a>")
    assert whole(shortened) == b"<a>" + TEXT[:80_000] + b"\n" + TEXT[80_000:] + b"\n</a>"


def test_a_mark_that_came_from_outside_stands_for_nothing() -> None:
    mark = long_texts.mark_of("0" * 64).encode()
    document = b"<a><b>" + mark + b"</b><c>" + TEXT + b"</c></a>"
    shortened = long_texts.shortened(document)
    assert whole(shortened) == document
    assert mark not in long_texts.texts_of(shortened)


def test_a_part_keeps_the_texts_whose_marks_it_has() -> None:
    shortened = long_texts.shortened(b"<a><b>" + TEXT + b"</b></a>")
    texts = long_texts.texts_of(shortened)
    part = long_texts.with_texts(bytes(shortened)[3:-4], texts)
    assert whole(part) == b"<b>" + TEXT + b"</b>"
    assert type(long_texts.with_texts(b"<x></x>", texts)) is bytes


def test_base64_in_steps_is_base64() -> None:
    content = random.Random(8).randbytes(700_001)
    assert long_texts.encoded(content) == base64.b64encode(content)
