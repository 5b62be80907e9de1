"""What rows hold and what documents get: nothing is guessed, nothing is rounded, nothing empty is written."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import MappingError
from runner.mapping import Mappings, RowRefused
from runner.mapping.values import ForbiddenCharacterError, NotWritableError, Record, written
from tests.mapping.expressions import compute, problems_of, program
from tests.mapping.site import MESSAGE_ID, an_item
from tests.mapping.test_cda import ROW

EMPTY = [None, ""]
LOCAL = datetime(2026, 2, 28)  # noqa: DTZ001  a database gives local times without a zone


@pytest.mark.parametrize("empty", EMPTY)
@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'a' if row.X else 'b'", "b"),
        ("'a' if row.X is none else 'b'", "a"),
        ("'a' if row.X == none else 'b'", "a"),
        ("'a' if not row.X else 'b'", "a"),
        ("row.X or 'b'", "b"),
        ("row.X|default('b')", "b"),
        ("row.X|length ~ ''", "0"),
        ("'a' if row.X == '' else 'b'", "a"),
        ("'a' if row.X == 'x' else 'b'", "b"),
    ],
)
def test_an_empty_column_is_false_and_equals_none(expression: str, expected: str, empty: object) -> None:
    assert compute(expression, {"X": empty}) == expected


@pytest.mark.parametrize("empty", EMPTY)
@pytest.mark.parametrize(
    "expression",
    [
        "row.X ~ 'a'",
        "'a' ~ row.X",
        "row.X|upper",
        "row.X + 1",
        "row.X * 2",
        "2 / row.X",
        "row.X > 1",
        "[row.X, 1]|join(',')",
        "row.X",
    ],
)
def test_an_empty_column_that_is_written_names_itself(expression: str, empty: object) -> None:
    with pytest.raises(RowRefused) as raised:
        compute(expression, {"X": empty})
    assert raised.value.column == "X"
    assert "X mező üres" in str(raised.value.outcome.status_text)


def test_a_column_of_any_name_is_a_column() -> None:
    row = {name: name.upper() for name in ("items", "keys", "values", "get", "pop", "__class__", "data", "label")}
    for name in row:
        assert compute(f"row['{name}']", row) == name.upper()
    assert compute("row.items ~ row.get ~ row.data", row) == "ITEMSGETDATA"


def test_a_missing_column_is_told_with_the_nearest_name() -> None:
    with pytest.raises(MappingError) as raised:
        program({"x": {"from": "TAJJ"}}).run({"TAJ": "1"}, {})
    assert "RNR-2040 proba.yaml:2" in str(raised.value)
    assert "there is no 'TAJJ', did you mean 'TAJ'?" in str(raised.value)


def test_what_a_payload_lacks_is_empty_and_named() -> None:
    made = program({"x": {"from": "beteg.taj"}, "y": {"from": "z", "optional": True}}, lenient=True)
    assert made.run({"beteg": {"taj": "1"}}, {}) == {"x": "1", "y": None}
    for row in ({}, {"beteg": None}, {"beteg": "x"}, {"beteg": {}}):
        with pytest.raises(RowRefused) as raised:
            made.run(row, {})
        assert raised.value.column == "beteg.taj"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (7, "7"),
        (Decimal("2.50"), "2.50"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.0000001"), "0.0000001"),
        (0.1, "0.1"),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05Z"),
        (datetime(2026, 1, 2, 3, 4, 5, 250_000, tzinfo=timezone(timedelta(hours=1))), "2026-01-02T02:04:05.250Z"),
        ("é<&>\"'", "é<&>\"'"),
    ],
)
def test_values_are_written_in_the_forms_of_xml(value: Any, text: str) -> None:
    assert written(value) == text
    assert compute("'' ~ row.X", {"X": value}) == text


@pytest.mark.parametrize("value", [[], [1], {}, LOCAL, Decimal("NaN"), Decimal("Infinity"), object()])
def test_what_has_no_form_in_xml_is_not_written(value: object) -> None:
    with pytest.raises(NotWritableError):
        written(Record(value) if isinstance(value, dict) else value)


@given(st.text())
def test_a_text_is_written_unchanged_or_not_at_all(text: str) -> None:
    allowed = all(
        c in "\t\n\r" or 0x20 <= ord(c) <= 0xD7FF or 0xE000 <= ord(c) <= 0xFFFD or ord(c) >= 0x10000 for c in text
    )
    if allowed:
        assert written(text) == text
    else:
        with pytest.raises(ForbiddenCharacterError):
            written(text)


@pytest.mark.parametrize(
    ("expression", "row", "expected"),
    [
        ("row.A * row.B", {"A": Decimal("0.1"), "B": 3}, "0.3"),
        ("row.A / 4", {"A": 1}, "0.25"),
        ("row.A * 0.1", {"A": 3}, "0.3"),
        ("row.A + 0.2", {"A": Decimal("0.1")}, "0.3"),
        ("(row.A / 3)|round(2)", {"A": 1}, "0.33"),
        ("row.A|zfill(9)", {"A": "12"}, "000000012"),
        ("row.A|digits", {"A": "032 154-784"}, "032154784"),
        ("row.A[:3]", {"A": "abcdef"}, "abc"),
        ("row.A.upper().removeprefix('A')", {"A": "abc"}, "BC"),
        ("(row.A|json).b[1].c", {"A": '{"b": [{}, {"c": 2.50}]}'}, "2.50"),
        ("row.A|map(attribute='b')|join('+')", {"A": [{"b": 1}, {"b": 2}]}, "1+2"),
    ],
)
def test_expressions_compute_exactly(expression: str, row: dict[str, Any], expected: str) -> None:
    assert written(compute(expression, row)) == expected


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("integer", ["12", 12, Decimal("12.0"), "-3"], ["1.5", "x", True, Decimal("1.5"), "1" * 40]),
        ("decimal", ["1.50", 2, Decimal("0.1"), 0.25, "-1"], ["1,5", "1e5", "x", True, "NaN"]),
        ("boolean", ["0", "1", 0, 1, True, False, "true"], ["talan", 2, "", "TRUE"]),
        ("date", ["2026-02-28", date(2026, 2, 28), LOCAL], ["2026-02-29", "28.02.2026", 20260228]),
        (
            "instant",
            ["2026-01-15 11:00:00", "2026-01-15T10:00:00Z", "2026-01-15 11:00", LOCAL],
            ["2026-01-15", "2026-13-01 10:00:00", "tegnap", 5, "2026-03-29 02:30:00", "2026-10-25 02:30:00"],
        ),
        ("taj", ["032154784"], ["032154785", "32154784", "03215478४"]),
    ],
)
def test_a_type_takes_what_it_can_and_refuses_the_rest_by_column(kind: str, good: list[Any], bad: list[Any]) -> None:
    made = program({"x": {"from": "OSZLOP", "type": kind}})
    for value in good:
        assert made.run({"OSZLOP": value}, {})["x"] is not None
    for value in bad:
        with pytest.raises(RowRefused) as raised:
            made.run({"OSZLOP": value}, {})
        assert raised.value.column == "OSZLOP"
        assert str(value) not in str(raised.value.outcome.status_text) or str(value) == ""


def test_local_times_become_the_same_instant() -> None:
    made = program({"x": {"from": "X", "type": "instant"}})
    expected = datetime(2026, 7, 15, 8, tzinfo=UTC)
    for value in ("2026-07-15 10:00:00", "2026-07-15T10:00", "2026-07-15T08:00:00Z", "2026-07-15T10:00:00+02:00"):
        assert made.run({"X": value}, {})["x"] == expected


@pytest.mark.parametrize("kind", ["text", "integer", "decimal"])
@pytest.mark.parametrize("value", [Decimal("1E+999999999"), Decimal("1E-999999999"), "1" * 11_000_000])
def test_a_value_beyond_all_measure_is_refused_at_once(kind: str, value: object) -> None:
    with pytest.raises(RowRefused) as raised:
        program({"x": {"from": "X", "type": kind}}).run({"X": value}, {})
    assert raised.value.column == "X"


def test_a_payload_that_lacks_a_column_of_an_expression_is_told_which(shipped: Mappings) -> None:
    made = program({"x": {"expr": "row.A ~ row.B"}}, lenient=True)
    with pytest.raises(RowRefused) as raised:
        made.run({"A": "1"}, {})
    assert raised.value.column == "B"
    item = an_item("ekat_esemeny", payload='{"TAJ": "032154784", "TAJ": "045187230"}')
    with pytest.raises(RowRefused) as raised:
        shipped.types["ekat_esemeny"].row_of(item)
    assert raised.value.outcome.reason_code == "BAD_PAYLOAD"


def test_elements_read_themselves_and_the_outer_row() -> None:
    fields = {
        "lista": {
            "each": "row.L",
            "document": {
                "a": {"from": "A"},
                "b": {"expr": "row.KOD ~ element.A"},
                "belso": {"each": "element.B", "optional": True, "document": {"c": {"expr": "element ~ row.KOD"}}},
            },
        }
    }
    row = {"KOD": "k", "L": '[{"A": "1", "B": ["x", "y"]}, {"A": "2", "B": null}]'}
    assert program(fields).run(row, {})["lista"] == [
        {"a": "1", "b": "k1", "belso": [{"c": "xk"}, {"c": "yk"}]},
        {"a": "2", "b": "k2", "belso": None},
    ]
    with pytest.raises(RowRefused) as raised:
        program(fields).run({"KOD": "k", "L": [{"A": "1", "B": []}, {"A": None, "B": []}]}, {})
    assert raised.value.column == "L[2].A"


def test_a_condition_leaves_a_group_out() -> None:
    fields = {"cs": {"when": "row.X == 'i'", "document": {"a": {"from": "A"}}}, "b": {"expr": "doc.cs.a|default('-')"}}
    assert program(fields).run({"X": "i", "A": "1"}, {}) == {"cs": {"a": "1"}, "b": "1"}
    assert program(fields).run({"X": "n", "A": None}, {}) == {"cs": {"a": None}, "b": "-"}


def test_every_problem_of_an_expression_is_told_before_any_row() -> None:
    assert [problem.number for problem in problems_of("rwo.X ~ doc.nincs|upprr")] == [2003, 2003]
    assert problems_of("row.X") == []


def test_an_element_of_a_list_lacks_what_it_does_not_say_and_is_a_map(shipped: Mappings) -> None:
    kind, item = shipped.types["ehr_feltoltes"], an_item("ehr_feltoltes", lane="background")
    for sections, column in (
        ('[{"CIM": "x"}]', "SZAKASZOK[1].SZOVEG"),
        ('[{"CIM": "x", "SZOVEG": "y"}, 3]', "SZAKASZOK[2]"),
    ):
        with pytest.raises(RowRefused) as refused:
            kind.prepare({**ROW, "SZAKASZOK": sections}, item, MESSAGE_ID)
        assert refused.value.column == column


def test_a_day_that_has_not_come_is_refused_but_for_the_hour_that_clocks_may_differ(shipped: Mappings) -> None:
    kind, item = shipped.types["ehr_feltoltes"], an_item("ehr_feltoltes", lane="background")
    soon = (item.created_at + timedelta(minutes=50)).isoformat()
    assert kind.prepare({**ROW, "KESZULT": soon, "SZUL_DATUM": item.created_at.date()}, item, MESSAGE_ID)
    late = (item.created_at + timedelta(minutes=70)).isoformat()
    for change in ({"KESZULT": late}, {"SZUL_DATUM": item.created_at.date() + timedelta(days=1)}):
        with pytest.raises(RowRefused) as refused:
            kind.prepare({**ROW, **change}, item, MESSAGE_ID)
        assert refused.value.outcome.status_text == f"A {next(iter(change))} mező hibás: a jövőben van."
