"""A token that is fetched when it is needed, by one caller at a time, and renewed at half its life."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from random import random

from runner.errors import LoginError, RunnerError, TransportError, fault
from runner.ports import Clock, Token

logger = logging.getLogger(__name__)

#: Part of its life after which a token is renewed, and how far chance moves that, so that daemons do not renew at once.
_HALF, _SPREAD = 0.5, 0.05
#: Part of its life up to which a token is given out: a message that carries it must still arrive.
_LAST_USE = 0.97
_YOUNG_S = 1.0


class Renewal:
    """
    Keeps one token. Safe for threads.

    While one caller fetches, the others get the old token as long as it lives, and wait otherwise. After a failure the
    fault is given to everybody until it is time to try again, so that a dead STS is asked once and not by every sender.

    Args:
        fetch: Gives a new token, or raises a RunnerError.
        clock: Time.
        chance: From 0 up to 1.
        again_s: Seconds until the next try after the STS could not be asked.
        refused_s: Seconds until the next try after it refused.
    """

    def __init__(
        self,
        fetch: Callable[[], Token],
        clock: Clock,
        *,
        chance: Callable[[], float] = random,
        again_s: float = 2.0,
        refused_s: float = 30.0,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._chance = chance
        self._again_s = again_s
        self._refused_s = refused_s
        self._changed = threading.Condition()
        self._token: Token | None = None
        self._fetched_at = self._renew_at = self._last_use_at = self._try_at = 0.0
        self._failure: RunnerError | None = None
        self._is_fetching = False

    def get(self) -> Token:
        """
        A token that lives.

        Raises:
            LoginError: The STS refused.
            TransportError: The STS could not be asked.
        """
        with self._changed:
            while True:
                now = self._clock.monotonic()
                if self._token is not None and now < self._renew_at:
                    return self._token
                if not self._is_fetching and (self._failure is None or now >= self._try_at):
                    self._is_fetching = True
                    break
                if self._token is not None and now < self._last_use_at:
                    return self._token
                if self._is_fetching:
                    self._changed.wait()
                elif self._failure is not None:
                    raise fault(self._failure.number, self._failure.where, **self._failure.facts)
        return self._renew()

    def drop(self) -> None:
        """
        Forget the token: the EESZT no longer takes it.

        One that was fetched within the last second stays: when many messages are under way, the refusals of the token
        before it go on coming in.
        """
        with self._changed:
            if self._clock.monotonic() - self._fetched_at >= _YOUNG_S:
                self._token = None

    def _renew(self) -> Token:
        token: Token | None = None
        failure: RunnerError | None = None
        try:
            token = self._fetch()
        except (LoginError, TransportError) as error:
            failure = error
        finally:
            with self._changed:
                self._is_fetching = False
                self._note(token, failure)
                self._changed.notify_all()
        if token is not None:
            return token
        assert failure is not None
        with self._changed:
            if self._token is not None and self._clock.monotonic() < self._last_use_at:
                return self._token
        raise failure

    def _note(self, token: Token | None, failure: RunnerError | None) -> None:
        now = self._clock.monotonic()
        if token is not None:
            life = (token.expires_at - self._clock.now()).total_seconds()
            self._token, self._failure, self._fetched_at = token, None, now
            self._renew_at = now + life * (_HALF + _SPREAD * (2 * self._chance() - 1))
            self._last_use_at = now + life * _LAST_USE
            logger.info("technical token renewed", extra={"event": "token.renewed", "life_s": round(life)})
        elif failure is not None:
            wait_s = self._refused_s if isinstance(failure, LoginError) else self._again_s
            self._failure, self._try_at = failure, now + wait_s * (1 + self._chance() / 4)
            logger.warning(
                "technical token not renewed",
                extra={"event": "token.not_renewed", "number": failure.number, "reason": failure.what},
            )
