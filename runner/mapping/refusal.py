"""How a row that cannot go up is refused: an outcome with a Hungarian sentence that names the column, never a value."""

from __future__ import annotations

from runner.domain.outcome import Ending, Outcome, Reason


class RowRefused(Exception):  # noqa: N818  it is an outcome, not an error
    """
    A row goes no further.

    Attributes:
        outcome: INVALID (mend the row) or SKIPPED (a rule says never), with the sentence for the ward.
        column: The column, or field of the payload, that it is about; None where it is about none.
    """

    def __init__(self, outcome: Outcome, column: str | None = None) -> None:
        super().__init__(f"{outcome.ending} {outcome.reason_code} {column or ''}".strip())
        self.outcome = outcome
        self.column = column


VOWELS = frozenset("aáeéiíoóöőuúüű")
"""What a word begins with that takes „az”."""


def the_field(name: str) -> str:
    """Give „a NEV mező” or „az ADAG mező”, as Hungarian has it."""
    return f"{'az' if name[:1].lower() in VOWELS else 'a'} {name} mező"


def sentence(clause: str) -> str:
    """Begin a sentence with a capital."""
    return clause[:1].upper() + clause[1:]


def bad_field(column: str, why: str) -> RowRefused:
    """Give the refusal of a wrong value; ``why`` is a Hungarian clause without the value."""
    return RowRefused(Outcome(Ending.INVALID, Reason.BAD_FIELD, sentence(f"{the_field(column)} hibás: {why}")), column)


def empty_field(column: str) -> RowRefused:
    """Give the refusal of a value that is not there."""
    return RowRefused(
        Outcome(Ending.INVALID, Reason.BAD_FIELD, sentence(f"{the_field(column)} üres, pedig kötelező.")), column
    )


def bad_payload(text: str) -> RowRefused:
    """Give the refusal of a payload that is no JSON object."""
    return RowRefused(Outcome(Ending.INVALID, Reason.BAD_PAYLOAD, text), "PAYLOAD")


def never(sentence: str, column: str | None = None) -> RowRefused:
    """Give the refusal by a rule that says never."""
    return RowRefused(Outcome(Ending.SKIPPED, Reason.RULE, sentence), column)
