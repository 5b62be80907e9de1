"""The page of the Oracle objects and rights, made from what the scripts declare."""

from __future__ import annotations

from pathlib import Path

from markdown_table import table

from runner.store import OutboxTable
from runner.store.oracle.ddl import Site, scripts
from runner.store.oracle.declaration import Declaration, Grant, declared_by

ROOT = Path(__file__).resolve().parents[1]
LANES = ("interactive", "query", "background")
OUT = "EESZT_OUT_INTERACTIVE"
PAGE = """\
# Oracle: objects and rights

Made from `sql/oracle/source` by `docs/generate.py`: every object of the schema, what it is for, and who may do what
with it. The names are those of the shipped scripts; a site's own come from `eeszt-runner db ddl`, and `eeszt-runner
db check` compares all of this with the database. Columns are told by their comments (`ALL_COL_COMMENTS`).

## Users

{users}

## Tables

{tables}

An outbox's columns that the daemon may change (all others it only reads): {updated}. Columns that MedWorkS may fill:
{inserted}. What a statement says of any other column does not count.

## Views

{views}

## Sequences, code, context

{code}

## Triggers

{triggers}

Each trigger fires inside the writer's transaction. A disabled one is a `FAIL` of `db check`: without `…_BI` a row has
no number, without `…_AI` no order, without `…_BU` the protocol is not enforced.

## Indexes of an outbox

Oracle keeps no entry whose columns are all null, so that all but the last four stay as small as the work that they
hold.

{indexes}

## Errors of the triggers

{errors}

Those of EESZT_API are on [its own page](eeszt_api.md).
"""
USERS = (
    (
        "EESZT",
        "owns everything; nobody works as it. Lock it between upgrades",
        (
            "CREATE SESSION, TABLE, VIEW, SEQUENCE, PROCEDURE, TRIGGER, ANY CONTEXT; EXECUTE on DBMS_CRYPTO; SELECT on"
            " V_$DATABASE and V_$PDB_INCARNATION; a quota"
        ),
    ),
    (
        "EESZT_RUNTIME",
        "the daemon and its commands; no quota, no right to create anything",
        (
            "CREATE SESSION; SELECT on V_$DATABASE and V_$PDB_INCARNATION (a copied or restored database is noticed);"
            " what is below; on the HIS's own tables SELECT where a source query reads, and UPDATE of the columns that"
            " copies go into"
        ),
    ),
    ("MEDWORKS", "MedWorkS's user, or a role of its users", "what is below"),
)
INDEXES = {
    "DUE": "claim: what is NEW or WAITING, in the order in which it goes",
    "PROBE": "what is asked after, by when",
    "LEASE": "what a daemon holds, by when it is rescued",
    "WARD": "wards that wait, by when they must be told",
    "WINDOW": "what has not gone, by when it may no longer",
    "NEEDS": "what needs its predecessor accepted",
    "ASKED": "what was withdrawn before it went",
    "PARKED": "what waits for a person",
    "POISON": "what broke off its daemon again and again",
    "OWED": "what must still be withdrawn",
    "TOKEN": "rows of one claim; null when free",
    "UNSET": "rows of an insert that is going on",
    "PAYLOAD": "payloads that are to be forgotten, until they are",
    "DEPENDS": "successors of an item; foreign key",
    "WD": "withdrawals of an item; foreign key",
    "SOURCE": "items of a record",
    "ENDED": "what has ended, by when: figures and purge",
}
TRIGGERS = {
    "BI": "before each inserted row: locks of record and order key, number, clock, limits",
    "AI": "after the insert: order, withdrawals, duplicates; rows that can never go end here",
    "BU": "before a change of state: only what the protocol knows may follow, and a ward is told once",
    "BD": "before a delete: an item on its way stays",
    "AUD": "",
}
ERRORS = (
    ("-20690", "`item_id` was given", "leave it out, the database gives it"),
    ("-20691", "a state that may not follow", "no statement of ours does that: find who updates the outbox"),
    ("-20692", "a ward was to be told a second answer", "the same"),
    ("-20693", "an item's number was to be changed", "the same"),
    ("-20694", "an item on its way was to be deleted", "withdraw it"),
    (
        "-20695",
        "another session has written the same order key or record, or holds what is withdrawn, for ten seconds already",
        "commit at once after the row, and try again; V$SESSION.BLOCKING_SESSION of who waits says who holds it",
    ),
    ("-20696", "a session of isolation level SERIALIZABLE cannot lock the row", "write with READ COMMITTED"),
)


def declared() -> Declaration:
    """Give what the shipped scripts declare."""
    outboxes = {lane: OutboxTable(f"EESZT_OUT_{lane.upper()}") for lane in LANES}
    return declared_by(scripts(ROOT / "sql" / "oracle" / "source", Site(outboxes)))


def oracle_objects() -> str:
    """Give the page."""
    found = declared()
    views = [name for kind, name in found.units if kind == "VIEW"]
    outbox_grants = [each for each in found.grants if each.object == OUT]
    return PAGE.format(
        users=table(("user", "what for", "rights beside those below"), USERS),
        tables=table(("table", "what it holds", "EESZT_RUNTIME", "MEDWORKS"), _rows(found, list(found.tables))),
        views=table(("view", "what it shows", "EESZT_RUNTIME", "MEDWORKS"), _rows(found, views)),
        code=table(("object", "what it is", "EESZT_RUNTIME", "MEDWORKS"), _code(found)),
        triggers=table(("trigger", "on", "does"), _triggers(found)),
        indexes=table(("index", "on", "for"), _indexes(found)),
        errors=table(("ORA", "says", "do"), ERRORS),
        updated=_columns(outbox_grants, "EESZT_RUNTIME", "UPDATE"),
        inserted=_columns(outbox_grants, "MEDWORKS", "INSERT"),
    )


def _rows(found: Declaration, names: list[str]) -> list[tuple[str, ...]]:
    return [
        (f"`{name}`", found.comments.get((name, ""), "") or "for the other views", *_both(found, name))
        for name in names
    ]


def _both(found: Declaration, name: str) -> tuple[str, str]:
    return _rights(found, name, "EESZT_RUNTIME"), _rights(found, name, "MEDWORKS")


def _rights(found: Declaration, name: str, grantee: str) -> str:
    """Rights of a user on an object, in SQL's order; those on columns are marked."""
    order = ("SELECT", "INSERT", "UPDATE", "DELETE", "EXECUTE")
    own = [each for each in found.grants if (each.object, each.grantee) == (name, grantee)]
    said = {each.privilege: f"{each.privilege} (columns)" if each.column else each.privilege for each in own}
    return ", ".join(said[each] for each in order if each in said) or "–"


def _columns(grants: list[Grant], grantee: str, privilege: str) -> str:
    names = [each.column.lower() for each in grants if (each.grantee, each.privilege) == (grantee, privilege)]
    return ", ".join(f"`{name}`" for name in sorted(names))


def _code(found: Declaration) -> list[tuple[str, ...]]:
    what = {
        "EESZT_ITEM_SEQ": "numbers of items, of all outboxes; ORDER, so that on RAC they rise as they were asked for",
        "EESZT_LOGIN_SEQ": "numbers of sessions",
        "EESZT_ROW_SEQ": "numbers of tries, copies and login requests",
        "EESZT_API": "what MedWorkS calls; see [EESZT_API](eeszt_api.md)",
        "EESZT_ADD_ORDER": "the row by which an order key is locked, in a transaction of its own",
        "EESZT_ADD_RECORD": "likewise of a record",
        "EESZT_LOCK_ORDER": "lock of an order key, held by its insert; waits 10 seconds at most",
        "EESZT_LOCK_RECORD": "lock of a record, held by its insert; waits 10 seconds at most",
        "EESZT_UTC": "instant of a local time, null where there is none or two",
        "EESZT_CTX": "context, called after the owner: the login that a session is bound to; only EESZT_API sets it",
    }
    names = [*found.sequences, *(name for kind, name in found.units if kind not in {"VIEW", "TRIGGER", "PACKAGE BODY"})]
    return [
        (f"`{name}`", what.get(name, "statements on one outbox, called by EESZT_API"), *_both(found, name))
        for name in names
    ]


def _triggers(found: Declaration) -> list[tuple[str, ...]]:
    rows = []
    for (kind, name), unit in found.units.items():
        if kind == "TRIGGER":
            does = TRIGGERS[name.rpartition("_")[2]] or "ends sessions whose person lost the match, or the workplace"
            rows.append((f"`{name}`", f"`{unit.table}`", does))
    return rows


def _indexes(found: Declaration) -> list[tuple[str, ...]]:
    return [
        (f"`…_{suffix}`", ", ".join(f"`{each.lower()}`" for each in found.indexes[f"{OUT}_{suffix}"].columns), what)
        for suffix, what in INDEXES.items()
    ]
