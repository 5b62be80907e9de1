"""Running the scripts of the Oracle schema through a driver's connection, as the owner."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import oracledb

from runner.errors import fault
from runner.store.oracle.ddl import schema_version
from runner.store.oracle.prerequisites import remedy
from runner.store.oracle.script import Script

if TYPE_CHECKING:
    from collections.abc import Callable

_WORD = r'"?([\w$#]+)"?'
_MAKES = {
    re.compile(rf"CREATE (?:TABLE|SEQUENCE|INDEX|UNIQUE INDEX) {_WORD}"): (
        "SELECT COUNT(*) FROM USER_OBJECTS o"
        " WHERE o.object_name = :1 AND o.object_type IN ('TABLE', 'SEQUENCE', 'INDEX')"
    ),
    re.compile(rf"ALTER TABLE {_WORD} ADD CONSTRAINT {_WORD}"): (
        "SELECT COUNT(*) FROM USER_CONSTRAINTS c WHERE c.table_name = :1 AND c.constraint_name = :2"
    ),
    re.compile(rf"ALTER TABLE {_WORD} ADD \({_WORD}"): (
        "SELECT COUNT(*) FROM USER_TAB_COLS c WHERE c.table_name = :1 AND c.column_name = :2"
    ),
}
"""What cannot be made twice, and how to see that it is there; every other statement replaces, or may be repeated."""

_COMPILE_ERROR = """\
SELECT e.type, e.name, e.line, e.text FROM USER_ERRORS e
 WHERE e.name = :1 AND e.attribute = 'ERROR' ORDER BY e.sequence"""
_PUT_INSTALLATION = """\
INSERT INTO EESZT_INSTALLATION (only_row, environment, database_id, home, schema_version, installed_at)
SELECT 1, :environment, LOWER(RAWTOHEX(SYS_GUID())), :home, :version, SYS_EXTRACT_UTC(SYSTIMESTAMP) FROM DUAL
 WHERE NOT EXISTS (SELECT 1 FROM EESZT_INSTALLATION)"""
_PUT_VERSION = "UPDATE EESZT_INSTALLATION SET schema_version = :version WHERE schema_version <> :version"
_NO_SUCH_TABLE = 942
_INCARNATION = re.compile(r", incarnation \w+$")


@dataclass(frozen=True, slots=True)
class Installed:
    """
    What the database says of itself.

    Attributes:
        environment: ``test`` or ``production``.
        version: Of the schema.
    """

    environment: str
    version: str


def pending(connection: oracledb.Connection, scripts: Sequence[Script]) -> list[Script]:
    """
    Give the scripts that have not run here, or of which another text has run that this one may replace.

    Raises:
        StoreError: A script that holds data has run as another text.
    """
    recorded = _recorded(connection)
    for script in scripts:
        if script.once and recorded.get(script.name, script.sha256) != script.sha256:
            raise fault(7501, str(connection.dsn), script=script.name)
    return [script for script in scripts if recorded.get(script.name) != script.sha256]


def run(
    connection: oracledb.Connection, scripts: Sequence[Script], tell: Callable[[str], None] = lambda _: None
) -> None:
    """
    Run scripts statement by statement; what one that stopped half-way has made is left out.

    DDL commits by itself, so each script is recorded when all of it is there.

    Args:
        connection: Of the owner.
        scripts: Those that have not run, in order.
        tell: Is told the name of each before it runs.

    Raises:
        StoreError: The database refuses a statement, or a unit does not compile; the scripts before stay.
    """
    with connection.cursor() as cursor:
        for script in scripts:
            tell(script.name)
            _run(cursor, script)
            for statement in script.record():
                cursor.execute(statement)
            connection.commit()


def installed(connection: oracledb.Connection) -> Installed | None:
    """Give what the database says of itself, or None where it is not installed."""
    rows = _rows(connection, "SELECT environment, schema_version FROM EESZT_INSTALLATION")
    return Installed(*rows[0]) if rows else None


def put_installation(connection: oracledb.Connection, scripts: Sequence[Script], environment: str) -> None:
    """
    Write down what this database is, where that is new; commits.

    Raises:
        IntegrityError: The database belongs to the other environment.
    """
    found = installed(connection)
    if found is not None and found.environment != environment:
        raise fault(8001, str(connection.dsn), installed=found.environment, wanted=environment)
    version = schema_version(scripts)
    with connection.cursor() as cursor:
        cursor.execute(_PUT_INSTALLATION, {"environment": environment, "home": place(connection), "version": version})
        cursor.execute(_PUT_VERSION, {"version": version})
    connection.commit()


def place(connection: oracledb.Connection) -> str:
    """
    Give where this database is: which one, and since which restore to an earlier time.

    A copy made by RMAN's DUPLICATE has another DBID; whatever was opened with RESETLOGS, a restored database or a
    standby that took over with loss, has another RESETLOGS_CHANGE#. Who may not read V$DATABASE notices neither. A
    pluggable database has all that of its container: a clone beside the original is told by its name, and one that
    alone was recovered to an earlier time by its own incarnation.
    """
    rows = _rows(connection, 'SELECT d.dbid, d."RESETLOGS_CHANGE#" FROM V$DATABASE d')
    if not rows:
        return "V$DATABASE is not readable"
    [(name,)] = _rows(connection, "SELECT SYS_CONTEXT('USERENV', 'CON_NAME') FROM DUAL")
    own = _rows(connection, "SELECT i.pdb_incarnation# FROM V$PDB_INCARNATION i WHERE i.status = 'CURRENT'")
    parts = [f"DBID {rows[0][0]}, RESETLOGS_CHANGE# {rows[0][1]}"]
    parts += [f"PDB {name}"] if name else []
    parts += [f"incarnation {own[0][0]}"] if own else []
    return ", ".join(parts)


def alike(home: str, here: str) -> tuple[str, str]:
    """Give two places without the incarnation where one of them does not say it: not everybody may read that."""
    said = [_INCARNATION.search(place) for place in (home, here)]
    return (home, here) if all(said) else (_INCARNATION.sub("", home), _INCARNATION.sub("", here))


def check_owner(connection: oracledb.Connection, owner: str) -> None:
    """
    Make sure that a session is the owner's, since everything is made in its user's schema.

    Raises:
        StoreError: It is another's.
    """
    [(user,)] = _rows(connection, "SELECT USER FROM DUAL")
    if user != owner.upper():
        raise fault(7502, str(connection.dsn), user=user, owner=owner.upper())


def _run(cursor: oracledb.Cursor, script: Script) -> None:
    all_statements = script.statements()
    for number, statement in enumerate(all_statements, 1):
        try:
            if _is_there(cursor, statement):
                continue
            cursor.execute(statement)
            reason = _compile_error(cursor, script) if cursor.warning else None
        except oracledb.DatabaseError as error:
            reason = str(error).splitlines()[0]
        if reason is not None:
            if mended_by := remedy(statement, reason, str(cursor.connection.username).upper()):
                reason = f"{reason}. A DBA runs: {mended_by}"
            raise fault(7503, script.name, statement=number, count=len(all_statements), reason=reason)


def _is_there(cursor: oracledb.Cursor, statement: str) -> bool:
    """Whether a statement was carried out by a run of its script that stopped later."""
    for pattern, asked in _MAKES.items():
        if found := pattern.match(statement):
            cursor.execute(asked, list(found.groups()))
            [(number,)] = cursor.fetchall()
            return bool(number)
    return False


def _compile_error(cursor: oracledb.Cursor, script: Script) -> str:
    for unit in script.units:
        cursor.execute(_COMPILE_ERROR, [unit])
        for kind, name, line, text in cursor.fetchall():
            return f"{kind} {name} does not compile, line {line}: {text}"
    return "it does not compile"


def _recorded(connection: oracledb.Connection) -> dict[str, str]:
    rows = _rows(connection, "SELECT script, sha256 FROM EESZT_SCHEMA_SCRIPT")
    return {row[0]: row[1] for row in rows}


def _rows(connection: oracledb.Connection, sql: str) -> list[tuple[str, ...]]:
    """Rows of a query; none where there is no such table, or no right to see it."""
    with connection.cursor() as cursor:
        try:
            cursor.execute(sql)
            return list(cursor.fetchall())
        except oracledb.DatabaseError as error:
            if error.args[0].code == _NO_SUCH_TABLE:
                return []
            raise fault(7002, str(connection.dsn), reason=str(error).splitlines()[0]) from error
