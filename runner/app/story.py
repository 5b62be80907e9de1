"""Everything that the database knows of one item, with its source and without patients' data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from runner.domain.facts import Kind
from runner.domain.formats import may_be_named
from runner.domain.outcome import Ending, Reason
from runner.domain.wording import line_of, statement

if TYPE_CHECKING:
    from runner.ports import Desk

_QUERIES = {
    "item": "SELECT i.*, t.title, t.kind,"
    " (SELECT p.ward_answer FROM EESZT_V_ITEM p WHERE p.item_id = i.withdraws) AS original_ward"
    " FROM EESZT_V_LOCAL_ITEM i LEFT JOIN EESZT_DOCUMENT_TYPE t ON t.document_type = i.document_type"
    " WHERE i.item_id = :item",
    "decisions": "SELECT decision AS line, acting_user, ending, reason_code, rules, decided_at FROM EESZT_V_DECISION"
    " WHERE item_id = :item ORDER BY CASE WHEN ending = 'PERMITTED' THEN 1 ELSE 0 END, decided_at",
    "message": "SELECT message_id, digest, acting_user, mapping_version, stored_at, expires_at, document,"
    " CASE WHEN body IS NULL THEN 1 ELSE 0 END AS purged FROM EESZT_MESSAGE WHERE item_id = :item",
    "attempts": "SELECT ended_at, kind, ending, reason_code, took_ms, acting_user, verdict FROM EESZT_ATTEMPT"
    " WHERE item_id = :item AND kind <> 'DECIDE' ORDER BY attempt_id",
    "receipt": "SELECT name, value, is_second FROM EESZT_IDENTIFIER WHERE item_id = :item ORDER BY is_second, name",
    "result": "SELECT asker, kept_at, expires_at, result FROM EESZT_RESULT WHERE item_id = :item",
    "write_backs": "SELECT table_name, key_json, values_json, state, tries, error FROM EESZT_WRITE_BACK"
    " WHERE item_id = :item ORDER BY write_back_id",
    "withdrawals": "SELECT item_id, state, acting_user, status_text FROM EESZT_V_STATUS WHERE withdraws = :item",
}

OF_THE_HIS = ("document_type", "source_key", "order_key", "recorded_by", "workplace", "withdraw_asked_by")
"""Text columns of an outbox that MedWorkS writes as it likes."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}")


def story_of(desk: Desk, item: int) -> dict[str, Any] | None:
    """
    Give an item's story; None where there is no such item.

    Returns:
        ``item`` (its row), ``decisions`` (with source and statement), ``message`` (its fields masked), ``attempts``,
        ``receipt`` (hidden where the ward has paper), ``result`` (never what it says), ``write_backs`` (columns' names
        only), ``withdrawals``. Instants as stored, days and hours of ``item`` and ``decisions`` in Europe/Budapest.
    """
    parts: dict[str, list[dict[str, Any]]] = {
        name: [dict(row) for row in desk.rows(sql, item=item)] for name, sql in _QUERIES.items()
    }
    if not parts["item"]:
        return None
    row = legible(parts["item"][0])
    story: dict[str, Any] = {**parts, "item": row}
    story["decisions"] = [_explained(each, row["kind"]) for each in [*parts["decisions"], *_window_closed(row)]]
    story["message"] = _masked(parts["message"][0]) if parts["message"] else None
    if "PAPER" in {row["ward_answer"], row["original_ward"]}:
        story["receipt"] = [{**each, "value": "hidden: the ward has paper"} for each in parts["receipt"]]
    story["result"] = _counted(parts["result"][0]) if parts["result"] else None
    story["write_backs"] = [
        {
            **each,
            "key_json": sorted(json.loads(each["key_json"])),
            "values_json": sorted(json.loads(each["values_json"])),
        }
        for each in parts["write_backs"]
    ]
    return story


def legible(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give a row with its keys and names; of what looks like neither, only the form: the HIS may write anything."""
    named = {name: row[name] for name in OF_THE_HIS if isinstance(row.get(name), str)}
    return {**row, **{name: value if may_be_named(value) else mask(value) for name, value in named.items()}}


def _window_closed(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Line 1, which the database says by its own clock, wherever the item is then."""
    if row["reason_code"] == Reason.WINDOW_CLOSED and row["kind"] != Kind.AT_RECORDING:
        ended = {"ending": row["state"], "reason_code": row["reason_code"], "decided_at": row["state_at"]}
        yield {"line": "1", "acting_user": None, "rules": None, **ended}


def _explained(decision: Mapping[str, Any], kind: str | None) -> dict[str, Any]:
    """Give a stored decision with what its line says, where from, and which rules applied."""
    chose = decision["acting_user"] is not None
    known = Kind(kind) if kind is not None else None
    line = line_of(decision["line"], known, decision["ending"], decision["reason_code"], sent=chose)
    return {
        **decision,
        "ending": "MISSED" if decision["ending"] == Ending.TOO_LATE else decision["ending"],
        "statement": statement(line, known) if line is not None and known is not None else None,
        "source": line.source if line is not None else None,
        "open": line is not None and line.open_question,
        "rules": json.loads(decision["rules"] or "{}"),
    }


def _masked(message: Mapping[str, Any]) -> dict[str, Any]:
    document = {name: value for name, value in json.loads(message["document"] or "{}").items() if name != "_write_back"}
    fields = dict(_leaves(document, ""))
    return {name: value for name, value in message.items() if name != "document"} | {"fields": fields}


def _counted(result: Mapping[str, Any]) -> dict[str, Any]:
    """Give a query's result without what it says: how many entries its list has."""
    said = json.loads(result["result"])
    return {**result, "result": None, "entries": len(said) if isinstance(said, list) else 0}


def _leaves(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Give every field of a document by its path, and of its value the form alone."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _leaves(each, f"{path}.{name}" if path else str(name))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for number, each in enumerate(value, 1):
            yield from _leaves(each, f"{path}[{number}]")
    else:
        yield path, mask(value)


def mask(value: object) -> str:
    """Say of a value what form it has, and nothing of what it says."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "yes or no"
    text = str(value)
    if not isinstance(value, str):
        return f"number, {len(text)} characters"
    if _DAY.fullmatch(text):
        return "day"
    if _INSTANT.match(text):
        return "instant"
    if text.isdecimal():
        return f"{len(text)} digit{'s' if len(text) > 1 else ''}"
    return f"text, {len(text)} characters"
