"""
The PL/SQL packages as scripts: EESZT_API, which MedWorkS calls, and one private package for each outbox.

``sql/oracle/source/package.sql`` holds them, ``sql/oracle/queries.sql`` every statement by which they touch an outbox:
what the daemon and the packages both do stands there once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from runner.store.naming import ORACLE, OutboxTable, context_of, render, text_literal
from runner.store.queries import read_blocks

OWNER = "EESZT"
"""Owner that the shipped scripts are made for."""

_QUERY = re.compile(r"^( *)(.*)\[query ([a-z_]+)\]", re.MULTILINE)
_PART = re.compile(r"\[block ([a-z_]+)\]")
_EACH = re.compile(r"^ *\[each outbox\]\n(.*?)^ *\[end each\]\n", re.MULTILINE | re.DOTALL)
_OVER = re.compile(r"^ *\[over\]\n(.*?)^ *\[end over\]\n", re.MULTILINE | re.DOTALL)
_ERROR = re.compile(r"\[error (\d+)\]")
_BIND = re.compile(r"(?<![\w:]):([a-z_]+)")
_REFUSAL = re.compile(r"^(\d{5}) \| (.+?) \| (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Refusal:
    """
    What EESZT_API refuses.

    Attributes:
        number: Without ``ORA-``.
        sentence_hu: What the caller's user reads.
        meaning: What it says to who wrote the call.
    """

    number: int
    sentence_hu: str
    meaning: str


def refusals(folder: Path) -> list[Refusal]:
    """Give everything that EESZT_API refuses, from ``sql/oracle/source``."""
    block = read_blocks(folder / "package.sql")["errors"]
    return [Refusal(int(number), text, meaning) for number, text, meaning in _REFUSAL.findall(block)]


def package(folder: Path, outboxes: Mapping[str, OutboxTable], owner: str = OWNER) -> str:
    """
    Give the packages of a site as SQL*Plus reads them: all specifications before the bodies, which call each other.

    Args:
        folder: ``sql/oracle``.
        outboxes: Lane → its table; what belongs to no lane goes to the last one.
        owner: Of the schema.
    """
    blocks = read_blocks(folder / "source" / "package.sql")
    made = _Maker(read_blocks(folder / "queries.sql"), refusals(folder / "source"), outboxes, owner)
    specifications = [made.of(blocks["lane_spec"], lane) for lane in outboxes]
    bodies = [made.of(blocks["lane_body"], lane) for lane in outboxes]
    parts = [*specifications, made.of(blocks["api_spec"]), *bodies, made.of(blocks["api_body"])]
    return "\n\n".join(parts)


def context(folder: Path, owner: str) -> str:
    """Give the application context that EESZT_API alone can set, from ``sql/oracle/source``."""
    return without_head(read_blocks(folder / "package.sql")["context"]).replace("[context]", context_of(owner))


class _Maker:
    """Blocks made into PL/SQL of one site."""

    def __init__(
        self,
        queries: Mapping[str, str],
        refused: Sequence[Refusal],
        outboxes: Mapping[str, OutboxTable],
        owner: str,
    ) -> None:
        self._context = context_of(owner)
        self._queries = queries
        self._sentences = {each.number: each.sentence_hu for each in refused}
        self._outboxes = outboxes

    def of(self, block: str, lane: str = "") -> str:
        """Render a block, for one outbox where it is one's."""
        text = _QUERY.sub(lambda found: found[1] + found[2] + self._query(found[3], len(found[1])), without_head(block))
        is_over = bool(lane) and self._outboxes[lane].over is not None
        text = _OVER.sub(lambda found: found[1] if is_over else "", text)
        text = _EACH.sub(lambda found: "".join(self._names(found[1], each) for each in self._outboxes), text)
        text = _ERROR.sub(lambda found: text_literal(self._sentences[int(found[1])]), text)
        lanes = [text_literal(each) for each in self._outboxes]
        text = text.replace("[lanes]", ", ".join(lanes)).replace("[last_lane]", lanes[-1])
        return self._names(text, lane)

    def _query(self, name: str, indent: int) -> str:
        whole = _PART.sub(lambda found: without_head(self._queries[found[1]]), without_head(self._queries[name]))
        lines = _BIND.sub(r"p_\1", whole).splitlines()
        return "\n".join([lines[0], *(" " * indent + line for line in lines[1:])])

    def _names(self, text: str, lane: str) -> str:
        return render(text.replace("[context]", self._context), lane, self._outboxes, ORACLE)


def without_head(block: str) -> str:
    """Give a block without the sentences that explain it to who reads the source."""
    lines = block.splitlines()
    first = next(number for number, line in enumerate(lines) if not line.startswith("--"))
    return "\n".join(lines[first:])
