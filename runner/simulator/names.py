"""The namespaces and identifiers of the public standards that the wire profile names."""

from __future__ import annotations

from enum import StrEnum


class Ns(StrEnum):
    """An XML namespace of a public standard."""

    SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
    SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
    WSA = "http://www.w3.org/2005/08/addressing"
    WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
    WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
    WSSE11 = "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd"
    WST = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
    SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
    DS = "http://www.w3.org/2000/09/xmldsig#"
    DSIG11 = "http://www.w3.org/2009/xmldsig11#"
    XS = "http://www.w3.org/2001/XMLSchema"
    XSI = "http://www.w3.org/2001/XMLSchema-instance"
    WSDL = "http://schemas.xmlsoap.org/wsdl/"
    WSDL_SOAP11 = "http://schemas.xmlsoap.org/wsdl/soap/"
    WSDL_SOAP12 = "http://schemas.xmlsoap.org/wsdl/soap12/"
    WSAM = "http://www.w3.org/2007/05/addressing/metadata"
    WSAW = "http://www.w3.org/2006/05/addressing/wsdl"
    SIM = "urn:x-eeszt-runner:simulator"


EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
SAML_TOKEN = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV2.0"  # noqa: S105  a type, no secret
SAML_ID = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLID"
X509_V3 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"
BASE64 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
PASSWORD_TEXT = f"{_OASIS}-username-token-profile-1.0#PasswordText"
KEY_TYPE_BEARER = f"{Ns.WST}/Bearer"
KEY_TYPE_PUBLIC = f"{Ns.WST}/PublicKey"
HOLDER_OF_KEY = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
P256_OID = "urn:oid:1.2.840.10045.3.1.7"


def tag(namespace: str, local: str) -> str:
    """The name as lxml writes it, ``{namespace}local``."""
    return f"{{{namespace}}}{local}"


def local_name(clark: str) -> str:
    """The part after the namespace."""
    return clark.rpartition("}")[2]
