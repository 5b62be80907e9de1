"""The files that settings name: are they there, and can nobody else read those that hold secrets?"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

from runner.errors import RunnerError, fault
from runner.settings.forms import Form
from runner.settings.reading import key_of
from runner.settings.sections import Settings
from runner.settings.values import bare

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_MADE_BY_THE_RUNNER = frozenset({"runner.state_dir", "database.path", "log.file", "audit.folder"})


def unreadable_files(settings: Settings) -> list[RunnerError]:
    """Give a problem for every file or folder that the settings name and that cannot be read, in the file's order."""
    problems = []
    for name, path, _ in _named(settings):
        if name in _MADE_BY_THE_RUNNER:
            continue
        try:
            if not path.is_dir():
                path.open("rb").close()
        except OSError as exc:
            reason = exc.strerror or type(exc).__name__
            problems.append(fault(1006, settings.places.get(name, name), file=str(path), name=name, reason=reason))
    return problems


def exposed_secrets(settings: Settings) -> list[RunnerError]:
    """
    Give a problem for every file with a secret that the group or everybody may touch.

    `run` refuses to start for them in production and warns in test. On systems without such rights it finds nothing.
    """
    problems: list[RunnerError] = []
    if os.name != "posix":
        return problems
    for name, path, form in _named(settings):
        if form is not Form.SECRET or not path.is_file():
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & _OTHERS:
            problems.append(fault(1012, settings.places.get(name, name), file=str(path), name=name, mode=f"{mode:04o}"))
    return problems


def changeable_files(settings: Settings, file: Path) -> list[RunnerError]:
    """
    Give a problem for every file that decides who is believed or what is said, and that others may change.

    The settings file itself, what it names, and all that lies in the folders it names. `run` refuses to start for them
    in production and warns in test. On systems without such rights it finds nothing.

    Args:
        settings: What to look at.
        file: The settings file.
    """
    if not hasattr(os, "geteuid"):
        return []
    named = [(name, path) for name, path, _ in _named(settings) if name not in _MADE_BY_THE_RUNNER]
    problems = []
    for name, path in (("--settings", file), *named):
        below = sorted(path.rglob("*")) if path.is_dir() else ()
        for each in (path.resolve().parent, path, *below):
            why = _changeable(each)
            if why:
                where = settings.places.get(name, name)
                problems.append(fault(8301, where, file=str(each), name=name, why=why))
                break
    return problems


def _changeable(path: Path) -> str:
    """Why others may change a file or put another in its place; empty where they may not."""
    try:
        about = path.stat()
    except OSError:
        return ""
    if about.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not (about.st_mode & stat.S_ISVTX):
        return f"rights {stat.S_IMODE(about.st_mode):04o}"
    if about.st_uid not in {0, os.geteuid()}:
        return f"owner {about.st_uid}"
    return ""


def _named(section: Any, prefix: str = "") -> Iterator[tuple[str, Path, Form]]:
    """Give dotted key, path and form of every path in a section."""
    hints = get_type_hints(type(section), include_extras=True)
    for each in fields(section):
        value = getattr(section, each.name)
        hint = bare(hints[each.name])
        name = prefix + key_of(each.name, hint)
        if is_dataclass(value):
            yield from _named(value, f"{name}.")
        elif isinstance(value, Path):
            yield name, value, get_args(hint)[1]
        elif isinstance(value, tuple):
            for path in value:
                yield name, path, get_args(get_args(hint)[0])[1]
