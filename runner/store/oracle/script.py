"""A script of the schema: its statements for a driver, and the file that SQL*Plus runs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runner.store.naming import ORACLE, text_literal

SCRIPT_TABLE = "EESZT_SCHEMA_SCRIPT"
"""Where scripts record themselves."""
SKIP = "skip.sql"
"""What ``install.sql`` runs in the place of a script that has run."""

SQLPLUS = re.compile(r"(WHENEVER|SET [A-Z]+( [A-Z0-9]+)+$|PROMPT|ACCEPT|COLUMN|SPOOL|COMMIT;|@@)")
"""Lines that are SQL*Plus's own, or that a driver does by itself."""

_PLSQL = re.compile(r"(DECLARE|BEGIN|CREATE OR REPLACE (PROCEDURE|FUNCTION|TRIGGER|PACKAGE))\b")
_TABLESPACE = re.compile(r" TABLESPACE (?:\w+|\"[^\"]+\")")
_UNIT = re.compile(
    r"^CREATE OR REPLACE (?:PROCEDURE|FUNCTION|TRIGGER|PACKAGE(?: BODY)?|VIEW) \"?([\w$#]+)", re.MULTILINE
)

_HEAD = """\
-- {name}: {says}
-- Made from sql/oracle/source; do not change it. Run it as the owner, in SQL*Plus or SQLcl, with NLS_LANG=.AL32UTF8,
-- by itself or by install.sql, which runs all scripts in their order.
WHENEVER OSERROR EXIT FAILURE ROLLBACK
WHENEVER SQLERROR EXIT FAILURE ROLLBACK
SET DEFINE OFF
SET SQLBLANKLINES ON
PROMPT {name}

-- Goes no further where it has run already, nor where the terminal's letters are not those of this file.
"""
_GUARD = """\
DECLARE
  l_sha256 EESZT_SCHEMA_SCRIPT.sha256%TYPE;
BEGIN
{letters}  SELECT MAX(s.sha256) INTO l_sha256 FROM EESZT_SCHEMA_SCRIPT s WHERE s.script = {literal};
  IF l_sha256 = '{sha256}' THEN
    RAISE_APPLICATION_ERROR(-20680, 'EESZT: {name} has run already');
  END IF;
{once}END;
/
"""
_FIRST_GUARD = """\
DECLARE
  l_found NUMBER;
BEGIN
{letters}  SELECT COUNT(*) INTO l_found FROM USER_TABLES t WHERE t.table_name = 'EESZT_SCHEMA_SCRIPT';
  IF l_found > 0 THEN
    RAISE_APPLICATION_ERROR(-20680, 'EESZT: {name} has run already');
  END IF;
END;
/
"""
_LETTERS = """\
  IF LENGTH('ű') <> 1 THEN
    RAISE_APPLICATION_ERROR(-20681, 'EESZT: set NLS_LANG to .AL32UTF8, this file is UTF-8');
  END IF;
"""
_ONCE = """\
  IF l_sha256 IS NOT NULL THEN
    RAISE_APPLICATION_ERROR(-20682, 'EESZT: {name} has run as another text, take the scripts of its release');
  END IF;
"""
_COMPILED = """
-- It has not run while one of its units does not compile.
DECLARE
  l_error VARCHAR2(4000);
BEGIN
  SELECT MAX(e.type || ' ' || e.name || ', line ' || e.line || ': ' || SUBSTR(e.text, 1, 900)) INTO l_error
    FROM USER_ERRORS e WHERE e.attribute = 'ERROR' AND e.name IN ({names});
  IF l_error IS NOT NULL THEN
    RAISE_APPLICATION_ERROR(-20683, SUBSTR('EESZT: ' || l_error, 1, 1000));
  END IF;
END;
/
"""
_RECORD = """\
INSERT INTO EESZT_SCHEMA_SCRIPT (script, sha256, run_at, run_by)
VALUES ({literal}, '{sha256}', {now}, USER)"""
_INSTALL = """\
-- install.sql: all scripts in their order; what has run already is left out, so that it may be run again.
-- As the owner, in SQL*Plus or SQLcl, in this folder, with NLS_LANG=.AL32UTF8. Where a script stopped half-way,
-- `eeszt-runner db install` goes on from there.
WHENEVER OSERROR EXIT FAILURE ROLLBACK
WHENEVER SQLERROR EXIT FAILURE ROLLBACK
SET VERIFY OFF
SET FEEDBACK OFF
COLUMN next_script NEW_VALUE next_script NOPRINT
"""
_NEXT = """
SET DEFINE ON
SELECT DECODE(COUNT(*), 0, {literal}, '{skip}') AS next_script
  FROM {asked};
@@&next_script
"""
_SKIP = """\
-- skip.sql: takes the place of a script that has run already.
PROMPT (has run already)
"""


@dataclass(frozen=True, slots=True)
class Script:
    """
    One script of the schema.

    Attributes:
        name: Its file's name.
        says: What it does, one sentence.
        once: Whether it makes things that hold data, so that it is never run as another text; else it only replaces.
        body: Its statements as SQL*Plus reads them.
    """

    name: str
    says: str
    once: bool
    body: str

    @property
    def sha256(self) -> str:
        """What it is recorded by: its text; tablespaces do not count, they may be another's from the second time on."""
        return hashlib.sha256(_TABLESPACE.sub("", self.body).encode()).hexdigest()

    @property
    def makes_the_record(self) -> bool:
        """Whether it creates the very table that it records itself in."""
        return f"CREATE TABLE {SCRIPT_TABLE} " in self.body

    def statements(self) -> list[str]:
        """Give its statements as a driver takes them."""
        return list(statements(self.body))

    @property
    def units(self) -> list[str]:
        """Names of what it replaces and the database compiles."""
        return list(dict.fromkeys(_UNIT.findall(self.body)))

    def record(self) -> list[str]:
        """Give the statements by which it writes down that it has run."""
        literal = text_literal(self.name)
        return [
            f"DELETE FROM {SCRIPT_TABLE} WHERE script = {literal}",  # noqa: S608  ours, and quoted
            _RECORD.format(literal=literal, sha256=self.sha256, now=ORACLE.now),
        ]

    def file(self) -> str:
        """Give the file that SQL*Plus runs: it guards itself, does its work, and records itself."""
        guard = _FIRST_GUARD if self.makes_the_record else _GUARD
        said = {"name": self.name, "says": self.says, "literal": text_literal(self.name), "sha256": self.sha256}
        letters = _LETTERS if not self.body.isascii() else ""
        once = _ONCE.format(**said) if self.once else ""
        recorded = ";\n".join(self.record())
        head = _HEAD.format(**said) + guard.format(**said, letters=letters, once=once)
        names = _wrapped([text_literal(each) for each in self.units])
        compiled = _COMPILED.format(names=names) if names else ""
        return f"{head}\n{self.body}\n{compiled}\n{recorded};\nCOMMIT;\n"


def _wrapped(names: Sequence[str]) -> str:
    """A list of names, three on a line."""
    lines = [", ".join(names[place : place + 3]) for place in range(0, len(names), 3)]
    return ",\n      ".join(lines)


def statements(text: str) -> Iterator[str]:
    """Cut what SQL*Plus reads: PL/SQL ends at a line with a slash, SQL at a line that ends in a semicolon."""
    lines: list[str] = []
    for line in text.splitlines():
        if line == "/":
            yield "\n".join(lines)
            lines = []
        elif lines or (line.strip() and not line.startswith("--")):
            lines.append(line)
            if line.endswith(";") and not line.lstrip().startswith("--") and not _PLSQL.match(lines[0]):
                yield "\n".join(lines).removesuffix(";")
                lines = []


def install_file(scripts: Sequence[Script]) -> str:
    """Give ``install.sql``, which runs those that have not run, in order."""
    asked = [
        "USER_TABLES t WHERE t.table_name = 'EESZT_SCHEMA_SCRIPT'"
        if script.makes_the_record
        else f"{SCRIPT_TABLE} s WHERE s.script = {text_literal(script.name)} AND s.sha256 = '{script.sha256}'"
        for script in scripts
    ]
    steps = (
        _NEXT.format(literal=text_literal(script.name), skip=SKIP, asked=each)
        for script, each in zip(scripts, asked, strict=True)
    )
    return _INSTALL + "".join(steps)


def files(scripts: Sequence[Script]) -> dict[str, str]:
    """Give everything that a folder of scripts holds, by its name."""
    return {**{script.name: script.file() for script in scripts}, "install.sql": install_file(scripts), SKIP: _SKIP}
