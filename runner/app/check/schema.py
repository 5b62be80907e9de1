"""The database against what is declared: schema, rights, surroundings; a line each, with what mends it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runner.app.check.finding import Finding, Status, ok
from runner.app.check.inspection import Inspection
from runner.mapping.columns import check_columns
from runner.mapping.problems import Problems
from runner.ports import Difference, Grade

_STATUS = {Grade.WRONG: Status.FAIL, Grade.LOOK: Status.WARN, Grade.UNSEEN: Status.SKIP}
_LONGEST = 300
"""Characters of a statement that fit behind a line; a longer one is begun only."""


def structure(inspection: Inspection) -> Iterator[Finding]:
    """Tables, indexes, constraints, triggers, code, rights, scripts, plans, space, parameters, clock."""
    for area in inspection.store.inspect():
        if not area.differences:
            yield ok(area.area, area.sound)
        for each in area.differences:
            yield Finding(each.name, _STATUS[each.grade], each.found, _remedy(each), ddl=each.ddl, run_as=each.run_as)


def columns(inspection: Inspection) -> Iterator[Finding]:
    """What source queries give and copies go into, against the mappings' fields."""
    mappings, problems = inspection.mappings, Problems()
    check_columns(mappings.types, inspection.settings.site.mappings, inspection.store.shapes, problems)
    for problem in problems.told:
        yield Finding.of("columns", Status.FAIL, problem)
    if not problems.found:
        looked = sum(kind.source_sql is not None for kind in mappings.types.values())
        hint = f", {len(problems.notes)} notes by `eeszt-runner mapping lint`" if problems.notes else ""
        yield ok("columns", f"{looked} source queries and all copies fit their columns{hint}")


def mending(findings: Sequence[Finding]) -> str:
    """Give all statements that mend what was found as a script, those of the owner first, and what a DBA may ask."""
    heads = (
        ("owner", False, "As the owner of the tables:"),
        ("DBA", False, "As DBA:"),
        ("DBA", True, "Not visible to the user who looked; as DBA, ask:"),
    )
    parts = []
    for who, is_question, head in heads:
        found = [
            each for each in findings if each.ddl and each.run_as == who and (each.status is Status.SKIP) is is_question
        ]
        if found:
            parts.append(f"-- {head}")
        parts += [f"-- {each.name}: {each.found}\n" + "\n".join(map(_ended, each.ddl)) for each in found]
    return "\n\n".join(parts)


def _ended(statement: str) -> str:
    """A statement as SQL*Plus runs it."""
    is_code = statement.lstrip().startswith(("BEGIN", "DECLARE", "CREATE OR REPLACE TRIGGER"))
    is_code |= statement.startswith(("CREATE OR REPLACE P", "CREATE OR REPLACE F"))
    return f"{statement}\n/" if is_code else f"{statement};"


def _remedy(difference: Difference) -> str:
    if not difference.ddl:
        return difference.advice
    who = {"owner": "As the owner", "DBA": "As DBA"}[difference.run_as]
    if difference.grade is Grade.UNSEEN:
        who = "Ask as DBA"
    text = "; ".join(" ".join(each.split()) for each in difference.ddl)
    if len(text) > _LONGEST:
        text = f"{text[:120]} … (all of it: `eeszt-runner db check --ddl`)"
    return f"{who}: {text}{' ' + difference.advice if difference.advice else ''}"
