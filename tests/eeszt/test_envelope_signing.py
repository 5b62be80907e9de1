"""Our envelopes before judges that share no code with us: signxml, and xmlsec1 where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from counterpart import ER, NS, SOAP11, START
from cryptography.hazmat.primitives import serialization
from lxml import etree
from signxml import SignatureConfiguration, SignatureMethod, XMLVerifier

from runner.eeszt.keys import Signer, read_signer
from runner.eeszt.parts import KeyName, assertion_part, user_part
from runner.eeszt.wsse import Request, envelope, http_headers
from runner.eeszt.xml import UnverifiedError, canonical, parse
from runner.errors import LoginError
from runner.mapping.contract import ContractPack
from runner.simulator.key_value import wrapped
from runner.simulator.pki import Pki

MESSAGE_ID = "urn:uuid:33333333-3333-3333-3333-333333333333"
BODY = (
    f'<er:FelirasKeres xmlns:er="{ER}"><er:Nev>Árvíztűrő &amp; Társa &lt;1&gt;&#xD;</er:Nev><ures xmlns=""></ures>'
    '<s:furcsa xmlns:s="urn:another"></s:furcsa></er:FelirasKeres>'
).encode()
ASSERTION = (
    b'<saml2:Assertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:xs="http://www.w3.org/2001/XMLSchema" '
    b'ID="_abc" Version="2.0"><saml2:Issuer>sts</saml2:Issuer></saml2:Assertion>'
)
PARTS = ("timestamp", "body", "to", "action", "message_id", "token")


def request(pack: ContractPack, soap: str, body: bytes = BODY) -> Request:
    operation = replace(pack.operation("erecept.Feliras"), soap_version=soap)
    address = "https://localhost/erecept?a=1&b=2"
    return Request(operation, address, MESSAGE_ID, body, START, START + timedelta(seconds=60))


def signed(pack: ContractPack, signer: Signer, named_by: KeyName, soap: str = "1.2") -> bytes:
    token = {
        KeyName.ASSERTION: assertion_part(ASSERTION, "_abc"),
        KeyName.CERTIFICATE: assertion_part(ASSERTION, "_abc"),
        KeyName.VALUE: user_part("O12345", "a<b&c>\"'"),
    }[named_by]
    return envelope(request(pack, soap), signer, named_by, PARTS, token)


def institution(pki: Pki) -> Signer:
    return read_signer(pki.institution.key, certificate=pki.institution.certificate)


@pytest.mark.parametrize("soap", ["1.1", "1.2"])
@pytest.mark.parametrize("named_by", list(KeyName))
def test_signxml_verifies_every_part(pki: Pki, pack: ContractPack, named_by: KeyName, soap: str) -> None:
    signer = institution(pki)
    data = signed(pack, signer, named_by, soap)
    results = XMLVerifier().verify(
        etree.fromstring(data),
        x509_cert=wrapped(signer.public),
        expect_config=SignatureConfiguration(
            require_x509=True,
            location=".//",
            expect_references=6,
            signature_methods=frozenset({SignatureMethod.RSA_SHA256, SignatureMethod.ECDSA_SHA256}),
        ),
    )
    assert isinstance(results, list)
    names = [etree.QName(result.signed_xml).localname for result in results if result.signed_xml is not None]
    token = "UsernameToken" if named_by is KeyName.VALUE else "Assertion"
    assert names == ["Timestamp", "Body", "To", "Action", "MessageID", token]


@pytest.mark.skipif(shutil.which("xmlsec1") is None, reason="xmlsec1 is not installed")
@pytest.mark.parametrize("soap", ["1.1", "1.2"])
@pytest.mark.parametrize("named_by", list(KeyName))
def test_xmlsec1_verifies(pki: Pki, pack: ContractPack, named_by: KeyName, soap: str, tmp_path: Path) -> None:
    signer = institution(pki)
    data = signed(pack, signer, named_by, soap)
    assert judged_by_xmlsec1(data, signer, tmp_path) == 0
    assert judged_by_xmlsec1(data.replace("Társa".encode(), b"Tarsa"), signer, tmp_path) != 0


def judged_by_xmlsec1(data: bytes, signer: Signer, folder: Path) -> int:
    file, key = folder / "envelope.xml", folder / "key.pem"
    file.write_bytes(data)
    pem = signer.public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    key.write_bytes(pem)
    names = [
        f"{NS['wsu']}:Timestamp",
        *(f"{NS['wsa']}:{name}" for name in ("To", "Action", "MessageID")),
        f"{NS['wsse']}:UsernameToken",
        f"{NS['wsse']}:BinarySecurityToken",
        f"{NS['s']}:Body",
        f"{SOAP11}:Body",
    ]
    identifiers = [word for name in names for word in ("--id-attr:Id", name)]
    identifiers += ["--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion"]
    command = ["xmlsec1", "--verify", "--enabled-key-data", "rsa,ec", "--pubkey-pem", str(key), *identifiers, str(file)]
    return subprocess.run(command, check=False, capture_output=True).returncode


@pytest.mark.parametrize("named_by", list(KeyName))
def test_each_part_is_its_own_canonical_form_on_the_wire(p256: Pki, pack: ContractPack, named_by: KeyName) -> None:
    data = signed(pack, institution(p256), named_by)
    root = parse(data)
    parts = [root.find(f".//{name}", NS) for name in ("wsu:Timestamp", "wsa:To", "wsa:Action", "wsa:MessageID")]
    if named_by is KeyName.VALUE:
        parts.append(root.find(".//wsse:UsernameToken", NS))
    if named_by is KeyName.CERTIFICATE:
        parts.append(root.find(".//wsse:BinarySecurityToken", NS))
    parts.append(root.find(".//ds:SignedInfo", NS))
    for part in parts:
        assert part is not None
        assert canonical(part) in data


def test_the_stored_body_stands_in_the_envelope_byte_for_byte(p256: Pki, pack: ContractPack) -> None:
    assert signed(pack, institution(p256), KeyName.CERTIFICATE).count(BODY) == 1


def test_sending_again_keeps_body_and_identifier_and_renews_the_rest(p256: Pki, pack: ContractPack) -> None:
    signer, token = institution(p256), assertion_part(ASSERTION, "_abc")
    first = request(pack, "1.2")
    again = replace(first, created_at=START + timedelta(seconds=9), expires_at=START + timedelta(seconds=50))
    one, two = (parse(envelope(r, signer, KeyName.ASSERTION, PARTS, token)) for r in (first, again))
    for same in ("s:Body", ".//wsa:MessageID", ".//wsa:To", ".//wsa:Action"):
        assert canonical(one.find(same, NS)) == canonical(two.find(same, NS))
    for fresh in (".//wsu:Timestamp", ".//ds:SignatureValue"):
        assert canonical(one.find(fresh, NS)) != canonical(two.find(fresh, NS))


@pytest.mark.parametrize(
    "body", [b"", b"text", b"<a></a><b></b>", b"</s:Body><s:Body>", b"<!DOCTYPE a><a></a>", b"<a>"]
)
def test_a_body_that_is_not_one_element_is_never_signed(p256: Pki, pack: ContractPack, body: bytes) -> None:
    with pytest.raises((UnverifiedError, ValueError)):
        envelope(request(pack, "1.2", body), institution(p256), KeyName.CERTIFICATE, PARTS)


def test_a_password_with_a_forbidden_character_is_refused() -> None:
    with pytest.raises(ValueError, match="forbids"):
        user_part("O12345", "1\x0023456")


def test_each_soap_version_has_its_http_headers(pack: ContractPack) -> None:
    operation = pack.operation("erecept.Feliras")
    assert http_headers(operation)["Content-Type"].endswith(f'; action="{operation.action}"')
    older = http_headers(replace(operation, soap_version="1.1"))
    assert older == {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{operation.action}"'}


def test_a_key_comes_from_pem_pkcs12_and_pkcs8(pki: Pki) -> None:
    pem = read_signer(pki.technical.key, certificate=pki.technical.certificate)
    p12 = read_signer(pki.technical_p12, password=pki.technical_password.read_text())
    assert pem.spki == p12.spki == Signer.from_pkcs8(pem.pkcs8()).spki
    assert pem.certificate == p12.certificate


def test_a_wrong_password_or_certificate_is_named_without_the_secret(p256: Pki) -> None:
    with pytest.raises(LoginError, match="RNR-4151") as caught:
        read_signer(p256.technical_p12, password="wrong-secret")
    assert "wrong-secret" not in str(caught.value)
    with pytest.raises(LoginError, match="belongs to another key"):
        read_signer(p256.technical.key, certificate=p256.institution.certificate)


@pytest.mark.parametrize(
    "body",
    [
        BODY,
        f'<er:FelirasKeres xmlns:er="{ER}"><er:Nev>Kis &amp; Nagy</er:Nev></er:FelirasKeres>'.encode(),
        f'<FelirasKeres xmlns="{ER}"><ures xmlns=""></ures></FelirasKeres>'.encode(),
        f'<s:FelirasKeres xmlns:s="{NS["s"]}"></s:FelirasKeres>'.encode(),
    ],
    ids=["another s", "one prefix", "no prefix", "the same s"],
)
def test_a_fresh_body_is_signed_as_one_from_the_database(pki: Pki, pack: ContractPack, body: bytes) -> None:
    signer, token = institution(pki), assertion_part(ASSERTION, "_abc")
    asked = request(pack, "1.2", body)
    again = envelope(asked, signer, KeyName.ASSERTION, PARTS, token)
    fresh = envelope(replace(asked, is_fresh=True), signer, KeyName.ASSERTION, PARTS, token)
    found = [parse(each).findall(".//{*}DigestValue") for each in (fresh, again)]
    assert [each.text for each in found[0]] == [each.text for each in found[1]]


def test_a_fresh_body_with_a_processing_instruction_is_refused_too(pki: Pki, pack: ContractPack) -> None:
    body = f'<er:FelirasKeres xmlns:er="{ER}"><?go on?></er:FelirasKeres>'.encode()
    asked = replace(request(pack, "1.2", body), is_fresh=True)
    with pytest.raises(UnverifiedError):
        envelope(asked, institution(pki), KeyName.ASSERTION, PARTS, assertion_part(ASSERTION, "_abc"))
