"""No patient's value in any sentence, error, log or exception, whatever goes wrong with a row."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from runner.errors import RunnerError
from runner.mapping import DocumentType, RowRefused
from runner.ports import Delivery, Reply
from tests.mapping.site import GOOD_ROW, MESSAGE_ID, Site, an_item

MARK = "TITKOSJEL"


def marked() -> dict[str, Any]:
    """A row in which every text carries the mark; what must be a number or a code is wrong by it."""
    return {name: f"{MARK}{number}" for number, name in enumerate(GOOD_ROW)}


def told(kind: DocumentType, row: dict[str, Any], caplog: pytest.LogCaptureFixture) -> str:
    """Everything that is told of a row that does not go up: sentences, exception texts, log lines."""
    try:
        kind.prepare(row, an_item(), MESSAGE_ID)
    except RowRefused as refused:
        text = f"{refused} {refused.outcome} {refused.column}"
    except RunnerError as error:
        text = f"{error} {error.facts}"
    else:
        pytest.fail("the row went up")
    return text + caplog.text


@pytest.mark.parametrize(
    "column",
    sorted(
        set(GOOD_ROW)
        - {"VENY_ID", "GYAKORISAG", "ADAG", "NEV", "VENY_TIPUS", "OSSZETEVOK", "NAPLOSORSZAM", "ELKESZITES"}
    ),
)
def test_a_wrong_value_is_told_by_its_column_alone(site: Site, column: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    text = told(site.load().types["erecept_feliras"], {**GOOD_ROW, column: marked()[column]}, caplog)
    assert MARK not in text
    assert column in text


FAULTS: dict[str, Callable[[Site], object]] = {
    "an expression that fails": lambda site: site.edit(
        "mappings/erecept_feliras/mapping.yaml", "expr: row.ADAG ~", "expr: row.ADAG / 2 ~"
    ),
    "an expression that reads what is no list": lambda site: site.edit(
        "mappings/erecept_feliras/mapping.yaml", "expr: row.ADAG ~", "expr: (row.ADAG|json).x ~"
    ),
    "a template that fails": lambda site: site.edit(
        "templates/erecept_feliras.xml.j2", "{{ doc.adagolas }}", "{{ doc.adagolas + 1 }}"
    ),
    "a template that writes a map": lambda site: site.edit(
        "templates/erecept_feliras.xml.j2", "{{ doc.adagolas }}", "{{ doc.paciens }}"
    ),
    "a template that is no XML": lambda site: site.edit(
        "templates/erecept_feliras.xml.j2", "{{ doc.adagolas }}", "{{ doc.adagolas }}<"
    ),
    "a template that the schema refuses": lambda site: site.edit(
        "templates/erecept_feliras.xml.j2", "<er:Bno>{{ doc.bno }}", "<er:Bno>{{ doc.adagolas }} {{ doc.bno }}"
    ),
    "a rule that fails": lambda site: site.edit(
        "mappings/rules.yaml", "when: doc.gyse and not doc.egyse", "when: doc.adagolas / 2"
    ),
    "a write-back that fails": lambda site: site.edit(
        "mappings/erecept_feliras/mapping.yaml", "VENY_ID: row.VENY_ID", "VENY_ID: row.ADAG / 2"
    ),
}


@pytest.mark.parametrize("spoil", FAULTS.values(), ids=FAULTS)
def test_a_fault_of_the_mapping_tells_its_place_and_no_value(
    site: Site, spoil: Callable[[Site], object], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    spoil(site)
    row = {**GOOD_ROW, "NEV": f"{MARK} neve", "ADAG": MARK, "GYAKORISAG": MARK}
    text = told(site.load().types["erecept_feliras"], row, caplog)
    assert MARK not in text
    assert "RNR-204" in text or "mező" in text
    assert ".yaml:" in text or ".j2:" in text or "mező" in text


@pytest.mark.parametrize(
    "payload",
    [
        f"{MARK}",
        f'{{"TAJ": {MARK}}}',
        f'["{MARK}"]',
        f'"{MARK}"',
        "",
        f'{{"{MARK}": 1}}',
        "[" * 100_000,
        f'{{"TAJ": "{MARK}"}}',
    ],
)
def test_a_wrong_payload_is_told_without_what_it_holds(
    site: Site, payload: str, caplog: pytest.LogCaptureFixture
) -> None:
    kind = site.load().types["ekat_esemeny"]
    item = an_item("ekat_esemeny", payload=payload)
    with pytest.raises(RowRefused) as raised:
        kind.prepare(kind.row_of(item), item, MESSAGE_ID)
    told = (
        f"{raised.value} {raised.value.outcome} {''.join(traceback.format_exception_only(raised.value))}{caplog.text}"
    )
    assert MARK not in told
    assert raised.value.outcome.status_text


def test_an_answer_is_judged_without_quoting_it(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    kind = site.load().types["erecept_feliras"]
    prepared = kind.prepare(GOOD_ROW, an_item(), MESSAGE_ID)
    for reply in (
        Reply(Delivery.ANSWERED, body=f"<{MARK}/>".encode()),
        Reply(Delivery.ANSWERED, body=f"<a>{MARK}".encode()),
        Reply(Delivery.ANSWERED, body=b""),
        Reply(Delivery.FAULT, fault_code="HIBAS_TTT", fault_field=MARK, detail=MARK),
        Reply(Delivery.FAULT, fault_code=f"X{MARK}"),
    ):
        outcome = kind.outcome(reply, prepared.document, an_item())
        assert MARK not in f"{outcome.status_text} {outcome.reason_code} {caplog.text}"


def test_what_is_stored_is_what_went_up_and_nothing_of_the_row_besides(site: Site) -> None:
    kind = site.load().types["erecept_feliras"]
    prepared = kind.prepare({**GOOD_ROW, "MEGJEGYZES": MARK}, an_item(), MESSAGE_ID)
    assert MARK not in prepared.document_json
    assert MARK.encode() not in prepared.body
    assert json.loads(prepared.document_json) == prepared.document
