"""One question and its believed answer: sign, post, verify. Services and the STS are asked the same way."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lxml import etree

from runner.eeszt.answer import Answer, Verifier
from runner.eeszt.http import HttpAnswer, HttpClient, LostError
from runner.eeszt.keys import Signer
from runner.eeszt.parts import KeyName, Part
from runner.eeszt.signature import Allowed
from runner.eeszt.wsse import Request, envelope, http_headers
from runner.eeszt.xml import UnverifiedError, parse
from runner.mapping.pack import ContractPack, FaultPaths

_XML_TYPES = frozenset({"text/xml", "application/soap+xml", "application/xml"})
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]*/[a-z0-9][a-z0-9.+-]*")
_LONGEST_MEDIA_TYPE = 60
#: Statuses of whatever stands before the service: it was busy or not there, and gave no answer of its own.
_IN_BETWEEN = frozenset({429, 502, 503, 504})
_OK = 200


class NoAnswerError(LostError):
    """
    Something came back that is no answer, such as an error page.

    Attributes:
        is_bad: Whether it claims to come from the service itself.
    """

    def __init__(self, text: str, *, is_bad: bool) -> None:
        super().__init__(text)
        self.is_bad = is_bad


@dataclass(frozen=True, slots=True)
class FaultFacts:
    """
    What a believed fault says.

    Attributes:
        code: Decides the outcome; None where the fault has none, or several.
        field: The field that it is about, or None.
        identifier: Of the document that is there already, or None.
    """

    code: str | None
    field: str | None
    identifier: str | None


class Exchange:
    """
    Asks one contract's services. Safe for threads.

    Args:
        pack: What is signed and allowed.
        http: Sends.
        pins: Certificates (DER) that may sign answers.
    """

    def __init__(self, pack: ContractPack, http: HttpClient, pins: Sequence[bytes]) -> None:
        self._http = http
        self._signed_parts = tuple(pack.security.signed_parts)
        self.allowed = Allowed.of(pack.security.signatures, pack.security.digest)
        self.skew = timedelta(seconds=pack.security.clock_skew_s)
        self.life = timedelta(seconds=pack.security.timestamp_life_s)
        self._verifier = Verifier(pins, self.allowed, self.skew, self.life)

    def sign(self, request: Request, signer: Signer, named_by: KeyName, token: Part | None) -> bytes:
        """The signed envelope; see ``wsse.envelope``."""
        return envelope(request, signer, named_by, self._signed_parts, token)

    def post(self, request: Request, signed: bytes, send_until: float, read_s: float | None = None) -> HttpAnswer:
        """
        Send a signed envelope once; see ``HttpClient.post``.

        Raises:
            NotSentError: Surely not received.
            LostError: May have been received.
        """
        return self._http.post(request.to, signed, http_headers(request.operation), send_until, read_s)

    def shake_hands(self, url: str) -> None:
        """
        Only see whether somebody is there.

        Raises:
            NotSentError: Nobody is.
        """
        self._http.shake_hands(url)

    def believe(self, request: Request, received: HttpAnswer, now: datetime) -> Answer:
        """
        The answer that an HTTP answer carries.

        Raises:
            NoAnswerError: It carries none.
            UnverifiedError: It carries one that cannot be believed.
        """
        if received.content_type not in _XML_TYPES or not received.body:
            is_bad = received.status not in _IN_BETWEEN
            raise NoAnswerError(f"HTTP {received.status} {_shown(received.content_type)}", is_bad=is_bad)
        operation = request.operation
        answer = self._verifier.verify(
            received.body, operation.soap_version, request.message_id, operation.answer_actions, now
        )
        if not answer.is_fault and (received.status != _OK or answer.name != operation.output_element):
            raise UnverifiedError("a signed answer of another kind than the operation gives")
        return answer


def read_fault(payload: bytes, paths: FaultPaths, prefixes: Mapping[str, str]) -> FaultFacts:
    """
    The facts of a fault, by the pack's XPaths, which see the fault and nothing around it.

    Args:
        payload: The fault element as a document of its own.
        paths: XPaths of code, field and identifier.
        prefixes: Their prefixes.
    """
    root = parse(payload)
    return FaultFacts(
        _single(root, paths.code, prefixes),
        _single(root, paths.field, prefixes),
        _single(root, paths.identifier, prefixes),
    )


def _single(root: etree._Element, path: str | None, prefixes: Mapping[str, str]) -> str | None:
    if path is None:
        return None
    try:
        found = root.xpath(path, namespaces=dict(prefixes))
    except etree.XPathError:
        return None
    if not isinstance(found, list):
        return str(found).strip() or None
    if len(found) != 1:
        return None
    text = str(found[0].xpath("string()")) if isinstance(found[0], etree._Element) else str(found[0])  # noqa: SLF001
    return text.strip() or None


def _shown(content_type: str) -> str:
    """A media type for the log; what is none is not repeated, since the other side chose it."""
    if len(content_type) <= _LONGEST_MEDIA_TYPE and _MEDIA_TYPE.fullmatch(content_type):
        return content_type
    return "of no known type"
