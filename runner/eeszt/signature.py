"""
Checks one XML signature and gives back the bytes that were digested, for they alone may be read.

Whoever checks a signature and then looks for his values in the tree reads something else than what was signed: moved
elements, comments and prefixes see to that. So each reference gives canonical bytes here. A caller parses those, or
reads the text of the very element that was digested: ``xml.parse`` leaves no comment, entity, processing instruction or
default in a tree, so that such an element's names, attributes and text are those of its canonical bytes. What its text
may mean by a prefix is not: that is read from the bytes alone.

Source: XML Signature 1.1; Somorovsky et al., "On Breaking SAML: Be Whoever You Want to Be" (2012), for what goes wrong.
"""

from __future__ import annotations

import hmac
from binascii import a2b_base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree

from runner.domain import long_texts
from runner.eeszt.names import DIGESTS, SIGNATURES, Algorithm, Ns, tag
from runner.eeszt.xml import UnverifiedError, canonical, children, on_its_own, parts, words

_SIGNED_INFO, _VALUE, _KEY_INFO = (tag(Ns.DS, local) for local in ("SignedInfo", "SignatureValue", "KeyInfo"))
_C14N, _METHOD, _REFERENCE = (tag(Ns.DS, local) for local in ("CanonicalizationMethod", "SignatureMethod", "Reference"))
_TRANSFORMS, _TRANSFORM = tag(Ns.DS, "Transforms"), tag(Ns.DS, "Transform")
_DIGEST, _DIGEST_VALUE = tag(Ns.DS, "DigestMethod"), tag(Ns.DS, "DigestValue")
_PREFIX_LIST = tag(Ns.EC, "InclusiveNamespaces")
_PLAIN = [(_TRANSFORM, str(Algorithm.EXCLUSIVE_C14N))]
_ENVELOPED = [(_TRANSFORM, str(Algorithm.ENVELOPED)), *_PLAIN]
_MOST_REFERENCES = 16
_MOST_PREFIXES = 32


@dataclass(frozen=True, slots=True)
class Allowed:
    """
    Algorithms that are believed, as URIs.

    Attributes:
        signatures: Signature methods.
        digest: The digest method.
    """

    signatures: frozenset[str]
    digest: str

    @classmethod
    def of(cls, signatures: Collection[str], digest: str) -> Allowed:
        """
        From a pack's names, e.g. ``rsa-sha256`` and ``sha256``.

        Raises:
            KeyError: A name that this module does not know, so cannot allow.
        """
        return cls(frozenset(SIGNATURES[name] for name in signatures), DIGESTS[digest])


def digested(
    signature: etree._Element,
    found: Mapping[str, etree._Element],
    public: object,
    allowed: Allowed,
    enveloping: etree._Element | None = None,
    texts: Mapping[bytes, long_texts.Text] = MappingProxyType({}),
) -> dict[str, bytes]:
    """
    The digested bytes of each referenced element, by identifier, after value and digests have been checked.

    Args:
        signature: A ``ds:Signature`` with exactly SignedInfo, SignatureValue and KeyInfo.
        found: Every identifier of the document with its element.
        public: The believed signer's public key; never one that the message brought along unchecked.
        allowed: Algorithms.
        enveloping: The element that holds the signature, where it is an enveloped one: the only one that it may
            reference, with the transforms enveloped-signature and exclusive C14N. None: exclusive C14N alone.
        texts: The document's long texts, which stand beside the bytes that have their marks.

    Raises:
        UnverifiedError: Anything is not exactly so.
    """
    pieces = parts(signature)
    if [piece.tag for piece in pieces] != [_SIGNED_INFO, _VALUE, _KEY_INFO]:
        raise UnverifiedError("the signature has other parts than SignedInfo, SignatureValue and KeyInfo")
    info, value, _ = pieces
    listed = parts(info)
    names = [piece.tag for piece in listed]
    if names[:2] != [_C14N, _METHOD] or set(names[2:]) != {_REFERENCE}:
        raise UnverifiedError("SignedInfo has other parts than methods and references")
    if len(names) > _MOST_REFERENCES:
        raise UnverifiedError("too many references")
    info_bytes = canonical(info, _prefixes(listed[0]))
    _check_value(listed[1], info_bytes, _decoded(words(value)), public, allowed)
    signed: dict[str, bytes] = {}
    for reference in listed[2:]:
        identifier, data = _referenced(reference, found, signature, allowed, enveloping, texts)
        if identifier in signed:
            raise UnverifiedError("two references to the same element")
        signed[identifier] = data
    return signed


def _check_value(method: etree._Element, data: bytes, value: bytes, public: object, allowed: Allowed) -> None:
    algorithm = method.get("Algorithm")
    if algorithm not in allowed.signatures or len(method):
        raise UnverifiedError("a signature algorithm that is not allowed")
    try:
        if algorithm == Algorithm.RSA_SHA256 and isinstance(public, rsa.RSAPublicKey):
            public.verify(value, data, padding.PKCS1v15(), hashes.SHA256())
            return
        if algorithm == Algorithm.ECDSA_SHA256 and isinstance(public, ec.EllipticCurvePublicKey):
            half = len(value) // 2
            if half != (public.key_size + 7) // 8 or len(value) % 2:
                raise UnverifiedError("the signature value has a wrong length")
            r, s = int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big")
            public.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
            return
    except InvalidSignature:
        raise UnverifiedError("the signature value is wrong") from None
    raise UnverifiedError("the signature algorithm does not fit the signer's key")


def _referenced(
    reference: etree._Element,
    found: Mapping[str, etree._Element],
    signature: etree._Element,
    allowed: Allowed,
    enveloping: etree._Element | None,
    texts: Mapping[bytes, long_texts.Text],
) -> tuple[str, bytes]:
    inside = parts(reference)
    if [part.tag for part in inside] != [_TRANSFORMS, _DIGEST, _DIGEST_VALUE]:
        raise UnverifiedError("a reference has other parts than transforms and digest")
    uri = reference.get("URI", "")
    element = found.get(uri[1:]) if uri.startswith("#") else None
    if element is None:
        raise UnverifiedError("a reference to nothing in this document")
    listed, method, value = inside
    transforms = parts(listed)
    expected = _PLAIN if enveloping is None else _ENVELOPED
    if [(t.tag, t.get("Algorithm")) for t in transforms] != expected:
        raise UnverifiedError("other transforms than exclusive C14N")
    if method.get("Algorithm") != allowed.digest:
        raise UnverifiedError("a digest algorithm that is not allowed")
    prefixes = _prefixes(transforms[-1])
    if enveloping is None:
        data = canonical(element, prefixes)
    elif element is enveloping and len(transforms[0]) == 0:
        data = _without(signature, element, prefixes)
    else:
        raise UnverifiedError("an enveloped signature over something else")
    data = long_texts.with_texts(data, texts)
    if not hmac.compare_digest(long_texts.sha256(data), _decoded(words(value))):
        raise UnverifiedError("a digest is wrong")
    return uri[1:], data


def _without(signature: etree._Element, element: etree._Element, prefixes: list[str]) -> bytes:
    if signature.getparent() is not element:
        raise UnverifiedError("the enveloped signature is not a child of what it signs")
    # The transform removes the signature and keeps the text behind it; lxml hangs that text on the signature.
    copy = etree.fromstring(on_its_own(element))
    leaving = copy[element.index(signature)]
    tail, previous = leaving.tail or "", leaving.getprevious()
    if previous is not None:
        previous.tail = (previous.tail or "") + tail
    else:
        copy.text = (copy.text or "") + tail
    copy.remove(leaving)
    return canonical(copy, prefixes)


def _prefixes(method: etree._Element) -> list[str]:
    if method.get("Algorithm") != Algorithm.EXCLUSIVE_C14N:
        raise UnverifiedError("another canonical form than exclusive C14N")
    if len(method) == 0:
        return []
    if children(method) != [_PREFIX_LIST]:
        raise UnverifiedError("unknown parameters of a canonical form")
    prefixes = method[0].get("PrefixList", "").split()
    if len(prefixes) > _MOST_PREFIXES:
        raise UnverifiedError("too many prefixes of a canonical form")
    return prefixes


def inclusive_prefixes(signature: etree._Element) -> list[str]:
    """The prefixes that the signature's references keep declared; for writing what it signs without breaking it."""
    found: list[str] = []
    for listed in signature.iter(_PREFIX_LIST):
        found += [prefix for prefix in listed.get("PrefixList", "").split() if prefix not in found]
    return found


def _decoded(text: str) -> bytes:
    try:
        return a2b_base64("".join(text.split()), strict_mode=True)
    except ValueError:  # binascii.Error is one
        raise UnverifiedError("a value that is not base64") from None
