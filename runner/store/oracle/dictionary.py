"""What the dictionary says of a schema and its surroundings, as plain data; ``inspection`` reads it."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from runner.store.oracle.declaration import Column, Grant


def question(what: str, view: str, where: str) -> str:
    """Give the query that shows a DBA what this user cannot see."""
    return f"SELECT {what} FROM {view} WHERE {where}"  # noqa: S608  names of our own scripts, and shown to a DBA


@dataclass(frozen=True, slots=True)
class FoundTable:
    """
    A table, or a view in its place.

    Attributes:
        columns: By name.
        initrans: Of its blocks; None where it has none of its own.
        is_view: Whether it is a view.
    """

    columns: Mapping[str, Column]
    initrans: int | None = None
    is_view: bool = False


@dataclass(frozen=True, slots=True)
class FoundIndex:
    """An index: where, on what, and whether it can be used."""

    table: str
    columns: tuple[str, ...]
    initrans: int | None = None
    usable: bool = True
    visible: bool = True


@dataclass(frozen=True, slots=True)
class FoundConstraint:
    """A named constraint: where, of which type (P, U, R, C), and whether it is enforced."""

    table: str
    type: str
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class FoundTrigger:
    """A trigger: on which table, and whether it fires."""

    table: str
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Objects:
    """
    What stands in the owner's schema.

    Attributes:
        tables: By name.
        indexes: By name.
        constraints: By name.
        triggers: By name; triggers of anybody on the owner's tables.
        sequences: Names.
        units: Type and name of views and PL/SQL → whether it is valid.
        errors: Type and name → first error of the compiler.
        not_updatable: Outbox that is a view → columns that cannot be written through it; None: nobody can tell.
        complete: Kinds of which everything is visible: what is not seen there is surely missing.
    """

    tables: Mapping[str, FoundTable] = field(default_factory=dict)
    indexes: Mapping[str, FoundIndex] = field(default_factory=dict)
    constraints: Mapping[str, FoundConstraint] = field(default_factory=dict)
    triggers: Mapping[str, FoundTrigger] = field(default_factory=dict)
    sequences: AbstractSet[str] = frozenset()
    units: Mapping[tuple[str, str], bool] = field(default_factory=dict)
    errors: Mapping[tuple[str, str], str] = field(default_factory=dict)
    not_updatable: Mapping[str, AbstractSet[str] | None] = field(default_factory=dict)
    complete: AbstractSet[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rights:
    """
    Who may do what.

    Attributes:
        grants: On the owner's objects.
        seen_of: Users and roles whose grants are all visible.
        system: Privileges of the runtime user, its own and by roles → the role, or empty; None: not visible.
        roles: Roles of the runtime user.
        inherits: Grantee → the roles that it has, whose grants count for it too.
    """

    grants: AbstractSet[Grant] = frozenset()
    seen_of: AbstractSet[str] = frozenset()
    system: Mapping[str, str] | None = None
    roles: AbstractSet[str] = frozenset()
    inherits: Mapping[str, AbstractSet[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a plan: ``TABLE ACCESS``, ``FULL``, on what."""

    operation: str
    options: str
    object: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """
    What our schema lives in.

    Attributes:
        version: Of the database.
        parameters: Name → value of V$PARAMETER; None: not visible.
        session_sort: NLS_SORT and NLS_COMP of this session.
        database_nls: NLS_CHARACTERSET and others of the database.
        used_percent: Tablespace of ours → how full it is, growth counted in; None: not visible.
        tablespaces: Those of ours.
        clock_s: Database's clock minus ours, seconds, as far as the network's time allows.
        clock_within_s: How far that may be off.
        scripts: Script → SHA-256 that ran; None: there is no table of scripts.
    """

    version: str
    session_sort: Mapping[str, str]
    database_nls: Mapping[str, str]
    clock_s: float
    clock_within_s: float
    parameters: Mapping[str, str] | None = None
    used_percent: Mapping[str, float] | None = None
    tablespaces: AbstractSet[str] = frozenset()
    scripts: Mapping[str, str] | None = None
