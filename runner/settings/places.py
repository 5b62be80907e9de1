"""Where each key of a TOML file stands, since the parser of the standard library does not tell."""

from __future__ import annotations

import re
import tomllib

_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_KEY = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_HEADER_LINE = re.compile(rf"^[ \t]*\[[ \t]*({_KEY})[ \t]*\]")
_KEY_LINE = re.compile(rf"^[ \t]*({_KEY})[ \t]*=")
_LONG_QUOTES = ('"""', "'''")


def places(text: str) -> dict[tuple[str, ...], int]:
    """
    Give path of keys → line number, for every section and every key of a valid TOML text.

    A key inside an inline table has no entry of its own; who asks goes up to the nearest one that has.
    """
    found: dict[tuple[str, ...], int] = {}
    section: tuple[str, ...] = ()
    inside = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if not inside:
            if header := _HEADER_LINE.match(line):
                section = _path(header[1])
                found.setdefault(section, number)
            elif key := _KEY_LINE.match(line):
                found.setdefault(section + _path(key[1]), number)
        if inside or not line.lstrip().startswith("#"):
            inside = _left_open(line, inside)
    return found


def line_of(found: dict[tuple[str, ...], int], path: tuple[str, ...]) -> int | None:
    """Give the line of a key, or of the nearest section around it; None where nothing of it stands in the file."""
    for length in range(len(path), 0, -1):
        if path[:length] in found:
            return found[path[:length]]
    return None


def _path(key: str) -> tuple[str, ...]:
    """Let the parser itself take a dotted, perhaps quoted, key apart."""
    at: object = tomllib.loads(f"{key} = 0")
    path: list[str] = []
    while isinstance(at, dict):
        ((part, at),) = at.items()
        path.append(part)
    return tuple(path)


def _left_open(line: str, inside: str) -> str:
    """Give the quotes of a string over several lines that is still open at the end of ``line``, or nothing."""
    rest = line
    while True:
        if inside:
            _, closed, rest = rest.partition(inside)
            if not closed:
                return inside
            inside = ""
        starts = [(rest.find(quotes), quotes) for quotes in _LONG_QUOTES if quotes in rest]
        if not starts:
            return ""
        at, inside = min(starts)
        rest = rest[at + len(inside) :]
