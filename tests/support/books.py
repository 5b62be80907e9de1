"""The three books: outbox, the simulator's register, MedWorkS's own table; and what may never differ in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

WRITES = {"erecept_feliras", "ekat_esemeny"}


def differences(
    items: Sequence[Mapping[str, Any]],
    identifiers: Mapping[int, str],
    messages: Mapping[int, str],
    register: Sequence[Mapping[str, Any]],
    bar_codes: Mapping[str, str | None],
) -> list[str]:
    """
    Compare the books at rest; one sentence for each thing that may not be.

    Args:
        items: Rows of EESZT_V_STATUS.
        identifiers: Item → what the EESZT called its document.
        messages: Item → message identifier, where bytes may have left.
        register: The simulator's documents.
        bar_codes: ``source_key`` of a prescription → the bar code in MedWorkS's own table.
    """
    wrong = []
    copies = Counter(str(entry["own_reference"]) for entry in register)
    documents = {str(entry["own_reference"]): entry for entry in register}
    known = set(messages.values())
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
        if item["compensation"] == "DONE" and code:
            wrong.append(f"{name}: MedWorkS's own table shows a bar code of what is withdrawn")
        if item["ward_answer"] == "PAPER" and code:
            wrong.append(f"{name}: MedWorkS's own table shows a bar code beside paper")
    return wrong
