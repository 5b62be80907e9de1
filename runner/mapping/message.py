"""From a document to a message's body: an XML template, the contract's schema, and canonical bytes."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from types import TracebackType
from typing import Any

from lxml import etree

from runner.domain import long_texts
from runner.errors import fault
from runner.mapping.budget import begin
from runner.mapping.convert import FileText
from runner.mapping.fields import Field, column_of
from runner.mapping.pack import ContractPack, Operation
from runner.mapping.places import shown
from runner.mapping.program import FOREIGN, failure
from runner.mapping.refusal import bad_field, empty_field
from runner.mapping.sandbox import Language
from runner.mapping.values import EmptyUsedError, ForbiddenCharacterError, NotWritableError, Record, written

_EXPECTED = re.compile(r"Expected is (?:one of )?\( ([^()]+) \)\.\s*\Z")
_ELEMENT_NAME = re.compile(r"(?:\{[^{}\s]+\})?[\w.-]+")
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")


class _OfThread(threading.local):
    """A parser of each thread's own."""

    def __init__(self) -> None:
        self.parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_blank_text=True
        )


_own = _OfThread()


class MessageTemplate:
    """One template with the operation that it is for; safe to share between threads."""

    def __init__(self, made: Language, folder: Path, name: str, operation: Operation, pack: ContractPack) -> None:
        """
        Compile.

        Raises:
            TemplateNotFound: There is no such file.
            TemplateSyntaxError: It is wrong, with its line.
        """
        self._template = made.get_template(name)
        self._folder = str(folder)
        self._name = name
        self._operation = operation
        self._pack = pack
        declared = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in pack.prefixes.items())
        self._open = f"<prefixes{declared}>"

    def render(self, document: Mapping[str, Any], item: Mapping[str, Any]) -> str:
        """
        Give the template's text.

        Raises:
            EmptyUsedError: It writes a field that is empty.
            MappingError: RNR-2041, it failed otherwise.
        """
        begin()
        try:
            return self._template.render(doc=Record(document, "doc."), item=Record(item, "item."))
        except (*FOREIGN, NotWritableError, ForbiddenCharacterError) as error:
            raise fault(2041, self._place(error.__traceback__), reason=failure(error)) from error

    def body(
        self,
        document: Mapping[str, Any],
        item: Mapping[str, Any],
        fields: Sequence[Field],
        files: Sequence[Field],
    ) -> bytes:
        """
        Give the body's element in exclusive C14N, valid by the contract's schema.

        Args:
            document: What it says.
            item: The item's names.
            fields: All of the document, for what is told of them.
            files: Those that may hold a file.

        Raises:
            RowRefused: A field is empty that the message needs, or a value is not what the schema allows.
            MappingError: RNR-2041 or RNR-2042, the template is wrong.
        """
        try:
            text = self.render(document, item)
        except EmptyUsedError as error:
            raise empty_field(column_of(error.label, fields)) from None
        root = self._parsed(text)
        if root.tag != self._operation.input_element:
            raise fault(2042, self._where(1), element=etree.QName(root).localname)
        schema = self._pack.schema(self._operation.service)
        if not schema.validate(root):
            raise self._invalid(root, schema, document, fields)
        made: bytes = etree.tostring(root, method="c14n", exclusive=True, with_comments=False)
        return self._with_files(made, document, files) if files else made

    def _with_files(self, made: bytes, document: Mapping[str, Any], fields: Sequence[Field]) -> bytes:
        """Put the document's files beside the message, which has their marks."""
        files = files_of(document, fields)
        found = set(long_texts.marks(made)) if files else set()
        for mark, (label, _) in files.items():
            if mark not in found:
                raise fault(2170, self._where(1), field=label)
        return long_texts.with_texts(made, {mark: content for mark, (_, content) in files.items()})

    def _parsed(self, text: str) -> etree._Element:
        whole = f"{self._open}{_DECLARATION.sub('', text)}</prefixes>"
        try:
            children: list[etree._Element] = list(etree.fromstring(whole.encode(), _own.parser))
        except etree.XMLSyntaxError as error:
            # the parser's own text quotes the message
            raise fault(2041, self._where(error.lineno or 1), reason="what it gives is no well-formed XML") from None
        if len(children) != 1:
            raise fault(2041, self._where(1), reason=f"it gives {len(children)} elements, not one")
        return children[0]

    def _invalid(
        self, root: etree._Element, schema: etree.XMLSchema, document: Mapping[str, Any], fields: Sequence[Field]
    ) -> Exception:
        """
        Name the column whose value stands where the schema objects, or that is empty though its element must be there.

        Without one it is the template's fault.
        """
        element, missing = _offence(root, schema)
        if missing:
            return self._missing(missing, document, fields)
        name = etree.QName(element).localname
        if len(element) == 0 and element.text:
            labels = [label for label, value in _values(document, fields) if _ends_of_line(value) == element.text]
            written_there = self._field_of(name, fields)
            if written_there is not None and written_there.label in labels:
                labels = [written_there.label]
            if labels:
                return bad_field(labels[0], f"az EESZT-szerződés sémája nem engedi ({name}).")
        return fault(2042, self._where(1), element=name)

    def _missing(self, missing: Sequence[str], document: Mapping[str, Any], fields: Sequence[Field]) -> Exception:
        """Name the empty column of the first element that is missing and must be there."""
        optional = self._pack.schemas[self._operation.service].optional_elements()
        needed = [name for name in missing if name not in optional] or list(missing)
        for name in needed:
            field = self._field_of(etree.QName(name).localname, fields)
            if field is not None and all(value is None for value in _at(document, field.path)):
                return empty_field(field.label)
        return fault(2042, self._where(1), element=etree.QName(needed[0]).localname)

    def _field_of(self, element: str, fields: Sequence[Field]) -> Field | None:
        """Give the field that the template writes into an element, else the one that is called like it."""
        text = (Path(self._folder) / self._name).read_text("utf-8")
        found = re.search(rf"<(?:[\w.-]+:)?{re.escape(element)}\b[^<>]*>\s*\{{\{{-?\s*doc\.([\w.]+)", text)
        by_path = {".".join(field.path): field for field in fields}
        if found is not None and found[1] in by_path:
            return by_path[found[1]]
        return next((field for field in fields if field.path[-1].lower() == element.lower()), None)

    def _where(self, line: int) -> str:
        return f"{shown(Path(self._folder) / self._name)}:{line}"

    def _place(self, trace: TracebackType | None) -> str:
        """Innermost template line of a trace; jinja2 rewrites its frames to the files they were compiled from."""
        place = self._where(1)
        while trace is not None:
            filename = trace.tb_frame.f_code.co_filename
            if filename.startswith(self._folder):
                place = f"{shown(Path(filename))}:{trace.tb_lineno}"
            trace = trace.tb_next
        return place


def _ends_of_line(text: str) -> str:
    """Give a text as an XML parser does, XML 1.0 §2.11."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _offence(root: etree._Element, schema: etree.XMLSchema) -> tuple[etree._Element, list[str]]:
    """
    Give the element that the schema's first error is about, and the elements that should stand there and do not.

    The error's text quotes values; of it only the schema's own names are used.
    """
    alone = deepcopy(root)  # so that the error's path begins at it
    schema.validate(alone)
    errors: Any = schema.error_log
    path = getattr(errors[0], "path", None)
    missing: list[str] = []
    if getattr(errors[0], "type_name", "") == "SCHEMAV_ELEMENT_CONTENT":
        listed = _EXPECTED.search(str(errors[0].message))
        missing = [name for name in (listed[1].split(", ") if listed else ()) if _ELEMENT_NAME.fullmatch(name)]
    prefixes = {prefix: uri for prefix, uri in root.nsmap.items() if prefix}
    try:
        found: Any = alone.getroottree().xpath(path, namespaces=prefixes) if path else []
    except etree.XPathError:
        found = []
    is_found = isinstance(found, list) and found and etree.iselement(found[0])
    return (found[0] if is_found else root), missing


def files_of(document: Mapping[str, Any], fields: Sequence[Field]) -> dict[bytes, tuple[str, bytes]]:
    """Give mark → column and base64 of the files that a document has, in those of its fields that may hold one."""
    return {
        value.encode(): (field.label, value.base64)
        for field in fields
        for value in _at(document, field.path)
        if isinstance(value, FileText)
    }


def _values(document: Mapping[str, Any], fields: Sequence[Field]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for field in fields:
        for value in _at(document, field.path):
            if value is not None and not isinstance(value, list | Mapping):
                found.append((field.label, written(value)))  # noqa: PERF401  a comprehension would hide the filter
    return found


def _at(document: Any, path: tuple[str, ...]) -> list[Any]:
    if not path:
        return [document]
    if isinstance(document, list):
        return [found for each in document for found in _at(each, path)]
    return _at(document.get(path[0]), path[1:]) if isinstance(document, Mapping) else []
