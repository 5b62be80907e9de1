"""Parsers: what is long is parsed without the limits of libxml2, of which one is 10 million characters of a text."""

from __future__ import annotations

from lxml import etree
from signxml.signer import XMLSigner
from signxml.verifier import XMLVerifier

_SMALL_BYTES = 9_000_000


def parser(size: int) -> etree.XMLParser:
    """A parser for so many bytes; what is small keeps the limits, which stop whatever grows while it is parsed."""
    return etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=size > _SMALL_BYTES)


class Verifier(XMLVerifier):
    """Verifies signatures over messages of any length; what it parses was parsed before."""

    @property
    def parser(self) -> etree.XMLParser:
        """For all that it parses."""
        return parser(_SMALL_BYTES + 1)


class Signer(XMLSigner):
    """Signs messages of any length."""

    @property
    def parser(self) -> etree.XMLParser:
        """For all that it parses."""
        return parser(_SMALL_BYTES + 1)
