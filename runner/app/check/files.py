"""The settings file and what it names: readable, secret where it must be, writable where the runner writes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from runner.app.check.finding import Finding, Status, ok
from runner.app.check.inspection import Inspection
from runner.app.site import load_settings
from runner.audit import NO_ROOM, audit_problems
from runner.errors import fault
from runner.settings import Settings, changeable_files, exposed_secrets, unreadable_files


def settings_file(inspection: Inspection) -> Iterator[Finding]:
    """Everything that is wrong with the settings."""
    settings = load_settings(inspection.path)
    yield ok(inspection.path.name, f"runner {settings.runner.name!r}, environment {settings.runner.environment}")


def named_files(inspection: Inspection) -> Iterator[Finding]:
    """Every file that the settings name can be read."""
    problems = unreadable_files(inspection.settings)
    for problem in problems:
        yield Finding.of(str(problem.facts["name"]), Status.FAIL, problem)
    if not problems:
        yield ok("named files", "all there and readable")


def secrets(inspection: Inspection) -> Iterator[Finding]:
    """Nobody else may read a secret; in production the daemon does not start otherwise."""
    settings = inspection.settings
    status = Status.FAIL if settings.runner.environment == "production" else Status.WARN
    problems = exposed_secrets(settings)
    for problem in problems:
        yield Finding.of(str(problem.facts["name"]), status, problem)
    if not problems:
        yield ok("secrets", "readable by their owner alone")


def changeable(inspection: Inspection) -> Iterator[Finding]:
    """Nobody else may change what decides who is believed; in production the daemon does not start otherwise."""
    settings = inspection.settings
    status = Status.FAIL if settings.runner.environment == "production" else Status.WARN
    problems = changeable_files(settings, inspection.path)
    for problem in problems:
        yield Finding.of(str(problem.facts["name"]), status, problem)
    if not problems:
        yield ok("changeable files", "what decides who is believed, only root and the daemon's user may change")


def folders(inspection: Inspection) -> Iterator[Finding]:
    """Where the runner writes, it can."""
    settings = inspection.settings
    for name, folder in _written(settings):
        reason = _unwritable(folder)
        if reason is None:
            yield ok(name, f"{folder} can be written")
        else:
            where = settings.places.get(name, str(inspection.path))
            yield Finding.of(name, Status.FAIL, fault(1021, where, folder=str(folder), name=name, reason=reason))


def audit_log(inspection: Inspection) -> Iterator[Finding]:
    """Everything can be logged before it leaves."""
    problems = audit_problems(inspection.settings)
    for problem in problems:
        yield Finding.of("audit log", Status.WARN if problem.number == NO_ROOM else Status.FAIL, problem)
    if not problems:
        yield ok("audit log", f"{inspection.settings.audit.folder} can be written, sealed to the institution's key")


def _written(settings: Settings) -> Iterator[tuple[str, Path]]:
    yield "runner.state_dir", settings.runner.state_dir
    if settings.database.path is not None:
        yield "database.path", settings.database.path.parent
    if settings.log.file is not None:
        yield "log.file", settings.log.file.parent


def _unwritable(folder: Path) -> str | None:
    while not folder.exists() and folder != folder.parent:  # what is not there yet, the runner makes
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as exc:
        return (exc.strerror or type(exc).__name__).lower()
