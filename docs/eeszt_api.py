"""The page of EESZT_API, from the comments of its source and its list of errors."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_table import table

from runner.store.oracle.package import refusals
from runner.store.queries import read_blocks

SOURCE = Path(__file__).resolve().parent.parent / "sql" / "oracle" / "source"
PAGE = """\
# EESZT_API

The PL/SQL package that MedWorkS calls. Made from `sql/oracle/source/package.sql` by `docs/generate.py`;
[Call the EESZT from MedWorkS](../howto/call_from_medworks.md) shows how,
[Write items from triggers](../howto/write_from_triggers.md) what tables of the site's own do instead.

{about}

{subprograms}

## Errors

An error's text is a Hungarian sentence for the user, with the item's number or the user in brackets, never a patient's
data. `sqlerrm` begins with `ORA-` and the number.

{errors}

## What else is there

- `EESZT_CTX` is the application context that `bind` fills: `SYS_CONTEXT('EESZT_CTX', 'HIS_USER')` says who this
  session is bound to, also after his login has ended. Only EESZT_API can set it.
- `<table>_API` is a private package per outbox, to which EESZT_API hands each call; nobody else may execute it. Each of
  its statements on an outbox stands in `sql/oracle/queries.sql`, and what the daemon does too stands there once.
- No package has a state: each may be replaced while sessions use it, and none of them sees ORA-04068.
"""

_HEAD = re.compile(r"CREATE OR REPLACE PACKAGE EESZT_API AUTHID DEFINER AS\n(.*)\nEND EESZT_API;", re.DOTALL)
_SUBPROGRAM = re.compile(r"((?:  --[^\n]*\n)+)(  (?:FUNCTION|PROCEDURE) [^;]*;)")
_ERRORS = re.compile(r"^Errors: ([\d ]+)$", re.MULTILINE)
_PARAMETER = re.compile(r"^  (p_[a-z_]+(?:, p_[a-z_]+)*): (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Subprogram:
    """
    One subprogram of the package.

    Attributes:
        name: Without the package's.
        declared: Its declaration.
        says: What it does.
        parameters: What is to be said of single ones.
        errors: What it may raise.
    """

    name: str
    declared: str
    says: str
    parameters: tuple[tuple[str, str], ...]
    errors: tuple[int, ...]


def about() -> str:
    """Give what the package says of itself."""
    text = _spec()
    comment = text[: text.index("\n\n", text.index("--"))]
    return " ".join(re.sub(r"^  -- ?", "", comment, flags=re.MULTILINE).split())


def subprograms() -> Iterator[Subprogram]:
    """Give all of them, in the source's order."""
    text = _spec()
    for found in _SUBPROGRAM.finditer(text[text.index("\n\n", text.index("--")) :]):
        comment, declared = found[1], textwrap.dedent(found[2])
        lines = textwrap.dedent(re.sub(r"^  -- ?", "", comment, flags=re.MULTILINE))
        errors = _ERRORS.search(lines)
        says = _PARAMETER.sub("", _ERRORS.sub("", lines))
        yield Subprogram(
            re.split(r"[ (;]", declared)[1],
            declared,
            " ".join(says.split()),
            tuple(_PARAMETER.findall(lines)),
            tuple(int(number) for number in errors[1].split()) if errors else (),
        )


def eeszt_api() -> str:
    """Give the page."""
    rows = ((f"ORA-{each.number}", each.sentence_hu, each.meaning) for each in refusals(SOURCE))
    errors = table(("number", "what the user reads", "what it means"), rows)
    return PAGE.format(about=about(), subprograms="\n\n".join(map(_section, subprograms())), errors=errors)


def _section(each: Subprogram) -> str:
    parts = [f"## {each.name}", f"```sql\n{each.declared}\n```", each.says]
    if each.parameters:
        parts.append("\n".join(f"- `{name}`: {text}" for name, text in each.parameters))
    if each.errors:
        parts.append("Errors: " + ", ".join(f"ORA-{number}" for number in each.errors))
    return "\n\n".join(parts)


def _spec() -> str:
    found = _HEAD.search(read_blocks(SOURCE / "package.sql")["api_spec"])
    assert found is not None
    return found[1]
