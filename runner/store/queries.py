"""SQL in named blocks: a line ``-- name --``, one sentence, then the statements."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_NAME = re.compile(r"^-- ([a-z_]+) --$", re.MULTILINE)


def read_blocks(file: Path) -> dict[str, str]:
    """Give name → text of every block; what stands before the first one is for readers."""
    parts = _NAME.split(file.read_text(encoding="utf-8"))
    return {name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}
