"""The page of settings, made from the sections' docstrings, types and defaults."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from runner.settings.forms import Form
from runner.settings.reading import key_of
from runner.settings.sections import Settings
from runner.settings.values import bare, is_duration

_HEAD = """\
# Settings

One TOML file, given with `--settings`. Durations are text with a unit (`"200ms"`, `"5s"`, `"10min"`, `"8h"`, `"30d"`),
relative paths begin at the file's folder. Secrets never stand in it, only paths to files that only the runner may read.
An unknown setting is an error. Generated from `runner/settings/sections.py`; do not edit.
"""
_SHIPPED = {"site.mappings": "`mappings`, as shipped", "site.templates": "`templates`, as shipped"}
_SHIPPED |= {
    "site.sources": "`sql/sources`, as shipped",
    "audit.folder": "`audit` in `runner.state_dir`",
    "eeszt.contract": "the only one in `contract` of `site.mappings`",
}
_UNITS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"), (0.001, "ms"))


def settings_page() -> str:
    """Give `docs/reference/settings.md`."""
    hints = get_type_hints(Settings, include_extras=True)
    parts = [_HEAD]
    for each in fields(Settings):
        hint = bare(hints[each.name])
        if each.name == "places":
            continue
        if is_dataclass(hint):
            parts.append(_section(each.name, hint, optional=each.default is None))
        elif each.name == "lanes":
            parts.append(_section("lanes.<lane>", get_args(hint)[1], optional=True))
        else:
            parts.append(_RULES)
    return "\n".join(parts)


_RULES = """\
## `[rules."<identifier>"]` (optional)

Overrides of a dated rule's parameters (`mappings/rules.yaml`): parameter = value, the value in the form that the rule
has there, for instance `answer_within = "20s"`.
"""


def _section(name: str, kind: Any, *, optional: bool) -> str:
    text = inspect.getdoc(kind) or ""
    meaning = _attributes(text)
    lines = [f"## `[{name}]`{' (optional)' if optional else ''}", "", text.splitlines()[0], ""]
    lines += ["| key | form | default | meaning |", "|---|---|---|---|"]
    hints = get_type_hints(kind, include_extras=True)
    for each in fields(kind):
        hint = hints[each.name]
        key = key_of(each.name, hint)
        default = _SHIPPED.get(f"{name}.{key}") or _default(each, hint)
        lines.append(f"| `{key}` | {_form(bare(hint))} | {default} | {meaning[each.name]} |")
    return "\n".join([*lines, ""])


def _attributes(text: str) -> dict[str, str]:
    """Give attribute → meaning, from a docstring's section of attributes."""
    _, _, listed = text.partition("Attributes:\n")
    return dict(_pairs(listed))


def _pairs(listed: str) -> Iterator[tuple[str, str]]:
    for entry in re.split(r"\n(?=    \w+: )", "\n" + listed):
        name, colon, meaning = entry.strip().partition(": ")
        if colon:
            yield name, " ".join(meaning.split())


def _form(hint: Any) -> str:
    origin = get_origin(hint)
    if origin is tuple:
        return f"list of: {_form(get_args(hint)[0])}"
    if origin is Literal:
        return ", ".join(f'`"{each}"`' for each in get_args(hint))
    form = get_args(hint)[1]
    return str(form) if isinstance(form, Form) else f"section of: {_form(form)}"


def _default(each: Field[Any], hint: Any) -> str:
    if each.default is MISSING:
        return "**required**"
    if each.default is None:
        return "–"
    if each.default == ():
        return "`[]`"
    if is_duration(hint):
        factor, unit = next(pair for pair in _UNITS if each.default % pair[0] == 0 or pair[1] == "ms")
        return f'`"{each.default / factor:g}{unit}"`'
    return f'`"{each.default}"`' if isinstance(each.default, str) else f"`{each.default}`"


if __name__ == "__main__":
    sys.stdout.write(settings_page())
