"""Computes expressions as a mapping would, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from runner.errors import RunnerError
from runner.mapping.document import DocumentProgram, environment
from runner.mapping.fields import FieldReader
from runner.mapping.places import parse_yaml
from runner.mapping.problems import Problems


def program(fields: Mapping[str, Any], *, lenient: bool = False) -> DocumentProgram:
    """Compile a ``document:``."""
    problems = Problems()
    text = yaml.safe_dump({"document": fields}, sort_keys=False, default_style='"', width=10_000)
    text = text.replace('!!bool "true"', "true").replace('!!bool "false"', "false").replace("!!int ", "")
    file = parse_yaml(text, "proba.yaml", problems)
    assert file is not None
    made = environment()
    read = FieldReader(made, file, {}, ZoneInfo("Europe/Budapest"), problems).read(file.data["document"])
    problems.raise_any()
    return DocumentProgram(made, read, "proba", lenient=lenient)


def compute(expression: str, row: Mapping[str, Any] | None = None, **field: Any) -> Any:
    """Give the value of one expression."""
    return program({"x": {"expr": expression, **field}}).run(row or {}, {"item_id": 1})["x"]


def problems_of(expression: str) -> list[RunnerError]:
    """Give what is wrong with an expression, before any row."""
    problems = Problems()
    file = parse_yaml(yaml.safe_dump({"document": {"x": {"expr": expression}}}, default_style='"'), "p.yaml", problems)
    assert file is not None
    FieldReader(environment(), file, {}, ZoneInfo("UTC"), problems).read(file.data["document"])
    return problems.found
