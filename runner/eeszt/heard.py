"""
What time the other side's answers tell, kept as they pass by and at no further call.

A ``Date`` header counts whole seconds and was written somewhere between question and answer, so an offset has an
uncertainty. Nobody but the verified host can have written it, whatever is thought of the answer itself.

Source: RFC 9110 §6.6.1 (Date), §9.2.1 (HEAD is safe).
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPSConnection
from time import time
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Heard:
    """
    One answer's word on the time.

    Attributes:
        host: Who told it.
        offset_s: How far our clock is ahead of theirs, seconds; negative where it is behind.
        uncertainty_s: How far that may be off, either way.
        heard_at: Our own time then, seconds since 1970.
    """

    host: str
    offset_s: float
    uncertainty_s: float
    heard_at: float


class Dates:
    """The newest word on the time; safe for threads, since what is read is one reference."""

    def __init__(self) -> None:
        self._newest: Heard | None = None
        self._told: tuple[str, str] | None = None

    def note(self, host: str, date: str, asked_at: float, heard_at: float) -> None:
        """Keep what a ``Date`` header tells; one that is no date tells nothing, nor does one second told twice."""
        newest, told = self._newest, self._told
        if newest is not None and told == (host, date) and 0 <= heard_at - newest.heard_at < 1:
            return
        heard = read_date(host, date, asked_at, heard_at)
        if heard is not None:
            self._newest, self._told = heard, (host, date)

    def newest(self) -> Heard | None:
        """What was told last, or None."""
        return self._newest


def read_date(host: str, date: str, asked_at: float, heard_at: float) -> Heard | None:
    """
    What a ``Date`` header tells of the clocks.

    Args:
        host: Whose it is.
        date: The header's value; anything but a date gives None.
        asked_at: Our time when the question left, seconds since 1970.
        heard_at: Our time when the answer was there.
    """
    try:
        told = parsedate_to_datetime(date)
        theirs = (told if told.tzinfo is not None else told.replace(tzinfo=UTC)).timestamp() + 0.5
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return Heard(host, (asked_at + heard_at) / 2 - theirs, (heard_at - asked_at) / 2 + 0.5, heard_at)


def ask_date(tls: ssl.SSLContext, url: str, timeout_s: float) -> Heard | None:
    """Ask an address what time it is there, by a HEAD that changes nothing; None where it does not say."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        return None
    connection = HTTPSConnection(parts.hostname, parts.port or 443, timeout=timeout_s, context=tls)
    try:
        connection.connect()
        asked_at = time()
        connection.request("HEAD", parts.path or "/")
        with connection.getresponse() as response:
            return read_date(parts.hostname, response.getheader("Date") or "", asked_at, time())
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
