"""What is laxer here than a hospital's production should be."""

from __future__ import annotations

from collections.abc import Iterator

from runner.app.check.finding import Finding, Status, ok
from runner.app.check.inspection import Inspection
from runner.app.guard import simulated_certificates
from runner.domain.environment import SIMULATED_PREFIX
from runner.errors import fault
from runner.settings import Settings, chosen

_SIMULATED = "SELECT COUNT(*) AS found FROM EESZT_IDENTIFIER WHERE value LIKE :prefix || '%'"


def outboxes(inspection: Inspection) -> Iterator[Finding]:
    """Outboxes whose word on who recorded a row is believed."""
    trusted = [lane for lane, outbox in inspection.mappings.outboxes.items() if outbox.recorder == "trusted"]
    if trusted:
        yield Finding.of("outboxes", Status.WARN, fault(2064, "outboxes.yaml", lanes=", ".join(trusted)))
    else:
        yield ok("outboxes", "none believes a row's word on who recorded it")


def waits(inspection: Inspection) -> Iterator[Finding]:
    """Waiting times of drills."""
    settings = inspection.settings
    changed = chosen(settings.waits)
    if changed:
        where = settings.places.get("waits", str(inspection.path))
        yield Finding.of("waits", Status.WARN, fault(1022, where, names=", ".join(changed)))
    else:
        yield ok("waits", "the delivery protocol's own")


def rules(inspection: Inspection) -> Iterator[Finding]:
    """Rules whose source is not in doubt and that the settings change."""
    settings, overruled = inspection.settings, inspection.mappings.rules.overruled
    for identifier in dict.fromkeys(rule.identifier for rule in overruled):
        values = ", ".join(f"{name} = {value}" for name, value in settings.rules[identifier].items())
        source = "; ".join(dict.fromkeys(rule.source for rule in overruled if rule.identifier == identifier))
        where = settings.places.get(f"rules.{identifier}", str(inspection.path))
        yield Finding.of("rules", Status.WARN, fault(1025, where, name=identifier, values=values, source=source))
    if not overruled:
        yield ok("rules", "the settings change none whose source is sure")


def simulator(inspection: Inspection) -> Iterator[Finding]:
    """Certificates of the simulator."""
    settings = inspection.settings
    names = sorted({name for name, _ in simulated_certificates(settings)})
    if names:
        yield Finding.of("simulator", _status(settings), fault(1023, str(inspection.path), names=", ".join(names)))
    else:
        yield ok("simulator", "no certificate is the simulator's")


def identifiers(inspection: Inspection) -> Iterator[Finding]:
    """Identifiers that the simulator gave."""
    settings = inspection.settings
    count = inspection.tables.desk.rows(_SIMULATED, prefix=SIMULATED_PREFIX)[0]["found"]
    if count:
        error = fault(1024, str(settings.database.path), count=count)
        yield Finding.of("identifiers", _status(settings), error)
    else:
        yield ok("identifiers", "none is the simulator's")


def _status(settings: Settings) -> Status:
    return Status.FAIL if settings.runner.environment == "production" else Status.WARN
