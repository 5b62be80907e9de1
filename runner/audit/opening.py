"""Opening one sealed body with the institution's private key."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from runner.audit.keys import unwrap
from runner.audit.reading import lines
from runner.audit.segment import SALT_BYTES, SegmentFiles, bound_to, nonce
from runner.domain.audit import EntryKind, Header, read
from runner.errors import fault

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import rsa


def opened_body(files: SegmentFiles, header: Header, key: rsa.RSAPrivateKey) -> bytes:
    """
    Give the body of an entry as it was before sealing.

    Raises:
        IntegrityError: RNR-8211 it does not open (changed, or another key), 8214 the bodies of its segment are not
            there, 8215 it has none that could be shown.
    """
    where = f"{header.chain}/{header.sequence}"
    if header.kind == EntryKind.SEGMENT:
        raise fault(8215, where)
    try:
        with files.bodies.open("rb") as file:
            wrapped = file.read(_opening(files).size)
            file.seek(header.offset)
            sealed = file.read(header.size)
    except FileNotFoundError as error:
        raise fault(8214, where, segment=header.segment) from error
    try:
        cipher = AESGCM(unwrap(key, wrapped))
        place = bound_to(header.chain, header.segment, header.sequence)
        plain = cipher.decrypt(nonce(header.sequence), sealed, place)
    except (ValueError, InvalidTag) as error:
        raise fault(8211, where) from error
    if hashlib.sha256(plain).hexdigest() != header.body:
        raise fault(8211, where)
    return plain[SALT_BYTES:]


def _opening(files: SegmentFiles) -> Header:
    for _, line in lines(files.headers):
        try:
            return read(line)[0]
        except ValueError:
            break
    raise fault(8211, str(files.headers))
