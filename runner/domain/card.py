"""
What a card profile says, and what a card signs to log its owner in; data that agent and endpoint share.

How the EESZT lets people log in with their eSzemélyi card is not public: what is signed here, and how it is proved to
the token service, is ours, and so are the profiles that are shipped.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

LABEL = "card login 1, eeszt-runner"
"""The first line of what a card signs, so that it can never be taken for anything else."""


class Conversation(StrEnum):
    """Who speaks with the card."""

    SIGN_CHALLENGE = "sign_challenge"  # the agent: PIN, then one signature over what it made itself
    EXTERNAL = "external"  # the card's own client, which the workstation's file names


class Algorithm(StrEnum):
    """How the card signs."""

    RSA_PKCS1_SHA256 = "rsa_pkcs1_sha256"
    RSA_PSS_SHA256 = "rsa_pss_sha256"
    ECDSA_SHA256 = "ecdsa_sha256"
    ECDSA_SHA384 = "ecdsa_sha384"


class Command(StrEnum):
    """The command that signs, ISO 7816-4 §11.5.2 and 7816-8 §11.8."""

    INTERNAL_AUTHENTICATE = "internal_authenticate"
    COMPUTE_SIGNATURE = "compute_signature"


class Takes(StrEnum):
    """What the card is given to sign."""

    MESSAGE = "message"
    DIGEST = "digest"
    DIGEST_INFO = "digest_info"  # the digest with its algorithm, PKCS #1 v1.5 §9.2


class Gives(StrEnum):
    """How a card writes a signature by an elliptic curve."""

    RAW = "raw"  # r and s, each as long as the curve
    DER = "der"  # ECDSA-Sig-Value, RFC 3279 §2.2.3


class PinForm(StrEnum):
    """How the digits of a PIN are written."""

    ASCII = "ascii"
    BCD = "bcd"
    ISO_9564_2 = "iso_9564_2"  # ISO 9564-1 format 2: length nibble, digits, filled with F


@dataclass(frozen=True, slots=True)
class PinRule:
    """
    How a PIN is presented.

    Attributes:
        reference: P2 of VERIFY.
        form: How its digits are written.
        least: Fewest digits.
        most: Most digits.
        block: Length of the block that is sent, filled with ``padding``; 0: as long as the PIN.
        padding: Fills the block.
        not_activated: Status words by which the card says that its owner has not set his PIN yet.
    """

    reference: int
    form: PinForm
    least: int
    most: int
    block: int = 0
    padding: int = 0xFF
    not_activated: tuple[int, ...] = (0x6984,)


@dataclass(frozen=True, slots=True)
class Signing:
    """
    How the card signs.

    Attributes:
        command: Which command.
        key: Reference of the key in MANAGE SECURITY ENVIRONMENT.
        mechanism: Reference of the algorithm there, or None where the card needs none.
        takes: What it is given.
        gives: How it writes the signature.
        is_extended: Whether it takes and gives everything at once, instead of in chains and pieces.
    """

    command: Command
    key: int
    takes: Takes
    mechanism: int | None = None
    gives: Gives = Gives.RAW
    is_extended: bool = False


@dataclass(frozen=True, slots=True)
class CardProfile:
    """
    One kind of card.

    Attributes:
        name: Of its file.
        title: What people call it.
        conversation: Who speaks with it.
        algorithm: How it signs.
        application: Identifier of its application for identification; empty where an external client knows.
        certificate: Path of file identifiers below the application.
        pin: How the PIN is presented, or None.
        signing: How it signs, or None.
        said: The profile as its file says it, for the agent.
    """

    name: str
    title: str
    conversation: Conversation
    algorithm: Algorithm
    application: bytes = b""
    certificate: tuple[bytes, ...] = ()
    pin: PinRule | None = None
    signing: Signing | None = None
    said: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> CardProfile:
        """
        Give the profile that a file of ``mappings/cards``, or the endpoint, says.

        Raises:
            ValueError: It does not have its form.
        """
        try:
            pin, signing, place = said.get("pin"), said.get("signing"), said.get("certificate", {})
            profile = cls(
                name=str(said["card"]),
                title=str(said["title"]),
                conversation=Conversation(said["conversation"]),
                algorithm=Algorithm(said["algorithm"]),
                application=bytes.fromhex(said.get("application", "")),
                certificate=tuple(bytes.fromhex(each) for each in place.get("path", ())),
                pin=_pin(pin) if pin else None,
                signing=_signing(signing) if signing else None,
                said=said,
            )
        except (KeyError, TypeError, AttributeError) as exc:
            raise ValueError(f"no card profile: {exc!r}") from exc
        if profile.conversation is Conversation.SIGN_CHALLENGE and not (
            profile.application and profile.certificate and profile.pin and profile.signing
        ):
            raise ValueError("a card that the agent speaks with needs application, certificate, pin and signing")
        return profile


def _pin(said: Mapping[str, Any]) -> PinRule:
    rule = PinRule(
        reference=_byte(said["reference"]),
        form=PinForm(said["form"]),
        least=int(said["least"]),
        most=int(said["most"]),
        block=int(said.get("block", 0)),
        padding=_byte(said.get("padding", "FF")),
        not_activated=tuple(int(word, 16) for word in said.get("not_activated", ("6984",))),
    )
    if not 4 <= rule.least <= rule.most <= 12:  # noqa: PLR2004  what ISO 9564 allows
        raise ValueError("a PIN has 4 to 12 digits")
    return rule


def _signing(said: Mapping[str, Any]) -> Signing:
    mechanism = said.get("mechanism")
    return Signing(
        Command(said["command"]),
        _byte(said["key"]),
        Takes(said["takes"]),
        None if mechanism is None else _byte(mechanism),
        Gives(said.get("gives", Gives.RAW)),
        said.get("lengths", "short") == "extended",
    )


def _byte(text: str) -> int:
    if not re.fullmatch(r"[0-9A-Fa-f]{2}", text):
        raise ValueError(f"{text!r} is no byte of two hexadecimal digits")
    return int(text, 16)


@dataclass(frozen=True, slots=True)
class Statement:
    """
    What a card signs to log its owner in; the agent makes it by itself.

    Attributes:
        endpoint: SHA-256 of the endpoint's public key as the agent saw it in TLS, so that nobody in between can use it.
        request: SHA-256 (hex) of the nonce: this login and no other.
        session: SHA-256 of the session key that the token is to be bound to.
        institution: For which.
        time: When, by the endpoint's clock; aware UTC, whole seconds.
    """

    endpoint: str
    request: str
    session: str
    institution: str
    time: datetime

    def bytes(self) -> bytes:
        """Give the bytes that are signed."""
        return (
            f"{LABEL}\nendpoint {self.endpoint}\nrequest {self.request}\nsession {self.session}\n"
            f"institution {self.institution}\ntime {self.time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}\n"
        ).encode()


@dataclass(frozen=True, slots=True)
class CardProof:
    """
    What proves to the token service whose card it is.

    Attributes:
        certificate: The card's, DER.
        algorithm: How it signed.
        statement: The bytes that it signed.
        signature: RSA: the value; ECDSA: r and s of equal length.
    """

    certificate: bytes
    algorithm: Algorithm
    statement: bytes
    signature: bytes


def fingerprint(data: bytes) -> str:
    """Give the SHA-256 of a key or certificate, hex."""
    return hashlib.sha256(data).hexdigest()


def moment(text: str) -> datetime:
    """
    Give an aware instant of a step.

    Raises:
        ValueError: It is none.
    """
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("an instant without a time zone")
    return found
