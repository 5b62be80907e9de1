"""An Oracle database with our schema and the tests' document types, and the scripts for one."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from runner.store.oracle.ddl import GRANTS, Site, scripts
from runner.store.oracle.script import Script
from tests.support.oracle import HIS, RUNTIME, OracleDatabase
from tests.support.rows import OUTBOXES, TYPES

SOURCE = Path(__file__).parents[2] / "sql" / "oracle" / "source"


@pytest.fixture
def schema(oracle: OracleDatabase) -> OracleDatabase:
    """A fresh database with our schema and the tests' document types in force."""
    put_types(oracle)
    return oracle


def site_scripts(database: OracleDatabase) -> list[Script]:
    """Give the scripts for a database's users; where all three are one, nothing is granted."""
    runtime, his = database.users[RUNTIME][0], database.users[HIS][0]
    every = scripts(SOURCE, Site(OUTBOXES, owner=database.owner, runtime=runtime, his=his))
    return [each for each in every if each.name != GRANTS or runtime != database.owner]


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
