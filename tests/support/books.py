"""The three books: outbox, the simulator's register, MedWorkS's own table; and what may never differ in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

WRITES = {"erecept_feliras", "ekat_esemeny"}


def differences(
    items: Sequence[Mapping[str, Any]],
    identifiers: Mapping[int, str],
    messages: Mapping[int, str],
    register: Sequence[Mapping[str, Any]],
    bar_codes: Mapping[str, str | None],
    asked: Collection[int] | None = None,
) -> list[str]:
    """
    Compare the books at rest; one sentence for each thing that may not be.

    Args:
        items: Rows of EESZT_V_STATUS.
        identifiers: Item → what the EESZT called its document.
        messages: Item → message identifier, where bytes may have left.
        register: The simulator's documents.
        bar_codes: ``source_key`` of a prescription → the bar code in MedWorkS's own table.
        asked: Items whose withdrawal their recorders asked for; None: nobody kept a list.
    """
    wrong = []
    copies = Counter(str(entry["own_reference"]) for entry in register)
    documents = {str(entry["own_reference"]): entry for entry in register}
    known = set(messages.values())
    shown: Counter[str] = Counter()
    wrong += [
        f"the EESZT has a document that no item knows of: {reference}"
        for reference in documents
        if reference not in known
    ]
    for item in items:
        if item["document_type"] not in WRITES:
            continue
        name = f"item {item['item_id']} ({item['document_type']}, {item['state']}/{item['ward_answer']})"
        document = documents.get(messages.get(item["item_id"], ""))
        valid = document is not None and document["state"] != "VISSZAVONT"
        if copies[messages.get(item["item_id"], "")] > 1:
            wrong.append(f"{name}: the EESZT has it {copies[messages[item['item_id']]]} times")
        if item["state"] == "ACCEPTED" and document is None:
            wrong.append(f"{name}: accepted, and the EESZT does not have it")
        if item["state"] == "ACCEPTED" and document is not None and identifiers.get(item["item_id"]) != document["id"]:
            wrong.append(f"{name}: has {identifiers.get(item['item_id'])}, the EESZT has {document['id']}")
        if item["state"] != "ACCEPTED" and valid:
            wrong.append(f"{name}: the EESZT has it and the item does not say so")
        if item["ward_answer"] == "PAPER" and valid:
            wrong.append(f"{name}: valid on paper and electronically")
        if item["ward_answer"] == "WAIT":
            wrong.append(f"{name}: the ward was never told")
        if item["ward_answer"] == "PAPER" and item["eeszt_id"]:
            wrong.append(f"{name}: an identifier is shown beside paper")
        code = bar_codes.get(str(item["source_key"]))
        if item["ward_answer"] == "PRINT" and document is not None and valid and code != document["id"]:
            wrong.append(f"{name}: MedWorkS's own table has bar code {code}")
        wrong += [f"{name}: {what}" for what in _of_withdrawals(item, identifiers, code, asked, valid=valid)]
        if item["ward_answer"] == "PRINT" and valid:
            shown[str(item["source_key"])] += 1
    wrong += [f"record {key} has {count} valid documents" for key, count in shown.items() if count > 1]
    owners = {value: number for number, value in identifiers.items()}
    still = {item["item_id"] for item in items if item["ward_answer"] == "PRINT"}
    wrong += [
        f"record {key}: MedWorkS's own table has bar code {code} of what nobody may print"
        for key, code in bar_codes.items()
        if code and owners.get(code) not in still and not _failed(items, owners.get(code))
    ]
    return wrong


def _of_withdrawals(
    item: Mapping[str, Any],
    identifiers: Mapping[int, str],
    code: str | None,
    asked: Collection[int] | None,
    *,
    valid: bool,
) -> Iterator[str]:
    if code and code == identifiers.get(item["item_id"]):
        if item["compensation"] == "DONE":
            yield "MedWorkS's own table shows a bar code of what is withdrawn"
        if item["ward_answer"] == "PAPER":
            yield "MedWorkS's own table shows a bar code beside paper"
    if asked is not None and item["item_id"] in asked and valid:
        yield "its withdrawal was asked for, and it is still valid"
    if (
        asked is not None
        and item["item_id"] not in asked
        and item["ward_answer"] in {"PRINT", "WITHDRAWN"}
        and not valid
    ):
        yield "withdrawn, and nobody asked for it"


def _failed(items: Sequence[Mapping[str, Any]], number: int | None) -> bool:
    """Whether it could not be withdrawn, so that it still stands."""
    return any(item["item_id"] == number and item["compensation"] == "FAILED" for item in items)
