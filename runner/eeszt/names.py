"""Namespaces and identifiers of the public standards that messages are made of; nothing here is the EESZT's own."""

from __future__ import annotations

from enum import StrEnum


class Ns(StrEnum):
    """An XML namespace; the member's name in lower case is the prefix that we write."""

    S11 = "http://schemas.xmlsoap.org/soap/envelope/"
    S12 = "http://www.w3.org/2003/05/soap-envelope"
    WSA = "http://www.w3.org/2005/08/addressing"
    WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
    WSSE11 = "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd"
    WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
    WST = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
    SAML2 = "urn:oasis:names:tc:SAML:2.0:assertion"
    DS = "http://www.w3.org/2000/09/xmldsig#"
    DSIG11 = "http://www.w3.org/2009/xmldsig11#"
    EC = "http://www.w3.org/2001/10/xml-exc-c14n#"
    XML = "http://www.w3.org/XML/1998/namespace"


class Algorithm(StrEnum):
    """An algorithm's identifier in XML Signature."""

    EXCLUSIVE_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
    ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
    SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
    RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"


#: Names that a contract pack may use, and what they are on the wire; whatever is not here cannot be allowed at all.
SIGNATURES = {"rsa-sha256": Algorithm.RSA_SHA256, "ecdsa-sha256": Algorithm.ECDSA_SHA256}
DIGESTS = {"sha256": Algorithm.SHA256}

SOAP = {"1.1": Ns.S11, "1.2": Ns.S12}

X509_V3 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"
BASE64_BINARY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
PASSWORD_TEXT = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText"  # noqa: S105  a type
SAML_V2 = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV2.0"
SAML_ID = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLID"
P256 = "urn:oid:1.2.840.10045.3.1.7"

ISSUE = "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Issue"
KEY_TYPE_PUBLIC = "http://docs.oasis-open.org/ws-sx/ws-trust/200512/PublicKey"
KEY_TYPE_BEARER = "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer"
HOLDER_OF_KEY = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"


def tag(namespace: str, local: str) -> str:
    """The element or attribute name as lxml writes it, ``{namespace}local``."""
    return f"{{{namespace}}}{local}"
