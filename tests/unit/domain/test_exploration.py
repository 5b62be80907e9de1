"""The delivery protocol, explored exhaustively: every invariant holds, and each rule is there for a reason."""

from __future__ import annotations

import inspect
from functools import cache

import pytest
from exploration import Exploration, Found
from rules_left_out import GUARDS, RULES, explored, replaced
from worlds import KINDS

from runner.domain import guards
from runner.domain.outbox import TRANSITIONS, State

CASES = [(name, kind) for name, rule in RULES.items() for kind in rule.harm]


NOT_TAKEN = {
    (State.NEW, State.INVALID): "only where a store refuses a row as it is written",
    (State.PARKED, State.SKIPPED): "what was claimed had its predecessor accepted, which never changes",
    (State.WAITING, State.SKIPPED): "the same",
    (State.UNKNOWN, State.REJECTED): "only where a mapping's probe can be shown a refusal",
}
"""Transitions that the table allows and no world of the exploration takes."""


@cache
def walked(
    kind: str, *, poison_after: int = guards.POISON_AFTER, unreadable_rounds: int = guards.UNREADABLE_ROUNDS
) -> tuple[Exploration, Found]:
    """The worlds of one kind of item under all rules."""
    with replaced({"POISON_AFTER": poison_after, "UNREADABLE_ROUNDS": unreadable_rounds}):
        exploration = Exploration(KINDS[kind])
        return exploration, exploration.walk()


@pytest.mark.parametrize("kind", KINDS)
def test_in_every_world_nothing_is_lost_sent_twice_or_told_twice(kind: str) -> None:
    _, found = walked(kind)
    assert not found.wrong, found.told()
    assert found.worlds > 1000, "the exploration must not be cut short by a mistake of its own"


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_what_daemons_die_over_is_taken_out_of_the_way_and_still_comes_to_its_end(kind: str) -> None:
    _, found = walked(kind, poison_after=0)
    assert not found.wrong, found.told()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_answered_with_what_nobody_can_read_comes_to_a_person_and_still_to_its_end(kind: str) -> None:
    _, found = walked(kind, unreadable_rounds=1)
    assert not found.wrong, found.told()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kind"), CASES)
def test_each_rule_left_out_is_noticed(name: str, kind: str) -> None:
    found = explored(name, kind)
    assert found.wrong == RULES[name].harm[kind], found.told()


def test_each_guard_is_left_out_once() -> None:
    left_out = {name.split(":")[0] for name in GUARDS}
    all_guards = {name for name, _ in inspect.getmembers(guards, inspect.isfunction) if name != "timedelta"}
    ends_loops = {"is_poison", "is_unreadable"}
    assert left_out | ends_loops == all_guards, "what ends loops of deaths and of bad answers, other tests show"


@pytest.mark.slow
def test_each_transition_is_taken_in_some_world_or_has_a_reason() -> None:
    taken: set[tuple[State, State]] = set()
    for kind in KINDS:
        taken |= walked(kind)[0].transitions() | walked(kind, poison_after=0)[0].transitions()
    for kind in ("recept", "esemeny"):  # evidence for what had ended comes only where the EESZT's query hides things
        blind = Exploration(KINDS[kind], frozenset({"the query is complete"}))
        blind.walk(to_the_end=True)
        taken |= blind.transitions()
    named = {(before, after) for before, afters in TRANSITIONS.items() for after in afters}
    assert named - taken == NOT_TAKEN.keys()
    assert taken <= named
