"""A short string that matches an XSD pattern, for the common part of that language."""

from __future__ import annotations

import re

_ESCAPES = {"d": "0", "w": "a", "s": " ", "S": "A", "D": "A", "W": "-", "i": "A", "c": "A", "n": "\n", "t": "\t"}
_ENDLESS = ("*", "+", "?")


class UnsupportedPatternError(ValueError):
    """The pattern uses what is not understood here."""


def matches(pattern: str, value: str) -> bool:
    """Whether the whole value matches; False also where Python's own language differs too much."""
    translated = pattern.replace(r"\i", "[A-Za-z_:]").replace(r"\c", r"[A-Za-z0-9._:\-]")
    try:
        return re.fullmatch(translated, value) is not None
    except re.error:
        return False


def example(pattern: str) -> str:
    """The shortest example by always taking the first alternative and the least repetition."""
    text, rest = _alternatives(pattern)
    if rest:
        raise UnsupportedPatternError(pattern)
    return text


def _alternatives(pattern: str) -> tuple[str, str]:
    first, rest = _sequence(pattern)
    while rest.startswith("|"):
        _, rest = _sequence(rest[1:])
    return first, rest


def _sequence(pattern: str) -> tuple[str, str]:
    made = ""
    while pattern and pattern[0] not in "|)":
        atom, pattern = _atom(pattern)
        least, pattern = _quantifier(pattern)
        made += atom * least
    return made, pattern


def _quantifier(pattern: str) -> tuple[int, str]:
    if pattern[:1] in ("*", "?"):
        return 0, pattern[1:]
    if pattern[:1] == "+":
        return 1, pattern[1:]
    counted = re.match(r"\{(\d+)(,\d*)?\}", pattern)
    if counted:
        return int(counted[1]), pattern[counted.end() :]
    return 1, pattern


def _atom(pattern: str) -> tuple[str, str]:
    first = pattern[0]
    if first == "(":
        text, rest = _alternatives(pattern[1:])
        if not rest.startswith(")"):
            raise UnsupportedPatternError(pattern)
        return text, rest[1:]
    if first == "[":
        return _character_class(pattern)
    if first == "\\":
        return _escape(pattern)
    if first == ".":
        return "A", pattern[1:]
    if first in _ENDLESS or first in "{}]":
        raise UnsupportedPatternError(pattern)
    return first, pattern[1:]


def _escape(pattern: str) -> tuple[str, str]:
    letter = pattern[1:2]
    if letter in ("p", "P", ""):
        raise UnsupportedPatternError(pattern)
    return _ESCAPES.get(letter, letter), pattern[2:]


def _character_class(pattern: str) -> tuple[str, str]:
    end = 1
    while end < len(pattern) and pattern[end] != "]":
        end += 2 if pattern[end] == "\\" else 1
    whole, rest = pattern[: end + 1], pattern[end + 1 :]
    for candidate in [*"A0a1 -./", *map(chr, range(33, 127))]:
        if matches(whole, candidate):
            return candidate, rest
    raise UnsupportedPatternError(pattern)
