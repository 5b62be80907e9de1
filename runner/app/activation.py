"""What puts a site's document types in force."""

from __future__ import annotations

from pathlib import Path

from runner.app.database import opened_store, store_of
from runner.app.site import load_settings, mappings_of
from runner.errors import ProblemsError
from runner.mapping import Mappings
from runner.mapping.cases import run_cases
from runner.settings import Settings


def activate(named: str | Path | None) -> list[str]:
    """
    Put the site's document types in force, all or none; their names.

    Raises:
        ProblemsError: Something is wrong with the files, or a test beside a mapping fails.
    """
    settings = load_settings(named)
    mappings = mappings_of(settings)
    failed = [problem for result in run_cases(mappings, settings.site.mappings) for problem in result.problems]
    if failed:
        raise ProblemsError(failed)
    return _put_in_force(settings, mappings)


def _put_in_force(settings: Settings, mappings: Mappings) -> list[str]:
    store = store_of(settings, mappings.outboxes)
    try:
        store.desk.activate([kind.version for kind in mappings.types.values()])
    finally:
        store.close()
    return sorted(mappings.types)


def install_example(named: str | Path) -> None:
    """Install a site's database with MedWorkS's example tables, and put all its document types in force."""
    with opened_store(named) as store:
        store.install(load_settings(named).runner.environment)
        store.install_example()
    settings = load_settings(named)
    _put_in_force(settings, mappings_of(settings))
