"""Contracts of other vendors: read as they come, refused with a reason where they cannot be used."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from lxml import etree

from runner.errors import ProblemsError
from runner.mapping import ContractPack, load_pack
from tests.mapping.site import ROOT, Site

PACK = """\
contract: proba
origin: operator
services: {{szolg: {{wsdl: szolg.wsdl}}}}
prefixes: {{a: "urn:a", b: "urn:b"}}
fault: {{code: "//a:Kod"}}
security:
  proof: bearer
  signed_parts: [timestamp, body]
  digest: sha256
  signatures: [rsa-sha256]
  timestamp_life: 5min
  clock_skew: 10s
sts:
  operation: szolg.{operation}
  life: 8h
  user_attribute: NameID
  role_attribute: r
  institution_attribute: i
  doctor_roles: [ORVOS]
  faults: {{wrong_password: [X]}}
"""

TYPES = """\
<xs:schema targetNamespace="urn:a" xmlns:b="urn:b" elementFormDefault="qualified">
  <xs:import namespace="urn:b"/>
  <xs:element name="Keres"><xs:complexType><xs:sequence>
    <xs:element name="Szam" type="b:Szam"/></xs:sequence></xs:complexType></xs:element>
  <xs:element name="Valasz" type="xs:string"/>
  <xs:element name="Fej" type="xs:string"/>
</xs:schema>
<xs:schema targetNamespace="urn:b"><xs:simpleType name="Szam">
  <xs:restriction base="xs:int"><xs:maxInclusive value="9"/></xs:restriction></xs:simpleType></xs:schema>
"""

WSDL = """\
<wsdl:definitions name="X" targetNamespace="urn:w" xmlns:w="urn:w" xmlns:a="urn:a"
    xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"
    xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:wsam="http://www.w3.org/2007/05/addressing/metadata"
    xmlns:soap="http://schemas.xmlsoap.org/wsdl/{soap}/">
<wsdl:types>{types}</wsdl:types>
<wsdl:message name="K">{parts}</wsdl:message>
<wsdl:message name="V"><wsdl:part name="p" element="a:Valasz"/></wsdl:message>
<wsdl:portType name="T"><wsdl:operation name="Muvelet">
<wsdl:input message="w:K" {action}/><wsdl:output message="w:V"/>
</wsdl:operation></wsdl:portType>
<wsdl:binding name="B" type="w:T"><soap:binding style="{style}" transport="http://schemas.xmlsoap.org/soap/http"/>
<wsdl:operation name="Muvelet"><soap:operation soapAction="{soap_action}"/>
<wsdl:input><soap:body use="{use}"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output>
</wsdl:operation></wsdl:binding>
<wsdl:service name="S"><wsdl:port name="P" binding="w:B">
<soap:address location="REPLACE_WITH_ACTUAL_URL"/></wsdl:port></wsdl:service>
</wsdl:definitions>
"""

ONE_PART = '<wsdl:part name="p" element="a:Keres"/>'


def pack_of(folder: Path, **changes: str) -> ContractPack:
    """Write a small contract and read it."""
    said = {
        "soap": "soap12",
        "types": TYPES,
        "parts": ONE_PART,
        "action": 'wsam:Action="urn:wsam"',
        "style": "document",
        "soap_action": "urn:soap",
        "use": "literal",
        **changes,
    }
    folder.mkdir(exist_ok=True)
    (folder / "szolg.wsdl").write_text(WSDL.format(**said), "utf-8")
    (folder / "pack.yaml").write_text(PACK.format(operation="Muvelet"), "utf-8")
    return load_pack(folder)


def test_the_shipped_contract_is_read(shipped: object) -> None:
    pack = load_pack(ROOT / "mappings" / "contract" / "reference-1")
    operation = pack.operation("erecept.Feliras")
    assert operation.action.endswith("erecept/Feliras")
    assert operation.soap_version == "1.2"
    assert etree.QName(operation.input_element).localname == "FelirasKeres"
    assert pack.origin == "ours"
    assert pack.security.timestamp_life_s == 60
    assert pack.faults.session_ended == {"TOKEN_LEJART"}
    with pytest.raises(KeyError, match=r"did you mean 'erecept\.Feliras'"):
        pack.operation("erecept.Felirs")


@pytest.mark.parametrize(("soap", "version"), [("soap", "1.1"), ("soap12", "1.2")])
def test_both_soap_versions_are_read(tmp_path: Path, soap: str, version: str) -> None:
    assert pack_of(tmp_path, soap=soap).operation("szolg.Muvelet").soap_version == version


def test_the_action_is_the_addressing_one_else_the_soap_one(tmp_path: Path) -> None:
    assert pack_of(tmp_path).operation("szolg.Muvelet").action == "urn:wsam"
    assert pack_of(tmp_path, action="").operation("szolg.Muvelet").action == "urn:soap"


def test_embedded_schemas_that_do_not_say_where_the_others_are_work(tmp_path: Path) -> None:
    schema = pack_of(tmp_path).schema("szolg")
    assert schema.validate(etree.fromstring('<a:Keres xmlns:a="urn:a"><a:Szam>9</a:Szam></a:Keres>'))
    assert not schema.validate(etree.fromstring('<a:Keres xmlns:a="urn:a"><a:Szam>10</a:Szam></a:Keres>'))


def test_two_embedded_schemas_of_one_namespace_work(tmp_path: Path) -> None:
    more = '<xs:schema targetNamespace="urn:a"><xs:element name="Masik" type="xs:int"/></xs:schema>'
    schema = pack_of(tmp_path, types=TYPES + more).schema("szolg")
    assert schema.validate(etree.fromstring('<a:Masik xmlns:a="urn:a">1</a:Masik>'))
    assert schema.validate(etree.fromstring('<a:Keres xmlns:a="urn:a"><a:Szam>9</a:Szam></a:Keres>'))


def test_each_thread_has_a_schema_of_its_own(tmp_path: Path) -> None:
    pack = pack_of(tmp_path)
    found = [pack.schema("szolg")]
    thread = threading.Thread(target=lambda: found.append(pack.schema("szolg")))
    thread.start()
    thread.join()
    assert found[0] is not found[1]
    assert pack.schema("szolg") is found[0]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"style": "rpc"}, "its style is rpc, not document"),
        ({"use": "encoded"}, "its use is encoded, not literal"),
        ({"parts": ONE_PART + '<wsdl:part name="q" element="a:Fej"/>'}, "its input has 2 parts, not one"),
        ({"parts": '<wsdl:part name="p" type="xs:string"/>'}, "its input part names a type, not an element"),
        ({"parts": ""}, "it has no input part"),
        ({"action": "", "soap_action": ""}, "it has neither wsam:Action nor soapAction"),
    ],
)
def test_an_operation_that_cannot_be_used_is_refused_with_the_reason(
    tmp_path: Path, changes: dict[str, str], reason: str
) -> None:
    with pytest.raises(ProblemsError) as raised:
        pack_of(tmp_path, **changes)
    assert reason in str(raised.value)
    assert "RNR-2031" in str(raised.value)
    assert len(raised.value.problems) == 1
    lines = (tmp_path / "szolg.wsdl").read_text("utf-8").splitlines()
    line = next(n for n, text in enumerate(lines, 1) if text.startswith('<wsdl:operation name="Muvelet">'))
    assert raised.value.problems[0].where == f"{tmp_path}/szolg.wsdl:{line}"


@pytest.mark.parametrize(
    "types",
    [
        '<xs:schema><xs:import namespace="urn:a" schemaLocation="https://pelda.hu/a.xsd"/></xs:schema>',
        '<xs:schema><xs:import namespace="urn:a" schemaLocation="../kint.xsd"/></xs:schema>',
        '<xs:schema><xs:import namespace="urn:a" schemaLocation="/etc/hostname"/></xs:schema>',
    ],
)
def test_nothing_is_read_from_outside_the_folder(tmp_path: Path, types: str) -> None:
    (tmp_path / "kint.xsd").write_text('<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"/>')
    with pytest.raises(ProblemsError) as raised:
        pack_of(tmp_path / "pack", types=types)
    assert "which is not in the pack's folder" in str(raised.value)


def test_a_document_type_definition_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError) as raised:
        pack_of(tmp_path, types='<!DOCTYPE x [<!ENTITY e "e">]>')
    assert "RNR-2030" in str(raised.value)


def test_the_digest_is_of_what_shapes_a_message(site: Site) -> None:
    folder = site.folder / "mappings" / "contract" / "reference-1"
    before = load_pack(folder).digest
    (folder / "README.md").write_text("Another text.")
    assert load_pack(folder).digest == before
    path = folder / "erecept.xsd"
    path.write_text(path.read_text("utf-8").replace('maxOccurs="50"', 'maxOccurs="51"'), "utf-8")
    assert load_pack(folder).digest != before


def test_a_description_for_both_soap_versions_and_plain_http_is_read_as_1_2(tmp_path: Path) -> None:
    pack_of(tmp_path)
    path = tmp_path / "szolg.wsdl"
    text = path.read_text("utf-8")
    old = text[text.index("<wsdl:binding") : text.index("<wsdl:service")].replace('name="B"', 'name="B11"')
    old = old.replace("soap:", "s11:").replace(
        "<wsdl:binding ", '<wsdl:binding xmlns:s11="http://schemas.xmlsoap.org/wsdl/soap/" '
    )
    plain = (
        '<wsdl:binding name="Get" type="w:T" xmlns:h="http://schemas.xmlsoap.org/wsdl/http/"><h:binding verb="GET"/>'
        '<wsdl:operation name="Muvelet"><h:operation location="/x"/><wsdl:input><h:urlEncoded/></wsdl:input>'
        "<wsdl:output/></wsdl:operation></wsdl:binding>"
    )
    path.write_text(text.replace("<wsdl:binding", f"{plain}{old}<wsdl:binding", 1), "utf-8")
    assert load_pack(tmp_path).operation("szolg.Muvelet").soap_version == "1.2"
    pack = (tmp_path / "pack.yaml").read_text("utf-8")
    (tmp_path / "pack.yaml").write_text(pack.replace("wsdl: szolg.wsdl", "wsdl: szolg.wsdl, binding: B11"), "utf-8")
    assert load_pack(tmp_path).operation("szolg.Muvelet").soap_version == "1.1"
    (tmp_path / "pack.yaml").write_text(pack.replace("wsdl: szolg.wsdl", "wsdl: szolg.wsdl, binding: B1"), "utf-8")
    with pytest.raises(ProblemsError, match=r"unknown binding 'B1'\. Did you mean 'B(11)?'"):
        load_pack(tmp_path)


def test_descriptions_and_schemas_in_folders_below_are_found(tmp_path: Path) -> None:
    pack_of(tmp_path)
    text = (tmp_path / "szolg.wsdl").read_text("utf-8")
    types = '<wsdl:types><xs:schema><xs:import namespace="urn:a" schemaLocation="sema/a.xsd"/></xs:schema></wsdl:types>'
    inner = text[text.index("<wsdl:types>") : text.index("</wsdl:types>") + len("</wsdl:types>")]
    (tmp_path / "le" / "sema").mkdir(parents=True)
    schemas = etree.fromstring(
        inner.replace("<wsdl:types>", '<t xmlns:xs="http://www.w3.org/2001/XMLSchema">').replace(
            "</wsdl:types>", "</t>"
        )
    )
    for schema in schemas:
        for each in schema.iter("{http://www.w3.org/2001/XMLSchema}import"):
            each.set("schemaLocation", "b.xsd")
        name = (schema.get("targetNamespace") or "x")[-1]
        (tmp_path / "le" / "sema" / f"{name}.xsd").write_bytes(etree.tostring(schema))
    (tmp_path / "le" / "reszek.wsdl").write_text(text.replace(inner, types), "utf-8")
    start = text[: text.index("<wsdl:types>")]
    whole = f'{start}<wsdl:import namespace="urn:w" location="le/reszek.wsdl"/></wsdl:definitions>'
    (tmp_path / "szolg.wsdl").write_text(whole, "utf-8")
    pack = load_pack(tmp_path)
    assert pack.operation("szolg.Muvelet").input_element == "{urn:a}Keres"
    assert pack.schema("szolg").validate(etree.fromstring('<a:Keres xmlns:a="urn:a"><a:Szam>9</a:Szam></a:Keres>'))
