"""The page of Oracle's types: what a row has of a column, what fields may be made of it, and how it goes up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from markdown_table import table

from runner.mapping.convert import BadValueError, Wanted
from runner.mapping.values import written

PAGE = """\
# From Oracle's types to XML

Made from `docs/oracle_types.py` by `docs/generate.py`; the last two columns are computed by the runner's own
conversion, and `tests/oracle/test_types.py` reads every row of the table from a database. What a source query gives
is a `row` with the names of its columns, in capitals; a mapping's `type:` makes a field of it, and a template writes
that. `eeszt-runner mapping lint` compares fields with columns where the settings name a database.

{table}

In a zone: local times count in the outbox's `time_zone` (Europe/Budapest unless `outboxes.yaml` says otherwise).

## Traps

- **DATE has a time of day, and no fractions.** A day that was stored as `SYSDATE` has one: as a field of type `date`
  its row ends INVALID. Write `TRUNC(v.SZUL_DATUM) AS SZUL_DATUM`.
- **`''` is NULL.** An empty text and a missing one cannot be told apart: a required field of either ends its row
  INVALID, an optional one is left out. `NVL(x, '')` changes nothing.
- **CHAR is padded with blanks** up to its length, and the blanks go up. Write `RTRIM(v.KOD) AS KOD`.
- **NUMBER without scale** may have digits after the point; `type: integer` refuses such a value. Numbers come
  exactly, never as binary fractions; `BINARY_DOUBLE` is one by itself: write `CAST(x AS NUMBER(12, 2))`.
- **NUMBER as text**: leading zeros are gone. A TAJ or a code belongs into VARCHAR2; else `LPAD(TO_CHAR(v.TAJ), 9,
  '0')`.
- **VARCHAR2(n BYTE)** counts bytes: `ő` takes two, so that a text of n letters may not fit. Columns that copies go
  into should say CHAR.
- **NVARCHAR2 and NCLOB** come as the same text; nothing is to be done.
- **CLOB** comes whole; compare it with `DBMS_LOB.COMPARE` in SQL, not with `=`.
- **Time zones**: a zone with a name (`TIMESTAMP WITH TIME ZONE '… Europe/Budapest'`) cannot be fetched in thin mode
  (DPY-3022). Write `SYS_EXTRACT_UTC(x) AT TIME ZONE …` away: `CAST(x AT TIME ZONE 'Europe/Budapest' AS TIMESTAMP)`
  gives the local time.
- **An hour that summer time leaves out, or gives twice**, is no instant: its row ends INVALID with that sentence.
- **Lists**: a JSON array in a CLOB or VARCHAR2 column (`JSON_ARRAYAGG` in the query); `each: row.NAME` reads it.
- **RAW and BLOB** cannot go up; there is no field of bytes. Write `RAWTOHEX(x)` or UTL_ENCODE's base64, as the
  contract says.
"""
ZONE = ZoneInfo("Europe/Budapest")
ROWS: tuple[tuple[str, str, Any, str, str], ...] = (
    ("VARCHAR2(n CHAR)", "CAST('Kőszegi' AS VARCHAR2(20 CHAR))", "Kőszegi", "text", "xs:string"),
    ("NVARCHAR2(n)", "CAST('Kőszegi' AS NVARCHAR2(20))", "Kőszegi", "text", "xs:string"),
    ("CHAR(n)", "CAST('A1' AS CHAR(4))", "A1  ", "text", "xs:string, padded"),
    ("CLOB", "TO_CLOB('hosszú')", "hosszú", "text", "xs:string"),
    ("NUMBER(p)", "CAST(12 AS NUMBER(9))", 12, "integer", "xs:integer"),
    ("NUMBER(p, s)", "CAST(2.5 AS NUMBER(9, 2))", Decimal("2.5"), "decimal", "xs:decimal"),
    ("NUMBER(1)", "CAST(1 AS NUMBER(1))", 1, "boolean", "xs:boolean"),
    ("DATE (midnight)", "DATE '1958-03-12'", datetime.fromisoformat("1958-03-12 00:00:00"), "date", "xs:date"),
    (
        "DATE (with a time)",
        "TO_DATE('2026-01-15 10:30', 'YYYY-MM-DD HH24:MI')",
        datetime.fromisoformat("2026-01-15 10:30:00"),
        "instant",
        "xs:dateTime",
    ),
    (
        "DATE (with a time)",
        "TO_DATE('2026-01-15 10:30', 'YYYY-MM-DD HH24:MI')",
        datetime.fromisoformat("2026-01-15 10:30:00"),
        "date",
        "–",
    ),
    (
        "TIMESTAMP(6)",
        "TIMESTAMP '2026-07-15 10:30:00.25'",
        datetime.fromisoformat("2026-07-15 10:30:00.250000"),
        "instant",
        "xs:dateTime",
    ),
    ("VARCHAR2, a day", "CAST('1958-03-12' AS VARCHAR2(10 CHAR))", "1958-03-12", "date", "xs:date"),
    (
        "VARCHAR2, an instant",
        "CAST('2026-01-15T10:00:00Z' AS VARCHAR2(30 CHAR))",
        "2026-01-15T10:00:00Z",
        "instant",
        "xs:dateTime",
    ),
    ("VARCHAR2, empty", "CAST('' AS VARCHAR2(10 CHAR))", None, "text", "–"),
)
"""Type, an expression that gives a value of it, what the row has, the field's type, and the form in XML Schema."""


def oracle_types() -> str:
    """Give the page."""
    heads = ("column", "example", "the row has", "field `type:`", "XML Schema", "goes up as")
    return PAGE.format(table=table(heads, map(_row, ROWS)))


def goes_up(value: Any, kind: str) -> str:
    """Give how a value of a row goes up as a field of a type, or why it does not."""
    if value is None:
        return "missing"
    try:
        return written(Wanted(type=kind, zone=ZONE).convert(value))
    except BadValueError as error:
        return f"INVALID: {error.reason}"


def _row(row: tuple[str, str, Any, str, str]) -> Iterable[str]:
    name, sql, value, kind, schema = row
    shown = "`None`" if value is None else f"`{_shown(value)}`"
    up = goes_up(value, kind)
    return name, f"`{sql}`", shown, f"`{kind}`", schema, up if up.startswith(("INVALID", "missing")) else f"`{up}`"


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return str(value) if isinstance(value, int | Decimal | date) else repr(value)
