"""The database's schema, as commands print it for a site."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from runner.app.site import folders, load_settings, settings_path
from runner.mapping.outboxes import OutboxConfig, read_outboxes
from runner.mapping.problems import Problems
from runner.settings import shipped
from runner.store import OutboxTable, Overlay
from runner.store.oracle.ddl import Site, scripts
from runner.store.oracle.optional import optional_files
from runner.store.oracle.script import Script, files


def tables_of(outboxes: Mapping[str, OutboxConfig]) -> dict[str, OutboxTable]:
    """Give lane → its table, as ``outboxes.yaml`` declares it."""
    return {
        lane: OutboxTable(
            each.table,
            each.columns,
            is_bound=each.recorder == "bound",
            over=Overlay(each.key, each.document_type, each.local_time, each.time_zone) if each.key else None,
        )
        for lane, each in outboxes.items()
    }


def oracle_site(
    named: str | Path | None, users: Mapping[str, str | None], tablespaces: Mapping[str, str | None]
) -> Site:
    """
    Give what a site's Oracle database calls things.

    Args:
        named: The site's settings file; where there is none, the shipped outboxes count.
        users: ``owner``, ``runtime``, ``his`` → name; else what the settings say, else that of the shipped scripts.
        tablespaces: ``data``, ``index``, ``lob`` → name; what is not said is the owner's own.

    Raises:
        ProblemsError: Something is wrong with ``outboxes.yaml``.
        StoreError: A name is none.
    """
    own: dict[str, str | None] = {}
    if named is not None or settings_path(None).exists():
        database = load_settings(named).database
        own = {"owner": database.owner, "runtime": database.user}
    said = {who: name for names in (own, users) for who, name in names.items() if name}
    problems = Problems()
    outboxes = read_outboxes(folders(named).mappings / "outboxes.yaml", problems)
    problems.raise_any()
    return Site(tables_of(outboxes), {what: name for what, name in tablespaces.items() if name}, **said)


def oracle_scripts(site: Site) -> list[Script]:
    """Give the scripts of an Oracle database in their order."""
    return scripts(_source(), site)


def oracle_files(site: Site) -> dict[str, str]:
    """Give file → text of everything for SQL*Plus: the scripts, ``install.sql``, and what may be run besides."""
    return {**files(oracle_scripts(site)), **optional_files(_source(), site)}


def _source() -> Path:
    return shipped("sql") / "oracle" / "source"
