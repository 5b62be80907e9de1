"""Public keys as XML Signature writes them, and certificates around bare keys for the verifier."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from lxml import etree

from runner.simulator.names import P256_OID, Ns, tag
from runner.simulator.refusal import Code, Refusal

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


def public_key_of(key_info: etree._Element) -> PublicKey:
    """
    The key in a ds:KeyInfo: a KeyValue, or an X509Data with one certificate.

    Raises:
        Refusal: There is none, or it is of no kind that the profile knows.
    """
    try:
        certificate = key_info.find(f"{tag(Ns.DS, 'X509Data')}/{tag(Ns.DS, 'X509Certificate')}")
        if certificate is not None:
            return known(x509.load_der_x509_certificate(_decode(certificate)).public_key())
        value = key_info.find(tag(Ns.DS, "KeyValue"))
        if value is not None:
            return _from_value(value)
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise Refusal(Code.BAD_SIGNATURE, why=f"KeyInfo cannot be read: {exc}") from exc
    raise Refusal(Code.BAD_SIGNATURE, why="KeyInfo names no key")


def _from_value(value: etree._Element) -> PublicKey:
    curve = value.find(f"{tag(Ns.DSIG11, 'ECKeyValue')}/{tag(Ns.DSIG11, 'NamedCurve')}")
    point = value.find(f"{tag(Ns.DSIG11, 'ECKeyValue')}/{tag(Ns.DSIG11, 'PublicKey')}")
    if curve is not None and point is not None and curve.get("URI") == P256_OID:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _decode(point))
    modulus = value.find(f"{tag(Ns.DS, 'RSAKeyValue')}/{tag(Ns.DS, 'Modulus')}")
    exponent = value.find(f"{tag(Ns.DS, 'RSAKeyValue')}/{tag(Ns.DS, 'Exponent')}")
    if modulus is None or exponent is None:
        raise ValueError("no P-256 or RSA key value")
    numbers = (int.from_bytes(_decode(part), "big") for part in (exponent, modulus))
    return rsa.RSAPublicNumbers(*numbers).public_key()


def _decode(element: etree._Element) -> bytes:
    return base64.b64decode("".join((element.text or "").split()), validate=True)


def known(key: object) -> PublicKey:
    """The key, if it is of a kind that the profile knows."""
    if isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        return key
    raise Refusal(Code.BAD_SIGNATURE, why="the key is neither RSA nor elliptic curve")


def key_info_with_key(key: PublicKey) -> etree._Element:
    """A ds:KeyInfo with a KeyValue."""
    info = etree.Element(tag(Ns.DS, "KeyInfo"), nsmap={"ds": Ns.DS, "dsig11": Ns.DSIG11})
    value = etree.SubElement(info, tag(Ns.DS, "KeyValue"))
    if isinstance(key, ec.EllipticCurvePublicKey):
        outer = etree.SubElement(value, tag(Ns.DSIG11, "ECKeyValue"))
        etree.SubElement(outer, tag(Ns.DSIG11, "NamedCurve"), URI=P256_OID)
        point = key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        etree.SubElement(outer, tag(Ns.DSIG11, "PublicKey")).text = base64.b64encode(point).decode()
        return info
    numbers = key.public_numbers()
    outer = etree.SubElement(value, tag(Ns.DS, "RSAKeyValue"))
    for name, number in (("Modulus", numbers.n), ("Exponent", numbers.e)):
        content = number.to_bytes((number.bit_length() + 7) // 8, "big")
        etree.SubElement(outer, tag(Ns.DS, name)).text = base64.b64encode(content).decode()
    return info


def key_info_with_certificate(certificate: x509.Certificate) -> etree._Element:
    """A ds:KeyInfo with an X509Data."""
    info = etree.Element(tag(Ns.DS, "KeyInfo"), nsmap={"ds": Ns.DS})
    data = etree.SubElement(info, tag(Ns.DS, "X509Data"))
    etree.SubElement(data, tag(Ns.DS, "X509Certificate")).text = base64.b64encode(der(certificate)).decode()
    return info


def der(certificate: x509.Certificate) -> bytes:
    """The certificate's DER bytes."""
    return certificate.public_bytes(serialization.Encoding.DER)


def key_bytes(key: PublicKey) -> bytes:
    """The key as SubjectPublicKeyInfo, for comparing."""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def wrapped(key: PublicKey) -> x509.Certificate:
    """A certificate around a bare key: signxml 5.2 verifies only with a certificate or with a key in the signature."""
    return _wrapped(key_bytes(key))


@lru_cache(maxsize=512)
def _wrapped(spki: bytes) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "burok")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(known(serialization.load_der_public_key(spki)))
        .serial_number(1)
        .not_valid_before(datetime(2000, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2999, 1, 1, tzinfo=UTC))
        .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    )
