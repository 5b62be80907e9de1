"""The daemon of a site, put together from its parts."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from cryptography import x509

from runner import log
from runner.app.database import store_of
from runner.app.site import load_settings, mappings_of, settings_path
from runner.daemon.service import Daemon
from runner.daemon.work import LaneSettings, Site, StepHook, Watched, no_hook
from runner.eeszt.breaker import BreakerSettings
from runner.eeszt.gateway import EesztGateway
from runner.eeszt.http import HttpClient, Timeouts
from runner.eeszt.keys import Signer, read_pins
from runner.eeszt.sts import Sts, TechnicalUser
from runner.eeszt.tls import client_tls
from runner.errors import ProblemsError, fault
from runner.login.certificate import Credential, institution_credential, technical_credential
from runner.login.endpoint import LoginEndpoint
from runner.login.otp import Otp
from runner.login.seal import sealer
from runner.login.sessions import SealedSessions
from runner.mapping import Mappings
from runner.settings import Settings, changeable_files, exposed_secrets, unreadable_files
from runner.store.embedded import EmbeddedStore

logger = logging.getLogger(__name__)

STS = "sts"
"""What the database calls the token service, whatever the contract calls it."""


class SystemClock:
    """The machine's time; leases and deadlines use the database's."""

    def now(self) -> datetime:
        """Aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()


@dataclass(slots=True)
class Service:
    """
    A running daemon with its login endpoint.

    Attributes:
        daemon: Its lanes.
        endpoint: Where people log in, or None.
        http: Its connections.
        clean: Whether it was stopped with everything finished or given back; None while it runs.
    """

    daemon: Daemon
    endpoint: LoginEndpoint | None
    http: HttpClient
    clean: bool | None = None

    def stop(self) -> bool:
        """Stop in order, once; whether everything was finished or given back."""
        if self.clean is None:
            if self.endpoint is not None:
                self.endpoint.stop()
            self.clean = self.daemon.stop()
            self.http.close()
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
    log.configure(settings.log)
    problems = unreadable_files(settings)
    exposed = exposed_secrets(settings)
    changeable = changeable_files(settings, settings_path(named))
    if settings.runner.environment == "production":
        problems += [*exposed, *changeable]
    if problems:
        raise ProblemsError(problems)
    for problem in exposed:
        logger.warning("secret is readable by others", extra={"event": "secret.exposed", "fault": str(problem)})
    for problem in changeable:
        logger.warning("file may be changed by others", extra={"event": "file.changeable", "fault": str(problem)})
    mappings = mappings_of(settings)
    if settings.runner.environment == "production" and mappings.pack.origin == "ours":
        raise fault(8002, str(settings.eeszt.contract), name=mappings.pack.name)
    store = store_of(settings, mappings)
    with store.lock_daemon():
        store.check_installed(settings.runner.environment)
        service = _build(settings, mappings, store, hook)
        try:
            yield service
        finally:
            service.stop()
            store.close()


def _build(settings: Settings, mappings: Mappings, store: EmbeddedStore, hook: StepHook) -> Service:
    clock = SystemClock()
    _warn(mappings, store)
    eeszt = _Eeszt.of(settings, mappings, clock)
    seal = sealer(settings.sealing, settings.runner.environment)
    longest_s = mappings.pack.security.timestamp_life_s
    site = Site(
        owner=settings.runner.name,
        outbox=store.outbox,
        directory=store.directory,
        sessions=SealedSessions(store.logins, eeszt.sts, seal, clock),
        gateway=eeszt.gateway,
        mappings=mappings,
        technical_user=eeszt.sts.technical_user(),
        message_life_s=min(settings.eeszt.message_life_s or longest_s, longest_s),
        clock=clock,
        hook=hook,
    )
    lanes = [_lane(settings, mappings, name) for name in mappings.outboxes]
    daemon = Daemon(site, lanes, eeszt.watched(mappings))
    endpoint = None
    if settings.login is not None:
        otp = Otp(
            store.directory,
            store.logins,
            eeszt.sts,
            seal,
            clock,
            institution=settings.institution.code,
            doctor_roles=mappings.pack.sts.doctor_roles,
        )
        endpoint = LoginEndpoint(settings.login, otp, store.logins, clock, test=settings.runner.environment == "test")
        endpoint.start()
    daemon.start()
    return Service(daemon, endpoint, eeszt.http)


@dataclass(frozen=True, slots=True)
class _Eeszt:
    """The other side, as this site reaches it."""

    http: HttpClient
    sts: Sts
    gateway: EesztGateway

    @classmethod
    def of(cls, settings: Settings, mappings: Mappings, clock: SystemClock) -> _Eeszt:
        http = HttpClient(
            client_tls(
                trusted=settings.tls.trust, certificate=settings.tls.client_certificate, key=settings.tls.client_key
            ),
            Timeouts(connect_s=settings.eeszt.connect_timeout_s, read_s=settings.eeszt.read_timeout_s),
            most_bytes=settings.eeszt.response_limit_bytes,
        )
        pack, addresses = mappings.pack, settings.eeszt.addresses
        institution = _signer(institution_credential(settings.institution, clock.now()))
        technical = None
        if settings.technical_user is not None:
            signer = _signer(technical_credential(settings.technical_user, clock.now()))
            technical = TechnicalUser(settings.technical_user.name, signer) if signer else None
        sts_service = pack.operation(pack.sts.operation).service
        if sts_service not in addresses:
            raise fault(1003, "settings", name=f"eeszt.addresses.{sts_service}")
        pins = _pins(settings.eeszt.pins)
        sts = Sts(
            pack,
            addresses[sts_service],
            http,
            _pins(settings.eeszt.sts_pins) or pins,
            clock,
            institution_signer=institution,
            technical=technical,
            institution=settings.institution.code,
        )
        gateway = EesztGateway(
            pack,
            addresses,
            http,
            pins,
            clock,
            tokens=sts,
            institution_signer=institution,
            technical_signer=technical.signer if technical else None,
            breaker=BreakerSettings(
                items=settings.breaker.items,
                window_s=settings.breaker.window_s,
                try_s=settings.breaker.try_s,
                longest_try_s=settings.breaker.longest_try_s,
            ),
        )
        return cls(http, sts, gateway)

    def watched(self, mappings: Mappings) -> list[Watched]:
        """Every service whose interruptions MedWorkS is told of, the token service included."""
        sts = mappings.pack.operation(mappings.pack.sts.operation).service
        services = sorted({kind.operation.service for kind in mappings.types.values()} - {sts})
        watched = [
            Watched(name, partial(self.gateway.is_open, name), partial(self.gateway.try_again, name))
            for name in services
        ]
        return [*watched, Watched(STS, lambda: self.sts.is_down, self.sts.try_again)]


def _warn(mappings: Mappings, store: EmbeddedStore) -> None:
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


def _lane(settings: Settings, mappings: Mappings, name: str) -> LaneSettings:
    outbox, site = mappings.outboxes[name], settings.lanes.get(name)
    interactive = any(
        kind.version.lane == name and kind.version.answer_limit_s is not None for kind in mappings.types.values()
    )
    read_s = settings.eeszt.interactive_read_timeout_s if interactive else settings.eeszt.read_timeout_s
    return LaneSettings(
        name=name,
        trusted=outbox.recorder == "trusted",
        poll_s=(site and site.poll_s) or outbox.poll_s,
        idle_poll_s=(site and site.idle_poll_s) or outbox.idle_poll_s,
        batch=(site and site.batch) or outbox.batch,
        senders=(site and site.senders) or outbox.senders,
        lease_s=(site and site.lease_s) or outbox.lease_s,
        read_s=read_s,
        connect_s=settings.eeszt.connect_timeout_s,
    )


def _signer(credential: Credential | None) -> Signer | None:
    if credential is None:
        return None
    return Signer(credential.private_key, x509.load_der_x509_certificate(credential.certificate_der))


def _pins(files: tuple[Path, ...]) -> tuple[bytes, ...]:
    return tuple(pin for file in files for pin in read_pins(file))
