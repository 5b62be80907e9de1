"""
What is exchanged, written into the audit log without the secrets that travel in it.

A token is replaced by its digest. A one-time password has few possible values, so that its digest, and the signature
over that digest, would tell it: both are taken out with it and leave nothing behind.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field

from lxml import etree

from runner.domain import long_texts
from runner.domain.audit import EntryKind
from runner.eeszt.parts import Part
from runner.eeszt.wsse import Request
from runner.eeszt.xml import UnverifiedError, escaped, parse
from runner.ports import AuditLog, Entry, Noted

_REMOVED = b'<removed xmlns="urn:eeszt-runner:audit"/>'
_SECURITY_END = b"</wsse:Security>"
#: Elements whose content can be a secret, wherever an answer of the token service has them.
_SECRET = frozenset(
    {
        "RequestedSecurityToken",
        "RequestedProofToken",
        "Assertion",
        "EncryptedAssertion",
        "BinarySecret",
        "Entropy",
        "UsernameToken",
        "Password",
    }
)


@dataclass(frozen=True, slots=True)
class Asker:
    """
    Who asks for a token.

    Attributes:
        name: EESZT user.
        part: His UsernameToken; None where a certificate proves him.
        password: His one-time password, so that it can be taken out of what is logged.
        proof: What his card signed, as an element of the body; good for this request alone, so it is logged.
    """

    name: str
    part: Part | None = None
    password: str | None = field(default=None, repr=False)
    proof: str = field(default="", repr=False)


class Record:
    """
    Writes requests and answers. Safe for threads.

    Args:
        audit: The log; None: nothing is recorded, for tools and tests. The daemon always has one.
    """

    def __init__(self, audit: AuditLog | None) -> None:
        self._audit = audit

    @property
    def is_down(self) -> bool:
        """Whether nothing can be logged now, so that nothing may be sent."""
        return self._audit is not None and self._audit.is_down

    def request(self, about: Entry) -> None:
        """
        Log what is about to leave; durable when this returns.

        Raises:
            StoreError: RNR-7101, it is not logged: it must not leave.
        """
        if self._audit is not None:
            self._audit.write(about)

    def answer(self, about: Entry) -> Noted | None:
        """Log what came back; None where nothing is recorded."""
        return self._audit.note(about) if self._audit is not None else None


def entry(
    kind: EntryKind,
    request: Request,
    body: bytes,
    *,
    outcome: str = "",
    item: int | None = None,
    acting_user: str | None = None,
    his_user: str | None = None,
) -> Entry:
    """Give the entry of a request or of its answer; both carry the request's operation and message identifier."""
    return Entry(
        kind=kind,
        body=body,
        outcome=outcome,
        item=item,
        acting_user=acting_user,
        his_user=his_user,
        operation=request.operation.name,
        message_id=request.message_id,
    )


def without_files(data: bytes) -> bytes:
    """Give an envelope with each long text replaced by its SHA-256 (base64) and its length."""
    texts = long_texts.texts_of(data)
    made = bytes(data)
    for mark, text in texts.items():
        digest = b64encode(long_texts.sha256_of(text)).decode()
        removed = f'<removed xmlns="urn:eeszt-runner:audit" sha256="{digest}" length="{len(text)}"/>'
        made = made.replace(mark, removed.encode())
    return made


def without_token(data: bytes, token: Part | None) -> bytes:
    """Give an envelope, or an answer that repeats it, with the token replaced by its SHA-256 (base64)."""
    data = without_files(data)
    if token is None or token.identifier.encode() not in data:  # a short search says that the long one finds nothing
        return data
    return data.replace(token.wire, f'<removed xmlns="urn:eeszt-runner:audit" sha256="{token.digest}"/>'.encode())


def without_password(signed: bytes, user: Part | None) -> bytes:
    """Give an envelope without its UsernameToken, and without the certificate and signature that stand behind it."""
    if user is None:
        return signed
    before, found, after = signed.partition(user.wire)
    assert found
    return before + _REMOVED + signed[len(signed) - len(after) + after.index(_SECURITY_END) :]


def without_grant(data: bytes, password: str | None) -> bytes:
    """
    Give an answer of the token service without what it grants, and without the password if it repeats that.

    Of what is no XML nothing is given: nobody could say what stands in it.
    """
    try:
        root = parse(data)
    except UnverifiedError:
        return b""
    etree.strip_elements(root, etree.Comment, with_tail=False)
    secrets = [each for each in root.iter("{*}*") if etree.QName(each).localname in _SECRET]
    for each in secrets:
        each.attrib.clear()
        each.text = None
        del each[:]
    left = etree.tostring(root)
    for form in {password, escaped(password)} if password else ():
        left = left.replace(form.encode(), b"")
    return left
