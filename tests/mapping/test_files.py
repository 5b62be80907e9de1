"""Files in messages: carried beside them, never stored with them, and sent again from their record alone."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from typing import Any

import pytest

from runner.domain import long_texts
from runner.errors import MappingError
from runner.mapping import DocumentType, Mappings
from tests.mapping.site import MESSAGE_ID, Site, an_item
from tests.mapping.test_cda import ROW

CONTENT = bytes(range(256)) * 400
FILE = {"SZAKASZOK": None, "MEDIA_TIPUS": "application/pdf"}


def row(content: bytes) -> dict[str, Any]:
    return {**ROW, **FILE, "TARTALOM": content, "LENYOMAT": hashlib.sha256(content).hexdigest()}


@pytest.fixture
def kind(shipped: Mappings) -> DocumentType:
    return shipped.types["ehr_feltoltes"]


def test_a_file_stands_beside_its_message_and_is_put_in_on_the_wire(kind: DocumentType) -> None:
    made = kind.prepare(row(CONTENT), an_item("ehr_feltoltes", lane="background"), MESSAGE_ID)
    assert len(made.body) < 5_000
    assert base64.b64encode(CONTENT) in b"".join(long_texts.pieces(made.body))
    assert hashlib.sha256(CONTENT).hexdigest().encode() in made.body
    assert base64.b64encode(CONTENT)[:80].decode() not in made.document_json


def test_what_is_sent_again_has_the_record_s_file_unless_that_is_another(kind: DocumentType) -> None:
    item = an_item("ehr_feltoltes", lane="background")
    made = kind.prepare(row(CONTENT), item, MESSAGE_ID)
    again = kind.again(bytes(made.body), row(CONTENT), item)
    assert again is not None
    assert long_texts.sha256(again) == long_texts.sha256(made.body)
    assert kind.again(bytes(made.body), row(CONTENT + b"!"), item) is None
    assert kind.again(bytes(made.body), row(b"small"), item) is None
    assert kind.again(bytes(made.body), ROW, item) is None


def test_a_file_that_is_kept_is_stored_whole(site: Site) -> None:
    site.edit("mappings/ehr_feltoltes/mapping.yaml", "type: base64, keep: false", "type: base64")
    item = an_item("ehr_feltoltes", lane="background")
    made = site.load().types["ehr_feltoltes"].prepare(row(CONTENT), item, MESSAGE_ID)
    assert made.document["adat"] == base64.b64encode(CONTENT).decode()


@pytest.mark.parametrize("written", ["{{ doc.adat|lower }}", "{{ doc.adat[:8] }}", "AAAA"])
def test_a_template_that_writes_a_part_of_a_file_is_told(site: Site, written: str) -> None:
    site.edit("templates/_ehr.xml.j2", "{{ doc.adat }}", written)
    with pytest.raises(MappingError, match=r"RNR-2170 .*the file of TARTALOM does not stand in the message as a whole"):
        site.load().types["ehr_feltoltes"].prepare(
            row(CONTENT), replace(an_item("ehr_feltoltes"), lane="background"), MESSAGE_ID
        )
