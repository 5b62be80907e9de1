"""Whether a request may come in: signature, freshness, token, institution; who it is from."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cryptography import x509
from lxml import etree

from runner.simulator.assertion import Assertions, Claims, parse_instant
from runner.simulator.envelope import text_of
from runner.simulator.key_value import known, wrapped
from runner.simulator.names import SAML_ID, X509_V3, Ns, tag
from runner.simulator.pki import Pki, institution_of, is_issued_by, load_certificate
from runner.simulator.refusal import Code, Refusal
from runner.simulator.signature import verify_message

if TYPE_CHECKING:
    from runner.simulator.envelope import Envelope
    from runner.simulator.pack import Pack, Proof
    from runner.simulator.user import User, UserRegister
    from runner.simulator.wsdl import Operation

_REFERENCE = f"{tag(Ns.DS, 'KeyInfo')}/{tag(Ns.WSSE, 'SecurityTokenReference')}"


@dataclass(frozen=True)
class Verified:
    """A request that may be believed."""

    #: The body's element, parsed anew from the bytes that were digested.
    content: etree._Element
    message_id: str
    #: Part name → element, parsed anew.
    parts: dict[str, etree._Element]


@dataclass(frozen=True)
class Caller:
    """Who a request to a service is from."""

    user: User
    role: str
    institution: str


class Gate:
    """The checks that every request passes."""

    def __init__(self, pack: Pack, pki: Pki, users: UserRegister, assertions: Assertions, proof: Proof) -> None:
        self.proof: Proof = proof
        self._pack = pack
        self._users = users
        self._assertions = assertions
        self._ca = load_certificate(pki.ca.certificate)

    def service_request(
        self, envelope: Envelope, operation: Operation, peer: x509.Certificate, now: datetime
    ) -> tuple[Verified, Caller]:
        """
        A request to a service, and who it is from.

        Raises:
            Refusal: What is wrong with it, the first thing only.
        """
        assertion = envelope.places.get("assertion")
        if assertion is None or "username" in envelope.places:
            raise Refusal(Code.BAD_SIGNATURE, why="a request to a service carries one assertion and no password")
        claims = self._assertions.check(assertion)
        certificate = self._proof_certificate(envelope, claims)
        verified = self.verified(envelope, operation, certificate, now)
        return verified, self._caller(claims, peer, now)

    def verified(
        self, envelope: Envelope, operation: Operation, certificate: x509.Certificate, now: datetime
    ) -> Verified:
        """The request, if that certificate's key signed all that must be signed, and it is fresh and sent here."""
        security = self._pack.security
        required = set(security.signed_parts) - {"token"}
        if "token" in security.signed_parts:
            required |= {part for part in ("assertion", "username") if part in envelope.places}
        parts = {**envelope.places, **verify_message(envelope, required, certificate, security)}
        self._check_freshness(parts["timestamp"], now)
        content = list(parts["body"].iterchildren(etree.Element))
        right_action = text_of(parts["action"]) == operation.action or not operation.action_declared
        if len(content) != 1 or content[0].tag != operation.request or not right_action:
            raise Refusal(Code.BAD_MESSAGE, field="Action", why="action and body do not belong together")
        address = urlsplit(text_of(parts["to"]))
        if address.path.strip("/") != operation.service:
            raise Refusal(Code.BAD_MESSAGE, field="To", why="is addressed to another service")
        message_id = text_of(parts["message_id"])
        if not message_id:
            raise Refusal(Code.BAD_MESSAGE, field="MessageID", why="has no message identifier")
        return Verified(content[0], message_id, parts)

    def message_certificate(self, envelope: Envelope) -> x509.Certificate:
        """The certificate in the message whose key signed it, if our CA issued it and KeyInfo refers to it."""
        token = envelope.places.get("certificate")
        reference = envelope.places["signature"].find(f"{_REFERENCE}/{tag(Ns.WSSE, 'Reference')}")
        if token is None or reference is None or token.get("ValueType") != X509_V3:
            raise Refusal(Code.BAD_SIGNATURE, why="KeyInfo refers to no certificate in the message")
        if reference.get("URI") != f"#{token.get(tag(Ns.WSU, 'Id'))}":
            raise Refusal(Code.BAD_SIGNATURE, why="KeyInfo refers to something else than the certificate")
        try:
            data = base64.b64decode("".join((token.text or "").split()), validate=True)
            certificate = x509.load_der_x509_certificate(data)
        except (binascii.Error, ValueError) as exc:
            raise Refusal(Code.BAD_SIGNATURE, why="the certificate cannot be read") from exc
        if not is_issued_by(certificate, self._ca, datetime.now(UTC)):
            raise Refusal(Code.BAD_SIGNATURE, why="the certificate is not one of ours, or not in force")
        known(certificate.public_key())
        return certificate

    def _proof_certificate(self, envelope: Envelope, claims: Claims) -> x509.Certificate:
        if self.proof == "bearer":
            certificate = self.message_certificate(envelope)
            if claims.key is not None or institution_of(certificate) != claims.institution:
                raise Refusal(Code.BAD_SIGNATURE, why="the token is not for this institution's key as bearer")
            return certificate
        identifier = envelope.places["signature"].find(f"{_REFERENCE}/{tag(Ns.WSSE, 'KeyIdentifier')}")
        if identifier is None or identifier.get("ValueType") != SAML_ID:
            raise Refusal(Code.BAD_SIGNATURE, why="KeyInfo does not refer to the assertion")
        if (identifier.text or "").strip() != envelope.identifier("assertion") or claims.key is None:
            raise Refusal(Code.BAD_SIGNATURE, why="KeyInfo refers to another assertion, or it names no key")
        return wrapped(claims.key)

    def _check_freshness(self, timestamp: etree._Element, now: datetime) -> None:
        created = parse_instant(timestamp.findtext(tag(Ns.WSU, "Created")) or "")
        expires = parse_instant(timestamp.findtext(tag(Ns.WSU, "Expires")) or "")
        security = self._pack.security
        if expires <= now:
            # No tolerance: late bytes of a message that its sender has given up must not be taken.
            raise Refusal(Code.EXPIRED, why="the message has expired")
        if created > now + timedelta(seconds=security.clock_skew_s):
            raise Refusal(Code.CLOCK, why="the message was made in the future")
        if not timedelta() < expires - created <= timedelta(seconds=security.timestamp_life_s):
            raise Refusal(Code.CLOCK, why="the message's life is not as the contract says")

    def _caller(self, claims: Claims, peer: x509.Certificate, now: datetime) -> Caller:
        if institution_of(peer) != claims.institution:
            raise Refusal(Code.WRONG_INSTITUTION, why="token and TLS client certificate are of two institutions")
        user = self._users.get(claims.user)
        if not claims.not_before <= now < claims.not_on_or_after or user is None or not user.active:
            raise Refusal(Code.SESSION_ENDED, why="the token is not in force, or its user is no more")
        return Caller(user, claims.role, claims.institution)
