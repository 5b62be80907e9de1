"""SAML assertions: issued by the simulated STS, and checked by its services."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography import x509
from lxml import etree

from runner.simulator.key_value import PublicKey, key_info_with_certificate, key_info_with_key, public_key_of
from runner.simulator.names import BEARER, HOLDER_OF_KEY, Ns, tag
from runner.simulator.pki import Identity, load_certificate, load_key
from runner.simulator.refusal import Code, Refusal
from runner.simulator.signature import sign_enveloped, verify_enveloped

if TYPE_CHECKING:
    from runner.simulator.pack import Pack
    from runner.simulator.user import User

_ISSUER = "urn:x-eeszt-runner:simulator:sts"


@dataclass(frozen=True)
class Claims:
    """What a verified assertion says."""

    user: str
    role: str
    institution: str
    #: The proof key; None for a bearer's token.
    key: PublicKey | None
    not_before: datetime
    not_on_or_after: datetime


class Assertions:
    """Issues and checks; the STS and its services share the STS certificate and nothing else."""

    def __init__(self, pack: Pack, sts: Identity) -> None:
        self._pack = pack
        self._certificate = load_certificate(sts.certificate)
        self._key = load_key(sts.key)
        self._verified = lru_cache(maxsize=1024)(self._verify)

    def issue(
        self, user: User, institution: str, key: PublicKey | x509.Certificate | None, now: datetime, life_s: float
    ) -> tuple[etree._Element, datetime]:
        """A signed assertion for the user, bound to the key (None: for its bearer), and the end of its life."""
        ends = now + timedelta(seconds=life_s)
        root = etree.Element(tag(Ns.SAML, "Assertion"), nsmap={"saml2": Ns.SAML})
        root.set("ID", f"_{secrets.token_hex(16)}")
        root.set("Version", "2.0")
        root.set("IssueInstant", instant(now))
        _add(root, "Issuer").text = _ISSUER
        etree.SubElement(root, tag(Ns.DS, "Signature"), Id="placeholder", nsmap={"ds": Ns.DS})
        subject = _add(root, "Subject")
        _add(subject, "NameID").text = user.eeszt_user
        confirmation = _add(subject, "SubjectConfirmation")
        confirmation.set("Method", BEARER if key is None else HOLDER_OF_KEY)
        data = _add(confirmation, "SubjectConfirmationData")
        data.set("NotOnOrAfter", instant(ends))
        if key is not None:
            is_certificate = isinstance(key, x509.Certificate)
            data.append(key_info_with_certificate(key) if is_certificate else key_info_with_key(key))  # type: ignore[arg-type]
        conditions = _add(root, "Conditions")
        conditions.set("NotBefore", instant(now - timedelta(seconds=self._pack.security.clock_skew_s)))
        conditions.set("NotOnOrAfter", instant(ends))
        statement = _add(root, "AuthnStatement")
        statement.set("AuthnInstant", instant(now))
        context = _add(statement, "AuthnContext")
        _add(context, "AuthnContextClassRef").text = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"
        statement = _add(root, "AttributeStatement")
        sts = self._pack.sts
        values = {sts.role_attribute: user.role, sts.institution_attribute: institution}
        if sts.user_attribute != "NameID":
            values[sts.user_attribute] = user.eeszt_user
        for name, value in values.items():
            attribute = _add(statement, "Attribute")
            attribute.set("Name", name)
            _add(attribute, "AttributeValue").text = value
        return sign_enveloped(root, self._key, self._certificate), ends

    def check(self, assertion: etree._Element) -> Claims:
        """
        What the assertion says, if it was issued here; whether it is still in force is the caller's to ask.

        Raises:
            Refusal: ALAIRAS_HIBAS.
        """
        return self._verified(etree.tostring(assertion, with_tail=False))

    def _verify(self, data: bytes) -> Claims:
        root = verify_enveloped(etree.fromstring(data), self._certificate, self._pack.security)
        conditions = root.find(tag(Ns.SAML, "Conditions"))
        confirmation = root.find(f"{tag(Ns.SAML, 'Subject')}/{tag(Ns.SAML, 'SubjectConfirmation')}")
        if conditions is None or confirmation is None:
            raise Refusal(Code.BAD_SIGNATURE, why="the assertion lacks conditions or confirmation")
        info = confirmation.find(f"{tag(Ns.SAML, 'SubjectConfirmationData')}/{tag(Ns.DS, 'KeyInfo')}")
        attributes = {
            attribute.get("Name"): attribute.findtext(tag(Ns.SAML, "AttributeValue")) or ""
            for attribute in root.iterfind(f"{tag(Ns.SAML, 'AttributeStatement')}/{tag(Ns.SAML, 'Attribute')}")
        }
        return Claims(
            user=root.findtext(f"{tag(Ns.SAML, 'Subject')}/{tag(Ns.SAML, 'NameID')}") or "",
            role=attributes.get(self._pack.sts.role_attribute, ""),
            institution=attributes.get(self._pack.sts.institution_attribute, ""),
            key=None if info is None else public_key_of(info),
            not_before=parse_instant(conditions.get("NotBefore", "")),
            not_on_or_after=parse_instant(conditions.get("NotOnOrAfter", "")),
        )


def instant(at: datetime) -> str:
    """An aware instant in XML's form, UTC with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_instant(text: str) -> datetime:
    """
    The aware instant that XML's form says.

    Raises:
        Refusal: HIBAS_IDO; also where it says no time zone.
    """
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError as exc:
        raise Refusal(Code.CLOCK, why="is no instant") from exc
    if at.tzinfo is None:
        raise Refusal(Code.CLOCK, why="an instant without a time zone")
    return at.astimezone(UTC)


def _add(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, tag(Ns.SAML, name))
