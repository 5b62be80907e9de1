"""People's logins, as commands begin and end them."""

from __future__ import annotations

from pathlib import Path

from runner.app.clock import SystemClock
from runner.app.database import opened_store
from runner.app.site import load_settings, settings_path
from runner.audit import opened_log
from runner.domain.audit import EntryKind
from runner.errors import fault
from runner.login.client import ask_nonce, ask_password, log_in
from runner.ports import Entry


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
