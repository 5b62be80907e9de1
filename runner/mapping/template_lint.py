"""What can be said of a template without a row: its names, filters and parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import TemplateSyntaxError, nodes

from runner.mapping.expressions import chain_of, check_vocabulary
from runner.mapping.fields import Field
from runner.mapping.places import shown
from runner.mapping.problems import Problems, nearest
from runner.mapping.sandbox import Language

ITEM_NAMES = frozenset(
    {
        *("item_id", "message_id", "document_type", "source_key", "order_key", "recorded_by", "recorded_at"),
        *("first_recorded_at", "created_at", "workplace", "withdraws", "prescriber"),
    }
)
"""What ``item`` has, in expressions and templates."""

Names = Mapping[str, Sequence[str]]
"""Name → the dotted names that it has."""


def template_files(made: Language, folder: Path, name: str) -> tuple[Path, ...]:
    """Give a template's file and those that it imports or includes, each once."""
    found: list[Path] = []
    waiting = [name]
    while waiting:
        path = folder / waiting.pop()
        if path in found or not path.is_file():
            continue
        found.append(path)
        try:
            waiting += made.parts(path)
        except TemplateSyntaxError:
            continue
    return tuple(found)


def check_template(made: Language, folder: Path, name: str, fields: Sequence[Field], problems: Problems) -> None:
    """Note everything that is wrong with a template and its parts, with file and line."""
    for path in template_files(made, folder, name):
        try:
            made.parsed(path)
        except TemplateSyntaxError as error:
            reason = " ".join((error.message or "it cannot be read").rstrip(".").split())
            problems.add(2011, f"{shown(path)}:{error.lineno}", reason=reason)
            continue
        _check_tree(made, path, folder, fields, problems)


def _check_tree(made: Language, path: Path, folder: Path, fields: Sequence[Field], problems: Problems) -> None:
    tree, where = made.parsed(path), shown(path)
    for unsafe in tree.find_all(nodes.EvalContextModifier):
        problems.add(
            2014, f"{where}:{unsafe.lineno}", what="`autoescape`", instead="Remove it: every value is escaped, always"
        )
    parts: Any = tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends))
    for part in parts:
        if not isinstance(part.template, nodes.Const):
            problems.add(2014, f"{where}:{part.lineno}", what="a computed name of a template", instead="Write its name")
        elif not (folder / str(part.template.value)).is_file():
            known = [path.name for path in folder.glob("*.j2")]
            problems.add_unknown(f"{where}:{part.lineno}", "template", str(part.template.value), known)
    before = len(problems.found)
    check_vocabulary(tree, where, problems, calls=False)
    if len(problems.found) > before:
        return  # jinja2 goes no further with a filter that it does not know
    undeclared = made.undeclared(path) - {"doc", "item"}
    for name in tree.find_all(nodes.Name) if undeclared else ():
        if name.ctx == "load" and name.name in undeclared:
            problems.add_unknown(f"{where}:{name.lineno}", "name", name.name, ("doc", "item"))
    scope: Names = {"doc": [".".join(each.path) for each in fields], "item": sorted(ITEM_NAMES)}
    _check_chains(tree, scope, {".".join(each.path): each for each in fields}, where, problems)


def _check_chains(tree: nodes.Node, scope: Names, fields: Mapping[str, Field], where: str, problems: Problems) -> None:
    chain = chain_of(tree)
    if chain is not None:
        if chain[0] in scope and len(chain) > 1:
            _check_chain(chain, scope[chain[0]], f"{where}:{tree.lineno}", problems)
        return
    if isinstance(tree, nodes.For) and isinstance(tree.target, nodes.Name):
        scope = {**scope, **_elements(tree.target.name, chain_of(tree.iter), fields)}
    for child in tree.iter_child_nodes():
        _check_chains(child, scope, fields, where, problems)


def _elements(target: str, over: tuple[str, ...] | None, fields: Mapping[str, Field]) -> Names:
    """Give the names of a loop's target where it runs over a list of the document."""
    field = fields.get(".".join(over[1:])) if over and over[0] == "doc" else None
    if field is None or not field.is_each:
        return {target: ()}
    depth = len(field.path)
    return {target: [".".join(each.path[depth:]) for each in _below(field)]}


def _below(field: Field) -> Iterator[Field]:
    for child in field.children:
        yield child
        yield from _below(child)


def _check_chain(chain: tuple[str, ...], known: Sequence[str], where: str, problems: Problems) -> None:
    dotted = ".".join(chain[1:])
    if not known or any(f"{name}.".startswith(f"{dotted}.") or f"{dotted}.".startswith(f"{name}.") for name in known):
        return
    close = nearest(dotted, known)
    if close is not None:
        problems.add(2003, where, what="field", name=f"{chain[0]}.{dotted}", nearest=f"{chain[0]}.{close}")
    else:
        problems.add_unknown(where, "field", dotted, known)
