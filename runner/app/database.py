"""The site's database, as commands use it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from runner.app.site import load_settings, outboxes_of
from runner.errors import fault
from runner.mapping.outboxes import OutboxConfig
from runner.ports import Desk, HisSession, Store
from runner.settings import Database, Settings, shipped
from runner.store import OutboxTable, Overlay
from runner.store.embedded import EmbeddedStore


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


def store_of(settings: Settings, outboxes: Mapping[str, OutboxConfig], login: tuple[str, str] | None = None) -> Store:
    """Open the database that the settings name; as another user of an Oracle, where name and password are given."""
    if settings.database.path is not None:
        return EmbeddedStore(settings.database.path, tables_of(outboxes), shipped("sql"))
    from runner.app.schema import oracle_store  # noqa: PLC0415  the driver is loaded only where there is an Oracle

    return oracle_store(settings.database, outboxes, login)


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
    store = store_of(settings, outboxes_of(settings))
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
