"""Logins, GUARD and the issuer of tokens in memory: fakes that keep what their ports promise."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import NameOID

from runner.domain.card import CardProof
from runner.domain.policy import Recorder, Registration
from runner.errors import fault
from runner.ports import Known, LoginRequest, LoginRow, RefusedLogin, Token

INSTITUTION = "013579"
TECHNICAL_USER = "TECHNIKAI-013579"
NOON = datetime(2026, 3, 2, 11, 0, 0, 123456, tzinfo=UTC)


class FrozenClock:
    """Time stands still until a test moves it."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now
        self._monotonic = 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds


class MemoryLogins:
    """
    The port ``Logins`` on dictionaries.

    Attributes:
        asked: How often a session was looked for.
        refusals: Requests that came to nothing.
    """

    def __init__(self, clock: FrozenClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._requests: dict[str, LoginRequest] = {}
        self._rows: dict[int, LoginRow] = {}
        self._last = 0
        self.asked = 0
        self.refusals: list[int] = []

    def begin(
        self,
        his_user: str,
        nonce_hash: str,
        life_s: float,
        handle_hash: str | None = None,
        short_code: str | None = None,
    ) -> LoginRequest:
        with self._lock:
            self._last += 1
            expires_at = self._clock.now() + timedelta(seconds=life_s)
            request = LoginRequest(self._last, his_user, expires_at, handle_hash, short_code)
            assert nonce_hash not in self._requests
            self._requests[nonce_hash] = request
            return request

    def take(self, nonce_hash: str) -> LoginRequest | None:
        with self._lock:
            request = self._requests.pop(nonce_hash, None)
            return request if request is not None and self._clock.now() < request.expires_at else None

    def refuse(self, request_id: int, why: str) -> None:
        assert why
        with self._lock:
            self.refusals.append(request_id)

    def refused(self) -> Sequence[RefusedLogin]:
        with self._lock:
            return [RefusedLogin(str(number), self._clock.now(), "refused") for number in self.refusals]

    def next_login_id(self) -> int:
        with self._lock:
            self._last += 1
            return self._last

    def save(self, login: LoginRow) -> None:
        assert login.sealed is not None
        with self._lock:
            self._rows = {each.login_id: each for each in self._rows.values() if each.his_user != login.his_user}
            self._rows[login.login_id] = login

    def live(self, eeszt_user: str, known: int | None = None) -> LoginRow | None:
        with self._lock:
            self.asked += 1
            found = [each for each in self._rows.values() if each.eeszt_user == eeszt_user]
            live = next((each for each in found if self._clock.now() < each.ends_at), None)
            return replace(live, sealed=None) if live is not None and live.login_id == known else live

    def end(self, eeszt_user: str, why: str) -> int:
        assert why
        with self._lock:
            left = {key: each for key, each in self._rows.items() if each.eeszt_user != eeszt_user}
            ended, self._rows = len(self._rows) - len(left), left
            return ended

    def state(self) -> Sequence[LoginRow]:
        with self._lock:
            return [replace(each, sealed=None) for each in self._rows.values() if self._clock.now() < each.ends_at]

    def put(self, row: LoginRow) -> None:
        """Write a row past the port, as somebody with access to the table could."""
        with self._lock:
            self._rows[row.login_id] = row


class MemoryDirectory:
    """The port ``Directory`` on a table of recorders; everybody may work everywhere."""

    def __init__(self, *recorders: Recorder) -> None:
        self._recorders = {each.his_user: each for each in recorders}

    def recorder(self, his_user: str) -> Recorder:
        return self._recorders.get(his_user) or Recorder(his_user, Registration.NO_ROW)

    def roles(self, eeszt_user: str, workplace: str) -> frozenset[str]:
        return frozenset({"ORVOS"} if eeszt_user and workplace else ())

    def known(self, his_users: Collection[str], workplaces: Collection[str], eeszt_user: str | None) -> Known:
        recorders = {user: self._recorders[user] for user in his_users if user in self._recorders}
        identities = {eeszt_user, *(each.eeszt_user for each in recorders.values())} - {None}
        return Known(recorders, {(str(who), at): frozenset({"ORVOS"}) for who in identities for at in workplaces})


class TableTokens:
    """
    The port ``Tokens`` from a fixed table: each password opens for one user, once.

    Attributes:
        grants: One-time password → the token that it gives.
        down: Whether the issuer can be asked.
        technical_issued: How many tokens the technical user was given.
    """

    def __init__(self, clock: FrozenClock, grants: dict[str, Token]) -> None:
        self._clock = clock
        self._technical: Token | None = None
        self.grants = grants
        self.down = False
        self.technical_issued = 0
        self.proofs: list[bytes] = []

    def technical_user(self) -> str | None:
        return TECHNICAL_USER

    def technical(self) -> Token:
        if self._technical is None:
            self.technical_issued += 1
            self._technical = a_token(TECHNICAL_USER, role="TECHNIKAI", at=self._clock.now(), key=None)
        return self._technical

    def refused(self) -> None:
        self._technical = None

    def issue_by_card(self, eeszt_user: str, proof: CardProof, session_key: bytes) -> Token:
        """The card's owner is its certificate's common name; each statement is taken once."""
        assert session_key
        if self.down:
            raise fault(5101, "sts", reason="connection refused")
        if proof.statement in self.proofs:
            raise fault(4238, eeszt_user)
        self.proofs.append(proof.statement)
        owner = x509.load_der_x509_certificate(proof.certificate).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return a_token(str(owner[0].value), at=self._clock.now())

    def issue(self, eeszt_user: str, one_time_password: str) -> Token:
        if self.down:
            raise fault(5101, "sts", reason="connection refused")
        token = self.grants.pop(one_time_password, None)
        if token is None:
            raise fault(4101, eeszt_user)
        return token


def a_request(his_user: str = "kovacs", number: int = 1, handle_hash: str | None = None) -> LoginRequest:
    """Give a login that was begun."""
    return LoginRequest(number, his_user, NOON + timedelta(minutes=2), handle_hash)


def a_token(
    eeszt_user: str = "O12345",
    *,
    role: str = "ORVOS",
    institution: str = INSTITUTION,
    at: datetime = NOON,
    life_s: float = 8 * 3600,
    key: bytes | None = b"\x01key\xff",
) -> Token:
    """Give a token; its assertion is told apart by its user."""
    return Token(
        eeszt_user=eeszt_user,
        assertion=f"<saml2:Assertion>{eeszt_user}</saml2:Assertion>".encode(),
        assertion_id=f"_{eeszt_user}",
        key=key,
        role=role,
        institution=institution,
        issued_at=at,
        expires_at=at + timedelta(seconds=life_s),
    )
