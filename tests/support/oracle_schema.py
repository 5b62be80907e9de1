"""Our schema in an empty Oracle database: the shipped scripts, as an installation runs them."""

from __future__ import annotations

import hashlib
import itertools
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

from runner.store.oracle import install
from runner.store.oracle.ddl import Site, scripts
from runner.store.oracle.script import statements
from tests.support.oracle import HIS, OWNER, RUNTIME, OracleDatabase
from tests.support.rows import OUTBOXES, SQL

ROOT = Path(__file__).parents[2]


@cache
def schema_mark() -> str:
    """Tell one state of everything that the schema is made from apart from another."""
    digest = hashlib.sha256()
    for folder, kinds in (
        (ROOT / "sql/oracle", "*.sql"),
        (ROOT / "runner/store", "*.py"),
        (ROOT / "runner/domain", "*.py"),
    ):
        for path in sorted(folder.rglob(kinds)):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def install_schema(database: OracleDatabase) -> None:
    """Install everything, with the tables of the example, which the daemon's user and the HIS may read and write."""
    users = {who: name.upper() for who, (name, _) in database.users.items()}
    site = Site(OUTBOXES, owner=users[OWNER], runtime=users[RUNTIME], his=users[HIS])
    made = scripts(SQL / "oracle/source", site)
    with closing(database.connect()) as connection:
        install.run(connection, made)
        install.put_installation(connection, made, "test")
        with connection.cursor() as cursor:
            for statement in statements((SQL / "oracle/medworks_example.sql").read_text("utf-8")):
                cursor.execute(statement)
            for table, who in itertools.product(("MW_VENY", "MW_ESEMENY"), (RUNTIME, HIS)):
                if users[who] != users[OWNER]:
                    cursor.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO {users[who]}")


def open_store(database: OracleDatabase, who: str, **options: Any) -> Any:
    """Open the store as a user."""
    from runner.store.oracle import OracleAccess, OracleStore  # noqa: PLC0415

    user, password = database.users[who]
    access = OracleAccess(user, lambda: password, database.dsn, owner=database.owner, **options)
    return OracleStore(access, OUTBOXES, SQL)
