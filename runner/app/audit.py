"""The audit log, as commands use it."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from runner.app.clock import SystemClock
from runner.app.database import opened_desk
from runner.app.site import load_settings
from runner.audit.keys import is_encrypted, make_pair, read_private
from runner.audit.log import opened_log
from runner.audit.opening import opened_body
from runner.audit.reading import Wanted, find, search
from runner.audit.report import Report
from runner.audit.verify import verify
from runner.domain.audit import EntryKind, Header
from runner.errors import fault
from runner.ports import Anchor, Desk, Entry

ANCHORED = (
    "SELECT audit_chain, max(audit_sequence) AS most FROM EESZT_ATTEMPT WHERE audit_chain IS NOT NULL"
    " GROUP BY audit_chain"
)
ANCHORS = (
    "SELECT audit_sequence, audit_head FROM EESZT_ATTEMPT WHERE audit_chain = :chain AND audit_sequence > :after"
    " AND audit_sequence <= :most ORDER BY audit_sequence LIMIT 1000"
)


def verify_audit(named: str | Path | None, folder: Path | None) -> Report:
    """
    Verify the log of a site against its database, or, where a folder is named, that folder alone.

    Raises:
        IntegrityError: RNR-8218, there is no log.
    """
    if folder is not None:
        return verify(_there(folder), None)
    with opened_desk(named) as desk:
        rows = desk.rows(ANCHORED)
        anchored = {str(row["audit_chain"]): _anchors(desk, str(row["audit_chain"]), row["most"]) for row in rows}
        return verify(_there(load_settings(named).audit.folder), anchored)


def search_audit(named: str | Path | None, folder: Path | None, wanted: Wanted) -> Iterator[Header]:
    """Give the entries that are looked for, of a site's log or of a folder."""
    return search(_there(folder or load_settings(named).audit.folder), wanted)


def show_audit(
    named: str | Path | None, reference: str, private_key: Path, ask_password: Callable[[], str]
) -> tuple[Header, bytes]:
    """
    Open one entry's body; that it was opened, which, and by whom, is in the log before this returns.

    Args:
        named: Settings file.
        reference: ``<chain>/<sequence>``.
        private_key: PEM file.
        ask_password: Asks for its password, where it has one.

    Raises:
        IntegrityError: RNR-8211 to 8215: it cannot be opened.
        StoreError: RNR-7101 or 7102: the opening cannot be logged, so nothing is shown.
    """
    settings = load_settings(named)
    files, header = find(_there(settings.audit.folder), reference)
    key = read_private(private_key, ask_password() if is_encrypted(private_key) else None)
    body = opened_body(files, header, key)
    name = f"{settings.runner.name}-cli"
    with opened_log(settings.audit.folder, name, settings.audit.public_key, SystemClock()) as log:
        facts = json.dumps({"entry": reference, "key": str(private_key)}, ensure_ascii=False).encode()
        log.write(
            Entry(EntryKind.SHOWN, facts, reference, item=header.item, his_user=getpass.getuser(), operation="show")
        )
    return header, body


def make_audit_keys(private: Path, public: Path, password: str | None) -> str:
    """Make the institution's key pair; its fingerprint."""
    return make_pair(private, public, password)


def _anchors(desk: Desk, chain: str, most: object) -> Iterator[Anchor]:
    after = 0
    while rows := desk.rows(ANCHORS, chain=chain, after=after, most=most):
        for row in rows:
            after = int(str(row["audit_sequence"]))
            yield Anchor(chain, after, str(row["audit_head"]))


def _there(folder: Path) -> Path:
    if not folder.is_dir():
        raise fault(8218, str(folder))
    return folder
