"""
The shape of every file of the language, as JSON Schemas that checks and editors share.

What the schemas cannot say (names that must exist elsewhere, expressions, totality) is checked where it is read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError, validators

from runner.mapping.mending import mend, odd_fields
from runner.mapping.places import Key, YamlFile, read_yaml
from runner.mapping.problems import Problems

SCHEMAS = ("mapping", "mapping_test", "outboxes", "rules", "codes", "pack", "card")
"""Kinds of files."""

_TYPES = {
    "object": "a map",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


@cache
def schema(kind: str) -> Mapping[str, Any]:
    """Give the JSON Schema of a kind of file; for editors, `mapping schema` prints it."""
    read: Mapping[str, Any] = json.loads((Path(__file__).parent / "schema" / f"{kind}.json").read_text("utf-8"))
    return read


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    """Check a pattern of a whole value: ``$`` alone would let a line break through at the end."""
    if isinstance(instance, str) and (instance.endswith("\n") or not re.search(pattern, instance)):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


_Validator = validators.extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]


@cache
def _validator(kind: str) -> Any:
    return _Validator(schema(kind))


def read_shaped(path: Path, kind: str, problems: Problems) -> YamlFile | None:
    """Read a file, note in what it differs from its schema, and give what is readable of it, if anything."""
    file = read_yaml(path, problems)
    if file is None or check_shape(file, kind, problems) or mend(file, _validator(kind)):
        return file
    return None


def check_shape(file: YamlFile, kind: str, problems: Problems) -> bool:
    """Note everything in which a file differs from its schema, in file order; whether there was nothing."""
    errors = list(_validator(kind).iter_errors(file.data))
    odd = dict(odd_fields(file.data)) if kind == "mapping" and isinstance(file.data, dict) else {}
    for path, node in odd.items():
        _tell_odd_field(path, node, file, problems)
    errors = [each for each in errors if not any(tuple(each.absolute_path)[: len(path)] == path for path in odd)]
    for error in sorted(errors, key=lambda each: (file.line(*each.absolute_path), str(each.validator))):
        _translate(error, file, problems)
    return not errors and not odd


def _tell_odd_field(path: tuple[Key, ...], node: Any, file: YamlFile, problems: Problems) -> None:
    """Say once what is wrong with a map of values that should be a field and names no source."""
    if not isinstance(node, dict) or not node:
        problems.add(2008, file.at(*path), expected="a field or a group", got=got(node))
        return
    known = schema("mapping")["$defs"]["field"]["properties"]
    unknown = [name for name in node if name not in known]
    for name in unknown:
        problems.add_unknown(file.at(*path, name), "key", name, known)
    if not unknown:
        problems.add(2007, file.at(*path), name="from")


def _translate(error: ValidationError, file: YamlFile, problems: Problems) -> None:
    path = tuple(error.absolute_path)
    where = file.at(*path)
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema.get("properties", {})  # type: ignore[union-attr]
        for name in error.instance:
            if name not in known:
                problems.add_unknown(file.at(*path, name), "key", name, known)
    elif error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]  # type: ignore[union-attr,operator]
        # one error each: jsonschema repeats the whole list
        name = next(name for name in missing if repr(name) in error.message)
        problems.add(2007, where, name=name)
    elif error.validator == "enum" and isinstance(error.instance, str):
        allowed = [str(value) for value in error.validator_value]  # type: ignore[union-attr]
        problems.add_unknown(where, "value", error.instance, allowed)
    else:
        problems.add(2008, where, expected=_expected(error), got=got(error.instance))


def _expected(error: ValidationError) -> str:
    said = error.schema.get("x-expects") if isinstance(error.schema, dict) else None
    if said:
        return str(said)
    value = error.validator_value
    if error.validator == "type":
        return " or ".join(_TYPES[each] for each in ([value] if isinstance(value, str) else value))  # type: ignore[union-attr]
    if error.validator in {"minLength", "minItems", "minProperties"}:
        return "something"
    if error.validator == "pattern":
        return f"what matches {value}"
    return f"{error.validator} {value}"


def got(value: object) -> str:
    """Say what stands in a file, shortly."""
    if isinstance(value, dict):
        return "a map" if value else "an empty map"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value if len(str(value)) <= 60 else f"{str(value)[:57]}…")  # noqa: PLR2004


def fields(node: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Give the fields of a ``document:`` group with their paths, groups taken apart, elements of lists not."""
    for name, each in node.items():
        if is_field(each):
            yield (*path, name), each
        else:
            yield from fields(each, (*path, name))


def is_field(node: Mapping[str, Any]) -> bool:
    """Whether a map of ``document:`` is a field; any other is a group."""
    return any(key in node for key in ("from", "expr", "each", "document"))
