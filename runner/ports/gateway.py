"""The way to the EESZT: a message, its delivery and its answer."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from runner.ports.audit import Noted
from runner.ports.logins import Token


class Delivery(StrEnum):
    """What is known of a message after a send."""

    ANSWERED = "ANSWERED"  # a verified answer
    FAULT = "FAULT"  # a verified fault
    NOT_SENT = "NOT_SENT"  # surely not received
    LOST = "LOST"  # may have been received: no answer, or none that can be believed


@dataclass(frozen=True, slots=True)
class Message:
    """
    One SOAP message to send.

    Attributes:
        operation: ``service.Operation`` of the contract pack.
        message_id: ``urn:uuid:…``.
        body: The body's element in exclusive C14N; its files stand beside it (``domain.long_texts``).
        expires_at: Its own expiry, carried in the Timestamp.
        item_id: For the log and the breaker; None for what belongs to no item.
        read_timeout_s: Longest wait for the answer, seconds; None: the gateway's own.
        his_user: Who recorded the item, for the audit log; None for what belongs to no item.
        begin_by: Monotonic instant after which its first byte must not leave: its lease would run short. None: any.
        is_fresh: Whether this process has just made the body, as one element in canonical form; what comes from the
            database is parsed and canonicalised again before it is signed.
        wire: Entered before its first byte leaves and left when its answer is there, or none will be: whoever sends
            bounds by it how many are on the wire at once.
    """

    operation: str
    message_id: str
    body: bytes
    expires_at: datetime
    item_id: int | None = None
    read_timeout_s: float | None = None
    his_user: str | None = None
    begin_by: float | None = None
    is_fresh: bool = False
    wire: AbstractContextManager[object] = field(default_factory=nullcontext, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """
    What came of a send.

    Attributes:
        delivery: What is known.
        body: The verified answer's body element, as bytes of its own document, its files beside it; None unless
            ANSWERED.
        fault_code: Of a verified fault.
        fault_field: The field that the fault names, or None.
        fault_identifier: The identifier that the fault brings, or None.
        detail: Technical reason for the log (no patients' data): ``connection refused``, ``HTTP 200 text/html``, …
        bad_answer: Whether something came back that does not verify.
        took_s: Seconds.
        noted: The answer in the audit log; None where nothing was sent, or nothing is logged.
    """

    delivery: Delivery
    body: bytes | None = field(default=None, repr=False)
    fault_code: str | None = None
    fault_field: str | None = None
    fault_identifier: str | None = None
    detail: str = ""
    bad_answer: bool = False
    took_s: float = 0.0
    noted: Noted | None = None


class Gateway(Protocol):
    """Sends messages to the EESZT; thread-safe; never sends a message twice by itself."""

    def send(self, message: Message, token: Token) -> Reply:
        """Sign, send, verify the answer. Never raises for what the network or the other side does."""

    def is_open(self, service: str) -> bool:
        """Whether messages are kept from this service now: it is interrupted, or nothing can be logged."""

    def most_per_claim(self, service: str) -> int | None:
        """How many items may be claimed for a service that is just coming back; None: no bound."""

    def try_again(self, service: str) -> bool:
        """Ask an interrupted service with its harmless call, if it is time to; whether it is back."""
