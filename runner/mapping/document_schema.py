"""
The JSON Schema of a document, made from its mapping: what is stored of what went up, in the form it is stored in.

It serves whoever reads ``EESZT_MESSAGE``, and the tests, which judge every document by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runner.mapping.document_type import DocumentType
from runner.mapping.fields import Field
from runner.mapping.writeback import WRITE_BACK

_FORMS: Mapping[str, Mapping[str, Any]] = {
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "decimal": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"},
    "date": {"type": "string", "format": "date"},
    "instant": {"type": "string", "format": "date-time"},
}
"""Type → form; everything else is text."""

_COPIES = {
    "type": "array",
    "description": "What is copied into the HIS's tables once it is accepted.",
    "items": {"type": "object", "required": ["table", "key", "set", "receipt"]},
}


def document_schema(kind: DocumentType) -> dict[str, Any]:
    """Give the schema of a document type's stored documents."""
    whole = _group(kind.program.top)
    whole["properties"][WRITE_BACK] = _COPIES
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": kind.title, **whole}


def _group(fields: Sequence[Field]) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": {}, "required": []}
    for field in fields:
        if field.children and not field.is_each:
            _merge(made, _group(field.children))
            continue
        always = not field.optional and field.when is None
        place = made
        for step in field.steps[:-1]:
            inner = place["properties"].setdefault(
                step, {"type": "object", "additionalProperties": False, "properties": {}, "required": []}
            )
            _require(place, step, always=always)
            place = inner
        place["properties"][field.steps[-1]] = _value(field)
        _require(place, field.steps[-1], always=always)
    return made


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more["properties"].items():
        known = into["properties"].get(name)
        if known is not None and "properties" in known:
            _merge(known, value)
        else:
            into["properties"][name] = {**value, "required": []} if "properties" in value else value


def _require(place: dict[str, Any], name: str, *, always: bool) -> None:
    if always and name not in place["required"]:
        place["required"].append(name)


def _value(field: Field) -> dict[str, Any]:
    if field.is_each:
        return {"type": "array", "minItems": 1, "items": _group(field.children)}
    wanted = field.wanted
    made: dict[str, Any] = dict(_FORMS.get(wanted.type, {"type": "string", "minLength": 1}))
    if wanted.values is not None and made["type"] == "string":
        made["enum"] = sorted(set(wanted.values.values()))
    if wanted.max_length is not None:
        made["maxLength"] = wanted.max_length
    made["description"] = field.source
    return made
