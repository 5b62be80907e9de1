"""Running the scripts of the Oracle schema through a driver's connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import oracledb

    from runner.store.oracle.ddl import Script


def run(connection: oracledb.Connection, scripts: Sequence[Script]) -> None:
    """Run scripts statement by statement, as the owner."""
    with connection.cursor() as cursor:
        for script in scripts:
            for statement in script.statements():
                cursor.execute(statement)
    connection.commit()
