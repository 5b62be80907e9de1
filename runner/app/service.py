"""The daemon of a site, put together from its parts."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from runner import log
from runner.app.adoption import refuse_gone_back
from runner.app.cards import card_desk
from runner.app.check.watch import watch_certificates, watch_clock
from runner.app.clock import SystemClock
from runner.app.codes import reading_of, sync
from runner.app.counterpart import Counterpart
from runner.app.database import store_of
from runner.app.guard import environment_problems
from runner.app.sealing import refuse_strange_keys
from runner.app.site import load_settings, mappings_of, settings_path
from runner.app.timing import lane_settings, message_life_s, timing_problems
from runner.audit import NO_ROOM, Retention, SealedLog, audit_problems, opened_log
from runner.daemon.duties import Duty
from runner.daemon.identity import IdentityWatch
from runner.daemon.service import Daemon
from runner.daemon.upkeep import upkeep
from runner.daemon.work import Site, StepHook, Watched, no_hook
from runner.eeszt.http import HttpClient
from runner.eeszt.publication import Reading
from runner.errors import ProblemsError, RunnerError, fault
from runner.login.admission import Admission
from runner.login.endpoint import LoginEndpoint
from runner.login.seal import Sealer, sealer
from runner.login.sessions import SealedSessions
from runner.mapping import Mappings
from runner.ports import KeptFor, Store
from runner.settings import Settings, changeable_files, exposed_secrets, unreadable_files

logger = logging.getLogger(__name__)

AUDIT = "audit"
"""What the database calls the audit log: DOWN while it cannot be written, so that nothing is sent."""

IDENTITY_S, CLOCK_S, CERTIFICATES_S = 5, 60, 3600
CODES_AT, CODES_LOOK_S = "03:30", 60
"""Periods of the duties that look at what lies beside the database."""


@dataclass(slots=True)
class Service:
    """
    A running daemon with its login endpoint.

    Attributes:
        daemon: Its lanes.
        endpoint: Where people log in, or None.
        http: Its connections.
        audit: The log of what it exchanges.
        clean: Whether it was stopped with everything finished or given back; None while it runs.
    """

    daemon: Daemon
    endpoint: LoginEndpoint | None
    http: HttpClient
    audit: SealedLog
    clean: bool | None = None

    def stop(self) -> bool:
        """Stop in order, once; whether everything was finished or given back."""
        if self.clean is None:
            if self.endpoint is not None:
                self.endpoint.stop()
            self.clean = self.daemon.stop()
            self.http.close()
            self.audit.close()
        return self.clean


@contextmanager
def running(named: str | Path | None, hook: StepHook = no_hook) -> Iterator[Service]:
    """
    Run the daemon of a site.

    Raises:
        ProblemsError: Settings, files or mappings are wrong; all problems at once.
        StoreError: The database is not installed, or another daemon has it.
        IntegrityError: The reference contract is not for production; or the database is another environment's.
    """
    settings = load_settings(named)
    problems = [*_log_problems(settings), *unreadable_files(settings)]
    about_audit = audit_problems(settings)
    problems += [problem for problem in about_audit if problem.number != NO_ROOM]
    exposed = exposed_secrets(settings)
    changeable = changeable_files(settings, settings_path(named))
    if settings.runner.environment == "production":
        problems += [*exposed, *changeable]
    if problems:
        raise ProblemsError(problems)
    for problem in exposed:
        logger.warning("secret is readable by others", extra={"event": "secret.exposed", "fault": str(problem)})
    for problem in about_audit:
        logger.warning("audit log has little room", extra={"event": "audit.room", "fault": str(problem)})
    for problem in changeable:
        logger.warning("file may be changed by others", extra={"event": "file.changeable", "fault": str(problem)})
    mappings = mappings_of(settings)
    if unfit := [*environment_problems(settings, mappings), *timing_problems(settings, mappings)]:
        raise ProblemsError(unfit)
    store = store_of(settings, mappings.outboxes)
    with store.lock_daemon():
        store.check_installed(settings.runner.environment)
        refuse_gone_back(settings, mappings, store)
        clock, own = SystemClock(), settings.audit
        with opened_log(own.folder, settings.runner.name, own.public_key, clock) as audit:
            service = _build(settings, mappings, store, audit, clock, hook)
            try:
                yield service
            finally:
                service.stop()
                store.close()


def _log_problems(settings: Settings) -> list[RunnerError]:
    """Log where the settings say; the problem where that cannot be written."""
    try:
        log.configure(settings.log)
    except OSError as exc:
        where, folder = settings.places.get("log.file", "log.file"), settings.log.file and settings.log.file.parent
        reason = (exc.strerror or type(exc).__name__).lower()
        return [fault(1021, where, folder=str(folder), name="log.file", reason=reason)]
    return []


def _build(
    settings: Settings, mappings: Mappings, store: Store, audit: SealedLog, clock: SystemClock, hook: StepHook
) -> Service:
    _warn(mappings, store)
    watch = IdentityWatch(store.outbox)
    watch.run_once()
    eeszt = Counterpart.of(settings, mappings, clock, audit)
    seal = sealer(settings.sealing, settings.runner.environment, store.outbox.identity().database_id)
    refuse_strange_keys(store, seal, settings.runner.name)
    sessions = SealedSessions(store.logins, eeszt.sts, seal, clock)
    sessions.look_over()
    site = Site(
        owner=settings.runner.name,
        outbox=store.outbox,
        directory=store.directory,
        sessions=sessions,
        gateway=eeszt.gateway,
        mappings=mappings,
        technical_user=eeszt.sts.technical_user(),
        message_life_s=message_life_s(settings, mappings),
        clock=clock,
        is_production=settings.runner.environment == "production",
        is_suspended=lambda: watch.is_suspended,
        hook=hook,
    )
    lanes = [lane_settings(settings, mappings, name) for name in mappings.outboxes]
    kept = settings.retention
    kept_for = KeptFor(kept.payload_s, kept.payload_to_mend_s, kept.document_s)
    duties = upkeep(store.outbox, clock, [lane.name for lane in lanes], kept_for)
    duties += _watches(settings, mappings, eeszt, audit, watch)
    duties += _code_duties(settings, mappings, store)
    watched = [*eeszt.watched(mappings), Watched(AUDIT, lambda: audit.is_down, audit.try_again)]
    daemon = Daemon(site, lanes, watched, duties)
    endpoint = _endpoint(settings, mappings, store, eeszt, seal, daemon, audit, clock)
    daemon.start()
    return Service(daemon, endpoint, eeszt.http, audit)


def _endpoint(
    settings: Settings,
    mappings: Mappings,
    store: Store,
    eeszt: Counterpart,
    seal: Sealer,
    daemon: Daemon,
    audit: SealedLog,
    clock: SystemClock,
) -> LoginEndpoint | None:
    """Open the door where people log in, if the site has one."""
    if settings.login is None:
        return None
    admission = Admission(
        store.directory,
        store.logins,
        eeszt.sts,
        seal,
        clock,
        institution=settings.institution.code,
        doctor_roles=mappings.pack.sts.doctor_roles,
        logged_in=daemon.wake,
        audit=audit,
    )
    is_test = settings.runner.environment == "test"
    cards = card_desk(settings, mappings, admission, clock)
    endpoint = LoginEndpoint(settings.login, admission, store.logins, clock, test=is_test, audit=audit, cards=cards)
    endpoint.start()
    return endpoint


def _watches(
    settings: Settings, mappings: Mappings, eeszt: Counterpart, audit: SealedLog, watch: IdentityWatch
) -> list[Duty]:
    """Duties that look at what lies beside the database."""
    clock, kept = SystemClock(), settings.audit
    retention = Retention(audit, clock, keep_bodies_s=kept.keep_bodies_s, keep_headers_s=kept.keep_headers_s)
    return [
        Duty("identity", watch.run_once, every_s=IDENTITY_S),
        Duty("clock", watch_clock(settings, mappings.pack, eeszt.http.dates.newest), every_s=CLOCK_S),
        Duty("certificates", watch_certificates(settings, clock.now), every_s=CERTIFICATES_S),
        Duty("audit retention", partial(_forget_audit, retention), every_s=CERTIFICATES_S),
    ]


def _code_duties(settings: Settings, mappings: Mappings, store: Store) -> list[Duty]:
    """Duties about published code tables: what another command has read is seen, and each night they are read anew."""

    def look() -> None:
        mappings.published.tables = store.codes.tables()

    look()
    duties = [Duty("code tables", look, every_s=CODES_LOOK_S)]
    if settings.codes is not None:
        reading = reading_of(settings, "settings")
        duties.append(Duty("code sync", partial(_sync, reading, mappings, store), at=CODES_AT))
    return duties


def _sync(reading: Reading, mappings: Mappings, store: Store) -> None:
    sync(reading, mappings, store.codes)


def _forget_audit(retention: Retention) -> None:
    counts = retention.run_once()
    if counts:
        logger.info("audit log was kept long enough", extra={"event": "audit.forgotten", **counts})


def _warn(mappings: Mappings, store: Store) -> None:
    """Say at start what is relaxed and what would not be claimed."""
    for name, outbox in mappings.outboxes.items():
        if outbox.recorder == "trusted":
            logger.warning(
                "outbox takes the row's word for who recorded it", extra={"event": "outbox.trusted", "lane": name}
            )
    if mappings.pack.origin == "ours":
        logger.warning(
            "contract is the reference contract, not the EESZT's",
            extra={"event": "contract.ours", "contract": mappings.pack.name},
        )
    active = {version.document_type: version.digest for version in store.desk.active()}
    for name, kind in mappings.types.items():
        if active.get(name) != kind.digest:
            logger.warning(
                "document type is not active in this form; nothing of it is claimed",
                extra={"event": "mapping.inactive", "document_type": name},
            )
