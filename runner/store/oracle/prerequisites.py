"""What the owner must have of a DBA before its scripts can run, and how the DBA gives it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from runner.ports import Difference, Grade, Inspected
from runner.store.naming import context_of
from runner.store.oracle.dictionary import Objects

_DENIED = re.compile(r"ORA-0(1031|0990)\b")
_NO_ROOM = re.compile(r"ORA-0(?:1950|1536):.* tablespace '?(\w+)'?")
_CRYPTO = "EXECUTE ON SYS.DBMS_CRYPTO"
_CONTEXT = "CREATE ANY CONTEXT"
_NEEDS = (
    (re.compile(r"CREATE OR REPLACE CONTEXT\b"), _CONTEXT),
    (re.compile(r"CREATE OR REPLACE VIEW\b"), "CREATE VIEW"),
    (re.compile(r"CREATE OR REPLACE TRIGGER\b"), "CREATE TRIGGER"),
    (re.compile(r"CREATE OR REPLACE (?:PROCEDURE|FUNCTION|PACKAGE)\b"), "CREATE PROCEDURE"),
    (re.compile(r"CREATE SEQUENCE\b"), "CREATE SEQUENCE"),
    (re.compile(r"CREATE TABLE\b"), "CREATE TABLE"),
)
"""Statement → what its owner must have; granted directly, since a role does not count inside PL/SQL."""


def remedy(statement: str, reason: str, owner: str) -> str:
    """
    Give the statement by which a DBA mends why a statement of a script was refused; empty where that is no right.

    Args:
        statement: Of the script.
        reason: What the database said.
        owner: Of the schema.
    """
    if "DBMS_CRYPTO" in reason:
        return f"GRANT {_CRYPTO} TO {owner}"
    if no_room := _NO_ROOM.search(reason):
        return f"ALTER USER {owner} QUOTA UNLIMITED ON {no_room[1]}"
    if not _DENIED.search(reason):
        return ""
    needed = (privilege for pattern, privilege in _NEEDS if pattern.match(statement))
    return next((f"GRANT {privilege} TO {owner}" for privilege in needed), "")


def compare_prerequisites(found: Objects, owner: str) -> Inspected:
    """Tell which right the owner lacks where something does not stand for want of it; others may be taken back."""
    return Inspected("owner's rights", f"{owner} could make everything", [*_lacking(found, owner)])


def _lacking(found: Objects, owner: str) -> Iterator[Difference]:
    body = ("PACKAGE BODY", "EESZT_API")
    is_missing = body not in found.units and "PACKAGE BODYS" in found.complete
    # where the compiler's error cannot be read, it may well be this
    if (is_missing or found.units.get(body) is False) and "DBMS_CRYPTO" in found.errors.get(body, "DBMS_CRYPTO"):
        text = f"EESZT_API does not stand, which needs that {owner} may execute SYS.DBMS_CRYPTO, by no role"
        yield Difference(owner, Grade.LOOK, text, (f"GRANT {_CRYPTO} TO {owner}",), "DBA")
    context = context_of(owner)
    if "CONTEXTS" in found.complete and ("CONTEXT", context) not in found.units:
        text = f"the context {context} is missing, and {owner} makes it with {_CONTEXT}"
        yield Difference(owner, Grade.LOOK, text, (f"GRANT {_CONTEXT} TO {owner}",), "DBA")
