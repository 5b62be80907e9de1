"""This machine's clock beside a time server's and the EESZT's own, before a drift breaks messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from runner.app.check.bounded import GRACE_S, all_within
from runner.app.check.finding import Finding, Status, ok
from runner.app.check.sntp import TIMEOUT_S, ask_time_server
from runner.eeszt.http import NotSentError
from runner.errors import RunnerError, fault

if TYPE_CHECKING:
    from runner.app.check.inspection import Inspection
    from runner.eeszt.heard import Heard
    from runner.mapping import ContractPack
    from runner.settings import Settings


@dataclass(frozen=True, slots=True)
class Reading:
    """
    Two clocks compared.

    Attributes:
        source: Whose clock ours is compared with.
        offset_s: How far ours is ahead, seconds; negative where it is behind.
        uncertainty_s: How far that may be off, either way.
    """

    source: str
    offset_s: float
    uncertainty_s: float

    @property
    def least_s(self) -> float:
        """The drift that there surely is, seconds."""
        return max(0.0, abs(self.offset_s) - self.uncertainty_s)

    @property
    def text(self) -> str:
        """Say it in words."""
        return f"{abs(self.offset_s):.1f} s {'ahead of' if self.offset_s > 0 else 'behind'}"


@dataclass(frozen=True, slots=True)
class Limits:
    """
    What drift is how bad, seconds.

    Attributes:
        warn_s: Is reported.
        fail_s: Is an error.
        breaks_s: Messages are refused: the contract's tolerance.
    """

    warn_s: float
    fail_s: float
    breaks_s: float

    @classmethod
    def of(cls, settings: Settings, pack: ContractPack) -> Limits:
        """Give those of the settings, else thirds of what the contract tolerates."""
        breaks_s = pack.security.clock_skew_s
        return cls(
            warn_s=settings.clock.warn_after_s or breaks_s / 3,
            fail_s=settings.clock.fail_after_s or breaks_s * 2 / 3,
            breaks_s=breaks_s,
        )

    def status(self, reading: Reading) -> Status:
        """Say how bad a drift is."""
        if reading.least_s >= self.fail_s:
            return Status.FAIL
        return Status.WARN if reading.least_s >= self.warn_s else Status.OK

    def finding(self, name: str, reading: Reading) -> Finding:
        """Give a reading as a line of the check."""
        status = self.status(reading)
        if status is Status.OK:
            return ok(name, f"{reading.text} {reading.source}, give or take {reading.uncertainty_s:.1f} s")
        breaks = f"{self.breaks_s:g} s"
        return Finding.of(name, status, fault(5201, "clock", off=reading.text, source=reading.source, breaks=breaks))


def clock_offset(settings: Settings, heard: Heard | None) -> Reading | None:
    """
    Compare our clock with the time server's where there is one, else with what the EESZT told last.

    Args:
        settings: Name the time server, or none.
        heard: The newest word of an answer, or None.

    Returns:
        None where nobody told the time.

    Raises:
        TransportError: RNR-5205, the time server gave no usable answer.
    """
    server = settings.clock.time_server
    if server is not None:
        answer = all_within(TIMEOUT_S + GRACE_S, {"time server": partial(ask_time_server, server)})["time server"]
        if isinstance(answer, RunnerError):
            raise answer
        if isinstance(answer, NotSentError):
            raise fault(5205, server, reason=str(answer))
        return Reading(server, *answer)
    return None if heard is None else of_heard(heard)


def of_heard(heard: Heard) -> Reading:
    """Give what an answer told as a reading."""
    return Reading(f"the EESZT at {heard.host}", heard.offset_s, heard.uncertainty_s)


def check_clock(inspection: Inspection) -> Iterator[Finding]:
    """Compare our clock with everybody who tells the time."""
    settings = inspection.settings
    limits = Limits.of(settings, inspection.mappings.pack)
    if settings.clock.time_server is not None:
        try:
            reading = clock_offset(settings, None)
        except RunnerError as error:
            yield Finding.of("time server", Status.WARN, error)
        else:
            assert reading is not None
            yield limits.finding("time server", reading)
    heard = inspection.heard()
    if heard is not None:
        yield limits.finding("EESZT", of_heard(heard))
    elif settings.clock.time_server is None:
        yield Finding.of("EESZT", Status.WARN, fault(5206, "clock"))
