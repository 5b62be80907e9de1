"""A contract that nobody here has seen: SOAP 1.1, other names, embedded schemas, nothing scripted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from lxml import etree

from runner.simulator.process import SimulatorProcess
from tests.simulator.conftest import PACK
from tests.simulator.example import DOCTOR
from tests.simulator.hand_client import SOAP11, HandClient, Request, Token, verified

WSDL = """<?xml version="1.0"?>
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" targetNamespace="urn:idegen" xmlns:t="urn:idegen"
    xmlns:a="urn:idegen:adat" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/">
  <types>
    <xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:idegen:adat">
      <xs:simpleType name="Szam"><xs:restriction base="xs:string"><xs:pattern value="[0-9]{10}"/></xs:restriction>
      </xs:simpleType>
      <xs:complexType name="Alap" abstract="true">
        <xs:sequence><xs:element name="mikor" type="xs:dateTime"/></xs:sequence>
        <xs:attribute name="verzio" type="xs:int" use="required"/>
      </xs:complexType>
    </xs:schema>
    <xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:idegen" elementFormDefault="qualified">
      <xs:import namespace="urn:idegen:adat"/>
      <xs:element name="Felvetel"><xs:complexType><xs:sequence>
        <xs:element name="Mit" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
      <xs:element name="FelvetelEredmeny"><xs:complexType><xs:complexContent><xs:extension base="a:Alap"><xs:sequence>
        <xs:element name="Sorszam" type="a:Szam"/>
        <xs:element name="Nev" type="xs:string"/>
        <xs:choice><xs:element ref="t:Nyitott"/><xs:element name="Jo" type="xs:boolean"/></xs:choice>
        <xs:element name="Megjegyzes" type="xs:string" minOccurs="0"/>
      </xs:sequence></xs:extension></xs:complexContent></xs:complexType></xs:element>
      <xs:element name="Nyitott" abstract="true"/>
      <xs:element name="Lezaras"><xs:complexType/></xs:element>
      <xs:element name="LezarasEredmeny"><xs:complexType><xs:sequence>
        <xs:element ref="t:Nyitott"/></xs:sequence></xs:complexType></xs:element>
      <xs:element name="Baj"><xs:complexType><xs:sequence>
        <xs:element name="Szam" type="xs:string"/>
        <xs:element name="Leiras" type="xs:string"/>
        <xs:element name="Elozo" type="xs:string" minOccurs="0"/>
      </xs:sequence></xs:complexType></xs:element>
    </xs:schema>
  </types>
  <message name="FelvetelIn"><part name="p" element="t:Felvetel"/></message>
  <message name="FelvetelOut"><part name="p" element="t:FelvetelEredmeny"/></message>
  <message name="LezarasIn"><part name="p" element="t:Lezaras"/></message>
  <message name="LezarasOut"><part name="p" element="t:LezarasEredmeny"/></message>
  <message name="Baj"><part name="p" element="t:Baj"/></message>
  <portType name="Konyv">
    <operation name="Felvetel"><input message="t:FelvetelIn"/><output message="t:FelvetelOut"/>
      <fault name="Baj" message="t:Baj"/></operation>
    <operation name="Lezaras"><input message="t:LezarasIn"/><output message="t:LezarasOut"/></operation>
    <operation name="Regi"><input message="t:FelvetelIn"/><output message="t:FelvetelOut"/></operation>
  </portType>
  <binding name="KonyvSoap" type="t:Konyv">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="Felvetel"><soap:operation soapAction="urn:idegen/Felvetel"/>
      <input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation>
    <operation name="Lezaras"><soap:operation soapAction="urn:idegen/Lezaras"/>
      <input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation>
    <operation name="Regi"><soap:operation soapAction="urn:idegen/Regi" style="rpc"/>
      <input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation>
  </binding>
  <service name="Konyv"><port name="p" binding="t:KonyvSoap"><soap:address location="http://REPLACE"/></port></service>
</definitions>
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """The foreign pack; its token service is the profile's, which is the same for every pack."""
    folder = tmp_path / "idegen"
    folder.mkdir()
    (folder / "konyv.wsdl").write_text(WSDL, encoding="utf-8")
    for name in ("sts.wsdl", "sts.xsd", "kozos.xsd"):
        (folder / name).write_bytes((PACK / name).read_bytes())
    content = {
        "contract": "idegen-7",
        "services": {"sts": {"wsdl": "sts.wsdl"}, "konyv": {"wsdl": "konyv.wsdl"}},
        "prefixes": {"b": "urn:idegen"},
        "fault": {"code": "//b:Baj/b:Szam", "identifier": "//b:Baj/b:Elozo"},
        "security": {"proof": "holder_of_key"},
        "sts": {"operation": "sts.Issue", "role_attribute": "role", "institution_attribute": "org"},
    }
    (folder / "pack.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder


@pytest.fixture
def foreign(pack: Path, started: Callable[..., SimulatorProcess]) -> tuple[SimulatorProcess, HandClient, Token]:
    process = started(pack=pack)
    client = HandClient(process.addresses, process.pki)
    answer, token = client.token(DOCTOR, process.one_time_password(DOCTOR))
    assert answer.status == 200, answer.body
    return process, client, token


def felvetel(client: HandClient) -> Request:
    body = '<Felvetel xmlns="urn:idegen"><Mit>valami</Mit></Felvetel>'
    return Request(client.addresses["konyv"], "urn:idegen/Felvetel", body, soap=SOAP11)


def test_an_unscripted_operation_gets_the_smallest_valid_answer_with_identifiers_of_its_own(
    foreign: tuple[SimulatorProcess, HandClient, Token],
) -> None:
    process, client, token = foreign
    numbers = set()
    for _ in range(3):
        request = felvetel(client)
        answer = client.send(request, token)
        assert answer.status == 200, answer.body
        body = verified(answer, process.pki.service, request.message_id)
        made = body[0]
        assert [etree.QName(e).localname for e in made] == ["mikor", "Sorszam", "Nev", "Jo"]
        assert str(made.findtext("{urn:idegen}Nev")).startswith("SIM")
        numbers.add(made.findtext("{urn:idegen}Sorszam"))
    assert len(numbers) == 3
    documents = process.control.register()
    assert [(d["operation"], d["unscripted"], d["user"]) for d in documents] == [("konyv.Felvetel", True, DOCTOR)] * 3


def test_its_duplicates_are_refused_with_the_pack_s_own_fault(
    foreign: tuple[SimulatorProcess, HandClient, Token],
) -> None:
    process, client, token = foreign
    request = felvetel(client)
    client.send(request, token)
    again = client.send(request, token)
    assert again.status == 500
    detail = again.root.find(".//detail/{urn:idegen}Baj")  # type: ignore[union-attr]
    assert detail is not None
    assert detail.findtext("{urn:idegen}Szam") == "MAR_RENDBEN"
    assert detail.findtext("{urn:idegen}Elozo") == process.control.register()[0]["id"]
    verified(again, process.pki.service, request.message_id)


def test_what_cannot_be_answered_or_served_is_said_at_the_start(
    foreign: tuple[SimulatorProcess, HandClient, Token],
) -> None:
    process, client, token = foreign
    output = (process.state / "simulator.out").read_text(encoding="utf-8")
    assert "warning: konyv.Regi: is not document/literal" in output
    assert "warning: konyv.Lezaras: no answer can be made" in output
    body = '<Lezaras xmlns="urn:idegen"/>'
    answer = client.send(Request(client.addresses["konyv"], "urn:idegen/Lezaras", body, soap=SOAP11), token)
    assert answer.status == 500
    assert answer.text(".//faultcode") == "s:Server"
    assert process.control.register() == []


def test_the_other_soap_version_is_refused(foreign: tuple[SimulatorProcess, HandClient, Token]) -> None:
    _, client, token = foreign
    request = felvetel(client)
    request.soap = "http://www.w3.org/2003/05/soap-envelope"
    assert client.send(request, token).status == 500


def test_a_call_that_the_pack_names_harmless_stores_nothing(
    pack: Path, started: Callable[..., SimulatorProcess]
) -> None:
    content = yaml.safe_load((pack / "pack.yaml").read_text(encoding="utf-8"))
    content["harmless"] = {"konyv": "konyv.Felvetel"}
    (pack / "pack.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    process = started(pack=pack)
    client = HandClient(process.addresses, process.pki)
    _, token = client.technical_token()
    assert client.send(felvetel(client), token).status == 200
    assert process.control.register() == []
