"""The keys that seal sessions in the database: a new one for a site, and whether those here open what is there."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from runner.app.site import load_settings
from runner.errors import fault
from runner.login.seal import Sealer
from runner.login.sealing_keys import renew
from runner.ports import Store

ALIVE = timedelta(seconds=5)
"""A daemon whose heartbeat is older is none."""


def new_sealing_key(named: str | Path | None) -> str:
    """
    Put a new sealing key before the old ones, and say so.

    Raises:
        SettingsError: As ``renew``.
    """
    found = renew(load_settings(named).sealing)
    return (
        f"{found.source}: a new key seals, {len(found.keys) - 1} older still open."
        " Put the same into the place of every other daemon, then restart all of them."
    )


def unknown_keys(store: Store, seal: Sealer) -> list[str]:
    """Give the key of every live session that no key of ours opens, one for each; a daemon's start ends them."""
    rows = (store.logins.live(login.eeszt_user) for login in store.logins.state())
    keys = (seal.unknown_key(row) for row in rows if row is not None)
    return [key for key in keys if key is not None]


def others_alive(store: Store, own: str) -> list[str]:
    """Give the names of the other daemons that are alive, by the database's clock."""
    [runner] = store.desk.rows("SELECT state FROM EESZT_V_SERVICE WHERE service = 'runner'") or [{"state": "DOWN"}]
    if runner["state"] != "UP":
        return []
    rows = store.desk.rows("SELECT owner, MAX(beat_at) AS beat_at FROM EESZT_RUNNER GROUP BY owner")
    beats = {str(row["owner"]): datetime.fromisoformat(str(row["beat_at"])) for row in rows}
    newest = max(beats.values())
    return sorted(name for name, at in beats.items() if name != own and newest - at < ALIVE)


def refuse_strange_keys(store: Store, seal: Sealer, own: str) -> None:
    """
    Refuse to start beside another daemon whose people's sessions would be ended, since their key is not here.

    Raises:
        IntegrityError: RNR-8103.
    """
    unknown = unknown_keys(store, seal)
    others = others_alive(store, own) if unknown else []
    if others:
        keys = ", ".join(sorted(set(unknown)))
        raise fault(8103, "sealing", count=len(unknown), keys=keys, others=", ".join(others))
