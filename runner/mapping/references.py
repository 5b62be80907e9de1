"""What mappings say of each other: who withdraws whom, and who asks after whom with what."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from runner.mapping.mapping_file import ReadMapping
from runner.mapping.pack import ContractPack
from runner.mapping.problems import Problems

ASK = ("answer", "unknown", "ask")


def check_references(
    read: Mapping[str, ReadMapping], known: Collection[str], pack: ContractPack | None, problems: Problems
) -> None:
    """Check the document types that others name, as far as both are readable; ``known`` are all that have a folder."""
    for each in read.values():
        file, asked = each.file, _asked(each)
        for path, name in ((("withdrawn_by",), file.data.get("withdrawn_by")), (ASK, asked)):
            if name is not None and name not in known:
                problems.add_unknown(file.at(*path), "document type", name, known)
        if asked is not None and asked in read:
            _check_question(each, asked, read[asked], problems)
            if pack is not None:
                _note_incomplete(each, read[asked], pack, problems)


def _asked(each: ReadMapping) -> str | None:
    unknown = each.file.data.get("answer", {}).get("unknown")
    return unknown.get("ask") if isinstance(unknown, dict) else None


def _check_question(each: ReadMapping, name: str, asking: ReadMapping, problems: Problems) -> None:
    where, data = each.file.at(*ASK), asking.file.data
    answer = data.get("answer")
    is_query = answer is None or "each" in answer or answer.get("unknown") == "send_again"
    if not is_query:
        problems.add(2023, where, what=name, reason="it is no query", instead="Name a query")
    if data.get("source", "payload") != "payload":
        problems.add(2023, where, what=name, reason="it reads its own source", instead="Name one with source: payload")
    fields = answer.get("fields", {}) if answer else {}
    for place, part in each.ask.answer_names() if each.ask is not None and fields else ():
        if part not in fields and not asking.file.says("answer", "fields", part):
            problems.add_unknown(place, "field of the answer", part, fields)


def _note_incomplete(each: ReadMapping, asking: ReadMapping, pack: ContractPack, problems: Problems) -> None:
    """Say it where absence will not be believed: nobody has said that the query shows what this mapping sends."""
    operation, query = (one.file.data.get("send", {}).get("operation") for one in (each, asking))
    if {operation, query} <= pack.operations.keys() and operation not in pack.complete_queries.get(query, ()):
        problems.note(2080, each.file.at(*ASK), query=query, operation=operation)
