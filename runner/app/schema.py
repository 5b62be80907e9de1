"""The database's schema, as commands print it for a site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from runner.app.site import folders, load_settings, settings_path
from runner.mapping.outboxes import OutboxConfig, read_outboxes
from runner.mapping.problems import Problems
from runner.settings import Database, shipped
from runner.store import OutboxTable, Overlay
from runner.store.oracle.ddl import Site, scripts
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


def oracle_scripts(
    named: str | Path | None, users: Mapping[str, str | None], tablespaces: Mapping[str, str | None]
) -> list[Script]:
    """
    Give the scripts of a site's Oracle database in their order.

    Args:
        named: The site's settings file; where there is none, the shipped outboxes count.
        users: ``owner``, ``runtime``, ``his`` → name; else what the settings say, else that of the shipped scripts.
        tablespaces: ``data``, ``index``, ``lob`` → name; what is not said is the owner's own.

    Raises:
        ProblemsError: Something is wrong with ``outboxes.yaml``.
        StoreError: A name is none.
    """
    database = Database()
    if named is not None or settings_path(None).exists():
        database = load_settings(named).database
    problems = Problems()
    outboxes = read_outboxes(folders(named).mappings / "outboxes.yaml", problems)
    problems.raise_any()
    site = site_of(database, outboxes)
    spaces = {**site.tablespaces, **{what: name for what, name in tablespaces.items() if name}}
    site = replace(
        site,
        tablespaces=spaces,
        owner=users.get("owner") or site.owner,
        runtime=users.get("runtime") or site.runtime,
        his=users.get("his") or site.his,
    )
    return scripts(shipped("sql") / "oracle" / "source", site)


def site_of(database: Database, outboxes: Mapping[str, OutboxConfig]) -> Site:
    """Give what the settings call what the scripts speak of; what they do not say is as shipped."""
    names = {"owner": database.owner or database.user, "runtime": database.user, "his": database.his}
    data = database.tablespace
    places = {"data": data, "index": database.index_tablespace or data, "lob": database.lob_tablespace or data}
    said = {who: name for who, name in names.items() if name}
    return Site(tables_of(outboxes), {what: name for what, name in places.items() if name}, **said)


def script_files(all_scripts: list[Script], folder: Path) -> list[Path]:
    """Write scripts as SQL*Plus runs them, with ``install.sql``, into a folder; what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in files(all_scripts).items():
        (folder / name).write_text(text, encoding="utf-8")
        written.append(folder / name)
    return written
