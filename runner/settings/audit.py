"""The section of the settings file that speaks of the audit log."""

from __future__ import annotations

from dataclasses import dataclass

from runner.settings.forms import Duration, Place


@dataclass(frozen=True, slots=True)
class Audit:
    """
    The audit log: everything that is exchanged, sealed to a key that the runner cannot open.

    Attributes:
        public_key: PEM file of the institution's public key, RSA; `eeszt-runner audit keys` makes a pair.
        folder: Where the log lies; archive it, nothing else keeps what it keeps.
        keep_bodies_s: How long the sealed messages are kept; the time is ours, the institution decides.
        keep_headers_s: How long the entries without them are kept; never shorter.
    """

    public_key: Place
    folder: Place
    keep_bodies_s: Duration = 365 * 86400.0
    keep_headers_s: Duration = 3650 * 86400.0
