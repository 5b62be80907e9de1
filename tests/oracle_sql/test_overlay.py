"""An outbox over a table that MedWorkS has: its names, its key, its local time, and rows that were there before."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path

import oracledb
import pytest

from runner.app.schema import tables_of
from runner.domain import sentences
from runner.domain.outbox import State, Verdict
from runner.domain.outcome import Ending
from runner.domain.policy import Kind
from runner.errors import StoreError
from runner.mapping.outboxes import read_outboxes
from runner.mapping.problems import Problems
from runner.ports import TypeVersion
from runner.store.embedded import EmbeddedStore
from runner.store.oracle import OracleAccess, OracleStore
from runner.store.oracle.ddl import Site, scripts
from runner.store.oracle.install import pending, run
from tests.oracle_sql.conftest import SOURCE, put_types
from tests.support.oracle import OWNER, OracleDatabase
from tests.support.rows import SQL, TYPES, completion, request

OUTBOXES = """\
outboxes:
  background:
    table: EESZT_OUT_BACKGROUND
    recorder: trusted
  lelet:
    table: Mw_Lelet
    recorder: asserted
    time_zone: Europe/Budapest
    key: [INTEZET, LELET_ID]
    document_type: ekat_esemeny
    local_time: {recorded_at: ROGZITVE}
    columns: {recorded_by: FELHASZNALO, workplace: Date, state: KULDES_ALLAPOTA}
"""
TABLE = """\
CREATE TABLE MW_LELET (
  INTEZET     VARCHAR2(4 CHAR),
  LELET_ID    NUMBER(12),
  FELHASZNALO VARCHAR2(40 BYTE),
  "DATE"      VARCHAR2(20 CHAR),
  ROGZITVE    DATE,
  STATE       NUMBER(1),
  ASKED_AT    DATE,
  CONSTRAINT MW_LELET_PK PRIMARY KEY (INTEZET, LELET_ID)
)"""
PUT = "INSERT INTO MW_LELET (intezet, lelet_id, felhasznalo, rogzitve, state) VALUES ('SZ', :1, 'kovacs.anna', :2, 3)"
VIEW = "SELECT source_key, document_type, recorded_by, state, status_text FROM EESZT_V_STATUS ORDER BY item_id"


@pytest.fixture
def overlaid(bare_oracle: OracleDatabase, tmp_path: Path) -> OracleDatabase:
    """A database whose table MW_LELET is an outbox, with one row that was there before."""
    file = tmp_path / "outboxes.yaml"
    file.write_text(OUTBOXES, encoding="utf-8")
    problems = Problems()
    site = Site(tables_of(read_outboxes(file, problems)))
    assert problems.found == []
    bare_oracle.run(TABLE)
    bare_oracle.run(PUT, [0, datetime(2020, 1, 1)])  # noqa: DTZ001  as the HIS writes it
    with closing(bare_oracle.connect()) as connection:
        run(connection, scripts(SOURCE, site)[:-1])  # the grants name users that are another's here
        assert [each.name for each in pending(connection, scripts(SOURCE, site))] == ["110_grants.sql"]
    put_types(bare_oracle)
    return bare_oracle


def test_a_row_of_the_his_is_an_item_with_its_own_key(overlaid: OracleDatabase) -> None:
    overlaid.run(PUT, [1, datetime(2026, 7, 1, 10, 30)])  # noqa: DTZ001
    assert overlaid.run(VIEW) == [("SZ|1", "ekat_esemeny", "kovacs.anna", "NEW", None)]
    assert overlaid.run("SELECT recorded_at FROM EESZT_V_ITEM") == [(datetime(2026, 7, 1, 8, 30),)]  # noqa: DTZ001
    assert overlaid.run("SELECT kuldes_allapota, state FROM MW_LELET WHERE lelet_id = 1") == [("NEW", 3)]


@pytest.mark.parametrize(
    ("local", "sentence"),
    [
        (datetime(2026, 3, 29, 2, 30), sentences.DOUBTFUL_LOCAL_TIME),  # noqa: DTZ001  left out
        (datetime(2026, 10, 25, 2, 0), sentences.DOUBTFUL_LOCAL_TIME),  # noqa: DTZ001  twice
        (datetime(2026, 10, 25, 2, 59, 59), sentences.DOUBTFUL_LOCAL_TIME),  # noqa: DTZ001
        (None, sentences.BAD_RECORDED_AT),
        (datetime(1, 1, 1), sentences.BAD_RECORDED_AT),  # noqa: DTZ001
    ],
)
def test_a_time_that_is_none_or_two_ends_its_row_only(
    overlaid: OracleDatabase, local: datetime | None, sentence: str
) -> None:
    with closing(overlaid.connect()) as connection:
        connection.cursor().execute(PUT, [1, datetime(2026, 3, 29, 3, 0)])  # noqa: DTZ001
        connection.cursor().execute(PUT, [2, local])
        connection.cursor().execute(PUT, [3, datetime(2026, 10, 25, 1, 59, 59)])  # noqa: DTZ001
        connection.commit()
    assert [row[3:] for row in overlaid.run(VIEW)] == [("NEW", None), ("INVALID", sentence), ("NEW", None)]


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2026-03-29 01:59:59", "2026-03-29 00:59:59"),
        ("2026-03-29 02:00:00", None),
        ("2026-03-29 02:59:59", None),
        ("2026-03-29 03:00:00", "2026-03-29 01:00:00"),
        ("2026-10-25 01:59:59", "2026-10-24 23:59:59"),
        ("2026-10-25 02:00:00", None),
        ("2026-10-25 02:59:59", None),
        ("2026-10-25 03:00:00", "2026-10-25 02:00:00"),
        ("1950-06-01 12:00:00", "1950-06-01 11:00:00"),
    ],
)
def test_an_hour_that_is_left_out_or_given_twice_is_no_instant(
    schema: OracleDatabase, local: str, utc: str | None
) -> None:
    found = schema.run(f"SELECT EESZT_UTC(TIMESTAMP '{local}', 'Europe/Budapest') FROM DUAL")
    assert found == [(utc and datetime.fromisoformat(utc),)]
    assert schema.run(f"SELECT EESZT_UTC(TIMESTAMP '{local}', 'Mars/Olympus') FROM DUAL") == [(None,)]


def test_the_daemon_works_on_it_as_on_any_other(overlaid: OracleDatabase, tmp_path: Path) -> None:
    user, password = overlaid.users[OWNER]
    access = OracleAccess(user, lambda: password, overlaid.dsn)
    store = OracleStore(access, tables_of(read_outboxes(tmp_path / "outboxes.yaml", Problems())), SQL)
    store.desk.activate([TypeVersion("ekat_esemeny", "d", "Esemény", "lelet", Kind.REPORT), *TYPES[:2]])
    overlaid.run(PUT, [1, datetime(2026, 7, 1, 10, 30)])  # noqa: DTZ001
    overlaid.run(PUT, [2, datetime(2026, 7, 1, 10, 31)])  # noqa: DTZ001
    first, second = store.outbox.claim("lelet", "t", 10, 30, {"ekat_esemeny": "d"})
    assert (first.source_key, first.recorded_by, first.recorded_at.isoformat()) == (
        *("SZ|1", "kovacs.anna"),
        "2026-07-01T08:30:00+00:00",
    )
    permitted = store.outbox.permit([request(each, mapping_version="d") for each in (first, second)])
    assert [each for each in permitted.values() if isinstance(each, Verdict)] == []
    ended = [completion(first, eeszt_id="SIM-1"), completion(second, Ending.REJECTED, reason_code="HIBAS")]
    assert list(store.outbox.complete(ended).values()) == [Verdict.DONE, Verdict.DONE]
    rows = overlaid.run("SELECT source_key, state, eeszt_id, reason_code FROM EESZT_V_STATUS ORDER BY item_id")
    assert rows == [("SZ|1", "ACCEPTED", "SIM-1", None), ("SZ|2", "REJECTED", None, "HIBAS")]
    assert store.desk.withdraw(first.row.item_id, "kovacs.anna") is State.ACCEPTED
    assert overlaid.run("SELECT COUNT(*) FROM MW_LELET") == [(3,)]
    assert overlaid.run("SELECT withdraw_asked_by FROM EESZT_V_ITEM WHERE item_id = 1") == [("kovacs.anna",)]
    overlaid.run("DELETE FROM MW_LELET WHERE lelet_id IN (1, 2)")
    store.close()


def test_rows_that_were_there_before_are_no_items(overlaid: OracleDatabase) -> None:
    assert overlaid.run("SELECT COUNT(*) FROM EESZT_V_ITEM") == [(0,)]
    overlaid.run("UPDATE MW_LELET SET felhasznalo = 'x' WHERE lelet_id = 0")
    overlaid.run("DELETE FROM MW_LELET WHERE lelet_id = 0")
    overlaid.run(PUT, [1, datetime(2026, 7, 1)])  # noqa: DTZ001
    overlaid.run("UPDATE MW_LELET SET felhasznalo = 'x', rogzitve = NULL WHERE lelet_id = 1")
    with pytest.raises(oracledb.DatabaseError, match="ORA-20694"):
        overlaid.run("DELETE FROM MW_LELET WHERE lelet_id = 1")


def test_both_outboxes_are_numbered_by_one_sequence_and_share_the_rule_of_one_document_per_record(
    overlaid: OracleDatabase,
) -> None:
    overlaid.run(PUT, [1, datetime(2026, 7, 1)])  # noqa: DTZ001
    overlaid.run("""
        INSERT INTO EESZT_OUT_BACKGROUND (document_type, source_key, recorded_by, recorded_at)
        VALUES ('ekat_esemeny', 'SZ|1', 'kovacs.anna', SYS_EXTRACT_UTC(SYSTIMESTAMP))""")
    assert overlaid.run("SELECT item_id, lane, state FROM EESZT_V_ITEM ORDER BY item_id") == [
        (1, "lelet", "NEW"),
        (2, "background", "SKIPPED"),
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("    key: [INTEZET, LELET_ID]\n", ""), "document_type without key"),
        (("recorded_by: FELHASZNALO", "recorded_at: ROGZITVE"), "the column 'ROGZITVE' for recorded_at"),
        (("recorded_by: FELHASZNALO", "source_key: lelet_id"), "the column 'lelet_id' for source_key"),
        (("recorded_by: FELHASZNALO", "payload: TARTALOM"), "a column of the HIS for payload"),
        (("[INTEZET, LELET_ID]", "[]"), "outboxes.yaml:9"),
        (("[INTEZET, LELET_ID]", "[A-B]"), "a database name"),
        (("recorded_at: ROGZITVE}", "send_by: ROGZITVE}"), "send_by"),
    ],
)
def test_what_cannot_be_laid_over_a_table_is_said(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    file = tmp_path / "outboxes.yaml"
    file.write_text(OUTBOXES.replace(*change), encoding="utf-8")
    problems = Problems()
    read_outboxes(file, problems)
    assert message in "\n".join(map(str, problems.found))


def test_the_embedded_database_lies_over_no_table(tmp_path: Path) -> None:
    file = tmp_path / "outboxes.yaml"
    file.write_text(OUTBOXES, encoding="utf-8")
    with pytest.raises(StoreError, match="RNR-7504 outbox lelet"):
        EmbeddedStore(tmp_path / "x.db", tables_of(read_outboxes(file, Problems())), SQL)
