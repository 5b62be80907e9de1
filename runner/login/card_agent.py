"""
The login agent on the workstation: shows whose login it is, lets the card sign what it made itself, once.

What is signed names the endpoint that TLS has shown, this request, and the session key: somebody in between, or another
endpoint, cannot use it. The PIN goes to the card and nowhere else.
"""

from __future__ import annotations

import base64
import binascii
import json
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from runner.domain.card import CardProfile, Conversation, Gives, PinRule, Statement, moment
from runner.errors import LoginError, fault
from runner.login.card import CardInReader, Readers
from runner.login.card_application import Application
from runner.login.card_channel import Channel
from runner.login.card_proof import card_certificate, is_signed_by, raw_signature
from runner.login.granted import Granted
from runner.login.nonce import NONCE, nonce_hash
from runner.settings.workstation import Workstation

if TYPE_CHECKING:
    from cryptography import x509

SCHEME = "eeszt-login:"
"""Of the addresses by which the HIS starts the agent: the scheme and the nonce, nothing else."""
CARD_WAIT_S = 60.0
_CLIENT_S = 120.0


class Person(Protocol):
    """Who sits at the workstation."""

    def show(self, his_user: str, institution: str, short_code: str | None) -> None:
        """Show whose login it is, before anything is asked."""

    def card_needed(self) -> None:
        """Ask for the card."""

    def on_the_pad(self) -> None:
        """Say that the PIN is typed on the reader."""

    def pin(self, rule: PinRule, tries_left: int | None) -> str:
        """Ask for the PIN, without echo."""


def nonce_of(said: str) -> str:
    """
    Give the nonce of a line on standard input, or of an ``eeszt-login:`` address.

    Raises:
        LoginError: RNR-4220, it is neither; an address may hold nothing but the nonce.
    """
    nonce = said.strip().removeprefix(SCHEME).strip("/")
    if not NONCE.fullmatch(nonce):
        raise fault(4220, "login request")
    return nonce


def log_in(workstation: Workstation, nonce: str, person: Person, readers: Readers | None = None) -> Granted:
    """
    Log the person in whom the request is for.

    Args:
        workstation: The machine's configuration.
        nonce: Of the request that the HIS began.
        person: Who sits here.
        readers: Of this computer; None: the real ones.

    Raises:
        LoginError: With a Hungarian sentence that says what to do; nothing is tried again.
    """
    channel = Channel(workstation)
    shown = channel.step({"nonce": nonce})
    conversation = str(shown.get("conversation"))
    try:
        profile = _profile(shown)
        code = shown.get("short_code")
        person.show(str(shown.get("his_user")), str(shown.get("institution")), None if code is None else str(code))
        talk = _Talk(channel, conversation, nonce, profile)
        if profile.conversation is Conversation.EXTERNAL:
            done = talk.through_client(workstation.client)
        else:
            with (readers or Readers()).card(
                named=workstation.reader, wait_s=CARD_WAIT_S, waiting=person.card_needed
            ) as card:
                done = talk.with_card(card, person)
        return Granted.of(done)
    except LoginError as error:
        if error.number != _REFUSED:
            _tell(channel, conversation, error.number)
        raise
    except (KeyError, TypeError, ValueError) as exc:
        raise fault(4223, workstation.host, what="an answer of another form") from exc


_REFUSED = 4411
_BROKEN_OFF = frozenset({4212, 4219})
"""The card was reset, or the reader broke a command off."""


class _Talk:
    """One conversation, after the person has seen whose it is."""

    def __init__(self, channel: Channel, conversation: str, nonce: str, profile: CardProfile) -> None:
        self._channel = channel
        self._conversation = conversation
        self._nonce = nonce
        self._profile = profile

    def with_card(self, card: CardInReader, person: Person) -> Mapping[str, Any]:
        """Show the certificate, present the PIN, sign, verify, finish."""
        try:
            application, der, certificate, left = self._looked_at(card)
        except LoginError as error:
            if error.number not in _BROKEN_OFF:
                raise
            card.again()  # once, and never after this: from here on a PIN may be lost
            application, der, certificate, left = self._looked_at(card)
        data = self._statement(der)
        if card.pad is not None:
            person.on_the_pad()
        application.verify(lambda rule: person.pin(rule, left))
        signature = application.sign(data)
        signing = self._profile.signing
        if signing is not None and signing.gives is Gives.DER:
            signature = raw_signature(certificate, signature)
        return self._finish(certificate, data, signature)

    def _looked_at(self, card: CardInReader) -> tuple[Application, bytes, x509.Certificate, int | None]:
        """Give the card's application, its certificate, and how often its PIN may be tried."""
        application = Application(card, self._profile, card.pad)
        der = application.certificate()
        return application, der, card_certificate(der, datetime.now(UTC)), application.tries_left()

    def through_client(self, command: tuple[str, ...]) -> Mapping[str, Any]:
        """Let the card's own client do it: certificate first, then signature, each by one run of the program."""
        der = _asked(command, {"ask": "certificate"})
        certificate = card_certificate(der, datetime.now(UTC))
        data = self._statement(der)
        signature = _asked(command, {"ask": "signature", "data": base64.b64encode(data).decode()})
        return self._finish(certificate, data, signature)

    def _statement(self, der: bytes) -> bytes:
        """Show the certificate, and make what is signed: of the endpoint's word only what it alone can know."""
        said = self._channel.step({"conversation": self._conversation, "certificate": base64.b64encode(der).decode()})
        if said.get("step") != "sign":
            raise fault(4223, "login endpoint", what=f"step {said.get('step')!r}")
        session, institution = str(said["session"]), str(said["institution"])
        if "\n" in session or "\n" in institution:
            raise fault(4223, "login endpoint", what="a statement of more lines")
        return Statement(
            endpoint=self._channel.endpoint,
            request=nonce_hash(self._nonce),
            session=session,
            institution=institution,
            time=moment(said["time"]),
        ).bytes()

    def _finish(self, certificate: x509.Certificate, data: bytes, signature: bytes) -> Mapping[str, Any]:
        if not is_signed_by(certificate, self._profile.algorithm, data, signature):
            raise fault(4213, "card")
        return self._channel.step(
            {"conversation": self._conversation, "signature": base64.b64encode(signature).decode()}
        )


def _profile(shown: Mapping[str, Any]) -> CardProfile:
    try:
        return CardProfile.of(shown["profile"])
    except (KeyError, ValueError) as exc:
        raise fault(4223, "login endpoint", what="a card profile of another form") from exc


def _asked(command: tuple[str, ...], question: Mapping[str, str]) -> bytes:
    """Run the card's own client once: a question as JSON on its input, ``{"answer": base64}`` on its output."""
    if not command:
        raise fault(4225, "workstation", reason="no `client` in the workstation's file")
    try:
        done = subprocess.run(  # noqa: S603  the machine's own configuration names it
            command, input=json.dumps(question).encode(), capture_output=True, timeout=_CLIENT_S, check=False
        )
        if done.returncode:
            raise fault(4225, command[0], reason=f"exit code {done.returncode}")
        return base64.b64decode(json.loads(done.stdout)["answer"], validate=True)
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise fault(4225, command[0], reason=type(exc).__name__) from exc
    except (ValueError, KeyError, TypeError, binascii.Error) as exc:
        raise fault(4225, command[0], reason="an answer of another form") from exc


def _tell(channel: Channel, conversation: str, number: int) -> None:
    """Tell the endpoint why nothing comes any more, for its audit log; that it cannot be told changes nothing here."""
    try:
        channel.step({"conversation": conversation, "abandoned": number})
    except LoginError:
        return
