"""Whether the audit log can be used, before anything is sent."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Mapping

from runner.audit.keys import read_public
from runner.errors import RunnerError, fault
from runner.settings import Audit, Settings

NO_ROOM = 7103
"""The one problem that only warns."""

LEAST_FREE_BYTES = 1024**3
"""With less room than this on its disk, the log is reported before it stops the sending."""


def audit_problems(settings: Settings) -> list[RunnerError]:
    """
    Give everything that is wrong with the audit log's settings: its key, its folder, the room on its disk.

    The first two keep the daemon from starting. Nothing is made or changed.
    """
    audit = settings.audit
    return [*unusable(audit, settings.places), *_no_room(audit, settings.places)]


def unusable(audit: Audit, places: Mapping[str, str]) -> list[RunnerError]:
    """Give what keeps the log from being written at all."""
    problems: list[RunnerError] = []
    try:
        read_public(audit.public_key, places.get("audit.public_key", "audit.public_key"))
    except RunnerError as error:
        problems.append(error)
    where = places.get("audit.folder", "audit.folder")
    there = audit.folder
    while not there.exists() and there != there.parent:  # what is not there yet, the runner makes
        there = there.parent
    mode = stat.S_IMODE(there.stat().st_mode) if there == audit.folder else 0o700
    if not there.is_dir():
        problems.append(fault(1043, where, folder=str(audit.folder), reason="it is no folder"))
    elif not os.access(there, os.R_OK | os.W_OK | os.X_OK):
        problems.append(fault(1043, where, folder=str(audit.folder), reason="no right to read and write it"))
    elif os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        problems.append(fault(1045, where, folder=str(audit.folder), mode=f"{mode:04o}"))
    return problems


def _no_room(audit: Audit, places: Mapping[str, str]) -> list[RunnerError]:
    try:
        free = shutil.disk_usage(next(each for each in (audit.folder, *audit.folder.parents) if each.exists())).free
    except OSError:
        return []
    where = places.get("audit.folder", "audit.folder")
    return [fault(NO_ROOM, where, free_mb=free // 1024**2)] if free < LEAST_FREE_BYTES else []
