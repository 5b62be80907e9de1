"""An Oracle database with our schema and nothing else, put there as `db install` does."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from runner.store.oracle.ddl import Site, scripts
from runner.store.oracle.install import put_installation, run
from tests.support.oracle import OracleDatabase
from tests.support.rows import OUTBOXES, TYPES

SOURCE = Path(__file__).parents[2] / "sql" / "oracle" / "source"


@pytest.fixture
def schema(bare_oracle: OracleDatabase) -> OracleDatabase:
    """A fresh database with our schema and the tests' document types in force."""
    site = Site(
        OUTBOXES,
        owner=bare_oracle.owner,
        runtime=bare_oracle.users["eeszt_runtime"][0],
        his=bare_oracle.users["medworks"][0],
    )
    with closing(bare_oracle.connect()) as connection:
        run(connection, scripts(SOURCE, site))
        put_installation(connection, scripts(SOURCE, site), "test")
    put_types(bare_oracle)
    return bare_oracle


def put_types(database: OracleDatabase) -> None:
    """Put the tests' document types in force."""
    sql = """
        INSERT INTO EESZT_DOCUMENT_TYPE (document_type, digest, title, lane, kind, send_limit_s, answer_limit_s, needs,
                                         withdrawal_type, is_probe, active, changed_at)
        VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9, :10, 1, SYS_EXTRACT_UTC(SYSTIMESTAMP))"""
    rows = [
        (
            each.document_type,
            each.digest,
            each.title,
            each.lane,
            each.kind.value,
            each.send_limit_s,
            each.answer_limit_s,
            each.needs.value,
            each.withdrawal_type,
            int(each.is_probe),
        )
        for each in TYPES
    ]
    with closing(database.connect()) as connection:
        connection.cursor().executemany(sql, rows)
        connection.commit()
