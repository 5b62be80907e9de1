"""
YAML with file and line on every value.

Scalars are text except ``null``, ``true`` and ``false``: ``012345`` stays what it is and ``no`` is a word. What YAML
would take silently and wrongly (a key twice, a tab, an expression cut at a comma) is a problem here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from runner.mapping.problems import Problems

Key = str | int
"""One step into a file: a key of a map or the place in a list, from 0."""


class _Loader(yaml.SafeLoader):
    """YAML without aliases: every value has one place, and a small file cannot grow into a huge one."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse an alias, else compose as always."""
        return _compose_node(self, parent, index)


def _compose_node(loader: Any, parent: yaml.Node | None, index: int) -> yaml.Node | None:
    if loader.check_event(yaml.AliasEvent):
        mark = loader.peek_event().start_mark
        raise yaml.composer.ComposerError(None, None, "an alias (*) is not used here, write the value out", mark)
    return yaml.composer.Composer.compose_node(loader, parent, index)


def _fast_loader() -> Any:
    """Make the same over libyaml's reading of characters, where PyYAML was built with it: several times faster."""
    if not yaml.__with_libyaml__:
        return _Loader

    class FastLoader(yaml.composer.Composer, yaml.CSafeLoader):
        def __init__(self, stream: str) -> None:
            yaml.CSafeLoader.__init__(self, stream)
            yaml.composer.Composer.__init__(self)

        compose_node = _compose_node

    return FastLoader


_FAST_LOADER = _fast_loader()

WORDS: dict[str, bool | None] = {"null": None, "": None, "true": True, "false": False}
"""The plain scalars that are not text."""


@dataclass(slots=True)
class YamlFile:
    """
    A file that was read.

    Attributes:
        name: How problems call it, usually its path from the working directory.
        data: Maps, lists, text, None, True and False.
        lines: Path of keys → line.
        plain: Paths of the text that stands without quotes.
        lost: Paths of what was taken out because its shape is wrong.
    """

    name: str
    data: Any = None
    lines: dict[tuple[Key, ...], int] = field(default_factory=dict)
    plain: set[tuple[Key, ...]] = field(default_factory=set)
    lost: set[tuple[Key, ...]] = field(default_factory=set)

    def says(self, *path: Key) -> bool:
        """Whether something stands there, be it of a wrong shape and already told."""
        found = self.data
        for step in path:
            if isinstance(found, dict) and step not in found:
                return any(path[: len(each)] == each for each in self.lost)
            found = found[step]
        return True

    def line(self, *path: Key) -> int:
        """Line of a value, or of the nearest one around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def at(self, *path: Key) -> str:
        """Place of a value as ``file:line``."""
        return f"{self.name}:{self.line(*path)}"


def shown(path: Path) -> str:
    """How a file is called in problems: its path from the working directory where it lies below it."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except (ValueError, OSError, RuntimeError):  # elsewhere, a ring of links, or the working directory is gone
        return path.as_posix()


def read_file(path: Path, problems: Problems) -> str | None:
    """Read a text; None, with the problem noted, where it cannot be read at all."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = path.read_bytes().count(b"\n", 0, error.start) + 1
        problems.add(2001, f"{shown(path)}:{line}", reason="it is not UTF-8")
    except OSError as error:
        problems.add(2001, shown(path), reason=str(error.strerror))
    return None


def read_yaml(path: Path, problems: Problems) -> YamlFile | None:
    """Read a file; None, with the problem noted, where it cannot be read at all."""
    text = read_file(path, problems)
    return None if text is None else parse_yaml(text, shown(path), problems)


def parse_yaml(text: str, name: str, problems: Problems) -> YamlFile | None:
    """Read a text; None, with the problem noted, where it is no YAML."""
    try:
        root = _composed(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = error.problem or "it cannot be read"
        if "'\\t'" in reason:
            reason = "a tab stands where only spaces may"
        problems.add(2002, f"{name}:{mark.line + 1 if mark else 1}", reason=reason)
        return None
    except RecursionError:
        problems.add(2002, f"{name}:1", reason="its values are nested too deep")
        return None
    except yaml.YAMLError as error:
        # ReaderError: a control character; its text would quote it
        problems.add(2002, f"{name}:1", reason=f"{type(error).__name__}, a character that YAML forbids")
        return None
    made = YamlFile(name)
    if root is not None:
        made.data = _value(root, (), made, problems)
    return made


def _composed(text: str) -> yaml.Node | None:
    """Give a text's nodes; PyYAML's own reading says best what is wrong."""
    try:
        return yaml.compose(text, _FAST_LOADER)
    except (yaml.YAMLError, RecursionError):
        return yaml.compose(text, _Loader)


def _value(node: yaml.Node, path: tuple[Key, ...], made: YamlFile, problems: Problems) -> Any:
    made.lines.setdefault(path, node.start_mark.line + 1)
    if not node.tag.startswith("tag:yaml.org,2002:") or "python" in node.tag:
        problems.add(2002, made.at(*path), reason=f"the tag {node.tag!r} means nothing here")
        return None
    if isinstance(node, yaml.MappingNode):
        return _map(node, path, made, problems)
    if isinstance(node, yaml.SequenceNode):
        return [_value(each, (*path, place), made, problems) for place, each in enumerate(node.value)]
    assert isinstance(node, yaml.ScalarNode)
    if not node.style and node.value in WORDS:
        return WORDS[node.value]
    if not node.style:
        made.plain.add(path)
    return node.value


def _map(node: yaml.MappingNode, path: tuple[Key, ...], made: YamlFile, problems: Problems) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            problems.add(2002, f"{made.name}:{line}", reason="a key must be text")
            continue
        key = key_node.value
        if key in result:
            problems.add(2005, f"{made.name}:{line}", name=key, line=made.lines[(*path, key)])
            continue
        if node.flow_style and value_node.start_mark.index == value_node.end_mark.index:
            # `{expr: row.X == 'a, b'}` is two keys to YAML, the second without a value
            problems.add(2006, f"{made.name}:{line}")
            continue
        made.lines[(*path, key)] = line
        result[key] = _value(value_node, (*path, key), made, problems)
        made.lines[(*path, key)] = line
    return result
