"""Signatures, verified and made with signxml; what signxml does not look at, such as places, is looked at here."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from cryptography.exceptions import InvalidSignature as InvalidRawSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureConstructionMethod, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration

from runner.simulator.names import ENVELOPED, EXC_C14N, Ns, tag
from runner.simulator.parser import Signer, Verifier
from runner.simulator.refusal import Code, Refusal, SimulatorError

if TYPE_CHECKING:
    from cryptography import x509

    from runner.simulator.envelope import Envelope
    from runner.simulator.pack import Security
    from runner.simulator.pki import PrivateKey

_Algorithm = TypeVar("_Algorithm", bound=Enum)
_SIGNED_INFO = tag(Ns.DS, "SignedInfo")
_WAYS_TO_FAIL = (SignXMLException, InvalidRawSignature, etree.LxmlError, ValueError, KeyError, TypeError)


def check_algorithms(security: Security) -> None:
    """
    See that the pack's algorithms are known here.

    Raises:
        SimulatorError: One of them is not.
    """
    methods = {method.value.rpartition("#")[2] for method in SignatureMethod}
    digests = {digest.value.rpartition("#")[2] for digest in DigestAlgorithm}
    unknown = (set(security.signatures) - methods) | ({security.digest} - digests)
    if unknown or not security.signatures:
        raise SimulatorError(f"security: unknown algorithms: {', '.join(sorted(unknown)) or 'none is named'}")


def verify_message(
    envelope: Envelope, required: set[str], certificate: x509.Certificate, security: Security
) -> dict[str, etree._Element]:
    """
    The signed parts, each parsed anew from the bytes that were digested.

    Args:
        envelope: Structure already checked.
        required: Parts that must be signed; others may be.
        certificate: Its key must have signed.
        security: Algorithms that are allowed.

    Raises:
        Refusal: ALAIRAS_HIBAS.
    """
    identifiers: dict[str, str] = {}
    for part in envelope.places:
        identifier = envelope.identifier(part)
        if part != "signature" and identifier:
            identifiers["#" + identifier] = part
    signature = envelope.places["signature"]
    references = _references(signature, [EXC_C14N])
    signed = {identifiers.get(uri, uri) for uri in references}
    if len(signed) != len(references) or not required <= signed or not signed <= set(identifiers.values()):
        raise _bad(f"signed are {sorted(signed)}, required {sorted(required)}")
    if any(envelope.count(uri[1:]) != 1 for uri in references):
        raise _bad("an identifier that is referred to is not unique")
    location = f"./{tag(envelope.soap, 'Header')}/{tag(Ns.WSSE, 'Security')}/"
    try:
        results = Verifier().verify(
            envelope.root,
            x509_cert=certificate,
            expect_config=_configuration(security, location, references=max(1, len(references))),
        )
    except _WAYS_TO_FAIL as exc:
        raise _bad(f"{type(exc).__name__}: {exc}") from exc
    verified = results if isinstance(results, list) else [results]
    signed_elements = zip(references, (result.signed_xml for result in verified), strict=True)
    return {identifiers[uri]: element for uri, element in signed_elements if element is not None}


def verify_enveloped(element: etree._Element, certificate: x509.Certificate, security: Security) -> etree._Element:
    """
    An element with an enveloped signature over itself, parsed anew from the bytes that were digested.

    Raises:
        Refusal: ALAIRAS_HIBAS.
    """
    signature = element.find(tag(Ns.DS, "Signature"))
    if signature is None or _references(signature, [ENVELOPED, EXC_C14N]) != [f"#{element.get('ID')}"]:
        raise _bad("the assertion's signature is not over itself")
    try:
        result = Verifier().verify(
            etree.tostring(element, with_tail=False),
            x509_cert=certificate,
            expect_config=_configuration(security, "./", references=1),
        )
    except _WAYS_TO_FAIL as exc:
        raise _bad(f"assertion: {type(exc).__name__}: {exc}") from exc
    assert not isinstance(result, list)
    if result.signed_xml is None or result.signed_xml.get("ID") != element.get("ID"):
        raise _bad("the assertion's signature covers something else")
    return result.signed_xml


def sign_detached(
    root: etree._Element, identifiers: list[str], key: PrivateKey, key_info: etree._Element
) -> etree._Element:
    """A ds:Signature over the elements with those identifiers; not yet put into the tree."""
    signer = _signer(SignatureConstructionMethod.detached, key)
    references: list[str] = [f"#{identifier}" for identifier in identifiers]
    return signer.sign(root, key=key, reference_uri=references, key_info=key_info)


def sign_enveloped(element: etree._Element, key: PrivateKey, certificate: x509.Certificate) -> etree._Element:
    """The element signed, where a ds:Signature with the Id ``placeholder`` stands."""
    signer = _signer(SignatureConstructionMethod.enveloped, key)
    return signer.sign(element, key=key, cert=[certificate])


def _signer(method: SignatureConstructionMethod, key: PrivateKey) -> Signer:
    algorithm = SignatureMethod.RSA_SHA256 if isinstance(key, rsa.RSAPrivateKey) else SignatureMethod.ECDSA_SHA256
    return Signer(
        method=method,
        signature_algorithm=algorithm,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )


def _configuration(security: Security, location: str, *, references: int) -> SignatureConfiguration:
    return SignatureConfiguration(
        require_x509=True,
        location=location,
        expect_references=references,
        signature_methods=_with_fragments(SignatureMethod, security.signatures),
        digest_algorithms=_with_fragments(DigestAlgorithm, (security.digest,)),
    )


def _with_fragments(algorithms: type[_Algorithm], fragments: tuple[str, ...]) -> frozenset[_Algorithm]:
    """The algorithms whose identifiers end in those names."""
    return frozenset(algorithm for algorithm in algorithms if algorithm.value.rpartition("#")[2] in fragments)


def _references(signature: etree._Element, transforms: list[str]) -> list[str]:
    """The URIs of all references; their transforms and the canonical form of SignedInfo must be the profile's."""
    signed_info = signature.find(_SIGNED_INFO)
    method = None if signed_info is None else signed_info.find(tag(Ns.DS, "CanonicalizationMethod"))
    if signed_info is None or method is None or method.get("Algorithm") != EXC_C14N:
        raise _bad("SignedInfo is missing or not in exclusive canonical form")
    references = signed_info.findall(tag(Ns.DS, "Reference"))
    for reference in references:
        used = [t.get("Algorithm") for t in reference.findall(f"{tag(Ns.DS, 'Transforms')}/{tag(Ns.DS, 'Transform')}")]
        if used != transforms:
            raise _bad("a reference has other transforms than the profile")
    return [reference.get("URI", "") for reference in references]


def _bad(why: str) -> Refusal:
    return Refusal(Code.BAD_SIGNATURE, why=why)
