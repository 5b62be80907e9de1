"""What a DBA may run besides the scripts."""

from __future__ import annotations

import re
from contextlib import closing
from datetime import datetime, timedelta

from runner.store.oracle.ddl import Site
from runner.store.oracle.optional import optional_files
from runner.store.oracle.script import SQLPLUS, statements
from tests.oracle_sql.conftest import SOURCE
from tests.oracle_sql.test_insert_agrees import force
from tests.oracle_sql.test_rows import NOW, put
from tests.support.oracle import OracleDatabase
from tests.support.rows import OUTBOXES

FILES = optional_files(SOURCE, Site(OUTBOXES, runtime="MW_FUTTATO"))


def purge(database: OracleDatabase, until: datetime) -> None:
    """Run purge.sql as SQL*Plus does when this day is typed."""
    text = "\n".join("" if SQLPLUS.match(line) else line for line in FILES["optional/purge.sql"].splitlines())
    with closing(database.connect()) as connection:
        for statement in statements(text):
            connection.cursor().execute(statement.replace("&until", until.strftime("%Y-%m-%d")))
        connection.commit()


def test_the_purge_takes_what_ended_before_the_day_and_nothing_that_is_needed(schema: OracleDatabase) -> None:
    old, day = (NOW - timedelta(days=40)).replace(tzinfo=None), NOW - timedelta(days=30)
    ended = {"state": "ACCEPTED", "state_at": old, "next_at": None}
    gone = put(schema, source_key="A", order_key="K")
    asked = put(schema, source_key="B")
    owed = put(schema, source_key="C")
    needed = put(schema, source_key="D", order_key="L")
    behind = put(schema, source_key="E", order_key="L")
    young = put(schema, source_key="F")
    with closing(schema.connect()) as connection:
        force(connection, "background", gone, ended)
        force(connection, "background", asked, {**ended, "state": "MISSED", "next_at": old})
        force(connection, "background", owed, {**ended, "compensation": "DUE"})
        force(connection, "background", needed, ended)
        force(connection, "background", young, {**ended, "state_at": NOW})
        for item in (gone, needed):
            connection.cursor().execute(
                "INSERT INTO EESZT_ATTEMPT (item_id, kind, ended_at, took_ms, ending, verdict)"
                " VALUES (:1, 'SEND', :2, 1, 'ACCEPTED', 'DONE')",
                [item, old],
            )
            connection.cursor().execute(
                "INSERT INTO EESZT_IDENTIFIER (name, value, item_id, is_second, kept_at) VALUES ('x', :1, :2, 0, :3)",
                [str(item), item, old],
            )
        connection.commit()
    purge(schema, day)
    items = schema.run("SELECT item_id FROM EESZT_V_ITEM ORDER BY item_id")
    assert items == [(asked,), (owed,), (needed,), (behind,), (young,)]
    assert schema.run("SELECT item_id FROM EESZT_ATTEMPT") == [(needed,)]
    assert schema.run("SELECT item_id FROM EESZT_IDENTIFIER") == [(needed,)]
    assert schema.run("SELECT order_key FROM EESZT_ORDER_HEAD") == [("L",)]
    assert schema.run("SELECT source_key FROM EESZT_RECORD_HEAD ORDER BY 1") == [("B",), ("C",), ("D",), ("E",), ("F",)]
    purge(schema, day)
    assert schema.run("SELECT item_id FROM EESZT_V_ITEM ORDER BY item_id") == items


def test_a_record_may_come_anew_after_its_item_was_purged(schema: OracleDatabase) -> None:
    old = (NOW - timedelta(days=40)).replace(tzinfo=None)
    item = put(schema, source_key="A", order_key="K")
    with closing(schema.connect()) as connection:
        force(connection, "background", item, {"state": "ACCEPTED", "state_at": old, "next_at": None})
    purge(schema, NOW - timedelta(days=30))
    later = put(schema, source_key="A", order_key="K")
    assert schema.run("SELECT state, depends_on FROM EESZT_OUT_BACKGROUND WHERE item_id = :1", [later]) == [
        ("NEW", None)
    ]


def test_statistics_name_every_outbox_and_users_are_the_sites() -> None:
    for outbox in OUTBOXES.values():
        assert f"GATHER_TABLE_STATS(USER, '{outbox.table}')" in FILES["optional/statistics.sql"]
    users = FILES["optional/create_users.sql"]
    assert 'CREATE USER EESZT IDENTIFIED BY "&owner_password"' in users
    assert 'CREATE USER "MW_FUTTATO" IDENTIFIED BY "&runtime_password";\nGRANT CREATE SESSION TO "MW_FUTTATO";' in users
    assert " HIDE\n" in users


SECRETS = {
    "payload",
    "document",
    "body",
    "result",
    "sealed",
    "source_key",
    "order_key",
    "recorded_by",
    "workplace",
    "acting_user",
    "his_user",
    "eeszt_user",
    "asker",
    "claim_owner",
    "status_text",
    "key_json",
    "values_json",
    "error",
    "value",
    "withdraw_asked_by",
    "rules",
}
"""Columns that say something of patients or staff, or that may."""


def test_the_support_export_has_nothing_of_patients_and_staff(schema: OracleDatabase) -> None:
    put(
        schema,
        source_key="TAJ-032154784",
        order_key="veny-032154784",
        payload='{"NEV": "Tündérné"}',
        workplace="SEBESZET",
    )
    own = re.compile(f"{SQLPLUS.pattern}|SET |SPOOL")
    text = "\n".join("" if own.match(line) else line for line in FILES["optional/support_export.sql"].splitlines())
    given: list[str] = []
    columns: set[str] = set()
    with closing(schema.connect()) as connection:
        for statement in statements(text):
            cursor = connection.cursor()
            cursor.execute(statement.replace("&since", "2020-01-01"))
            if cursor.description:
                columns |= {each.name.lower() for each in cursor.description}
                given += [str(value) for row in cursor for value in row]
    assert columns & SECRETS == set()
    assert {"item_id", "state", "ended_at", "digest", "script"} <= columns
    assert "NEW" in given, "the item is there"
    for secret in ("032154784", "Tündérné", "SEBESZET"):
        assert not any(secret in each for each in given), secret


def test_what_is_asked_is_put_in_also_after_the_scripts_that_turn_it_off() -> None:
    for name, text in FILES.items():
        if "&" in text or "ACCEPT " in text:
            lines = text.splitlines()
            first = next(place for place, line in enumerate(lines) if "&" in line or line.startswith("ACCEPT "))
            assert "SET DEFINE ON" in lines[:first], name
