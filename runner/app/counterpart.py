"""The other side, as a site reaches it: connections, tokens, services, the keys that sign."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cryptography import x509

from runner.app.clock import SystemClock
from runner.daemon.work import Watched
from runner.eeszt.breaker import BreakerSettings
from runner.eeszt.gateway import EesztGateway
from runner.eeszt.http import HttpClient, Timeouts
from runner.eeszt.keys import Signer, read_pins
from runner.eeszt.sts import Sts, TechnicalUser
from runner.eeszt.tls import client_tls
from runner.errors import fault
from runner.login.certificate import Credential, institution_credential, technical_credential
from runner.mapping import Mappings
from runner.ports import AuditLog
from runner.settings import Settings

STS = "sts"
"""What the database calls the token service, whatever the contract calls it."""


@dataclass(frozen=True, slots=True)
class Counterpart:
    """The other side, as this site reaches it."""

    http: HttpClient
    sts: Sts
    gateway: EesztGateway

    @classmethod
    def of(cls, settings: Settings, mappings: Mappings, clock: SystemClock, audit: AuditLog) -> Counterpart:
        """Make it from what the settings name; nobody is asked yet."""
        http = HttpClient(
            client_tls(
                trusted=settings.tls.trust, certificate=settings.tls.client_certificate, key=settings.tls.client_key
            ),
            Timeouts(connect_s=settings.eeszt.connect_timeout_s, read_s=settings.eeszt.read_timeout_s),
            most_bytes=settings.eeszt.response_limit_bytes,
        )
        pack, addresses = mappings.pack, settings.eeszt.addresses
        institution = _signer(institution_credential(settings.institution, clock.now()))
        technical = _technical(settings, clock)
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
            audit=audit,
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
            audit=audit,
        )
        return cls(http, sts, gateway)

    def watched(self, mappings: Mappings) -> list[Watched]:
        """Every service whose interruptions MedWorkS is told of, the token service included."""
        sts = mappings.pack.operation(mappings.pack.sts.operation).service
        services = sorted({kind.operation.service for kind in mappings.types.values()} - {sts})
        watched = [
            Watched(name, partial(self.gateway.is_interrupted, name), partial(self.gateway.try_again, name))
            for name in services
        ]
        return [*watched, Watched(STS, lambda: self.sts.is_down, self.sts.try_again)]


def _signer(credential: Credential | None) -> Signer | None:
    if credential is None:
        return None
    return Signer(credential.private_key, x509.load_der_x509_certificate(credential.certificate_der))


def _technical(settings: Settings, clock: SystemClock) -> TechnicalUser | None:
    user = settings.technical_user
    if user is None:
        return None
    credential = technical_credential(user, clock.now())
    signer = _signer(credential)
    return TechnicalUser(user.name, signer) if signer else None


def _pins(files: tuple[Path, ...]) -> tuple[bytes, ...]:
    return tuple(pin for file in files for pin in read_pins(file))
