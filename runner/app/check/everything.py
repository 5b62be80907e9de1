"""The whole check, in the order in which it is printed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from runner.app.check import (
    certificates,
    clock,
    database,
    environment,
    files,
    language,
    network,
    people,
    relaxed,
    schema,
    times,
)
from runner.app.check.finding import Finding, Status
from runner.app.check.inspection import Inspection, SkippedError
from runner.errors import ProblemsError, RunnerError, fault, places


@dataclass(frozen=True, slots=True)
class Check:
    """
    One thing that is looked at.

    Attributes:
        group: Heading.
        name: What a skip or a fault is told of.
        look: Gives what it finds, a line each.
        online: Whether it needs the network.
    """

    group: str
    name: str
    look: Callable[[Inspection], Iterable[Finding]]
    online: bool = False


CHECKS = (
    Check("settings", "settings", files.settings_file),
    Check("settings", "named files", files.named_files),
    Check("settings", "secrets", files.secrets),
    Check("settings", "changeable files", files.changeable),
    Check("settings", "folders", files.folders),
    Check("settings", "audit log", files.audit_log),
    Check("certificates and keys", "certificates", certificates.check_certificates),
    Check("certificates and keys", "sealing", certificates.sealing),
    Check("mappings", "mapping lint", language.mapping_files),
    Check("mappings", "mapping tests", language.mapping_tests),
    Check("mappings", "code lists", language.code_lists),
    Check("mappings", "contract", language.contract),
    Check("mappings", "times", times.times),
    Check("rules to be set", "rules", language.rules_to_be_set),
    Check("database", "installed", database.installed),
    Check("database", "in force", language.in_force),
    Check("database", "daemon", database.daemon),
    Check("database", "sessions", database.sessions),
    Check("database", "lanes", database.lanes),
    Check("database", "attention", database.attention),
    Check("schema", "schema", schema.structure),
    Check("schema", "columns", schema.columns),
    Check("environment", "database's environment", environment.database_environment),
    Check("environment", "environment", environment.nothing_mixed),
    Check("environment", "history", environment.history),
    Check("workplaces and people", "workplaces", people.workplaces),
    Check("workplaces and people", "technical user", people.technical_user),
    Check("workplaces and people", "users", people.users),
    Check("relaxed settings", "outboxes", relaxed.outboxes),
    Check("relaxed settings", "waits", relaxed.waits),
    Check("relaxed settings", "rules", relaxed.rules),
    Check("relaxed settings", "simulator", relaxed.simulator),
    Check("relaxed settings", "identifiers", relaxed.identifiers),
    Check("connections", "addresses", network.addresses),
    Check("connections", "services", network.reachability, online=True),
    Check("answers", "answers", network.answers, online=True),
    Check("clock", "clock", clock.check_clock, online=True),
)


SCHEMA = tuple(check for check in CHECKS if check.group == "schema")
"""What ``db check`` looks at."""


def check_installation(
    named: str | Path | None,
    now: datetime,
    *,
    offline: bool = False,
    needs_daemon: bool = False,
    checks: Sequence[Check] = CHECKS,
    login: tuple[str, str] | None = None,
) -> Iterator[Finding]:
    """
    Look at everything of a site; nothing is sent for anybody, and what is asked goes into the audit log.

    Args:
        named: The settings file, or None: as for every command.
        now: Aware UTC.
        offline: Leave out what needs the network.
        needs_daemon: Whether a daemon that is not alive is a failure.
        checks: What to look at.
        login: Database user and password to look as; None: the daemon's.

    Yields:
        Findings as they come, in the order of ``checks``.
    """
    with closing(Inspection(named, now, needs_daemon=needs_daemon, login=login)) as inspection:
        for check in checks:
            if check.online and offline:
                yield Finding(check.name, Status.SKIP, "left out by --offline", group=check.group)
                continue
            for finding in _looked(check, inspection):
                yield replace(finding, group=check.group)


def _looked(check: Check, inspection: Inspection) -> Iterator[Finding]:
    """Whatever happens in one check is a finding, and the next one goes on."""
    try:
        yield from check.look(inspection)
    except SkippedError as skipped:
        yield Finding(check.name, Status.SKIP, str(skipped))
    except ProblemsError as error:
        for problem in error.problems:
            yield Finding.of(check.name, Status.FAIL, problem)
    except RunnerError as error:
        yield Finding.of(check.name, Status.FAIL, error)
    except Exception as error:  # noqa: BLE001  one check that breaks must not hide what the others find
        bug = fault(9001, places(error), kind=type(error).__name__)
        yield Finding.of(check.name, Status.FAIL, bug)
