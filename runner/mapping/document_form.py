"""The shapes of a document: empty, as it is stored, and read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runner.mapping.convert import FileText
from runner.mapping.fields import Field
from runner.mapping.values import written


def skeleton(fields: Sequence[Field]) -> dict[str, Any]:
    """Give the document's shape with None for every field, so that an absent one reads as empty."""
    root: dict[str, Any] = {}
    for field in fields:
        if field.children and not field.is_each:
            _merge(root, skeleton(field.children))
            continue
        place = root
        for step in field.steps[:-1]:
            place = place.setdefault(step, {})
        place[field.steps[-1]] = None
    return root


def copied(shape: Mapping[str, Any]) -> dict[str, Any]:
    """Give a skeleton to fill from one that is kept."""
    return {name: None if value is None else copied(value) for name, value in shape.items()}


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(name), dict):
            _merge(into[name], value)
        else:
            into[name] = value


def overlay(shape: dict[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Put a stored document into a skeleton."""
    for name, value in stored.items():
        if isinstance(value, Mapping) and isinstance(shape.get(name), dict):
            shape[name] = overlay(shape[name], value)
        else:
            shape[name] = value
    return shape


def kept(document: dict[str, Any], passing: Sequence[Field]) -> dict[str, Any]:
    """Give a document without the fields that only go into the message."""
    for field in passing:
        place = document
        for step in field.path[:-1]:
            place = place[step]
        place[field.path[-1]] = None
    return document


def stored_form(document: Mapping[str, Any]) -> dict[str, Any]:
    """Give a document as it is stored: what is absent left out; numbers with fractions, days and instants as text."""
    made: dict[str, Any] = {}
    for name, value in document.items():
        if value is None:
            continue
        if isinstance(value, FileText):
            made[name] = value.base64.decode("ascii")
        elif type(value) is str or isinstance(value, str | int):
            made[name] = value
        elif isinstance(value, dict):
            inner = stored_form(value)
            if inner:
                made[name] = inner
        elif isinstance(value, list):
            made[name] = [stored_form(each) if isinstance(each, dict) else each for each in value]
        else:
            made[name] = written(value)
    return made
