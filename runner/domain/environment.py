"""
What tells a simulated EESZT from the real one, and a copied database from the one that works.

Source: ours. The simulator marks its certificates and its identifiers; production refuses both, in code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SIMULATOR_MARK = "SZIMULATOR"
"""Stands in subject and issuer of every certificate that the simulator makes."""

SIMULATED_PREFIX = "SIM"
"""Every identifier of the simulator begins with this."""


@dataclass(frozen=True, slots=True)
class Identity:
    """
    Which database this is.

    Attributes:
        environment: ``test`` or ``production``, as it was installed or adopted.
        database_id: Made at its installation, hex; a copy has the same.
        home: Where it was installed or adopted, in the store's own terms.
        place: Where it is now, likewise.
    """

    environment: str
    database_id: str
    home: str
    place: str

    @property
    def is_at_home(self) -> bool:
        """Whether it is where it was installed or adopted; a copy is not, and neither is one that was moved."""
        return self.home == self.place


def is_simulated(receipt: Mapping[str, str]) -> bool:
    """Whether an identifier of a receipt (name → value) is the simulator's."""
    return any(value.upper().startswith(SIMULATED_PREFIX) for value in receipt.values())


def is_marked(*names: str) -> bool:
    """Whether one of a certificate's names (subject, issuer) carries the simulator's mark."""
    return any(SIMULATOR_MARK in name.upper() for name in names)
