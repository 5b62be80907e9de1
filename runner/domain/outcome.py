"""How a try ended, and what of it is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Ending(StrEnum):
    """
    How a try ended.

    The first five are known before a byte left; the next five follow a permit; the last two answer a probe.
    """

    GIVEN_BACK = "GIVEN_BACK"  # not tried after all: the row is as before its claim
    INVALID = "INVALID"  # the row must be mended
    SKIPPED = "SKIPPED"  # a rule says never
    TOO_LATE = "TOO_LATE"  # its time is over, or there is nobody under whose name it may go in time
    PARKED = "PARKED"  # needs a person
    ACCEPTED = "ACCEPTED"  # verified: the EESZT has it
    REJECTED = "REJECTED"  # verified: the EESZT says no
    NOT_RECEIVED = "NOT_RECEIVED"  # surely not received: may be tried again
    NEEDS_PERSON = "NEEDS_PERSON"  # verified: not taken, and a person must act first
    UNKNOWN = "UNKNOWN"  # may or may not have been received
    ABSENT = "ABSENT"  # probe: the EESZT does not show it
    NO_ANSWER = "NO_ANSWER"  # probe: could not be asked or answered


class Reason(StrEnum):
    """
    Reason codes that the runner itself gives, stored in ``reason_code``.

    A refusal by the EESZT carries the EESZT's own code instead.
    """

    LOGIN = "LOGIN"  # the person must log in
    NO_MATCH = "NO_MATCH"  # the HIS user has no row in EESZT_USER_MAP
    NOT_ASSIGNED = "NOT_ASSIGNED"  # the sending identity is not assigned to the workplace
    NO_OTH_CODE = "NO_OTH_CODE"  # EESZT_WORKPLACE has no OTH code of the workplace
    NOT_REGISTERED = "NOT_REGISTERED"  # a doctor who must be registered first
    DOCTOR_ONLY = "DOCTOR_ONLY"
    PRESCRIBER_ONLY = "PRESCRIBER_ONLY"
    WINDOW_CLOSED = "WINDOW_CLOSED"  # send_by has passed
    WARD_TIMEOUT = "WARD_TIMEOUT"  # answer_by has passed
    NO_SESSION = "NO_SESSION"  # at recording: no live session, so paper
    OUTAGE = "OUTAGE"  # the service is known to be down
    NO_RUNNER = "NO_RUNNER"  # no daemon is alive
    LOST_ANSWER = "LOST_ANSWER"  # sent, no believable answer
    UNKNOWN_ANSWER = "UNKNOWN_ANSWER"  # answered with something that no list names
    BAD_ANSWER = "BAD_ANSWER"  # an answer that does not verify
    ABSENT = "ABSENT"  # asked after and surely not there
    GIVE_UP = "GIVE_UP"  # asked after for too long without a clear answer
    OTHER_PATIENT = "OTHER_PATIENT"  # a query was answered with somebody else's data
    SEVERAL = "SEVERAL"  # a probe found more than one candidate
    POISON = "POISON"  # its daemon died again and again
    WITHDRAWN = "WITHDRAWN"  # by the HIS
    PREDECESSOR = "PREDECESSOR"  # what it depends on did not succeed
    IDENTIFIER_TAKEN = "IDENTIFIER_TAKEN"  # the EESZT's identifier belongs to another item already
    UNKNOWN_DOCUMENT_TYPE = "UNKNOWN_DOCUMENT_TYPE"
    BAD_PAYLOAD = "BAD_PAYLOAD"  # no JSON, or not an object
    BAD_FIELD = "BAD_FIELD"
    RULE = "RULE"  # a dated rule says never
    NO_SOURCE = "NO_SOURCE"  # the source query found no row, or several
    NOT_REACHED = "NOT_REACHED"  # connection refused, or the breaker is open
    DUPLICATE = "DUPLICATE"  # the same record is on its way, or up, already
    MAPPING_FAULT = "MAPPING_FAULT"  # the mapping failed on this row
    COPIED = "COPIED"  # the database was adopted as a copy: nothing that stood open in it is sent from here
    TOKEN_REFUSED = "TOKEN_REFUSED"  # noqa: S105  the EESZT no longer takes the session


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    One try's end, as facts.

    Attributes:
        ending: How it ended.
        reason_code: A ``Reason`` or the EESZT's own code; None only for ACCEPTED and GIVEN_BACK.
        status_text: One Hungarian sentence for the ward, without patients' data; at most 1000 characters.
        receipt: What the EESZT gave back to keep, name → value, e.g. ``{"eeszt_id": "SIM…", "barcode": "SIM…"}``.
        result: JSON text of a query's answer, else None.
        retry_after_s: Seconds until the next try or probe; None: the default.
        unlisted_code: Code of a fault that no list names, where it has a code's form; kept with the try.
        burns_attempt: Whether NOT_RECEIVED counts as an attempt and NO_ANSWER may end in giving up (not in an outage).
    """

    ending: Ending
    reason_code: str | None = None
    status_text: str | None = None
    receipt: Mapping[str, str] = field(default_factory=dict)
    result: str | None = None
    retry_after_s: float | None = None
    unlisted_code: str | None = None
    burns_attempt: bool = True
