"""What an answer must be to be believed; answers are made with signxml and then tampered with."""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable
from datetime import timedelta

import pytest
from counterpart import ACCEPTED, DS, ER, FAULT_ACTION, FERIAS_ACTION, KZ, NS, SOAP11, SOAP12, START, Counterpart, fault
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree

from runner.domain import long_texts
from runner.eeszt.answer import Answer, Verifier
from runner.eeszt.exchange import read_fault
from runner.eeszt.signature import Allowed
from runner.eeszt.xml import UnverifiedError
from runner.mapping.contract import ContractPack
from runner.simulator.pki import Pki, load_key

ASKED = "urn:uuid:11111111-1111-1111-1111-111111111111"
OTHER = "urn:uuid:22222222-2222-2222-2222-222222222222"
ACTIONS = (FERIAS_ACTION, FAULT_ACTION)
ALLOWED = Allowed.of(["rsa-sha256", "ecdsa-sha256"], "sha256")
WSU_ID = f"{{{NS['wsu']}}}Id"

Tamper = Callable[[etree._Element], None]


def verifier(counterpart: Counterpart) -> Verifier:
    return Verifier([counterpart.pin], ALLOWED, timedelta(seconds=30), timedelta(seconds=60))


def verify(counterpart: Counterpart, data: bytes, soap: str = "1.2", after_s: float = 1) -> Answer:
    return verifier(counterpart).verify(data, soap, ASKED, ACTIONS, START + timedelta(seconds=after_s))


def refused(counterpart: Counterpart, data: bytes, because: str, *, after_s: float = 1) -> None:
    with pytest.raises(UnverifiedError, match=because):
        verify(counterpart, data, after_s=after_s)


def find(root: etree._Element, path: str) -> etree._Element:
    found = root.find(path, NS)
    assert found is not None
    return found


@pytest.mark.parametrize("soap", ["1.1", "1.2"])
def test_an_answer_that_signxml_signed_is_believed(pki: Pki, soap: str) -> None:
    counterpart = Counterpart(pki)
    namespace = {"1.1": SOAP11, "1.2": SOAP12}[soap]
    answer = verify(counterpart, counterpart.answer(ASKED, soap=namespace), soap)
    assert answer.name == f"{{{ER}}}FelirasValasz"
    assert not answer.is_fault
    assert etree.fromstring(answer.payload).findtext(f"{{{ER}}}Azonosito") == "SIM000000000001"


def test_a_long_text_beside_an_answer_is_signed_with_it(counterpart: Counterpart) -> None:
    text = base64.b64encode(bytes(range(256)) * 400).decode()
    payload = ACCEPTED.replace("</er:Azonosito>", f"</er:Azonosito><er:Adat>{text}</er:Adat>")
    data = counterpart.answer(ASKED, payload)
    shortened = long_texts.shortened(data)
    assert len(shortened) < len(data) - len(text) + 100
    believed = verify(counterpart, shortened).payload
    assert b"".join(long_texts.pieces(believed)) == verify(counterpart, data).payload
    at = data.index(text.encode()) + 70_000
    other = data[:at] + (b"A" if data[at : at + 1] != b"A" else b"B") + data[at + 1 :]
    refused(counterpart, long_texts.shortened(other), "a digest is wrong")


def test_references_with_a_prefix_list_are_believed(counterpart: Counterpart) -> None:
    data = counterpart.answer(ASKED, prefixes=True)
    assert b"PrefixList" in data
    assert verify(counterpart, data).name == f"{{{ER}}}FelirasValasz"


@pytest.mark.parametrize("soap", ["1.1", "1.2"])
def test_a_signed_fault_gives_code_and_identifier(counterpart: Counterpart, pack: ContractPack, soap: str) -> None:
    namespace = {"1.1": SOAP11, "1.2": SOAP12}[soap]
    payload = fault("MAR_RENDBEN", "SIM000000000009", namespace)
    answer = verify(counterpart, counterpart.answer(ASKED, payload, action=FAULT_ACTION, soap=namespace), soap)
    assert answer.is_fault
    facts = read_fault(answer.payload, pack.fault, pack.prefixes)
    assert (facts.code, facts.field, facts.identifier) == ("MAR_RENDBEN", None, "SIM000000000009")


def test_a_fault_with_two_codes_has_none(counterpart: Counterpart, pack: ContractPack) -> None:
    payload = fault("TULTERHELT").replace(
        "</s:Detail>", f"<kz:Hiba xmlns:kz='{KZ}'><kz:Kod>X</kz:Kod></kz:Hiba></s:Detail>"
    )
    answer = verify(counterpart, counterpart.answer(ASKED, payload, action=FAULT_ACTION))
    assert read_fault(answer.payload, pack.fault, pack.prefixes).code is None


@pytest.mark.parametrize("part", ["timestamp", "body", "action", "message-id", "relates-to"])
def test_every_required_part_must_be_signed(counterpart: Counterpart, part: str) -> None:
    signed = [p for p in ("timestamp", "body", "action", "message-id", "relates-to") if p != part]
    refused(counterpart, counterpart.answer(ASKED, signed=signed), "is not signed at its place")


def test_the_answer_to_another_message_is_refused(counterpart: Counterpart) -> None:
    refused(counterpart, counterpart.answer(OTHER), "another message")


def test_the_answer_of_another_operation_is_refused(counterpart: Counterpart) -> None:
    refused(counterpart, counterpart.answer(ASKED, action=f"{ER}/VisszavonasValasz"), "another operation")


def test_a_signer_of_the_same_authority_that_is_not_pinned_is_refused(counterpart: Counterpart) -> None:
    refused(counterpart, counterpart.answer(ASKED, signer=counterpart.pki.sts), "not pinned")


def test_a_pinned_certificate_beside_another_key_is_refused(counterpart: Counterpart) -> None:
    root = counterpart.tree(ASKED, signer=counterpart.pki.sts)
    good = counterpart.tree(ASKED)
    find(root, ".//wsse:BinarySecurityToken").text = find(good, ".//wsse:BinarySecurityToken").text
    refused(counterpart, etree.tostring(root), "signature value is wrong")


@pytest.mark.parametrize(
    ("at_s", "life_s", "because"), [(-91, 60, "too old"), (-91, 3600, "too old"), (32, 60, "from the future")]
)
def test_an_answer_out_of_its_time_is_refused(
    counterpart: Counterpart, at_s: float, life_s: float, because: str
) -> None:
    data = counterpart.answer(ASKED, at=START + timedelta(seconds=at_s), life_s=life_s)
    refused(counterpart, data, because)


def test_a_clock_that_is_off_within_the_tolerance_is_believed(counterpart: Counterpart) -> None:
    for at_s in (-80, 25):
        data = counterpart.answer(ASKED, at=START + timedelta(seconds=at_s))
        assert verify(counterpart, data).name == f"{{{ER}}}FelirasValasz"


def test_a_signer_whose_certificate_has_run_out_is_refused(counterpart: Counterpart) -> None:
    late = START + timedelta(days=3650)
    with pytest.raises(UnverifiedError, match="not valid now"):
        verifier(counterpart).verify(counterpart.answer(ASKED, at=late), "1.2", ASKED, ACTIONS, late)


def two_bodies(root: etree._Element) -> None:
    body = find(root, "s:Body")
    other = copy.deepcopy(body)
    del other.attrib[WSU_ID]
    find(other, "er:FelirasValasz/er:Azonosito").text = "SIM666"
    root.append(other)


def moved_body(root: etree._Element) -> None:
    body = find(root, "s:Body")
    fake = copy.deepcopy(body)
    fake.set(WSU_ID, "fake")
    find(fake, "er:FelirasValasz/er:Azonosito").text = "SIM666"
    root.replace(body, fake)
    wrapper = etree.SubElement(find(root, "s:Header"), "{urn:wrap}Wrapper")
    wrapper.append(body)


def body_that_takes_the_identifier(root: etree._Element) -> None:
    moved_body(root)
    find(root, "s:Body").set(WSU_ID, "body")


def second_security(root: etree._Element) -> None:
    header = find(root, "s:Header")
    header.append(copy.deepcopy(find(header, "wsse:Security")))


def second_security_in_the_body(root: etree._Element) -> None:
    find(root, "s:Header").append(etree.fromstring(f"<x><wsse:Security xmlns:wsse='{NS['wsse']}'/></x>"))


def moved_timestamp(root: etree._Element) -> None:
    security = find(root, ".//wsse:Security")
    old = find(security, "wsu:Timestamp")
    fresh = copy.deepcopy(old)
    fresh.set(WSU_ID, "fresh")
    security.replace(old, fresh)
    find(root, "s:Header").append(old)


def second_relates_to(root: etree._Element) -> None:
    other = etree.SubElement(find(root, "s:Header"), f"{{{NS['wsa']}}}RelatesTo")
    other.text = OTHER


def identifier_of_another_kind(root: etree._Element) -> None:
    find(root, "s:Header").append(etree.fromstring("<x ID='body'/>"))


def text_in_the_envelope(root: etree._Element) -> None:
    find(root, "s:Header").tail = "SIM666"


def no_signature(root: etree._Element) -> None:
    signature = find(root, ".//ds:Signature")
    parent = signature.getparent()
    assert parent is not None
    parent.remove(signature)


def changed_value(root: etree._Element) -> None:
    find(root, ".//er:Azonosito").text = "SIM666"


def sha1(root: etree._Element) -> None:
    find(root, ".//ds:SignatureMethod").set("Algorithm", "http://www.w3.org/2000/09/xmldsig#rsa-sha1")


def hmac(root: etree._Element) -> None:
    find(root, ".//ds:SignatureMethod").set("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")


def other_transform(root: etree._Element) -> None:
    find(root, ".//ds:Transform").set("Algorithm", "http://www.w3.org/TR/1999/REC-xslt-19991116")


def inclusive_c14n(root: etree._Element) -> None:
    find(root, ".//ds:CanonicalizationMethod").set("Algorithm", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315")


def an_object_in_the_signature(root: etree._Element) -> None:
    etree.SubElement(find(root, ".//ds:Signature"), f"{{{DS}}}Object").append(etree.Element("x"))


@pytest.mark.parametrize(
    ("tamper", "because"),
    [
        (two_bodies, "one Header and one Body"),
        (moved_body, "body is not signed at its place"),
        (body_that_takes_the_identifier, "occurs twice"),
        (second_security, "not exactly one Security"),
        (second_security_in_the_body, "not exactly one Security"),
        (moved_timestamp, "timestamp is not signed at its place"),
        (second_relates_to, "2 elements RelatesTo"),
        (identifier_of_another_kind, "occurs twice"),
        (text_in_the_envelope, "text between the parts"),
        (no_signature, "0 elements Signature"),
        (changed_value, "a digest is wrong"),
        (sha1, "signature algorithm that is not allowed"),
        (hmac, "signature algorithm that is not allowed"),
        (inclusive_c14n, "another canonical form"),
        (an_object_in_the_signature, "other parts than"),
    ],
)
def test_tampering_is_noticed(counterpart: Counterpart, tamper: Tamper, because: str) -> None:
    root = counterpart.tree(ASKED)
    tamper(root)
    refused(counterpart, etree.tostring(root), because)


@pytest.mark.parametrize(("algorithm", "because"), [("digest", "digest algorithm"), ("transform", "other transforms")])
def test_a_weak_reference_is_refused_even_when_it_is_signed(
    counterpart: Counterpart, algorithm: str, because: str
) -> None:
    """The signer himself uses what the pack does not allow."""
    root = counterpart.tree(ASKED)
    if algorithm == "digest":
        find(root, ".//ds:DigestMethod").set("Algorithm", "http://www.w3.org/2000/09/xmldsig#sha1")
    else:
        other_transform(root)
    info = find(root, ".//ds:SignedInfo")
    key = load_key(counterpart.pki.service.key)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    data = etree.tostring(info, method="c14n", exclusive=True)
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    find(root, ".//ds:SignatureValue").text = base64.b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode()
    refused(counterpart, etree.tostring(root), because)


def test_a_document_type_is_refused_wherever_it_hides(counterpart: Counterpart) -> None:
    data = counterpart.answer(ASKED)
    bomb = b'<!DOCTYPE s:Envelope [<!ENTITY a "SIM666">]>'
    for prolog in (bomb, b'<?xml version="1.0"?>\n' + bomb, b"<!-- x -->" + bomb, b"\xef\xbb\xbf" + bomb):
        refused(counterpart, prolog + data, "document type declaration")
    wide = (bomb + data).decode().encode("utf-16")
    refused(counterpart, wide, "not well-formed")


def test_a_comment_does_not_split_a_value(counterpart: Counterpart) -> None:
    """Canonical XML ignores comments, so one can be slipped in without breaking the signature."""
    data = counterpart.answer(ASKED).replace(b">SIM000000000001<", b">SIM000<!-- -->000000001<")
    root = etree.fromstring(verify(counterpart, data).payload)
    assert root[0].text == "SIM000000000001"
    data = counterpart.answer(OTHER).replace(OTHER.encode(), ASKED.encode() + b"<!--" + OTHER[10:].encode() + b"-->")
    refused(counterpart, data, "a digest is wrong")


@pytest.mark.parametrize("between", [b"<!-- -->", b"<![CDATA[]]>"])
@pytest.mark.parametrize("text", [ASKED.encode(), b"SIM000000000001"])
def test_what_is_read_is_whole_wherever_something_stands_between(
    counterpart: Counterpart, text: bytes, between: bytes
) -> None:
    """Headers are read in the tree, the payload in the digested bytes: both as canonical XML has them."""
    half = len(text) // 2
    data = counterpart.answer(ASKED)
    assert text in data
    answer = verify(counterpart, data.replace(text, text[:half] + between + text[half:]))
    assert etree.fromstring(answer.payload)[0].text == "SIM000000000001"
    changed = text[:-1] + b"7"
    refused(counterpart, data.replace(text, changed[:half] + between + changed[half:]), "a digest is wrong")


def test_no_prefix_of_an_unsigned_ancestor_reaches_the_payload(counterpart: Counterpart) -> None:
    """A prefix in a value, such as a type's, is not digested with the element that declares it."""
    data = counterpart.answer(ASKED, f'<er:FelirasValasz xmlns:er="{ER}">zz:fajta</er:FelirasValasz>')
    data = data.replace(b"<s:Envelope ", b'<s:Envelope xmlns:zz="urn:evil" ').replace(b"<s:Header", b"<s:Header")
    payload = etree.fromstring(verify(counterpart, data).payload)
    assert payload.text == "zz:fajta"
    assert "zz" not in payload.nsmap


def test_a_fault_keeps_the_prefix_that_its_body_declares(counterpart: Counterpart) -> None:
    data = counterpart.answer(ASKED, fault("HIBAS_TAJ"), action=FAULT_ACTION)
    answer = verify(counterpart, data)
    assert answer.is_fault
    assert etree.fromstring(answer.payload).prefix == "s"


def test_a_processing_instruction_is_refused(counterpart: Counterpart) -> None:
    data = counterpart.answer(ASKED, ACCEPTED.replace("SIM0", "SIM<?x y?>0"))
    refused(counterpart, data, "processing instruction")


def test_an_unsigned_fault_that_says_already_there_is_refused(counterpart: Counterpart) -> None:
    root = counterpart.tree(ASKED, fault("MAR_RENDBEN", "SIM1"), action=FAULT_ACTION)
    no_signature(root)
    refused(counterpart, etree.tostring(root), "0 elements Signature")


@pytest.mark.parametrize("data", [b"", b"<html><body>Bad Gateway</body></html>", b"\x00\x01", b"<a", b"<a/><b/>"])
def test_rubbish_is_refused(counterpart: Counterpart, data: bytes) -> None:
    refused(counterpart, data, "not well-formed|not an envelope")


def test_soap_1_1_is_no_answer_to_soap_1_2(counterpart: Counterpart) -> None:
    refused(counterpart, counterpart.answer(ASKED, soap=SOAP11), "expected SOAP version")
