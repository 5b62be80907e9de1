"""How a verb's transaction comes to its end: what was not written has no part in it, and what was held is left out."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.store.oracle.transaction import OracleTransaction

logger = logging.getLogger(__name__)

_Answer = TypeVar("_Answer")


def say_refused(transaction: OracleTransaction, lane: str, told: set[int]) -> None:
    """Note rows that the database refused to let be claimed, those in ``told`` excepted; the others are."""
    for item, error in transaction.refused.items():
        if item in told:
            continue
        told.add(item)
        facts = {"event": "row.refused", "item": item, "lane": lane, "fault": str(error)}
        logger.error("the database refused a row", extra=facts)


def answered(transaction: OracleTransaction, answers: Mapping[int, _Answer]) -> dict[int, _Answer]:
    """Give answers without those of rows that are there and another session holds."""
    left_out = transaction.left_out & set(answers)
    held = transaction.existing(left_out) if left_out else set()
    return {item: answer for item, answer in answers.items() if item not in held}


def commit_permits(transaction: OracleTransaction) -> set[int]:
    """
    Send rows, then messages of those rows that were written, and commit; the items that were not ours any more.

    Raises:
        StaleRowsError: A row that ends here was not what it had been read as; nothing was committed.
        RunnerError: The database refused a row; nothing was committed.
    """
    sending = transaction.sending()
    transaction.flush_rows()
    if transaction.refused or transaction.lost - sending:
        transaction.must_hold()
    transaction.drop_messages(transaction.lost)
    transaction.commit()
    return transaction.lost
