"""The Oracle schema as scripts: rendered for a site's outboxes, users and tablespaces, and cut into statements."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runner.domain.outbox import TRANSITIONS
from runner.store.naming import ORACLE, OutboxTable, folded, render, text_literal
from runner.store.oracle.package import context, package
from runner.store.queries import read_blocks

PLACES = ("data", "index", "lob")
"""What may have a tablespace of its own."""

_PLSQL = re.compile(r"\s*(DECLARE|BEGIN|CREATE OR REPLACE (PROCEDURE|FUNCTION|TRIGGER|PACKAGE))\b")
_PLACE = re.compile(r" ?\[in_(data|index|lob)\]")
_TRIGGERS = ("state_trigger", "insert_trigger")


@dataclass(frozen=True, slots=True)
class Site:
    """
    What a site calls what the scripts speak of.

    Attributes:
        outboxes: Lane → its table.
        tablespaces: ``data``, ``index``, ``lob`` → tablespace; what is not named goes to the owner's own.
    """

    outboxes: Mapping[str, OutboxTable]
    tablespaces: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Script:
    """
    One script of the schema.

    Attributes:
        name: Its file's name.
        says: What it does, one sentence.
        once: Whether it makes things that hold data, so that it is never run as another text; else it only replaces.
        body: Its statements as SQL*Plus reads them.
    """

    name: str
    says: str
    once: bool
    body: str

    @property
    def sha256(self) -> str:
        """What it is recorded by."""
        return hashlib.sha256(self.body.encode()).hexdigest()

    def statements(self) -> Iterator[str]:
        """Give its statements as a driver takes them."""
        return statements(self.body)


def statements(text: str) -> Iterator[str]:
    """Cut what SQL*Plus reads: PL/SQL ends at a line with a slash, SQL at a line that ends in a semicolon."""
    lines: list[str] = []
    for line in text.splitlines():
        if not lines and (not line.strip() or line.startswith("--")):
            continue
        is_plsql = bool(lines) and bool(_PLSQL.match(lines[0]))
        if line == "/":
            yield "\n".join(lines)
            lines = []
            continue
        lines.append(line)
        is_plsql = is_plsql or bool(_PLSQL.match(lines[0]))
        if not is_plsql and line.rstrip().endswith(";") and not line.lstrip().startswith("--"):
            yield "\n".join(lines).rstrip().removesuffix(";")
            lines = []


def scripts(folder: Path, site: Site) -> list[Script]:
    """
    Give all scripts in the order in which they run.

    Args:
        folder: ``sql/oracle/source``.
        site: Whose names.
    """
    tables, outbox = read_blocks(folder / "tables.sql"), read_blocks(folder / "outbox.sql")
    triggers, views = read_blocks(folder / "triggers.sql"), read_blocks(folder / "views.sql")
    made = _Maker(site)
    lanes = list(site.outboxes)
    parts = {
        "item_view_parts": made.union(views["item_view_part"]),
        "work_view_parts": made.union(views["work_view_part"]),
    }
    all_views = "\n\n".join(views[name] for name in ("item_view", "work_view", "views"))
    of_lanes = [made.of(lane, triggers[name]) for lane in lanes for name in _TRIGGERS]
    return [
        Script("010_script_table.sql", "What has run.", True, made.of("", tables["script_table"])),
        Script("020_sequences.sql", "Numbers.", True, made.of("", tables["sequences"])),
        Script("030_tables.sql", "What the runner keeps beside the outboxes.", True, made.of("", tables["tables"])),
        *(Script(f"040_outbox_{lane}.sql", f"The outbox {lane}.", True, made.outbox(lane, outbox)) for lane in lanes),
        Script("050_states.sql", "Which state may follow which.", False, _states()),
        Script("060_views.sql", "What is read.", False, made.of("", all_views, parts)),
        Script("070_locks.sql", "Locks of an insert.", False, made.of("", triggers["locks"])),
        Script(
            "080_triggers.sql",
            "What the database itself does.",
            False,
            "\n\n".join([*of_lanes, made.of("", triggers["session_triggers"])]),
        ),
        Script("090_context.sql", "Who a session is bound to.", False, context(folder)),
        Script("100_package.sql", "What MedWorkS calls.", False, package(folder.parent, site.outboxes)),
    ]


class _Maker:
    """Blocks made into SQL of one site."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def of(self, lane: str, block: str, parts: Mapping[str, str] | None = None) -> str:
        """Render a block."""
        for name, text in (parts or {}).items():
            block = block.replace(f"[{name}]", text)
        block = block.replace("[read_his]\n", "")
        block = _PLACE.sub(lambda match: self._place(match[1]), _without_head(block))
        return render(block, lane, self._site.outboxes, ORACLE)

    def union(self, block: str) -> str:
        """Render a block for every outbox, as one query."""
        return "\nUNION ALL\n".join(self.of(lane, block) for lane in self._site.outboxes)

    def outbox(self, lane: str, blocks: Mapping[str, str]) -> str:
        """Give the table of an outbox with everything on it."""
        columns = ",\n".join(f"  {line}" for line in _without_head(blocks["outbox_columns"]).splitlines())
        names = ("outbox_table", "outbox_key", "outbox_constraints", "outbox_indexes", "outbox_comments")
        return "\n\n".join(self.of(lane, blocks[name], {"columns": columns}) for name in names)

    def _place(self, what: str) -> str:
        tablespace = self._site.tablespaces.get(what)
        return f" TABLESPACE {folded(tablespace, 'tablespace')}" if tablespace else ""


def _without_head(block: str) -> str:
    """A block without the sentences that explain it to who reads the source."""
    lines = block.splitlines()
    first = next(number for number, line in enumerate(lines) if not line.startswith("--"))
    return "\n".join(lines[first:])


def _states() -> str:
    pairs = [(before.value, after.value) for before, others in TRANSITIONS.items() for after in sorted(others)]
    rows = [
        f"INSERT INTO EESZT_TRANSITION (from_state, to_state) VALUES ({text_literal(a)}, {text_literal(b)});"
        for a, b in pairs
    ]
    return "\n".join(["DELETE FROM EESZT_TRANSITION;", *rows])
