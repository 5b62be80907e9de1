"""The environment guard: test and production are never mixed, and a database that went back in time sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from runner.domain.environment import is_marked
from runner.eeszt.keys import names_of, read_pins
from runner.errors import LoginError, RunnerError, fault
from runner.login.certificate import technical_credential
from runner.mapping import Mappings
from runner.mapping.pack import ContractPack
from runner.settings import Settings


def environment_problems(settings: Settings, mappings: Mappings) -> list[RunnerError]:
    """Give everything in settings, contract and certificates that belongs to the other environment."""
    problems = list(_addresses(settings, mappings.pack))
    if settings.runner.environment == "production":
        if mappings.pack.origin == "ours":
            problems.append(fault(8002, str(settings.eeszt.contract), name=mappings.pack.name))
        problems += _simulated(settings)
        problems += _open_lines(settings)
    return problems


def _open_lines(settings: Settings) -> Iterator[RunnerError]:
    if settings.database.dsn is None:
        return iter(())
    from runner.app.oracle import open_lines  # noqa: PLC0415  the driver is loaded only where there is an Oracle

    return open_lines(settings)


def _addresses(settings: Settings, pack: ContractPack) -> Iterator[RunnerError]:
    production = settings.runner.environment == "production"
    if production and not pack.production_hosts:
        yield fault(8013, str(settings.eeszt.contract))
        return
    for service, address in settings.eeszt.addresses.items():
        where = settings.places.get(f"eeszt.addresses.{service}", "settings")
        host = (urlsplit(address).hostname or "").rstrip(".")
        is_theirs = any(host == each or host.endswith(f".{each}") for each in pack.production_hosts)
        if is_theirs and not production:
            yield fault(8011, where, service=service, host=host)
        elif production and not is_theirs:
            yield fault(8012, where, service=service, host=host, known=", ".join(sorted(pack.production_hosts)))


def simulated_certificates(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Give the settings that name a certificate of a simulator; what cannot be read is another check's affair."""
    for name, file, read in _certificates(settings):
        try:
            marked = any(is_marked(*names_of(certificate)) for certificate in read())
        except LoginError:
            continue
        if marked:
            yield name, file


def _simulated(settings: Settings) -> Iterator[RunnerError]:
    for name, file in simulated_certificates(settings):
        yield fault(8014, settings.places.get(name, name), file=str(file), name=name)


def _certificates(settings: Settings) -> Iterator[tuple[str, Path, Callable[[], Sequence[bytes]]]]:
    """Give every certificate that the settings name, and how it is read."""
    files: list[tuple[str, Path | None]] = [
        ("tls.client_certificate", settings.tls.client_certificate),
        ("tls.trust", settings.tls.trust),
        *(("eeszt.pins", file) for file in settings.eeszt.pins),
        *(("eeszt.sts_pins", file) for file in settings.eeszt.sts_pins),
        ("institution.signing_certificate", settings.institution.signing_certificate),
        ("login.certificate", settings.login.certificate if settings.login is not None else None),
    ]
    for name, file in files:
        if file is not None:
            yield name, file, partial(read_pins, file)
    user = settings.technical_user
    if user is not None and (file := user.pkcs12 or user.certificate or user.token_module) is not None:
        name = "technical_user.pkcs12" if user.pkcs12 else "technical_user.certificate"
        yield name, file, lambda: [technical_credential(user, datetime.now(UTC)).certificate_der]
