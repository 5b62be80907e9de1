"""
What a WSDL says of its operations. The only home of zeep.

zeep reads here and does nothing else: what is sent must be what was stored, so no library builds messages anew. An
operation that is not document/literal with one body part is refused with the reason; rpc/literal, for one, has no
global element that could be validated.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree
from zeep.settings import Settings
from zeep.transports import Transport
from zeep.wsdl.bindings.soap import Soap11Binding, Soap12Binding, SoapBinding
from zeep.wsdl.wsdl import Document

from runner.mapping.pack import Operation
from runner.mapping.pack_file import REFUSED
from runner.mapping.places import shown
from runner.mapping.problems import Problems
from runner.mapping.xsd import WSDL, local_path, readers_reason, wsdl_files

logging.getLogger("zeep").setLevel(logging.ERROR)

HTTP_TRANSPORTS = "http://schemas.xmlsoap.org/soap/http"


Files = list[tuple[Path, Any]]
"""A WSDL and those that it imports, with their roots."""


class _Files(Transport):
    """Reads the pack's own files and nothing else."""

    def __init__(self, folder: Path) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # zeep types only a part of itself
        self._folder = folder

    def load(self, url: str) -> bytes:
        """Give a file of the pack."""
        return local_path(url, self._folder).read_bytes()


def read_service(service: str, wsdl: Path, chosen: str | None, where: str, problems: Problems) -> list[Operation]:
    """Give the usable operations of a service, noting why the others are none; ``chosen`` names its binding."""
    if not wsdl.is_file():
        problems.add(2001, where, reason=f"there is no file {wsdl.name}")
        return []
    try:
        files: Any = _Files(wsdl.parent)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            document: Any = Document(wsdl.as_uri(), files, settings=Settings(forbid_dtd=True, strict=True))
        described = wsdl_files(wsdl, wsdl.parent)
    except Exception as error:  # noqa: BLE001  zeep raises its own, lxml's, KeyError, NotImplementedError …
        problems.add(2030, shown(wsdl), reason=readers_reason(error))
        return []
    for each in told:
        if "wsdl:operation" in str(each.message):  # zeep leaves out an operation that is not wholly there
            problems.add(2030, shown(wsdl), reason=str(each.message))
    bindings = _bindings(document, chosen, where, problems)
    found: dict[str, Operation] = {}
    for binding in bindings:
        for operation in binding.all().values():
            made = _usable(service, described, binding, operation, problems)
            if made is not None:
                found.setdefault(made.name, made)
    if not bindings:
        problems.add(2030, shown(wsdl), reason="it has no SOAP binding")
    return list(found.values())


def _bindings(document: Any, chosen: str | None, where: str, problems: Problems) -> list[Any]:
    """Give the SOAP bindings, 1.2 first; a description for both versions, or for plain HTTP besides, is usual."""
    definitions = document._definitions.values()  # noqa: SLF001  the public names lack those of imported WSDLs
    every = {etree.QName(each.name).localname: each for part in definitions for each in part.bindings.values()}
    soap = {name: each for name, each in every.items() if isinstance(each, SoapBinding)}
    if chosen is not None and chosen not in soap:
        problems.add_unknown(where, "binding", chosen, soap)
    if chosen in soap:
        return [soap[chosen]]
    return sorted(soap.values(), key=lambda each: not isinstance(each, Soap12Binding))


def _usable(service: str, files: Files, binding: Any, operation: Any, problems: Problems) -> Operation | None:
    name = f"{service}.{operation.name}"
    where, encoded = _in_binding(files, operation.name)
    reasons = list(_objections(binding, operation, encoded=encoded))
    for reason in reasons:
        problems.add(REFUSED, where, name=name, reason=reason)
    return None if reasons else _operation(name, service, binding, operation, _answer_actions(files, operation.name))


def _in_binding(files: Files, operation: str) -> tuple[str, bool]:
    """Place of an operation in its binding, and whether it is encoded, not literal."""
    for path, root in files:
        for node in root.iterfind(f"{{{WSDL}}}binding/{{{WSDL}}}operation"):
            if node.get("name") == operation:
                encoded = any(each.get("use") == "encoded" for each in node.iter())
                return f"{shown(path)}:{node.sourceline or 1}", encoded
    return f"{shown(files[0][0])}:1", False


def _objections(binding: Any, operation: Any, *, encoded: bool) -> Iterator[str]:
    """Say why an operation cannot be used; nothing where it can."""
    if binding.transport != HTTP_TRANSPORTS:
        yield f"its transport is {binding.transport}, not SOAP over HTTP"
    if operation.style != "document":
        yield f"its style is {operation.style}, not document"
        return
    if encoded:
        yield "its use is encoded, not literal"
    for direction in ("input", "output"):
        message: Any = getattr(operation, direction, None)
        parts = message.abstract.parts if getattr(message, "abstract", None) is not None else None
        if not parts:
            yield f"it has no {direction} part"
        elif len(parts) > 1:
            yield f"its {direction} has {len(parts)} parts, not one"
        elif next(iter(parts.values())).element is None:
            yield f"its {direction} part names a type, not an element"
    if not (operation.abstract.wsa_action or operation.soapaction):
        yield "it has neither wsam:Action nor soapAction"


def _answer_actions(files: Files, operation: str) -> tuple[str, ...]:
    """The wsam:Action of an operation's output and faults, which zeep does not keep; empty where none is written."""
    found: list[str] = []
    for _, root in files:
        for node in root.iterfind(f"{{{WSDL}}}portType/{{*}}operation[@name='{operation}']/*"):
            action = node.get("{http://www.w3.org/2007/05/addressing/metadata}Action")
            if action is not None and etree.QName(node).localname in {"output", "fault"}:
                found.append(action)
    return tuple(found)


def _operation(name: str, service: str, binding: Any, operation: Any, answer_actions: tuple[str, ...]) -> Operation:
    assert isinstance(binding, Soap11Binding | Soap12Binding)
    return Operation(
        name=name,
        service=service,
        action=operation.abstract.wsa_action or operation.soapaction,
        soap_version="1.2" if isinstance(binding, Soap12Binding) else "1.1",
        input_element=_element(operation.input),
        output_element=_element(operation.output),
        answer_actions=answer_actions,
    )


def _element(message: Any) -> str:
    part = next(iter(message.abstract.parts.values()))
    return str(part.element.qname.text)
