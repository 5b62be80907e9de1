"""One value of the settings file against its form."""

from __future__ import annotations

import re
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from urllib.parse import urlsplit

from runner.settings.forms import Form

_DURATION = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)[ ]?(ms|s|min|h|d)")
_UNIT_S = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_LONGEST_SHOWN = 40


class WrongFormError(Exception):
    """
    A value does not have its form.

    Attributes:
        expected: What was expected, in words.
        got: What stands there, in words.
    """

    def __init__(self, expected: str, raw: object) -> None:
        self.expected = expected
        self.got = shown(raw)
        super().__init__(expected)


def convert(raw: object, hint: Any, folder: Path) -> object:
    """
    Give the value that a raw TOML value stands for.

    Args:
        raw: As the parser gave it.
        hint: Annotated form, a choice of texts, a tuple of those, or one of these or None.
        folder: Where relative paths begin.

    Raises:
        WrongFormError: It does not have the form.
    """
    hint = bare(hint)
    if get_origin(hint) is tuple:
        if not isinstance(raw, list):
            raise WrongFormError("a list", raw)
        return tuple(convert(each, get_args(hint)[0], folder) for each in raw)
    if get_origin(hint) is Literal:
        if raw not in get_args(hint):
            raise WrongFormError("one of " + ", ".join(get_args(hint)), raw)
        return raw
    assert get_origin(hint) is Annotated
    return _of_form(raw, get_args(hint)[1], folder)


def bare(hint: Any) -> Any:
    """Give a type without its ``| None``."""
    if get_origin(hint) in (Union, UnionType):
        (hint,) = (each for each in get_args(hint) if each is not NoneType)
    return hint


def is_duration(hint: Any) -> bool:
    """Whether a type is a duration."""
    hint = bare(hint)
    return get_origin(hint) is Annotated and get_args(hint)[1] is Form.DURATION


def duration_s(text: str) -> float | None:
    """Give the seconds of ``200ms``, ``5s``, ``10min``, ``8h`` or ``30d``; None for anything else."""
    match = _DURATION.fullmatch(text)
    return float(match[1]) * _UNIT_S[match[2]] if match else None


def host_and_port(text: str) -> tuple[str, int] | None:
    """Give host and port of ``127.0.0.1:8443`` or ``[::1]:8443``; None for anything else."""
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) < 1 << 16):
        return None
    return host.removeprefix("[").removesuffix("]"), int(port)


def shown(raw: object) -> str:
    """Say what a value is, without repeating what might be long or a secret put into the wrong place."""
    if isinstance(raw, bool):
        return str(raw).lower()
    if isinstance(raw, int | float):
        return f"the number {raw}"
    if isinstance(raw, str):
        return repr(raw) if len(raw) <= _LONGEST_SHOWN and raw.isprintable() else f"a text of {len(raw)} characters"
    return {"list": "a list", "dict": "a section"}.get(type(raw).__name__, f"a {type(raw).__name__}")


def _of_form(raw: object, form: Form, folder: Path) -> object:
    if form is Form.COUNT:
        if isinstance(raw, bool) or not isinstance(raw, int) or raw < 1:
            raise WrongFormError(form, raw)
        return raw
    if not isinstance(raw, str) or not raw.strip() or not raw.isprintable():
        raise WrongFormError(form, raw)
    match form:
        case Form.DURATION:
            seconds = duration_s(raw)
            if not seconds:
                raise WrongFormError(form, raw)
            return seconds
        case Form.PATH | Form.SECRET:
            return (folder / raw).resolve()
        case Form.ADDRESS if not _is_https(raw):
            raise WrongFormError(form, raw)
        case Form.LISTEN if host_and_port(raw) is None:
            raise WrongFormError(form, raw)
        case _:
            return raw


def _is_https(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme == "https" and bool(parts.hostname) and not parts.username and (parts.port or 443) > 0
    except ValueError:
        return False
