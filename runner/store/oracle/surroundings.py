"""What our schema lives in, against what its work needs: plans, space, undo, sort order, clock, scripts that ran."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from runner.ports import Difference, Grade, Inspected
from runner.store.oracle.declaration import Declaration
from runner.store.oracle.dictionary import Step, Surroundings, question

OLDEST = 19
"""Release of Oracle that everything is made for."""
UNDO_S = 900
"""Undo must last for the longest statement and what a restart reads; Oracle's own default."""
FULL, FILLING = 97.0, 85.0
"""Percent of a tablespace that is used, growth counted in: from which it is about to stop, and to be looked at."""
CLOCK_S = 2.0
"""Difference of the two clocks from which limits that a ward is told do not fit what it sees."""
_IDLE_NLS = {"NLS_SORT": "BINARY", "NLS_COMP": "BINARY"}


@dataclass(frozen=True, slots=True)
class Planned:
    """
    The plan of one of our statements.

    Attributes:
        name: Lane and block of queries.sql.
        table: The outbox that it reads.
        index: By which it must come to its rows.
        steps: Of the plan; None: the database did not explain it.
        reason: Why not.
        sql: The statement.
    """

    name: str
    table: str
    index: str
    steps: Sequence[Step] | None
    reason: str = ""
    sql: str = ""


def compare_surroundings(
    declared: Declaration, found: Surroundings, plans: Sequence[Planned], runtime: str
) -> list[Inspected]:
    """
    Compare everything around the schema with what the work needs.

    Args:
        declared: By the scripts.
        found: In the dictionary.
        plans: Of the statements that run all the time.
        runtime: The daemon's user.
    """
    return [
        Inspected("scripts", f"{len(declared.scripts)} have run, in this release's text", [*_scripts(declared, found)]),
        Inspected("plans", f"{len(plans)} statements come by their index", [*_plans(plans)]),
        Inspected("space", "enough in every tablespace", [*_space(found)]),
        Inspected("parameters", f"Oracle {found.version}", [*_parameters(found)]),
        Inspected("sort order and letters", "BINARY, AL32UTF8", [*_nls(found, runtime)]),
        Inspected("database's clock", f"within {CLOCK_S:.0f} s of this machine's", [*_clock(found)]),
    ]


def _scripts(declared: Declaration, found: Surroundings) -> Iterator[Difference]:
    install = "Run `eeszt-runner db install`, or the script in SQL*Plus, as the owner."
    if found.scripts is None:
        text = "EESZT_SCHEMA_SCRIPT is not there, or not readable: nobody knows which scripts have run"
        yield Difference("scripts", Grade.WRONG, text, advice=install)
        return
    for name, sha256 in declared.scripts.items():
        ran = found.scripts.get(name)
        if ran is None:
            yield Difference(name, Grade.WRONG, "the script has not run", advice=install)
        elif ran != sha256:
            yield Difference(name, Grade.WRONG, "another text of the script has run", advice=install)
    for name in sorted(set(found.scripts) - set(declared.scripts)):
        text = "a script has run that this release and outboxes.yaml do not have"
        yield Difference(
            name, Grade.LOOK, text, advice="Look whether an outbox was renamed, or a newer release installed."
        )


def _plans(plans: Sequence[Planned]) -> Iterator[Difference]:
    for plan in plans:
        gather = (
            f"BEGIN DBMS_STATS.GATHER_TABLE_STATS(USER, '{plan.table}', cascade => TRUE, no_invalidate => FALSE); END;",
        )
        if plan.steps is None:
            text = f"EXPLAIN PLAN was refused: {plan.reason}"
            yield Difference(plan.name, Grade.UNSEEN, text, (f"EXPLAIN PLAN FOR\n{plan.sql}",), "DBA")
            continue
        full = [each for each in plan.steps if each.object == plan.table and each.options.startswith("FULL")]
        full += [
            each
            for each in plan.steps
            if each.object == plan.index and "FULL SCAN" in each.options and not _in_order(each)
        ]
        if full:
            text = f"the plan reads all of {plan.table} at every poll"
            yield Difference(plan.name, Grade.WRONG, text, gather)
        elif not any(each.object == plan.index for each in plan.steps):
            used = ", ".join(sorted({each.object for each in plan.steps if each.operation == "INDEX"})) or "none"
            text = f"the plan does not come by {plan.index}; indexes that it uses: {used}"
            yield Difference(plan.name, Grade.LOOK, text, gather)


def _in_order(step: Step) -> bool:
    """A full scan of an index that holds the open items alone, in their order, is what is wanted."""
    return step.options in {"FULL SCAN", "FULL SCAN DESCENDING"}


def _space(found: Surroundings) -> Iterator[Difference]:
    if found.used_percent is None:
        names = ", ".join(f"'{name}'" for name in sorted(found.tablespaces)) or "'…'"
        query = question("*", "DBA_TABLESPACE_USAGE_METRICS", f"tablespace_name IN ({names})")
        yield Difference("tablespaces", Grade.UNSEEN, "free space is not visible to this user", (query,), "DBA")
        return
    for name, used in sorted(found.used_percent.items()):
        if used >= FILLING:
            grade = Grade.WRONG if used >= FULL else Grade.LOOK
            ddl = f"ALTER TABLESPACE {name} ADD DATAFILE SIZE 1G AUTOEXTEND ON NEXT 256M MAXSIZE UNLIMITED"
            text = f"{used:.0f} percent of what it may grow to are used"
            yield Difference(name, grade, text, (ddl,), "DBA")


def _parameters(found: Surroundings) -> Iterator[Difference]:
    major = re.match(r"\d+", found.version)
    if major is None or int(major[0]) < OLDEST:
        text = f"the database is of release {found.version}; the schema is made for {OLDEST} and later"
        yield Difference("release", Grade.WRONG, text, advice="Upgrade the database.")
    if found.parameters is None:
        names = "'compatible', 'max_string_size', 'undo_retention', 'processes'"
        query = question("name, value", "V$PARAMETER", f"name IN ({names})")
        yield Difference("parameters", Grade.UNSEEN, "not visible to this user", (query,), "DBA")
        return
    undo = found.parameters.get("undo_retention", "")
    if undo.isdigit() and int(undo) < UNDO_S:
        text = f"undo_retention is {undo} s; a purge or a listing may end in ORA-01555"
        yield Difference("undo_retention", Grade.LOOK, text, (f"ALTER SYSTEM SET undo_retention = {UNDO_S}",), "DBA")
    compatible = re.match(r"\d+", found.parameters.get("compatible", ""))
    if compatible is not None and int(compatible[0]) < 12:  # noqa: PLR2004  JSON in SQL
        text = f"compatible is {found.parameters['compatible']}: JSON_TABLE and 30-character rules of 12.2 are missing"
        yield Difference("compatible", Grade.WRONG, text, advice="Raise it with the database's upgrade.")
    if found.parameters.get("max_string_size", "STANDARD") not in {"STANDARD", "EXTENDED"}:
        yield Difference("max_string_size", Grade.LOOK, f"it is {found.parameters['max_string_size']}")


def _nls(found: Surroundings, runtime: str) -> Iterator[Difference]:
    for name, wanted in _IDLE_NLS.items():
        value = found.session_sort.get(name, wanted)
        if value != wanted:
            text = f"{runtime}'s sessions have {name} = {value}: comparisons go past the indexes"
            trigger = (
                f"CREATE OR REPLACE TRIGGER {runtime}.EESZT_LOGON AFTER LOGON ON {runtime}.SCHEMA\n"
                "BEGIN\n"
                "  EXECUTE IMMEDIATE 'ALTER SESSION SET NLS_SORT = BINARY NLS_COMP = BINARY';\n"
                "END;"
            )
            yield Difference(name, Grade.WRONG, text, (trigger,), "DBA")
            break
    letters = found.database_nls.get("NLS_CHARACTERSET", "AL32UTF8")
    if letters != "AL32UTF8":
        text = f"the database keeps {letters}: letters that it does not have are lost at the insert"
        advice = "Nothing of ours mends that; migrate it with Oracle's DMU, or keep to its letters."
        yield Difference("NLS_CHARACTERSET", Grade.LOOK, text, run_as="DBA", advice=advice)


def _clock(found: Surroundings) -> Iterator[Difference]:
    if abs(found.clock_s) - found.clock_within_s > CLOCK_S:
        way = "before" if found.clock_s > 0 else "behind"
        text = f"the database's clock is {abs(found.clock_s):.1f} s {way} this machine's"
        advice = "Let both machines follow one time server; leases and deadlines run by the database's clock."
        yield Difference("clock", Grade.LOOK, text, run_as="DBA", advice=advice)


def planned(name: str, table: str, index: str, rows: Sequence[Mapping[str, str]]) -> Planned:
    """Give a plan as the rows of PLAN_TABLE have it."""
    steps = [Step(row["operation"] or "", row["options"] or "", row["object_name"] or "") for row in rows]
    return Planned(name, table, index, steps)
