"""A new sealing key for a site."""

from __future__ import annotations

from pathlib import Path

from runner.app.site import load_settings
from runner.login.sealing_keys import renew


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
