"""One login attempt, from the bytes that somebody sent to a session or a refusal."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import threading
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from runner.errors import RunnerError, fault
from runner.login.attempts import WINDOW_S, Attempts
from runner.login.otp import Otp, attempt
from runner.ports import AuditLog, Clock, LoginRow, Logins

logger = logging.getLogger(__name__)

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

_NONCE = re.compile(r"[A-Za-z0-9_-]{22,128}")  # base64url of at least 16 bytes
_LONGEST_PASSWORD = 128  # how long the EESZT's are is not public; this is ours
_FIELDS = ("nonce", "one_time_password")

_STATUS = {
    4407: HTTPStatus.FORBIDDEN,
    4408: HTTPStatus.BAD_REQUEST,
    4409: HTTPStatus.TOO_MANY_REQUESTS,
}
_STATUS_OF_CLASS = {4: HTTPStatus.FORBIDDEN, 5: HTTPStatus.SERVICE_UNAVAILABLE, 7: HTTPStatus.SERVICE_UNAVAILABLE}


def nonce_hash(nonce: str) -> str:
    """Give what is stored of a nonce: SHA-256, hex."""
    return hashlib.sha256(nonce.encode()).hexdigest()


def status_of(error: RunnerError) -> HTTPStatus:
    """Give the HTTP status that tells a refusal."""
    by_class = _STATUS_OF_CLASS.get(error.number // 1000, HTTPStatus.INTERNAL_SERVER_ERROR)
    return _STATUS.get(error.number, by_class)


class Reception:
    """Lets attempts in, finds whose they are, and has them logged in. Safe for threads."""

    def __init__(
        self, otp: Otp, logins: Logins, attempts: Attempts, clock: Clock, audit: AuditLog | None = None
    ) -> None:
        self._audit = audit
        self._otp = otp
        self._logins = logins
        self._attempts = attempts
        self._clock = clock
        self._lock = threading.Lock()
        self._told_at: float | None = None
        self._untold = 0

    def attempt(self, content_type: str, body: bytes, address: str) -> LoginRow:
        """
        Log in whoever the request that the nonce names was begun for.

        An unknown, a used and an old nonce are told alike, and cost the EESZT nothing. Attempts over the limit are not
        entered into the audit log one by one: whoever floods us must not fill its disk.

        Raises:
            LoginError: Turned away (4407 to 4409), or refused.
            TransportError: The EESZT could not be asked.
            StoreError: The database could not be reached.
        """
        if not self._attempts.admit(address):
            self._tell_flood(address)
            raise fault(4409, address)
        try:
            nonce, one_time_password = _read(content_type, body, address)
            request = self._logins.take(nonce_hash(nonce))
            if request is None:
                raise fault(4407, address)
        except RunnerError as error:
            logger.warning(
                "login attempt turned away",
                extra={"event": "login.turned_away", "address": address, "number": error.number},
            )
            if self._audit is not None:
                self._audit.note(attempt(f"RNR-{error.number}", address))
            raise
        logger.info(
            "login attempted",
            extra={"event": "login.attempted", "address": address, "his_user": request.his_user},
        )
        return self._otp.login(request.his_user, one_time_password, address, request.handle_hash)

    def _tell_flood(self, address: str) -> None:
        """Log attempts over the limit once a minute, not once each: the log is not to be flooded either."""
        with self._lock:
            self._untold += 1
            now = self._clock.monotonic()
            if self._told_at is not None and now - self._told_at < WINDOW_S:
                return
            self._told_at, untold, self._untold = now, self._untold, 0
        logger.warning(
            "too many login attempts", extra={"event": "login.flood", "address": address, "turned_away": untold}
        )


def _read(content_type: str, body: bytes, address: str) -> tuple[str, str]:
    """Give nonce and password of a request; its error names the field and never repeats it."""
    try:
        text = body.decode("utf-8")
        kind = content_type.partition(";")[0].strip().lower()
        if kind == JSON:
            fields = json.loads(text, object_pairs_hook=_once)
        elif kind == FORM:
            found = parse_qs(text, keep_blank_values=True, strict_parsing=True, max_num_fields=len(_FIELDS))
            fields = _once([(name, value) for name, values in found.items() for value in values])
        else:
            raise fault(4408, address, what="content type")
    except (ValueError, RecursionError):
        # Not chained: a parser's error holds what was sent.
        raise fault(4408, address, what="neither JSON nor a form") from None
    if not isinstance(fields, dict) or set(fields) != set(_FIELDS):
        raise fault(4408, address, what="exactly nonce and one_time_password are expected")
    nonce, password = (fields[name] for name in _FIELDS)
    if not isinstance(nonce, str) or not _NONCE.fullmatch(nonce.strip()):
        raise fault(4408, address, what="nonce")
    if not isinstance(password, str) or not 0 < len(password.strip()) <= _LONGEST_PASSWORD:
        raise fault(4408, address, what="one_time_password")
    if not password.strip().isprintable():
        raise fault(4408, address, what="one_time_password")
    return nonce.strip(), password.strip()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a name twice")
    return fields
