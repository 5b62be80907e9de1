"""
The XML Schema of a service, from its WSDL and the files beside it; one compiled schema per thread.

Embedded schemas may import each other without saying where (the WSDL holds them all), which libxml2 does not follow: a
driver schema names every one, and a resolver gives them out. Nothing is ever read from the network or from outside the
pack's folder.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from lxml import etree

XS = "http://www.w3.org/2001/XMLSchema"
WSDL = "http://schemas.xmlsoap.org/wsdl/"
_SCHEME = "pack:"


class OutsideError(Exception):
    """A schema asks for something that is not in the pack's folder."""


class _Resolver(etree.Resolver):
    def __init__(self, folder: Path, embedded: dict[str, tuple[bytes, Path]]) -> None:
        super().__init__()
        self._folder = folder
        self._embedded = embedded

    def resolve(self, url: str | None, pubid: str | None, context: Any) -> Any:  # type: ignore[override]  # noqa: ARG002
        url = url or ""
        name = url[url.find(_SCHEME) :] if _SCHEME in url else url
        if name in self._embedded:
            text, wsdl = self._embedded[name]
            return self.resolve_string(text, context, base_url=wsdl.as_uri())
        path = local_path(url, self._folder)
        return self.resolve_string(path.read_bytes(), context, base_url=path.as_uri())


def local_path(url: str, folder: Path, beside: Path | None = None) -> Path:
    """
    Give the file that a location names, relative to ``folder`` or to what it stands ``beside``.

    Raises:
        OutsideError: It is on the network or outside ``folder``.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"", "file"} or parts.netloc:
        raise OutsideError(f"{parts.scheme}://{parts.netloc}")
    path = Path(unquote(parts.path))
    path = (path if path.is_absolute() else (beside or folder) / path).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise OutsideError(path.name)
    return path


def readers_reason(error: Exception) -> str:
    """Say shortly what a reader of WSDLs or schemas says is wrong."""
    if isinstance(error, OutsideError):
        return f"it asks for {error}, which is not in the pack's folder"
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


_COMPILING = threading.Lock()
"""Schemas that name others are compiled one at a time: with two at once lxml 6.1 loses imports now and then."""

ATTEMPTS = 50
"""
Most compilations of one schema. While another thread parses anything, lxml 6.1 may lose what a schema names: it swaps
libxml2's only document loader back and forth. What was complete once is compiled again until it is complete again.
"""


class SchemaSource:
    """Everything that a service's schema is made of; ``schema`` compiles it once per thread."""

    def __init__(self, wsdl: Path) -> None:
        """Read the schemas that ``wsdl``, and what it imports, embeds or names."""
        self._folder = wsdl.parent.resolve()
        self._embedded: dict[str, tuple[bytes, Path]] = {}
        self._local = threading.local()
        self._globals: list[str] | None = None
        self._roots: frozenset[str] | None = None
        self._elements: Mapping[str, frozenset[str]] | None = None
        self._driver = self._make_driver(
            [
                (schema.get("targetNamespace", ""), schema, path)
                for path, root in wsdl_files(wsdl, self._folder)
                for schema in root.iterfind(f"{{{WSDL}}}types/{{{XS}}}schema")
            ]
        )

    def schema(self) -> etree.XMLSchema:
        """Give this thread's schema."""
        made: etree.XMLSchema | None = getattr(self._local, "schema", None)
        attempts = iter(range(ATTEMPTS))
        while made is None:
            with _COMPILING:
                made = self._compiled(is_last=next(attempts) == ATTEMPTS - 1)
            self._local.schema = made
        return made

    def _compiled(self, *, is_last: bool) -> etree.XMLSchema | None:
        """Compile; None where a part was lost that was there the first time."""
        parser = etree.XMLParser(no_network=True, resolve_entities=False, load_dtd=False)
        parser.resolvers.add(_Resolver(self._folder, self._embedded))
        base = (self._folder / "driver.xsd").as_uri()
        try:
            made = etree.XMLSchema(etree.fromstring(self._driver, parser, base_url=base))
        except etree.XMLSchemaParseError:
            if self._roots is None or is_last:
                raise
            return None
        if self._globals is None:
            self._globals = list(self._global_elements())
        roots = frozenset(name for name in self._globals if _knows(made, name))
        if self._roots is None:
            self._roots = roots
        return made if roots == self._roots or is_last else None

    def _global_elements(self) -> Iterator[str]:
        """Give one global element of each schema."""
        for schema in self.documents():
            first = next(schema.iterchildren(f"{{{XS}}}element"), None)
            if first is not None:
                yield full_name(first, "elementFormDefault")

    def documents(self) -> list[etree._Element]:
        """Give all schemas of the service, embedded ones and files beside the WSDL, for a reader of their elements."""
        parser = etree.XMLParser(no_network=True, resolve_entities=False, load_dtd=False)
        found = [etree.fromstring(each, parser) for each, _ in self._embedded.values()]
        files = (etree.parse(str(path), parser).getroot() for path in sorted(self._folder.rglob("*.xsd")))
        return [*found, *files]

    def elements(self) -> Mapping[str, frozenset[str]]:
        """Give namespace → names of its elements, global and local."""
        if self._elements is None:
            found: dict[str, set[str]] = {"": set()}
            for schema in self.documents():
                for each in schema.iter(f"{{{XS}}}element"):
                    if each.get("name"):
                        name = etree.QName(full_name(each, "elementFormDefault"))
                        found.setdefault(name.namespace or "", set()).add(name.localname)
            anywhere = {  # a schema without a namespace takes that of whoever includes it
                str(each.get("name"))
                for schema in self.documents()
                if not schema.get("targetNamespace")
                for each in schema.iter(f"{{{XS}}}element")
                if each.get("name")
            }
            self._elements = {namespace: frozenset(names | anywhere) for namespace, names in found.items()}
        return self._elements

    def optional_elements(self) -> frozenset[str]:
        """Give ``{namespace}local`` of the elements that may be missing wherever they are declared."""
        found: dict[str, bool] = {}
        for schema in self.documents():
            namespace = schema.get("targetNamespace")
            for each in schema.iter(f"{{{XS}}}element"):
                local = each.get("name") or (each.get("ref") or "").rpartition(":")[2]
                name = f"{{{namespace}}}{local}" if namespace else local
                if each.getparent() is not schema:
                    found[name] = found.get(name, True) and each.get("minOccurs") == "0"
        return frozenset(name for name, may_miss in found.items() if may_miss)

    def _make_driver(self, found: list[tuple[str, etree._Element, Path]]) -> bytes:
        """Name every embedded schema by a place of its own, and import each namespace once."""
        by_namespace: dict[str, list[str]] = {}
        for number, (namespace, _, _) in enumerate(found):
            by_namespace.setdefault(namespace, []).append(f"{_SCHEME}{number}.xsd")
        place = {
            namespace: names[0] if len(names) == 1 else f"{_SCHEME}all-{names[0][len(_SCHEME) :]}"
            for namespace, names in by_namespace.items()
        }
        for number, (_, element, wsdl) in enumerate(found):
            for each in element.iterfind(f"{{{XS}}}import"):
                target = each.get("namespace", "")
                if each.get("schemaLocation") is None and target in place:
                    each.set("schemaLocation", place[target])
            self._embedded[f"{_SCHEME}{number}.xsd"] = etree.tostring(element), wsdl
        driver = etree.Element(f"{{{XS}}}schema", nsmap={"xs": XS})
        for namespace, names in by_namespace.items():
            if len(names) > 1:
                self._embedded[place[namespace]] = _including(namespace, names), self._folder / "driver.wsdl"
            if namespace:
                etree.SubElement(driver, f"{{{XS}}}import", namespace=namespace, schemaLocation=place[namespace])
            else:
                for name in names:
                    etree.SubElement(driver, f"{{{XS}}}include", schemaLocation=name)
        return etree.tostring(driver)


def _including(namespace: str, names: list[str]) -> bytes:
    whole = etree.Element(f"{{{XS}}}schema", nsmap={"xs": XS}, targetNamespace=namespace)
    for name in names:
        etree.SubElement(whole, f"{{{XS}}}include", schemaLocation=name)
    return etree.tostring(whole)


def wsdl_files(wsdl: Path, folder: Path) -> list[tuple[Path, etree._Element]]:
    """Give a WSDL and those that it imports, each once, with its root; nothing from outside ``folder``."""
    parser = etree.XMLParser(no_network=True, resolve_entities=False, load_dtd=False)
    found: dict[Path, etree._Element] = {}
    waiting = [wsdl.resolve()]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found[path] = etree.parse(str(path), parser).getroot()
        locations = [each.get("location") for each in found[path].iterfind(f"{{{WSDL}}}import")]
        waiting += [local_path(location, folder, path.parent) for location in locations if location]
    return list(found.items())


def _knows(schema: etree.XMLSchema, name: str) -> bool:
    """Whether a schema has a global element of that name."""
    schema.validate(etree.Element(name))
    errors: Any = schema.error_log
    return all(each.type_name != "SCHEMAV_CVC_ELT_1" for each in errors)


def full_name(declared: etree._Element, form_default: str) -> str:
    """Give an element's or attribute's name with its namespace: global ones have it, local ones by their form."""
    schema = declared.getroottree().getroot()
    is_global = declared.getparent() is schema
    form = declared.get("form") or schema.get(form_default) or "unqualified"
    namespace = schema.get("targetNamespace") if is_global or form == "qualified" else None
    return f"{{{namespace}}}{declared.get('name')}" if namespace else str(declared.get("name"))
