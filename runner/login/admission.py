"""A person's login: the issuer is asked once, and believed only if it proves the matched identity."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from typing import Literal

from runner.domain.audit import EntryKind
from runner.domain.card import CardProof
from runner.domain.policy import Registration
from runner.errors import RunnerError, fault
from runner.login.seal import Sealer
from runner.ports import AuditLog, Clock, Directory, Entry, LoginRequest, LoginRow, Logins, Token, Tokens

logger = logging.getLogger(__name__)

Method = Literal["otp", "card"]

_NOT_REGISTERED = frozenset({Registration.UNREGISTERED_DOCTOR, Registration.UNREGISTERED_OTHER})


class Admission:
    """Logs people in. Safe for threads."""

    def __init__(
        self,
        directory: Directory,
        logins: Logins,
        tokens: Tokens,
        sealer: Sealer,
        clock: Clock,
        *,
        institution: str,
        doctor_roles: Collection[str],
        logged_in: Callable[[], None] = lambda: None,
        audit: AuditLog | None = None,
    ) -> None:
        """
        Wire it.

        Args:
            directory: GUARD: who is who.
            logins: Where sessions are stored.
            tokens: The issuer.
            sealer: Under which key.
            clock: Time.
            institution: Code that a token must name.
            doctor_roles: EESZT roles that a matched doctor must prove one of.
            logged_in: Called after a session is stored, so that what waits for it goes at once.
            audit: Where each attempt is logged; None: nowhere.
        """
        self._directory = directory
        self._logins = logins
        self._tokens = tokens
        self._sealer = sealer
        self._clock = clock
        self._institution = institution
        self._doctor_roles = frozenset(doctor_roles)
        self._logged_in = logged_in
        self._audit = audit

    def by_password(self, request: LoginRequest, one_time_password: str, address: str = "") -> LoginRow:
        """
        Log the request's user in with a one-time password, given to the issuer once and forgotten.

        Args and errors as ``admit``.
        """
        return self._admit(request, "otp", address, lambda user: self._tokens.issue(user, one_time_password))

    def by_card(self, request: LoginRequest, proof: CardProof, session_key: bytes, address: str = "") -> LoginRow:
        """
        Log the request's user in by what his card has signed for the session key (PKCS#8 DER).

        Args and errors as ``admit``.
        """
        return self._admit(
            request,
            "card",
            address,
            lambda user: self._tokens.issue_by_card(user, proof, session_key),
        )

    def refuse(self, request: LoginRequest, error: RunnerError, address: str) -> None:
        """Tell the HIS that a login came to nothing, and log it; also one of which the issuer was not asked."""
        his_user = request.his_user
        try:
            self._logins.refuse(request.request_id, str(error))
        except RunnerError as trouble:  # the HIS sees it some minutes later, by the clock
            logger.warning(
                "HIS could not be told of a refused login",
                extra={"event": "login.untold", "his_user": his_user, "fault": str(trouble)},
            )
        if self._audit is not None:
            self._audit.note(attempt(f"RNR-{error.number}", address, his_user, refused=str(error)))
        logger.warning(
            "login refused",
            extra={"event": "login.refused", "his_user": his_user, "number": error.number, "fault": str(error)},
        )

    def _admit(self, request: LoginRequest, method: Method, address: str, issue: Callable[[str], Token]) -> LoginRow:
        """
        Log the request's user in and give his stored session; older sessions of his end.

        Args:
            request: The HIS began it; whose login it is stands there, and is never taken from who proves himself. Whose
                HIS client keeps its handle may bind its sessions to this login.
            method: How he proves himself.
            address: Where it came from, for the audit log.
            issue: Asks the issuer for the matched user's token.

        Raises:
            LoginError: Refused, by the matching (44xx) or by the issuer; nothing was stored.
            TransportError: The issuer could not be asked; nothing was stored.
            StoreError: The database could not be reached, or the audit log not be written; nothing was stored.
        """
        try:
            token = self._proved(request.his_user, issue)
            row = self._stored(request, method, token, address)
        except RunnerError as error:
            self.refuse(request, error, address)
            raise
        logger.info(
            "login granted",
            extra={
                "event": "login.granted",
                "his_user": request.his_user,
                "eeszt_user": row.eeszt_user,
                "login": row.login_id,
                "ends_at": row.ends_at.isoformat(),
            },
        )
        return row

    def _proved(self, his_user: str, issue: Callable[[str], Token]) -> Token:
        where = f"HIS user {his_user}"
        recorder = self._directory.recorder(his_user)
        if recorder.registration in _NOT_REGISTERED:
            raise fault(4402, where)
        if recorder.eeszt_user is None:
            raise fault(4401, where)
        token = issue(recorder.eeszt_user)
        if token.eeszt_user != recorder.eeszt_user:
            raise fault(4403, where, proved=token.eeszt_user, matched=recorder.eeszt_user)
        if recorder.registration is Registration.DOCTOR and token.role not in self._doctor_roles:
            raise fault(4404, where, role=token.role)
        if token.institution != self._institution:
            raise fault(4405, where, proved=token.institution, ours=self._institution)
        if _whole_milliseconds(token.expires_at) <= self._clock.now():
            raise fault(4406, where)
        return token

    def _stored(self, request: LoginRequest, method: Method, token: Token, address: str) -> LoginRow:
        row = LoginRow(
            login_id=self._logins.next_login_id(),
            his_user=request.his_user,
            eeszt_user=token.eeszt_user,
            role=token.role,
            institution=token.institution,
            method=method,
            started_at=_whole_milliseconds(token.issued_at),
            ends_at=_whole_milliseconds(token.expires_at),
            handle_hash=request.handle_hash,
        )
        row = replace(row, sealed=self._sealer.seal(row, token))
        if self._audit is not None:
            facts = {"role": row.role, "method": row.method, "ends_at": row.ends_at.isoformat(), "login": row.login_id}
            self._audit.write(attempt("GRANTED", address, request.his_user, token.eeszt_user, **facts))
        self._logins.save(row)
        self._logged_in()
        return row


def attempt(
    outcome: str, address: str, his_user: str | None = None, eeszt_user: str | None = None, **facts: object
) -> Entry:
    """Give the audit log's entry of a login attempt; where it came from is sealed, like all its facts."""
    body = json.dumps({"address": address, **facts}, ensure_ascii=False).encode()
    return Entry(EntryKind.LOGIN, body, outcome, acting_user=eeszt_user, his_user=his_user)


def _whole_milliseconds(at: datetime) -> datetime:
    """Cut, never round up: the seal is bound to the end, so every database must give it back exactly."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
