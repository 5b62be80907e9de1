"""The schemas of one WSDL: for validation, and as documents to make samples from."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lxml import etree

from runner.simulator.names import Ns, tag
from runner.simulator.parser import parser
from runner.simulator.refusal import SimulatorError

if TYPE_CHECKING:
    from runner.simulator.wsdl import Description

_REFERENCES = tuple(tag(Ns.XS, kind) for kind in ("import", "include", "redefine"))
_IMPORT = tag(Ns.XS, "import")


class Schemas:
    """Every schema that a description embeds or refers to."""

    def __init__(self, description: Description) -> None:
        #: Roots of all schema documents with their target namespace (that of the includer, where they have none).
        self.documents: list[tuple[etree._Element, str]] = []
        self._seen: set[tuple[Path, str]] = set()
        # libxml2 mixes up the messages of threads that share one schema: one at a time.
        self._lock = threading.Lock()
        with tempfile.TemporaryDirectory() as folder:
            self._schema = _compile(description.schemas, Path(folder))
        for schema, file in description.schemas:
            self._collect(schema, file, schema.get("targetNamespace", ""))

    def problem(self, element: etree._Element) -> str | None:
        """What is wrong with the element, without its values; None if it is valid."""
        data = etree.tostring(element, with_tail=False)
        document = etree.fromstring(data, parser(len(data)))
        with self._lock:
            if self._schema.validate(document):
                return None
            first = cast("Any", self._schema.error_log)[0]  # lxml-stubs 0.5 does not know that a log is a sequence
            return f"{first.type_name} {first.path}"

    def _collect(self, root: etree._Element, file: Path, namespace: str) -> None:
        self.documents.append((root, namespace))
        for reference in root.iterchildren(*_REFERENCES):
            location = reference.get("schemaLocation")
            if location is None or "://" in location:
                continue
            path = (file.parent / location).resolve()
            target = reference.get("namespace", "") if reference.tag == _IMPORT else namespace
            if (path, target) not in self._seen:
                self._seen.add((path, target))
                self._collect(_parse(path), path, target)


def _parse(path: Path) -> etree._Element:
    try:
        return etree.parse(path, etree.XMLParser(resolve_entities=False, no_network=True)).getroot()
    except (OSError, etree.XMLSyntaxError) as exc:
        raise SimulatorError(f"{path}: cannot be read as a schema: {exc}") from exc


def _compile(embedded: list[tuple[etree._Element, Path]], folder: Path) -> etree.XMLSchema:
    """
    One schema of all.

    Embedded schemas are written to files, so that they can import each other; an import that names no place means an
    embedded schema of that namespace. libxml2 takes only the first import of a namespace, so that several documents of
    one namespace are brought together by includes first.
    """
    places = _places(embedded)
    for number, (schema, file) in enumerate(embedded):
        copy = etree.fromstring(etree.tostring(schema, with_tail=False))
        for reference in copy.iterchildren(*_REFERENCES):
            location = reference.get("schemaLocation")
            namespace = reference.get("namespace", "")
            if location is not None:
                reference.set("schemaLocation", _absolute(file, location))
            elif reference.tag == _IMPORT and namespace in places:
                reference.set("schemaLocation", _place(namespace, places[namespace]))
        (folder / f"embedded-{number}.xsd").write_bytes(etree.tostring(copy))
    wrapper = etree.Element(tag(Ns.XS, "schema"), targetNamespace=Ns.SIM)
    for namespace, files in places.items():
        if len(files) > 1:
            gathered = etree.Element(tag(Ns.XS, "schema"), attrib={"targetNamespace": namespace} if namespace else {})
            for name in files:
                etree.SubElement(gathered, tag(Ns.XS, "include"), schemaLocation=name)
            (folder / _place(namespace, files)).write_bytes(etree.tostring(gathered))
        imported = etree.SubElement(wrapper, _IMPORT, schemaLocation=_place(namespace, files))
        if namespace:
            imported.set("namespace", namespace)
    (folder / "all.xsd").write_bytes(etree.tostring(wrapper))
    try:
        return etree.XMLSchema(etree.parse(folder / "all.xsd"))
    except (etree.XMLSchemaParseError, etree.XMLSyntaxError) as exc:
        raise SimulatorError(f"the schemas do not fit together: {exc}") from exc


def _places(embedded: list[tuple[etree._Element, Path]]) -> dict[str, list[str]]:
    """Namespace → its documents; a schema that only imports stands for what it imports."""
    places: dict[str, list[str]] = {}
    for number, (schema, file) in enumerate(embedded):
        namespace = schema.get("targetNamespace", "")
        if namespace or any(child.tag not in (*_REFERENCES, etree.Comment) for child in schema):
            places.setdefault(namespace, []).append(f"embedded-{number}.xsd")
            continue
        for reference in schema.iterchildren(_IMPORT):
            location = reference.get("schemaLocation")
            known = places.setdefault(reference.get("namespace", ""), [])
            if location is not None and _absolute(file, location) not in known:
                known.append(_absolute(file, location))
    return {namespace: files for namespace, files in places.items() if files}


def _place(namespace: str, files: list[str]) -> str:
    if len(files) == 1:
        return files[0]
    return f"gathered-{hashlib.sha256(namespace.encode()).hexdigest()[:12]}.xsd"


def _absolute(file: Path, location: str) -> str:
    return location if "://" in location else (file.parent / location).resolve().as_uri()
