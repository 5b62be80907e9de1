"""Dated rules of kind ``policy``: what the decision table says where a site, or a law of its day, decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.domain.facts import CHOICES, OURS, Choice, Option
from runner.mapping.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from runner.domain.rules import RuleBook
    from runner.mapping.problems import Problems


def check_policy(identifier: str, parameters: Mapping[str, str], where: str, problems: Problems) -> None:
    """Check that the decision table asks a rule, and that it may say what it says."""
    if identifier not in set(Option):
        close = nearest(identifier, [str(option) for option in Option])
        instead = f"Did you mean {close!r}?" if close else f"It asks: {', '.join(Option)}."
        problems.add(2071, where, name=identifier, instead=instead)
    elif "choice" in parameters:
        check_choice(identifier, parameters["choice"], where, problems)


def check_choice(identifier: str, value: str, where: str, problems: Problems) -> None:
    """Check a rule's choice, from the file or from the settings; the law's limits are what may be chosen."""
    choices = [str(choice) for choice in CHOICES[Option(identifier)]]
    if value not in choices:
        problems.add(2008, where, expected=" or ".join(choices), got=repr(value))


def options_on(book: RuleBook, day: date) -> dict[Option, Choice]:
    """Give what the rules say on a day of recording; where none is in force, what is ours."""
    found = {option: book.find(option, day) for option in Option}
    return {option: Choice(rule.parameters["choice"]) if rule else OURS[option] for option, rule in found.items()}


def said_on(book: RuleBook, names: Iterable[str], day: date) -> dict[str, dict[str, str]]:
    """
    Give the versions of rules that are in force on a day, as they are stored with a decision.

    Returns:
        Identifier → first day (``from``, where the version has one) and parameters; conditions and sentences stay in
        the file, where the first day finds them.
    """
    said: dict[str, dict[str, str]] = {}
    for name in names:
        rule = book.find(name, day)
        if rule is not None:
            since = {"from": rule.valid_from.isoformat()} if rule.valid_from else {}
            kept = {key: value for key, value in rule.parameters.items() if key not in {"when", "sentence", "deny"}}
            said[name] = {**since, **kept}
    return said
