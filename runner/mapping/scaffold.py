"""A new document type from an operation of the contract: a folder with mapping and test, and a template to fill in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lxml import etree

from runner.errors import fault
from runner.mapping import language
from runner.mapping.pack import ContractPack
from runner.mapping.places import shown
from runner.mapping.problems import nearest
from runner.mapping.schema_tree import ANYTHING, Node, tree_of

MAPPING = """\
# {operation}. Fill in what each field is from; docs/reference/mapping_language.md says how.
# Our own reference is item.message_id, in the template: it is no field, and the query asks after the document with it.
document_type: {name}
title: {name}
lane: background
source: payload
rules: [jelentes.kuldo, esemeny.ideje, paciens.egyedi_azonosito]

document:
{document}

send: {{operation: {operation}, template: {name}.xml.j2}}

answer:
  accepted: //{output}
  receipt:  {{eeszt_id: "//{output}/*[1]"}}        # which element is the identifier?
  faults:                                 # a code in no list means UNKNOWN
    accepted_before: []
    retry:           []
    needs_person:    []
    rejected:        {{}}
  # unknown: lint asks for it. A query says `unknown: send_again`; a sender names the query that asks after it
"""

TEST = """\
row:
{row}

cases:
  - {{name: a good row becomes a message, message: expected/jo.xml}}
"""


def new_mapping(folder: Path, templates: Path, pack: ContractPack, name: str, operation: str) -> list[Path]:
    """
    Write the files of a new document type; nothing that exists is changed.

    Args:
        folder: ``mappings``.
        templates: ``templates``.
        pack: The contract.
        name: The new document type.
        operation: ``service.Operation`` that it sends.

    Returns:
        The files that were written.

    Raises:
        MappingError: There is no such operation, or the document type exists.
    """
    if operation not in pack.operations:
        close = nearest(operation, pack.operations)
        if close is not None:
            raise fault(2003, "--operation", what="operation", name=operation, nearest=close)
        raise fault(2004, "--operation", what="operation", name=operation, allowed=", ".join(pack.operations))
    shape = language.schema("mapping")["properties"]["document_type"]
    if not re.match(shape["pattern"], name):
        raise fault(2008, "TYPE", expected=shape["x-expects"], got=repr(name))
    target = folder / name
    template = templates / f"{name}.xml.j2"
    for path in (target, template):
        if path.exists():
            raise fault(2008, shown(path), expected="a new name", got="one that is taken")
    of = pack.operations[operation]
    root = tree_of(of.input_element, pack.schemas[of.service].documents())
    form = _Form(_Names(pack.prefixes))
    message = form.message(root) if root is not None else []
    output = _Names(pack.prefixes).of(of.output_element)
    files = {
        target / "mapping.yaml": MAPPING.format(
            name=name,
            operation=operation,
            document="\n".join(form.document) or "  uzenet: {expr: item.message_id}",
            output=output,
        ),
        target / "mapping_test.yaml": TEST.format(row="\n".join(form.row) or "  {}"),
        template: "\n".join(message) + "\n",
    }
    target.mkdir(parents=True)
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    return list(files)


class _Names:
    """Names with prefixes: the pack's, and new ones for namespaces that it does not name."""

    def __init__(self, prefixes: Mapping[str, str]) -> None:
        self._prefixes = {uri: prefix for prefix, uri in prefixes.items()}
        self._taken = set(prefixes)
        self.declared: dict[str, str] = {}

    def of(self, name: str) -> str:
        """Give ``prefix:local``."""
        qname = etree.QName(name)
        if qname.namespace is None:
            return qname.localname
        if qname.namespace not in self._prefixes:
            prefix = next(each for number in range(1, 1000) if (each := f"n{number}") not in self._taken)
            self._taken.add(prefix)
            self._prefixes[qname.namespace] = prefix
            self.declared[prefix] = qname.namespace
        return f"{self._prefixes[qname.namespace]}:{qname.localname}"


@dataclass(frozen=True, slots=True)
class _Scope:
    """
    Where fields are written: the document, or an element of one of its lists.

    Attributes:
        value: What the template calls it: ``doc``, or the loop's name.
        source: What expressions call it: ``row`` or ``element``.
        depth: How deep it stands in the YAML.
        path: Names from the scope to the element at hand.
        optional: Whether the element at hand may be missing.
        taken: Names of its fields.
    """

    value: str
    source: str
    depth: int
    path: tuple[str, ...] = ()
    optional: bool = False
    taken: set[str] = field(default_factory=set)

    def inside(self, node: Node) -> _Scope:
        """Give the scope one element deeper."""
        path = (*self.path, _plain(node.local))
        return _Scope(self.value, self.source, self.depth, path, self.optional or node.optional, self.taken)

    def name(self) -> str:
        """Give a free name for the element at hand."""
        wanted = "_".join(self.path)
        numbered = (f"{wanted}_{number}" for number in range(2, 1000))
        name = next(each for each in (wanted, *numbered) if each not in self.taken)
        self.taken.add(name)
        return name


class _Form:
    """
    Writes mapping, row and template of one message side by side.

    Attributes:
        document: Lines of ``document:``.
        row: Lines of the test's row.
    """

    def __init__(self, names: _Names) -> None:
        self._names = names
        self.document: list[str] = []
        self.row: list[str] = []

    def message(self, root: Node) -> list[str]:
        """Give the template's lines; the root has no field of its own unless it takes a value."""
        scope = _Scope("doc", "row", 1)
        lines, _ = self._element(root, scope, 0)
        declared = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in self._names.declared.items())
        tag = f"<{self._names.of(root.name)}"
        return [lines[0].replace(tag, f"{tag}{declared}", 1), *lines[1:]]

    def _children(self, nodes: Sequence[Node], scope: _Scope, depth: int) -> tuple[list[str], list[str]]:
        lines: list[str] = []
        used: list[str] = []
        for node in nodes:
            if node.name == ANYTHING:
                lines.append(f"{'  ' * depth}{{# the schema takes anything here #}}")
                continue
            written, fields = self._node(node, scope.inside(node), depth)
            lines += written
            used += fields
        return lines, used

    def _node(self, node: Node, scope: _Scope, depth: int) -> tuple[list[str], list[str]]:
        """Give the lines of an element, in its loop or under its condition, and the fields that they use."""
        indent = "  " * depth
        if node.listed:
            return self._list(node, scope, depth)
        lines, used = self._element(node, scope, depth)
        if not node.optional:
            return lines, used
        if not used:
            return [self._remark(node, indent)], used
        there = " or ".join(f"{each} is not none" for each in used)
        return [f"{indent}{{% if {there} %}}", *lines, f"{indent}{{% endif %}}"], used

    def _remark(self, node: Node, indent: str) -> str:
        return f"{indent}{{# <{self._names.of(node.name)}> may stand here; nothing is said of it yet #}}"

    def _list(self, node: Node, scope: _Scope, depth: int) -> tuple[list[str], list[str]]:
        indent, yaml = "  " * depth, "  " * scope.depth
        name = scope.name()
        start = len(self.document), len(self.row)
        self.document.append(f"{yaml}{name}:")
        self.document.append(f"{yaml}  each: {scope.source}.{name.upper()}")
        if scope.optional:
            self.document.append(f"{yaml}  optional: true")
        self.document.append(f"{yaml}  document:")
        self.row.append(f"{yaml}{name.upper()}:")
        before = len(self.document), len(self.row)
        variable = f"egy_{name}"
        inner = _Scope(variable, "element", scope.depth + 2)
        lines, _ = self._element(node, inner, depth)
        if len(self.document) == before[0]:
            del self.document[start[0] :], self.row[start[1] :]
            return [self._remark(node, indent)], []
        self.row[before[1] :] = _as_element(self.row[before[1] :], yaml)
        value = f"{scope.value}.{name}"
        return [f"{indent}{{% for {variable} in {value} %}}", *lines, f"{indent}{{% endfor %}}"], [value]

    def _element(self, node: Node, scope: _Scope, depth: int) -> tuple[list[str], list[str]]:
        indent, tag = "  " * depth, self._names.of(node.name)
        attributes = ""
        used: list[str] = []
        for each in node.children:
            if each.is_attribute:
                value = each.fixed
                if value is None:
                    used.append(self._field(each, scope.inside(each)))
                    value = f"{{{{ {used[-1]} }}}}"
                attributes += f' {self._names.of(each.name)}="{value}"'
        elements = [each for each in node.children if not each.is_attribute]
        if node.is_own_reference:
            reference = "{{ item.message_id }}"
            return [f"{indent}<{tag}{attributes}>{reference}</{tag}>{{# our own reference #}}"], used
        if node.takes_text:
            used.append(self._field(node, scope))
            return [f"{indent}<{tag}{attributes}>{{{{ {used[-1]} }}}}</{tag}>"], used
        lines, below = self._children(elements, scope, depth + 1)
        if not lines:
            return [f"{indent}<{tag}{attributes}/>"], used
        return [f"{indent}<{tag}{attributes}>", *lines, f"{indent}</{tag}>"], [*used, *below]

    def _field(self, node: Node, scope: _Scope) -> str:
        """Write a field and its column; how the template calls it."""
        scope = scope if scope.path else scope.inside(replace(node, optional=False))
        name, yaml = scope.name(), "  " * scope.depth
        kind = f", type: {node.type}" if node.type else ""
        optional = ", optional: true" if scope.optional else ""
        self.document.append(f"{yaml}{name}: {{from: {name.upper()}{kind}{optional}}}")
        self.row.append(f"{yaml}{name.upper()}: null")
        return f"{scope.value}.{name}"


def _as_element(lines: Sequence[str], indent: str) -> list[str]:
    """Make the lines of a list's only element of those of its fields."""
    if not lines:
        return [f"{indent}  - {{}}"]
    first, *others = (line[len(indent) + 4 :] for line in lines)
    return [f"{indent}  - {first}", *(f"{indent}    {line}" for line in others)]


def _plain(name: str) -> str:
    """Give an element's name as the name of a field: small letters, digits and underscores."""
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    plain = re.sub(r"[^a-z0-9]+", "_", ascii_only).strip("_")
    return plain if plain[:1].isalpha() else f"f_{plain}"
