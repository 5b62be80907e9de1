"""What an operator may ask of lanes, document types and listings on Oracle; what MedWorkS may is the package's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.store.oracle.source import read_rows
from runner.store.rows import to_json
from runner.store.types import to_type, type_binds

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from runner.ports import TypeVersion
    from runner.store.oracle.database import OracleDatabase


class OracleLanes:
    """The part of ``ports.Desk`` that is not about one item."""

    def __init__(self, database: OracleDatabase) -> None:
        self._database = database

    def pause(self, lane: str, by: str) -> None:
        """Pause a lane persistently; every daemon sees it at its next look."""
        self._database.statements.of(lane, "rows")  # refuses a lane that does not exist
        self._database.doing("pause").write("pause", lane=lane, paused_by=by)

    def resume(self, lane: str) -> None:
        """Resume a paused lane."""
        self._database.statements.of(lane, "rows")
        self._database.doing("resume").write("resume", lane=lane)

    def activate(self, types: Collection[TypeVersion]) -> None:
        """Put these document types in force, all or none; types that are missing are retired."""
        with self._database.doing("activate").writing() as scope:
            if types:
                scope.change_many("put_type", [type_binds(version) for version in types])
            scope.change("retire_types", names=to_json([version.document_type for version in types]))

    def active(self) -> Sequence[TypeVersion]:
        """The document types in force."""
        return [to_type(record) for record in self._database.doing("active").read("active_types")]

    def rows(self, sql: str, **binds: object) -> Sequence[Mapping[str, object]]:
        """Run one reading statement, for listings; column names in lower case."""
        return read_rows(self._database, sql, binds)
