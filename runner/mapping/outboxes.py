"""``outboxes.yaml``: the tables that MedWorkS writes to, and how each lane works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from runner.domain.rules import seconds
from runner.mapping.language import read_shaped
from runner.mapping.places import YamlFile
from runner.mapping.problems import Problems

COLUMNS = (
    *("item_id", "document_type", "source_key", "order_key", "priority", "recorded_by", "workplace", "recorded_at"),
    *("payload", "replaces", "first_recorded_at", "created_at", "send_by", "answer_by", "ward_answer", "depends_on"),
    *("needs", "recorder_proof", "login_at_recording", "state", "state_at", "next_at", "claim_owner", "claim_token"),
    *("rescue_count", "lease_until", "attempts", "probe_count", "sent_at", "withdraw_asked_at", "withdraws"),
    *(
        "withdraw_asked_by",
        "compensation",
        "mapping_version",
        "message_id",
        "acting_user",
        "reason_code",
        "status_text",
    ),
)
"""Logical columns of an outbox; a physical name is the same in capitals unless the file says otherwise."""


@dataclass(frozen=True, slots=True)
class OutboxConfig:
    """
    One outbox.

    Attributes:
        lane: Its name.
        table: Physical table.
        columns: Logical → physical name, all of ``COLUMNS``.
        recorder: What the row's word on who recorded it is worth: ``bound``, ``asserted``, ``trusted``.
        time_zone: Of local times in the HIS.
        key: Of a table that the HIS has, over which the outbox lies: columns of its own key. Empty: a table of its own.
        document_type: Of every row of such a table; None where a column says it.
        local_time: Logical name of a time → column of such a table that holds it in ``time_zone``.
        poll_s: Between two looks while there is work.
        idle_poll_s: Most between two looks while there is none.
        lease_s: How long a claim lasts.
        batch: Most items claimed at once.
        senders: Messages in flight at once.
    """

    lane: str
    table: str
    recorder: str
    columns: Mapping[str, str] = field(default_factory=lambda: {name: name.upper() for name in COLUMNS})
    time_zone: str = "Europe/Budapest"
    key: tuple[str, ...] = ()
    document_type: str | None = None
    local_time: Mapping[str, str] = field(default_factory=dict)
    poll_s: float = 0.2
    idle_poll_s: float = 1.0
    lease_s: float = 30.0
    batch: int = 20
    senders: int = 4


def read_outboxes(path: Path, problems: Problems) -> dict[str, OutboxConfig]:
    """Read what is readable of the outboxes, noting what is wrong."""
    file = read_shaped(path, "outboxes", problems)
    if file is None:
        return {}
    found: dict[str, OutboxConfig] = {}
    for lane, entry in file.data.get("outboxes", {}).items():
        for name in entry.get("columns", {}):
            if name not in COLUMNS:
                problems.add_unknown(file.at("outboxes", lane, "columns", name), "column", name, COLUMNS)
        zone = entry.get("time_zone", "Europe/Budapest")
        if not check_zone(zone, file.at("outboxes", lane, "time_zone"), problems):
            zone = "UTC"
        key = tuple(entry.get("key", ()))
        standard = OutboxConfig(lane, entry.get("table", ""), entry.get("recorder", ""))
        columns = {name: f"EESZT_{name.upper()}" for name in COLUMNS} if key else standard.columns
        found[lane] = OutboxConfig(
            lane=lane,
            table=standard.table,
            recorder=standard.recorder,
            columns={**columns, **entry.get("columns", {})},
            time_zone=zone,
            key=key,
            document_type=entry.get("document_type"),
            local_time=entry.get("local_time", {}),
            poll_s=seconds(entry["poll"]) if "poll" in entry else standard.poll_s,
            idle_poll_s=seconds(entry["idle_poll"]) if "idle_poll" in entry else standard.idle_poll_s,
            lease_s=seconds(entry["lease"]) if "lease" in entry else standard.lease_s,
            batch=int(entry.get("batch", standard.batch)),
            senders=int(entry.get("senders", standard.senders)),
        )
        _check_names(entry, found[lane], file, problems)
        for other in found.values():
            if other.lane != lane and other.table.upper() == found[lane].table.upper():
                what = f"the table {entry['table']!r}, which is {other.lane}'s,"
                problems.add(2014, file.at("outboxes", lane, "table"), what=what, instead="Give each its own table")
    return found


def is_ours(table: str) -> bool:
    """Whether a table's name is the runner's or the database's own, so that no mapping may write to it."""
    return table.upper().startswith(("EESZT_", "SQLITE_"))


def _check_names(entry: Mapping[str, Any], found: OutboxConfig, file: YamlFile, problems: Problems) -> None:
    """An outbox that lies over another table of ours, or under two names at one column, would overwrite what it is."""
    path = ("outboxes", found.lane)
    if is_ours(found.table) and not found.table.upper().startswith("EESZT_OUT_"):
        instead = "Name a table of its own; of ours only EESZT_OUT_… are outboxes"
        problems.add(2014, file.at(*path, "table"), what=f"the table {found.table!r}", instead=instead)
    for option in ("document_type", "local_time"):
        if option in entry and not found.key:
            instead = "Say by `key` which table of the HIS the outbox lies over, or leave it out"
            problems.add(2014, file.at(*path, option), what=f"{option} without key", instead=instead)
    if found.key and "payload" in entry.get("columns", {}):
        instead = (
            "The runner forgets payloads in time; read the record by the mapping's `source` and leave the name out"
        )
        problems.add(
            2014, file.at(*path, "columns", "payload"), what="a column of the HIS for payload", instead=instead
        )
    own = {name.upper() for name in (*found.key, *found.local_time.values())}
    for logical in entry.get("columns", {}):
        if found.columns[logical].upper() in own:
            what = f"the column {found.columns[logical]!r} for {logical}"
            instead = "It keeps what the HIS writes; what is made of it has a column of its own, leave the name out"
            problems.add(2014, file.at(*path, "columns", logical), what=what, instead=instead)
    seen: dict[str, str] = {}
    for logical, physical in found.columns.items():
        if physical.upper() in seen:
            named = logical if logical in entry.get("columns", {}) else seen[physical.upper()]
            what = f"the column {physical!r} for {seen[physical.upper()]} and {logical}"
            problems.add(2014, file.at(*path, "columns", named), what=what, instead="Give each a column of its own")
        seen.setdefault(physical.upper(), logical)


def check_zone(name: str, where: str, problems: Problems) -> bool:
    """Check that a time zone exists; whether it does."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        problems.add(2008, where, expected="a time zone such as Europe/Budapest", got=repr(name))
        return False
    return True
