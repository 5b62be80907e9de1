"""Bare Jinja expressions: parsed with their place, and checked for the names that they use."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from jinja2 import nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.parser import Parser

from runner.mapping.filters import OURS
from runner.mapping.places import Key, YamlFile
from runner.mapping.problems import Problems
from runner.mapping.sandbox import FILTERS, METHODS, TESTS, Language, exact

SPECIAL = set(",[]{}#:")
"""Characters that YAML reads as its own somewhere; an expression with one of them stands in quotes."""


@dataclass(frozen=True, slots=True)
class Expression:
    """
    One expression of a file.

    Attributes:
        text: As the author wrote it.
        where: ``file:line``.
        tree: Parsed; rewritten for exact numbers.
        names: Chains of names that it reads, e.g. ``("row", "TAJ")``.
    """

    text: str
    where: str
    tree: nodes.Expr
    names: tuple[tuple[str, ...], ...]

    def columns(self, of: str = "row") -> tuple[str, ...]:
        """Names that it reads of the row (or ``element``), in the order of writing."""
        return tuple(dict.fromkeys(".".join(chain[1:]) for chain in self.names if chain[0] == of and chain[1:]))


def read_expression(
    environment: Language, file: YamlFile, path: tuple[Key, ...], text: str, known: Collection[str], problems: Problems
) -> Expression | None:
    """
    Parse an expression of a file.

    Args:
        environment: From ``language``.
        file: Where it stands.
        path: Its place in the file.
        text: It.
        known: Names that it may use at all, e.g. ``row``, ``doc``.
        problems: Gets what is wrong.

    Returns:
        None where it is wrong.
    """
    where = file.at(*path)
    if path in file.plain and (SPECIAL & set(text) or text[0] in "'\""):
        problems.add(2009, where)
        return None
    try:
        tree = parse(environment, text)
    except TemplateSyntaxError as error:
        problems.add(2010, where, reason=_syntax_reason(error))
        return None
    except RecursionError:
        problems.add(2010, where, reason="it is nested too deep")
        return None
    return checked(environment, tree, text, where, known, problems)


def parse(environment: Language, text: str) -> nodes.Expr:
    """
    Parse one expression.

    Raises:
        TemplateSyntaxError: It is none.
    """
    parser = Parser(environment, text, state="variable")
    tree = parser.parse_expression()
    if not parser.stream.eos:
        raise TemplateSyntaxError(f"{parser.stream.current} is too much", parser.stream.current.lineno)
    return tree


def _syntax_reason(error: TemplateSyntaxError) -> str:
    return " ".join((error.message or "it cannot be read").rstrip(".").split())


def checked(
    environment: Language, tree: nodes.Expr, text: str, where: str, known: Collection[str], problems: Problems
) -> Expression | None:
    """Check names, filters and tests of a parsed expression, and rewrite it for exact numbers."""
    before = len(problems.found)
    for name in (*tree.find_all(nodes.Name), *_names_of(tree)):
        if name.ctx == "load" and name.name not in known:
            problems.add_unknown(where, "name", name.name, known)
    check_vocabulary(tree, where, problems)
    if len(problems.found) > before:
        return None
    chains = tuple(dict.fromkeys(_chains(tree)))
    changed = exact(tree, environment)
    assert isinstance(changed, nodes.Expr)
    return Expression(text, where, changed, chains)


def _names_of(tree: nodes.Expr) -> Iterator[nodes.Name]:
    """Give the tree itself where it is a bare name; ``find_all`` speaks of what is below it."""
    if isinstance(tree, nodes.Name):
        yield tree


def check_vocabulary(tree: nodes.Node, where: str, problems: Problems, *, calls: bool = True) -> None:
    """Check that every filter, test and (with ``calls``) method is one that mappings may use; a file gets its lines."""
    filters = {name for name in (*FILTERS, *OURS) if not name.startswith("@")}

    def at(node: nodes.Node) -> str:
        return where if calls else f"{where}:{node.lineno}"

    for each in below(tree, nodes.Filter):
        if each.name not in filters and not each.name.startswith("@"):
            problems.add_unknown(at(each), "filter", each.name, filters)
    for test in below(tree, nodes.Test):
        if test.name not in TESTS:
            problems.add_unknown(at(test), "test", test.name, [name for name in TESTS if name.isalpha()])
    if calls:
        _check_calls(tree, where, problems)


def _check_calls(tree: nodes.Node, where: str, problems: Problems) -> None:
    methods = set().union(*METHODS.values())
    for call in below(tree, nodes.Call):
        if isinstance(call.node, nodes.Getattr) and call.node.attr in methods:
            continue
        if isinstance(call.node, nodes.Getattr):
            problems.add_unknown(where, "method", call.node.attr, methods)
        else:
            problems.add(
                2014, where, what="a call", instead="Use a filter; docs/reference/mapping_language.md lists them"
            )


def below(tree: nodes.Node, kind: type[Any]) -> Iterator[Any]:
    """Give all nodes of a kind, the tree itself included."""
    if isinstance(tree, kind):
        yield tree
    yield from tree.find_all(kind)


def _chains(tree: nodes.Node) -> Iterator[tuple[str, ...]]:
    """Give every longest chain of names such as ``doc.paciens.taj`` in the order of writing."""
    chain = chain_of(tree)
    if chain is not None:
        yield chain
        return
    if isinstance(tree, nodes.Call) and isinstance(tree.node, nodes.Getattr):  # a method's name is no column's
        yield from _chains(tree.node.node)
        tree = nodes.List([*tree.args, *(each.value for each in tree.kwargs)])
    for child in tree.iter_child_nodes():
        yield from _chains(child)


def chain_of(tree: nodes.Node) -> tuple[str, ...] | None:
    """Give ``("doc", "paciens", "taj")`` for ``doc.paciens.taj`` or ``doc['paciens'].taj``; None for anything else."""
    if isinstance(tree, nodes.Name):
        return (tree.name,)
    step: str | None = None
    if isinstance(tree, nodes.Getattr):
        step = tree.attr
    elif isinstance(tree, nodes.Getitem) and isinstance(tree.arg, nodes.Const) and isinstance(tree.arg.value, str):
        step = tree.arg.value
    if step is None or not isinstance(tree, nodes.Getattr | nodes.Getitem):
        return None
    before = chain_of(tree.node)
    return None if before is None else (*before, step)
