"""One request on its way through the simulator, and what goes back."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from runner.simulator.lookup import Distortion
from runner.simulator.register import now_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography import x509
    from lxml import etree

    from runner.simulator.refusal import Refusal
    from runner.simulator.wsdl import Operation

Ending = Literal["answer", "cut", "silent", "endless"]
_LOG_LENGTH = 100_000


@dataclass(frozen=True)
class Reply:
    """What the connection does."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/html; charset=utf-8"
    ending: Ending = "answer"
    #: How the log names it: ``accepted``, a fault code, or what happened to the connection.
    outcome: str = ""
    #: How far off the Date header is, as a fault made the clock.
    skew_s: float = 0.0


@dataclass
class Turn:
    """One request; faults change its course by the fields below."""

    service: str
    root: etree._Element | None
    peer: x509.Certificate
    operation: Operation | None
    is_token_request: bool
    soap: str
    message_id: str | None
    #: Waits; returns early when the simulator stops.
    wait: Callable[[float], None]
    #: A fault of that refusal as a whole reply, signed.
    refuse: Callable[[Turn, Refusal], Reply]
    #: Identifier of the document that a message identifier made, if any.
    first_of: Callable[[str | None], str | None]
    #: Writes a log entry besides the request's own, for what happens after its connection is gone.
    note: Callable[[Turn, Reply], None]
    user: str | None = None
    #: Why a refusal was made, for the log.
    why: str = ""
    faults: list[str] = field(default_factory=list)
    skew_s: float = 0.0
    distortion: Distortion = field(default_factory=Distortion)
    #: What RelatesTo says; the message identifier unless a fault changes it.
    relates_to: str | None = None
    #: Sign the answer with a key that nobody trusts.
    signed_by_stranger: bool = False

    @property
    def name(self) -> str:
        """``service.Operation``, or ``service.?`` where it cannot be told."""
        return self.operation.name if self.operation is not None else f"{self.service}.?"

    def now(self) -> datetime:
        """The simulator's clock, as far off as a fault made it."""
        return datetime.now(UTC) + timedelta(seconds=self.skew_s)


class Log:
    """Every request and how it ended, the last hundred thousand; nothing of a patient is in it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[dict[str, Any]] = deque(maxlen=_LOG_LENGTH)

    def add(self, turn: Turn, reply: Reply, took_ms: float) -> None:
        """Note how a request ended."""
        entry = {
            "at": now_text(),
            "operation": turn.name,
            "message_id": turn.message_id,
            "user": turn.user,
            "outcome": reply.outcome,
            "why": turn.why,
            "faults": list(turn.faults),
            "status": reply.status if reply.ending == "answer" else None,
            "took_ms": round(took_ms, 1),
        }
        with self._lock:
            self._entries.append(entry)

    def note(self, outcome: str, why: str) -> None:
        """Note what never became a request."""
        with self._lock:
            self._entries.append(
                {"at": now_text(), "operation": None, "message_id": None, "user": None, "outcome": outcome, "why": why}
            )

    def entries(self) -> list[dict[str, Any]]:
        """All entries, oldest first."""
        with self._lock:
            return list(self._entries)
