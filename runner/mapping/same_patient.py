"""Whether a query's answer is of whom it was asked for: what is somebody else's is never shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runner.domain import sentences
from runner.domain.outcome import Ending, Outcome, Reason
from runner.errors import fault
from runner.mapping.program import ExpressionFailedError, Several
from runner.mapping.values import EmptyUsedError, Record, plain, written


@dataclass(frozen=True, slots=True)
class SamePlan:
    """
    ``same:`` of a query's mapping.

    Attributes:
        expected: Field of the result → what it must be, from ``doc`` and ``item``; empty where nothing was asked for.
    """

    expected: Several

    def judge(self, outcome: Outcome, document: Mapping[str, Any], item: Mapping[str, Any]) -> Outcome:
        """
        Give the outcome back, or refuse it if any row of its result is not as asked for.

        Raises:
            MappingError: RNR-2040, an expression failed on this document.
        """
        values = {"doc": Record(document, "doc."), "item": Record(item, "item.")}
        try:
            expected = {name: plain(value) for name, value in self.expected.compute(values).items()}
        except ExpressionFailedError as error:
            raise fault(2040, self.expected.where(error.number), reason=error.reason) from error
        except EmptyUsedError as error:
            raise fault(2040, self.expected.where(0), reason=f"{error.label} is empty") from error
        wanted = {name: written(value) for name, value in expected.items() if value is not None}
        rows = json.loads(outcome.result or "{}").get("rows", ())
        if all(row[name] == value for row in rows for name, value in wanted.items()):
            return outcome
        return Outcome(Ending.REJECTED, Reason.OTHER_PATIENT, sentences.OTHER_PATIENT)
