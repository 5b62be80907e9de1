"""The element names that XPaths and templates write out, held against the contract's schemas."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from runner.mapping.places import shown
from runner.mapping.problems import Problems, nearest
from runner.mapping.xsd import SchemaSource

_NAME = r"[^\W\d][\w.-]*"
_IN_XPATH = re.compile(rf"(?<![\w:$@.-])({_NAME}):({_NAME})(?!\s*\(|[\w.:-])")
_NOT_NAMES = re.compile(rf"'[^']*'|\"[^\"]*\"|@\s*{_NAME}(?::{_NAME})?|attribute::{_NAME}:{_NAME}")
_AXIS = re.compile(r"[a-z-]+::")

_NOT_LITERAL = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<!--.*?-->|<!\[CDATA\[.*?\]\]>", re.DOTALL)
_COMPUTED = "\0"
_TAG = re.compile(rf"<({_NAME}):({_NAME})(?=[\s/>])")
_DECLARED = re.compile(rf"xmlns:({_NAME})\s*=")


@dataclass(frozen=True)
class ElementNames:
    """
    The elements of some schemas, by the prefixes of a pack.

    Attributes:
        prefixes: Prefix → namespace.
        known: Namespace → names of its elements, global and local.
    """

    prefixes: Mapping[str, str]
    known: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, sources: Iterable[SchemaSource], prefixes: Mapping[str, str]) -> ElementNames:
        """Give the elements of services' schemas."""
        known: dict[str, frozenset[str]] = {}
        for source in sources:
            for namespace, names in source.elements().items():
                known[namespace] = known.get(namespace, frozenset()) | names
        return cls(prefixes, known)

    def check_xpath(self, path: str, where: str, problems: Problems, *, described: bool = True) -> None:
        """
        Note the elements of an XPath that no schema has; prefixes are its compiler's business.

        What need not be ``described``, as the detail of a fault, is told only where a name comes near.
        """
        for prefix, name in _IN_XPATH.findall(_AXIS.sub("", _NOT_NAMES.sub(" ", path))):
            if prefix in self.prefixes:
                self._check(prefix, name, where, problems, described=described)

    def check_template(self, path: Path, problems: Problems) -> None:
        """Note the elements that a template writes out and no schema has; computed names are left alone."""
        text = path.read_text("utf-8")
        declared = set(_DECLARED.findall(text))
        for line, prefix, name in _tags(text):
            where = f"{shown(path)}:{line}"
            if prefix in declared:
                continue
            if prefix not in self.prefixes:
                problems.add_unknown(where, "prefix", prefix, self.prefixes)
            else:
                self._check(prefix, name, where, problems)

    def _check(self, prefix: str, name: str, where: str, problems: Problems, *, described: bool = True) -> None:
        known = self.known.get(self.prefixes[prefix])
        if known is None or name in known:
            return  # a namespace that no schema here speaks of, such as that of an xs:any
        close = nearest(name, known)
        if close is not None:
            problems.add(2003, where, what="element", name=f"{prefix}:{name}", nearest=f"{prefix}:{close}")
        elif described:
            problems.add(2081, where, name=f"{prefix}:{name}")


def _tags(text: str) -> Iterator[tuple[int, str, str]]:
    """Give line, prefix and name of the opening tags that stand in a template as they are."""
    bare = _NOT_LITERAL.sub(lambda each: _COMPUTED + "\n" * each[0].count("\n"), text)
    for found in _TAG.finditer(bare):
        yield bare.count("\n", 0, found.start()) + 1, found[1], found[2]
