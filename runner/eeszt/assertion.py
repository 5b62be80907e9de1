"""
Believes a SAML 2.0 assertion of the pinned STS, and reads whose it is from what was signed and from nothing else.

Source: SAML 2.0 Core §2.3–2.7 and §5; SAML 2.0 Profiles §3.1 (holder of key). Attributes: the contract pack.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from runner.eeszt.answer import decoded_certificate, instant, pinned
from runner.eeszt.keys import Pin, spki
from runner.eeszt.names import BEARER, HOLDER_OF_KEY, P256, Ns, tag
from runner.eeszt.signature import Allowed, digested, inclusive_prefixes
from runner.eeszt.xml import UnverifiedError, canonical, identifiers, on_its_own, only, parse, words
from runner.mapping.pack import StsProfile

if TYPE_CHECKING:
    from lxml import etree

ASSERTION = tag(Ns.SAML2, "Assertion")
_SIGNATURE = tag(Ns.DS, "Signature")


@dataclass(frozen=True, slots=True)
class Grant:
    """
    What a believed assertion says.

    Attributes:
        assertion: The element as a document of its own, in the form that keeps its signature whole.
        identifier: Its ID.
        user: EESZT user.
        role: EESZT role.
        institution: The institution it was issued for.
        issued_at: Start of its life, aware UTC.
        expires_at: End of its life, aware UTC.
    """

    assertion: bytes = field(repr=False)
    identifier: str
    user: str
    role: str
    institution: str
    issued_at: datetime
    expires_at: datetime


def believed(
    element: etree._Element,
    signers: Mapping[bytes, Pin],
    allowed: Allowed,
    profile: StsProfile,
    proof_key: bytes | None,
    now: datetime,
    skew: timedelta,
) -> Grant:
    """
    The grant in an assertion.

    Args:
        element: The assertion, in a document that was itself believed.
        signers: Pinned certificates of the STS, DER → certificate.
        allowed: Algorithms.
        profile: Where user, role and institution stand.
        proof_key: The key that the assertion must name, SubjectPublicKeyInfo; None: it must be a bearer's.
        now: Aware UTC.
        skew: How far the other side's clock may be off.

    Raises:
        UnverifiedError: It cannot be believed, is not for this key, or is not in force.
    """
    root = parse(on_its_own(element))
    signature = only(root, _SIGNATURE)
    info = only(signature, tag(Ns.DS, "KeyInfo"))
    certificate = only(only(info, tag(Ns.DS, "X509Data")), tag(Ns.DS, "X509Certificate"))
    signer = pinned(signers, decoded_certificate(words(certificate)), now)
    parts = digested(signature, identifiers(root), signer, allowed, enveloping=root)
    identifier = root.get("ID", "")
    if list(parts) != [identifier]:
        raise UnverifiedError("the assertion's signature covers something else")
    signed = parse(parts[identifier])
    if signed.tag != ASSERTION or signed.get("Version") != "2.0":
        raise UnverifiedError("no SAML 2.0 assertion")
    subject = only(signed, tag(Ns.SAML2, "Subject"))
    issued_at, expires_at = _life(signed, subject)
    if issued_at > now + skew or expires_at <= now - skew:
        raise UnverifiedError("the assertion is not in force")
    _check_confirmation(subject, proof_key)
    values = _attributes(signed)
    values["NameID"] = words(only(subject, tag(Ns.SAML2, "NameID")))
    user, role, institution = (
        values.get(name, "") for name in (profile.user_attribute, profile.role_attribute, profile.institution_attribute)
    )
    if not user or not role:
        raise UnverifiedError("the assertion names no user or no role")
    whole = canonical(root, inclusive_prefixes(signature))
    return Grant(whole, identifier, user, role, institution, issued_at, expires_at)


def _life(signed: etree._Element, subject: etree._Element) -> tuple[datetime, datetime]:
    """Start and end: the narrowest of what issue, Conditions, SubjectConfirmationData and session say."""
    conditions = only(signed, tag(Ns.SAML2, "Conditions"))
    starts = [instant(signed.get("IssueInstant", ""))]
    starts += [instant(at)] if (at := conditions.get("NotBefore")) else []
    ends = [instant(conditions.get("NotOnOrAfter", ""))]
    for data in subject.iter(tag(Ns.SAML2, "SubjectConfirmationData")):
        starts += [instant(at)] if (at := data.get("NotBefore")) else []
        ends += [instant(at)] if (at := data.get("NotOnOrAfter")) else []
    for statement in signed.findall(tag(Ns.SAML2, "AuthnStatement")):
        ends += [instant(at)] if (at := statement.get("SessionNotOnOrAfter")) else []
    return max(starts), min(ends)


def _check_confirmation(subject: etree._Element, proof_key: bytes | None) -> None:
    confirmation = only(subject, tag(Ns.SAML2, "SubjectConfirmation"))
    method = confirmation.get("Method")
    if proof_key is None:
        if method != BEARER:
            raise UnverifiedError("the assertion is not a bearer's")
        return
    if method != HOLDER_OF_KEY:
        raise UnverifiedError("the assertion names no holder of a key")
    data = only(confirmation, tag(Ns.SAML2, "SubjectConfirmationData"))
    if _named_key(only(data, tag(Ns.DS, "KeyInfo"))) != proof_key:
        raise UnverifiedError("the assertion names another key")


def _named_key(info: etree._Element) -> bytes:
    """The one key that a ``ds:KeyInfo`` names, by value or by certificate, as SubjectPublicKeyInfo."""
    if len(info) != 1:
        raise UnverifiedError("a key is named in more than one way")
    try:
        if info[0].tag == tag(Ns.DS, "X509Data"):
            data = decoded_certificate(words(only(info[0], tag(Ns.DS, "X509Certificate"))))
            return spki(x509.load_der_x509_certificate(data).public_key())
        value = only(only(info, tag(Ns.DS, "KeyValue")), "*")
        return spki(_rsa_key(value) if value.tag == tag(Ns.DS, "RSAKeyValue") else _ec_key(value))
    except (ValueError, UnsupportedAlgorithm):
        raise UnverifiedError("a key that is none") from None


def _rsa_key(value: etree._Element) -> rsa.RSAPublicKey:
    modulus, exponent = (
        int.from_bytes(b64decode("".join(words(only(value, tag(Ns.DS, name))).split()), validate=True), "big")
        for name in ("Modulus", "Exponent")
    )
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


def _ec_key(value: etree._Element) -> ec.EllipticCurvePublicKey:
    if value.tag != tag(Ns.DSIG11, "ECKeyValue") or only(value, tag(Ns.DSIG11, "NamedCurve")).get("URI") != P256:
        raise UnverifiedError("a key of another kind")
    point = b64decode("".join(words(only(value, tag(Ns.DSIG11, "PublicKey"))).split()), validate=True)
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)


def _attributes(signed: etree._Element) -> dict[str, str]:
    """Attributes with one value; one that occurs twice has none, so that nobody picks the convenient one."""
    found: dict[str, list[str]] = {}
    for statement in signed.findall(tag(Ns.SAML2, "AttributeStatement")):
        for attribute in statement.findall(tag(Ns.SAML2, "Attribute")):
            values = attribute.findall(tag(Ns.SAML2, "AttributeValue"))
            found.setdefault(attribute.get("Name", ""), []).extend(words(value) for value in values)
    return {name: values[0] for name, values in found.items() if len(values) == 1}


def within_lifetime(grant: Grant, response: etree._Element) -> Grant:
    """The grant, cut where the ``wst:Lifetime`` of the response around it ends earlier than the assertion."""
    lifetime = response.find(tag(Ns.WST, "Lifetime"))
    end = None if lifetime is None else lifetime.find(tag(Ns.WSU, "Expires"))
    if end is None or (at := instant(words(end))) >= grant.expires_at:
        return grant
    return Grant(grant.assertion, grant.identifier, grant.user, grant.role, grant.institution, grant.issued_at, at)
