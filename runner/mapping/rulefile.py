"""``rules.yaml``: dated rules read into a rule book, changed by the settings, and applied to rows of one mapping."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.domain.facts import Kind
from runner.domain.formats import FORMATS
from runner.domain.rules import Rule, RuleBook, RuleKind, seconds
from runner.domain.rules import problems as rule_problems
from runner.mapping.expressions import Expression, read_expression
from runner.mapping.fields import text_of
from runner.mapping.language import read_shaped
from runner.mapping.places import YamlFile
from runner.mapping.policy_rules import check_choice, check_policy, said_on
from runner.mapping.problems import Problems, nearest
from runner.mapping.program import Several
from runner.mapping.sandbox import Language

if TYPE_CHECKING:
    from jinja2.runtime import Context

PARAMETERS: Mapping[RuleKind, Mapping[str, bool]] = {
    RuleKind.SENDER: {"kind": True},
    RuleKind.WINDOW: {"send_within": False, "answer_within": False},
    RuleKind.NEVER: {"when": True, "sentence": True},
    RuleKind.POLICY: {"choice": True},
    RuleKind.IDENTIFIER: {"types": True, "deny": False, "pattern": False, "sentence": True},
}
"""Kind of rule → its parameters, and whether each is needed."""

NEEDED = {"identifier", "kind", "statement", "source", "confidence"}
"""Without these an entry is no rule."""


@dataclass(frozen=True, slots=True)
class ReadRules:
    """
    The rules of a site.

    Attributes:
        book: All versions.
        conditions: (identifier, first day) → the condition of a rule of kind never.
        unread: Identifiers of rules that stand in the file and are wrong.
    """

    book: RuleBook
    conditions: Mapping[tuple[str, date | None], Expression]
    unread: frozenset[str] = frozenset()


def read_rules(
    path: Path, overrides: Mapping[str, Mapping[str, str]], made: Language, problems: Problems
) -> ReadRules | None:
    """Read what is readable of the rules, and change them as the settings say; None where nothing is."""
    file = read_shaped(path, "rules", problems)
    if file is None:
        return None
    rules: list[Rule] = []
    conditions: dict[tuple[str, date | None], Expression] = {}
    places: dict[int, str] = {}
    unread: set[str] = set()
    for number, entry in enumerate(file.data.get("rules", ())):
        rule = _rule(file, number, entry, problems) if entry.keys() >= NEEDED else None
        if rule is None:
            unread.add(entry.get("identifier", ""))
            continue
        rules.append(rule)
        places[id(rule)] = file.at("rules", number)
        condition = _condition(file, number, rule, made, problems)
        if condition is not None:
            conditions[(rule.identifier, rule.valid_from)] = condition
    for each in rule_problems([rule for rule in rules if rule.identifier not in unread]):
        problems.add(
            2025, places[id(each.rule)], identifier=each.rule.identifier, reason=each.text, instead=each.remedy
        )
    changed = _changed(rules, {name: said for name, said in overrides.items() if name not in unread}, problems)
    return ReadRules(RuleBook(changed), conditions, frozenset(unread))


def _rule(file: YamlFile, number: int, entry: Mapping[str, Any], problems: Problems) -> Rule | None:
    before = len(problems.found)
    days: dict[str, date | None] = {}
    for name in ("valid_from", "valid_to"):
        try:
            days[name] = date.fromisoformat(entry[name]) if name in entry else None
        except ValueError:
            problems.add(2008, file.at("rules", number, name), expected="a day that exists", got=repr(entry[name]))
    kind = RuleKind(entry["kind"])
    parameters = {name: _text(value) for name, value in entry.get("parameters", {}).items()}
    for name, needed in PARAMETERS[kind].items():
        if needed and name not in parameters:
            problems.add(2007, file.at("rules", number, "parameters"), name=name)
    for name, value in parameters.items():
        where = file.at("rules", number, "parameters", name)
        if name not in PARAMETERS[kind]:
            problems.add_unknown(where, "parameter", name, PARAMETERS[kind])
        else:
            check_parameter(name, value, where, problems)
    if kind is RuleKind.POLICY:
        check_policy(entry["identifier"], parameters, file.at("rules", number), problems)
    if len(problems.found) > before:
        return None
    return Rule(
        identifier=entry["identifier"],
        kind=kind,
        statement=entry["statement"],
        parameters=parameters,
        valid_from=days["valid_from"],
        valid_to=days["valid_to"],
        source=entry["source"],
        confidence=entry["confidence"],
        open=entry.get("open", False),
    )


def _text(value: Any) -> str:
    return ",".join(str(each) for each in value) if isinstance(value, list) else text_of(value)


def check_parameter(name: str, value: str, where: str, problems: Problems) -> None:
    """Check the value of a rule's parameter, from the file or from the settings."""
    if name == "kind" and value not in list(Kind):
        problems.add_unknown(where, "kind", value, list(Kind))
    if name == "types":
        for each in value.split(","):
            if each not in FORMATS:
                problems.add_unknown(where, "format", each, FORMATS)
    if name.endswith("_within"):
        try:
            seconds(value)
        except ValueError:
            problems.add(2008, where, expected="a duration such as 4d, 8h, 10min or 30s", got=repr(value))
    if name == "pattern":
        try:
            re.compile(value)
        except re.error as error:
            problems.add(2008, where, expected=f"a regular expression ({error.msg})", got=repr(value))


def _condition(file: YamlFile, number: int, rule: Rule, made: Language, problems: Problems) -> Expression | None:
    if rule.kind is not RuleKind.NEVER:
        return None
    path = ("rules", number, "parameters", "when")
    return read_expression(made, file, path, rule.parameters["when"], ("row", "doc", "item"), problems)


def _changed(rules: Sequence[Rule], overrides: Mapping[str, Mapping[str, str]], problems: Problems) -> list[Rule]:
    """Put the settings' values in the place of ours, if all are right; a rule that is set is not open any more."""
    before = len(problems.found)
    known = {rule.identifier: rule for rule in rules}
    for identifier, parameters in overrides.items():
        where = f"settings [rules.{identifier!r}]"
        if identifier not in known:
            close = nearest(identifier, known)
            problems.add(2026, where, name=identifier, instead=f"Did you mean {close!r}?" if close else "Remove it.")
            continue
        for name, value in parameters.items():
            if name not in known[identifier].parameters:
                instead = f"It has: {', '.join(known[identifier].parameters)}."
                problems.add(2026, where, name=f"{identifier}.{name}", instead=instead)
            elif known[identifier].kind is RuleKind.SENDER:
                problems.add(2072, where, identifier=identifier)
            elif name == "choice":
                check_choice(identifier, value, where, problems)
            else:
                check_parameter(name, value, where, problems)
    if len(problems.found) > before:
        return list(rules)
    return [
        replace(rule, parameters={**rule.parameters, **overrides[rule.identifier]}, open=False, overruled=not rule.open)
        if overrides.get(rule.identifier)
        else rule
        for rule in rules
    ]


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition under which a row is never sent, and the sentence for the ward."""

    program: Several
    needs_document: bool
    sentence: str

    def holds(self, context: Context) -> bool:
        """
        Whether the rule says never of what stands in a context of ``Program.context``.

        Raises:
            ExpressionFailedError: The condition failed on this row.
        """
        return bool(self.program.computed(context)["when"])


@dataclass(frozen=True, slots=True)
class Denied:
    """Identifiers that are never sent."""

    types: frozenset[str]
    deny: frozenset[str]
    pattern: re.Pattern[str] | None
    sentence: str

    def speaks_of(self, value: str) -> bool:
        """Whether this value is one of them."""
        return value in self.deny or (self.pattern is not None and self.pattern.fullmatch(value) is not None)


@dataclass(frozen=True)
class InForce:
    """
    What the rules of one mapping say on one day.

    Attributes:
        kind: Line of the decision table.
        send_limit_s: Seconds from recording, or None.
        answer_limit_s: Seconds that a ward waits, or None.
        conditions: When a row is never sent.
        denied: Identifiers that are never sent.
        said: The versions that are in force, as they are stored with a decision.
    """

    kind: Kind
    send_limit_s: float | None
    answer_limit_s: float | None
    conditions: tuple[Condition, ...]
    denied: tuple[Denied, ...]
    said: Mapping[str, Mapping[str, str]]

    @cached_property
    def guards(self) -> dict[str, Callable[[str], str | None]]:
        """A field's type → what gives the sentence for the ward where a value of it is never sent, None otherwise."""
        types = {kind for each in self.denied for kind in each.types}
        return {kind: partial(_denial, tuple(each for each in self.denied if kind in each.types)) for kind in types}


def in_force(made: Language, rules: ReadRules, names: Sequence[str], day: date) -> InForce:
    """
    Give what the named rules say on a day.

    Raises:
        MappingError: RNR-2901, nothing says on that day who may send.
    """
    kind: Kind | None = None
    limits: dict[str, float] = {}
    conditions: list[Condition] = []
    denied: list[Denied] = []
    for name in names:
        rule = rules.book.find(name, day)
        if rule is None:
            if any(each.identifier == name and each.kind is RuleKind.SENDER for each in rules.book.rules):
                rules.book.in_force(name, day)
            continue
        if rule.kind is RuleKind.SENDER:
            kind = Kind(rule.parameters["kind"])
        elif rule.kind is RuleKind.WINDOW:
            for parameter, value in rule.parameters.items():
                limits[parameter] = min(seconds(value), limits.get(parameter, float("inf")))
        elif rule.kind is RuleKind.NEVER:
            expression = rules.conditions[(rule.identifier, rule.valid_from)]
            needs_document = any(chain[0] == "doc" for chain in expression.names)
            program = Several(made, {"when": expression}, rule.identifier)
            conditions.append(Condition(program, needs_document, rule.parameters["sentence"]))
        elif rule.kind is RuleKind.IDENTIFIER:
            denied.append(_denied(rule))
    assert kind is not None  # the loader has checked that one rule is of kind sender
    return InForce(
        kind,
        limits.get("send_within"),
        limits.get("answer_within"),
        tuple(conditions),
        tuple(denied),
        said_on(rules.book, names, day),
    )


def _denial(denied: Sequence[Denied], value: str) -> str | None:
    return next((each.sentence for each in denied if each.speaks_of(value)), None)


def _denied(rule: Rule) -> Denied:
    pattern = rule.parameters.get("pattern")
    return Denied(
        frozenset(rule.parameters["types"].split(",")),
        frozenset(filter(None, rule.parameters.get("deny", "").split(","))),
        re.compile(pattern) if pattern else None,
        rule.parameters["sentence"],
    )
