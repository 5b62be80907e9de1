"""Adopting a database that was moved, restored or copied, with what the audit log proves to have left."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from runner.app.database import store_of
from runner.app.site import load_settings, mappings_of
from runner.audit.chain import chains_of
from runner.audit.reading import since
from runner.domain.audit import EntryKind
from runner.domain.policy import Kind
from runner.errors import RunnerError, fault
from runner.mapping import Mappings, RowRefused
from runner.ports import Adopted, Sent, Store
from runner.settings import Settings

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
    store = store_of(settings, mappings.outboxes)
    try:
        with store.lock_daemon():
            log = Log(settings, mappings, store)
            if is_copy:
                was = store.outbox.identity().environment
                return store.adoption.adopt_copy(by, environment or was, log.ends())
            missing = log.missing()
            rendered = dict(_rendered(store, mappings, missing))
            return store.adoption.adopt_moved(by, missing, rendered, log.ends())
    finally:
        store.close()


class Log:
    """What the audit log of this daemon proves to have left, beyond what the database is known to agree with."""

    def __init__(self, settings: Settings, mappings: Mappings, store: Store) -> None:
        self._folder = settings.audit.folder
        self._name = settings.runner.name
        self._life = timedelta(seconds=mappings.pack.security.timestamp_life_s)
        self._store = store
        self._writing = {
            kind.operation.name
            for kind in mappings.types.values()
            if kind.kind not in {Kind.QUERY, Kind.LOOKUP} and not kind.version.is_probe
        }

    def missing(self) -> Sequence[Sent]:
        """Messages that the database does not know to have left; where there are some, it went back in time."""
        return self._store.adoption.missing(self._sent())

    def ends(self) -> dict[str, int]:
        """Chain → its last entry."""
        known = self._store.adoption.logged()
        return {
            chain.name: max((header.sequence for header in since(chain, known.get(chain.name, 0))), default=0)
            or known.get(chain.name, 0)
            for chain in self._chains()
        }

    def _chains(self) -> list[Path]:
        return chains_of(self._folder, self._name) if self._folder.is_dir() else []

    def _sent(self) -> Iterator[Sent]:
        """Messages that write something; questions may be asked twice."""
        known = self._store.adoption.logged()
        for chain in self._chains():
            for header in since(chain, known.get(chain.name, 0)):
                if header.kind == EntryKind.REQUEST and header.item and header.operation in self._writing:
                    at = datetime.fromisoformat(header.at)
                    yield Sent(
                        item_id=header.item,
                        message_id=header.message_id or "",
                        acting_user=header.acting_user or "",
                        operation=header.operation or "",
                        sent_at=at,
                        expires_at=at + self._life,
                    )


def refuse_gone_back(settings: Settings, mappings: Mappings, store: Store) -> None:
    """
    Make sure, before work begins, that the database knows of every message that the audit log proves to have left.

    Raises:
        IntegrityError: RNR-8022, it does not: it was restored from a backup, or lost commits in a fail-over.
    """
    if missing := Log(settings, mappings, store).missing():
        raise fault(8022, settings.database.where, count=len(missing), item=missing[0].item_id)


def _rendered(store: Store, mappings: Mappings, missing: Iterable[Sent]) -> Iterator[tuple[int, tuple[str, bytes]]]:
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
                made = kind.prepare(rows[0], item, sent[number].message_id)
                yield number, (made.document_json, made.body)
        except (RunnerError, RowRefused):
            logger.warning("item cannot be rendered anew", extra={"event": "adopt.unrendered", "item": number})
