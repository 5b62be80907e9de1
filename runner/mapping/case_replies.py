"""The replies that a mapping's tests speak of: files of bodies, fault details or whole envelopes, and three words."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from lxml import etree

from runner.mapping.pack import ContractPack, Operation
from runner.ports import Delivery, Reply

WORDS: Mapping[str, Reply] = {
    "lost": Reply(Delivery.LOST),
    "not_sent": Reply(Delivery.NOT_SENT),
    "not_verified": Reply(Delivery.LOST, bad_answer=True),
}
"""What a test may say instead of naming an answer's file."""


def reply_of(path: Path, operation: Operation, pack: ContractPack) -> Reply:
    """
    Make the verified reply that a file stands for.

    Raises:
        OSError: It cannot be read.
        XMLSyntaxError: It is no XML.
    """
    root = _unwrapped(etree.parse(str(path), etree.XMLParser(remove_blank_text=True)).getroot())
    code = _part(pack.fault.code, root, pack)
    if root.tag == operation.output_element or code is None:
        return Reply(Delivery.ANSWERED, body=etree.tostring(root))
    return Reply(
        Delivery.FAULT,
        fault_code=code,
        fault_field=_part(pack.fault.field, root, pack),
        fault_identifier=_part(pack.fault.identifier, root, pack),
    )


def _unwrapped(root: etree._Element) -> etree._Element:
    """Give what stands in an envelope's body; anything else as it is."""
    if etree.QName(root).localname != "Envelope":
        return root
    body = next((each for each in root if etree.QName(each).localname == "Body"), root)
    return deepcopy(body[0]) if len(body) else root


def _part(path: str | None, root: etree._Element, pack: ContractPack) -> str | None:
    found: Any = root.xpath(path, namespaces=dict(pack.prefixes)) if path else []
    return (found[0].text or None) if found else None
