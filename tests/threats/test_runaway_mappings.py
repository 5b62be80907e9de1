"""A mapping from elsewhere that loops, grows or recurses is ended as a fault of the mapping, soon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from runner.errors import MappingError, ProblemsError
from runner.mapping import RowRefused
from runner.mapping.budget import begin, spend
from tests.mapping.expressions import compute, program
from tests.mapping.site import GOOD_ROW, MESSAGE_ID, Site, an_item

HUNDRED = "[" + ",".join("0" * 100) + "]"

TEMPLATES = {
    "nested loops": "".join(f"{{% for a{n} in {HUNDRED} %}}" for n in range(8)) + "{% endfor %}" * 8,
    "text in loops": f"{{% for a in {HUNDRED} %}}{{% for b in {HUNDRED} %}}" + "x" * 100_000 + "{% endfor %}" * 2,
    "text in a macro": "{% macro m() %}" + "x" * 100_000 + "{% endmacro %}" + "{{ m() }}" * 1_000,
    "a macro that calls itself": "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
    "a macro that doubles": "{% macro a(n) %}{% if n %}{{ a(n-1) }}{{ a(n-1) }}{% endif %}{% endmacro %}{{ a(60) }}",
    "a loop in itself": "{% for x in [1, 2] recursive %}{{ loop([1, 2]) }}{% endfor %}",
    "numbers that square": "{% set x = 99 %}" + "{% set x = x * x %}" * 40,
    "texts that double": "{% set x = 'aaaaaaaaaa' %}" + "{% set x = x ~ x %}" * 40,
    "blocks that double": "{% set x %}aaaaaaaaaa{% endset %}" + "{% set x %}{{ x }}{{ x }}{% endset %}" * 40,
    "lists that double": "{% set x = [1, 2] %}" + "{% set x = [x, x]|sum(start=[]) %}" * 40,
    "an include of itself": "{% include 'erecept_feliras.xml.j2' %}",
    "a loop over a range": "{% for i in range(1000000000) %}{% endfor %}",
    "rounding": "{{ 5|round(-1000000000) }}",
}


@pytest.fixture
def site(tmp_path: Any) -> Site:
    return Site.copy_to(tmp_path)


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.timeout(60)
def test_a_template_without_end_is_ended(site: Site, name: str) -> None:
    site.edit(
        "templates/erecept_feliras.xml.j2", "<er:Bno>{{ doc.bno }}", f"<er:Bno>{TEMPLATES[name]}{{{{ doc.bno }}}}"
    )
    with pytest.raises((ProblemsError, MappingError)):
        site.load().types["erecept_feliras"].prepare(GOOD_ROW, an_item(), MESSAGE_ID)


@pytest.mark.parametrize(
    "expression",
    [
        "5|round(-1000000000)",
        "5|round(1000000000, 'ceil')",
        "*".join("9" * 80),
        "[[1],[2]]|sum(start=[])",
        "'" + "[" * 50_000 + "'|json",
        "'1E999999999'|json + 1",
        "(" * 500 + "1" + ")" * 500,
        "row.X[0]|d * 1000000000",
    ],
)
@pytest.mark.timeout(20)
def test_an_expression_without_measure_is_ended(expression: str) -> None:
    with pytest.raises((ProblemsError, MappingError, RowRefused)):
        compute(expression, {"X": "x"})


@pytest.mark.timeout(20)
def test_a_filter_over_a_filter_counts_what_both_handle() -> None:
    every = program({"x": {"expr": "row.X|list|select('in', row.X|list)|list|length"}})
    assert every.run({"X": "árvíz"}, {"item_id": 1})["x"] == "5"
    long = "".join(chr(0x4E00 + number % 20_000) for number in range(200_000))
    with pytest.raises(MappingError, match="it does more than any mapping needs"):
        every.run({"X": long}, {"item_id": 1})


def test_each_run_has_a_budget_of_its_own() -> None:
    made = program({"x": {"expr": "row.X|list|length"}})
    row: Mapping[str, Any] = {"X": "x" * 9_000_000}
    assert [made.run(row, {"item_id": 1})["x"] for _ in range(8)] == ["9000000"] * 8
    begin()
    spend(40_000_000)
    assert made.run(row, {"item_id": 1})["x"] == "9000000"


def test_files_nested_too_deep_are_told_and_not_read(site: Site) -> None:
    path = site.folder / "mappings" / "erecept_feliras" / "mapping.yaml"
    path.write_text("a: " + "[" * 5_000 + "]" * 5_000, "utf-8")
    assert any("nested too deep" in str(problem) for problem in site.problems())
    path.write_text("a0: &a [x]\n" + "a1: [*a, *a, *a]\n", "utf-8")
    assert any("alias" in str(problem) for problem in site.problems())
