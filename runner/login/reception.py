"""One login attempt, from the bytes that somebody sent to a session or a refusal."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, NoReturn, TypeVar
from urllib.parse import parse_qs

from runner.errors import LoginError, RunnerError, fault
from runner.login.admission import Admission, attempt
from runner.login.attempts import WINDOW_S, Attempts
from runner.login.card_desk import CardDesk
from runner.login.card_steps import Abandoned, CertificateShown, Signed, Step, read_step
from runner.login.nonce import NONCE, nonce_hash
from runner.ports import AuditLog, Clock, LoginRequest, LoginRow, Logins

logger = logging.getLogger(__name__)

Judged = TypeVar("Judged")

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

_LONGEST_PASSWORD = 128  # how long the EESZT's are is not public; this is ours
_FIELDS = ("nonce", "one_time_password")

_STATUS = {
    4407: HTTPStatus.FORBIDDEN,
    4408: HTTPStatus.BAD_REQUEST,
    4409: HTTPStatus.TOO_MANY_REQUESTS,
}
_STATUS_OF_CLASS = {4: HTTPStatus.FORBIDDEN, 5: HTTPStatus.SERVICE_UNAVAILABLE, 7: HTTPStatus.SERVICE_UNAVAILABLE}


def status_of(error: RunnerError) -> HTTPStatus:
    """Give the HTTP status that tells a refusal."""
    by_class = _STATUS_OF_CLASS.get(error.number // 1000, HTTPStatus.INTERNAL_SERVER_ERROR)
    return _STATUS.get(error.number, by_class)


class Reception:
    """Lets attempts in, finds whose they are, and has them logged in. Safe for threads."""

    def __init__(
        self,
        admission: Admission,
        logins: Logins,
        attempts: Attempts,
        clock: Clock,
        audit: AuditLog | None = None,
        cards: CardDesk | None = None,
    ) -> None:
        self._audit = audit
        self._admission = admission
        self._cards = cards
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
        self._let_in(address)
        with self._failures_counted(address):
            nonce, one_time_password = self._counted(lambda: _read(content_type, body, address), address)
            request = self._counted(lambda: self._taken(nonce, address), address)
            return self._admission.by_password(request, one_time_password, address)

    def card(self, body: bytes, address: str) -> Mapping[str, object] | LoginRow:
        """
        Take a step of a login with a card: what comes next, or the session.

        A step of a conversation that is known is taken also where others of its address failed too often meanwhile.

        Raises:
            LoginError: Turned away (4407 to 4409, 4235, 4236), or refused.
            TransportError: The EESZT could not be asked.
            StoreError: The database could not be reached.
        """
        desk = self._cards
        step = read_step(body)
        if desk is None or step is None or isinstance(step, str) or not desk.knows(step.conversation):
            self._let_in(address)
        if desk is None:
            raise fault(4236, address)
        with self._failures_counted(address):
            return self._step_taken(desk, step, address)

    def _step_taken(self, desk: CardDesk, step: Step | str | None, address: str) -> Mapping[str, object] | LoginRow:
        if step is None:
            self._turn_away(fault(4408, address, what="no step of a login with a card"), address)
        if isinstance(step, str):
            request = self._counted(lambda: self._taken(step, address), address)
            return desk.begin(request, nonce_hash(step), address)
        if not desk.knows(step.conversation):
            self._turn_away(fault(4235, address), address)
        match step:
            case CertificateShown(name, certificate):
                return desk.certificate(name, certificate, address)
            case Signed(name, signature):
                return desk.finish(name, signature, address)
            case Abandoned(name, number):
                desk.abandon(name, number, address)
                return {"step": "end"}

    @contextmanager
    def _failures_counted(self, address: str) -> Iterator[None]:
        """Count what is refused; that the EESZT or the database cannot be reached is nobody's failure."""
        try:
            yield
        except LoginError:
            self._attempts.failed(address)
            raise

    def _let_in(self, address: str) -> None:
        if not self._attempts.admit(address):
            self._tell_flood(address)
            raise fault(4409, address)

    def _taken(self, nonce: str, address: str) -> LoginRequest:
        """Use up the request that the nonce names."""
        request = self._logins.take(nonce_hash(nonce))
        if request is None:
            raise fault(4407, address)
        logger.info(
            "login attempted", extra={"event": "login.attempted", "address": address, "his_user": request.his_user}
        )
        return request

    def _counted(self, judge: Callable[[], Judged], address: str) -> Judged:
        """Give what was judged; what is turned away is logged."""
        try:
            return judge()
        except RunnerError as error:
            self._turn_away(error, address)

    def _turn_away(self, error: RunnerError, address: str) -> NoReturn:
        logger.warning(
            "login attempt turned away",
            extra={"event": "login.turned_away", "address": address, "number": error.number},
        )
        if self._audit is not None:
            self._audit.note(attempt(f"RNR-{error.number}", address))
        raise error

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
    if not isinstance(nonce, str) or not NONCE.fullmatch(nonce.strip()):
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
