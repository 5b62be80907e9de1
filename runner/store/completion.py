"""How outcomes are applied, on every database: identifiers first, then the step, then what is kept of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from runner.domain import sentences, steps
from runner.domain.outbox import Row, State, Verdict, WardAnswer
from runner.domain.outcome import Ending, Outcome, Reason
from runner.store.work import Transaction, Work

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from runner.ports import Completion, WriteBack


class Books(Transaction, Protocol):
    """What a database gives besides, to keep what came of a try."""

    def identifier_owner(self, name: str, value: str) -> int | None:
        """Whose an identifier is."""

    def keep_identifier(self, item_id: int, name: str, value: str, *, second: bool) -> None:
        """Keep an identifier; one that is kept already stays as it is."""

    def keep_attempt(self, completion: Completion, outcome: Outcome, verdict: Verdict) -> None:
        """Keep one try or probe."""

    def keep_result(self, item_id: int, asker: str, result: str, expires_at: datetime) -> None:
        """Keep the answer of a query for who asked."""

    def queue_write_backs(self, item_id: int, record_item: int, copies: Sequence[WriteBack]) -> None:
        """
        Note copies that are due into the HIS's own tables.

        Args:
            item_id: Whose they are.
            record_item: The item whose record they tell of, for a withdrawal the withdrawn one. By it, not by when they
                came to be, copies into the same row count as older and newer.
            copies: What to copy.
        """

    def drop_write_backs(self, item_id: int) -> None:
        """Make no further copies of an item: what they would tell is withdrawn."""


def complete(books: Books, completions: Sequence[Completion]) -> dict[int, Verdict]:
    """Apply outcomes inside the caller's transaction; item → verdict."""
    work = Work(books, {completion.item_id for completion in completions})
    verdicts = {completion.item_id: _complete_one(books, work, completion) for completion in completions}
    work.finish()
    return verdicts


def _complete_one(books: Books, work: Work, completion: Completion) -> Verdict:
    stored, row = work.stored(completion.item_id), work.row(completion.item_id)
    if stored is None or row is None:
        return Verdict.LOST_LEASE
    outcome = completion.outcome
    if outcome.ending is Ending.ACCEPTED and _belongs_to_another(books, outcome, row, stored.withdraws):
        outcome = replace(
            outcome,
            ending=Ending.PARKED,
            reason_code=Reason.IDENTIFIER_TAKEN,
            status_text=sentences.IDENTIFIER_TAKEN,
        )
    step = steps.complete(row, completion.token, outcome, completion.waits, work.now)
    verdict = work.apply(step)
    if completion.attempt is not None:
        books.keep_attempt(completion, outcome, verdict)
    if outcome.ending is Ending.ACCEPTED:
        _keep_receipt(books, row.item_id, outcome, verdict)
    if outcome.ending is Ending.ACCEPTED and verdict is Verdict.DONE:
        if stored.withdraws is not None:
            books.drop_write_backs(stored.withdraws)
        if outcome.result is not None and completion.asker is not None:
            expires_at = work.now + timedelta(seconds=completion.result_life_s)
            books.keep_result(row.item_id, completion.asker, outcome.result, expires_at)
        if may_show(step.row):
            books.queue_write_backs(row.item_id, stored.withdraws or row.item_id, completion.write_backs)
    return verdict


def may_show(row: Row) -> bool:
    """Whether the HIS may have the identifiers: not beside paper, and not of what is being withdrawn."""
    told = row.ward_answer is WardAnswer.PRINT if row.at_recording else row.ward_answer is not WardAnswer.PAPER
    return told and row.state is State.ACCEPTED and row.withdraw_asked_at is None and row.compensation is None


def _belongs_to_another(books: Books, outcome: Outcome, row: Row, withdraws: int | None) -> bool:
    """Whether an identifier is another item's; a withdrawal may well be answered with that of what it withdraws."""
    own = {row.item_id, withdraws, None}
    return any(books.identifier_owner(name, value) not in own for name, value in outcome.receipt.items())


def _keep_receipt(books: Books, item_id: int, outcome: Outcome, verdict: Verdict) -> None:
    second = verdict is Verdict.SECOND_IDENTIFIER
    for name, value in outcome.receipt.items():
        if value:
            books.keep_identifier(item_id, name, value, second=second)
