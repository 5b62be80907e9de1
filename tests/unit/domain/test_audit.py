"""The chain's rules: a header's one form, its head, and what may follow what."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.domain.audit import GENESIS, Break, EntryKind, Header, Tip, after, breaks, is_torn, read, written

HEADER = Header(
    chain="runner-1@20260302-110000",
    segment=1,
    sequence=2,
    at="2026-03-02T11:00:00.123456Z",
    kind=EntryKind.REQUEST,
    item=81234,
    acting_user="O12345",
    his_user="kovács.anna",
    operation="erecept.Feliras",
    message_id="urn:uuid:1",
    outcome="",
    offset=384,
    size=100,
    body="b" * 64,
    sealed="c" * 64,
    previous="d" * 64,
)
TIP = Tip(HEADER.chain, 1, 1, 384, "d" * 64)

texts = st.text(max_size=40) | st.none()


def test_a_line_is_json_that_ends_with_the_digest_of_what_stands_before_it() -> None:
    line, head = written(HEADER)
    values = json.loads(line)
    assert values["head"] == head
    assert values["his_user"] == "kovács.anna"
    assert hashlib.sha256(line.partition(b',"head"')[0]).hexdigest() == head
    assert line.count(b"\n") == 1
    assert line.isascii()


@given(his_user=texts, operation=texts, outcome=st.text(max_size=40), item=st.integers() | st.none())
def test_whatever_a_header_holds_is_read_back_from_one_line(
    his_user: str | None, operation: str | None, outcome: str, item: int | None
) -> None:
    header = replace(HEADER, his_user=his_user, operation=operation, outcome=outcome, item=item)
    line, head = written(header)
    assert read(line) == (header, head)
    assert line.count(b"\n") == 1
    assert line == json.dumps({**asdict(header), "head": head}, separators=(",", ":")).encode() + b"\n"


@given(st.binary(max_size=400))
def test_what_is_no_line_of_ours_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="head"):
        read(data)


@pytest.mark.parametrize("text", ['{"chain":1}', "[]", '{"chain":"x"}', "{", '{"chain":' * 3000])
def test_a_right_digest_over_no_header_is_refused(text: str) -> None:
    head = hashlib.sha256(text.encode()).hexdigest()
    with pytest.raises(ValueError, match="no header"):
        read(f'{text},"head":"{head}"}}\n'.encode())


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": -1},
        {"size": 1 << 70},
        {"offset": 1.5},
        {"segment": True},
        {"his_user": ["a"]},
        {"chain": None},
        {"item": "1"},
        {"outcome": None},
        {"at": 5},
    ],
    ids=str,
)
def test_a_forged_header_with_values_that_no_field_has_is_refused(change: dict[str, object]) -> None:
    text = json.dumps({**asdict(HEADER), **change}, separators=(",", ":"))[:-1].encode()
    line = text + b',"head":"' + hashlib.sha256(text).hexdigest().encode() + b'"}\n'
    with pytest.raises(ValueError, match="no header"):
        read(line)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, None),
        ({"chain": "other"}, Break.CHAIN),
        ({"sequence": 1}, Break.SEQUENCE),
        ({"sequence": 3}, Break.SEQUENCE),
        ({"previous": "e" * 64}, Break.PREVIOUS),
        ({"segment": 2}, Break.SEGMENT),
        ({"kind": EntryKind.SEGMENT, "offset": 0}, Break.SEGMENT),
        ({"offset": 385}, Break.PLACE),
        ({"kind": EntryKind.SEGMENT, "segment": 2, "offset": 384}, Break.PLACE),
        ({"kind": EntryKind.SEGMENT, "segment": 2, "offset": 0}, None),
    ],
)
def test_what_does_not_follow_is_told(change: dict[str, object], found: Break | None) -> None:
    assert breaks(TIP, replace(HEADER, **change)) is found  # type: ignore[arg-type]


def test_a_chain_begins_with_its_first_segment() -> None:
    first = replace(HEADER, kind=EntryKind.SEGMENT, sequence=1, offset=0, previous=GENESIS)
    assert breaks(Tip(HEADER.chain), first) is None
    assert after(first, "e" * 64) == Tip(HEADER.chain, 1, 1, 100, "e" * 64)


def test_every_begin_of_the_next_line_may_be_torn_and_nothing_else() -> None:
    line, _ = written(HEADER)
    assert all(is_torn(line[:cut], TIP, 1) for cut in range(len(line)))
    assert not is_torn(line, TIP, 1)
    assert not any(is_torn(line[:-1] + bytes([byte]), TIP, 1) for byte in range(256))
    other, _ = written(replace(HEADER, sequence=3))
    assert not is_torn(other[:-1], TIP, 1)
