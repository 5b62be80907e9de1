"""
Dated rules: what law and practice say, as data with a first and a last day.

The rule in force on the day of the recording applies, so a change of law is an edit of a file and never of old rows. A
rule that no public source gives is ``open``: it has a stated default of ours until a site sets it.

Source: ours; each rule names the source of what it says.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

from runner.errors import fault

_DAY = timedelta(days=1)
_UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(rf"([0-9]{{1,6}}(?:\.[0-9]{{1,6}})?)({'|'.join(_UNITS)})")


class RuleKind(StrEnum):
    """What a rule speaks of."""

    SENDER = "sender"  # under whose name a kind of data may go
    WINDOW = "window"  # until when after its recording
    NEVER = "never"  # what is never sent
    POLICY = "policy"  # what the decision table says where no public source, or only one of today, decides
    IDENTIFIER = "identifier"  # which identifiers of patients and workplaces are good


@dataclass(frozen=True, slots=True)
class Rule:
    """
    One version of a rule.

    Attributes:
        identifier: Name that mappings use, e.g. ``erecept.azonnal``; all versions of a rule share it.
        kind: What it speaks of.
        statement: What it says, one sentence for people, in Hungarian or English.
        parameters: What machinery reads of it, name → value as text; durations as in ``seconds``.
        valid_from: First day on which it holds (day of recording, Europe/Budapest), or None: since ever.
        valid_to: Last day on which it holds, inclusive, or None: until further notice.
        source: Law and §, circular and item, or ``ours``; never empty.
        confidence: How sure the source is: ``H``, ``M``, ``L`` or ``NF`` (not found in public).
        open: Whether the site must set it from the operator's documentation; until then our default applies.
        overruled: Whether the site's settings say otherwise than its source, which is not in doubt.
    """

    identifier: str
    kind: RuleKind
    statement: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = ""
    confidence: str = "NF"
    open: bool = False
    overruled: bool = False

    def holds_on(self, day: date) -> bool:
        """Whether this version is in force on ``day``."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


CONFIDENCES = frozenset({"H", "M", "L", "NF"})
"""High, medium, low, not found in public."""


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """What is wrong with one version of a rule: the version, one English sentence without its full stop, what to do."""

    rule: Rule
    text: str
    remedy: str


class RuleBook:
    """All rules with all their versions; built only from rules without ``problems``."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Keep the rules, versions of each in the order of their first days."""
        versions: defaultdict[str, list[Rule]] = defaultdict(list)
        for rule in sorted(rules, key=_first_day):
            versions[rule.identifier].append(rule)
        self._versions = {identifier: tuple(each) for identifier, each in sorted(versions.items())}

    @property
    def identifiers(self) -> tuple[str, ...]:
        """Names of all rules, sorted."""
        return tuple(self._versions)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All versions of all rules, sorted by name and first day."""
        return tuple(rule for versions in self._versions.values() for rule in versions)

    @property
    def to_be_set(self) -> tuple[Rule, ...]:
        """Versions that still run on our default, sorted likewise."""
        return tuple(rule for rule in self.rules if rule.open)

    @property
    def overruled(self) -> tuple[Rule, ...]:
        """Rules with a source that the site's settings change."""
        return tuple(rule for rule in self.rules if rule.overruled)

    def find(self, identifier: str, day: date) -> Rule | None:
        """
        Give the version of a rule that is in force on a day.

        Args:
            identifier: Name of the rule; an unknown one gives None.
            day: Day of recording, Europe/Budapest.

        Returns:
            At most one version; None before its first and after its last day.
        """
        return next((rule for rule in self._versions.get(identifier, ()) if rule.holds_on(day)), None)

    def in_force(self, identifier: str, day: date) -> Rule:
        """
        Give the version of a rule that is in force on a day, where there has to be one.

        Args:
            identifier: Name of the rule.
            day: Day of recording, Europe/Budapest.

        Raises:
            MappingError: RNR-2901, no version of it holds on that day.
        """
        rule = self.find(identifier, day)
        if rule is None:
            raise fault(2901, "rules", identifier=identifier, day=day.isoformat())
        return rule


def _first_day(rule: Rule) -> date:
    return rule.valid_from or date.min


def problems(rules: Iterable[Rule]) -> tuple[RuleProblem, ...]:
    """
    Give everything that is wrong with a set of rules: each alone, then overlaps and gaps between versions.

    Before the first and after the last version of a rule there may be none; between two versions there must be no day
    without one and no day with two.
    """
    versions: defaultdict[str, list[Rule]] = defaultdict(list)
    found: list[RuleProblem] = []
    for rule in rules:
        versions[rule.identifier].append(rule)
        found += [RuleProblem(rule, text, remedy) for text, remedy in _alone(rule)]
    for same in versions.values():
        ordered = sorted(same, key=_first_day)
        for earlier, later in pairwise(ordered):
            found += [RuleProblem(later, text, remedy) for text, remedy in _between(earlier, later)]
    return tuple(found)


def _alone(rule: Rule) -> Iterable[tuple[str, str]]:
    if not rule.source.strip():
        yield "it names no source", "Name the law and its §, the circular's item, or write 'ours'."
    if not rule.statement.strip():
        yield "it says nothing", "Write its statement, one sentence."
    if rule.confidence not in CONFIDENCES:
        yield "its confidence is none of H, M, L, NF", "Write one of them."
    if rule.valid_from is not None and rule.valid_to is not None and rule.valid_to < rule.valid_from:
        yield "its last day is before its first", "Correct valid_from or valid_to."


def _between(earlier: Rule, later: Rule) -> Iterable[tuple[str, str]]:
    if earlier.kind is not later.kind:
        yield f"another version of it is of kind {earlier.kind}", "Give all versions of a rule the same kind."
    if earlier.valid_to is None or _first_day(later) <= earlier.valid_to:
        yield "two versions are in force on its first day", "End the earlier version the day before."
    elif later.valid_from is not None and later.valid_from > earlier.valid_to + _DAY:
        gap = f"{earlier.valid_to + _DAY} to {later.valid_from - _DAY}"
        yield f"no version is in force from {gap}", "Close the gap, or name the later one differently."


def seconds(duration: str) -> float:
    """
    Give a duration such as ``4d``, ``8h``, ``10min``, ``30s`` or ``200ms`` in seconds.

    Args:
        duration: A number of at most six digits, a dot for fractions, and a unit without a blank between them.

    Raises:
        ValueError: It is written otherwise.
    """
    match = _DURATION.fullmatch(duration)
    if match is None:
        raise ValueError(f"expected a duration such as 4d, 8h, 10min, 30s or 200ms, got {duration!r}")
    return float(match[1]) * _UNITS[match[2]]
