"""The section of the settings that says how this machine's clock is watched."""

from __future__ import annotations

from dataclasses import dataclass

from runner.settings.forms import Duration, Text


@dataclass(frozen=True, slots=True)
class Clock:
    """
    How this machine's clock is watched.

    Attributes:
        time_server: SNTP server such as `ntp.example.hu`; without it the EESZT's own answers tell the time.
        warn_after_s: Drift that is reported; a third of the contract's tolerance where it is left out.
        fail_after_s: Drift that is an error; two thirds of the contract's tolerance where it is left out.
    """

    time_server: Text | None = None
    warn_after_s: Duration | None = None
    fail_after_s: Duration | None = None
