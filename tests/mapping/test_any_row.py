"""Whatever a row holds, it goes up valid or ends in an outcome with a sentence; nothing else is ever raised."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from runner.domain.outcome import Ending
from runner.mapping import DocumentType, Mappings, Prepared, RowRefused
from tests.mapping.site import GOOD_ROW, MESSAGE_ID, an_item

EVENT: dict[str, Any] = {
    "TAJ": "032154784",
    "NEV": "Háry János",
    "SZUL_DATUM": "1941-11-05",
    "TIPUS": "JAROBETEG",
    "NAPLOSORSZAM": "2026/55",
    "KEZDETE": "2026-01-15 10:40:00",
    "DIAGNOZISOK": [{"BNO": "I10", "TIPUS": 1}],
    "AZONOSITO_TIPUS": "TAJ",
}

PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.text(max_size=30),
    st.text(alphabet="0123456789-: .TZ", max_size=20),
    st.datetimes(),
    st.dates(),
    st.sampled_from(["{{ doc }}", "'", "<x>", "&#0;", "[]", "{}", "[1]", '[{"NEV": null}]', "\ud800", "\x00"]),
)
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)


def refusal(call: Callable[[], object]) -> RowRefused | None:
    """What a call is refused with, or None."""
    try:
        call()
    except RowRefused as refused:
        return refused
    return None


def ends_well(kind: DocumentType, row: dict[str, Any]) -> None:
    made: list[Prepared] = []
    refused = refusal(lambda: made.append(kind.prepare(row, an_item(kind.name), MESSAGE_ID)))
    if refused is not None:
        assert refused.outcome.ending in {Ending.INVALID, Ending.SKIPPED}
        assert refused.outcome.status_text
        return
    (prepared,) = made
    assert etree.fromstring(prepared.body).tag == kind.operation.input_element
    prepared.document_json.encode("utf-8")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(st.sampled_from(sorted(GOOD_ROW)), VALUES, max_size=3))
def test_any_prescription_ends_well(shipped: Mappings, changes: dict[str, Any]) -> None:
    ends_well(shipped.types["erecept_feliras"], {**GOOD_ROW, **changes})


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.dictionaries(st.sampled_from(sorted(EVENT)), VALUES, max_size=3),
    without=st.sets(st.sampled_from(sorted(EVENT))),
)
def test_any_event_ends_well(shipped: Mappings, changes: dict[str, Any], without: set[str]) -> None:
    row = {name: value for name, value in {**EVENT, **changes}.items() if name not in without or len(without) > 2}
    ends_well(shipped.types["ekat_esemeny"], row)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payload=st.one_of(st.text(max_size=200), VALUES.map(lambda each: json.dumps(each, default=str))))
def test_any_payload_ends_well(shipped: Mappings, payload: str) -> None:
    kind = shipped.types["ekat_esemeny"]
    item = an_item(kind.name, payload=payload)
    refused = refusal(lambda: kind.row_of(item))
    if refused is not None:
        assert refused.outcome.reason_code == "BAD_PAYLOAD"
        return
    row = kind.row_of(item)
    ends_well(kind, row)


def test_a_megabyte_of_text_ends_well(shipped: Mappings) -> None:
    for column in GOOD_ROW:
        for filler in ("x", "9", "á", "<", " "):
            ends_well(shipped.types["erecept_feliras"], {**GOOD_ROW, column: filler * 1_000_000})
