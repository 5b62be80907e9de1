"""The smallest valid element that a schema allows, for operations that nobody has scripted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from runner.simulator.names import Ns, tag
from runner.simulator.simple_value import SimpleTypes, XsdIndex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.simulator.schema import Schemas

_DEPTH = 40
_GROUPS = ("sequence", "all", "choice", "group")


class NoSampleError(Exception):
    """No element of that kind can be made; the text says why."""


class Sampler:
    """Makes sample elements of one description."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._index = XsdIndex(schemas.documents)
        self._simple = SimpleTypes(self._index)

    def make(self, name: str, texts: Sequence[str], *, full: bool = False) -> etree._Element:
        """
        A valid element.

        Args:
            name: ``{namespace}local`` of a global element.
            texts: Strings to be put wherever the type takes one of them, best first.
            full: With the optional children of the first level too.

        Raises:
            NoSampleError: None could be made that the schema accepts.
        """
        declaration = self._index.find("element", name)
        if declaration is None:
            raise NoSampleError(f"{name} is not declared")
        made = _Work(self._index, self._simple, texts, full=full).element(declaration, name, 0)
        problem = self._schemas.problem(made)
        if problem is not None:
            raise NoSampleError(f"{name}: the smallest element made is not valid: {problem}")
        return made


class _Work:
    """One making."""

    def __init__(self, index: XsdIndex, simple: SimpleTypes, texts: Sequence[str], *, full: bool) -> None:
        self._index = index
        self._simple = simple
        self._texts = texts
        self._full = full

    def element(self, declaration: etree._Element, name: str, depth: int) -> etree._Element:
        if depth > _DEPTH:
            raise NoSampleError(f"{name} contains itself")
        if declaration.get("abstract") == "true":
            declaration, name = self._substitute(name)
        element = etree.Element(name)
        fixed = declaration.get("fixed", declaration.get("default"))
        if fixed is not None:
            element.text = fixed
            return element
        complex_type, simple_type = self._index.type_of(declaration)
        if complex_type is not None:
            self._fill(element, complex_type, depth)
        else:
            element.text = self._value(simple_type)
        return element

    def _value(self, simple_type: etree._Element | str) -> str:
        value = self._simple.value(simple_type, self._texts)
        if value is None:
            raise NoSampleError("a simple type has no value that could be made")
        return value

    def _substitute(self, head: str) -> tuple[etree._Element, str]:
        for name, declaration in self._index.all("element"):
            group = declaration.get("substitutionGroup")
            named = None if group is None else self._index.resolve(declaration, group)
            if named == head and declaration.get("abstract") != "true":
                return declaration, name
        raise NoSampleError(f"{head} is abstract and nothing stands for it")

    def _fill(self, element: etree._Element, complex_type: etree._Element, depth: int) -> None:
        """Give the element what its complex type demands: base first, then content, then attributes."""
        content = complex_type
        for kind in ("simpleContent", "complexContent"):
            derived = complex_type.find(tag(Ns.XS, kind))
            if derived is None:
                continue
            content = next(derived.iterchildren(tag(Ns.XS, "extension"), tag(Ns.XS, "restriction")))
            base = self._index.resolve(content, content.get("base", ""))
            base_type = self._index.find("complexType", base)
            if base_type is not None and (content.tag == tag(Ns.XS, "extension") or kind == "simpleContent"):
                self._fill(element, base_type, depth)
            elif kind == "simpleContent":
                element.text = self._value(base)
        for group in _GROUPS:
            particle = content.find(tag(Ns.XS, group))
            if particle is not None:
                for child in self._particle(particle, depth):
                    element.append(child)
        for attribute in self._index.attributes(content):
            if attribute.get("use") == "required":
                name, declared = self._index.attribute(attribute)
                value = attribute.get("fixed", attribute.get("default", declared.get("fixed")))
                element.set(name, value if value is not None else self._value(self._index.simple_type_of(declared)))

    def _particle(self, particle: etree._Element, depth: int) -> list[etree._Element]:
        """The children that a particle demands."""
        times = int(particle.get("minOccurs", "1"))
        if self._full and depth == 0 and particle.get("maxOccurs") != "0":
            times = max(times, 1)
        return [child for _ in range(times) for child in self._once(particle, depth)]

    def _once(self, particle: etree._Element, depth: int) -> list[etree._Element]:
        kind = etree.QName(particle).localname
        if kind == "element":
            declaration, name = self._index.local_element(particle)
            return [self.element(declaration, name, depth + 1)]
        if kind == "any":
            return [self._anything(particle)]
        if kind == "group":
            group = self._index.find("group", self._index.resolve(particle, particle.get("ref", "")))
            if group is None:
                raise NoSampleError("a group is not declared")
            return self._children(group, depth)
        if kind == "choice":
            return self._choice(particle, depth)
        return self._children(particle, depth)

    def _children(self, particle: etree._Element, depth: int) -> list[etree._Element]:
        kinds = [tag(Ns.XS, kind) for kind in (*_GROUPS, "element", "any")]
        return [child for inner in particle.iterchildren(*kinds) for child in self._particle(inner, depth)]

    def _choice(self, particle: etree._Element, depth: int) -> list[etree._Element]:
        """The smallest alternative that can be made."""
        made: list[list[etree._Element]] = []
        kinds = [tag(Ns.XS, kind) for kind in (*_GROUPS, "element", "any")]
        for inner in particle.iterchildren(*kinds):
            try:
                made.append(self._particle(inner, depth))
            except NoSampleError:
                continue
        if not made:
            raise NoSampleError("no alternative of a choice can be made")
        return min(made, key=lambda children: sum(1 for child in children for _ in child.iter()))

    def _anything(self, particle: etree._Element) -> etree._Element:
        if particle.get("processContents", "strict") == "strict":
            raise NoSampleError("any declared element is allowed, which one is not known")
        named = str(particle.get("namespace", "##any")).split()
        namespace = next((each for each in named if not each.startswith("##")), str(Ns.SIM))
        return etree.Element(f"{{{namespace}}}Barmi", nsmap={"sim": namespace})
