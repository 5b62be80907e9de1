"""The site's database, as commands use it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from runner.app.clock import SystemClock
from runner.app.oracle import access_of
from runner.app.schema import site_of, tables_of
from runner.app.site import load_settings, mappings_of, settings_path
from runner.audit import opened_log
from runner.domain.audit import EntryKind
from runner.errors import ProblemsError, fault
from runner.login.client import ask_nonce, ask_password, log_in
from runner.mapping import Mappings
from runner.mapping.cases import run_cases
from runner.ports import Desk, Entry, HisSession, Store
from runner.settings import Database, Settings, shipped
from runner.store.embedded import EmbeddedStore
from runner.store.oracle import OracleStore


def store_of(settings: Settings, mappings: Mappings, login: tuple[str, str] | None = None) -> Store:
    """Open the database that the settings name; as another user of an Oracle, where name and password are given."""
    tables = tables_of(mappings.outboxes)
    if settings.database.path is not None:
        return EmbeddedStore(settings.database.path, tables, shipped("sql"))
    site = site_of(settings.database, mappings.outboxes)
    access = access_of(settings.database)
    if login is not None:
        user, password = login
        access = replace(access, user=user, password=lambda: password)
    return OracleStore(access, tables, shipped("sql"), site)


def refuse_missing(database: Database) -> None:
    """
    Make sure that there is a database to look at, since opening the embedded one would make it.

    Raises:
        StoreError: RNR-7008, its file does not exist.
    """
    if database.path is not None and not database.path.is_file():
        raise fault(7008, database.where)


@contextmanager
def opened_store(named: str | Path | None) -> Iterator[Store]:
    """Open the database of a site."""
    settings = load_settings(named)
    store = store_of(settings, mappings_of(settings))
    try:
        yield store
    finally:
        store.close()


@contextmanager
def opened_desk(named: str | Path | None) -> Iterator[Desk]:
    """Open what MedWorkS and operators may ask of a site's database."""
    with opened_store(named) as store:
        yield store.desk


@contextmanager
def opened_his(named: str | Path | None) -> Iterator[tuple[Desk, Callable[[sqlite3.Connection], HisSession]]]:
    """Open what a small MedWorkS on the embedded database asks: its desk, and logins in connections of its own."""
    with opened_store(named) as store:
        assert isinstance(store, EmbeddedStore)
        yield store.desk, store.his_session


def activate(named: str | Path | None) -> list[str]:
    """
    Put the site's document types in force, all or none; their names.

    Raises:
        ProblemsError: Something is wrong with the files, or a test beside a mapping fails.
    """
    settings = load_settings(named)
    mappings = mappings_of(settings)
    failed = [problem for result in run_cases(mappings, settings.site.mappings) for problem in result.problems]
    if failed:
        raise ProblemsError(failed)
    return _put_in_force(settings, mappings)


def _put_in_force(settings: Settings, mappings: Mappings) -> list[str]:
    store = store_of(settings, mappings)
    try:
        store.desk.activate([kind.version for kind in mappings.types.values()])
    finally:
        store.close()
    return sorted(mappings.types)


def login_with_password(named: str | Path | None, his_user: str | None) -> str:
    """
    Log a person in through the daemon's endpoint; a sentence that says until when.

    Args:
        named: The settings file.
        his_user: Whose login is begun here; None: the HIS began it, and its nonce is the first line of standard input.
    """
    settings = load_settings(named)
    if settings.login is None:
        raise fault(1003, str(settings_path(named)), name="login")
    with opened_store(named) as store:
        granted = log_in(settings.login, store.logins, his_user, ask_password, ask_nonce=ask_nonce)
    return f"{his_user or 'The user'} is logged in as {granted.eeszt_user} until {granted.ends_at:%Y-%m-%d %H:%M} UTC"


def log_out(named: str | Path | None, eeszt_user: str, by: str) -> int:
    """
    End a person's sessions at once, and enter it into the audit log; how many were ended.

    Raises:
        StoreError: RNR-7101, the sessions are ended and it could not be logged.
    """
    settings = load_settings(named)
    own = settings.audit
    with opened_store(named) as store:
        ended = store.logins.end(eeszt_user, "administrator")
        if ended:
            with opened_log(own.folder, f"{settings.runner.name}-cli", own.public_key, SystemClock()) as log:
                log.write(Entry(EntryKind.LOGIN, outcome="ENDED", acting_user=eeszt_user, his_user=by))
    return ended


def install_example(named: str | Path) -> None:
    """Install a site's database with MedWorkS's example tables, and put all its document types in force."""
    with opened_store(named) as store:
        store.install(load_settings(named).runner.environment)
        store.install_example()
    settings = load_settings(named)
    _put_in_force(settings, mappings_of(settings))
