"""
What a message of an operation consists of, read from the XML Schema for whoever writes a template.

Direct particles only (sequence, choice, all, groups), with what types inherit by extension, and what names another
element. A type that holds itself ends where it begins again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from lxml import etree

from runner.mapping.xsd import XS, full_name

_XS = f"{{{XS}}}"
_GROUPS = {f"{_XS}{name}" for name in ("sequence", "choice", "all")}

ANYTHING = "*"
"""Name of the node that stands for a wildcard."""

TYPES = {
    "boolean": "boolean",
    "date": "date",
    "dateTime": "instant",
    "decimal": "decimal",
    **dict.fromkeys(("integer", "int", "long", "short", "positiveInteger", "nonNegativeInteger"), "integer"),
}
"""Built-in type of XML Schema → type of a field."""

OWN_REFERENCE = "urn:uuid:"
"""A text that must begin so is the sender's own reference: the runner writes the message identifier there."""

DEEPEST = 20
"""How far a simple type is followed to the built-in one."""

Schemas = Sequence[etree._Element]  # noqa: SLF001  lxml has no other name for it
"""All schemas of a service."""


@dataclass(frozen=True, slots=True)
class Node:
    """
    An element or attribute of a message.

    Attributes:
        name: ``{namespace}local``.
        is_attribute: Whether it is an attribute; only those that are required are here.
        optional: Whether it may be missing: by itself, or as one of a choice.
        listed: Whether it may be there several times.
        takes_text: Whether it holds a value.
        type: Type of the field that gives the value; None for text.
        is_own_reference: Whether the value is the sender's own reference.
        fixed: The one value that an attribute may have.
        children: Attributes first, then elements.
    """

    name: str
    is_attribute: bool = False
    optional: bool = False
    listed: bool = False
    takes_text: bool = True
    type: str | None = None
    is_own_reference: bool = False
    fixed: str | None = None
    children: tuple[Node, ...] = ()

    @property
    def local(self) -> str:
        """Its name without the namespace."""
        return etree.QName(self.name).localname


def tree_of(element: str, schemas: Schemas) -> Node | None:
    """Give the tree of a global element; None where no schema has it."""
    found = _named(schemas, "element", element)
    return None if found is None else _Reader(schemas).element(found, ())


def names_below(node: Node) -> Iterator[str]:
    """Give the names of an element and of everything below it; attributes are not."""
    if not node.is_attribute:
        yield node.name
    for each in node.children:
        yield from names_below(each)


def is_closed(schemas: Schemas) -> bool:
    """Whether what is declared is what can be there: no substitution, no abstract type."""
    return not any(
        each.get("substitutionGroup") is not None or each.get("abstract") == "true"
        for schema in schemas
        for each in schema.iter(etree.Element)
    )


def _named(schemas: Schemas, kind: str, name: str) -> etree._Element | None:
    if not name:
        return None
    qname = etree.QName(name)
    for schema in schemas:
        if (schema.get("targetNamespace") or None) not in {qname.namespace, None}:
            continue
        for each in schema.iterchildren(f"{_XS}{kind}"):
            if each.get("name") == qname.localname:
                return each
    return None


def _resolved(node: etree._Element, attribute: str) -> str:
    """Give ``{namespace}local`` of the name that an attribute holds; an empty text where it is not there."""
    prefix, _, local = (node.get(attribute) or "").strip().rpartition(":")
    if not local:
        return ""  # nothing is named: the default namespace may be any
    namespace = node.nsmap.get(prefix or None)
    return f"{{{namespace}}}{local}" if namespace else local


class _Reader:
    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas

    def element(self, declared: etree._Element, above: tuple[str, ...]) -> Node:
        """Give the tree below a declaration; ``above`` are the types that it stands in."""
        name = full_name(declared, "elementFormDefault")
        inline = declared.find(f"{_XS}complexType")
        type_name = _resolved(declared, "type") if inline is None else ""
        kind = inline if inline is not None else _named(self._schemas, "complexType", type_name) if type_name else None
        if kind is None:
            simple = declared.find(f"{_XS}simpleType")
            return self._value(Node(name), type_name, simple)
        if type_name in above:
            return Node(name, takes_text=False)
        below = (*above, type_name) if type_name else above
        children = (*self._attributes(kind), *self._elements(kind, below))
        simple_base = kind.find(f"{_XS}simpleContent/*")
        if simple_base is None:
            return Node(name, takes_text=kind.get("mixed") == "true", children=children)
        return replace(self._value(Node(name), _resolved(simple_base, "base"), None), children=children)

    def _value(self, node: Node, type_name: str, inline: etree._Element | None) -> Node:
        """Give the node with what its simple type says, followed to the built-in one."""
        for _ in range(DEEPEST if inline is not None or type_name else 0):
            simple = inline if inline is not None else _named(self._schemas, "simpleType", type_name)
            if simple is None:
                break
            patterns = [each.get("value") or "" for each in simple.iterfind(f"{_XS}restriction/{_XS}pattern")]
            if any(each.startswith(OWN_REFERENCE) for each in patterns):
                node = replace(node, is_own_reference=True)
            restriction, inline = simple.find(f"{_XS}restriction"), None
            if restriction is None:
                return node  # a list or a union: text
            type_name = _resolved(restriction, "base")
        qname = etree.QName(type_name) if type_name else None
        return replace(node, type=TYPES.get(qname.localname)) if qname is not None and qname.namespace == XS else node

    def _content(self, kind: etree._Element) -> tuple[etree._Element, etree._Element | None]:
        """Give where the particles of a complex type stand, and the type that it extends."""
        derived = kind.find(f"{_XS}complexContent/*")
        if derived is None:
            derived = kind.find(f"{_XS}simpleContent/*")
        if derived is None:
            return kind, None
        base = _named(self._schemas, "complexType", _resolved(derived, "base"))
        return derived, base

    def _attributes(self, kind: etree._Element) -> Iterator[Node]:
        content, base = self._content(kind)
        if base is not None:
            yield from self._attributes(base)
        for each in content.iterchildren(f"{_XS}attribute", f"{_XS}attributeGroup"):
            if etree.QName(each).localname == "attributeGroup":
                group = _named(self._schemas, "attributeGroup", _resolved(each, "ref"))
                if group is not None:
                    yield from self._attributes(group)
            elif each.get("use") == "required":
                declared = _named(self._schemas, "attribute", _resolved(each, "ref")) if each.get("ref") else each
                if declared is not None:
                    name = full_name(declared, "attributeFormDefault")
                    simple = declared.find(f"{_XS}simpleType")
                    fixed = each.get("fixed") or declared.get("fixed")
                    node = Node(name, is_attribute=True, fixed=fixed)
                    yield self._value(node, _resolved(declared, "type"), simple)

    def _elements(self, kind: etree._Element, above: tuple[str, ...]) -> Iterator[Node]:
        content, base = self._content(kind)
        if base is not None and etree.QName(content).localname == "extension":
            yield from self._elements(base, above)
        yield from self._particles(content, above, optional=False, listed=False)

    def _particles(
        self, container: etree._Element, above: tuple[str, ...], *, optional: bool, listed: bool
    ) -> Iterator[Node]:
        for each in container.iterchildren(etree.Element):
            may_miss = optional or each.get("minOccurs") == "0"
            several = listed or each.get("maxOccurs", "1") not in {"0", "1"}
            if each.tag in _GROUPS:
                choice = each.tag == f"{_XS}choice"
                yield from self._particles(each, above, optional=may_miss or choice, listed=several)
            elif each.tag == f"{_XS}group":
                group = _named(self._schemas, "group", _resolved(each, "ref"))
                if group is not None:
                    yield from self._particles(group, above, optional=may_miss, listed=several)
            elif each.tag == f"{_XS}any":
                yield Node(ANYTHING, optional=True, takes_text=False)
            elif each.tag == f"{_XS}element":
                declared = _named(self._schemas, "element", _resolved(each, "ref")) if each.get("ref") else each
                if declared is not None:
                    yield replace(self.element(declared, above), optional=may_miss, listed=several)
