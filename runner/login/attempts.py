"""How many failed login attempts and open connections are borne: a bound per address and one in total."""

from __future__ import annotations

import ipaddress
import threading
from collections import Counter, deque

from runner.ports import Clock

WINDOW_S = 60.0
_IPV6_HOST_BITS_FROM = 64  # one site has a whole /64, so one address of it says nothing


class Attempts:
    """
    Counts attempts that failed; those turned away do not prolong the wait. Safe for threads.

    Who succeeds does not count: a terminal server is one address, and a whole ward logs in from it in a minute. What
    one address tries at the same moment is bounded by its places. Memory is bounded by the total and those: an address
    is known only while a failure of it counts.
    """

    def __init__(self, per_address: int, total: int, clock: Clock) -> None:
        self._per_address = per_address
        self._total = total
        self._clock = clock
        self._all: deque[tuple[float, str]] = deque()
        self._count: Counter[str] = Counter()
        self._lock = threading.Lock()

    def admit(self, address: str) -> bool:
        """Whether an attempt from this address is let in."""
        source = _source(address)
        with self._lock:
            self._forget()
            return len(self._all) < self._total and self._count[source] < self._per_address

    def failed(self, address: str) -> None:
        """Count an attempt that was let in and failed."""
        source = _source(address)
        with self._lock:
            self._forget()
            self._all.append((self._clock.monotonic(), source))
            self._count[source] += 1

    def _forget(self) -> None:
        now = self._clock.monotonic()
        while self._all and now - self._all[0][0] >= WINDOW_S:
            _, gone = self._all.popleft()
            self._count[gone] -= 1
            if not self._count[gone]:
                del self._count[gone]


class Places:
    """Open connections: a bound in total and one per address. Safe for threads."""

    def __init__(self, total: int, per_address: int) -> None:
        self._total = total
        self._per_address = per_address
        self._open: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, address: str) -> bool:
        """Whether there is a place for a connection from this address; if so, it is taken."""
        source = _source(address)
        with self._lock:
            if self._open.total() >= self._total or self._open[source] >= self._per_address:
                return False
            self._open[source] += 1
            return True

    def give_back(self, address: str) -> None:
        """Free a place that was taken."""
        source = _source(address)
        with self._lock:
            self._open[source] -= 1
            if not self._open[source]:
                del self._open[source]


def _source(address: str) -> str:
    """Give what is counted: an IPv4 address, the network of an IPv6 one."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, _IPV6_HOST_BITS_FROM), strict=False))
    return str(parsed)
