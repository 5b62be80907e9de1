"""What the code logs, read from its syntax: every ``extra={"event": …}`` with its level and fields."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

RUNNER = Path(__file__).resolve().parents[2] / "runner"
LEVELS = {
    "debug": "DEBUG",
    "info": "INFO",
    "warning": "WARNING",
    "error": "ERROR",
    "exception": "ERROR",
    "log": "INFO, WARNING",
}
MORE = "…"
"""Stands for fields whose names only the running program knows."""


@dataclass(frozen=True, slots=True)
class Logged:
    """One event: its name (``*`` stands for what is filled in), level, fields, and where it is logged."""

    event: str
    level: str
    fields: frozenset[str]
    where: str


def logged() -> list[Logged]:
    """Every event that the runner logs."""
    paths = [path for path in sorted(RUNNER.rglob("*.py")) if "simulator" not in path.parts]
    return [
        event for path in paths for event in events_of(path.read_text("utf-8"), str(path.relative_to(RUNNER.parent)))
    ]


def events_of(text: str, name: str) -> Iterator[Logged]:
    """Every event of one module; a log call without one is refused."""
    tree = ast.parse(text)
    for call in ast.walk(tree):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in LEVELS):
            continue
        if not (isinstance(call.func.value, ast.Name) and call.func.value.id == "logger"):
            continue
        where = f"{name}:{call.lineno}"
        extra = next((keyword.value for keyword in call.keywords if keyword.arg == "extra"), None)
        found = nearest(extra, tree, call) if isinstance(extra, ast.Name) else extra
        assert isinstance(found, ast.Dict), f"{where}: a log call needs extra={{'event': …}}"
        fields = fields_of(found, tree, call)
        assert "event" in fields, f"{where}: a log call needs an event"
        names = event_names(fields.pop("event"))
        for event in names:
            yield Logged(event, LEVELS[call.func.attr], frozenset(fields), where)


def nearest(name: ast.Name, tree: ast.Module, call: ast.Call) -> ast.expr:
    """Give what the name was last set to before the call."""
    before = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and node.lineno < call.lineno
        and any(isinstance(target, ast.Name) and target.id == name.id for target in node.targets)
    ]
    return max(before, key=lambda node: node.lineno).value


def fields_of(found: ast.Dict, tree: ast.Module, call: ast.Call) -> dict[str, ast.expr]:
    """Give a dict's keys and values, those of a dict that is poured into it included."""
    fields: dict[str, ast.expr] = {}
    for key, value in zip(found.keys, found.values, strict=True):
        if isinstance(key, ast.Constant):
            fields[str(key.value)] = value
            continue
        poured = nearest(value, tree, call) if isinstance(value, ast.Name) else None
        fields |= fields_of(poured, tree, call) if isinstance(poured, ast.Dict) else {MORE: value}
    return fields


def event_names(value: ast.expr) -> list[str]:
    """Give the names that an event's expression can have."""
    match value:
        case ast.Constant():
            return [str(value.value)]
        case ast.IfExp():
            return [*event_names(value.body), *event_names(value.orelse)]
        case ast.JoinedStr():
            return ["".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in value.values)]
        case _:
            raise AssertionError(f"line {value.lineno}: an event is a name, not an expression")
