"""What the daemon's threads hand to each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runner.daemon.trouble import Trouble, token_trouble
from runner.domain.outcome import Outcome
from runner.mapping import DocumentType, Mappings
from runner.ports import Clock, DecisionNote, Directory, Gateway, Item, Message, Outbox, PermitRequest, Sessions, Token

StepHook = Callable[[str, Sequence[int]], None]
"""Called with a step's name and the items it is about; inert in production, tests wait or kill on it."""


def no_hook(step: str, items: Sequence[int]) -> None:
    """Let the step pass."""


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Site:
    """
    Everything that the work on an item needs, wired by ``app``.

    Attributes:
        owner: Name of this daemon in leases and heartbeats.
        outbox: The database.
        directory: Who is who.
        sessions: Under whose name something can go.
        gateway: The EESZT.
        mappings: The document types and outboxes in force here.
        technical_user: EESZT name of the technical user, or None.
        message_life_s: How long a message is valid by its own word, seconds.
        clock: Time.
        is_production: Whether this is the real thing: what a simulator gave is not believed then.
        is_suspended: Whether nothing may be claimed or sent, since the database is another one than at the start.
        hook: Told of every step.
        tokens: What goes wrong with getting tokens.
    """

    owner: str
    outbox: Outbox
    directory: Directory
    sessions: Sessions
    gateway: Gateway
    mappings: Mappings
    technical_user: str | None
    message_life_s: float
    clock: Clock
    is_production: bool = False
    is_suspended: Callable[[], bool] = _never
    hook: StepHook = no_hook
    tokens: Trouble = field(default_factory=token_trouble)


@dataclass(frozen=True, slots=True)
class Watched:
    """
    A service whose interruptions MedWorkS is told of.

    Attributes:
        name: As in EESZT_SERVICE_STATE.
        is_down: Whether it is interrupted now.
        try_again: Asks it with something harmless, if it is time to; whether it is back.
    """

    name: str
    is_down: Callable[[], bool]
    try_again: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class LaneSettings:
    """
    How one lane works; times in seconds.

    Attributes:
        name: The outbox.
        trusted: Whether the row's word on who recorded it counts as proved.
        poll_s: Between two looks while there is work.
        idle_poll_s: Most between two looks while there is none.
        batch: Most items claimed at once.
        senders: Messages in flight at once.
        lease_s: How long a claim lasts.
        connect_s: Longest wait for a connection.
        read_s: Longest wait for an answer.
    """

    name: str
    trusted: bool
    poll_s: float
    idle_poll_s: float
    batch: int
    senders: int
    lease_s: float
    connect_s: float
    read_s: float

    @property
    def send_s(self) -> float:
        """Longest that one send may take, seconds."""
        return self.connect_s + self.read_s


@dataclass(frozen=True, slots=True)
class Ready:
    """
    An item that is prepared and needs only its permit.

    Attributes:
        item: The claimed item.
        kind: Its document type.
        token: Under which it goes.
        message_id: Its own, for good.
        body: The body's element, exclusive C14N.
        document: What it says.
        document_json: The same as it is stored.
        decision: Why under this name; None for a retry, whose identity was decided once.
        is_fresh: Whether the body was made now; see ``ports.Message``.
    """

    item: Item
    kind: DocumentType
    token: Token
    message_id: str
    body: bytes
    document: Mapping[str, Any]
    document_json: str
    decision: DecisionNote | None = None
    is_fresh: bool = False

    def request(self, life_s: float) -> PermitRequest:
        """What the permit must store before a byte leaves; the message lives ``life_s`` seconds by its own word."""
        return PermitRequest(
            item=self.item,
            token=self.item.row.claim_token or "",
            message_id=self.message_id,
            body=self.body,
            document=self.document_json,
            acting_user=self.token.eeszt_user,
            mapping_version=self.kind.digest,
            life_s=life_s,
            decision=self.decision,
        )


@dataclass(frozen=True, slots=True)
class Unsent:
    """
    An item whose try ends before a byte could leave.

    Attributes:
        outcome: What becomes of it.
        decision: What the decision table had said of it; None where it was not asked, or the item only waits.
    """

    outcome: Outcome
    decision: DecisionNote | None = None


@dataclass(frozen=True, slots=True)
class Dispatch:
    """
    A message for a sender.

    Attributes:
        ready: What it belongs to; for a probe, the item that is asked after.
        message: What goes out.
        send_until: Monotonic instant after which it must not start any more.
        probe: Whether it asks after the item rather than being it.
    """

    ready: Ready
    message: Message
    send_until: float
    probe: bool = False


__all__ = ["Dispatch", "LaneSettings", "Ready", "Site", "StepHook", "Unsent", "Watched", "no_hook"]
