"""What the endpoint says of a login that succeeded, whichever way it was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from runner.domain.card import moment


@dataclass(frozen=True, slots=True)
class Granted:
    """
    A login that succeeded.

    Attributes:
        eeszt_user: Who.
        ends_at: Until when; aware UTC.
    """

    eeszt_user: str
    ends_at: datetime

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        """
        Take the endpoint's answer.

        Raises:
            KeyError, TypeError, ValueError: It has another form.
        """
        return cls(str(said["eeszt_user"]), moment(said["ends_at"]))
