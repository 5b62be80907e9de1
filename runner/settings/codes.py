"""The section of the settings that says where published code tables are read from."""

from __future__ import annotations

from dataclasses import dataclass

from runner.settings.forms import Address, Count, Duration, Place


@dataclass(frozen=True, slots=True)
class Codes:
    """
    Where published code tables (törzspublikáció) are read from; without it what the files in `codes` say is checked.

    Attributes:
        address: The public REST, up to its question mark.
        trust: PEM of the authorities of its certificate; those of the system where it is left out.
        page_rows: Rows that are asked for at once.
        tries: How often a page is asked for before the read is given up.
        wait_s: Between two tries; doubled each time.
        timeout_s: Longest wait for a page.
    """

    address: Address
    trust: Place | None = None
    page_rows: Count = 500
    tries: Count = 4
    wait_s: Duration = 5.0
    timeout_s: Duration = 120.0
