"""Adopting a database that was moved, restored or copied, with what the audit log proves to have left."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from runner.app.database import store_of
from runner.app.site import load_settings, mappings_of
from runner.errors import RunnerError
from runner.mapping import Mappings, RowRefused
from runner.ports import Adopted, Sent
from runner.store.embedded import EmbeddedStore

logger = logging.getLogger(__name__)


def adopt(named: str | Path | None, by: str, *, is_copy: bool, environment: str | None = None) -> Adopted:
    """
    Make the site's database the one that works here.

    Args:
        named: The settings file.
        by: Who adopts.
        is_copy: Its original goes on elsewhere: everything that stands open in it ends.
        environment: Of a copy, from now on; None: as it was.

    Raises:
        IntegrityError: RNR-8024, a copy would become production.
        StoreError: A daemon works on it, or it is not installed.
    """
    settings = load_settings(named)
    mappings = mappings_of(settings)
    store = store_of(settings, mappings)
    try:
        with store.lock_daemon():
            if is_copy:
                was = store.outbox.identity().environment
                return store.adoption.adopt_copy(by, environment or was)
            missing = store.adoption.missing(_sent(settings, store))
            documents = dict(_documents(store, mappings, missing))
            return store.adoption.adopt_moved(by, missing, documents)
    finally:
        store.close()


def _documents(store: EmbeddedStore, mappings: Mappings, missing: Iterable[Sent]) -> Iterable[tuple[int, str]]:
    """Render anew what the items said, so that they can be asked after; the rows are as they were when they left."""
    sent = {each.item_id: each for each in missing}
    for item in store.adoption.items(list(sent)):
        number = item.row.item_id
        kind = mappings.types.get(item.document_type)
        if kind is None:
            continue
        try:
            rows = [kind.row_of(item)] if kind.source_sql is None else store.outbox.read_source(kind.source_sql, item)
            if len(rows) == 1:
                yield number, kind.prepare(rows[0], item, sent[number].message_id).document_json
        except (RunnerError, RowRefused):
            logger.warning("item cannot be rendered anew", extra={"event": "adopt.unrendered", "item": number})
