"""A template made from the contract's schema: everything that must be there, nothing twice, ready to fill in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lxml import etree

from runner.errors import MappingError
from runner.mapping.places import read_yaml
from runner.mapping.problems import Problems
from runner.mapping.refusal import RowRefused
from runner.mapping.scaffold import new_mapping
from runner.mapping.schema_tree import tree_of
from tests.mapping.site import MESSAGE_ID, Site, an_item
from tests.mapping.test_new_document_type import BINDING, MESSAGES

EK = "urn:x-eeszt-runner:reference-contract:1:ekat"

XSD = """
  <xs:attributeGroup name="Jelek"><xs:attribute name="jel" type="xs:string" use="required"/></xs:attributeGroup>
  <xs:group name="Hely"><xs:sequence><xs:element name="Ország-Kód" type="xs:string"/></xs:sequence></xs:group>
  <xs:complexType name="Alap"><xs:sequence><xs:element name="Elso" type="xs:string"/></xs:sequence>
    <xs:attribute name="tipus" type="xs:string" use="required"/>
    <xs:attribute name="nyelv" type="xs:string"/></xs:complexType>
  <xs:complexType name="Bovebb"><xs:complexContent><xs:extension base="ek:Alap">
    <xs:sequence><xs:element name="Masodik" type="xs:boolean" minOccurs="0"/></xs:sequence>
    <xs:attributeGroup ref="ek:Jelek"/></xs:extension></xs:complexContent></xs:complexType>
  <xs:complexType name="Fa"><xs:sequence><xs:element name="Ag" type="ek:Fa" minOccurs="0" maxOccurs="9"/>
    <xs:element name="Level" type="xs:integer"/></xs:sequence></xs:complexType>
  <xs:element name="Megjegyzes" type="xs:string"/>
  <xs:element name="LaborKeres"><xs:complexType><xs:sequence>
    <xs:element name="SajatAzonosito" type="kz:SajatAzonosito"/>
    <xs:element name="Vakcina"><xs:complexType><xs:sequence>
      <xs:element name="Nev" type="xs:string"/><xs:element name="Atc" type="xs:string"/></xs:sequence>
      <xs:attribute name="verzio" type="xs:string" use="required" fixed="2"/></xs:complexType></xs:element>
    <xs:element name="Bovebb" type="ek:Bovebb"/>
    <xs:group ref="ek:Hely"/>
    <xs:element ref="ek:Megjegyzes" minOccurs="0"/>
    <xs:choice><xs:element name="Kar" type="xs:string"/><xs:element name="Comb" type="xs:boolean"/></xs:choice>
    <xs:element name="Suly" minOccurs="0"><xs:complexType><xs:simpleContent><xs:extension base="xs:decimal">
      <xs:attribute name="egyseg" type="xs:string" use="required"/></xs:extension></xs:simpleContent>
    </xs:complexType></xs:element>
    <xs:element name="Lelet" maxOccurs="99"><xs:complexType><xs:sequence>
      <xs:element name="Kod" type="kz:Szoveg"/>
      <xs:element name="Ertek" type="xs:decimal" minOccurs="0" maxOccurs="3"/></xs:sequence>
    </xs:complexType></xs:element>
    <xs:element name="Gyoker" type="ek:Fa" minOccurs="0"/>
    <xs:element name="Nap" type="xs:date"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="LaborValasz"><xs:complexType><xs:sequence>
    <xs:element name="Azonosito" type="kz:EesztAzonosito"/></xs:sequence></xs:complexType></xs:element>
</xs:schema>"""

UNKNOWN = """
  unknown:
    ask: ekat_bekuldes_lekerdezes
    row: {SAJAT_AZONOSITO: item.message_id, OTH_KOD: item.workplace}
    found: answer.sajat_azonosito == item.message_id
    receipt: {eeszt_id: answer.azonosito}
    settle: 30s
    give_up: 1h
"""

ROW: dict[str, Any] = {
    "VAKCINA_NEV": "V",
    "VAKCINA_ATC": "J07",
    "BOVEBB_TIPUS": "t",
    "BOVEBB_JEL": "j",
    "BOVEBB_ELSO": "e",
    "BOVEBB_MASODIK": False,
    "ORSZAG_KOD": "HU",
    "COMB": False,
    "LELET": [{"KOD": "HGB", "ERTEK": [{"ERTEK": "1.5"}, {"ERTEK": "2"}]}],
    "NAP": "2026-11-01",
}


@pytest.fixture
def scaffolded(site: Site) -> Site:
    """A site with a document type that the scaffold has made, and whose author has said what `unknown` means."""
    pack = "mappings/contract/reference-1"
    site.edit(f"{pack}/ekat.xsd", "\n</xs:schema>", XSD)
    site.edit(f"{pack}/ekat.wsdl", '\n  <wsdl:portType name="Ekat">', MESSAGES)
    binding = '<soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>'
    site.edit(f"{pack}/ekat.wsdl", binding, BINDING)
    mappings, templates, _ = site.parts
    new_mapping(mappings, templates, site.load().pack, "uj_tipus", "ekat.Labor")
    path = mappings / "uj_tipus" / "mapping.yaml"
    path.write_text(path.read_text("utf-8") + UNKNOWN, "utf-8")
    return site


def message(site: Site, **row: Any) -> etree._Element:
    """The message of a row; `prepare` has judged it by the contract's schema."""
    kind = site.load().types["uj_tipus"]
    item = an_item("uj_tipus", lane="background", payload=json.dumps({**ROW, **row}))
    return etree.fromstring(kind.prepare(kind.row_of(item), item, MESSAGE_ID).body)


def test_what_it_makes_is_good_and_gives_valid_messages(scaffolded: Site) -> None:
    assert [str(problem) for problem in scaffolded.lint()] == []
    more = {"SULY": "3.5", "SULY_EGYSEG": "kg", "GYOKER_LEVEL": 7, "MEGJEGYZES": "m", "KAR": "BAL", "COMB": None}
    names = [etree.QName(each).localname for each in message(scaffolded, **more).iter()]
    assert names == [
        *("LaborKeres", "SajatAzonosito", "Vakcina", "Nev", "Atc", "Bovebb", "Elso", "Masodik", "Ország-Kód"),
        *("Megjegyzes", "Kar", "Suly", "Lelet", "Kod", "Ertek", "Ertek", "Gyoker", "Level", "Nap"),
    ]


def test_what_may_be_missing_is_left_out_and_false_is_not_missing(scaffolded: Site) -> None:
    body = message(scaffolded)
    assert [each.text for each in body.iter(f"{{{EK}}}Masodik", f"{{{EK}}}Comb")] == ["false", "false"]
    assert not list(body.iter(f"{{{EK}}}Suly", f"{{{EK}}}Megjegyzes", f"{{{EK}}}Gyoker", f"{{{EK}}}Kar"))


def test_our_own_reference_is_the_message_identifier_and_no_field(scaffolded: Site) -> None:
    (reference,) = message(scaffolded).iter(f"{{{EK}}}SajatAzonosito")
    assert reference.text == MESSAGE_ID
    file = read_yaml(scaffolded.folder / "mappings" / "uj_tipus" / "mapping.yaml", Problems())
    assert file is not None
    assert not [name for name in file.data["document"] if "sajat" in name]


def test_attributes_that_are_needed_are_there_and_others_are_not(scaffolded: Site) -> None:
    body = message(scaffolded)
    (vaccine,), (wider,) = body.iter(f"{{{EK}}}Vakcina"), body.iter(f"{{{EK}}}Bovebb")
    assert dict(vaccine.attrib) == {"verzio": "2"}
    assert dict(wider.attrib) == {"tipus": "t", "jel": "j"}


def test_the_test_beside_it_has_every_column(scaffolded: Site) -> None:
    file = read_yaml(scaffolded.folder / "mappings" / "uj_tipus" / "mapping_test.yaml", Problems())
    assert file is not None
    assert file.data["row"].keys() >= ROW.keys()
    assert file.data["row"]["LELET"] == [{"KOD": None, "ERTEK": [{"ERTEK": None}]}]


def test_every_operation_of_the_contract_gives_what_its_schema_has(site: Site) -> None:
    pack = site.load().pack
    for operation in pack.operations.values():
        tree = tree_of(operation.input_element, pack.schemas[operation.service].documents())
        assert tree is not None, operation.name
        assert len({each.name for each in tree.children}) == len(tree.children), operation.name


@pytest.mark.parametrize(
    ("name", "says"), [("ekat_esemeny", "got one that is taken"), ("Labor-Lelet", "small letters, digits, underscores")]
)
def test_a_name_that_cannot_be_is_refused_before_a_file_is_written(site: Site, name: str, says: str) -> None:
    mappings, templates, _ = site.parts
    before = sorted(site.folder.rglob("*"))
    with pytest.raises(MappingError, match=says):
        new_mapping(mappings, templates, site.load().pack, name, "ekat.Esemeny")
    assert sorted(site.folder.rglob("*")) == before


def test_a_choice_of_which_nothing_is_there_is_told_by_its_field(scaffolded: Site) -> None:
    with pytest.raises(RowRefused) as raised:
        message(scaffolded, COMB=None)
    assert raised.value.column == "KAR"
    assert raised.value.outcome.status_text == "A KAR mező üres, pedig kötelező."
