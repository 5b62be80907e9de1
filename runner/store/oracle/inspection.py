"""Reads the dictionary: as much of it as the session's user may see, and of what it may not that this is so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING

from runner.ports import Inspected
from runner.store.oracle.comparison import compare
from runner.store.oracle.declaration import Column, Declaration, Grant
from runner.store.oracle.dictionary import (
    FoundConstraint,
    FoundIndex,
    FoundTable,
    FoundTrigger,
    Objects,
    Rights,
    Surroundings,
)
from runner.store.oracle.lookup import Dictionary
from runner.store.oracle.prerequisites import compare_prerequisites
from runner.store.oracle.rights import compare_rights
from runner.store.oracle.surroundings import Planned, compare_surroundings, planned

if TYPE_CHECKING:
    import oracledb

POLLED = {
    "claim": "DUE",
    "claim_probes": "PROBE",
    "leases_over": "LEASE",
    "answers_due": "WARD",
    "windows_closed": "WINDOW",
    "lock_rows": "PK",
    "successors_of": "NEEDS",
}
"""Statements that run all the time → the index of the outbox by which they must come to their rows."""
_UNITS = ("VIEW", "TRIGGER", "PROCEDURE", "FUNCTION", "PACKAGE", "PACKAGE BODY")
_BIND = re.compile(r"(?<![\w:]):([a-z_]+)")
_EXAMPLES = {"types": """'[["-", "-"]]'""", "names": """'["-"]'""", "limit": "100", "items": "'[1]'"}
"""What stands for the binds while a statement is explained: a plan is made without them."""
_SIZED = re.compile(r"TIMESTAMP\((\d)\)")


def inspect(
    connection: oracledb.Connection,
    declared: Declaration,
    owner: str,
    runtime: str,
    statements: Mapping[str, tuple[str, str, str]],
) -> list[Inspected]:
    """
    Compare a database with what its scripts declare; writes nothing.

    Args:
        connection: Of the daemon's user, of the owner, or of a DBA.
        declared: By the scripts.
        owner: Of the schema.
        runtime: The daemon's user.
        statements: Lane and verb → its SQL, the outbox and the index that it should come by.
    """
    owner, runtime = owner.upper(), runtime.upper()
    dictionary = Dictionary(connection, owner)
    objects, tablespaces = read_objects(dictionary, declared, owner)
    plans = [_planned(dictionary, name, *parts) for name, parts in statements.items()]
    around = _surroundings(connection, dictionary, tablespaces)
    return [
        *compare(declared, objects, runtime),
        compare_prerequisites(objects, owner),
        *compare_rights(declared, _rights(dictionary, declared, owner, runtime), owner, runtime),
        *compare_surroundings(declared, around, plans, dictionary.user),
    ]


def read_objects(dictionary: Dictionary, declared: Declaration, owner: str) -> tuple[Objects, set[str]]:
    """Give what stands in the schema, and the tablespaces that it is in."""
    of = {"owner": owner}
    tables, all_tables = dictionary.surely(
        "TABLES", "v.table_name, v.ini_trans, v.tablespace_name", "v.owner = :owner", of
    )
    views, _ = dictionary.surely("VIEWS", "v.view_name", "v.owner = :owner", of)
    indexes, index_tablespaces = _indexes(dictionary, owner)
    constraints, _ = dictionary.surely(
        "CONSTRAINTS", "v.constraint_name, v.table_name, v.constraint_type, v.status", "v.owner = :owner", of
    )
    triggers, all_triggers = dictionary.surely(
        "TRIGGERS", "v.trigger_name, v.table_name, v.status", "v.table_owner = :owner", of
    )
    sequences, all_sequences = dictionary.surely("SEQUENCES", "v.sequence_name", "v.sequence_owner = :owner", of)
    units, all_units = _units(dictionary, owner)
    errors, _ = dictionary.surely(
        "ERRORS", "v.type, v.name, v.line, v.text", "v.owner = :owner ORDER BY v.sequence DESC", of
    )
    columns, initrans = _columns(dictionary, owner), {row[0]: row[1] for row in tables}
    view_names = {row[0] for row in views}
    complete = {
        *(["tables"] if all_tables else []),
        *(["triggers"] if all_triggers else []),
        *(["sequences"] if all_sequences else []),
        *all_units,
    }
    found = Objects(
        tables={
            name: FoundTable(of_table, initrans.get(name), name in view_names)
            for name, of_table in columns.items()
            if name in initrans or name in view_names
        },
        indexes=indexes,
        constraints={
            name: FoundConstraint(table, kind, status == "ENABLED") for name, table, kind, status in constraints
        },
        triggers={name: FoundTrigger(table, status == "ENABLED") for name, table, status in triggers},
        sequences={name for (name,) in sequences},
        units=units,
        errors={(kind, name): f"line {line}: {text.strip()}" for kind, name, line, text in errors},
        not_updatable={name: _not_updatable(dictionary, owner, name) for name in view_names & set(declared.tables)},
        complete=complete,
    )
    return found, {row[2] for row in tables if row[2]} | index_tablespaces


def _columns(dictionary: Dictionary, owner: str) -> dict[str, dict[str, Column]]:
    found, _ = dictionary.surely(
        "TAB_COLS",
        "v.table_name, v.column_name, v.data_type, v.char_length, v.char_used, v.data_precision, v.data_scale,"
        " v.nullable, v.virtual_column",
        "v.owner = :owner AND v.hidden_column = 'NO'",
        {"owner": owner},
    )
    tables: dict[str, dict[str, Column]] = {}
    for table, name, said, length, used, precision, scale, nullable, virtual in found:
        stamp = _SIZED.fullmatch(said)
        kind = "TIMESTAMP" if stamp else said
        size = int(stamp[1]) if stamp else (precision if kind == "NUMBER" else (length or None))
        tables.setdefault(table, {})[name] = Column(
            name,
            kind,
            size,
            scale if kind == "NUMBER" else None,
            used == "C",
            nullable == "Y",
            virtual == "YES",
        )
    return tables


def _indexes(dictionary: Dictionary, owner: str) -> tuple[dict[str, FoundIndex], set[str]]:
    of = {"owner": owner}
    indexes, _ = dictionary.surely(
        "INDEXES",
        "v.index_name, v.table_name, v.ini_trans, v.status, v.visibility, v.tablespace_name",
        "v.table_owner = :owner",
        of,
    )
    parts, _ = dictionary.surely(
        "IND_COLUMNS",
        "v.index_name, v.column_name",
        "v.table_owner = :owner ORDER BY v.index_name, v.column_position",
        of,
    )
    columns: dict[str, list[str]] = {}
    for name, column in parts:
        columns.setdefault(name, []).append(column)
    found = {
        name: FoundIndex(table, tuple(columns.get(name, ())), initrans, status in {"VALID", "N/A"}, seen == "VISIBLE")
        for name, table, initrans, status, seen, _ in indexes
    }
    return found, {row[5] for row in indexes if row[5]}


def _units(dictionary: Dictionary, owner: str) -> tuple[dict[tuple[str, str], bool], set[str]]:
    """What the compiler knows, with contexts, which belong to nobody."""
    kinds = ", ".join(f"'{kind}'" for kind in _UNITS)
    rows, is_all = dictionary.surely(
        "OBJECTS",
        "v.object_type, v.object_name, v.status",
        f"v.owner = :owner AND v.object_type IN ({kinds})",
        {"owner": owner},
    )
    units = {(kind, name): status == "VALID" for kind, name, status in rows}
    complete = {f"{kind}S" for kind in _UNITS} if is_all else set()
    contexts = dictionary.rows("SELECT c.namespace FROM DBA_CONTEXT c WHERE c.schema = :owner", owner=owner)
    if contexts is not None:
        units |= {("CONTEXT", name): True for (name,) in contexts}
        complete.add("CONTEXTS")
    return units, complete


def _not_updatable(dictionary: Dictionary, owner: str, name: str) -> set[str] | None:
    where = "v.owner = :owner AND v.table_name = :name"
    rows, _ = dictionary.surely(
        "UPDATABLE_COLUMNS", "v.column_name, v.updatable", where, {"owner": owner, "name": name}
    )
    return {column for column, updatable in rows if updatable != "YES"} if rows else None


def _rights(dictionary: Dictionary, declared: Declaration, owner: str, runtime: str) -> Rights:
    grantees = {each.grantee for each in declared.grants}
    tables = dictionary.rows(
        "SELECT p.grantee, p.privilege, p.table_name FROM DBA_TAB_PRIVS p WHERE p.owner = :owner", owner=owner
    )
    columns = dictionary.rows(
        "SELECT p.grantee, p.privilege, p.table_name, p.column_name FROM DBA_COL_PRIVS p WHERE p.owner = :owner",
        owner=owner,
    )
    sees_all = tables is not None and columns is not None
    if not sees_all:
        tables = dictionary.rows(
            "SELECT p.grantee, p.privilege, p.table_name FROM ALL_TAB_PRIVS p WHERE p.table_schema = :owner",
            owner=owner,
        )
        columns = dictionary.rows(
            "SELECT p.grantee, p.privilege, p.table_name, p.column_name FROM ALL_COL_PRIVS p"
            " WHERE p.table_schema = :owner",
            owner=owner,
        )
    grants = {Grant(*row) for row in tables or []} | {Grant(*row) for row in columns or []}
    seen = grantees if sees_all or dictionary.user == owner else grantees & {dictionary.user}
    system, roles = _system(dictionary, runtime)
    return Rights(frozenset(grants), frozenset(seen), system, frozenset(roles), {runtime: frozenset(roles)})


def _system(dictionary: Dictionary, runtime: str) -> tuple[dict[str, str] | None, set[str]]:
    """Privileges and roles of the daemon's user: it sees its own, and a DBA sees them."""
    if dictionary.user == runtime:
        own = dictionary.rows("SELECT p.privilege FROM USER_SYS_PRIVS p WHERE p.username = USER")
        roles = dictionary.rows("SELECT r.granted_role FROM USER_ROLE_PRIVS r WHERE r.username = USER")
        of_roles = dictionary.rows("SELECT p.privilege, p.role FROM ROLE_SYS_PRIVS p")
    else:
        own = dictionary.rows("SELECT p.privilege FROM DBA_SYS_PRIVS p WHERE p.grantee = :who", who=runtime)
        roles = dictionary.rows("SELECT r.granted_role FROM DBA_ROLE_PRIVS r WHERE r.grantee = :who", who=runtime)
        of_roles = dictionary.rows(
            "SELECT p.privilege, p.grantee FROM DBA_SYS_PRIVS p JOIN DBA_ROLE_PRIVS r ON r.granted_role = p.grantee"
            " WHERE r.grantee = :who",
            who=runtime,
        )
    if own is None or roles is None:
        return None, set()
    return dict(of_roles or []) | {row[0]: "" for row in own}, {row[0] for row in roles}


def _planned(dictionary: Dictionary, name: str, sql: str, table: str, index: str) -> Planned:
    sql = _BIND.sub(lambda match: _EXAMPLES[match[1]], sql)
    rows, reason = dictionary.plan(sql, name[:30])
    return Planned(name, table, index, None, reason, sql) if rows is None else planned(name, table, index, rows)


def _surroundings(connection: oracledb.Connection, dictionary: Dictionary, tablespaces: set[str]) -> Surroundings:
    parameters = dictionary.rows("SELECT p.name, p.value FROM V$PARAMETER p")
    used = dictionary.rows("SELECT m.tablespace_name, m.used_percent FROM DBA_TABLESPACE_USAGE_METRICS m")
    session = dictionary.rows("SELECT n.parameter, n.value FROM NLS_SESSION_PARAMETERS n") or []
    nls = dictionary.rows("SELECT n.parameter, n.value FROM NLS_DATABASE_PARAMETERS n") or []
    scripts = dictionary.rows("SELECT s.script, s.sha256 FROM EESZT_SCHEMA_SCRIPT s")
    began, begun = datetime.now(UTC), monotonic()
    [(theirs,)] = dictionary.rows("SELECT SYS_EXTRACT_UTC(SYSTIMESTAMP) FROM DUAL") or [(None,)]
    took_s = monotonic() - begun
    ahead = (theirs - began.replace(tzinfo=None)).total_seconds() - took_s / 2
    return Surroundings(
        version=connection.version,
        session_sort={name: value for name, value in session if name in {"NLS_SORT", "NLS_COMP"}},
        database_nls=dict(nls),
        clock_s=ahead,
        clock_within_s=took_s / 2,
        parameters=None if parameters is None else {name: value or "" for name, value in parameters},
        used_percent=None if used is None else {name: float(share) for name, share in used if name in tablespaces},
        tablespaces=frozenset(tablespaces),
        scripts=None if scripts is None else dict(scripts),
    )
