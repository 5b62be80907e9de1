"""Whether an Oracle database is the one that it was, and has what this version needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.domain.environment import Identity
from runner.errors import RunnerError, fault
from runner.store.oracle.ddl import schema_version
from runner.store.oracle.errors import MISSING
from runner.store.oracle.install import alike, place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.store.oracle.database import OracleDatabase
    from runner.store.oracle.script import Script


def identity(database: OracleDatabase) -> Identity:
    """
    Give which database this is.

    Raises:
        StoreError: It is not installed.
    """
    with database.doing("identity").reading() as look:
        try:
            rows = look.read("installation")
        except RunnerError as error:
            raise _not_installed(database, error) from error
        if not rows:
            raise fault(7008, database.name)
        row = rows[0]
        home, here = alike(row["home"], place(look.session.connection))
        return Identity(row["environment"], row["database_id"], home, here)


def check_installed(database: OracleDatabase, scripts: Sequence[Script], environment: str) -> None:
    """
    Make sure that the database is there, complete, of this environment, and no copy.

    Raises:
        IntegrityError: The database belongs to the other environment, or was copied or went back in time.
        StoreError: It is not installed, or by another version.
    """
    found = identity(database)
    if found.environment != environment:
        raise fault(8001, database.name, installed=found.environment, wanted=environment)
    if database.doing("check").read("installation")[0]["schema_version"] != schema_version(scripts):
        raise fault(7008, database.name)
    if not found.is_at_home:
        raise fault(8021, database.name, home=found.home, place=found.place)


def _not_installed(database: OracleDatabase, error: RunnerError) -> RunnerError:
    """Tables that are missing are an installation that is missing."""
    return fault(7008, database.name) if error.number == MISSING else error
