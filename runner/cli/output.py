"""What commands print: tables for people, JSON for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

DONE, FAILED, USAGE, PERSON = 0, 1, 2, 3


def add_json(command: argparse.ArgumentParser) -> None:
    """Give a listing its ``--json``."""
    command.add_argument("--json", action="store_true", help="print JSON instead of a table")


def listing(rows: Sequence[Mapping[str, object]], columns: Sequence[str], *, as_json: bool = False) -> str:
    """Rows as an aligned table of ``columns``, or all of them as JSON."""
    if as_json:
        return json.dumps([dict(row) for row in rows], ensure_ascii=False, indent=2, default=str)
    cells = [[_text(row.get(column)) for column in columns] for row in rows]
    widths = [max([len(column), *(len(line[n]) for line in cells)]) for n, column in enumerate(columns)]
    lines = [columns, ["-" * width for width in widths], *cells]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def plain(value: object) -> str:
    r"""Give a value for a terminal: whatever is not printable as ``\uXXXX``, so that no row can draw on the screen."""
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in str(value))


def _text(value: object) -> str:
    return "" if value is None else plain(value)
