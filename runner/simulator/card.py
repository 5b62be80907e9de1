"""
Logins with a card at the simulated token service: the proof of the reference contract, judged by code of its own.

Ours: how the EESZT takes a card is not public.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from runner.simulator.names import tag
from runner.simulator.refusal import Code, Refusal

if TYPE_CHECKING:
    from lxml import etree

    from runner.simulator.key_value import PublicKey
    from runner.simulator.register import Register
    from runner.simulator.user import User, UserRegister

NAMESPACE = "urn:x-eeszt-runner:reference-contract:1:kartya"
PROOF = tag(NAMESPACE, "Igazolas")
_STATEMENT = re.compile(
    r"card login 1, eeszt-runner\nendpoint [0-9a-f]{64}\nrequest [0-9a-f]{64}\nsession (?P<session>[0-9a-f]{64})\n"
    r"institution (?P<institution>[^\n]+)\ntime (?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\n"
)
_FRESH = timedelta(minutes=5)
_DIGESTS: dict[str, hashes.HashAlgorithm] = {"ecdsa_sha256": hashes.SHA256(), "ecdsa_sha384": hashes.SHA384()}


def has_card_proof(request: etree._Element) -> bool:
    """Whether a token request carries a card's proof."""
    return request.find(PROOF) is not None


class Cards:
    """Judges proofs; each is taken once."""

    def __init__(self, users: UserRegister, register: Register) -> None:
        self._users = users
        self._register = register

    def owner(self, request: etree._Element, key: PublicKey | None, now: datetime) -> User:
        """
        Give who activated the card that proved itself for this session key.

        Raises:
            Refusal: Not activated by anybody, not active, or the proof is not good.
        """
        (proof,) = request.findall(PROOF)
        try:
            der, statement, signature = (_decoded(proof, name) for name in ("Tanusitvany", "Nyilatkozat", "Alairas"))
            certificate = x509.load_der_x509_certificate(der)
            _verify(certificate.public_key(), proof.findtext(tag(NAMESPACE, "Algoritmus")) or "", statement, signature)
        except (ValueError, binascii.Error, InvalidSignature) as exc:
            raise Refusal(Code.CARD_REFUSED, why=f"the card's signature: {type(exc).__name__}") from exc
        said = _STATEMENT.fullmatch(statement.decode("utf-8", "replace"))
        if said is None or said["institution"] != self._users.institution:
            raise Refusal(Code.CARD_REFUSED, why="the statement is not for a login here")
        if key is not None and said["session"] != hashlib.sha256(_spki(key)).hexdigest():
            raise Refusal(Code.CARD_REFUSED, why="the card spoke for another session key")
        at = datetime.strptime(said["time"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        if abs(now - at) > _FRESH or not certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc:
            raise Refusal(Code.CARD_REFUSED, why="statement or certificate is not of today")
        user = self._users.owner(hashlib.sha256(der).hexdigest())
        if user is None:
            raise Refusal(Code.CARD_NOT_ACTIVATED)
        if not user.active:
            raise Refusal(Code.NOT_ACTIVE)
        if not self._register.use_card_proof(hashlib.sha256(statement).hexdigest()):
            raise Refusal(Code.CARD_REFUSED, why="the statement was used before")
        return user


def _decoded(proof: etree._Element, name: str) -> bytes:
    return base64.b64decode(proof.findtext(tag(NAMESPACE, name)) or "", validate=True)


def _verify(key: object, algorithm: str, statement: bytes, signature: bytes) -> None:
    if isinstance(key, rsa.RSAPublicKey) and algorithm == "rsa_pkcs1_sha256":
        key.verify(signature, statement, padding.PKCS1v15(), hashes.SHA256())
    elif isinstance(key, rsa.RSAPublicKey) and algorithm == "rsa_pss_sha256":
        key.verify(signature, statement, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm in _DIGESTS:
        half = len(signature) // 2
        r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
        key.verify(encode_dss_signature(r, s), statement, ec.ECDSA(_DIGESTS[algorithm]))
    else:
        raise ValueError(algorithm)


def _spki(key: PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
