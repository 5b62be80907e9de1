"""An index of schema documents, and values of their simple types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from runner.simulator.names import Ns, tag
from runner.simulator.pattern import UnsupportedPatternError, example, matches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_KINDS = ("element", "attribute", "complexType", "simpleType", "group", "attributeGroup")
_STRINGS = {"string", "normalizedString", "token", "anySimpleType", "anyType", "NMTOKEN", "Name", "NCName", "ID"}
_BUILT_IN = {
    "boolean": "false",
    "dateTime": "2000-01-01T00:00:00Z",
    "dateTimeStamp": "2000-01-01T00:00:00Z",
    "date": "2000-01-01",
    "time": "00:00:00Z",
    "duration": "PT0S",
    "gYear": "2000",
    "gYearMonth": "2000-01",
    "gMonth": "--01",
    "gDay": "---01",
    "gMonthDay": "--01-01",
    "anyURI": "urn:sim",
    "language": "hu",
    "QName": "sim",
    "base64Binary": "AA==",
    "hexBinary": "00",
    "positiveInteger": "1",
    "negativeInteger": "-1",
    "nonPositiveInteger": "0",
}


class XsdIndex:
    """The global declarations of a set of schema documents, and what refers to them."""

    def __init__(self, documents: list[tuple[etree._Element, str]]) -> None:
        self._found: dict[tuple[str, str], etree._Element] = {}
        self._namespaces: dict[etree._Element, str] = {}
        for root, namespace in documents:
            self._namespaces[root] = namespace
            for kind in _KINDS:
                for declared in root.iterchildren(tag(Ns.XS, kind)):
                    self._found.setdefault((kind, self._clark(namespace, declared.get("name", ""))), declared)

    @staticmethod
    def _clark(namespace: str, local: str) -> str:
        return tag(namespace, local) if namespace else local

    def _root(self, element: etree._Element) -> etree._Element:
        root = element
        while (parent := root.getparent()) is not None and root not in self._namespaces:
            root = parent
        return root

    def find(self, kind: str, name: str) -> etree._Element | None:
        """The global declaration of that name."""
        return self._found.get((kind, name))

    def all(self, kind: str) -> Iterator[tuple[str, etree._Element]]:
        """All global declarations of a kind, with their names."""
        return ((name, element) for (found, name), element in self._found.items() if found == kind)

    def resolve(self, element: etree._Element, qname: str) -> str:
        """The full name that a QName in the element means."""
        prefix, colon, local = qname.rpartition(":")
        namespace = element.nsmap.get(prefix if colon else None)
        if namespace is None and not colon:
            namespace = self._namespaces.get(self._root(element), "")
        return self._clark(namespace or "", local)

    def local_element(self, particle: etree._Element) -> tuple[etree._Element, str]:
        """The declaration and the full name of an element particle."""
        reference = particle.get("ref")
        if reference is not None:
            name = self.resolve(particle, reference)
            return self._found.get(("element", name), particle), name
        return particle, self._local_name(particle, "elementFormDefault")

    def _local_name(self, declared: etree._Element, default: str) -> str:
        root = self._root(declared)
        form = declared.get("form", root.get(default, "unqualified"))
        return self._clark(self._namespaces.get(root, "") if form == "qualified" else "", declared.get("name", ""))

    def attribute(self, use: etree._Element) -> tuple[str, etree._Element]:
        """The full name and the declaration of an attribute use."""
        reference = use.get("ref")
        if reference is not None:
            name = self.resolve(use, reference)
            return name, self._found.get(("attribute", name), use)
        return self._local_name(use, "attributeFormDefault"), use

    def attributes(self, content: etree._Element) -> Iterator[etree._Element]:
        """The attribute uses of a type's content, those of its groups included."""
        yield from content.iterchildren(tag(Ns.XS, "attribute"))
        for reference in content.iterchildren(tag(Ns.XS, "attributeGroup")):
            group = self.find("attributeGroup", self.resolve(reference, reference.get("ref", "")))
            if group is not None:
                yield from self.attributes(group)

    def type_of(self, declaration: etree._Element) -> tuple[etree._Element | None, etree._Element | str]:
        """The complex type of an element, or None and its simple type."""
        inline = declaration.find(tag(Ns.XS, "complexType"))
        if inline is None and declaration.get("type") is not None:
            inline = self.find("complexType", self.resolve(declaration, declaration.get("type", "")))
        return inline, self.simple_type_of(declaration)

    def simple_type_of(self, declaration: etree._Element) -> etree._Element | str:
        """The simple type of an element or attribute: inline, or by full name."""
        inline = declaration.find(tag(Ns.XS, "simpleType"))
        if inline is not None:
            return inline
        named = declaration.get("type")
        return tag(Ns.XS, "string") if named is None else self.resolve(declaration, named)


class SimpleTypes:
    """Values of simple types."""

    def __init__(self, index: XsdIndex) -> None:
        self._index = index

    def value(self, simple_type: etree._Element | str, texts: Sequence[str]) -> str | None:
        """One of the texts where the type is a string that takes it, else a small value; None if none is known."""
        declared, facets = self._facets(simple_type)
        if isinstance(declared, list):
            return next((v for v in (self.value(member, texts) for member in declared) if v is not None), None)
        enumeration = [f.get("value", "") for f in facets if f.tag == tag(Ns.XS, "enumeration")]
        if enumeration:
            return enumeration[0]
        patterns = [f.get("value", "") for f in facets if f.tag == tag(Ns.XS, "pattern")]
        limits = {etree.QName(f).localname: f.get("value", "") for f in reversed(facets)}
        candidates = [*texts, "A"] if declared in _STRINGS else [_number_or_known(declared, limits)]
        for pattern in patterns:
            try:
                candidates.append(example(pattern))
            except UnsupportedPatternError:
                continue
        length = int(limits.get("length", limits.get("minLength", "1")) or 1)
        candidates += ["A" * length, "0" * length, ""]
        accepted = (c for c in candidates if all(matches(p, c) for p in patterns) and _fits(c, limits))
        return next(accepted, None)

    def _facets(
        self, simple_type: etree._Element | str
    ) -> tuple[str | list[etree._Element | str], list[etree._Element]]:
        """The built-in type below (or the members of a union) and all facets on the way, outermost first."""
        if isinstance(simple_type, str):
            declared = self._index.find("simpleType", simple_type)
            if declared is None:
                return etree.QName(simple_type).localname, []
            simple_type = declared
        restriction = simple_type.find(tag(Ns.XS, "restriction"))
        if restriction is not None:
            inner = restriction.find(tag(Ns.XS, "simpleType"))
            base = inner if inner is not None else self._index.resolve(restriction, restriction.get("base", ""))
            below, facets = self._facets(base)
            return below, [*restriction.iterchildren(etree.Element), *facets]
        union = simple_type.find(tag(Ns.XS, "union"))
        if union is not None:
            members: list[etree._Element | str] = list(union.iterchildren(tag(Ns.XS, "simpleType")))
            return [*members, *(self._index.resolve(union, m) for m in union.get("memberTypes", "").split())], []
        listed = simple_type.find(tag(Ns.XS, "list"))
        if listed is None or listed.get("itemType") is None:
            return "string", []
        return self._facets(self._index.resolve(listed, listed.get("itemType", "")))


def _number_or_known(built_in: str, limits: dict[str, str]) -> str:
    if built_in in _BUILT_IN:
        return _BUILT_IN[built_in]
    if "minInclusive" in limits:
        return limits["minInclusive"]
    if "minExclusive" in limits:
        return str(int(float(limits["minExclusive"])) + 1)
    return limits.get("maxInclusive", "0")


def _fits(value: str, limits: dict[str, str]) -> bool:
    length = len(value)
    if "length" in limits and length != int(limits["length"]):
        return False
    return int(limits.get("minLength", "0")) <= length <= int(limits.get("maxLength", "1000000"))
