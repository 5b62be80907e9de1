"""Reads a WSDL 1.1 description: its operations, SOAP versions, actions and elements, and its schemas."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lxml import etree

from runner.simulator.names import Ns, tag
from runner.simulator.refusal import SimulatorError

if TYPE_CHECKING:
    from collections.abc import Iterator

_BINDINGS = {Ns.WSDL_SOAP11: Ns.SOAP11, Ns.WSDL_SOAP12: Ns.SOAP12}


@dataclass(frozen=True)
class Operation:
    """One operation of one service."""

    #: ``service.Operation``, as pack.yaml and simulator.yaml write it.
    name: str
    service: str
    #: Envelope namespaces that a port offers it in.
    envelopes: frozenset[str]
    #: Body elements, as ``{namespace}local``; the answer's is None for a one-way operation.
    request: str
    answer: str | None
    #: Element of the first declared fault.
    fault: str | None
    action: str
    #: Whether the description names the action; one that follows from the default rules is not insisted on.
    action_declared: bool
    answer_action: str
    fault_action: str


@dataclass
class Description:
    """What one WSDL and what it imports say."""

    service: str
    operations: list[Operation] = field(default_factory=list)
    #: Embedded schemas with the file they stand in.
    schemas: list[tuple[etree._Element, Path]] = field(default_factory=list)
    #: Operations that cannot be served, with the reason.
    unserved: list[str] = field(default_factory=list)


def read_wsdl(service: str, path: Path) -> Description:
    """The description in that file."""
    documents = list(_documents(path, set()))
    description = Description(service)
    index = _Index(documents)
    for root, file in documents:
        types = root.find(tag(Ns.WSDL, "types"))
        if types is not None:
            description.schemas += [(schema, file) for schema in types.findall(tag(Ns.XS, "schema"))]
    found: dict[str, Operation] = {}
    for binding, envelope in index.bindings():
        for bound in binding.findall(tag(Ns.WSDL, "operation")):
            try:
                operation = index.operation(service, binding, bound, envelope)
            except SimulatorError as exc:
                description.unserved.append(f"{service}.{bound.get('name')}: {exc}")
                continue
            seen = found.get(operation.name)
            if seen is not None:
                operation = Operation(**{**vars(operation), "envelopes": operation.envelopes | seen.envelopes})
            found[operation.name] = operation
    description.operations = list(found.values())
    return description


def _documents(path: Path, seen: set[Path]) -> Iterator[tuple[etree._Element, Path]]:
    path = path.resolve()
    if path in seen:
        return
    seen.add(path)
    try:
        root = etree.parse(path, etree.XMLParser(resolve_entities=False, no_network=True)).getroot()
    except (OSError, etree.XMLSyntaxError) as exc:
        raise SimulatorError(f"{path}: cannot be read as a WSDL: {exc}") from exc
    yield root, path
    for found in root.findall(tag(Ns.WSDL, "import")):
        yield from _documents(path.parent / str(found.get("location")), seen)


class _Index:
    """The named parts of all documents of one description."""

    def __init__(self, documents: list[tuple[etree._Element, Path]]) -> None:
        self._parts: dict[tuple[str, str], etree._Element] = {}
        self._roots = [root for root, _ in documents]
        for root in self._roots:
            namespace = root.get("targetNamespace", "")
            for kind in ("message", "portType", "binding"):
                for element in root.findall(tag(Ns.WSDL, kind)):
                    self._parts[kind, tag(namespace, element.get("name", ""))] = element

    def bindings(self) -> Iterator[tuple[etree._Element, str]]:
        """The SOAP bindings that a port uses (all of them, where no service is described), with their envelope."""
        used = [
            _resolve(port, port.get("binding", ""))
            for root in self._roots
            for port in root.findall(f"{tag(Ns.WSDL, 'service')}/{tag(Ns.WSDL, 'port')}")
        ]
        for (kind, name), element in self._parts.items():
            if kind != "binding" or (used and name not in used):
                continue
            for soap, envelope in _BINDINGS.items():
                if element.find(tag(soap, "binding")) is not None:
                    yield element, envelope

    def operation(self, service: str, binding: etree._Element, bound: etree._Element, envelope: str) -> Operation:
        """The operation that a binding offers."""
        name = bound.get("name", "")
        soap = next(ns for ns, e in _BINDINGS.items() if e == envelope)
        soap_operation = bound.find(tag(soap, "operation"))
        style = binding.find(tag(soap, "binding")).get("style", "document")  # type: ignore[union-attr]
        if soap_operation is not None:
            style = soap_operation.get("style", style)
        body = bound.find(f"{tag(Ns.WSDL, 'input')}/{tag(soap, 'body')}")
        if style != "document" or (body is not None and body.get("use", "literal") != "literal"):
            raise SimulatorError("is not document/literal and is not served")
        port_type_name = _resolve(binding, binding.get("type", ""))
        port_type = self._parts.get(("portType", port_type_name))
        abstract = None
        if port_type is not None:
            abstract = next((o for o in port_type.findall(tag(Ns.WSDL, "operation")) if o.get("name") == name), None)
        if abstract is None:
            raise SimulatorError("stands in the binding but in no portType")
        request = self._element(abstract, "input")
        if request is None:
            raise SimulatorError("has no input with one body element")
        namespace, _, port = port_type_name[1:].partition("}")
        stem = f"{namespace.rstrip('/:')}{':' if namespace.startswith('urn:') else '/'}{port}"
        soap_action = soap_operation.get("soapAction") if soap_operation is not None else None
        return Operation(
            name=f"{service}.{name}",
            service=service,
            envelopes=frozenset({envelope}),
            request=request,
            answer=self._element(abstract, "output"),
            fault=self._element(abstract, "fault"),
            action=_action(abstract, "input") or soap_action or f"{stem}/{_name(abstract, 'input', f'{name}Request')}",
            action_declared=bool(_action(abstract, "input") or soap_action),
            answer_action=_action(abstract, "output") or f"{stem}/{_name(abstract, 'output', f'{name}Response')}",
            fault_action=_action(abstract, "fault") or f"{Ns.WSA}/fault",
        )

    def _element(self, abstract: etree._Element, direction: str) -> str | None:
        described = abstract.find(tag(Ns.WSDL, direction))
        if described is None:
            return None
        message = self._parts.get(("message", _resolve(described, described.get("message", ""))))
        parts = [] if message is None else message.findall(tag(Ns.WSDL, "part"))
        if len(parts) != 1 or parts[0].get("element") is None:
            return None
        return _resolve(parts[0], parts[0].get("element", ""))


def _action(abstract: etree._Element, direction: str) -> str | None:
    described = abstract.find(tag(Ns.WSDL, direction))
    if described is None:
        return None
    return described.get(tag(Ns.WSAM, "Action")) or described.get(tag(Ns.WSAW, "Action"))


def _name(abstract: etree._Element, direction: str, default: str) -> str:
    """The name that the default action (WS-Addressing 1.0 Metadata, 4.4.4) is made of."""
    described = abstract.find(tag(Ns.WSDL, direction))
    return default if described is None else described.get("name", default)


def _resolve(element: etree._Element, qname: str) -> str:
    prefix, colon, local = qname.rpartition(":")
    namespace = element.nsmap.get(prefix if colon else None)
    return tag(namespace, local) if namespace else local
