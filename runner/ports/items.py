"""Items of the outbox as the parts hand them to each other: type, row, permission, outcome, write-back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from runner.domain.outbox import Needs, Row, Waits
from runner.domain.outcome import Outcome
from runner.domain.policy import Kind
from runner.ports.audit import Anchor, Noted


class Proof(StrEnum):
    """Whether who recorded a row is proved (session handle) or only said."""

    BOUND = "BOUND"
    ASSERTED = "ASSERTED"


class LoginAtRecording(StrEnum):
    """Whether the recorder had a live EESZT login when the row was written, as a recorded fact."""

    LIVE = "LIVE"
    NONE = "NONE"
    LOGIN_DOWN = "LOGIN_DOWN"


@dataclass(frozen=True, slots=True)
class TypeVersion:
    """
    A document type as EESZT_DOCUMENT_TYPE holds it: what the insert and the claim need to know of it.

    Attributes:
        document_type: Its name, the mapping's folder.
        digest: SHA-256 (hex) over everything the type is made of; a daemon claims only digests that it holds.
        title: Hungarian title.
        lane: The outbox it belongs to, e.g. ``interactive``.
        kind: Line of the decision table.
        send_limit_s: Seconds from recording after which no byte may leave, or None: no limit.
        answer_limit_s: Seconds that a ward waits; None where nobody waits.
        needs: What it needs of its predecessor in the order.
        withdrawal_type: The document type that withdraws it, or None.
        is_probe: Whether it only serves to ask after other items and is never written to an outbox.
    """

    document_type: str
    digest: str
    title: str
    lane: str
    kind: Kind
    send_limit_s: float | None = None
    answer_limit_s: float | None = None
    needs: Needs = Needs.FINAL
    withdrawal_type: str | None = None
    is_probe: bool = False


@dataclass(frozen=True, slots=True)
class NewItem:
    """What the HIS writes of an item; see design of the outbox columns."""

    document_type: str
    recorded_by: str
    workplace: str
    recorded_at: datetime
    source_key: str | None = None
    order_key: str | None = None
    payload: str | None = None
    priority: int | None = None
    replaces: int | None = None
    first_recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """
    A claimed row with everything that its work needs.

    Attributes:
        lane: The outbox that it stands in.
        row: What the protocol knows of it, as of the claim.
        document_type: The mapping's name.
        recorded_by: HIS user.
        workplace: OTH code, or whatever the HIS wrote there.
        recorded_at: When it was recorded, by the HIS.
        created_at: When the row was written, by the database's clock.
        source_key: Key of the HIS's own record, for source queries.
        order_key: Rows of one key go in the order in which they were written.
        payload: JSON text as written, perhaps no JSON at all; None where a source query gives the row.
        proof: Whether the recorder is proved.
        login_at_recording: The recorder's login when the row was written.
        acting_user: EESZT user under whom bytes once left; fixed from then on. None before.
        withdraws: The item that this one withdraws, or None.
        prescriber: ``recorded_by`` of the item that this one withdraws, or None.
        stored_body: The message's body as it left, where bytes once left (retry and probe use it), else None; its files
            are not stored with it.
        stored_document: The document's fields as JSON text, likewise.
        mapping_version: Digest of the mapping it was made with, once bytes were stored.
        first_recorded_at: When what it corrects was first recorded; windows run from here. None: ``recorded_at``.
        oth_code: OTH code of the workplace; empty where EESZT_WORKPLACE has none, None where it has no such name.
    """

    lane: str
    row: Row
    document_type: str
    recorded_by: str
    workplace: str
    recorded_at: datetime
    created_at: datetime
    source_key: str | None = None
    order_key: str | None = None
    payload: str | None = None
    proof: Proof = Proof.ASSERTED
    login_at_recording: LoginAtRecording = LoginAtRecording.NONE
    acting_user: str | None = None
    withdraws: int | None = None
    prescriber: str | None = None
    stored_body: bytes | None = None
    stored_document: str | None = None
    mapping_version: str | None = None
    first_recorded_at: datetime | None = None
    oth_code: str | None = None


@dataclass(frozen=True, slots=True)
class DecisionNote:
    """
    What the decision table said of an item, as it is kept to be proved later.

    Attributes:
        line: Number of the line; the table has its source.
        rules: Dated rules that applied, JSON: identifier → ``from`` (first day of the version) and parameters.
        acting_user: EESZT user whom it chose, or None.
    """

    line: str
    rules: str
    acting_user: str | None = None


@dataclass(frozen=True, slots=True)
class PermitRequest:
    """
    What must be stored before a byte leaves.

    Attributes:
        item: The claimed item.
        token: Our claim token.
        message_id: ``urn:uuid:…``; the item's own where it has one.
        body: The body element in exclusive C14N, its files beside it; for a retry the stored one.
        document: The document's fields, JSON text.
        acting_user: EESZT user under whom it goes.
        mapping_version: Digest of the document type.
        life_s: Seconds until the message expires; cut at ``send_by`` by the store.
        decision: Why under this name, stored with the first permit; None for a retry.
    """

    item: Item
    token: str
    message_id: str
    body: bytes
    document: str
    acting_user: str
    mapping_version: str
    life_s: float
    decision: DecisionNote | None = None


@dataclass(frozen=True, slots=True)
class Permitted:
    """Bytes may leave until ``expires_at``, the message's own expiry."""

    expires_at: datetime


@dataclass(frozen=True, slots=True)
class WriteBack:
    """One copy into a table of the HIS: ``UPDATE table SET values WHERE key``, exactly one row."""

    table: str
    key: Mapping[str, object]
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Completion:
    """
    How one try or probe of an item ended.

    Attributes:
        lane: The item's outbox.
        item_id: The item.
        token: Our claim token.
        outcome: How it ended.
        waits: The document type's waiting times.
        attempt: SEND, PROBE or DECIDE for the row in EESZT_ATTEMPT; None where nothing was tried or decided.
        took_s: How long the try took, seconds.
        acting_user: Under whom, or None.
        write_backs: What to copy into the HIS's tables if it is applied as ACCEPTED.
        asker: For a query: the HIS user whose result it is.
        result_life_s: How long a query's result is kept, seconds.
        decision: For DECIDE: what the decision table said.
        noted: Its answer in the audit log, which is waited for before this is applied; None where there is none.
        anchor: Where the answer stands in the audit log, kept with the attempt.
    """

    lane: str
    item_id: int
    token: str
    outcome: Outcome
    waits: Waits
    attempt: str | None = None
    took_s: float = 0.0
    acting_user: str | None = None
    write_backs: Sequence[WriteBack] = ()
    asker: str | None = None
    result_life_s: float = 900.0
    decision: DecisionNote | None = None
    noted: Noted | None = None
    anchor: Anchor | None = None
