"""A site's Oracle: how it is opened, and its schema, as commands print and install it; imported where there is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from runner.app.database import tables_of
from runner.app.oracle import access_of
from runner.app.site import folders, load_settings, settings_path
from runner.mapping.outboxes import OutboxConfig, read_outboxes
from runner.mapping.problems import Problems
from runner.settings import Database, shipped
from runner.store.oracle import OracleStore
from runner.store.oracle.ddl import Site, scripts
from runner.store.oracle.optional import optional_files
from runner.store.oracle.script import Script, files


def oracle_store(
    database: Database, outboxes: Mapping[str, OutboxConfig], login: tuple[str, str] | None = None
) -> OracleStore:
    """Open a site's Oracle; as another user, where name and password are given."""
    access = access_of(database)
    if login is not None:
        user, password = login
        access = replace(access, user=user, password=lambda: password)
    site = site_of(database, outboxes)
    return OracleStore(access, site.outboxes, shipped("sql"), site)


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
    database = _database(named)
    problems = Problems()
    outboxes = read_outboxes(folders(named).mappings / "outboxes.yaml", problems)
    problems.raise_any()
    site = site_of(database, outboxes)
    spaces = {**site.tablespaces, **{what: name for what, name in tablespaces.items() if name}}
    return replace(
        site,
        tablespaces=spaces,
        owner=users.get("owner") or site.owner,
        runtime=users.get("runtime") or site.runtime,
        his=users.get("his") or site.his,
    )


def site_of(database: Database, outboxes: Mapping[str, OutboxConfig]) -> Site:
    """Give what the settings call what the scripts speak of; what they do not say is as shipped."""
    names = {"owner": database.owner or database.user, "runtime": database.user, "his": database.his}
    data = database.tablespace
    places = {"data": data, "index": database.index_tablespace or data, "lob": database.lob_tablespace or data}
    said = {who: name for who, name in names.items() if name}
    return Site(tables_of(outboxes), {what: name for what, name in places.items() if name}, **said)


def not_in_settings(named: str | Path | None, site: Site) -> dict[str, str]:
    """Give settings of section [database] → what they had to say, where a site's names differ from what they say."""
    database = _database(named)
    if database.dsn is None:
        return {}
    names, said = _settings_of(site), _settings_of(site_of(database, {}))
    return {each: name for each, name in names.items() if name.upper() != said[each].upper()}


def _settings_of(site: Site) -> dict[str, str]:
    """Give settings of section [database] → what they say for a site's names; empty: they need not say it."""
    data, index, lob = (site.tablespaces.get(what, "") for what in ("data", "index", "lob"))
    users = {"owner": site.owner, "user": site.runtime, "his": site.his}
    return {
        **users,
        "tablespace": data,
        "index_tablespace": "" if index == data else index,
        "lob_tablespace": "" if lob == data else lob,
    }


def _database(named: str | Path | None) -> Database:
    """Give what the settings say of the database; where there are none, nothing."""
    return load_settings(named).database if named is not None or settings_path(None).exists() else Database()


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
