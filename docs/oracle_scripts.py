"""The scripts of the Oracle schema that are shipped ready to run, made from ``sql/oracle/source``."""

from __future__ import annotations

from pathlib import Path

from runner.app.schema import oracle_files, oracle_site

ROOT = Path(__file__).resolve().parents[1]
ORACLE = ROOT / "sql" / "oracle"


def shipped_scripts() -> dict[Path, str]:
    """Give every shipped script as it should be, for the shipped outboxes, users and the owner's own tablespace."""
    return {ORACLE / name: text for name, text in oracle_files(oracle_site(None, {}, {})).items()}


def leftovers() -> list[Path]:
    """Give scripts that nothing makes any more."""
    made = {*ORACLE.glob("[0-9]*.sql"), *ORACLE.glob("optional/*.sql")}
    return sorted(made - set(shipped_scripts()))
