"""The Oracle schema as scripts, rendered for a site's outboxes, users and tablespaces."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from runner.domain.outbox import TRANSITIONS
from runner.store.naming import ORACLE, OutboxTable, Overlay, context_of, folded, quoted, render, text_literal
from runner.store.oracle.package import OWNER, context, package
from runner.store.oracle.script import Script
from runner.store.queries import read_blocks

RUNTIME, HIS = "EESZT_RUNTIME", "MEDWORKS"
"""Users beside the owner that the shipped scripts are made for."""
GRANTS = "110_grants.sql"

_PLACE = re.compile(r" ?\[in_(data|index|lob)\]")
_USER = re.compile(r"\[(owner|runtime|his)\]")
_STATEMENT = re.compile(r"[^;]*;\s*")
_TRIGGERS = ("state_trigger", "insert_trigger")
_OWN_TABLE = ("outbox_table", "outbox_key", "outbox_constraints", "outbox_indexes", "outbox_comments")
_HIS_TABLE = ("overlay_key", "outbox_constraints", "outbox_indexes")
_WRITTEN_BY_HIS = frozenset(
    {"document_type", "source_key", "order_key", "priority", "recorded_by", "workplace", "recorded_at", "payload"}
    | {"replaces", "first_recorded_at"}
)
"""Logical columns that an outbox over a table of the HIS may find there; all others are added to it."""


@dataclass(frozen=True, slots=True)
class Site:
    """
    What a site calls what the scripts speak of.

    Attributes:
        outboxes: Lane → its table.
        tablespaces: ``data``, ``index``, ``lob`` → tablespace; what is not named goes to the owner's own.
        owner: Whose schema everything is in.
        runtime: The daemon's user.
        his: The HIS's user or role.
    """

    outboxes: Mapping[str, OutboxTable]
    tablespaces: Mapping[str, str] = field(default_factory=dict)
    owner: str = OWNER
    runtime: str = RUNTIME
    his: str = HIS

    def __post_init__(self) -> None:
        """Refuse what is no name, before anything is made with it."""
        for name in (self.owner, self.runtime, self.his, *self.tablespaces.values()):
            quoted(name, "db ddl")


def scripts(folder: Path, site: Site) -> list[Script]:
    """
    Give all scripts in the order in which they run.

    Args:
        folder: ``sql/oracle/source``.
        site: Whose names.

    Raises:
        StoreError: A name is none.
    """
    made = Maker(site)
    return [*_that_hold_data(folder, site, made), *_that_replace(folder, site, made)]


def _that_hold_data(folder: Path, site: Site, made: Maker) -> list[Script]:
    tables, outbox = read_blocks(folder / "tables.sql"), read_blocks(folder / "outbox.sql")
    bodies = {
        ("010_script_table.sql", "which scripts have run."): made.of("", tables["script_table"]),
        ("020_sequences.sql", "numbers of items, sessions and rows."): made.of("", tables["sequences"]),
        ("030_tables.sql", "what is kept beside the outboxes."): made.of("", tables["tables"]),
    }
    for lane in site.outboxes:
        bodies[f"040_outbox_{lane}.sql", f"the outbox {lane}."] = made.outbox(lane, outbox)
    return [Script(name, says, once=True, body=body) for (name, says), body in bodies.items()]


def _that_replace(folder: Path, site: Site, made: Maker) -> list[Script]:
    triggers, views = read_blocks(folder / "triggers.sql"), read_blocks(folder / "views.sql")
    parts = {
        "item_view_parts": made.union(views["item_view_part"]),
        "work_view_parts": made.union(views["work_view_part"]),
    }
    all_views = [made.of("", views[name], parts) for name in ("item_view", "work_view", "views")]
    locks = [made.of("", triggers[name]) for name in ("locks", "local_time")]
    on_rows = [made.of(lane, triggers[name]) for lane in site.outboxes for name in _TRIGGERS]
    all_triggers = [*on_rows, made.of("", triggers["session_triggers"])]
    of_triggers = "what the database itself does at an insert, an update, a delete."
    of_context = "who a session is bound to; the owner needs CREATE ANY CONTEXT."
    of_package = "what MedWorkS calls; the owner needs EXECUTE ON SYS.DBMS_CRYPTO."
    bodies = {
        ("050_states.sql", "which state may follow which."): _states(),
        ("060_views.sql", "what MedWorkS and an operator read."): _together(all_views),
        ("070_locks.sql", "locks of an insert, and local times."): _together(locks),
        ("080_triggers.sql", of_triggers): _together(all_triggers),
        ("090_context.sql", of_context): context(folder, site.owner),
        ("100_package.sql", of_package): package(folder.parent, site.outboxes, site.owner),
        (GRANTS, "who may do what."): made.grants(read_blocks(folder / "grants.sql")),
    }
    return [Script(name, says, once=False, body=body) for (name, says), body in bodies.items()]


def schema_version(all_scripts: Sequence[Script]) -> str:
    """
    Give what a database must have been made from to be complete: SHA-256 (hex) over all scripts but the grants.

    Whoever reads it need not know what the HIS's user is called.
    """
    counted = [f"{each.name} {each.sha256}" for each in all_scripts if each.name != GRANTS]
    return hashlib.sha256("\n".join(counted).encode()).hexdigest()


class Maker:
    """Blocks made into SQL of one site."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def of(self, lane: str, block: str, parts: Mapping[str, str] | None = None) -> str:
        """Render a block."""
        own = {"read_his": self._read_his(lane) if lane else "", **(parts or {})}
        block = _without_head(block)
        for name, text in own.items():
            block = block.replace(f"[{name}]\n" if not text else f"[{name}]", text)
        block = _PLACE.sub(lambda match: self._place(match[1]), block)
        block = _USER.sub(lambda match: folded(getattr(self._site, match[1]), match[1]), block)
        block = block.replace("[context]", context_of(self._site.owner))
        return render(block, lane, self._site.outboxes, ORACLE)

    def union(self, block: str) -> str:
        """Render a block for every outbox, as one query."""
        return "\nUNION ALL\n".join(self.of(lane, block) for lane in self._site.outboxes)

    def outbox(self, lane: str, blocks: Mapping[str, str]) -> str:
        """Give everything that an outbox needs, its table included where that is not the HIS's."""
        table = self._site.outboxes[lane]
        columns = _without_head(blocks["outbox_columns"]).splitlines()
        if table.over is None:
            parts = {"columns": ",\n".join(f"  {column}" for column in columns)}
            return _together([self.of(lane, blocks[name], parts) for name in _OWN_TABLE])
        there = {f"[{name}]" for name in _WRITTEN_BY_HIS if not _is_ours(table, name)}
        added = [
            self.of(lane, f"ALTER TABLE [outbox] ADD ({column});")
            for column in columns
            if column.split()[0] not in there
        ]
        return _together(["\n".join(added), *(self.of(lane, blocks[name]) for name in _HIS_TABLE)])

    def grants(self, blocks: Mapping[str, str]) -> str:
        """Give the rights of daemon and HIS, on every outbox what its kind allows."""
        parts = [self.of("", blocks["on_tables"])]
        for lane, table in self._site.outboxes.items():
            parts.append(self.of(lane, blocks["on_outbox"]))
            if table.over is None:
                parts.append(self.of(lane, blocks["on_own_outbox"]))
            if table.over is None and not table.is_bound:
                parts.append(self.of(lane, blocks["his_insert"]))
        return self._without_own("\n\n".join([*parts, self.of("", blocks["on_views"])]))

    def _without_own(self, text: str) -> str:
        """Grants but those to the owner: it has every right, and ORA-01749 refuses them."""
        owner = folded(self._site.owner, "owner")
        kept = "".join(each for each in _STATEMENT.findall(text) if not each.rstrip().endswith(f" TO {owner};"))
        remark = f"-- Nothing is granted to {owner}: it owns everything."
        return text if kept == text else f"{remark}\n\n{kept.strip()}".strip()

    def _place(self, what: str) -> str:
        tablespace = self._site.tablespaces.get(what)
        return f" TABLESPACE {folded(tablespace, 'tablespace')}" if tablespace else ""

    def _read_his(self, lane: str) -> str:
        table = self._site.outboxes[lane]
        return "" if table.over is None else _read_his(table.over, f"outbox {lane}")


def _read_his(over: Overlay, where: str) -> str:
    """What the insert reads of the record's own columns; local times become instants."""
    lines = ["  -- The record's own columns. A time that does not exist, or is twice, ends its row."]
    key = " || '|' || ".join(f"TO_CHAR(:NEW.{folded(column, where)})" for column in over.key)
    lines.append(f"  :NEW.[source_key] := SUBSTR({key}, 1, 200);")
    if over.document_type is not None:
        lines.append(f"  :NEW.[document_type] := {text_literal(over.document_type)};")
    for logical, column in over.local_time.items():
        read = f":NEW.{folded(column, where)}"
        lines += [
            f"  :NEW.[{logical}] := EESZT_UTC(CAST({read} AS TIMESTAMP), {text_literal(over.time_zone)});",
            f"  IF {read} IS NOT NULL AND :NEW.[{logical}] IS NULL THEN",
            "    :NEW.[status_text] := '{DOUBTFUL_LOCAL_TIME}';",
            "  END IF;",
        ]
    return "\n".join(lines)


def _speaks_of(comment: str) -> str:
    """Which column a comment is on; empty where it is on none."""
    found = re.match(r"COMMENT ON COLUMN \[outbox\]\.(\[\w+\])", comment)
    return found[1] if found else ""


def _is_ours(table: OutboxTable, logical: str) -> bool:
    """Whether a column that the HIS might have is added by us: it has one of our names."""
    return table.columns.get(logical, logical).upper().startswith("EESZT_")


def _together(parts: Sequence[str]) -> str:
    return "\n\n".join(parts)


def _without_head(block: str) -> str:
    """A block without the sentences that explain it to who reads the source."""
    lines = block.splitlines()
    first = next(number for number, line in enumerate(lines) if not line.startswith("--"))
    return "\n".join(lines[first:])


def _states() -> str:
    pairs = [(before.value, after.value) for before, others in TRANSITIONS.items() for after in sorted(others)]
    rows = [
        f"INSERT INTO EESZT_TRANSITION (from_state, to_state)\nVALUES ({text_literal(before)}, {text_literal(after)});"
        for before, after in pairs
    ]
    return "\n".join(["DELETE FROM EESZT_TRANSITION;", *rows])
