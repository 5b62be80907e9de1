"""Who may do what against what is declared: a right that is missing stops work, one too many is a door left open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runner.ports import Difference, Grade, Inspected
from runner.store.oracle.declaration import Declaration, Grant
from runner.store.oracle.dictionary import Rights, question
from runner.store.oracle.spelling import as_sql

_NEEDED = {"CREATE SESSION"}
_HARMLESS = {"CREATE SESSION", "ALTER SESSION", "SELECT ANY DICTIONARY"}
"""System privileges that show or change nothing of anybody's data."""
_HARMLESS_ROLES = {"CONNECT", "SELECT_CATALOG_ROLE"}
_MIGHTY_ROLES = {"DBA", "IMP_FULL_DATABASE", "EXP_FULL_DATABASE", "DATAPUMP_IMP_FULL_DATABASE", "RESOURCE"}


def compare_rights(declared: Declaration, found: Rights, owner: str, runtime: str) -> list[Inspected]:
    """
    Compare the rights on the schema, and those of the runtime user, with what the scripts grant.

    Args:
        declared: By the scripts.
        found: In the dictionary.
        owner: Of the schema.
        runtime: The daemon's user.
    """
    if owner == runtime:
        text = f"the daemon works as {owner}, the owner of its tables, and may change and drop everything"
        advice = "Give it a user of its own; see docs/howto/install_oracle.md."
        return [Inspected("grants", "", [Difference(owner, Grade.LOOK, text, advice=advice)])]
    differences = [*_missing(declared, found, runtime), *_unasked(declared, found, owner, runtime)]
    return [
        Inspected("grants", f"{len(declared.grants)} rights, none missing and none more", differences),
        Inspected("privileges", f"{runtime} has none beyond its work", [*_system(found, runtime)]),
    ]


def _missing(declared: Declaration, found: Rights, runtime: str) -> Iterator[Difference]:
    """A right on a whole table covers its columns, and one of a role covers its members."""
    unseen: set[str] = set()
    lacking: dict[tuple[str, str, str], list[str]] = {}
    for grant in sorted(declared.grants, key=_key):
        if grant.grantee not in found.seen_of:
            unseen.add(grant.grantee)
            continue
        holders = {grant.grantee, "PUBLIC", *found.inherits.get(grant.grantee, ())}
        if not any(
            Grant(holder, grant.privilege, grant.object, column) in found.grants
            for holder in holders
            for column in {grant.column, ""}
        ):
            lacking.setdefault((grant.grantee, grant.privilege, grant.object), []).append(grant.column)
    for (grantee, privilege, on), columns in lacking.items():
        right = f"{privilege} ({', '.join(map(as_sql, columns))})" if any(columns) else privilege
        grade = Grade.WRONG
        text = f"{grantee} may not {privilege}" + (f" its {', '.join(columns)}" if any(columns) else "")
        yield Difference(on, grade, text, (f"GRANT {right} ON {as_sql(on)} TO {as_sql(grantee)}",))
    for grantee in sorted(unseen):
        query = question("table_name, privilege", "DBA_TAB_PRIVS", f"grantee = '{grantee}'")
        what = "its own rights are" if grantee == runtime else "its rights are"
        yield Difference(grantee, Grade.UNSEEN, f"{what} not visible to this user", (query,), "DBA")


def _unasked(declared: Declaration, found: Rights, owner: str, runtime: str) -> Iterator[Difference]:
    """A right that no script grants: to change, to read what is sealed off, or to pass on."""
    ours = {*declared.tables, *declared.sequences, *(name for _, name in declared.units)}
    for grant in sorted(found.grants - declared.grants, key=_key):
        if grant.object not in ours or grant.grantee == owner or _is_covered(grant, declared.grants):
            continue
        if not _is_more(grant, declared, runtime):
            continue
        right = f"{grant.privilege} ({grant.column})" if grant.column else grant.privilege
        text = f"{grant.grantee} may {right}, and nothing of its work needs that"
        # a right on columns is revoked with the table's, so what is declared is granted anew
        again = _regrant(grant, declared.grants) if grant.privilege in {"INSERT", "UPDATE"} else ()
        revoke = f"REVOKE {grant.privilege} ON {as_sql(grant.object)} FROM {as_sql(grant.grantee)}"
        grade = Grade.LOOK if grant.privilege in {"SELECT", "READ"} else Grade.WRONG
        yield Difference(grant.object, grade, text, (revoke, *again))


def _is_more(grant: Grant, declared: Declaration, runtime: str) -> bool:
    """Whether a right is more than needed: each that changes something; and each of our users' and of everybody's."""
    known = {each.grantee for each in declared.grants}
    return grant.grantee in {runtime, "PUBLIC", *known} or grant.privilege not in {"SELECT", "READ", "EXECUTE"}


def _is_covered(grant: Grant, wanted: Iterable[Grant]) -> bool:
    """Whether it is READ where SELECT is granted."""
    return grant.privilege == "READ" and Grant(grant.grantee, "SELECT", grant.object, grant.column) in set(wanted)


def _regrant(grant: Grant, wanted: Iterable[Grant]) -> tuple[str, ...]:
    columns = sorted(
        each.column
        for each in wanted
        if (each.grantee, each.privilege, each.object) == (grant.grantee, grant.privilege, grant.object)
    )
    if not columns:
        return ()
    right = f"{grant.privilege} ({', '.join(map(as_sql, columns))})" if any(columns) else grant.privilege
    return (f"GRANT {right} ON {as_sql(grant.object)} TO {as_sql(grant.grantee)}",)


def _system(found: Rights, runtime: str) -> Iterator[Difference]:
    if found.system is None:
        query = question("privilege", "DBA_SYS_PRIVS", f"grantee = '{runtime}'")
        yield Difference(runtime, Grade.UNSEEN, "its privileges are not visible to this user", (query,), "DBA")
        return
    for role in sorted(found.roles - _HARMLESS_ROLES):
        grade = Grade.WRONG if role in _MIGHTY_ROLES else Grade.LOOK
        yield Difference(
            runtime, grade, f"it has the role {role}", (f"REVOKE {as_sql(role)} FROM {as_sql(runtime)}",), "DBA"
        )
    for privilege, role in sorted(found.system.items()):
        if privilege in _HARMLESS or (role and role not in _HARMLESS_ROLES):
            continue  # what comes by a role is told of the role
        if role:
            continue
        mighty = " ANY " in f" {privilege} " or privilege in {"UNLIMITED TABLESPACE", "ALTER SYSTEM", "SYSDBA"}
        text = f"it has the privilege {privilege}, and nothing of its work needs that"
        grade = Grade.WRONG if mighty else Grade.LOOK
        yield Difference(runtime, grade, text, (f"REVOKE {privilege} FROM {as_sql(runtime)}",), "DBA")
    for privilege in sorted(_NEEDED - set(found.system)):
        text = f"it lacks the privilege {privilege}"
        yield Difference(runtime, Grade.WRONG, text, (f"GRANT {privilege} TO {as_sql(runtime)}",), "DBA")


def _key(grant: Grant) -> tuple[str, ...]:
    return (grant.object, grant.grantee, grant.privilege, grant.column)
