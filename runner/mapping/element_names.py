"""The element names that XPaths and templates write out, held against the contract's schemas."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from runner.mapping.places import read_file, shown
from runner.mapping.problems import Problems, nearest
from runner.mapping.xsd import SchemaSource

_NAME = r"[^\W\d][\w.-]*"
_IN_XPATH = re.compile(rf"(?<![\w:$@.-])(?:({_NAME}):)?({_NAME})(?!\s*\(|[\w.:-])")
_OPERATORS = {"and", "or", "div", "mod"}
_NOT_NAMES = re.compile(rf"'[^']*'|\"[^\"]*\"|@\s*{_NAME}(?::{_NAME})?|attribute::{_NAME}:{_NAME}")
_AXIS = re.compile(r"[a-z-]+::")

_NOT_LITERAL = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<!--.*?-->|<!\[CDATA\[.*?\]\]>", re.DOTALL)
_COMPUTED = "\0"
_TAG = re.compile(rf"<(?:({_NAME}):)?({_NAME})(?=[\s/>])")
_DECLARED = re.compile(rf"xmlns(?::({_NAME}))?\s*=")


@dataclass(frozen=True)
class ElementNames:
    """
    The elements of some schemas, by the prefixes of a pack.

    Attributes:
        prefixes: Prefix → namespace.
        known: Namespace → names of its elements, global and local.
        home: Namespace that is probably meant where several have a name.
    """

    prefixes: Mapping[str, str]
    known: Mapping[str, frozenset[str]]
    home: str = ""

    @classmethod
    def of(cls, sources: Iterable[SchemaSource], prefixes: Mapping[str, str]) -> ElementNames:
        """Give the elements of services' schemas."""
        known: dict[str, frozenset[str]] = {}
        for source in sources:
            for namespace, names in source.elements().items():
                known[namespace] = known.get(namespace, frozenset()) | names
        return cls(prefixes, known)

    def within(self, names: Iterable[str]) -> ElementNames:
        """Give those of them that are among ``names``, ``{namespace}local`` each."""
        kept = set(names)
        known = {
            namespace: frozenset(each for each in local if (f"{{{namespace}}}{each}" if namespace else each) in kept)
            for namespace, local in self.known.items()
        }
        return replace(self, known=known)

    def check_xpath(self, path: str, where: str, problems: Problems, *, described: bool = True) -> None:
        """
        Note the elements of an XPath that no schema has; prefixes are its compiler's business.

        What need not be ``described``, as the detail of a fault, is told only where a name comes near.
        """
        for prefix, name in _IN_XPATH.findall(_AXIS.sub("", _NOT_NAMES.sub(" ", path))):
            if prefix in self.prefixes or (not prefix and described and name not in _OPERATORS):
                self._check(prefix, name, where, problems, described=described)

    def check_template(self, path: Path, problems: Problems) -> None:
        """Note the elements that a template writes out and no schema has; computed names are left alone."""
        text = read_file(path, Problems()) or ""  # what cannot be read was told of the template itself
        declared = set(_DECLARED.findall(text))
        for line, prefix, name in _tags(text):
            where = f"{shown(path)}:{line}"
            if prefix in declared:
                continue
            if prefix and prefix not in self.prefixes:
                problems.add_unknown(where, "prefix", prefix, self.prefixes)
            else:
                self._check(prefix, name, where, problems)

    def _check(self, prefix: str, name: str, where: str, problems: Problems, *, described: bool = True) -> None:
        known = self.known.get(self.prefixes[prefix] if prefix else "")
        if not self.known or known is None or name in known:
            return  # a namespace that no schema here speaks of, such as that of an xs:any
        written = f"{prefix}:{name}" if prefix else name
        close = self._nearest(prefix, name)
        if close is not None:
            problems.add(2003, where, what="element", name=written, nearest=close)
        elif described:
            problems.add(2081, where, name=written)

    def _nearest(self, prefix: str, name: str) -> str | None:
        """Give the same name under another prefix, else the nearest one, under the same prefix first."""
        by_prefix = {each: self.known.get(uri, frozenset()) for each, uri in self.prefixes.items()}
        by_prefix[""] = self.known.get("", frozenset())
        ordered = sorted(by_prefix, key=lambda each: (each != prefix, self.prefixes.get(each) != self.home))
        same = [(each, name) for each in ordered if name in by_prefix[each]]
        close = [(each, found) for each in ordered if (found := nearest(name, by_prefix[each])) is not None]
        for each, found in (*same, *close):
            return f"{each}:{found}" if each else found
        return None


def _tags(text: str) -> Iterator[tuple[int, str, str]]:
    """Give line, prefix and name of the opening tags that stand in a template as they are."""
    bare = _NOT_LITERAL.sub(lambda each: _COMPUTED + "\n" * each[0].count("\n"), text)
    for found in _TAG.finditer(bare):
        yield bare.count("\n", 0, found.start()) + 1, found[1] or "", found[2]
