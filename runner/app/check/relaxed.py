"""What is laxer here than a hospital's production should be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from runner.app.check.finding import Finding, Status, ok
from runner.app.check.inspection import Inspection
from runner.domain.environment import SIMULATED_PREFIX, is_marked
from runner.eeszt.keys import names_of, read_pins
from runner.errors import LoginError, fault
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


def simulator(inspection: Inspection) -> Iterator[Finding]:
    """Certificates of the simulator."""
    settings = inspection.settings
    names = list(_simulated(settings))
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


def _simulated(settings: Settings) -> Iterator[str]:
    """Give the settings that name a certificate of the simulator."""
    named: tuple[tuple[str, tuple[Path, ...]], ...] = (
        ("tls.client_certificate", (settings.tls.client_certificate,)),
        ("tls.trust", (settings.tls.trust,)),
        ("eeszt.pins", settings.eeszt.pins),
        ("eeszt.sts_pins", settings.eeszt.sts_pins),
    )
    for name, files in named:
        if any(_is_simulators(file) for file in files):
            yield name


def _is_simulators(file: Path) -> bool:
    try:
        return any(is_marked(*names_of(certificate)) for certificate in read_pins(file))
    except LoginError:
        return False  # told among the certificates
