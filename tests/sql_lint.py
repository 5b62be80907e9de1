"""
Lets sqlfluff (dialect oracle) read every statement of the shipped Oracle scripts; ``make verify`` runs it.

sqlfluff knows neither all of SQL*Plus nor all of Oracle's SQL. What it cannot read stands in one table here, with the
reason; everything else must parse, and be written the way the others are.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from sqlfluff.core import FluffConfig, Linter

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from runner.store.oracle.script import SQLPLUS, statements  # noqa: E402

RULES = ("CP01", "AL04", "AM01", "AM04")
"""Keywords in capitals, aliases once, no DISTINCT with GROUP BY, no SELECT *."""

UNREADABLE: dict[str, tuple[str, str]] = {
    r"\bORGANIZATION INDEX( INITRANS \d+)?": ("", "an index-organized table"),
    r"\n(  --[^\n]*\n)?  LOB [^;]*$": ("", "storage of a LOB"),
    r" GENERATED ALWAYS AS \(.*\) VIRTUAL": ("", "a virtual column"),
    r"\((\d+) (?:CHAR|BYTE)\)": (r"(\1)", "the unit of a length, in CAST and in PL/SQL"),
    r"DEFAULT DATE '[\d-]+'": ("DEFAULT SYSDATE", "a DATE literal as a default"),
    r"\n  WITH READ ONLY": ("", "a view that is read only"),
    r"\bDELETING OR\b": ("", "a trigger's predicate among other conditions"),
    r"\bSET \((\S+), \S+\) = \(": (r"SET \1 = (", "several columns set by one query"),
    r"\bJSON_TABLE\(.*\) jt\b": ("DUAL jt", "JSON_TABLE"),
    r"\bTIMESTAMP '&\w+ 00:00:00'": ("SYSTIMESTAMP", "SQL*Plus's variable in a literal"),
    r"^ALTER TABLE \w+ MODIFY\n  PARTITION BY[^;]*": ("", "partitioning a table that is there"),
    r"^(CREATE USER|GRANT CREATE|GRANT \w+ ON SYS\.)[^;]*": ("", "users and their system privileges"),
    r"^CREATE OR REPLACE CONTEXT .*": ("", "an application context"),
}
"""What sqlfluff cannot read → what it is shown instead, and what it is."""


def readable(statement: str) -> str:
    """Give a statement as sqlfluff is shown it; empty where nothing is left."""
    for pattern, (instead, _) in UNREADABLE.items():
        statement = re.sub(pattern, instead, statement)
    return statement


def shown() -> Iterator[tuple[str, str]]:
    """Give file and statement of everything that is shipped."""
    folder = ROOT / "sql" / "oracle"
    for path in sorted([*folder.glob("[0-9]*.sql"), *folder.glob("optional/*.sql")]):
        text = "\n".join("" if SQLPLUS.match(line) else line for line in path.read_text("utf-8").splitlines())
        for statement in statements(text):
            yield str(path.relative_to(folder)), statement


def problems() -> Iterator[str]:
    """Give what sqlfluff says against the scripts."""
    linter = Linter(config=FluffConfig(overrides={"dialect": "oracle", "templater": "raw", "rules": ",".join(RULES)}))
    for name, statement in shown():
        if not (text := readable(statement)).strip():
            continue
        ends = "\n/\n" if text.endswith(";") else ";\n"
        for found in linter.lint_string(text + ends).get_violations():
            first = " ".join(statement.split()[:6])
            yield f"sql/oracle/{name}: {first} …: {found.rule_code()} {found.desc()[:200]}"


def main() -> int:
    """Print what is wrong."""
    found = list(problems())
    print(*found, sep="\n", end="\n" * bool(found))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
