"""
What is readable of a file whose shape is wrong, so that the later checks run all the same and one run tells everything.

Each mistake has been told already. Here a misspelt name becomes the nearest right one, a value that nothing can be made
of is taken out, and a field stays a field, so that who names it is not blamed. Nothing is ever sent from such a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from runner.mapping.places import Key, YamlFile
from runner.mapping.problems import nearest

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

MOST = 1000
"""Mistakes that are mended in one file; beyond that it is another kind of file."""

STUB = {"from": "X"}
"""Stands for a field of which nothing is known but its name."""

SOURCES = ("from", "expr", "each", "document")
"""Keys that make a map of ``document:`` a field."""


def mend(file: YamlFile, validator: Draft202012Validator) -> bool:
    """Mend what differs from the schema, in place; whether anything is left. A key that is missing stays missing."""
    if not isinstance(file.data, dict):
        return False
    for _ in range(MOST):
        for path, _ in odd_fields(file.data):
            _put(file, path, dict(STUB))
        wrong = [each for each in validator.iter_errors(file.data) if each.validator != "required"]
        if not wrong:
            return True
        if not wrong[0].absolute_path and wrong[0].validator in {"type", "minProperties"}:
            return False
        _mend(file, wrong[0])
    return False


def odd_fields(data: Mapping[str, Any]) -> Iterator[tuple[tuple[Key, ...], Any]]:
    """Give what stands in ``document:`` where a field should: a bare value, or a map of values without a source."""
    document = data.get("document")
    if isinstance(document, dict):
        yield from _odd(document, ("document",))


def _odd(group: Mapping[str, Any], place: tuple[Key, ...]) -> Iterator[tuple[tuple[Key, ...], Any]]:
    for name, node in group.items():
        path = (*place, name)
        if not isinstance(node, dict) or not node:
            yield path, node
        elif any(key in node for key in SOURCES):
            inner = node.get("document")
            if isinstance(inner, dict):
                yield from _odd(inner, (*path, "document"))
        elif not any(_is_inner(key, value) for key, value in node.items()):
            yield path, node
        else:
            yield from _odd(node, path)


def _is_inner(key: str, value: Any) -> bool:
    """Whether a value makes its map a group; a field's own list of ``values`` does not."""
    return isinstance(value, dict) and (key != "values" or any(isinstance(each, dict) for each in value.values()))


def _mend(file: YamlFile, error: ValidationError) -> None:
    path: tuple[Key, ...] = tuple(error.absolute_path)
    found = _at(file.data, path)
    if error.validator == "additionalProperties" and isinstance(found, dict):
        known = error.schema.get("properties", {})  # type: ignore[union-attr]
        for name in [name for name in found if name not in known]:
            _rename(file, path, name, nearest(name, [each for each in known if each not in found]))
    elif error.validator == "enum" and error.validator_value:
        allowed = [str(value) for value in error.validator_value]  # type: ignore[union-attr]
        _put(file, path, nearest(str(found), allowed) or allowed[0])
    elif isinstance(found, dict) and isinstance(error.instance, str):
        _rename(file, path, error.instance, None)  # the schema objects to a key's name
    else:
        _take_out(file, path)


def _rename(file: YamlFile, path: tuple[Key, ...], name: str, better: str | None) -> None:
    found = _at(file.data, path)
    kept = {better if key == name else key: value for key, value in found.items() if key != name or better is not None}
    if better is not None:
        for moved in [each for each in file.lines if each[: len(path) + 1] == (*path, name)]:
            file.lines[(*path, better, *moved[len(path) + 1 :])] = file.lines[moved]
    else:
        file.lost.add((*path, name))
    found.clear()
    found.update(kept)


def _put(file: YamlFile, path: tuple[Key, ...], value: Any) -> None:
    _at(file.data, path[:-1])[path[-1]] = value


def _take_out(file: YamlFile, path: tuple[Key, ...]) -> None:
    container, last = _at(file.data, path[:-1]), path[-1]
    del container[last]
    if isinstance(last, int):
        _move_up(file, path[:-1], last)
    else:
        file.lost.add(path)


def _move_up(file: YamlFile, path: tuple[Key, ...], gone: int) -> None:
    """Let the lines of a list's elements follow them when one before them is gone."""
    depth = len(path)
    for known in sorted((each for each in file.lines if each[:depth] == path and len(each) > depth), key=_order(depth)):
        place = known[depth]
        if isinstance(place, int) and place >= gone:
            line = file.lines.pop(known)
            if place > gone:
                file.lines[(*path, place - 1, *known[depth + 1 :])] = line


def _order(depth: int) -> Any:
    return lambda path: (path[depth] if isinstance(path[depth], int) else -1, len(path))


def _at(data: Any, path: Sequence[Key]) -> Any:
    for step in path:
        data = data[step]
    return data
