"""What texts a row may hold: long ones, letters of two and four bytes, empty ones, and too long ones."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from runner.domain import sentences
from runner.domain.outbox import Compensation, State
from runner.domain.outcome import Ending
from runner.errors import RunnerError
from runner.ports import Item, NewItem
from tests.support.rows import Lab, accepted, claim, completion, request, sent

DOCTOR = "kovacs.anna"
KANJI = "\U00020bb7"  # four bytes in UTF-8, one character
SIZES = {"4 kB": 1_100, "32 kB": 9_000, "over 1 MB": 300_000}
"""Title → so many times four bytes."""


def submitted(lab: Lab, **columns: str | None) -> int:
    row = {"document_type": "ekat_esemeny", "recorded_by": DOCTOR, "workplace": "W1", **columns}
    return lab.store.desk.submit(NewItem(recorded_at=datetime.now(UTC), **row))  # type: ignore[arg-type]


def only(items: list[Item]) -> Item:
    [item] = items
    return item


@pytest.mark.parametrize("way", ["submit", "insert"])
@pytest.mark.parametrize("size", SIZES)
def test_a_payload_comes_to_the_daemon_as_it_was_written(lab: Lab, way: str, size: str) -> None:
    payload = json.dumps({"NEV": KANJI * SIZES[size], "MEGJ": "Árvíztűrő tükörfúrógép"}, ensure_ascii=False)
    number = submitted(lab, payload=payload) if way == "submit" else lab.insert(payload=payload)
    item = only(claim(lab))
    assert (item.row.item_id, item.payload) == (number, payload)
    body = (payload * 2).encode()
    lab.store.outbox.permit([request(item, body=body, document=payload)])
    lab.travel(number, 31)
    lab.store.outbox.sweep("background")
    assert lab.row(number).state is State.UNKNOWN
    [(stored, document)] = lab.run("SELECT body, document FROM EESZT_MESSAGE")
    assert (stored, document) == (body, payload)


def test_lengths_count_in_characters_of_whatever_bytes(lab: Lab) -> None:
    lengths = {"source_key": 200, "order_key": 100, "recorded_by": 100, "workplace": 100}
    written = {name: KANJI * length for name, length in lengths.items()}
    submitted(lab, **written)
    item = only(claim(lab))
    assert {name: getattr(item, name) for name in lengths} == written
    lab.store.outbox.permit([request(item, acting_user=KANJI * 100, message_id=KANJI * 100)])
    lab.store.outbox.complete([completion(item, eeszt_id=KANJI * 200)])
    assert lab.row(item.row.item_id).state is State.ACCEPTED
    assert {value for (value,) in lab.run("SELECT value FROM EESZT_IDENTIFIER")} == {KANJI * 200}


@pytest.mark.parametrize("letters", [999, 1000, 1001, 3000])
def test_a_sentence_of_the_eeszt_is_cut_at_what_the_database_keeps(lab: Lab, letters: int) -> None:
    item = sent(lab, lab.insert())
    text = KANJI * letters
    lab.store.outbox.complete([completion(item, Ending.REJECTED, reason_code="X", status_text=text)])
    row = lab.row(item.row.item_id)
    assert (row.state, row.status_text) == (State.REJECTED, sentences.bounded(text))


def test_a_withdrawal_that_is_refused_at_length_tells_its_original_as_much_as_fits(lab: Lab) -> None:
    original = lab.insert("erecept_feliras", order_key="k")
    accepted(lab, original, "SIM-1")
    lab.store.desk.withdraw(original, DOCTOR)
    withdrawal = only(claim(lab, "interactive"))
    lab.store.outbox.permit([request(withdrawal)])
    text = KANJI * 1000
    lab.store.outbox.complete([completion(withdrawal, Ending.REJECTED, reason_code="X", status_text=text)])
    row = lab.row(original)
    assert row.compensation is Compensation.FAILED
    assert row.status_text == sentences.bounded(f"{sentences.WITHDRAWAL_FAILED} {text}")


def test_empty_texts_are_none_wherever_they_are_read(lab: Lab) -> None:
    submitted(lab, source_key="", order_key="", payload="", workplace="")
    lab.insert(source_key="", order_key="", payload="", workplace="")
    for item in claim(lab):
        assert (item.source_key, item.order_key, item.payload, item.workplace) == (None, None, None, "")


@pytest.mark.parametrize(
    ("column", "length"), [("source_key", 200), ("order_key", 100), ("recorded_by", 100), ("workplace", 100)]
)
def test_a_text_that_is_too_long_is_refused_and_leaves_nothing(lab: Lab, column: str, length: int) -> None:
    if not lab.store.features.several_daemons:
        pytest.skip("SQLite keeps texts of any length")
    text = "ő" * (length + 1)
    with pytest.raises(RunnerError, match=r"RNR-7413 .*ORA-12899"):
        submitted(lab, **{column: text})
    with pytest.raises(lab.errors, match="ORA-12899"):
        lab.insert(**{column: text})
    assert claim(lab) == []
