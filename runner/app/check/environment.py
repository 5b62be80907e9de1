"""Test and production are never mixed: what must agree on the environment, one function each."""

from __future__ import annotations

from collections.abc import Iterator

from runner.app.adoption import refuse_gone_back
from runner.app.check.finding import Finding, Status, ok
from runner.app.check.inspection import Inspection
from runner.app.guard import environment_problems
from runner.errors import fault


def database_environment(inspection: Inspection) -> Iterator[Finding]:
    """The settings' environment is the database's."""
    wanted, where = inspection.settings.runner.environment, inspection.settings.database.where
    inspection.tables.check_installed(installed := inspection.installed_environment())
    if installed != wanted:
        raise fault(8001, where, installed=installed, wanted=wanted)
    yield ok("database", f"settings and database say {wanted}")


def nothing_mixed(inspection: Inspection) -> Iterator[Finding]:
    """Addresses, contract and certificates are of the settings' environment."""
    settings = inspection.settings
    if problems := environment_problems(settings, inspection.mappings):
        yield from (Finding.of("environment", Status.FAIL, problem) for problem in problems)
    else:
        yield ok("environment", f"addresses, contract and certificates fit {settings.runner.environment}")


def history(inspection: Inspection) -> Iterator[Finding]:
    """The database knows of every message that the audit log proves to have left."""
    refuse_gone_back(inspection.settings, inspection.mappings, inspection.tables)
    folder = inspection.settings.audit.folder
    gone = [name for name in inspection.tables.adoption.logged() if not (folder / name).is_dir()]
    if gone:
        error = fault(8219, str(folder), chains=", ".join(gone))
        yield Finding.of("history", Status.WARN, error)
        return
    yield ok("history", "the database knows of every message that the audit log proves")
