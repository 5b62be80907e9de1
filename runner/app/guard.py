"""The environment guard: test and production are never mixed, and a database that went back in time sends nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from runner.domain.environment import is_marked
from runner.eeszt.keys import names_of, read_pins
from runner.errors import LoginError, RunnerError, fault
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
    return problems


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


def _simulated(settings: Settings) -> Iterator[RunnerError]:
    """Certificates of a simulator among those that the settings name; what cannot be read is another check's affair."""
    for name, file in _certificates(settings):
        try:
            marked = any(is_marked(*names_of(certificate)) for certificate in read_pins(file))
        except LoginError:
            continue
        if marked:
            yield fault(8014, settings.places.get(name, name), file=str(file), name=name)


def _certificates(settings: Settings) -> Iterator[tuple[str, Path]]:
    yield "tls.client_certificate", settings.tls.client_certificate
    yield "tls.trust", settings.tls.trust
    yield from (("eeszt.pins", file) for file in settings.eeszt.pins)
    yield from (("eeszt.sts_pins", file) for file in settings.eeszt.sts_pins)
    if settings.institution.signing_certificate is not None:
        yield "institution.signing_certificate", settings.institution.signing_certificate
    if settings.technical_user is not None and settings.technical_user.certificate is not None:
        yield "technical_user.certificate", settings.technical_user.certificate


def refuse_simulated(environment: str, name: str, file: Path | None, certificate: bytes | None) -> None:
    """
    Refuse a certificate that could only be read with its password, such as a technical user's PKCS#12.

    Raises:
        IntegrityError: RNR-8014, it is a simulator's and this is production.
    """
    if environment == "production" and certificate is not None and is_marked(*names_of(certificate)):
        raise fault(8014, name, file=str(file), name=name)
