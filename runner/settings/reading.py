"""From the text of a settings file to its sections, or to all its problems."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from runner.errors import ProblemsError, RunnerError, fault
from runner.settings.database import database_conflicts
from runner.settings.places import line_of, places
from runner.settings.sealing import sealing_conflicts
from runner.settings.sections import Settings
from runner.settings.values import WrongFormError, bare, convert, is_duration, shown
from runner.settings.working import Waits

_AT_LINE = re.compile(r"\(at line (\d+)")
_LOOKS_SECRET = re.compile(r"password|passwd|passphrase|jelszo|secret|\bpin\b", re.IGNORECASE)

_TOGETHER = (
    ("institution", "signing_certificate", "signing_key"),
    ("technical_user", "certificate", "key"),
    ("technical_user", "pkcs12", "password_file"),
    ("technical_user", "token_module", "token"),
    ("technical_user", "token_module", "token_key"),
    ("technical_user", "token_module", "token_pin_file"),
    ("login", "card_profile", "card_trust"),
)


def load(path: Path) -> Settings:
    """
    Read the settings file.

    Raises:
        ProblemsError: Everything that is wrong with it, in the order of its lines.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as exc:
        raise ProblemsError([fault(1005, str(path), reason=exc.strerror or type(exc).__name__)]) from exc
    except UnicodeDecodeError as exc:
        raise ProblemsError([fault(1005, str(path), reason="it is not UTF-8")]) from exc
    try:
        document = tomllib.loads(text)
    except RecursionError as exc:
        raise ProblemsError([fault(1005, str(path), reason="its values are nested too deep")]) from exc
    except tomllib.TOMLDecodeError as exc:
        at = _AT_LINE.search(str(exc))
        raise ProblemsError([fault(1008, f"{path}:{at[1]}" if at else str(path))]) from exc
    return _Reader(path, text).settings(document)


def shipped(name: str) -> Path:
    """Give a folder that is shipped: of the installed package, or of the repository that the code stands in."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_site" / name
    return installed if installed.is_dir() else package.parent / name


def key_of(attribute: str, hint: object) -> str:
    """Give the key of an attribute: durations carry their unit in the value, not in the key."""
    return attribute.removesuffix("_s") if is_duration(hint) else attribute


class _Reader:
    """Reads one file, collecting problems."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._folder = path.resolve().parent
        self._places = places(text)
        self._problems: list[tuple[int, RunnerError]] = []

    def settings(self, document: dict[str, Any]) -> Settings:
        """Give the settings, or raise all problems."""
        self._fill_places(document)
        settings = self._section(Settings, document, ())
        for name, number, facts in _conflicts(document):
            self._report(number, name, **facts)
        if self._problems or settings is None:
            raise ProblemsError(problem for _, problem in sorted(self._problems, key=lambda each: each[0]))
        assert isinstance(settings, Settings)
        return settings

    def _fill_places(self, document: dict[str, Any]) -> None:
        """Put in the folders that are shipped or usual, and the contract pack where there is only one."""
        site = document.setdefault("site", {})
        if not isinstance(site, dict):
            return
        for key, folder in (("mappings", "mappings"), ("templates", "templates"), ("sources", "sql/sources")):
            site.setdefault(key, str(shipped(folder)))
        document.setdefault("sealing", {})
        audit, runner = document.setdefault("audit", {}), document.get("runner")
        state = runner.get("state_dir") if isinstance(runner, dict) else None
        if isinstance(audit, dict):  # where the state's folder is missing, that alone is told
            audit.setdefault("folder", f"{state}/audit" if isinstance(state, str) else "audit")
        eeszt = document.setdefault("eeszt", {})
        if isinstance(eeszt, dict) and "contract" not in eeszt and isinstance(site["mappings"], str):
            packs = [each.parent for each in (self._folder / site["mappings"] / "contract").glob("*/pack.yaml")]
            if len(packs) == 1:
                eeszt["contract"] = str(packs[0])

    def _section(self, kind: type, table: object, path: tuple[str, ...]) -> object:
        """Give a section, or None where something of it is wrong."""
        if not isinstance(table, dict):
            self._report(1004, path, expected="a section", got=shown(table))
            return None
        hints = get_type_hints(kind, include_extras=True)
        known = {key_of(each.name, hints[each.name]): each for each in fields(kind) if each.name != "places"}
        before = len(self._problems)
        for name in table.keys() - known.keys():
            self._unknown(name, known, path)
        values: dict[str, object] = {}
        for key, each in known.items():
            hint = bare(hints[each.name])
            if key in table:
                values[each.name] = self._value(hint, table[key], (*path, key))
            elif each.default is MISSING and each.default_factory is MISSING:
                if isinstance(hint, type) and is_dataclass(hint):
                    values[each.name] = self._section(hint, {}, (*path, key))
                else:
                    self._report(1003, (*path, key))
        if len(self._problems) > before:
            return None
        if kind is Settings:
            values["places"] = {".".join(where): f"{self._path}:{line}" for where, line in self._places.items()}
        return kind(**values)

    def _value(self, hint: Any, raw: object, path: tuple[str, ...]) -> object:
        if isinstance(hint, type) and is_dataclass(hint):
            return self._section(hint, raw, path)
        if get_origin(hint) is Mapping:
            if not isinstance(raw, dict):
                self._report(1004, path, expected="a section", got=shown(raw))
                return None
            inner = get_args(hint)[1]
            return {key: self._value(inner, value, (*path, key)) for key, value in raw.items()}
        if path[0] == "rules" and isinstance(raw, list) and all(isinstance(each, str) for each in raw):
            raw = ", ".join(raw)  # as rules.yaml has lists too
        if path[0] == "rules" and isinstance(raw, int | float):
            raw = str(raw).lower()  # a rule's parameters are text; what form they need is the rule's affair
        try:
            return convert(raw, hint, self._folder)
        except WrongFormError as exc:
            self._report(1004, path, expected=exc.expected, got=exc.got)
            return None

    def _unknown(self, name: str, known: Mapping[str, object], path: tuple[str, ...]) -> None:
        at = (*path, name)
        if _LOOKS_SECRET.search(name):
            self._report(1009, at)
        elif nearest := difflib.get_close_matches(name, known, n=1, cutoff=0.5):
            self._report(1001, at, nearest=nearest[0])
        else:
            self._report(1002, at)

    def _report(self, number: int, path: tuple[str, ...], **facts: object) -> None:
        line = line_of(self._places, path)
        where = str(self._path) if line is None else f"{self._path}:{line}"
        self._problems.append((line or 0, fault(number, where, name=".".join(path), **facts)))


def _conflicts(document: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], int, dict[str, object]]]:
    """Give what no single setting shows: pairs that are half there, two ways at once."""
    for section, one, other in _TOGETHER:
        table = document.get(section)
        if isinstance(table, dict) and (one in table) != (other in table):
            there, missing = (one, other) if one in table else (other, one)
            yield (section, there), 1010, {"other": f"{section}.{missing}"}
    if isinstance(database := document.get("database", {}), dict):
        yield from database_conflicts(database)
    if isinstance(sealing := document.get("sealing"), dict):
        yield from sealing_conflicts(sealing)
    user = document.get("technical_user")
    if isinstance(user, dict):
        ways = [each for each in ("pkcs12", "certificate", "token_module") if each in user]
        if len(ways) > 1:
            yield ("technical_user", ways[0]), 1011, {"other": f"technical_user.{ways[1]}"}
        elif not ways:
            yield ("technical_user",), 1010, {"other": "technical_user.pkcs12"}
    eeszt = document.get("eeszt")
    if isinstance(eeszt, dict) and eeszt.get("pins") == []:
        yield ("eeszt", "pins"), 1004, {"expected": "at least one certificate", "got": "none"}
    addresses = eeszt.get("addresses") if isinstance(eeszt, dict) else None
    if isinstance(addresses, dict) and "sts" not in addresses and addresses:
        yield ("eeszt", "addresses", "sts"), 1003, {}


def chosen(waits: Waits) -> dict[str, float]:
    """Give what the file sets of the waiting times, in seconds, by the protocol's own names (``retry`` …)."""
    values = {each.name.removesuffix("_s"): getattr(waits, each.name) for each in fields(waits)}
    return {name: value for name, value in values.items() if value is not None}
