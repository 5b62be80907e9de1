"""Test and production are never mixed: what must agree on the environment, one function each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from runner.app.check.finding import Finding, ok
from runner.app.check.inspection import Inspection
from runner.errors import fault


def database_environment(inspection: Inspection) -> Iterator[Finding]:
    """The settings' environment is the database's."""
    wanted, path = inspection.settings.runner.environment, inspection.settings.database.path
    inspection.tables.check_installed(installed := inspection.installed_environment())
    if installed != wanted:
        raise fault(8001, str(path), installed=installed, wanted=wanted)
    yield ok("database", f"settings and database say {wanted}")


GUARDS: tuple[Callable[[Inspection], Iterable[Finding]], ...] = (database_environment,)
"""Everything that must agree; a guard more is a function more."""


def guards(inspection: Inspection) -> Iterator[Finding]:
    """Ask every guard."""
    for guard in GUARDS:
        yield from guard(inspection)
