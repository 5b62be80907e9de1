"""
XML that comes from outside, and the canonical bytes that signatures are made over.

Source: XML 1.0; Exclusive XML Canonicalization 1.0 (W3C, 2002); SOAP 1.2 part 1 §5 (no DTD, no processing instruction).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from typing import Any

from lxml import etree

from runner.eeszt.names import Ns

#: What may stand before the root element; whatever follows it and is no element is a document type declaration.
_PROLOG = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s++|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
#: Characters that XML 1.0 does not have, not even as a reference.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PLAIN = re.compile("[ -%'-;=?-~]*")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"})
#: Canonical XML sorts what an element declares and compares each with each: more than any message has would take hours.
_MOST_ATTRIBUTES = 64
_MOST_NAMESPACES = 512
#: Without what stands beside it, see ``domain.long_texts``; that much of empty elements takes seconds.
_MOST_BYTES = 16 * 1024 * 1024
#: Attributes that a same-document reference could mean, whatever the schema says.
_IDENTIFIERS = "//@wsu:Id | //@Id | //@ID | //@AssertionID | //@xml:id"


class UnverifiedError(Exception):
    """What came back cannot be believed; the text is a technical reason without any value of the message."""


class _OfThread(threading.local):
    """A parser and a search of each thread's own: making them anew costs as much as a small message."""

    def __init__(self) -> None:
        self.parser = etree.XMLParser(
            encoding="utf-8",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            huge_tree=False,
            remove_comments=True,
        )
        self.has_too_many = etree.XPath(f"boolean(/descendant::*/@*[{_MOST_ATTRIBUTES + 1}])")
        self.identifiers = etree.XPath(_IDENTIFIERS, namespaces={"wsu": Ns.WSU})


_own = _OfThread()


def parse(data: bytes) -> etree._Element:
    """
    The root element of a document from outside.

    Comments are dropped while parsing, so that none can split a value in two. The encoding is UTF-8 whatever the
    declaration says, so that nothing can hide from the check for a document type declaration.

    Args:
        data: A whole document, UTF-8; its size is bounded by whoever received it.

    Raises:
        UnverifiedError: Not well-formed, a document type declaration, a processing instruction, or more bytes,
            attributes or namespace declarations than a message has.
    """
    if len(data) > _MOST_BYTES:
        raise UnverifiedError("more than 16 MB beside its files")
    prolog = _PROLOG.match(data)
    if prolog is not None and data.startswith(b"<!", prolog.end()):
        raise UnverifiedError("a document type declaration")
    if data.count(b"xmlns") > _MOST_NAMESPACES:
        raise UnverifiedError("too many namespace declarations")
    try:
        root = etree.fromstring(data, _own.parser)
    except etree.XMLSyntaxError as error:
        raise UnverifiedError("not well-formed XML") from error.with_traceback(None)
    if root.getroottree().docinfo.internalDTD is not None:
        raise UnverifiedError("a document type declaration")
    if next(root.iter(etree.ProcessingInstruction, etree.Entity), None) is not None:
        raise UnverifiedError("a processing instruction or an entity")
    if _own.has_too_many(root):  # libxml2 counts; a loop over all elements here is a fifth of the parsing
        raise UnverifiedError("too many attributes")
    return root


def canonical(element: etree._Element, prefixes: Sequence[str] = ()) -> bytes:
    """
    The element in exclusive C14N without comments.

    Args:
        element: Anywhere in its document; its tail is not part of it.
        prefixes: ``InclusiveNamespaces/@PrefixList``, ``#default`` for the default namespace.

    Raises:
        UnverifiedError: It has no canonical form, e.g. by a relative namespace.
    """
    if prefixes:
        element = _with_scope(element)
    try:
        return etree.tostring(
            element, method="c14n", exclusive=True, with_comments=False, inclusive_ns_prefixes=list(prefixes) or None
        )
    except etree.C14NError as error:
        raise UnverifiedError("no canonical form") from error.with_traceback(None)


def _with_scope(element: etree._Element) -> etree._Element:
    # lxml canonicalises a subtree as if it had no ancestors, so prefixes of a PrefixList that an ancestor declares
    # would be lost. Written as a document of its own, the element declares all that is in scope itself.
    return etree.fromstring(on_its_own(element))


def on_its_own(element: etree._Element) -> bytes:
    """The element as the bytes of a document of its own, UTF-8; prefixes that are in scope stay declared."""
    data: bytes = etree.tostring(element, encoding="utf-8", xml_declaration=False, with_tail=False)
    return data


def identifiers(root: etree._Element) -> dict[str, etree._Element]:
    """
    Every identifier of the document with its element.

    Raises:
        UnverifiedError: Two elements bear the same identifier, whatever their attributes are called.
    """
    found: dict[str, etree._Element] = {}
    values: Any = _own.identifiers(root)
    for value in values:
        element = value.getparent()
        if found.setdefault(str(value), element) is not element:
            raise UnverifiedError("an identifier that occurs twice")
    return found


def only(parent: etree._Element, name: str) -> etree._Element:
    """
    The one child of that name.

    Raises:
        UnverifiedError: There is none, or more than one.
    """
    found = list(parent.iterchildren(name))
    if len(found) != 1:
        raise UnverifiedError(f"{len(found)} elements {etree.QName(name).localname} instead of one")
    return found[0]


def children(parent: etree._Element) -> list[str]:
    """
    The names of the child elements, in order.

    Raises:
        UnverifiedError: Text stands between them.
    """
    return [str(child.tag) for child in parts(parent)]


def parts(parent: etree._Element) -> list[etree._Element]:
    """
    The child elements, in order.

    Raises:
        UnverifiedError: Text stands between them.
    """
    found = list(parent)
    between = parent.text
    for child in found:
        if between and not between.isspace():
            break
        between = child.tail
    if between and not between.isspace():
        raise UnverifiedError(f"text between the parts of {etree.QName(parent).localname}")
    return found


def words(element: etree._Element) -> str:
    """
    The text of an element that holds nothing else, without white space around it.

    Raises:
        UnverifiedError: It has child elements.
    """
    if len(element):
        raise UnverifiedError(f"elements inside {etree.QName(element).localname}")
    return (element.text or "").strip()


def escaped(text: str) -> str:
    """
    Character data in the form that C14N gives it.

    Raises:
        ValueError: A character that XML forbids.
    """
    if _PLAIN.fullmatch(text):
        return text
    if _FORBIDDEN.search(text):
        raise ValueError("a character that XML forbids")
    return text.translate(_ESCAPES)
