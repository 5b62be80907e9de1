"""The embedded database against what is shipped: made anew in memory, and compared object by object."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from runner.errors import fault
from runner.ports import Difference, Grade, Inspected, SqlColumn, SqlKind
from runner.store.embedded.connection import reason_of
from runner.store.embedded.installation import columns_of, script_statements
from runner.store.naming import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from runner.store.embedded.database import EmbeddedDatabase

_OBJECTS = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL"
_KINDS = {"INTEGER": SqlKind.NUMBER, "REAL": SqlKind.NUMBER, "TEXT": SqlKind.TEXT, "BLOB": SqlKind.BYTES}
_BINDS = ("item_id", "source_key", "order_key", "withdraws", "workplace", "recorded_by")


def inspect(database: EmbeddedDatabase) -> list[Inspected]:
    """Compare tables, indexes, views and triggers with those that an installation makes; writes nothing."""
    with closing(sqlite3.connect(":memory:")) as wanted:
        for statement in script_statements(database.statements.schema()):
            wanted.execute(statement)
        declared = _objects(wanted)
        columns = {name: columns_of(wanted, name) for kind, name in declared if kind == "table"}
    with database.connections.reading() as connection:
        found = _objects(connection)
        there = {name: columns_of(connection, name) for name in columns}
    objects = [*_differences(declared, found, columns, there)]
    return [Inspected("tables, indexes, views, triggers", f"{len(declared)} objects as they are made", objects)]


class EmbeddedShapes:
    """What tables and queries look like, as far as SQLite, which holds anything in any column, can tell."""

    def __init__(self, database: EmbeddedDatabase) -> None:
        self._database = database

    def of_query(self, sql: str) -> Sequence[SqlColumn]:
        """
        Give the names of a source query's columns; nothing is read.

        Raises:
            StoreError: RNR-7551, SQLite refuses it.
        """
        with self._database.connections.reading() as connection:
            try:
                wrapped = f"SELECT * FROM (\n{sql.strip().rstrip(';')}\n) LIMIT 0"  # noqa: S608  the mapping's own query
                described = connection.execute(wrapped, dict.fromkeys(_BINDS)).description
            except sqlite3.Error as error:
                raise fault(7551, self._database.name, reason=reason_of(error)) from error
            return [SqlColumn(column[0].upper(), SqlKind.UNKNOWN, "") for column in described]

    def of_table(self, table: str) -> Sequence[SqlColumn]:
        """Describe a table that copies go into; empty where there is none."""
        with self._database.connections.reading() as connection:
            rows = connection.execute(f"PRAGMA table_info({quoted(table, 'write_back')})").fetchall()
        return [
            SqlColumn(row[1].upper(), _KINDS.get(row[2], SqlKind.UNKNOWN), row[2], nullable=not row[3]) for row in rows
        ]


def _objects(connection: sqlite3.Connection) -> dict[tuple[str, str], tuple[str, str]]:
    return {(kind, name): (table, sql) for kind, name, table, sql in connection.execute(_OBJECTS)}


def _differences(
    declared: Mapping[tuple[str, str], tuple[str, str]],
    found: Mapping[tuple[str, str], tuple[str, str]],
    columns: Mapping[str, Mapping[str, str]],
    there: Mapping[str, Mapping[str, str]],
) -> Iterator[Difference]:
    for (kind, name), (_, sql) in declared.items():
        if (kind, name) not in found:
            yield Difference(name, Grade.WRONG, f"the {kind} is missing", (sql,))
        elif kind == "table":
            for column, type_ in columns[name].items():
                if there[name].get(column) != type_:
                    text = "the column is missing" if column not in there[name] else f"it is {there[name][column]}"
                    advice = "Move the file away and let `eeszt-runner db install` make a new one."
                    yield Difference(f"{name}.{column}", Grade.WRONG, text, advice=advice)
        elif _plain(found[kind, name][1]) != _plain(sql):
            ddl = (f"DROP {kind.upper()} {name}", sql)
            yield Difference(name, Grade.WRONG, f"the {kind} is not this release's", ddl)
    ours = {table for table, _ in declared.values()}
    for (kind, name), (table, _) in found.items():
        if kind == "trigger" and table in ours and (kind, name) not in declared:
            text = f"a trigger that is not ours fires on {table}; what it raises stops the daemon's writes"
            yield Difference(name, Grade.LOOK, text, (f"DROP TRIGGER {name}",))


def _plain(sql: str) -> str:
    return " ".join(sql.split())
