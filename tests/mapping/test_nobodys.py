"""A document type that forgets the rule against identifiers of nobody is refused, so that it cannot send one."""

from __future__ import annotations

from runner.mapping.scaffold import MAPPING
from tests.mapping.site import Site

RULE = "paciens.egyedi_azonosito"


def test_a_type_with_a_taj_names_the_rule_that_keeps_back_nobody_s(site: Site) -> None:
    assert site.problems() == []
    line = site.edit("mappings/ekat_esemeny/mapping.yaml", f"{RULE}, ", "")
    assert line
    [problem] = site.problems()
    assert problem.number == 2027
    assert str(problem).endswith(f"Add {RULE} to `rules`.")
    assert "paciens.taj is a taj" in str(problem)


def test_a_new_type_names_it_from_the_start() -> None:
    assert RULE in MAPPING
