"""Published code tables: read from the EESZT into the database, and what the daemon checks fields against."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from runner.app.database import store_of
from runner.app.site import load_settings, mappings_of, settings_path
from runner.domain.codes import Code
from runner.eeszt.publication import Reading, Row, read_table
from runner.eeszt.tls import client_tls
from runner.errors import RunnerError, fault

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from runner.mapping import CodeList, Mappings, Publication
    from runner.ports import Codes
    from runner.settings import Settings

logger = logging.getLogger(__name__)

_DAY = 10


@dataclass(frozen=True, slots=True)
class Synced:
    """How the read of one table went: its lines, or why the last good copy stays."""

    name: str
    lines: int | None
    problem: RunnerError | None = None


def reading_of(settings: Settings, where: str) -> Reading:
    """
    Give how tables are read.

    Raises:
        SettingsError: RNR-1003, the settings do not say from where.
    """
    codes = settings.codes
    if codes is None:
        raise fault(1003, where, name="codes.address")
    tls = client_tls(trusted=codes.trust, certificate=settings.tls.client_certificate, key=settings.tls.client_key)
    return Reading(codes.address, tls, codes.page_rows, codes.tries, codes.wait_s, codes.timeout_s)


def sync(reading: Reading, mappings: Mappings, store: Codes, names: Iterable[str] = ()) -> list[Synced]:
    """Read the named tables, or all; each is replaced as a whole or stays as it was."""
    wanted = set(names)
    done: list[Synced] = []
    for name, code_list in sorted(mappings.code_lists.items()):
        if code_list.publication is None or (wanted and name not in wanted):
            continue
        try:
            codes = _codes(code_list, code_list.publication, read_table(reading, code_list.publication.entity))
            done.append(Synced(name, store.replace(name, codes)))
            logger.info("code table read", extra={"event": "codes.read", "code_list": name, "count": len(codes)})
        except RunnerError as error:
            done.append(Synced(name, None, error))
            logger.error(
                "code table could not be read; its last good copy stays",
                extra={"event": "codes.failed", "code_list": name, "fault": str(error)},
            )
    mappings.published.tables = store.tables()
    return done


def sync_codes(named: str | Path | None, names: Iterable[str]) -> list[Synced]:
    """Read a site's tables, as the command does."""
    settings = load_settings(named)
    mappings = mappings_of(settings)
    known = sorted(name for name, each in mappings.code_lists.items() if each.publication is not None)
    for name in names:
        if name not in known:
            raise fault(2004, "codes", what="published code list", name=name, allowed=", ".join(known) or "none")
    store = store_of(settings, mappings.outboxes)
    try:
        return sync(reading_of(settings, str(settings_path(named))), mappings, store.codes, names)
    finally:
        store.close()


def _codes(code_list: CodeList, publication: Publication, rows: Iterable[Row]) -> list[Code]:
    codes = []
    for row in rows:
        try:
            code = row[publication.code]
            title = row[publication.title]
            days = [_day(row[publication.valid_from]), _day(row[publication.valid_to])]
        except (KeyError, ValueError) as error:
            reason = f"it has no column {error}" if isinstance(error, KeyError) else "a day of it is none"
            raise fault(2101, publication.entity, reason=reason) from error
        if code is None:
            raise fault(2101, publication.entity, reason=f"a line of it has no {publication.code}")
        codes.append(Code(code, title or "", *days))
    if not codes:
        raise fault(2101, publication.entity, reason=f"it has no line, and {code_list.name} cannot be empty")
    return codes


def _day(text: str | None) -> date | None:
    """Give the day that an instant or a day begins with."""
    return None if text is None else date.fromisoformat(text[:_DAY].replace(".", "-"))
