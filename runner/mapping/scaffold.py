"""A new document type from an operation of the contract: a folder with mapping and test, and a template to fill in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from runner.errors import fault
from runner.mapping.pack import ContractPack, Operation
from runner.mapping.places import shown
from runner.mapping.problems import nearest
from runner.mapping.xsd import XS

_XS = f"{{{XS}}}"

DEEPEST = 12
"""How deep types are followed; a type that holds itself ends there."""

MAPPING = """\
# {operation}. Fill in what each field is from; docs/reference/mapping_language.md says how.
document_type: {name}
title: {name}
lane: background
source: payload
rules: [jelentes.kuldo, esemeny.ideje]

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


@dataclass(frozen=True, slots=True)
class _Leaf:
    """One place of a message that takes a value."""

    path: tuple[str, ...]
    optional: bool
    listed: bool


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
    target = folder / name
    template = templates / f"{name}.xml.j2"
    for path in (target, template):
        if path.exists():
            raise fault(2008, shown(path), expected="a new name", got="one that is taken")
    of = pack.operations[operation]
    leaves = list(_leaves(of, pack))
    files = {
        target / "mapping.yaml": MAPPING.format(
            name=name, operation=operation, document=_document(leaves), output=_prefixed(of.output_element, pack)
        ),
        target / "mapping_test.yaml": TEST.format(row=_row(leaves)),
        template: _template(of, leaves, pack),
    }
    target.mkdir(parents=True)
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    return list(files)


def _leaves(operation: Operation, pack: ContractPack) -> Iterator[_Leaf]:
    """Give the places of a message that take a value, in the order of the schema."""
    schemas = pack.schemas[operation.service].documents()
    root = _named(schemas, "element", operation.input_element)
    if root is not None:
        yield from _below(root, schemas, (), optional=False, listed=False)


def _named(schemas: list[etree._Element], kind: str, name: str) -> etree._Element | None:
    qname = etree.QName(name)
    for schema in schemas:
        if (schema.get("targetNamespace") or None) != qname.namespace:
            continue
        for each in schema.iterchildren(f"{_XS}{kind}"):
            if each.get("name") == qname.localname:
                return each
    return None


def _type(element: etree._Element, schemas: list[etree._Element]) -> etree._Element | None:
    """Give the complex type of an element, None where it takes a value."""
    inline = element.find(f"{_XS}complexType")
    if inline is not None:
        return inline
    name = element.get("type") or ""
    prefix, _, local = name.rpartition(":")
    namespace = element.nsmap.get(prefix or None)
    return _named(schemas, "complexType", f"{{{namespace}}}{local}" if namespace else local)


def _below(
    element: etree._Element, schemas: list[etree._Element], path: tuple[str, ...], *, optional: bool, listed: bool
) -> Iterator[_Leaf]:
    kind = _type(element, schemas)
    children = [] if kind is None else [each for each in kind.iter(f"{_XS}element") if each.get("name")]
    if not children or len(path) > DEEPEST:
        if path:
            yield _Leaf(path, optional, listed)
        return
    for child in children:
        namespace = child.getroottree().getroot().get("targetNamespace", "")
        choice = any(each.tag == f"{_XS}choice" for each in child.iterancestors())
        yield from _below(
            child,
            schemas,
            (*path, f"{{{namespace}}}{child.get('name')}"),
            optional=optional or choice or child.get("minOccurs") == "0",
            listed=listed or child.get("maxOccurs", "1") not in {"0", "1"},
        )


def _prefixed(name: str, pack: ContractPack) -> str:
    qname = etree.QName(name)
    prefix = next((prefix for prefix, uri in pack.prefixes.items() if uri == qname.namespace), None)
    return f"{prefix}:{qname.localname}" if prefix else qname.localname


def _field(leaf: _Leaf) -> str:
    return "_".join(etree.QName(step).localname.lower() for step in leaf.path)


def _document(leaves: list[_Leaf]) -> str:
    lines = []
    for leaf in leaves:
        optional = ", optional: true" if leaf.optional else ""
        remark = "   # may be there several times: make it a list with `each`" if leaf.listed else ""
        lines.append(f"  {_field(leaf)}: {{from: {_field(leaf).upper()}{optional}}}{remark}")
    return "\n".join(lines) or "  uzenet: {expr: item.message_id}"


def _row(leaves: list[_Leaf]) -> str:
    return "\n".join(f"  {_field(leaf).upper()}: null" for leaf in leaves) or "  {}"


def _template(operation: Operation, leaves: list[_Leaf], pack: ContractPack) -> str:
    root = _prefixed(operation.input_element, pack)
    tree: dict[str, Any] = {}
    for leaf in leaves:
        place = tree
        for step in leaf.path[:-1]:
            place = place.setdefault(step, {})
        place[leaf.path[-1]] = leaf
    return "\n".join([f"<{root}>", *_lines(tree, 1, pack), f"</{root}>"]) + "\n"


def _lines(tree: dict[str, Any], depth: int, pack: ContractPack) -> Iterator[str]:
    indent = "  " * depth
    for name, each in tree.items():
        tag = _prefixed(name, pack)
        if isinstance(each, dict):
            yield f"{indent}<{tag}>"
            yield from _lines(each, depth + 1, pack)
            yield f"{indent}</{tag}>"
        else:
            line = f"{indent}<{tag}>{{{{ doc.{_field(each)} }}}}</{tag}>"
            yield from (
                [f"{indent}{{% if doc.{_field(each)} %}}", line, f"{indent}{{% endif %}}"] if each.optional else [line]
            )
