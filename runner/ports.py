"""
All seams on one page: what the parts promise each other. ``app.py`` alone puts implementations behind them.

Instants are aware UTC. A verb has the same name here, in ``queries.sql``, in metrics and in log events.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from runner.domain.audit import EntryKind
from runner.domain.card import CardProof
from runner.domain.codes import Code, CodeTables
from runner.domain.environment import Identity
from runner.domain.outbox import Needs, Row, State, Verdict, Waits, WardAnswer
from runner.domain.outcome import Outcome
from runner.domain.policy import Kind, Recorder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager


# The outbox


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
        stored_body: The message's body as it left, where bytes once left (retry and probe use it), else None.
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
        body: The body element in exclusive C14N; for a retry the stored one.
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


@dataclass(frozen=True, slots=True)
class KeptFor:
    """
    How long patients' data is kept after its item ended, in seconds.

    Attributes:
        payload_s: What the HIS wrote into the row.
        payload_to_mend_s: The same of a REJECTED or INVALID row, which is mended from it.
        document_s: What went up, as named fields.
    """

    payload_s: float
    payload_to_mend_s: float
    document_s: float


@dataclass(frozen=True, slots=True)
class LaneHealth:
    """
    Whether a lane keeps its promises now, by the database's clock.

    Attributes:
        silent_s: Seconds since the last heartbeat, None where there never was one.
        overdue: How many wards wait for an answer that should have been given.
        overdue_s: For how long the first of them, seconds.
        paused: Whether an operator paused it.
        late_s: For how long the oldest item that could go has been due, seconds.
    """

    silent_s: float | None
    overdue: int
    overdue_s: float
    paused: bool
    late_s: float


@dataclass(frozen=True, slots=True)
class CodeCopy:
    """The last good copy of a published table: its name, how many lines, and when it was read."""

    name: str
    lines: int
    read_at: datetime


@dataclass(frozen=True, slots=True)
class DayTally:
    """
    What ended on one day in Europe/Budapest.

    Attributes:
        day: Which.
        first_time: Whether the day is over and was never counted after its end before.
        endings: Final state → how many items.
        retries: Sends beyond the first.
        probes: Questions after items.
        paper: Items whose ward was told PAPER.
    """

    day: date
    first_time: bool
    endings: Mapping[str, int]
    retries: int
    probes: int
    paper: int


@dataclass(frozen=True, slots=True)
class Look:
    """
    What a lane has to do now.

    Attributes:
        paused: An operator paused it.
        claimable: There is something to claim.
        probes: There is something to ask after.
        time_passed: There is something for ``sweep``.
    """

    paused: bool
    claimable: bool
    probes: bool
    time_passed: bool


class Outbox(Protocol):
    """
    The daemon's side of the outboxes. Each verb is one transaction, commits, and is safe to repeat.

    Raises:
        StoreError: Nothing was changed, unless the text says that it is in doubt.
    """

    def look(self, lane: str, types: Mapping[str, str]) -> Look:
        """Look what a lane has to do, in one statement; ``types`` as for ``claim``. It locks and writes nothing."""

    def claim(self, lane: str, token: str, limit: int, lease_s: float, types: Mapping[str, str]) -> Sequence[Item]:
        """
        Lease up to ``limit`` due rows, by priority and number, in the order of their keys.

        Args:
            lane: Outbox.
            token: A token never used before.
            limit: Most rows; at least 1.
            lease_s: Length of the lease, seconds.
            types: Document type → digest that this daemon holds; others are left alone.
        """

    def claim_probes(
        self, lane: str, token: str, limit: int, lease_s: float, types: Mapping[str, str]
    ) -> Sequence[Item]:
        """Lease up to ``limit`` rows whose fate is to be asked after now (the digest need not match)."""

    def read_source(self, sql: str, item: Item) -> Sequence[Mapping[str, object]]:
        """
        Run a mapping's source query, reading only; at most two rows are fetched, so that several can be told from one.

        Binds by name, those of ``:item_id :source_key :order_key :withdraws :workplace :recorded_by`` that it uses.
        Column names come as the database gives them, in upper case.
        """

    def permit(self, requests: Sequence[PermitRequest]) -> Mapping[int, Permitted | Verdict]:
        """
        Store body, message identifier and digest, and turn CLAIMED into SENDING; item → permitted, or why not.

        Items that another session holds are left out of the answer: nothing was changed of them, ask again.
        """

    def complete(self, completions: Sequence[Completion]) -> Mapping[int, Verdict]:
        """
        Apply outcomes: state, ward answer, identifiers, attempt, result, what is due from them; item → verdict.

        An identifier that another item owns parks the item (IDENTIFIER_TAKEN) and tells the ward PAPER. Items that
        another session holds are left out of the answer: nothing was changed of them, hand them over again.
        """

    def sweep(self, lane: str) -> Mapping[str, int]:
        """
        What time brings: rescue, ward answers due, windows closed, successors of failed predecessors, results expired.

        Returns:
            Counts by verb: ``rescued``, ``answered``, ``cancelled``, ``missed``, ``skipped``, ``settled``, ``purged``;
            only those above zero.
        """

    def write_back(self, limit: int) -> Mapping[str, int]:
        """Copy due write-backs into the HIS's tables, row by row; counts ``written``, ``failed``, ``locked``."""

    def next_due_s(self, lane: str) -> float | None:
        """Seconds until something of the lane is due (0 when already), None where nothing waits."""

    def beat(self, lane: str, owner: str) -> None:
        """Write the lane's heartbeat by the database's clock."""

    def is_paused(self, lane: str) -> bool:
        """Whether an operator paused the lane."""

    def wake(self, eeszt_user: str, his_user: str) -> int:
        """Let everything that waits for this person's login go again; how many items."""

    def service_state(self, service: str, state: str, since: datetime | None) -> None:
        """Tell MedWorkS how a service is: UP or DOWN, in EESZT_SERVICE_STATE."""

    def forget(self, kept: KeptFor, limit: int) -> Mapping[str, int]:
        """
        Forget patients' data that was kept long enough, up to ``limit`` of each kind, so that no lock lasts.

        Nothing is forgotten of an item that has not ended, is still asked after, or whose withdrawal is owed or failed.

        Returns:
            Counts ``payload``, ``document``, ``body`` (which goes with its item's end, here only what was left behind),
            ``token`` (of sessions that ran out) and ``login_request`` (a day old); only those above zero.
        """

    def lane_health(self, lane: str) -> LaneHealth:
        """Look whether the lane keeps its promises; writes nothing."""

    def tally(self, days_ago: int) -> DayTally:
        """Count what ended on a day into EESZT_DAY, in place of what stood there; 0 is today in Europe/Budapest."""

    def identity(self) -> Identity:
        """Which database this is, and whether it is where it was installed."""


class Codes(Protocol):
    """The published code tables in EESZT_CODE: always a whole copy of each."""

    def replace(self, name: str, codes: Iterable[Code]) -> int:
        """Put a table in place of its last copy, in one transaction; how many lines."""

    def tables(self) -> CodeTables:
        """Give all tables."""

    def copies(self) -> Sequence[CodeCopy]:
        """Say of each table when it was read last, and how many lines it has."""


class Desk(Protocol):
    """What MedWorkS and an operator may ask of the outboxes; on Oracle the PL/SQL package does the same."""

    def submit(self, item: NewItem) -> int:
        """
        Write an item and give its number; the same document type and source key twice gives the existing item's.

        A withdrawal is always a row of its own.
        """

    def withdraw(self, item_id: int, his_user: str) -> State:
        """
        Take an item back; the state it is in afterwards.

        Raises:
            RowError: RNR-3001, a prescription of somebody else; nothing was changed.
        """

    def decide(self, item_id: int) -> WardAnswer | None:
        """
        Tell the ward: WAIT, PRINT or PAPER; decided here once its time is over or no daemon is alive.

        None where nobody waits, and where the withdrawal of what was to be printed has been asked for.
        """

    def wait_for(self, item_id: int, seconds: float) -> WardAnswer | None:
        """Like decide, but waits up to ``seconds`` for an answer other than WAIT."""

    def retry(self, item_id: int) -> State:
        """
        Let a WAITING or PARKED item go now; the state it is in afterwards.

        Raises:
            RowError: RNR-3002, it is final; nothing was changed.
        """

    def pause(self, lane: str, by: str) -> None:
        """Pause a lane persistently."""

    def resume(self, lane: str) -> None:
        """Resume a paused lane."""

    def activate(self, types: Collection[TypeVersion]) -> None:
        """Put these document types in force, all or none; types that are missing are retired."""

    def active(self) -> Sequence[TypeVersion]:
        """The document types in force."""

    def rows(self, sql: str, **binds: object) -> Sequence[Mapping[str, object]]:
        """Run one reading statement, for listings; column names in lower case, instants and days as text."""


@dataclass(frozen=True, slots=True)
class Sent:
    """
    A message of an item that left, as the audit log proves it.

    Attributes:
        item_id: The item.
        message_id: ``urn:uuid:…``.
        acting_user: EESZT user under whom it went.
        operation: ``service.Operation``.
        sent_at: When, by this machine's clock.
        expires_at: Its own expiry at the latest.
    """

    item_id: int
    message_id: str
    acting_user: str
    operation: str
    sent_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Adopted:
    """
    What adopting a database came to.

    Attributes:
        database_id: Its identity from now on.
        asked_after: Items that had been sent and will be asked after.
        lost: Messages of rows that this database does not have: the EESZT may hold documents that nobody here knows.
        ended: How many open items of a copy were ended.
        sessions: How many sessions were ended.
    """

    database_id: str
    asked_after: Sequence[int] = ()
    lost: Sequence[Sent] = ()
    ended: int = 0
    sessions: int = 0


class Adoption(Protocol):
    """Making a database that was moved, restored or copied the one that works here; no daemon may run meanwhile."""

    def missing(self, sent: Iterable[Sent]) -> Sequence[Sent]:
        """Of these messages, those that the database does not know to have left; then it went back in time."""

    def logged(self) -> Mapping[str, int]:
        """Up to which entry of which chain of the audit log the database is known to agree with it."""

    def adopt_moved(
        self, by: str, missing: Sequence[Sent], rendered: Mapping[int, tuple[str, bytes]], log: Mapping[str, int]
    ) -> Adopted:
        """
        Take the one database that goes on; what it does not know to have left becomes UNKNOWN and is asked after.

        Args:
            by: Who adopts.
            missing: From ``missing``.
            rendered: Item → its document's fields, JSON text, and its body, both rendered anew.
            log: Chain → the last entry that was looked at; ``logged`` gives it from now on.
        """

    def adopt_copy(self, by: str, environment: str, log: Mapping[str, int]) -> Adopted:
        """Take a copy whose original goes on elsewhere: everything that stands open in it ends."""

    def items(self, numbers: Collection[int]) -> Sequence[Item]:
        """Give items with everything that their work needs, those that exist."""


# Who


class Directory(Protocol):
    """GUARD and VMÁTRIX: who is who and who may work where."""

    def recorder(self, his_user: str) -> Recorder:
        """What EESZT_USER_MAP says of a HIS user; a user without a row is a fact too."""

    def roles(self, eeszt_user: str, workplace: str) -> frozenset[str]:
        """In which roles EESZT_USER_WORKPLACE assigns the identity to the workplace today; none: not at all."""


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """
    A login that the HIS began: whose it is and until when it may be used, once.

    Attributes:
        request_id: Its number.
        his_user: Whose login it is.
        expires_at: Until when it may be used.
        handle_hash: SHA-256 (hex) of the session handle that the HIS client keeps; None where it has none.
        short_code: What the HIS and the login agent both show; None where the HIS shows none.
    """

    request_id: int
    his_user: str
    expires_at: datetime
    handle_hash: str | None = None
    short_code: str | None = None


@dataclass(frozen=True, slots=True)
class LoginRow:
    """
    A person's session as stored; the token is sealed.

    Attributes:
        login_id: Its number; part of what the seal is bound to.
        his_user: Matched HIS user.
        eeszt_user: Proved EESZT user.
        role: EESZT role, from the verified assertion.
        institution: From the verified assertion.
        method: ``otp`` or ``card``.
        started_at: When the EESZT granted it.
        ends_at: When its grant ends; nothing stretches it.
        sealed: The sealed token and key, or None before it is sealed.
        handle_hash: Of the request that it was begun by: only that HIS client can bind its database session to it. None
            for a session that is read back.
    """

    login_id: int
    his_user: str
    eeszt_user: str
    role: str
    institution: str
    method: str
    started_at: datetime
    ends_at: datetime
    sealed: bytes | None = None
    handle_hash: str | None = None


class Logins(Protocol):
    """Sessions and login requests in the database; each verb commits."""

    def begin(
        self,
        his_user: str,
        nonce_hash: str,
        life_s: float,
        handle_hash: str | None = None,
        short_code: str | None = None,
    ) -> LoginRequest:
        """
        Note that the HIS user is about to log in.

        Args:
            his_user: Who.
            nonce_hash: SHA-256 (hex) of the nonce.
            life_s: How long it may be used.
            handle_hash: SHA-256 (hex) of the session handle, where the HIS keeps one.
            short_code: What the HIS shows to him.
        """

    def take(self, nonce_hash: str) -> LoginRequest | None:
        """Use up a request; None where there is none, it is used, or it is too old."""

    def next_login_id(self) -> int:
        """A fresh session number, so that the seal can be bound to it."""

    def save(self, login: LoginRow) -> None:
        """Store a sealed session, ending the person's older ones, and wake what waits for it (same transaction)."""

    def live(self, eeszt_user: str) -> LoginRow | None:
        """The person's session that has neither ended nor run out, or None."""

    def end(self, eeszt_user: str, why: str) -> int:
        """End the person's sessions at once; how many."""

    def state(self) -> Sequence[LoginRow]:
        """All live sessions, without their sealed part."""


# The whole database


@dataclass(frozen=True, slots=True)
class Features:
    """
    What an implementation of the store can do, for the conformance suite.

    Attributes:
        several_daemons: Whether daemons may work on it side by side.
        row_locks: Whether a row can be locked while others are written.
    """

    several_daemons: bool
    row_locks: bool


class Grade(StrEnum):
    """How bad a difference between declaration and database is."""

    WRONG = "WRONG"  # work stops, or something unheard of may happen
    LOOK = "LOOK"  # it works, and somebody should look at it
    UNSEEN = "UNSEEN"  # this user's rights do not show it


@dataclass(frozen=True, slots=True)
class Difference:
    """
    One thing of a database that is not as it should be, or that cannot be seen.

    Attributes:
        name: The object, the user, the parameter.
        grade: How bad it is.
        found: What was found, one clause.
        ddl: Statements that mend it, in order; for UNSEEN the query that shows it; empty where no statement does.
        run_as: Who runs them: ``owner`` or ``DBA``.
        advice: What to do where no statement mends it; one sentence.
    """

    name: str
    grade: Grade
    found: str
    ddl: tuple[str, ...] = ()
    run_as: str = "owner"
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Inspected:
    """
    One side of a database that was compared with what is declared.

    Attributes:
        area: ``tables``, ``indexes``, ``grants`` …
        sound: What to say where there is no difference.
        differences: What is not as it should be.
    """

    area: str
    sound: str
    differences: Sequence[Difference] = ()


class SqlKind(StrEnum):
    """What a column of the HIS holds, as far as it matters to a field."""

    TEXT = "text"
    FIXED_TEXT = "fixed text"  # CHAR, NCHAR: padded with blanks
    NUMBER = "number"
    DAY = "day"  # DATE: to the second
    INSTANT = "instant"  # TIMESTAMP
    ZONED = "zoned instant"
    BYTES = "bytes"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SqlColumn:
    """
    A column of a table of the HIS, or of a query.

    Attributes:
        name: As the database gives it.
        kind: What it holds.
        said: Its type as the database writes it, e.g. ``VARCHAR2(100 CHAR)``.
        length: Most characters that fit for certain, None where there is no bound.
        scale: Digits after the point; None: any number of them, or no number.
        nullable: Whether it may be empty; None where nobody can tell.
    """

    name: str
    kind: SqlKind
    said: str
    length: int | None = None
    scale: int | None = None
    nullable: bool | None = None


class Shapes(Protocol):
    """What tables and queries of the HIS look like, without a row of them."""

    def of_query(self, sql: str) -> Sequence[SqlColumn]:
        """
        Describe a source query; nothing is read.

        Raises:
            StoreError: RNR-7551, the database refuses it.
        """

    def of_table(self, table: str) -> Sequence[SqlColumn]:
        """Describe a table that copies go into; empty where there is none that this user sees."""


class Store(Protocol):
    """All seams to one database; safe for any number of threads."""

    @property
    def outbox(self) -> Outbox:
        """The daemon's side."""

    @property
    def desk(self) -> Desk:
        """MedWorkS's and the operator's side."""

    @property
    def directory(self) -> Directory:
        """Who is who."""

    @property
    def codes(self) -> Codes:
        """Published code tables."""

    @property
    def logins(self) -> Logins:
        """Sessions."""

    @property
    def adoption(self) -> Adoption:
        """Making a moved, restored or copied database the one that works here."""

    @property
    def features(self) -> Features:
        """What it can do."""

    def install(self, environment: str = "test") -> None:
        """
        Create what is missing; safe to repeat.

        Args:
            environment: ``test`` or ``production``; fixed for the life of the database.

        Raises:
            IntegrityError: The database belongs to the other environment.
            StoreError: The database refuses.
        """

    def check_installed(self, environment: str) -> None:
        """
        Make sure, before work begins, that the database is there, complete, of this environment, and no copy.

        Raises:
            IntegrityError: The database belongs to the other environment, or was copied or moved.
            StoreError: It is not installed, or by another version.
        """

    @property
    def shapes(self) -> Shapes:
        """What the HIS's tables and the source queries look like."""

    def inspect(self) -> Sequence[Inspected]:
        """
        Compare the database with what is declared; writes nothing, and says what its user cannot see.

        Raises:
            StoreError: The database cannot be asked.
        """

    def install_example(self) -> None:
        """Create the example tables of a small MedWorkS; for the demonstration and for tests."""

    def lock_daemon(self) -> AbstractContextManager[object]:
        """
        Become a daemon of this database, until the lock is closed or the process ends.

        Raises:
            StoreError: Another daemon works on it, and it is for one only.
        """

    def close(self) -> None:
        """Close all connections; nobody may be at work any more."""


@dataclass(frozen=True, slots=True)
class LoginBegun:
    """
    A login that was begun in the HIS.

    Attributes:
        nonce: For the login agent or page, once.
        short_code: To be shown to the user in the HIS, and by the agent: he compares.
        handle: Proves that this client began the login; stays in its memory.
    """

    nonce: str = field(repr=False)
    short_code: str
    handle: str = field(repr=False)


class HisSession(Protocol):
    """What the HIS asks about logins in one of its database sessions; on Oracle EESZT_API does the same."""

    def login_begin(self, his_user: str) -> LoginBegun:
        """
        Begin the login of a user; only hashes of nonce and handle are stored.

        Raises:
            LoginError: RNR-4401, he is matched to no EESZT user.
        """

    def login_state(self, handle: str) -> tuple[str, int | None]:
        """How far it is: WAITING, CHECKING, LIVE, REFUSED, ENDED or UNKNOWN; and how many minutes a LIVE one lasts."""

    def bind(self, handle: str | None) -> None:
        """
        Say who works in this database session: what it writes as recorded by him is proved. None only unbinds.

        Raises:
            LoginError: RNR-4241, the handle belongs to no living login; the session is bound to nobody.
        """

    def bound_user(self) -> str | None:
        """Who it is bound to, while his login lives."""

    def logout(self, handle: str) -> None:
        """End the login of a handle at once, and unbind."""


# The EESZT


@dataclass(frozen=True, slots=True)
class Token:
    """
    What the STS issued.

    Attributes:
        eeszt_user: NameID of the verified assertion.
        assertion: The assertion element, exclusive C14N bytes.
        assertion_id: Its ID attribute.
        key: The proof key, PKCS#8 DER, where a session key was made; None where the certificate's key signs.
        role: From the verified assertion.
        institution: From the verified assertion.
        issued_at: Start of its life.
        expires_at: End of its life.
    """

    eeszt_user: str
    assertion: bytes = field(repr=False)
    assertion_id: str
    key: bytes | None = field(repr=False)
    role: str
    institution: str
    issued_at: datetime
    expires_at: datetime


class Tokens(Protocol):
    """The STS."""

    def technical_user(self) -> str | None:
        """EESZT name of the institution's technical user, None where none is configured."""

    def technical(self) -> Token:
        """
        The technical user's token, from the cache, renewed at half its life by one caller at a time.

        Raises:
            LoginError: The STS refused the certificate.
            TransportError: The STS could not be asked.
        """

    def issue(self, eeszt_user: str, one_time_password: str) -> Token:
        """
        Log a person in; the password is used once and forgotten.

        Raises:
            LoginError: Wrong, used or expired password, or the user is not active.
            TransportError: The STS could not be asked, or its answer does not verify.
        """

    def issue_by_card(self, eeszt_user: str, proof: CardProof, session_key: bytes) -> Token:
        """
        Log a person in whose card has signed for this session key.

        Whose session it became stands in the token; that it is the one who was meant is for the caller to compare.

        Args:
            eeszt_user: Who is expected, for the audit log.
            proof: By the card; good once.
            session_key: PKCS#8 DER; the statement that the card signed names its public half.

        Raises:
            LoginError: The card is not activated, its proof is not good, or its owner is not active.
            TransportError: The STS could not be asked, or its answer does not verify.
        """

    def refused(self) -> None:
        """Forget the technical user's cached token, since the EESZT takes it no longer; the next one is a new one."""


class Sessions(Protocol):
    """Under whose name something can be sent right now."""

    def token(self, acting_user: str, his_user: str | None = None) -> Token | None:
        """A token of the technical user or of a person's live session (begun by ``his_user``); None: there is none."""

    def refused(self, acting_user: str) -> None:
        """The EESZT no longer takes this identity's token: drop it (a person's session is ended)."""


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
        body: The body's element in exclusive C14N.
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
        body: The verified answer's body element, as bytes of its own document; None unless ANSWERED.
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


# The audit log


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One thing to be logged.

    Attributes:
        kind: What it is about.
        body: What is sealed: the message without secrets, or JSON; patients' data may stand here and nowhere else.
        outcome: What came of it, one word; never patients' data, like all that follows.
        item: Item number.
        acting_user: EESZT user.
        his_user: HIS user.
        operation: ``service.Operation`` of the contract.
        message_id: Of the message.
    """

    kind: EntryKind
    body: bytes = field(default=b"", repr=False)
    outcome: str = ""
    item: int | None = None
    acting_user: str | None = None
    his_user: str | None = None
    operation: str | None = None
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Anchor:
    """
    Where an entry stands; kept outside of the log, it shows that the log was cut or replaced.

    Attributes:
        chain: Name of the chain.
        sequence: Number in it.
        head: The entry's head, SHA-256 hex.
    """

    chain: str
    sequence: int
    head: str


class Noted(Protocol):
    """An entry on its way to the disk."""

    def anchor(self) -> Anchor | None:
        """Wait until it is durable; where it stands, or None where the log cannot be written now."""


class AuditLog(Protocol):
    """The sealed, chained log of everything that is exchanged. Never read to do work. Safe for threads."""

    @property
    def is_down(self) -> bool:
        """Whether it cannot be written now, so that nothing may be sent."""

    def write(self, entry: Entry) -> Anchor:
        """
        Log what is about to happen; durable when this returns.

        Raises:
            StoreError: RNR-7101, it is not in the log: it must not happen.
        """

    def note(self, entry: Entry) -> Noted:
        """Log what has happened, without waiting; while the log is down it is kept, and written first afterwards."""


class Clock(Protocol):
    """Time, as a seam for tests. Leases and deadlines use the database's clock, not this."""

    def now(self) -> datetime:
        """Aware UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back."""
