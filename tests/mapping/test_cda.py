"""Rendered CDA documents against HL7's own normative schema, where it is at hand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lxml import etree

from runner.mapping import Mappings
from tests.mapping.site import MESSAGE_ID, ROOT, an_item

HL7 = "urn:hl7-org:v3"
SCHEMA = ROOT.parent / "shared" / "hl7-cda" / "schema" / "normative" / "infrastructure" / "cda" / "CDA.xsd"

needs_schema = pytest.mark.skipif(not SCHEMA.is_file(), reason=f"HL7's normative schema is not at {SCHEMA}")

ROW: dict[str, Any] = {
    "DOKUMENTUM_ID": 8001,
    "AZONOSITO_TIPUS": None,
    "TAJ": "032154784",
    "AZONOSITO": None,
    "NEV": "Háry János",
    "SZUL_DATUM": "1941-11-05",
    "NEM": "F",
    "OTH_KOD": "013579101",
    "MUNKAHELY_NEV": "Belgyógyászat",
    "SZERZO_NEV": "Dr. Kovács Anna",
    "PECSETSZAM": "12345",
    "FAJTA": "ZAROJELENTES",
    "NAPLOSORSZAM": "2026/1",
    "KESZULT": "2026-01-15T10:00:00.250Z",
    "SZAKASZOK": json.dumps([{"CIM": "Kórlefolyás", "SZOVEG": "Láz <38 & köhögés.\nGyógyult."}] * 3),
    "MEDIA_TIPUS": None,
    "TARTALOM": None,
    "LENYOMAT": None,
    "EREDETI": "SIM000000000041/2",
}
LEAST = {"NEM": None, "MUNKAHELY_NEV": None, "PECSETSZAM": None}
ABROAD = {"AZONOSITO_TIPUS": "UTLEVEL", "AZONOSITO": "AB1234567", "TAJ": None}


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(SCHEMA)))


def cda(shipped: Mappings, document_type: str, **row: Any) -> etree._Element:
    kind = shipped.types[document_type]
    body = kind.prepare({**ROW, **row}, an_item(document_type, lane="background"), MESSAGE_ID).body
    [document] = etree.fromstring(body).iter(f"{{{HL7}}}ClinicalDocument")
    return document


def kinds() -> list[str]:
    contract = ROOT / "mappings" / "contract" / "reference-1" / "ehr.xsd"
    return [str(each) for each in etree.parse(str(contract)).xpath("//*[@name='Fajta']//@value")]  # type: ignore[union-attr]


@needs_schema
@pytest.mark.parametrize("document_type", ["ehr_feltoltes", "ehr_uj_valtozat"])
def test_every_kind_of_document_is_a_valid_cda(shipped: Mappings, schema: etree.XMLSchema, document_type: str) -> None:
    for kind in kinds():
        for row in ({}, LEAST, ABROAD):
            document = etree.fromstring(etree.tostring(cda(shipped, document_type, FAJTA=kind, **row)))
            assert schema.validate(document), (kind, row, schema.error_log)


@needs_schema
@pytest.mark.parametrize("name", ["labworks_lelet", "medbakter_lelet"])
def test_findings_of_the_modules_are_valid_cdas(schema: etree.XMLSchema, name: str) -> None:
    for message in sorted((ROOT / "mappings" / name / "expected").glob("*.xml")):
        for document in etree.parse(str(message)).iter(f"{{{HL7}}}ClinicalDocument"):
            assert schema.validate(etree.fromstring(etree.tostring(document))), (message.name, schema.error_log)


@needs_schema
def test_a_document_without_an_author_would_not_be_valid(shipped: Mappings, schema: etree.XMLSchema) -> None:
    document = cda(shipped, "ehr_feltoltes")
    author = document.find(f"{{{HL7}}}author")
    assert author is not None
    document.remove(author)
    assert not schema.validate(etree.fromstring(etree.tostring(document)))


def test_each_kind_of_annex_4_has_its_title(shipped: Mappings) -> None:
    titles = {kind: cda(shipped, "ehr_feltoltes", FAJTA=kind).findtext(f"{{{HL7}}}title") for kind in kinds()}
    assert len(set(titles.values())) == len(kinds()) == 11
    assert titles["ZAROJELENTES"] == "Zárójelentés"


def test_a_new_version_names_the_document_that_it_replaces(shipped: Mappings) -> None:
    replaced = cda(shipped, "ehr_uj_valtozat").find(f"{{{HL7}}}relatedDocument/{{{HL7}}}parentDocument/{{{HL7}}}id")
    assert replaced is not None
    assert replaced.get("extension") == "SIM000000000041"
    assert cda(shipped, "ehr_feltoltes").find(f"{{{HL7}}}relatedDocument") is None
