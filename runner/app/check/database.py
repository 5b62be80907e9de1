"""The database: installed, alive, and what of it waits for a person."""

from __future__ import annotations

from collections.abc import Iterator

from runner.app.check.finding import Finding, Status, ok
from runner.app.check.inspection import Inspection
from runner.app.database import refuse_missing
from runner.app.sealing import others_alive, unknown_keys
from runner.login.seal import sealer

WAITING = {
    "PARKED": "wait for a person",
    "DOUBLE_VALIDITY": "are valid on paper and electronically",
    "WITHDRAWAL_FAILED": "could not be withdrawn",
    "ORIGINAL_UNSURE": "replace what may still be valid",
    "ORIGINAL_STANDS": "are on paper while what they replace is still valid",
    "SECOND_IDENTIFIER": "have two identifiers",
    "WRITE_BACK": "could not be copied into the HIS's table",
    "POISON": "broke off their daemon again and again",
}

_OUTAGE = "Nothing: the daemon asks by itself; if it lasts, look at the network and at the operator's notices."
_FULL = (
    "The audit log cannot be written, so nothing is sent: make room on its disk; see docs/howto/prove_the_audit_log.md."
)


def installed(inspection: Inspection) -> Iterator[Finding]:
    """Tables, views and triggers are those of this version."""
    refuse_missing(inspection.settings.database)
    inspection.store.check_installed(inspection.installed_environment())
    yield ok("installed", f"{inspection.settings.database.where}, tables of this version")


def daemon(inspection: Inspection) -> Iterator[Finding]:
    """A heartbeat of the last seconds, and how the daemon sees the services."""
    desk = inspection.tables.desk
    services = desk.rows("SELECT service, state, since FROM EESZT_V_SERVICE ORDER BY service")
    runner = next((row for row in services if row["service"] == "runner"), None)
    if runner is None or runner["state"] != "UP":
        status = Status.FAIL if inspection.needs_daemon else Status.WARN
        since = runner and runner["since"]
        found = f"no daemon is alive, the last sign was at {since}, Budapest time" if since else "no daemon has run yet"
        yield Finding("daemon", status, found, "Start `eeszt-runner run`; until then wards are told to use paper.")
        return
    yield ok("daemon", "alive")
    for row in services:
        if row["state"] == "DOWN":
            found = f"interrupted since {row['since']}, says the daemon"
            remedy = _FULL if row["service"] == "audit" else _OUTAGE
            yield Finding(str(row["service"]), Status.WARN, found, remedy)


def sessions(inspection: Inspection) -> Iterator[Finding]:
    """Whether the keys that seal sessions open those that live."""
    settings, store = inspection.settings, inspection.tables
    runner = settings.runner
    seal = sealer(settings.sealing, runner.environment, store.outbox.identity().database_id)
    count, live = len(unknown_keys(store, seal)), len(store.logins.state())
    if not count:
        yield ok("sessions", f"{live} live, and the sealing keys open them" if live else "nobody is logged in")
        return
    others = others_alive(store, runner.name)
    found = f"the sealing keys do not open {count} of {live} live session(s)"
    consequence = (
        f"; daemon {', '.join(others)} uses them" if others else "; a start ends them, and people log in again"
    )
    remedy = "Put the key that sealed them behind the one that seals ([sealing]), if there still is one."
    yield Finding("sessions", Status.FAIL if others else Status.WARN, found + consequence, remedy)


def lanes(inspection: Inspection) -> Iterator[Finding]:
    """Lanes that an operator paused."""
    paused = inspection.tables.desk.rows(
        "SELECT lane, paused_at, paused_by FROM EESZT_LANE WHERE paused_at IS NOT NULL ORDER BY lane"
    )
    for row in paused:
        found = f"paused since {str(row['paused_at'])[:16]} UTC by {row['paused_by']}"
        yield Finding(f"lane {row['lane']}", Status.WARN, found, f"`eeszt-runner lane resume {row['lane']}`.")
    if not paused:
        yield ok("lanes", "none is paused")


def attention(inspection: Inspection) -> Iterator[Finding]:
    """What stands in EESZT_V_ATTENTION, counted."""
    found = inspection.tables.desk.rows(
        "SELECT what, COUNT(*) AS items FROM EESZT_V_ATTENTION GROUP BY what ORDER BY what"
    )
    for row in found:
        meaning = WAITING.get(str(row["what"]), "need a person")
        remedy = '`eeszt-runner db sql "SELECT * FROM EESZT_V_ATTENTION"`; see docs/howto/watch_and_repair.md.'
        yield Finding(f"attention {row['what']}", Status.WARN, f"{row['items']} item(s) {meaning}", remedy)
    if not found:
        yield ok("attention", "no item needs a person")
