"""The exceptions that carry the faults of the table."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from runner.errors.table import TABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

BUSY = 7001
"""Another program writes to the embedded database; nothing was changed."""

IN_DOUBT = 7402
"""The answer to a commit was lost; whatever it was must be read back before anything is done about it."""

PASSING = frozenset({BUSY, 7401, *range(7403, 7412), *range(7414, 7417), 7419})
"""Faults of the database as a whole: nothing was changed, no item is to blame, and trying again does no harm."""


class RunnerError(Exception):
    """
    A fault of the table, with its place and facts.

    Attributes:
        number: Key of ``TABLE``.
        where: file:line, item number or host.
        facts: What fills the braces of the entry.
        sentence: Hungarian, for the person who is waiting; empty where no person sees this fault.
    """

    def __init__(self, number: int, where: str, **facts: object) -> None:
        entry = TABLE[number]
        self.number = number
        self.where = where
        self.facts = facts
        self.what = entry.text.format(**facts)
        self.remedy = entry.remedy.format(**facts)
        self.sentence = entry.sentence.format(**facts)
        super().__init__(f"RNR-{number} {where}: {self.what}. {self.remedy}")


class SettingsError(RunnerError):
    """The installer must correct the settings."""


class MappingError(RunnerError):
    """The author of a mapping, rule or contract file must correct it."""


class RowError(RunnerError):
    """Who recorded the row must correct it; nothing was sent."""


class LoginError(RunnerError):
    """The holder of a card, password or certificate must act."""


class TransportError(RunnerError):
    """The network or the EESZT's front did not let the message through; nobody need act yet."""


class RefusedError(RunnerError):
    """The EESZT said no."""


class StoreError(RunnerError):
    """The database administrator must act."""


class IntegrityError(RunnerError):
    """Something was tampered with or mixed up: the security officer must act."""


class BugError(RunnerError):
    """We made a mistake."""


CLASSES: dict[int, type[RunnerError]] = {
    1: SettingsError,
    2: MappingError,
    3: RowError,
    4: LoginError,
    5: TransportError,
    6: RefusedError,
    7: StoreError,
    8: IntegrityError,
    9: BugError,
}


def fault(number: int, where: str, **facts: object) -> RunnerError:
    """Give the exception of ``number``, of the class that its thousand-block names; the caller raises it."""
    return CLASSES[number // 1000](number, where, **facts)


def passes(error: BaseException) -> bool:
    """Whether nothing was changed, no item is to blame, and the same may succeed later."""
    return isinstance(error, RunnerError) and error.number in PASSING


def places(error: BaseException) -> str:
    """
    Where an unexpected exception came from, innermost last: its kind and the frames, never its text.

    The text of a foreign exception may quote a patient's data, so a log gets this instead of a trace.
    """
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    path = " > ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)
    return f"{type(error).__name__} at {path}"


def in_order(problems: Iterable[RunnerError]) -> tuple[RunnerError, ...]:
    """Give each problem once: files as they come first, and within a file by its lines."""
    once = list({str(each): each for each in problems}.values())
    places = [_place(each.where) for each in once]
    first = {file: number for number, (file, _) in reversed([*enumerate(places)])}
    return tuple(once[at] for at in sorted(range(len(once)), key=lambda at: (first[places[at][0]], places[at][1])))


def _place(where: str) -> tuple[str, int]:
    file, _, line = where.rpartition(":")
    return (file, int(line)) if file and line.isdecimal() else (where, 0)


class ProblemsError(Exception):
    """
    All problems of one or several files, found in one run, in file order.

    Attributes:
        problems: At least one.
    """

    def __init__(self, problems: Iterable[RunnerError]) -> None:
        self.problems: Sequence[RunnerError] = in_order(problems)
        super().__init__("\n".join(str(p) for p in self.problems))
