"""The ``document:`` of a mapping: its fields, numbered, with their place and what must hold of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from runner.mapping.convert import CodeList, Wanted
from runner.mapping.expressions import Expression, read_expression
from runner.mapping.language import is_field
from runner.mapping.places import Key, YamlFile
from runner.mapping.problems import Problems
from runner.mapping.sandbox import Language

GROUP_KEYS = {"document", "when"}
EACH_KEYS = {"each", "document", "when", "optional"}


@dataclass(frozen=True)
class Field:
    """
    One field.

    Attributes:
        number: Its number in the document, from 0, in the order of writing.
        steps: Names from its container (the document, or a list's element) to it.
        path: Names from the document, for problems and the trace.
        where: ``file:line``.
        column: The column that it reads by ``from``, dotted, or None.
        expression: Its ``expr`` or ``each``, or None.
        when: The condition on it, or None.
        optional: Whether it may be empty.
        wanted: What its value must be.
        keeps: Whether its value is stored with the document, or only goes into the message.
        children: Fields of a list's element, or of a group under a condition.
    """

    number: int
    steps: tuple[str, ...]
    path: tuple[str, ...]
    where: str
    column: str | None = None
    expression: Expression | None = None
    when: Expression | None = None
    optional: bool = False
    wanted: Wanted = field(default_factory=Wanted)
    keeps: bool = True
    children: tuple[Field, ...] = ()
    is_each: bool = False

    @property
    def source(self) -> str:
        """Where its value is from, as the author wrote it."""
        if self.column is not None:
            return f"from {self.column}"
        return f"{'each' if self.is_each else 'expr'} {self.expression.text}" if self.expression else "group"

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """The maps between its container and it."""
        return self.steps[:-1]

    @cached_property
    def name(self) -> str:
        """Its own name."""
        return self.steps[-1]

    @cached_property
    def label(self) -> str:
        """The column that a problem with it is told by; the field's own name where it reads none."""
        if self.column is not None:
            return self.column
        columns = self.expression.columns("row") + self.expression.columns("element") if self.expression else ()
        return columns[0] if columns else ".".join(self.path)


class FieldReader:
    """Reads the fields of one mapping; what is wrong goes to ``problems``."""

    def __init__(
        self,
        environment: Language,
        file: YamlFile,
        code_lists: Mapping[str, CodeList],
        zone: ZoneInfo,
        problems: Problems,
    ) -> None:
        self._environment = environment
        self._file = file
        self._code_lists = code_lists
        self._zone = zone
        self._problems = problems
        self._known: dict[tuple[str, ...], str] = {}
        self._count = 0

    def read(self, group: Mapping[str, Any]) -> tuple[Field, ...]:
        """Give the fields of ``document:``."""
        self._all = set(paths(group))
        return tuple(self._group(group, ("document",), (), (), ("row", "doc", "item")))

    def _group(
        self,
        group: Mapping[str, Any],
        place: tuple[Key, ...],
        steps: tuple[str, ...],
        path: tuple[str, ...],
        names: Collection[str],
    ) -> Sequence[Field]:
        found: list[Field] = []
        for name, node in group.items():
            inner = (*place, name)
            if is_field(node):
                found.append(self._field(node, inner, (*steps, name), (*path, name), names))
                self._known[(*path, name)] = "field"
            else:
                found += self._group(node, inner, (*steps, name), (*path, name), names)
        return found

    def _field(
        self,
        node: Mapping[str, Any],
        place: tuple[Key, ...],
        steps: tuple[str, ...],
        path: tuple[str, ...],
        names: Collection[str],
    ) -> Field:
        number, self._count = self._count, self._count + 1
        where = self._file.at(*place)
        self._check_keys(node, place)
        when = self._expression(node, place, "when", names)
        if "document" not in node:
            return Field(
                number,
                steps,
                path,
                where,
                column=node.get("from"),
                expression=self._expression(node, place, "expr", names),
                when=when,
                optional=node.get("optional", False),
                wanted=self._wanted(node, place),
                keeps=node.get("keep", True),
            )
        listed = "each" in node
        expression = self._expression(node, place, "each", names)
        inner_names = (*names, "element") if listed and "element" not in names else names
        children = self._group(node["document"], (*place, "document"), () if listed else steps, path, inner_names)
        return Field(
            number,
            steps,
            path,
            where,
            expression=expression,
            when=when,
            optional=node.get("optional", False),
            children=tuple(children),
            is_each=listed,
        )

    def _check_keys(self, node: Mapping[str, Any], place: tuple[Key, ...]) -> None:
        sources = [key for key in ("from", "expr", "each") if key in node]
        if "document" not in node and "each" in node:
            self._problems.add(2007, self._file.at(*place), name="document")
        if len(sources) > 1:
            self._problems.add(
                2008,
                self._file.at(*place, sources[1]),
                expected="one of from, expr, each",
                got=" and ".join(sources),
            )
        if "document" in node:
            allowed = EACH_KEYS if "each" in node else GROUP_KEYS
            for key in node:
                if key not in allowed:
                    what = f"{key!r} beside `document`"
                    self._problems.add(2014, self._file.at(*place, key), what=what, instead="Put it to a field inside")

    def _expression(
        self, node: Mapping[str, Any], place: tuple[Key, ...], key: str, names: Collection[str]
    ) -> Expression | None:
        text = node.get(key)
        if text is None:
            return None
        read = read_expression(self._environment, self._file, (*place, key), text, names, self._problems)
        if read is not None:
            check_document_names(read, self._known, self._all, self._problems)
        return read

    def _wanted(self, node: Mapping[str, Any], place: tuple[Key, ...]) -> Wanted:
        code_list = node.get("code_list")
        if code_list is not None and code_list not in self._code_lists:
            where = self._file.at(*place, "code_list")
            self._problems.add_unknown(where, "code list", code_list, self._code_lists)
        if node.get("past") and node.get("type") not in {"date", "instant"}:
            what = "`past` of what is neither a day nor an instant"
            self._problems.add(2014, self._file.at(*place, "past"), what=what, instead="Take it out")
        values = node.get("values")
        length = node.get("max_length")
        return Wanted(
            type=node.get("type", "text"),
            values=None if values is None else {name: text_of(value) for name, value in values.items()},
            code_list=self._code_lists.get(code_list) if code_list else None,
            max_length=int(length) if length else None,
            past=node.get("past", False),
            zone=self._zone,
        )


def column_of(label: str, fields: Sequence[Field]) -> str:
    """Give the column behind ``doc.a.b``; the label itself where it is none of the document."""
    if not label.startswith("doc."):
        return label
    path = re.sub(r"\[[0-9]+\]", "", label.removeprefix("doc."))
    return next((each.label for each in fields if ".".join(each.path) == path), path)


def text_of(value: Any) -> str:
    """Give a scalar of a file as text."""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def paths(group: Mapping[str, Any], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Give the paths of all fields, those under a condition included; elements of lists are not."""
    found: list[tuple[str, ...]] = []
    for name, node in group.items():
        if "document" in node and "each" not in node and isinstance(node["document"], dict):
            found += paths(node["document"], (*path, name))
        elif is_field(node):
            found.append((*path, name))
        else:
            found += paths(node, (*path, name))
    return found


def check_document_names(
    expression: Expression,
    known: Collection[tuple[str, ...]],
    every: Collection[tuple[str, ...]],
    problems: Problems,
) -> None:
    """Check that each ``doc.…`` of an expression is a field, and one that stands before it."""
    for chain in expression.names:
        steps = chain[1:]
        if chain[0] != "doc" or not steps or _meets(steps, known):
            continue
        dotted = ".".join(steps)
        if _meets(steps, every):
            problems.add(2013, expression.where, name=f"doc.{dotted}")
        else:
            problems.add_unknown(expression.where, "field", dotted, [".".join(path) for path in every])


def _meets(steps: tuple[str, ...], known: Collection[tuple[str, ...]]) -> bool:
    """Whether the steps lead to a field, into one, or to a group of some."""
    return any(path[: len(steps)] == steps or steps[: len(path)] == path for path in known)
