"""The endpoint's side of a login with a card: show, certificate, signature; conversations are in memory alone."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from runner.domain.card import CardProfile, CardProof, Statement, fingerprint
from runner.errors import LoginError, RunnerError, fault
from runner.login.admission import Admission
from runner.login.card_proof import is_signed_by
from runner.login.card_trust import CardTrust
from runner.ports import Clock, LoginRequest, LoginRow

MOST_CONVERSATIONS = 1000
LIFE_S = 120.0

_ABANDONED = range(4201, 4260)
"""Numbers by which an agent may say why its person went no further."""


@dataclass(frozen=True, slots=True)
class _Conversation:
    """
    A login that has begun.

    Attributes:
        request: Whose it is.
        nonce_hash: Of its nonce.
        ends_at: Monotonic.
        certificate: The card's, once it was looked at.
        session_key: The key that the token is to be bound to, with that.
        statement: What the card is to sign, with that.
    """

    request: LoginRequest
    nonce_hash: str
    ends_at: float
    certificate: x509.Certificate | None = None
    session_key: ec.EllipticCurvePrivateKey | None = None
    statement: Statement | None = None


class CardDesk:
    """Conversations with login agents. Safe for threads."""

    def __init__(
        self,
        profile: CardProfile,
        trust: CardTrust,
        admission: Admission,
        clock: Clock,
        *,
        institution: str,
        endpoint_key: bytes,
    ) -> None:
        """
        Wire it.

        Args:
            profile: Of the cards that are in use.
            trust: Whose cards are believed.
            admission: Logs people in.
            clock: Time.
            institution: For which.
            endpoint_key: The endpoint's public key, SubjectPublicKeyInfo DER: agents must have spoken with that one.
        """
        self._profile = profile
        self._trust = trust
        self._admission = admission
        self._clock = clock
        self._institution = institution
        self._endpoint = fingerprint(endpoint_key)
        self._conversations: dict[str, _Conversation] = {}
        self._lock = threading.Lock()

    def begin(self, request: LoginRequest, nonce_hash: str, address: str) -> Mapping[str, object]:
        """
        Give the first step: what the agent shows to its person, and how his card is spoken with.

        Raises:
            LoginError: RNR-4409, too many conversations at once.
        """
        now = self._clock.monotonic()
        name = secrets.token_urlsafe(32)
        with self._lock:
            self._conversations = {name: each for name, each in self._conversations.items() if now < each.ends_at}
            is_full = len(self._conversations) >= MOST_CONVERSATIONS
            if not is_full:
                self._conversations[name] = _Conversation(request, nonce_hash, now + LIFE_S)
        if is_full:
            raise self._refused(request, fault(4409, address), address)
        return {
            "step": "show",
            "conversation": name,
            "his_user": request.his_user,
            "institution": self._institution,
            "short_code": request.short_code,
            "profile": dict(self._profile.said),
        }

    def knows(self, name: str) -> bool:
        """Whether there is such a conversation, so that somebody who guesses can be counted."""
        with self._lock:
            found = self._conversations.get(name)
        return found is not None and self._clock.monotonic() < found.ends_at

    def certificate(self, name: str, der: bytes, address: str) -> Mapping[str, object]:
        """
        Look at the card's certificate and give the next step: what the agent is to sign, but for what it knows itself.

        Raises:
            LoginError: The card cannot be used; the conversation is over. Nobody was asked for a PIN yet.
        """
        conversation = self._taken(name)
        try:
            certificate = self._trust.believed(der, self._clock.now())
        except RunnerError as error:
            self._refused(conversation.request, error, address)
            raise
        key = ec.generate_private_key(ec.SECP256R1())
        public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        statement = Statement(
            endpoint=self._endpoint,
            request=conversation.nonce_hash,
            session=fingerprint(public),
            institution=self._institution,
            time=self._clock.now().replace(microsecond=0),
        )
        with self._lock:
            self._conversations[name] = replace(
                conversation, certificate=certificate, session_key=key, statement=statement
            )
        return {
            "step": "sign",
            "conversation": name,
            "session": statement.session,
            "institution": statement.institution,
            "time": statement.time.isoformat(),
        }

    def finish(self, name: str, signature: bytes, address: str) -> LoginRow:
        """
        Log the person in, if his card signed what this conversation asked of it.

        Raises:
            LoginError: RNR-4234, it did not; or the EESZT or the matching refuses.
            TransportError: The EESZT could not be asked.
            StoreError: The session could not be stored.
        """
        conversation = self._taken(name)
        request, statement = conversation.request, conversation.statement
        certificate, key = conversation.certificate, conversation.session_key
        algorithm = self._profile.algorithm
        if statement is None or certificate is None or key is None:
            raise self._refused(request, fault(4235, address), address)
        if not is_signed_by(certificate, algorithm, statement.bytes(), signature):
            error = fault(4234, address, what="another statement, key or endpoint")
            raise self._refused(request, error, address)
        der = certificate.public_bytes(serialization.Encoding.DER)
        proof = CardProof(der, algorithm, statement.bytes(), signature)
        pkcs8 = key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return self._admission.by_card(request, proof, pkcs8, address)

    def abandon(self, name: str, number: int, address: str) -> None:
        """End a conversation whose person went no further, and log the number that the agent gives as why."""
        conversation = self._taken(name)
        outcome = number if number in _ABANDONED else 4223
        self._admission.refuse(conversation.request, LoginError(4240, address, code=outcome), address)

    def _refused(self, request: LoginRequest, error: RunnerError, address: str) -> RunnerError:
        self._admission.refuse(request, error, address)
        return error

    def _taken(self, name: str) -> _Conversation:
        """Take a conversation out, so that nobody else can go on with it meanwhile."""
        with self._lock:
            found = self._conversations.pop(name, None)
        if found is None or self._clock.monotonic() >= found.ends_at:
            raise fault(4235, "login conversation")
        return found


def endpoint_key(certificate: bytes) -> bytes:
    """Give the public key of the first certificate of a PEM text, SubjectPublicKeyInfo DER."""
    return (
        x509.load_pem_x509_certificate(certificate)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
