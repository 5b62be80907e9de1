"""The simulated token service: WS-Trust 1.3 Issue, for people and for the technical user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.x509.oid import NameOID
from lxml import etree

from runner.simulator.assertion import Assertions, instant
from runner.simulator.card import Cards, has_card_proof
from runner.simulator.key_value import PublicKey, key_bytes, public_key_of, wrapped
from runner.simulator.names import KEY_TYPE_BEARER, KEY_TYPE_PUBLIC, PASSWORD_TEXT, SAML_TOKEN, Ns, tag
from runner.simulator.pki import institution_of, subject_value
from runner.simulator.refusal import Code, Refusal
from runner.simulator.user import matching_step

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography import x509

    from runner.simulator.envelope import Envelope
    from runner.simulator.gate import Gate, Verified
    from runner.simulator.register import Register
    from runner.simulator.user import User, UserRegister
    from runner.simulator.wsdl import Operation


class TokenService:
    """Answers token requests."""

    def __init__(
        self, gate: Gate, assertions: Assertions, users: UserRegister, register: Register, *, life_s: float
    ) -> None:
        self._gate = gate
        self._assertions = assertions
        self._users = users
        self._register = register
        self._life_s = life_s
        self._cards = Cards(users, register)

    def issue(
        self, envelope: Envelope, operation: Operation, peer: x509.Certificate, now: datetime
    ) -> tuple[etree._Element, Verified, User]:
        """
        The answer's element, the verified request, and the user.

        Raises:
            Refusal: The request is not as the profile says, or the user is not to have a token.
        """
        if "assertion" in envelope.places:
            raise Refusal(Code.BAD_SIGNATURE, why="a token request carries no assertion")
        key: PublicKey | x509.Certificate | None
        if has_card_proof(envelope.content):
            verified, key = self._by_session_key(envelope, operation, peer, now)
            user = self._cards.owner(verified.content, key, now)
        elif "username" in envelope.places:
            verified, user, key = self._person(envelope, operation, peer, now)
        else:
            verified, user, key = self._technical_user(envelope, operation, peer, now)
        self._check_request(verified.content)
        institution = self._users.institution
        assertion, ends = self._assertions.issue(user, institution, key, now, self._life_s)
        return _answer(assertion, now, ends, bound=key is not None), verified, user

    def _person(
        self, envelope: Envelope, operation: Operation, peer: x509.Certificate, now: datetime
    ) -> tuple[Verified, User, PublicKey | None]:
        verified, key = self._by_session_key(envelope, operation, peer, now)
        return verified, self._with_password(verified.parts["username"], now), key

    def _by_session_key(
        self, envelope: Envelope, operation: Operation, peer: x509.Certificate, now: datetime
    ) -> tuple[Verified, PublicKey | None]:
        key: PublicKey | None = None
        if self._gate.proof == "holder_of_key":
            info = envelope.places["signature"].find(tag(Ns.DS, "KeyInfo"))
            if info is None or info.find(tag(Ns.DS, "KeyValue")) is None:
                raise Refusal(Code.BAD_SIGNATURE, why="KeyInfo holds no session key")
            key = public_key_of(info)
            verified = self._gate.verified(envelope, operation, wrapped(key), now)
            if (used := _use_key(verified.content)) is None or key_bytes(used) != key_bytes(key):
                raise Refusal(Code.BAD_SIGNATURE, field="UseKey", why="signed by another key than the one to be named")
        else:
            certificate = self._gate.message_certificate(envelope)
            self._same_institution(certificate, peer)
            verified = self._gate.verified(envelope, operation, certificate, now)
        self._same_institution(peer, peer)
        return verified, key

    def _technical_user(
        self, envelope: Envelope, operation: Operation, peer: x509.Certificate, now: datetime
    ) -> tuple[Verified, User, x509.Certificate | None]:
        certificate = self._gate.message_certificate(envelope)
        verified = self._gate.verified(envelope, operation, certificate, now)
        self._same_institution(certificate, peer)
        name = subject_value(certificate, NameOID.COMMON_NAME)
        user = self._users.get(self._users.technical_user)
        if user is None or name != user.eeszt_user:
            raise Refusal(Code.NOT_ALLOWED, why="the certificate is not the technical user's")
        if not user.active:
            raise Refusal(Code.NOT_ACTIVE)
        return verified, user, certificate if self._gate.proof == "holder_of_key" else None

    def _same_institution(self, certificate: x509.Certificate, peer: x509.Certificate) -> None:
        if not institution_of(certificate) == institution_of(peer) == self._users.institution:
            raise Refusal(Code.WRONG_INSTITUTION, why="the certificates are not this institution's")

    def _with_password(self, token: etree._Element, now: datetime) -> User:
        name = (token.findtext(tag(Ns.WSSE, "Username")) or "").strip()
        password = token.find(tag(Ns.WSSE, "Password"))
        user = self._users.get(name)
        if user is None or user.seed is None or password is None or password.get("Type") != PASSWORD_TEXT:
            raise Refusal(Code.WRONG_PASSWORD, why="unknown user, or no one-time password")
        if not user.active:
            raise Refusal(Code.NOT_ACTIVE)
        step = matching_step(user.seed, (password.text or "").strip(), now.timestamp())
        if step is None:
            raise Refusal(Code.WRONG_PASSWORD)
        if not self._register.use_password(user.eeszt_user, step):
            raise Refusal(Code.USED_PASSWORD)
        return user

    def _check_request(self, request: etree._Element) -> None:
        wanted = {
            "TokenType": SAML_TOKEN,
            "RequestType": f"{Ns.WST}/Issue",
            "KeyType": KEY_TYPE_BEARER if self._gate.proof == "bearer" else KEY_TYPE_PUBLIC,
        }
        for name, value in wanted.items():
            if (request.findtext(tag(Ns.WST, name)) or "").strip() != value:
                raise Refusal(Code.BAD_MESSAGE, field=name, why="is not what the profile asks for")


def _use_key(request: etree._Element) -> PublicKey | None:
    info = request.find(f"{tag(Ns.WST, 'UseKey')}/{tag(Ns.DS, 'KeyInfo')}")
    return None if info is None else public_key_of(info)


def _answer(assertion: etree._Element, now: datetime, ends: datetime, *, bound: bool) -> etree._Element:
    collection = etree.Element(
        tag(Ns.WST, "RequestSecurityTokenResponseCollection"), nsmap={"wst": Ns.WST, "wsu": Ns.WSU}
    )
    response = etree.SubElement(collection, tag(Ns.WST, "RequestSecurityTokenResponse"))
    etree.SubElement(response, tag(Ns.WST, "TokenType")).text = SAML_TOKEN
    etree.SubElement(response, tag(Ns.WST, "KeyType")).text = KEY_TYPE_PUBLIC if bound else KEY_TYPE_BEARER
    etree.SubElement(response, tag(Ns.WST, "RequestedSecurityToken")).append(assertion)
    lifetime = etree.SubElement(response, tag(Ns.WST, "Lifetime"))
    etree.SubElement(lifetime, tag(Ns.WSU, "Created")).text = instant(now)
    etree.SubElement(lifetime, tag(Ns.WSU, "Expires")).text = instant(ends)
    return collection
