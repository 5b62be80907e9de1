"""How an item whose fate is unknown is asked after: which query, with what row, and what counts as found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.domain import sentences
from runner.domain.outcome import Ending, Outcome, Reason
from runner.errors import fault
from runner.mapping.program import ExpressionFailedError, Several
from runner.mapping.values import EmptyUsedError, Record, plain
from runner.ports import Delivery, Item, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.mapping.document_type import DocumentType


@dataclass(frozen=True, slots=True)
class AskPlan:
    """
    ``unknown:`` of a mapping.

    Attributes:
        document_type: The query that is made.
        operation: The operation whose fate it tells.
        question: Columns of its row, from ``doc`` and ``item``.
        found: Whether a candidate (``answer``) is ours.
        receipt: What is kept of it.
        overlay: Gives a stored document its absent fields back, so that they read as empty.
        item_record: Gives what expressions see of an item.
    """

    document_type: str
    operation: str
    question: Several
    found: Several
    receipt: Several
    overlay: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    item_record: Callable[[Item, str], Mapping[str, Any]]

    def row(self, document: Mapping[str, Any], item: Item) -> dict[str, Any]:
        """
        Give the row that the query is made from.

        Raises:
            MappingError: RNR-2040, an expression failed on this document.
        """
        return {name: plain(value) for name, value in self._compute(self.question, document, item).items()}

    def judge(self, reply: Reply, asking: DocumentType, document: Mapping[str, Any], item: Item) -> Outcome:
        """
        Say what the answer to the question tells of the item.

        Exactly one candidate that is ours: ACCEPTED. Several: PARKED. None: ABSENT if the contract says that the
        query shows everything of this operation and the answer leaves nothing out, else NO_ANSWER: asked again, parked.
        """
        if asking.reader.session_ended(reply):
            return Outcome(Ending.NO_ANSWER, Reason.TOKEN_REFUSED, sentences.LOGIN_NEEDED_TO_ASK)
        root = asking.reader.parsed(reply) if reply.delivery is Delivery.ANSWERED else None
        if root is None:
            bad = reply.bad_answer or reply.delivery is Delivery.ANSWERED
            code = asking.reader.unlisted_code(reply)
            return Outcome(Ending.NO_ANSWER, Reason.BAD_ANSWER if bad else Reason.LOST_ANSWER, unlisted_code=code)
        ours = []
        for candidate in asking.reader.candidates(root):
            answer = {"answer": Record(candidate, "answer.")}
            if self._compute(self.found, document, item, answer)["found"]:
                ours.append(answer)
        if len(ours) > 1:
            return Outcome(Ending.PARKED, Reason.SEVERAL, sentences.SEVERAL)
        if ours:
            receipt = {name: plain(each) for name, each in self._compute(self.receipt, document, item, ours[0]).items()}
            if None in receipt.values():
                return Outcome(Ending.NO_ANSWER, Reason.BAD_ANSWER)
            kept = {name: str(value) for name, value in receipt.items()}
            return Outcome(Ending.ACCEPTED, None, sentences.ACCEPTED, receipt=kept)
        is_absent = self.operation in asking.complete_for and asking.reader.shows_all(root)
        return Outcome(Ending.ABSENT if is_absent else Ending.NO_ANSWER, Reason.LOST_ANSWER)

    def _compute(
        self, several: Several, document: Mapping[str, Any], item: Item, more: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        record = Record(self.item_record(item, item.row.message_id or ""), "item.")
        values = {"doc": Record(self.overlay(document), "doc."), "item": record, **(more or {})}
        try:
            return several.compute(values)
        except ExpressionFailedError as error:
            raise fault(2040, several.where(error.number), reason=error.reason) from error
        except EmptyUsedError as error:
            raise fault(2040, several.where(0), reason=f"{error.label} is empty") from error
