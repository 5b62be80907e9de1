"""The database's schema, as commands print it for a site."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from runner.app.oracle import access_of
from runner.app.site import folders, load_settings, settings_path
from runner.mapping.outboxes import OutboxConfig, read_outboxes
from runner.mapping.problems import Problems
from runner.settings import shipped
from runner.store import OutboxTable, Overlay
from runner.store.oracle import OracleStore
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


def install_oracle(
    named: str | Path | None, site: Site, password: str | None, agreed: Callable[[Sequence[Script]], bool]
) -> bool:
    """
    Install the schema of a site's Oracle database as its owner, or complete it; whether that was agreed to.

    Args:
        named: The site's settings file.
        site: What it calls things.
        password: The owner's; None: the settings' user is the owner.
        agreed: Is shown the scripts that would run.

    Raises:
        IntegrityError: The database belongs to the other environment.
        StoreError: Oracle refuses; what ran before stays, and the next time goes on from there.
    """
    settings = load_settings(named)
    access = access_of(settings.database)
    if password is not None:
        access = replace(access, user=site.owner, password=lambda: password, owner=None)
    store = OracleStore(access, site.outboxes, shipped("sql"), site)
    try:
        missing = store.pending()
        if missing and not agreed(missing):
            return False
        store.install(settings.runner.environment)
    finally:
        store.close()
    return True


def _source() -> Path:
    return shipped("sql") / "oracle" / "source"
