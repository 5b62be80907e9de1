"""What no single setting of the sealing key shows: two sources at once, none, or a key where its place belongs."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

SOURCES = ("key_file", "key_variable", "key_keyring")
_KEY_BYTES = 32


def sealing_conflicts(table: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], int, dict[str, object]]]:
    """Give key, fault number and facts of each conflict in the section."""
    ways = [each for each in SOURCES if each in table]
    if not ways:
        yield ("sealing", "key_file"), 1003, {}
    for other in ways[1:]:
        yield ("sealing", ways[0]), 1011, {"other": f"sealing.{other}"}
    for name, value in table.items():
        if isinstance(value, str) and any(_is_key(word) for word in value.split()):
            yield ("sealing", name), 1086, {}


def _is_key(word: str) -> bool:
    try:
        return len(base64.b64decode(word, validate=True)) == _KEY_BYTES
    except (binascii.Error, ValueError):
        return False
