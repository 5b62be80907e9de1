"""Queries of the dictionary, which may be refused: what a user may not see is an answer too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import oracledb

from runner.store.oracle.dictionary import question
from runner.store.oracle.errors import fault_of

_HIDDEN = {942, 1031, 1039, 2030, 41900}
"""No such view, or no right on it (41900: 23ai says it so)."""


@contextmanager
def reported(where: str) -> Iterator[None]:
    """Name the database in what it refuses."""
    try:
        yield
    except oracledb.Error as error:
        raise fault_of(error, where) from error


class Dictionary:
    """
    The dictionary as one user sees it.

    Attributes:
        user: Whose session it is.
    """

    def __init__(self, connection: oracledb.Connection, owner: str) -> None:
        self._connection = connection
        self._owner = owner
        [(self.user,)] = self._rows("SELECT USER FROM DUAL") or [("",)]

    def surely(
        self, view: str, columns: str, where: str, binds: Mapping[str, str]
    ) -> tuple[list[tuple[Any, ...]], bool]:
        """Give rows of DBA_…, else of ALL_… and whether these are all: they are of the user's own schema."""
        found = self._rows(question(columns, f"DBA_{view} v", where), binds)
        if found is not None:
            return found, True
        found = self._rows(question(columns, f"ALL_{view} v", where), binds)
        return found or [], found is not None and self.user == self._owner

    def rows(self, sql: str, **binds: str) -> list[tuple[Any, ...]] | None:
        """Give rows; None where the user may not see them."""
        return self._rows(sql, binds)

    def plan(self, sql: str, name: str) -> tuple[list[dict[str, str]] | None, str]:
        """Explain a statement; its plan's rows, or None and why not. Nothing of it stays."""
        with self._connection.cursor() as cursor:
            try:
                cursor.execute(f"EXPLAIN PLAN SET STATEMENT_ID = '{name}' FOR\n{sql}")
                cursor.execute(
                    "SELECT p.operation, p.options, p.object_name FROM PLAN_TABLE p WHERE p.statement_id = :name",
                    {"name": name},
                )
                names = ("operation", "options", "object_name")
                return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()], ""
            except oracledb.DatabaseError as error:
                return None, str(error).splitlines()[0]
            finally:
                self._connection.rollback()

    def _rows(self, sql: str, binds: Mapping[str, str] | None = None) -> list[tuple[Any, ...]] | None:
        with self._connection.cursor() as cursor:
            cursor.arraysize = cursor.prefetchrows = 1000
            try:
                cursor.execute(sql, binds or {})
                return list(cursor.fetchall())
            except oracledb.DatabaseError as error:
                if error.args[0].code in _HIDDEN:
                    return None
                raise
