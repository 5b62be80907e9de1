"""A document type that nobody has foreseen, with an operation that the contract did not have: files alone."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from runner.demo.people import KOVACS
from runner.domain.outcome import Ending
from runner.domain.policy import Kind
from runner.mapping.scaffold import new_mapping
from runner.ports import Delivery, Reply
from tests.faults.clinic import clinic
from tests.mapping.site import MESSAGE_ID, Site, an_item

EK = "urn:x-eeszt-runner:reference-contract:1:ekat"

XSD = """
  <xs:element name="LaborKeres"><xs:complexType><xs:sequence>
    <xs:element name="Paciens" type="kz:Paciens"/>
    <xs:element name="SajatAzonosito" type="kz:SajatAzonosito"/>
    <xs:element name="Lelet" maxOccurs="99"><xs:complexType><xs:sequence>
      <xs:element name="Kod" type="kz:Szoveg"/><xs:element name="Ertek" type="xs:decimal"/></xs:sequence>
    </xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="LaborValasz"><xs:complexType><xs:sequence>
    <xs:element name="Azonosito" type="kz:EesztAzonosito"/></xs:sequence></xs:complexType></xs:element>
</xs:schema>"""

MESSAGES = """
  <wsdl:message name="LaborKeres"><wsdl:part name="body" element="ek:LaborKeres"/></wsdl:message>
  <wsdl:message name="LaborValasz"><wsdl:part name="body" element="ek:LaborValasz"/></wsdl:message>
  <wsdl:portType name="Ekat">
    <wsdl:operation name="Labor">
      <wsdl:input message="ek:LaborKeres" wsam:Action="urn:labor"/><wsdl:output message="ek:LaborValasz"/>
    </wsdl:operation>"""

BINDING = """<soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="Labor">
      <soap:operation soapAction="urn:labor"/>
      <wsdl:input><soap:body use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output>
    </wsdl:operation>"""

MAPPING = """
document_type: labor_lelet
title: Laborlelet
lane: background
source: payload
rules: [jelentes.kuldo, esemeny.ideje, paciens.egyedi_azonosito]
document:
  paciens:
    taj: {from: beteg.taj, type: taj}
    nev: {from: beteg.nev}
    szuletett: {from: beteg.szuletett, type: date}
  leletek:
    each: row.leletek
    document:
      kod: {expr: element.kod|upper}
      ertek: {from: ertek, type: decimal}
send: {operation: ekat.Labor, template: labor_lelet.xml.j2}
answer:
  accepted: //ek:LaborValasz
  receipt: {eeszt_id: //ek:Azonosito}
  faults: {accepted_before: [MAR_RENDBEN], retry: [], needs_person: [], rejected: {ROSSZ_KOD: leletek.kod}}
  unknown:
    ask: ekat_bekuldes_lekerdezes
    row: {SAJAT_AZONOSITO: item.message_id, OTH_KOD: item.workplace}
    found: answer.sajat_azonosito == item.message_id
    receipt: {eeszt_id: answer.azonosito}
    settle: 30s
    give_up: 1h
write_back:
  - table: LAB_LELET
    key: {LELET_ID: row.lelet_id}
    set: {EESZT_AZONOSITO: receipt.eeszt_id, DARAB: row.leletek|length}
"""

TEMPLATE = """
{% import '_macros.xml.j2' as resz %}
<ek:LaborKeres>
  <ek:Paciens>{{ resz.paciens(doc.paciens) }}</ek:Paciens>
  <ek:SajatAzonosito>{{ item.message_id }}</ek:SajatAzonosito>
  {% for lelet in doc.leletek %}
  <ek:Lelet><ek:Kod>{{ lelet.kod }}</ek:Kod><ek:Ertek>{{ lelet.ertek }}</ek:Ertek></ek:Lelet>
  {% endfor %}
</ek:LaborKeres>
"""

TEST = """
row:
  lelet_id: 77
  beteg: {taj: "032154784", nev: Háry János, szuletett: "1941-11-05"}
  leletek: [{kod: hgb, ertek: "13.50"}]
cases:
  - name: a finding goes up exactly
    document: {leletek: [{kod: HGB, ertek: "13.50"}]}
    answer: answers/jo.xml
    then: {state: ACCEPTED, receipt: {eeszt_id: L1}, write_back: {EESZT_AZONOSITO: L1, DARAB: "1"}}
  - {name: no finding is no document, row: {leletek: []}, then: {state: INVALID, column: leletek}}
"""


PAYLOAD = {
    "lelet_id": 77,
    "beteg": {"taj": "032154784", "nev": "Háry János", "szuletett": "1941-11-05"},
    "leletek": [{"kod": "hgb", "ertek": 13.50}, {"kod": "crp", "ertek": 0.1}],
}


def extend(site: Site) -> None:
    """Give the copied contract a new operation, and write a document type for it."""
    pack = "mappings/contract/reference-1"
    site.edit(f"{pack}/ekat.xsd", "\n</xs:schema>", XSD)
    site.edit(f"{pack}/ekat.wsdl", '\n  <wsdl:portType name="Ekat">', MESSAGES)
    binding = '<soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>'
    site.edit(f"{pack}/ekat.wsdl", binding, BINDING)
    folder = site.folder / "mappings" / "labor_lelet"
    (folder / "answers").mkdir(parents=True)
    (folder / "mapping.yaml").write_text(MAPPING, "utf-8")
    (folder / "mapping_test.yaml").write_text(TEST, "utf-8")
    answer = f'<ek:LaborValasz xmlns:ek="{EK}"><ek:Azonosito>L1</ek:Azonosito></ek:LaborValasz>'
    (folder / "answers" / "jo.xml").write_text(answer, "utf-8")
    (site.folder / "templates" / "labor_lelet.xml.j2").write_text(TEMPLATE, "utf-8")


def test_a_fifth_document_type_works_from_files_alone(site: Site) -> None:
    extend(site)
    assert [str(problem) for problem in site.lint()] == []
    assert [problem for result in site.cases("labor_lelet") for problem in result.problems] == []
    kind = site.load().types["labor_lelet"]
    assert kind.kind is Kind.REPORT
    assert kind.operation.action == "urn:labor"
    item = an_item("labor_lelet", lane="background", payload=json.dumps(PAYLOAD))
    prepared = kind.prepare(kind.row_of(item), item, MESSAGE_ID)
    body = etree.fromstring(prepared.body)
    assert [each.text for each in body.iter(f"{{{EK}}}Ertek")] == ["13.5", "0.1"]
    assert [each.text for each in body.iter(f"{{{EK}}}Kod")] == ["HGB", "CRP"]
    refused = kind.outcome(Reply(Delivery.FAULT, fault_code="ROSSZ_KOD"), prepared.document, item)
    assert refused.ending is Ending.REJECTED
    assert "kod" in str(refused.status_text)


SHORT = [('settle = "3s"', 'settle = "1s"'), ('give_up = "60s"', 'give_up = "12s"')]
"""The message has expired, and the query was asked twice since, before anybody gives up."""


def own_files(folder: Path, *, is_listed: bool) -> None:
    """The shipped files with the new document type, which the pack says the query shows, or says nothing of."""
    site = Site.copy_to(folder)
    extend(site)
    pack = "mappings/contract/reference-1/pack.yaml"
    site.edit(pack, "timestamp_life: 60s", "timestamp_life: 6s")
    if is_listed:
        site.edit(pack, "[ekat.Esemeny, ", "[ekat.Labor, ekat.Esemeny, ")


def send_with_a_lost_answer(folder: Path, *, is_listed: bool) -> tuple[dict[str, Any], list[dict[str, Any]], list[Any]]:
    """How the item ended, what the EESZT has of it, and the row that it is copied back to."""
    files = partial(own_files, is_listed=is_listed)
    with clinic(folder / "site", files=files, own_contract=True, changes=SHORT, people=(KOVACS,)) as place:
        place.sql("CREATE TABLE LAB_LELET (LELET_ID INTEGER PRIMARY KEY, EESZT_AZONOSITO TEXT, DARAB INTEGER)")
        place.sql("INSERT INTO LAB_LELET (LELET_ID) VALUES (77)")
        place.simulator.fault("cut_after_accept", operation="Labor", times=1)
        item = place.insert("labor_lelet", payload=json.dumps(PAYLOAD), source_key="77")
        (row,) = place.rest(item, timeout_s=60)
        if is_listed:
            copied = "SELECT 1 FROM LAB_LELET WHERE EESZT_AZONOSITO IS NOT NULL"
            place.until("the copy", lambda: bool(place.sql(copied)))
        documents = [each for each in place.simulator.register() if each["operation"] == "ekat.Labor"]
        return row, documents, [tuple(each) for each in place.sql("SELECT * FROM LAB_LELET")]


@pytest.mark.slow
def test_a_lost_answer_is_found_again_where_the_contract_says_that_the_query_shows_it(tmp_path: Path) -> None:
    row, documents, copies = send_with_a_lost_answer(tmp_path, is_listed=True)
    (document,) = documents
    assert document["copies"] == 1
    assert (row["state"], row["eeszt_id"]) == ("ACCEPTED", document["id"])
    assert copies == [(77, document["id"], 2)]


@pytest.mark.slow
def test_a_lost_answer_is_never_sent_again_where_nobody_says_that_the_query_shows_it(tmp_path: Path) -> None:
    row, documents, copies = send_with_a_lost_answer(tmp_path, is_listed=False)
    (document,) = documents
    assert document["copies"] == 1
    assert (row["state"], row["reason_code"]) == ("PARKED", "GIVE_UP")
    assert copies == [(77, None, None)]


def test_the_other_document_types_are_as_before(site: Site) -> None:
    before = {name: kind.version for name, kind in site.load().types.items()}
    folder = site.folder / "mappings" / "erecept_feliras"
    (folder / "mapping.yaml").write_text((folder / "mapping.yaml").read_text("utf-8") + "\n# a remark\n", "utf-8")
    assert {name: kind.version for name, kind in site.load().types.items()} == before
    site.edit("templates/_macros.xml.j2", "{{ p.nev }}", "{{ p.nev|trim }}")
    after = {name: kind.version.digest for name, kind in site.load().types.items()}
    assert {name for name, digest in after.items() if digest != before[name].digest} == {
        "ebeutalo_iras",
        "ebeutalo_utolag",
        "ebeutalo_visszavonas",
        "ehr_feltoltes",
        "ehr_letoltes",
        "ehr_lista",
        "ehr_uj_valtozat",
        "ekat_esemeny",
        "ekat_lekerdezes",
        "eprofil_iras",
        "eprofil_lekerdezes",
        "ekat_modositas",
        "erecept_feliras",
        "erecept_lekerdezes",
        "erecept_visszavonas",
        "labworks_lelet",
        "medbakter_lelet",
    }


def test_a_scaffold_has_everything_but_what_only_its_author_knows(site: Site) -> None:
    pack = site.load().pack
    mappings, templates, _ = site.parts
    files = new_mapping(mappings, templates, pack, "uj_esemeny", "ekat.Esemeny")
    assert {path.name for path in files} == {"mapping.yaml", "mapping_test.yaml", "uj_esemeny.xml.j2"}
    found = site.lint()
    assert [(problem.number, Path(problem.where.split(":")[0]).parent.name) for problem in found] == [
        (2020, "uj_esemeny")
    ]
    assert "`unknown`" in str(found[0])


def test_a_scaffold_of_a_query_is_complete_but_for_its_answer(site: Site) -> None:
    mappings, templates, _ = site.parts
    new_mapping(mappings, templates, site.load().pack, "uj_kerdes", "erecept.Lekerdezes")
    text = (templates / "uj_kerdes.xml.j2").read_text("utf-8")
    assert "<er:LekerdezesKeres>" in text
    assert "{{ doc.lekerdezo_pecsetszam }}" in text
