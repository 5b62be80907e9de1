"""Who is who and who is logged in: GUARD, requests, sessions, the HIS's own sessions, tokens."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from runner.domain.card import CardProof
from runner.domain.policy import Recorder


@dataclass(frozen=True, slots=True)
class Known:
    """
    Who is who and who may work where, of one moment.

    Attributes:
        recorders: HIS user → what EESZT_USER_MAP says of him; whoever has no row is left out.
        roles: EESZT identity and workplace → roles; whoever is not assigned is left out.
    """

    recorders: Mapping[str, Recorder]
    roles: Mapping[tuple[str, str], frozenset[str]]


class Directory(Protocol):
    """GUARD and VMÁTRIX: who is who and who may work where."""

    def recorder(self, his_user: str) -> Recorder:
        """What EESZT_USER_MAP says of a HIS user; a user without a row is a fact too."""

    def roles(self, eeszt_user: str, workplace: str) -> frozenset[str]:
        """In which roles EESZT_USER_WORKPLACE assigns the identity to the workplace today; none: not at all."""

    def known(self, his_users: Collection[str], workplaces: Collection[str], eeszt_user: str | None) -> Known:
        """All of that of HIS users and their identities, and of one identity more, at workplaces; in one statement."""


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """
    A login that the HIS began: whose it is and until when it may be used, once.

    Attributes:
        request_id: Its number.
        his_user: Whose login it is.
        expires_at: Until when it may be used.
        handle_hash: SHA-256 (hex) of the session handle that the HIS client keeps; None where it has none.
        short_code: What the HIS and the login agent both show; None where the HIS shows none.
    """

    request_id: int
    his_user: str
    expires_at: datetime
    handle_hash: str | None = None
    short_code: str | None = None


@dataclass(frozen=True, slots=True)
class LoginRow:
    """
    A person's session as stored; the token is sealed.

    Attributes:
        login_id: Its number; part of what the seal is bound to.
        his_user: Matched HIS user.
        eeszt_user: Proved EESZT user.
        role: EESZT role, from the verified assertion.
        institution: From the verified assertion.
        method: ``otp`` or ``card``.
        started_at: When the EESZT granted it.
        ends_at: When its grant ends; nothing stretches it.
        sealed: The sealed token and key, or None before it is sealed.
        handle_hash: Of the request that it was begun by: only that HIS client can bind its database session to it. None
            for a session that is read back.
    """

    login_id: int
    his_user: str
    eeszt_user: str
    role: str
    institution: str
    method: str
    started_at: datetime
    ends_at: datetime
    sealed: bytes | None = None
    handle_hash: str | None = None


@dataclass(frozen=True, slots=True)
class RefusedLogin:
    """
    A login that came to nothing.

    Attributes:
        his_user: Whose it would have been.
        at: When; aware UTC.
        why: The fault, for the administrator.
    """

    his_user: str
    at: datetime
    why: str


class Logins(Protocol):
    """Sessions and login requests in the database; each verb commits."""

    def begin(
        self,
        his_user: str,
        nonce_hash: str,
        life_s: float,
        handle_hash: str | None = None,
        short_code: str | None = None,
    ) -> LoginRequest:
        """
        Note that the HIS user is about to log in.

        Args:
            his_user: Who.
            nonce_hash: SHA-256 (hex) of the nonce.
            life_s: How long it may be used.
            handle_hash: SHA-256 (hex) of the session handle, where the HIS keeps one.
            short_code: What the HIS shows to him.
        """

    def take(self, nonce_hash: str) -> LoginRequest | None:
        """Use up a request; None where there is none, it is used, or it is too old."""

    def refuse(self, request_id: int, why: str) -> None:
        """Note that a login that was begun came to nothing, so that the HIS client that began it sees it at once."""

    def refused(self) -> Sequence[RefusedLogin]:
        """Logins of the last day that came to nothing, the newest first."""

    def next_login_id(self) -> int:
        """A fresh session number, so that the seal can be bound to it."""

    def save(self, login: LoginRow) -> None:
        """
        Store a sealed session, ending the person's older ones, and wake what waits for it (same transaction).

        Raises:
            LoginError: RNR-4242, the HIS client that began it has called it off meanwhile; nothing was changed.
        """

    def live(self, eeszt_user: str, known: int | None = None) -> LoginRow | None:
        """The person's session that neither ended nor ran out, or None; what is sealed only of one not ``known``."""

    def end(self, eeszt_user: str, why: str) -> int:
        """End the person's sessions at once; how many."""

    def state(self) -> Sequence[LoginRow]:
        """All live sessions, without their sealed part."""


@dataclass(frozen=True, slots=True)
class LoginBegun:
    """
    A login that was begun in the HIS.

    Attributes:
        nonce: For the login agent or page, once.
        short_code: To be shown to the user in the HIS, and by the agent: he compares.
        handle: Proves that this client began the login; stays in its memory.
    """

    nonce: str = field(repr=False)
    short_code: str
    handle: str = field(repr=False)


class HisSession(Protocol):
    """What the HIS asks about logins in one of its database sessions; on Oracle EESZT_API does the same."""

    def login_begin(self, his_user: str) -> LoginBegun:
        """
        Begin the login of a user; only hashes of nonce and handle are stored.

        Raises:
            LoginError: RNR-4401, he is matched to no EESZT user.
        """

    def login_state(self, handle: str) -> tuple[str, int | None]:
        """How far it is: WAITING, CHECKING, LIVE, REFUSED, ENDED or UNKNOWN; and how many minutes a LIVE one lasts."""

    def bind(self, handle: str | None) -> None:
        """
        Say who works in this database session: what it writes as recorded by him is proved. None only unbinds.

        Raises:
            LoginError: RNR-4241, the handle belongs to no living login; the session is bound to nobody.
        """

    def bound_user(self) -> str | None:
        """Who it is bound to, while his login lives."""

    def logout(self, handle: str) -> None:
        """End the login of a handle at once, and unbind."""


@dataclass(frozen=True, slots=True)
class Token:
    """
    What the STS issued.

    Attributes:
        eeszt_user: NameID of the verified assertion.
        assertion: The assertion element, exclusive C14N bytes.
        assertion_id: Its ID attribute.
        key: The proof key, PKCS#8 DER, where a session key was made; None where the certificate's key signs.
        role: From the verified assertion.
        institution: From the verified assertion.
        issued_at: Start of its life.
        expires_at: End of its life.
    """

    eeszt_user: str
    assertion: bytes = field(repr=False)
    assertion_id: str
    key: bytes | None = field(repr=False)
    role: str
    institution: str
    issued_at: datetime
    expires_at: datetime


class Tokens(Protocol):
    """The STS."""

    def technical_user(self) -> str | None:
        """EESZT name of the institution's technical user, None where none is configured."""

    def technical(self) -> Token:
        """
        The technical user's token, from the cache, renewed at half its life by one caller at a time.

        Raises:
            LoginError: The STS refused the certificate.
            TransportError: The STS could not be asked.
        """

    def issue(self, eeszt_user: str, one_time_password: str) -> Token:
        """
        Log a person in; the password is used once and forgotten.

        Raises:
            LoginError: Wrong, used or expired password, or the user is not active.
            TransportError: The STS could not be asked, or its answer does not verify.
        """

    def issue_by_card(self, eeszt_user: str, proof: CardProof, session_key: bytes) -> Token:
        """
        Log a person in whose card has signed for this session key.

        Whose session it became stands in the token; that it is the one who was meant is for the caller to compare.

        Args:
            eeszt_user: Who is expected, for the audit log.
            proof: By the card; good once.
            session_key: PKCS#8 DER; the statement that the card signed names its public half.

        Raises:
            LoginError: The card is not activated, its proof is not good, or its owner is not active.
            TransportError: The STS could not be asked, or its answer does not verify.
        """

    def refused(self) -> None:
        """Forget the technical user's cached token, since the EESZT takes it no longer; the next one is a new one."""


class Sessions(Protocol):
    """Under whose name something can be sent right now."""

    def token(self, acting_user: str, his_user: str | None = None, *, look: bool = False) -> Token | None:
        """
        A token of the technical user or of a person's live session (begun by ``his_user``); None: there is none.

        With ``look`` by what the database says now, else by what it said a moment ago.
        """

    def refused(self, acting_user: str) -> None:
        """The EESZT no longer takes this identity's token: drop it (a person's session is ended)."""
