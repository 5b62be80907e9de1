"""Under whose name something can be sent right now: the technical user's token, and people's live sessions."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import datetime

from runner.errors import IntegrityError
from runner.login.seal import Sealer
from runner.ports import Clock, LoginRow, Logins, Token, Tokens

logger = logging.getLogger(__name__)

LOOK_AGAIN_S = 1.0
"""How long a session is believed to be live without asking the database; so long a logout may take to act
on what was recorded before it."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """
    A session whose seal was opened.

    Attributes:
        login_id: Its row.
        his_user: Who logged in.
        token: What was inside.
        ends_at: Nothing is sent under it from here on.
        seen_at: Monotonic time before the database was last asked for it.
    """

    login_id: int
    his_user: str
    token: Token
    ends_at: datetime
    seen_at: float


class SealedSessions:
    """The port ``Sessions`` over the database's sealed sessions and the issuer of tokens. Safe for threads."""

    def __init__(self, logins: Logins, tokens: Tokens, sealer: Sealer, clock: Clock) -> None:
        self._logins = logins
        self._tokens = tokens
        self._sealer = sealer
        self._clock = clock
        self._opened: dict[str, _Opened] = {}
        self._lock = threading.Lock()

    def token(self, acting_user: str, his_user: str | None = None, *, look: bool = False) -> Token | None:
        """
        Give a token of the technical user or of a person's live session; None where there is none.

        With ``his_user`` only of the session that this HIS user began himself: should two be matched to one identity,
        nobody sends what he recorded by the other one's login. With ``look`` the database is asked, whatever is
        remembered.

        A session that does not open is ended, so that MedWorkS does not show it as live, and reported at level ERROR.

        Raises:
            LoginError: The technical user's certificate was refused.
            TransportError: The technical user's token could not be asked for.
            StoreError: The database could not be asked.
        """
        if acting_user == self._tokens.technical_user():
            return self._tokens.technical()
        with self._lock:
            opened = self._opened.get(acting_user)
        asked_at = self._clock.monotonic()
        if look or opened is None or asked_at - opened.seen_at >= LOOK_AGAIN_S:
            opened = self._look(acting_user, opened, asked_at)
        if opened is None or self._clock.now() >= opened.ends_at or his_user not in {None, opened.his_user}:
            return None
        return opened.token

    def refused(self, acting_user: str) -> None:
        """Drop an identity's token that the EESZT takes no longer; a person's session is ended, its end told to all."""
        if acting_user == self._tokens.technical_user():
            self._tokens.refused()
            return
        ended = self._logins.end(acting_user, "refused by the EESZT")
        with self._lock:
            self._opened.pop(acting_user, None)
        logger.warning(
            "session refused by the EESZT",
            extra={"event": "session.refused", "eeszt_user": acting_user, "sessions": ended},
        )

    def look_over(self) -> None:
        """
        End every session that this daemon cannot open; called once at its start.

        Nobody who has to log in again should learn it from a prescription.

        Raises:
            StoreError: The database could not be asked.
        """
        for login in self._logins.state():
            self.token(login.eeszt_user)

    def _open(self, row: LoginRow, asked_at: float) -> _Opened | None:
        try:
            token = self._sealer.open(row)
        except IntegrityError as error:
            logger.error(
                "session does not open", extra={"event": "session.unsealed", "login": row.login_id, "fault": str(error)}
            )
            self._logins.end(row.eeszt_user, "does not open")
            return None
        return _Opened(row.login_id, row.his_user, token, min(row.ends_at, token.expires_at), asked_at)

    def _look(self, acting_user: str, known: _Opened | None, asked_at: float) -> _Opened | None:
        """Ask the database for the person's session; opens the seal only of one that is new."""
        row = self._logins.live(acting_user, known.login_id if known is not None else None)
        if row is None:
            opened = None
        elif known is not None and known.login_id == row.login_id:
            opened = _Opened(known.login_id, known.his_user, known.token, min(known.ends_at, row.ends_at), asked_at)
        else:
            opened = self._open(row, asked_at)
        with self._lock:
            if opened is None:
                self._opened.pop(acting_user, None)
            else:
                self._opened[acting_user] = opened
        return opened
