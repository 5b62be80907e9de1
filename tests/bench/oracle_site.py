"""A site for measuring whose database is an Oracle, or what plays one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import oracledb

from runner import app
from runner.demo.people import BELGYOGYASZAT
from runner.demo.site import write_secret
from tests.bench.site import INSERT, RECORDER, Bench, bench, event, payload
from tests.support.oracle import HIS, RUNTIME, OracleDatabase, Orawire, Server, oracle_server
from tests.support.oracle_hospital import OracleMedWorkS
from tests.support.oracle_schema import install_schema, schema_mark
from tests.support.wire import Wire

AT_ONCE = 100_000
"""Most rows that are written in one transaction."""

TRIGGERS = ("BD", "BU", "BI", "AI")

BACKLOG = """
INSERT INTO EESZT_OUT_BACKGROUND (item_id, document_type, source_key, order_key, priority, recorded_by, workplace,
  recorded_at, payload, has_payload, created_at, needs, recorder_proof, login_at_recording, state, state_at, next_at,
  rescue_count, attempts, probe_count)
SELECT EESZT_ITEM_SEQ.NEXTVAL, 'ekat_esemeny', 'due-' || n.i, 'due-' || n.i, 100, :who, :place, :at, :payload, 1, :at,
  'FINAL', 'ASSERTED', 'NONE', 'NEW', :at, :at, 0, 0, 0
  FROM (SELECT LEVEL AS i FROM dual CONNECT BY LEVEL <= :many) n
"""

HISTORY = (
    """
INSERT INTO EESZT_OUT_BACKGROUND (item_id, document_type, source_key, order_key, priority, recorded_by, workplace,
  recorded_at, payload, has_payload, created_at, needs, recorder_proof, login_at_recording, state, state_at, attempts,
  rescue_count, probe_count, sent_at, mapping_version, message_id, acting_user, status_text)
SELECT :base + n.i, 'ekat_esemeny', 'old-' || (:base + n.i), 'old-' || (:base + n.i), 100, :who, :place, :at, :payload,
  1, :at, 'FINAL', 'ASSERTED', 'NONE', 'ACCEPTED', :at, 1, 0, 0, :at, 'old', 'urn:old:' || (:base + n.i), 'TECHNIKAI',
  'Az EESZT befogadta.'
  FROM (SELECT LEVEL AS i FROM dual CONNECT BY LEVEL <= :many) n
""",
    """
INSERT INTO EESZT_MESSAGE (item_id, message_id, digest, document, acting_user, mapping_version, stored_at, expires_at,
  purged_at, has_document)
SELECT :base + n.i, 'urn:old:' || (:base + n.i), 'old', :payload, 'TECHNIKAI', 'old', :at, :at, :at, 1
  FROM (SELECT LEVEL AS i FROM dual CONNECT BY LEVEL <= :many) n
""",
    """
INSERT INTO EESZT_ATTEMPT (item_id, kind, ended_at, took_ms, ending, acting_user, verdict)
SELECT :base + n.i, 'SEND', :at, 100, 'ACCEPTED', 'TECHNIKAI', 'DONE'
  FROM (SELECT LEVEL AS i FROM dual CONNECT BY LEVEL <= :many) n
""",
    """
INSERT INTO EESZT_IDENTIFIER (name, value, item_id, is_second, kept_at)
SELECT 'eeszt_id', 'OLD' || (:base + n.i), :base + n.i, 0, :at
  FROM (SELECT LEVEL AS i FROM dual CONNECT BY LEVEL <= :many) n
""",
    """
INSERT INTO EESZT_ORDER_HEAD (lane, order_key, last_item, last_original)
SELECT 'background', 'old-' || (:base + n.i), :base + n.i, :base + n.i
  FROM (SELECT LEVEL AS i FROM dual CONNECT BY LEVEL <= :many) n
""",
    """
INSERT INTO EESZT_RECORD_HEAD (document_type, source_key) SELECT 'ekat_esemeny', 'old-' || (:base + n.i)
  FROM (SELECT LEVEL AS i FROM dual CONNECT BY LEVEL <= :many) n
""",
)
"""All that belongs to finished rows; their numbers are below those of the sequence."""


@dataclass
class OracleBench(Bench):
    """
    A site on Oracle.

    Attributes:
        server: What serves its databases.
        oracle: Its database now.
        far_s: How far away it is for the daemons, seconds for a round trip; None: nothing lies between.
        name: Of the daemon whose settings are written.
    """

    server: Server = field(kw_only=True)
    far_s: float | None = None
    name: str = "bench"
    oracle: OracleDatabase = field(init=False)
    wire: Wire | None = None
    _own: oracledb.Connection | None = None

    @property
    def section(self) -> str:
        user, password = self.oracle.users[RUNTIME]
        write_secret(self.folder / "db.password", password.encode())
        dsn = self.oracle.dsn if self.wire is None else f"127.0.0.1:{self.wire.port}/{self.oracle.service}"
        return f'dsn = "{dsn}"\nuser = "{user}"\npassword_file = "db.password"\nowner = "{self.oracle.owner}"'

    def configure(self, **lanes: Any) -> None:
        """Take another database, and write the settings."""
        self.drop()
        self.oracle = self.server.copy() if isinstance(self.server, Orawire) else self.server.fresh()
        if self.far_s is not None:
            self.wire = Wire(self.oracle.host, self.oracle.port, delay_s=self.far_s)
        super().configure(**lanes)

    def configure_more(self, name: str, **lanes: Any) -> None:
        """Write the settings of one more daemon."""
        self.name = name
        super().configure(**lanes)

    def drop(self) -> None:
        """Give the database back."""
        if self._own is not None:
            self._own.close()
            self._own = None
        if self.wire is not None:
            self.wire.__exit__()
            self.wire = None
        if hasattr(self, "oracle"):
            self.server.drop(self.oracle)
            del self.oracle

    def empty(self) -> None:
        """Fill the database's registers; it is a new one."""
        shutil.rmtree(self.folder / "audit", ignore_errors=True)  # it knows of messages that the new one does not
        mappings = app.mappings_of(app.load_settings(self.settings))
        with app.opened_store(self.settings) as store:
            store.desk.activate([kind.version for kind in mappings.types.values()])
        OracleMedWorkS(self.oracle).register_people()
        self.sql("INSERT INTO EESZT_USER_MAP VALUES (?, 'NOT_REGISTERED', 0, NULL)", RECORDER)

    def sql(self, statement: str, *binds: object) -> list[tuple[Any, ...]]:
        if self._own is None:
            self._own = self.oracle.connect()
            self._own.autocommit = True
        with self._own.cursor() as cursor:
            cursor.execute(_numbered(statement), binds)
            return cursor.fetchall() if cursor.description else []

    def write_events(self, count: int, recorded_by: str = RECORDER) -> None:
        """Write rows as MedWorkS does, in one transaction."""
        rows = [event(recorded_by) for _ in range(count)]
        with closing(self.oracle.connect(HIS)) as connection, connection.cursor() as cursor:
            cursor.setinputsizes(None, None, None, None, None, oracledb.DB_TYPE_TIMESTAMP, oracledb.DB_TYPE_CLOB)
            cursor.executemany(
                _numbered(INSERT), [(*row[:5], datetime.fromisoformat(str(row[5])), row[6]) for row in rows]
            )
            connection.commit()

    def write_due(self, count: int) -> None:
        """Write rows that are due, at once and without the triggers, as they would have left them."""
        self._fill([BACKLOG], count, 0)
        self._gather_statistics()

    def write_history(self, count: int) -> None:
        """Write finished rows with all that belongs to them, without the triggers; then gather statistics."""
        for done in range(0, count, AT_ONCE):
            self._fill(HISTORY, min(AT_ONCE, count - done), done - count - 1)
        self._gather_statistics()

    def _gather_statistics(self) -> None:
        if isinstance(self.server, Orawire):
            self.server.ask("sql", name=self.oracle.name, statement="VACUUM ANALYZE")
        else:
            self.oracle.run("BEGIN DBMS_STATS.GATHER_SCHEMA_STATS(USER); END;")

    def _fill(self, statements: Any, count: int, base: int) -> None:
        now = datetime.now(UTC).replace(tzinfo=None)
        binds = {
            "many": count,
            "base": base,
            "at": now,
            "who": RECORDER,
            "place": BELGYOGYASZAT,
            "payload": payload(datetime.now(UTC)),
        }
        with closing(self.oracle.connect()) as connection, connection.cursor() as cursor:
            for each in TRIGGERS:
                cursor.execute(f"ALTER TRIGGER EESZT_OUT_BACKGROUND_{each} DISABLE")
            for statement in statements:
                given = {name: value for name, value in binds.items() if f":{name}" in statement}
                cursor.setinputsizes(**{"at": oracledb.DB_TYPE_TIMESTAMP} if "at" in given else {})
                cursor.execute(statement, given)
            connection.commit()
            for each in TRIGGERS:
                cursor.execute(f"ALTER TRIGGER EESZT_OUT_BACKGROUND_{each} ENABLE")


def _numbered(statement: str) -> str:
    for at in range(statement.count("?")):
        statement = statement.replace("?", f":{at + 1}", 1)
    return statement


def server() -> Server:
    """
    Find an Oracle.

    Raises:
        NoOracleError: There is none here.
    """
    return oracle_server(install_schema, schema_mark())


@contextmanager
def oracle_bench(folder: Path, latency_ms: float = 0.0) -> Iterator[OracleBench]:
    """Make a site on Oracle in an empty folder and start its other side."""
    folder.mkdir(exist_ok=True)
    kind = partial(OracleBench, server=server())
    with bench(folder, latency_ms=latency_ms, kind=kind) as site:
        try:
            yield site
        finally:
            site.drop()
