"""What is declared against what is there: tables, indexes, constraints, triggers, code; plain data in and out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from runner.ports import Difference, Grade, Inspected
from runner.store.oracle.declaration import Column, Declaration, Index, Table, Unit
from runner.store.oracle.dictionary import FoundTable, Objects, question
from runner.store.oracle.spelling import as_sql


def compare(declared: Declaration, found: Objects, runtime: str) -> list[Inspected]:
    """
    Compare a schema with what the scripts declare.

    Args:
        declared: By the scripts.
        found: In the dictionary.
        runtime: The daemon's user, for sentences.
    """
    tables = _Tables(declared, found, runtime)
    return [
        Inspected("tables", f"{len(declared.tables)} tables with their columns", [*tables.differences()]),
        Inspected("indexes", f"{len(declared.indexes)}, all usable", [*_indexes(declared, found)]),
        Inspected("constraints", f"{len(declared.constraints)}, all enabled", [*_constraints(declared, found)]),
        Inspected("sequences", f"{len(declared.sequences)}", [*_sequences(declared, found)]),
        Inspected("triggers", "all enabled", [*_triggers(declared, found)]),
        Inspected("code and views", "all valid", [*_units(declared, found)]),
    ]


class _Tables:
    def __init__(self, declared: Declaration, found: Objects, runtime: str) -> None:
        self._declared = declared
        self._found = found
        self._runtime = runtime

    def differences(self) -> Iterator[Difference]:
        for table in self._declared.tables.values():
            found = self._found.tables.get(table.name)
            if found is None:
                yield self._missing(table)
                continue
            if found.is_view:
                yield from self._view(table)
            for column in table.columns.values():
                there = found.columns.get(column.name)
                yield from _column(table, column, there, in_key=column.name in self._declared.keys.get(table.name, ()))
            yield from _initrans(table, found)

    def _missing(self, table: Table) -> Difference:
        if not table.ours:
            advice = (
                "Correct `table` in outboxes.yaml; the table that an outbox lies over is the HIS's and is not created."
            )
            return Difference(table.name, Grade.WRONG, "there is no such table", advice=advice)
        if "tables" in self._found.complete:
            ddl = tuple(self._declared.statements[table.name])
            return Difference(table.name, Grade.WRONG, "the table is missing", ddl)
        grants = [each for each in self._declared.grants if each.object == table.name and each.grantee == self._runtime]
        if not grants:
            query = question("*", "DBA_TABLES", f"table_name = '{table.name}'")
            return Difference(table.name, Grade.UNSEEN, "not visible to this user", (query,), "DBA")
        found = f"the table is missing, or {self._runtime} has no right on it"
        return Difference(
            table.name, Grade.WRONG, found, advice="Run `eeszt-runner db check` as the owner to know which."
        )

    def _view(self, table: Table) -> Iterator[Difference]:
        """An outbox that is a view: its rows must be those of one table, and the triggers stand on that."""
        closed = self._found.not_updatable.get(table.name)
        if closed is None:
            query = question("column_name, updatable", "DBA_UPDATABLE_COLUMNS", f"table_name = '{table.name}'")
            found = "the outbox is a view; whether it is key-preserved is not visible to this user"
            yield Difference(table.name, Grade.UNSEEN, found, (query,), "DBA")
            return
        written = sorted(closed & set(table.columns))
        if written:
            found = f"the outbox is a view that is not key-preserved: {', '.join(written)} cannot be written through it"
            yield Difference(
                table.name,
                Grade.WRONG,
                found,
                advice="Lay the outbox over the table itself, or over a view of one table that has its key.",
            )
        found = "the outbox is a view; its triggers and indexes must stand on its table, and are not compared"
        yield Difference(
            table.name, Grade.LOOK, found, advice="Lay the outbox over the table itself where that can be."
        )


def _column(table: Table, wanted: Column, found: Column | None, *, in_key: bool) -> Iterator[Difference]:
    name = f"{table.name}.{wanted.name}"
    if found is None:
        if table.ours or wanted.ddl:
            yield Difference(
                name, Grade.WRONG, "the column is missing", (f"ALTER TABLE {as_sql(table.name)} ADD ({wanted.ddl})",)
            )
        else:
            yield Difference(name, Grade.WRONG, "there is no such column", advice="Correct outboxes.yaml.")
        return
    modify = (f"ALTER TABLE {as_sql(table.name)} MODIFY ({as_sql(wanted.name)} {wanted.said})",)
    if wanted.virtual != found.virtual:
        which = ("computed", "a column of its own")
        text = f"it is {which[wanted.virtual]}, and should be {which[not wanted.virtual]}"
        ddl = (
            f"ALTER TABLE {as_sql(table.name)} DROP COLUMN {as_sql(wanted.name)}",
            f"ALTER TABLE {as_sql(table.name)} ADD ({wanted.ddl})",
        )
        yield Difference(name, Grade.WRONG, text, ddl)
    elif wanted.type != found.type:
        yield Difference(name, Grade.WRONG, f"it is {found.said}, and should be {wanted.said}", modify)
    elif _is_smaller(found, wanted):
        yield Difference(name, Grade.WRONG, f"it is {found.said}, and must hold {wanted.said}", modify)
    elif wanted.in_chars and not found.in_chars:
        text = f"it is {found.said} and counts bytes: letters such as ő take two of them"
        yield Difference(name, Grade.WRONG, text, modify)
    if table.ours and not wanted.virtual and not in_key and wanted.nullable is not found.nullable:
        yield _nullable(table, wanted, name)


def _nullable(table: Table, wanted: Column, name: str) -> Difference:
    if wanted.nullable:
        ddl = f"ALTER TABLE {as_sql(table.name)} MODIFY ({as_sql(wanted.name)} NULL)"
        return Difference(name, Grade.WRONG, "it may not be empty here, and the runner leaves it empty", (ddl,))
    rule = wanted.ddl[wanted.ddl.index(" CONSTRAINT ") + 1 :] if " CONSTRAINT " in wanted.ddl else "NOT NULL"
    ddl = f"ALTER TABLE {as_sql(table.name)} MODIFY ({as_sql(wanted.name)} {rule})"
    return Difference(name, Grade.LOOK, "it may be empty here, and should not", (ddl,))


def _is_smaller(found: Column, wanted: Column) -> bool:
    """Whether something that we write does not fit; a number without size takes everything."""
    if wanted.size is None or found.size is None:
        return False
    if wanted.type == "NUMBER":
        before = found.size - (found.scale or 0) < wanted.size - (wanted.scale or 0)
        return before or (found.scale or 0) < (wanted.scale or 0)
    return found.size < wanted.size


def _initrans(table: Table, found: FoundTable) -> Iterator[Difference]:
    if table.initrans is None or found.initrans is None or found.initrans >= table.initrans:
        return
    text = f"INITRANS is {found.initrans}, and {table.initrans} sessions may write into one block at once"
    yield Difference(table.name, Grade.LOOK, text, (f"ALTER TABLE {as_sql(table.name)} INITRANS {table.initrans}",))


def _indexes(declared: Declaration, found: Objects) -> Iterator[Difference]:
    for index in declared.indexes.values():
        table = found.tables.get(index.table)
        if table is None or table.is_view:
            continue
        there = found.indexes.get(index.name)
        if there is None:
            yield _no_index(index, found)
        elif (there.table, there.columns) != (index.table, index.columns):
            text = f"it is on {there.table} ({', '.join(there.columns)}), and should be on ({', '.join(index.columns)})"
            yield Difference(index.name, Grade.WRONG, text, (f"DROP INDEX {index.name}", index.ddl))
        elif not there.usable:
            yield Difference(index.name, Grade.WRONG, "the index is UNUSABLE", (f"ALTER INDEX {index.name} REBUILD",))
        elif not there.visible:
            yield Difference(index.name, Grade.WRONG, "the index is INVISIBLE", (f"ALTER INDEX {index.name} VISIBLE",))
        elif index.initrans and there.initrans is not None and there.initrans < index.initrans:
            text = f"INITRANS is {there.initrans}, and {index.initrans} sessions may write into one block at once"
            yield Difference(
                index.name, Grade.LOOK, text, (f"ALTER INDEX {index.name} REBUILD INITRANS {index.initrans}",)
            )


def _no_index(index: Index, found: Objects) -> Difference:
    for name, other in found.indexes.items():
        if (other.table, other.columns) == (index.table, index.columns):
            text = f"the index is called {name} here"
            return Difference(index.name, Grade.LOOK, text, (f"ALTER INDEX {as_sql(name)} RENAME TO {index.name}",))
    text = f"the index on {index.table} ({', '.join(index.columns)}) is missing"
    return Difference(index.name, Grade.WRONG, text, (index.ddl,))


def _constraints(declared: Declaration, found: Objects) -> Iterator[Difference]:
    for constraint in declared.constraints.values():
        table = found.tables.get(constraint.table)
        if table is None or table.is_view:
            continue
        there = found.constraints.get(constraint.name)
        if there is None:
            ddl = f"ALTER TABLE {as_sql(constraint.table)} ADD {constraint.body}"
            yield Difference(constraint.name, Grade.WRONG, f"the constraint on {constraint.table} is missing", (ddl,))
        elif (there.table, there.type) != (constraint.table, constraint.type):
            ddl = f"ALTER TABLE {as_sql(constraint.table)} ADD {constraint.body}"
            drop = f"ALTER TABLE {as_sql(there.table)} DROP CONSTRAINT {constraint.name}"
            yield Difference(
                constraint.name, Grade.WRONG, f"another constraint on {there.table} has its name", (drop, ddl)
            )
        elif not there.enabled:
            ddl = f"ALTER TABLE {as_sql(constraint.table)} ENABLE CONSTRAINT {constraint.name}"
            yield Difference(constraint.name, Grade.WRONG, f"the constraint on {constraint.table} is disabled", (ddl,))


def _sequences(declared: Declaration, found: Objects) -> Iterator[Difference]:
    for name, ddl in declared.sequences.items():
        if name in found.sequences:
            continue
        if "sequences" not in found.complete:
            query = question("*", "DBA_SEQUENCES", f"sequence_name = '{name}'")
            yield Difference(name, Grade.UNSEEN, "not visible to this user", (query,), "DBA")
            continue
        first = "the next number must be above the highest that was given"
        yield Difference(name, Grade.WRONG, f"the sequence is missing; {first}", (ddl,))


def _triggers(declared: Declaration, found: Objects) -> Iterator[Difference]:
    units = {unit.name: unit for (kind, _), unit in declared.units.items() if kind == "TRIGGER"}
    sees_all = "triggers" in found.complete
    unseen = []
    for name, unit in units.items():
        table, there = found.tables.get(unit.table), found.triggers.get(name)
        if table is None or table.is_view:
            continue
        if there is None and not sees_all:
            unseen.append(name)
        elif there is None:
            yield Difference(name, Grade.WRONG, f"the trigger on {unit.table} is missing", (unit.ddl,))
        elif there.table != unit.table:
            drop = f"DROP TRIGGER {as_sql(name)}"
            yield Difference(name, Grade.WRONG, f"it stands on {there.table}", (drop, unit.ddl))
        elif not there.enabled:
            yield Difference(name, Grade.WRONG, "the trigger is disabled", (f"ALTER TRIGGER {as_sql(name)} ENABLE",))
    if unseen:
        query = question("trigger_name, status", "DBA_TRIGGERS", f"trigger_name IN ({_listed(unseen)})")
        yield Difference("triggers", Grade.UNSEEN, "not visible to this user", (query,), "DBA")
    yield from _foreign_triggers(declared, found, units)


def _foreign_triggers(declared: Declaration, found: Objects, ours: Mapping[str, Unit]) -> Iterator[Difference]:
    for name, there in found.triggers.items():
        table = declared.tables.get(there.table)
        if name not in ours and table is not None and table.ours and there.enabled:
            text = f"a trigger that is not ours fires on {there.table}; what it raises stops the daemon's writes"
            yield Difference(name, Grade.LOOK, text, (f"ALTER TRIGGER {as_sql(name)} DISABLE",))


def _units(declared: Declaration, found: Objects) -> Iterator[Difference]:
    unseen = []
    for key, unit in declared.units.items():
        if key[0] == "TRIGGER" and (unit.name not in found.triggers or key not in found.units):
            continue  # told among the triggers
        valid = found.units.get(key)
        if valid is None and f"{unit.type}S" not in found.complete:
            unseen.append(unit)
        elif valid is None:
            yield Difference(unit.name, Grade.WRONG, f"the {unit.type.lower()} is missing", (unit.ddl,))
        elif not valid:
            why = f": {found.errors[key]}" if key in found.errors else ""
            yield Difference(unit.name, Grade.WRONG, f"the {unit.type.lower()} is INVALID{why}", (unit.ddl,))
    for unit in unseen:
        query = question("*", "DBA_OBJECTS", f"object_name = '{unit.name}' AND object_type = '{unit.type}'")
        if unit.type == "CONTEXT":
            query = question("*", "DBA_CONTEXT", f"namespace = '{unit.name}'")
        found_text = f"the {unit.type.lower()} is not visible to this user"
        yield Difference(unit.name, Grade.UNSEEN, found_text, (query,), "DBA")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
