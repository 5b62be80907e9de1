"""Our schema in an empty Oracle database: the shipped scripts, as an installation runs them."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.oracle import OWNER, OracleDatabase

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
    """Install everything, with the tables of the example."""
    store = open_store(database, OWNER)
    try:
        store.install()
        store.install_example()
    finally:
        store.close()


def open_store(database: OracleDatabase, who: str, **options: Any) -> Any:
    """Open the store as a user."""
    from runner.store.oracle import OracleAccess, OracleStore  # noqa: PLC0415

    from tests.support.rows import OUTBOXES, SQL  # noqa: PLC0415

    user, password = database.users[who]
    access = OracleAccess(user, lambda: password, database.dsn, owner=database.owner, **options)
    return OracleStore(access, OUTBOXES, SQL)
