"""What tables and source queries of the HIS look like: parsed by the database, not run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import oracledb

from runner.errors import fault
from runner.ports import SqlColumn, SqlKind
from runner.store.naming import folded

if TYPE_CHECKING:
    from runner.store.oracle.pool import Pool

_KINDS = {
    oracledb.DB_TYPE_VARCHAR: (SqlKind.TEXT, "VARCHAR2"),
    oracledb.DB_TYPE_NVARCHAR: (SqlKind.TEXT, "NVARCHAR2"),
    oracledb.DB_TYPE_CHAR: (SqlKind.FIXED_TEXT, "CHAR"),
    oracledb.DB_TYPE_NCHAR: (SqlKind.FIXED_TEXT, "NCHAR"),
    oracledb.DB_TYPE_CLOB: (SqlKind.TEXT, "CLOB"),
    oracledb.DB_TYPE_NCLOB: (SqlKind.TEXT, "NCLOB"),
    oracledb.DB_TYPE_LONG: (SqlKind.TEXT, "CLOB"),  # what the driver says where LOBs come with their row
    oracledb.DB_TYPE_NUMBER: (SqlKind.NUMBER, "NUMBER"),
    oracledb.DB_TYPE_BINARY_FLOAT: (SqlKind.NUMBER, "BINARY_FLOAT"),
    oracledb.DB_TYPE_BINARY_DOUBLE: (SqlKind.NUMBER, "BINARY_DOUBLE"),
    oracledb.DB_TYPE_DATE: (SqlKind.DAY, "DATE"),
    oracledb.DB_TYPE_TIMESTAMP: (SqlKind.INSTANT, "TIMESTAMP"),
    oracledb.DB_TYPE_TIMESTAMP_TZ: (SqlKind.ZONED, "TIMESTAMP WITH TIME ZONE"),
    oracledb.DB_TYPE_TIMESTAMP_LTZ: (SqlKind.ZONED, "TIMESTAMP WITH LOCAL TIME ZONE"),
    oracledb.DB_TYPE_RAW: (SqlKind.BYTES, "RAW"),
    oracledb.DB_TYPE_BLOB: (SqlKind.BYTES, "BLOB"),
    oracledb.DB_TYPE_LONG_RAW: (SqlKind.BYTES, "BLOB"),
}
_SIZED = {SqlKind.TEXT, SqlKind.FIXED_TEXT}
_ANY_SCALE = -127
"""Scale of a NUMBER that was declared without one."""
_NO_TABLE = {942, 1031, 4043, 4044}


class OracleShapes:
    """``Shapes`` on Oracle."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def of_query(self, sql: str) -> Sequence[SqlColumn]:
        """
        Describe a source query; nothing is read.

        Raises:
            StoreError: RNR-7551, the database refuses it.
        """
        try:
            return self._described(sql.strip().rstrip(";"))
        except oracledb.DatabaseError as error:
            raise fault(7551, self._pool.access.dsn, reason=str(error).splitlines()[0]) from error

    def of_table(self, table: str) -> Sequence[SqlColumn]:
        """Describe a table that copies go into, found as the copies find it; empty where this user sees none."""
        try:
            return self._described(f"SELECT t.* FROM {folded(table, 'write_back')} t")  # noqa: S608  a checked name
        except oracledb.DatabaseError as error:
            if error.args[0].code in _NO_TABLE:
                return ()
            raise fault(7551, self._pool.access.dsn, reason=str(error).splitlines()[0]) from error

    def _described(self, sql: str) -> list[SqlColumn]:
        with self._pool.session("describe") as session, session.connection.cursor() as cursor:
            cursor.parse(sql)
            return [_column(each) for each in cursor.description or ()]


def _column(described: oracledb.FetchInfo) -> SqlColumn:
    kind, said = _KINDS.get(described.type_code, (SqlKind.UNKNOWN, str(described.type_code)))
    length = described.display_size if kind in _SIZED and "LOB" not in said else None
    scale = described.scale if kind is SqlKind.NUMBER and described.scale != _ANY_SCALE else None
    if length is not None:
        said = f"{said}({length})"
    elif kind is SqlKind.NUMBER and described.precision:
        said = f"{said}({described.precision}{f', {scale}' if scale else ''})"
    return SqlColumn(described.name, kind, said, length, scale, described.null_ok)
