"""A document type in force: from a claimed row to its message, and from the reply to its outcome."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from runner.domain import long_texts, sentences
from runner.domain.outbox import Waits
from runner.domain.outcome import Outcome
from runner.domain.policy import Kind
from runner.errors import fault
from runner.mapping.asking import AskPlan
from runner.mapping.document import DocumentProgram
from runner.mapping.document_form import kept, stored_form
from runner.mapping.filling import TraceLine
from runner.mapping.message import MessageTemplate, files_of
from runner.mapping.outcomes import Reader
from runner.mapping.pack import Operation
from runner.mapping.program import ExpressionFailedError
from runner.mapping.published import PublishedCodes
from runner.mapping.refusal import bad_payload, empty_field, never
from runner.mapping.rulefile import InForce
from runner.mapping.same_patient import SamePlan
from runner.mapping.values import EmptyUsedError
from runner.mapping.writeback import WRITE_BACK, WriteBackPlan
from runner.ports import Item, Reply, TypeVersion, WriteBack

if TYPE_CHECKING:
    from jinja2.runtime import Context

BUDAPEST = ZoneInfo("Europe/Budapest")
"""Days of rules are days there."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """
    What is stored before a byte leaves.

    Attributes:
        document: The document's fields as stored; under ``_write_back`` what is copied into the HIS's tables later.
        document_json: The same as text.
        body: The body's element, exclusive C14N; its files stand beside it (``domain.long_texts``).
    """

    document: Mapping[str, Any]
    document_json: str
    body: bytes


@dataclass(frozen=True, eq=False)
class DocumentType:
    """
    One mapping, compiled; safe to share between threads.

    Attributes:
        name: The mapping's folder.
        title: Hungarian title.
        digest: SHA-256 (hex) over everything that it is made of.
        version: What the database needs to know of it.
        operation: What it sends.
        source_sql: The query that gives its row; None where the payload does.
        beside_sql: The query whose row stands beside the payload, or None.
        waits: How long the protocol waits.
        result_life_s: How long a query's result is kept, seconds.
        complete_for: Operations of which its answers show everything that we did, so that absence means absent.
        ask: How an unknown fate is asked after, or None.
        program: Row → document.
        template: Document → message.
        reader: Reply → outcome.
        same: What a query's answer must say of whom it is, or None.
        write_back_plan: What is copied into the HIS's tables.
        rules_on: Gives what its rules say on a day.
        published: The published code tables, as they are read at work.
    """

    name: str
    title: str
    digest: str
    version: TypeVersion
    operation: Operation
    source_sql: str | None
    beside_sql: str | None
    waits: Waits
    result_life_s: float
    complete_for: frozenset[str]
    ask: AskPlan | None
    program: DocumentProgram
    template: MessageTemplate
    reader: Reader
    same: SamePlan | None
    write_back_plan: WriteBackPlan
    rules_on: Callable[[date], InForce]
    published: PublishedCodes

    @property
    def kind(self) -> Kind:
        """Line of the decision table."""
        return self.version.kind

    @property
    def sends_again_when_unknown(self) -> bool:
        """Whether an unknown fate simply means again."""
        return self.reader.contract.send_again

    @staticmethod
    def day_of(item: Item) -> date:
        """Give the day whose rules apply to an item: that of its recording, in Budapest."""
        return item.recorded_at.astimezone(BUDAPEST).date()

    def row_of(self, item: Item) -> dict[str, Any]:
        """
        Give the payload as a row.

        Raises:
            RowRefused: It is no JSON object.
        """
        try:
            row = _payload.decode(item.payload or "")
        except (ValueError, RecursionError):
            raise bad_payload(sentences.BAD_PAYLOAD) from None
        if not isinstance(row, dict):
            raise bad_payload(sentences.BAD_PAYLOAD)
        return row

    def prepare(self, row: Mapping[str, object], item: Item, message_id: str) -> Prepared:
        """
        Make the document and the message of a row.

        Raises:
            RowRefused: INVALID (the row must be mended) or SKIPPED (a rule says never); the sentence names the column.
            MappingError: The mapping or its template failed on this row; nothing is known to be wrong with the row.
        """
        record = item_record(item, message_id)
        document = self._document(row, item, record)
        body = self.template.body(document, record, self.program.fields, self.program.files)
        stored = stored_form(kept(document, self.program.passing))
        copies = self.write_back_plan.prepare(row, document, record, self.program.column_of)
        if copies:
            stored[WRITE_BACK] = copies
        return Prepared(stored, _encode(stored), body)

    def again(self, stored: bytes, row: Mapping[str, object], item: Item) -> bytes | None:
        """
        Give a stored body with the row's files, which are not stored with it; None where one is another by now.

        Raises:
            RowRefused: Nothing can be made of the row any more.
        """
        record = item_record(item, item.row.message_id or "")
        document = self.program.run(row, record, self.rules_on(self.day_of(item)).guards)
        files = files_of(document, self.program.files)
        body = long_texts.with_texts(stored, {mark: content for mark, (_, content) in files.items()})
        return body if set(long_texts.marks(stored)) == set(long_texts.texts_of(body)) else None

    def document(
        self, row: Mapping[str, object], item: Item, message_id: str, trace: list[TraceLine] | None = None
    ) -> dict[str, Any]:
        """Make the document alone, with its trace if wanted; raises as ``prepare``."""
        return self._document(row, item, item_record(item, message_id), trace)

    def _document(
        self,
        row: Mapping[str, object],
        item: Item,
        record: Mapping[str, Any],
        trace: list[TraceLine] | None = None,
    ) -> dict[str, Any]:
        rules = self.rules_on(self.day_of(item))
        context = self.program.context(row, record)
        self._apply(rules, context, needs_document=False)
        document = self.program.run(row, record, rules.guards, trace, context)
        self.published.check(self.program.coded, document, self.day_of(item))
        self._apply(rules, context, needs_document=True)
        return document

    def _apply(self, rules: InForce, context: Context, *, needs_document: bool) -> None:
        for condition in rules.conditions:
            if condition.needs_document is not needs_document:
                continue
            try:
                holds = condition.holds(context)
            except EmptyUsedError as error:
                raise empty_field(self.program.column_of(error.label)) from None
            except ExpressionFailedError as error:
                raise fault(2040, condition.program.where(0), reason=error.reason) from error
            if holds:
                raise never(condition.sentence)

    def outcome(self, reply: Reply, document: Mapping[str, Any], item: Item) -> Outcome:
        """Say how a send ended; see ``outcomes``."""
        outcome = self.reader.outcome(reply)
        if self.same is None or outcome.result is None:
            return outcome
        return self.same.judge(outcome, self.program.overlaid(document), item_record(item, item.row.message_id or ""))

    def write_backs(self, document: Mapping[str, Any], receipt: Mapping[str, str]) -> list[WriteBack]:
        """Give what is copied into the HIS's tables, from the stored document and the receipt alone."""
        return self.write_back_plan.complete(document, receipt)


def item_record(item: Item, message_id: str) -> dict[str, Any]:
    """Give what expressions and templates see as ``item``."""
    return {
        "item_id": item.row.item_id,
        "message_id": message_id,
        "document_type": item.document_type,
        "source_key": item.source_key,
        "order_key": item.order_key,
        "recorded_by": item.recorded_by,
        "recorded_at": item.recorded_at,
        "first_recorded_at": item.first_recorded_at,
        "created_at": item.created_at,
        "workplace": item.oth_code or item.workplace,
        "withdraws": item.withdraws,
        "prescriber": item.prescriber,
    }


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object in which every name stands once: of two values nobody knows which is meant."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a name twice")
    return made


def _no_constant(name: str) -> None:
    raise ValueError(name)


_payload = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_once)
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
