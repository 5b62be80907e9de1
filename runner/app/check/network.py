"""The way to each service: connection, TLS, and an answer that is believed; every wait has an end."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from functools import partial
from time import monotonic

from runner.app.check.bounded import GRACE_S, all_within
from runner.app.check.finding import Finding, Status, ok
from runner.app.check.inspection import Inspection
from runner.eeszt.http import NotSentError
from runner.errors import RunnerError, fault
from runner.ports import Delivery


def addresses(inspection: Inspection) -> Iterator[Finding]:
    """Every service of the contract has an address; without one the daemon does not start."""
    known, path = inspection.settings.eeszt.addresses, str(inspection.path)
    missing = [service for service in inspection.mappings.pack.services if service not in known]
    for service in missing:
        yield Finding.of("addresses", Status.FAIL, fault(1003, path, name=f"eeszt.addresses.{service}"))
    if not missing:
        yield ok("addresses", "every service of the contract has one")


def reachability(inspection: Inspection) -> Iterator[Finding]:
    """Connection and TLS handshake with our certificate, the host verified: a line for each service."""
    http, settings = inspection.http, inspection.settings
    addresses = settings.eeszt.addresses
    works = {service: partial(_timed, http.shake_hands, address) for service, address in addresses.items()}
    found = all_within(http.timeouts.connect_s + GRACE_S, works)
    for service, address in addresses.items():
        result = found[service]
        if isinstance(result, NotSentError):
            yield Finding.of(service, Status.FAIL, _unreachable(service, address, result))
        else:
            yield ok(service, f"{address}, TLS with our certificate, host verified, {result * 1000:.0f} ms")


def answers(inspection: Inspection) -> Iterator[Finding]:
    """The technical user's token, and with it each service's harmless call: everything as in a real exchange."""
    eeszt = inspection.eeszt
    http, sts, gateway = eeszt.http, eeszt.sts, eeszt.gateway
    if sts.technical_user() is None:
        yield Finding("technical user", Status.SKIP, "none is configured, so no service can be asked")
        return
    longest_s = http.timeouts.connect_s + http.timeouts.read_s + GRACE_S
    token = all_within(longest_s, {"token": sts.technical})["token"]
    if isinstance(token, RunnerError):
        yield Finding.of("technical user", Status.FAIL, token)
        return
    if isinstance(token, NotSentError):
        yield Finding.of("technical user", Status.FAIL, fault(5101, "sts", reason=str(token)))
        return
    yield ok("technical user", f"{token.eeszt_user} has a token until {token.expires_at:%Y-%m-%d %H:%M} UTC")
    services = sorted({kind.operation.service for kind in inspection.mappings.types.values()})
    replies = all_within(longest_s, {service: partial(gateway.ask, service, token) for service in services})
    for service, reply in replies.items():
        if reply is None:
            yield Finding(service, Status.SKIP, "the contract names no harmless call")
        elif isinstance(reply, NotSentError):
            yield Finding.of(service, Status.FAIL, fault(5207, service, reason=str(reply)))
        elif reply.delivery is Delivery.ANSWERED:
            yield ok(service, f"answers a harmless call, verified, {reply.took_s * 1000:.0f} ms")
        else:
            reason = f"fault {reply.fault_code}" if reply.delivery is Delivery.FAULT else reply.detail
            yield Finding.of(service, Status.FAIL, fault(5207, service, reason=reason))


def _timed(work: Callable[[str], None], address: str) -> float:
    began = monotonic()
    work(address)
    return monotonic() - began


def _unreachable(service: str, address: str, error: NotSentError) -> RunnerError:
    number = 5202
    if isinstance(error.__cause__, ssl.SSLCertVerificationError):
        number = 5203
    elif isinstance(error.__cause__, ssl.SSLError):
        number = 5204
    return fault(number, service, address=address, reason=str(error).removeprefix("no connection: "))
