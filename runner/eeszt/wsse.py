"""
SOAP envelopes with WS-Security, as text whose parts are their own canonical form.

Each signed part declares the namespaces that it uses itself and no others, so its bytes on the wire are the bytes that
are digested; only the body, which somebody else made, is canonicalised by lxml. That makes signing as cheap as its
hashes, and what is stored is what is sent.

Source: WS-Security 1.1 (SOAP Message Security, X.509, SAML and UsernameToken profiles, OASIS 2006); XML Signature 1.1;
WS-Addressing 1.0; which parts are signed and how the key is named: the contract pack's README.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from runner.domain import long_texts
from runner.eeszt.keys import Signer
from runner.eeszt.names import SOAP, Algorithm, Ns
from runner.eeszt.parts import (
    WSA,
    WSSE,
    WSU,
    KeyName,
    Part,
    base64,
    certificate_part,
    digest,
    key_info,
    part_of,
    reference,
)
from runner.eeszt.xml import canonical, escaped, parse
from runner.mapping.pack import Operation

_METHOD = f'<ds:CanonicalizationMethod Algorithm="{Algorithm.EXCLUSIVE_C14N}"></ds:CanonicalizationMethod>'
_TO_BE_PARSED = re.compile(rb"xmlns:(?:s|wsu)=|<\?")
"""What changes a body's canonical form inside of ours, or is refused."""


@dataclass(frozen=True, slots=True)
class Request:
    """
    What an envelope is made from.

    Attributes:
        operation: Action and SOAP version.
        to: The service's address.
        message_id: ``urn:uuid:…``; the same when it is sent again.
        body: The one element in the body, exclusive C14N; it stands in the envelope byte for byte.
        created_at: Start of the Timestamp, aware UTC.
        expires_at: End of the Timestamp, aware UTC.
        is_fresh: Whether this process made the body canonical itself, as one element, so that nobody need look again.
    """

    operation: Operation
    to: str
    message_id: str
    body: bytes = field(repr=False)
    created_at: datetime
    expires_at: datetime
    is_fresh: bool = False


def envelope(
    request: Request, signer: Signer, named_by: KeyName, signed_parts: Iterable[str], token: Part | None = None
) -> bytes:
    """
    The signed envelope, UTF-8, without an XML declaration; the body's long texts stand beside it.

    Args:
        request: What is said, to whom, until when.
        signer: Whose key signs.
        named_by: How the key is named.
        signed_parts: Names of the parts to be signed, of ``timestamp body to action message_id token certificate``;
            what is not in this envelope is left out.
        token: From ``assertion_part`` or ``user_part``, or None.

    Raises:
        UnverifiedError: The body is not one well-formed element.
    """
    frame = (_frame if token is None or token.is_secret else _kept_frame)(
        SOAP[request.operation.soap_version],
        request.to,
        request.operation.action,
        signer.algorithm,
        token,
        certificate_part(signer) if named_by is KeyName.CERTIFICATE else None,
        key_info(signer, named_by, token),
        tuple(signed_parts),
    )
    timestamp = frame.timestamp % (_instant(request.created_at), _instant(request.expires_at))
    body, body_digest = _body(frame, request.body, is_fresh=request.is_fresh)
    message_id = frame.message_id % escaped(request.message_id).encode()
    info = frame.info % {b"timestamp": digest(timestamp), b"body": body_digest, b"message_id": digest(message_id)}
    whole = b"".join(
        (
            frame.before_message_id,
            message_id,
            frame.before_timestamp,
            timestamp,
            frame.before_info,
            info,
            frame.before_value,
            base64(signer.sign(info)),
            frame.before_body,
            body,
            b"</s:Envelope>",
        )
    )
    return long_texts.with_texts(whole, long_texts.texts_of(body))


def http_headers(operation: Operation) -> dict[str, str]:
    """The HTTP headers that a SOAP request carries: 1.1 has SOAPAction, 1.2 puts the action into the content type."""
    if operation.soap_version == "1.1":
        return {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{operation.action}"'}
    return {"Content-Type": f'application/soap+xml; charset=utf-8; action="{operation.action}"'}


@dataclass(frozen=True, slots=True)
class _Frame:
    """
    All of an envelope that is the same for many messages.

    Attributes:
        timestamp: Its element, with two places for instants.
        message_id: Its element, with one place.
        body: Start tag of the body.
        info: SignedInfo, with named places for the digests of ``timestamp``, ``body`` and ``message_id``.
        before_message_id: What stands in the envelope before it; the others alike, in their order.
    """

    timestamp: bytes
    message_id: bytes
    body: bytes
    info: bytes
    before_message_id: bytes
    before_timestamp: bytes
    before_info: bytes
    before_value: bytes
    before_body: bytes


def _frame(
    soap: Ns,
    to: str,
    action: str,
    algorithm: str,
    token: Part | None,
    certificate: Part | None,
    key_info: str,
    signed_parts: tuple[str, ...],
) -> _Frame:
    said = [
        part_of(name, name, f'wsa:{element} {WSA} wsu:Id="{name}"', escaped(text))
        for name, element, text in (("to", "To", to), ("action", "Action", action))
    ]
    tokens = [part for part in (token, certificate) if part is not None]
    places = [Part(name, name.replace("_", "-"), b"", f"%({name})b") for name in ("timestamp", "body", "message_id")]
    ordered = (*places[:2], *said, *places[2:], *tokens)
    understand = "1" if soap is Ns.S11 else "true"
    references = "".join(reference(part) for part in ordered if part.name in signed_parts)
    return _Frame(
        timestamp=f'<wsu:Timestamp {WSU} wsu:Id="timestamp"><wsu:Created>%b</wsu:Created>'
        "<wsu:Expires>%b</wsu:Expires></wsu:Timestamp>".encode(),
        message_id=f'<wsa:MessageID {WSA} wsu:Id="message-id">%b</wsa:MessageID>'.encode(),
        body=f'<s:Body xmlns:s="{soap}" {WSU} wsu:Id="body">'.encode(),
        info=f'<ds:SignedInfo xmlns:ds="{Ns.DS}">{_METHOD}<ds:SignatureMethod Algorithm="{algorithm}">'
        f"</ds:SignatureMethod>{references}</ds:SignedInfo>".encode(),
        before_message_id=f'<s:Envelope xmlns:s="{soap}"><s:Header>'.encode() + b"".join(part.wire for part in said),
        before_timestamp=f'<wsse:Security {WSSE} s:mustUnderstand="{understand}">'.encode(),
        before_info=b"".join(part.wire for part in tokens) + f'<ds:Signature xmlns:ds="{Ns.DS}">'.encode(),
        before_value=b"<ds:SignatureValue>",
        before_body=f"</ds:SignatureValue><ds:KeyInfo>{key_info}</ds:KeyInfo></ds:Signature>"
        "</wsse:Security></s:Header>".encode(),
    )


_kept_frame = lru_cache(maxsize=512)(_frame)
"""For services × operations × tokens that are in use at once; a password is in none."""


def _body(frame: _Frame, inside: bytes, *, is_fresh: bool) -> tuple[bytes, bytes]:
    """The body's bytes in the envelope, and the digest of its exclusive C14N."""
    wire = long_texts.with_texts(b"".join((frame.body, inside, b"</s:Body>")), long_texts.texts_of(inside))
    if is_fresh and not _TO_BE_PARSED.search(inside):
        return wire, digest(wire)  # canonical inside and around, so canonical as a whole
    # Parsed and canonicalised, so that the digest is right whatever prefixes the body uses, and so that no mapping can
    # write anything beside its own element.
    root = parse(wire)
    if len(root) != 1:
        raise ValueError("the body must be one element")
    return wire, digest(long_texts.with_texts(canonical(root), long_texts.texts_of(inside)))


def _instant(at: datetime) -> bytes:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z").encode()
