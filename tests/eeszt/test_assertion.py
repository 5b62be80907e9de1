"""What an assertion must be to be believed; assertions are signed with signxml and then tampered with."""

from __future__ import annotations

import copy
import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from counterpart import START
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml import CanonicalizationMethod, SignatureMethod, XMLSigner

from runner.eeszt.assertion import Grant, believed
from runner.eeszt.keys import Signer, signers_of
from runner.eeszt.parts import key_value
from runner.eeszt.signature import Allowed
from runner.eeszt.xml import UnverifiedError
from runner.mapping.contract import ContractPack
from runner.simulator.pki import Pki, load_certificate, load_key, make_pki

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
DS = "http://www.w3.org/2000/09/xmldsig#"
HOLDER, BEARER = (f"urn:oasis:names:tc:SAML:2.0:cm:{method}" for method in ("holder-of-key", "bearer"))
ALLOWED = Allowed.of(["rsa-sha256", "ecdsa-sha256"], "sha256")
SESSION = Signer.fresh()

Change = Callable[[etree._Element], None]


def unsigned(*, method: str = HOLDER, keys: int = 1, ends_at: datetime | None = None) -> etree._Element:
    begins, ends = (t.isoformat() for t in (START, ends_at or START + timedelta(hours=8)))
    info = f"<ds:KeyInfo xmlns:ds='{DS}'>{key_value(SESSION.public) * keys}</ds:KeyInfo>" if method == HOLDER else ""
    return etree.fromstring(
        f"<saml2:Assertion xmlns:saml2='{SAML}' xmlns:xs='http://www.w3.org/2001/XMLSchema' ID='_a' Version='2.0' "
        f"IssueInstant='{begins}'><saml2:Issuer>sts</saml2:Issuer>"
        f"<ds:Signature xmlns:ds='{DS}' Id='placeholder'/>"
        f"<saml2:Subject><saml2:NameID>O12345</saml2:NameID><saml2:SubjectConfirmation Method='{method}'>"
        f"<saml2:SubjectConfirmationData>{info}</saml2:SubjectConfirmationData></saml2:SubjectConfirmation>"
        f"</saml2:Subject><saml2:Conditions NotBefore='{begins}' NotOnOrAfter='{ends}'/>"
        "<saml2:AttributeStatement>"
        "<saml2:Attribute Name='szerepkor'><saml2:AttributeValue>ORVOS</saml2:AttributeValue></saml2:Attribute>"
        "<saml2:Attribute Name='intezmeny'><saml2:AttributeValue>100001</saml2:AttributeValue></saml2:Attribute>"
        "</saml2:AttributeStatement></saml2:Assertion>"
    )


def signed(pki: Pki, root: etree._Element) -> etree._Element:
    key = load_key(pki.sts.key)
    signer = XMLSigner(
        signature_algorithm=SignatureMethod.ECDSA_SHA256 if hasattr(key, "curve") else SignatureMethod.RSA_SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    result = signer.sign(root, key=key, cert=[load_certificate(pki.sts.certificate)], reference_uri=["#_a"])
    assert isinstance(result, etree._Element)
    return result


def read(
    pki: Pki, pack: ContractPack, root: etree._Element, *, key: bytes | None = SESSION.spki, after_s: float = 1
) -> Grant:
    signers = signers_of([load_certificate(pki.sts.certificate).public_bytes(Encoding.DER)])
    now = START + timedelta(seconds=after_s)
    return believed(root, signers, ALLOWED, pack.sts, key, now, timedelta(seconds=30))


def test_user_role_and_institution_come_from_it(pki: Pki, pack: ContractPack) -> None:
    grant = read(pki, pack, signed(pki, unsigned()))
    assert (grant.user, grant.role, grant.institution) == ("O12345", "ORVOS", "100001")
    assert (grant.issued_at, grant.expires_at) == (START, START + timedelta(hours=8))


XMLSEC1_TEMPLATE = f"""<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo>
<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>
<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"/>
<ds:Reference URI="#_a"><ds:Transforms>
<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>
<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">
<ec:InclusiveNamespaces xmlns:ec="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="xs"/></ds:Transform>
</ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference>
</ds:SignedInfo><ds:SignatureValue/><ds:KeyInfo><ds:X509Data/></ds:KeyInfo></ds:Signature>"""


@pytest.mark.skipif(shutil.which("xmlsec1") is None, reason="xmlsec1 is not installed")
def test_what_is_sent_on_keeps_the_signature_whole(p256: Pki, pack: ContractPack, tmp_path: Path) -> None:
    """A prefix that only a PrefixList keeps must not get lost, or the EESZT could not verify its own assertion."""
    root = unsigned()
    placeholder = root.find(f"{{{DS}}}Signature")
    assert placeholder is not None
    root.replace(placeholder, etree.fromstring(XMLSEC1_TEMPLATE))
    (tmp_path / "template.xml").write_bytes(etree.tostring(root))
    issued = xmlsec1(tmp_path, "--sign", "--privkey-pem", f"{p256.sts.key},{p256.sts.certificate}", "template.xml")
    envelope = etree.fromstring(b"<x xmlns:xs='http://www.w3.org/2001/XMLSchema'>" + issued + b"</x>")
    grant = read(p256, pack, envelope[0])
    assert b"xmlns:xs=" in grant.assertion
    (tmp_path / "kept.xml").write_bytes(grant.assertion)
    xmlsec1(tmp_path, "--verify", "--pubkey-cert-pem", str(p256.sts.certificate), "kept.xml")


def xmlsec1(folder: Path, does: str, *arguments: str) -> bytes:
    command = ["xmlsec1", does, "--id-attr:ID", f"{SAML}:Assertion", *arguments[:-1], str(folder / arguments[-1])]
    done = subprocess.run(command, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.partition(b"?>")[2] or done.stdout


def test_a_bearer_token_is_taken_only_where_one_is_meant(p256: Pki, pack: ContractPack) -> None:
    root = signed(p256, unsigned(method=BEARER))
    assert read(p256, pack, root, key=None).user == "O12345"
    with pytest.raises(UnverifiedError, match="no holder of a key"):
        read(p256, pack, root)
    with pytest.raises(UnverifiedError, match="not a bearer's"):
        read(p256, pack, signed(p256, unsigned()), key=None)


def test_it_must_name_our_key_and_no_other(p256: Pki, pack: ContractPack) -> None:
    with pytest.raises(UnverifiedError, match="another key"):
        read(p256, pack, signed(p256, unsigned()), key=Signer.fresh().spki)
    with pytest.raises(UnverifiedError, match="more than one way"):
        read(p256, pack, signed(p256, unsigned(keys=2)))


@pytest.mark.parametrize("after_s", [-31.0, 8 * 3600 + 31.0])
def test_it_must_be_in_force(p256: Pki, pack: ContractPack, after_s: float) -> None:
    with pytest.raises(UnverifiedError, match="not in force"):
        read(p256, pack, signed(p256, unsigned()), after_s=after_s)


def another_user(root: etree._Element) -> None:
    name = root.find(f".//{{{SAML}}}NameID")
    assert name is not None
    name.text = "O99999"


def wrapped(root: etree._Element) -> None:
    """The signed assertion moves inside, a forged one with the same ID stands around it."""
    original = copy.deepcopy(root)
    another_user(root)
    etree.SubElement(root, f"{{{SAML}}}Advice").append(original)


def wrapped_with_another_id(root: etree._Element) -> None:
    wrapped(root)
    root.set("ID", "_b")


def second_role(root: etree._Element) -> None:
    role = root.find(f".//{{{SAML}}}Attribute")
    assert role is not None
    role.addnext(copy.deepcopy(role))


@pytest.mark.parametrize(
    ("change", "because"),
    [
        (another_user, "digest is wrong"),
        (wrapped, "occurs twice"),
        (wrapped_with_another_id, "enveloped signature over something else"),
        (second_role, "digest is wrong"),
    ],
)
def test_tampering_is_noticed(p256: Pki, pack: ContractPack, change: Change, because: str) -> None:
    root = signed(p256, unsigned())
    change(root)
    with pytest.raises(UnverifiedError, match=because):
        read(p256, pack, root)


def test_two_signed_roles_are_none(p256: Pki, pack: ContractPack) -> None:
    root = unsigned()
    second_role(root)
    with pytest.raises(UnverifiedError, match="no user or no role"):
        read(p256, pack, signed(p256, root))


def test_another_signer_is_refused(p256: Pki, pack: ContractPack, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = make_pki(tmp_path_factory.mktemp("other"))
    with pytest.raises(UnverifiedError, match="not pinned"):
        read(p256, pack, signed(other, unsigned()))


def test_a_comment_does_not_shorten_a_name(p256: Pki, pack: ContractPack) -> None:
    """The attack of 2018: O12345<!-- -->9 was read as O12345 by libraries that took the first text."""
    root = unsigned()
    name = root.find(f".//{{{SAML}}}NameID")
    assert name is not None
    name.text = "O123459"
    text = etree.tostring(signed(p256, root)).replace(b"O123459", b"O12345<!-- -->9")
    assert read(p256, pack, etree.fromstring(text)).user == "O123459"
