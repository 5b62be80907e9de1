"""Every certificate that the settings name: whether its key belongs to it, and how long it lasts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from runner.app.check.finding import Finding, Status, ok
from runner.errors import RunnerError, fault
from runner.login.certificate import institution_credential, technical_credential
from runner.login.sealing_keys import read_keys
from runner.settings import Settings

if TYPE_CHECKING:
    from runner.app.check.inspection import Inspection

STAGES = (7, 14, 30, 60)
"""Days left at which a certificate's end is told."""

Certificates = tuple[x509.Certificate, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """
    One certificate.

    Attributes:
        name: The setting that names it, with a number where it names several.
        days_left: Whole days; None where it cannot be used.
        problem: What is wrong or soon will be, or None.
        status: How bad that is.
        found: What is to be said where nothing is wrong.
    """

    name: str
    days_left: int | None = None
    problem: RunnerError | None = None
    status: Status = Status.OK
    found: str = ""

    @property
    def stage(self) -> int | None:
        """The stage of ``STAGES`` that it has come to, 0 where it cannot be used, None where all is well."""
        if self.problem is None:
            return None
        return 0 if self.days_left is None else next((stage for stage in STAGES if self.days_left <= stage), 0)

    @property
    def finding(self) -> Finding:
        """Give it as a line of the check."""
        return Finding.of(self.name, self.status, self.problem) if self.problem else ok(self.name, self.found)


def check_certificates(inspection: Inspection) -> list[Finding]:
    """Every certificate, a line each."""
    return certificate_findings(inspection.settings, inspection.now)


def sealing(inspection: Inspection) -> Iterator[Finding]:
    """The keys under which sessions lie in the database."""
    found = read_keys(inspection.settings.sealing)
    yield ok("sealing", f"{found.source}: a key that seals, {len(found.keys) - 1} that only open")


def certificate_findings(settings: Settings, now: datetime) -> list[Finding]:
    """Give a finding for every certificate that the settings name."""
    return [each.finding for each in judged(settings, now)]


def judged(settings: Settings, now: datetime) -> Iterator[Judged]:
    """
    Give every certificate that the settings name, read anew from its file.

    Args:
        settings: As loaded.
        now: Aware UTC.
    """
    for name, file, read in _with_keys(settings, now):
        try:
            yield _chain(name, file, read(), now)
        except RunnerError as error:
            yield Judged(name, problem=error, status=Status.FAIL)
    for name, files in _believed(settings):
        yield from _set(name, files, now)


def _with_keys(settings: Settings, now: datetime) -> Iterator[tuple[str, Path, Callable[[], Certificates]]]:
    tls, login, institution, user = settings.tls, settings.login, settings.institution, settings.technical_user
    yield "tls.client_certificate", tls.client_certificate, partial(_pair, tls.client_certificate, tls.client_key)
    if user is not None and (file := user.pkcs12 or user.certificate or user.token_module) is not None:
        yield "technical_user", file, lambda: _der(technical_credential(user, now).certificate_der)
    if (file := institution.signing_certificate) is not None:
        yield "institution.signing_certificate", file, lambda: _institution(settings, now)
    if login is not None:
        yield "login.certificate", login.certificate, partial(_pair, login.certificate, login.key)


def _believed(settings: Settings) -> Iterator[tuple[str, tuple[Path, ...]]]:
    yield "tls.trust", (settings.tls.trust,)
    yield "eeszt.pins", settings.eeszt.pins
    if settings.eeszt.sts_pins:
        yield "eeszt.sts_pins", settings.eeszt.sts_pins
    if settings.login is not None and settings.login.trust is not None:
        yield "login.trust", (settings.login.trust,)


def _institution(settings: Settings, now: datetime) -> Certificates:
    credential = institution_credential(settings.institution, now)
    return _der(credential.certificate_der) if credential is not None else ()


def _der(der: bytes) -> Certificates:
    return (x509.load_der_x509_certificate(der),)


def _pair(certificate: Path, key: Path) -> Certificates:
    """Give a chain whose first certificate belongs to the key."""
    chain = read_chain(certificate)
    try:
        public = serialization.load_pem_private_key(_read(key), password=None).public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
        raise fault(4303, str(key), expected="a PEM key without password") from exc
    if public != chain[0].public_key():
        raise fault(4304, str(certificate))
    return chain


def read_chain(file: Path) -> Certificates:
    """
    Give the certificates of a PEM file, at least one.

    Raises:
        LoginError: RNR-4301 or RNR-4303.
    """
    try:
        return tuple(x509.load_pem_x509_certificates(_read(file)))
    except ValueError as exc:
        raise fault(4303, str(file), expected="a PEM certificate") from exc


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as exc:
        raise fault(4301, str(file), reason=exc.strerror or type(exc).__name__) from exc


def _chain(name: str, file: Path, chain: Certificates, now: datetime) -> Judged:
    """Judge a certificate with those that vouch for it: the chain lasts as long as its shortest part."""
    shortest = min(chain, key=lambda each: each.not_valid_after_utc)
    return _judge(name, file, chain[0], shortest, now)


def _set(name: str, files: tuple[Path, ...], now: datetime) -> Iterator[Judged]:
    """Judge certificates of which each stands for itself: one that has ended harms only where no other is left."""
    found: list[tuple[Path, x509.Certificate]] = []
    for file in files:
        try:
            found += [(file, each) for each in read_chain(file)]
        except RunnerError as error:
            yield Judged(name, problem=error, status=Status.FAIL)
    alive = any(_ended(each, now) is None for _, each in found)
    for number, (file, each) in enumerate(found, start=1):
        numbered = name if len(found) == 1 else f"{name} {number}"
        when = _ended(each, now)
        if when is not None and alive:
            yield Judged(numbered, problem=fault(4322, str(file), when=when), status=Status.WARN)
        else:
            yield _judge(numbered, file, each, each, now)


def _judge(name: str, file: Path, shown: x509.Certificate, shortest: x509.Certificate, now: datetime) -> Judged:
    when = _ended(shortest, now)
    if when is not None:
        return Judged(name, problem=fault(4305, str(file), when=when), status=Status.FAIL)
    end = shortest.not_valid_after_utc
    days = (end - now).days
    if days <= STAGES[-1]:
        left = "today or tomorrow" if days < 1 else f"in {days} day{'s' * (days > 1)}"
        return Judged(name, days, fault(4321, str(file), day=f"{end:%Y-%m-%d}", left=left), Status.WARN)
    return Judged(name, days, found=f"{common_name(shown)}, until {end:%Y-%m-%d} ({days} days)")


def _ended(certificate: x509.Certificate, now: datetime) -> str | None:
    if now < certificate.not_valid_before_utc:
        return f"is not valid before {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
    if now >= certificate.not_valid_after_utc:
        return f"ended on {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
    return None


def common_name(certificate: x509.Certificate) -> str:
    """Give the name of whom a certificate was issued to."""
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else certificate.subject.rfc4514_string()
