"""
An ISO 7816-4 and 7816-8 card application in software: PIN, certificate, one key that signs, and misbehaviour on demand.

Nothing here is known of the real eSzemélyi card; identifiers and references are ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature

from tests.support.card.identity import CardIdentity

AUTHENTICATION = bytes.fromhex("F0455A53544C4F47494E")
"""Application identifier of the application that proves who the card's owner is (ours)."""
SIGNATURE = bytes.fromhex("F0455A53545349474E31")
"""Of the application that signs documents, which no login may touch (ours)."""
CERTIFICATE_FILE = bytes.fromhex("C001")
KEY, PIN = 0x82, 0x81
SHA256_INFO = bytes.fromhex("3031300D060960864801650304020105000420")

SELECT, READ_BINARY, VERIFY, MANAGE, INTERNAL_AUTHENTICATE, PERFORM, GET_RESPONSE = (
    *(0xA4, 0xB0, 0x20, 0x22, 0x88, 0x2A, 0xC0),
)
OK = 0x9000


@dataclass
class Applet:
    """
    The card.

    Attributes:
        identity: Its certificate and key.
        pin: As ASCII digits.
        tries_left: Before it blocks.
        applications: That it has; without ours it is another card.
        activated: Whether its owner has set his PIN.
        takes: What a signature is asked over: ``digest_info``, ``digest`` or ``message``.
        block: How its PIN is presented, where that is not in ASCII.
        is_pss: Whether its RSA signatures are of RSASSA-PSS.
        corrupts: Whether signatures come out wrong.
        answers: Instruction → status word that it gives instead.
        before_signing: Called before it signs, e.g. to pull it out.
        gives_der: Whether its signatures by a curve are written in DER.
        is_extended: Whether it knows nothing of chains and of fetching an answer in pieces.
        short_answers: Whether an answer is fetched by GET RESPONSE, as with T=0.
        seen: (instruction, P1, P2) of every command; never what it carried.
        selected: Applications that were selected, in order.
        pins: How many PINs were presented.
    """

    identity: CardIdentity
    pin: str = "481516"
    tries_left: int = 3
    applications: frozenset[bytes] = frozenset({AUTHENTICATION, SIGNATURE})
    activated: bool = True
    takes: str = "digest"
    block: bytes = b""
    is_pss: bool = False
    corrupts: bool = False
    answers: dict[int, int] = field(default_factory=dict)
    before_signing: Callable[[], None] = lambda: None
    gives_der: bool = False
    is_extended: bool = False
    short_answers: bool = False
    seen: list[tuple[int, int, int]] = field(default_factory=list)
    selected: list[bytes] = field(default_factory=list)
    pins: int = 0

    def __post_init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Do what a card does that gets power: forget who was verified."""
        self._application = b""
        self._file = b""
        self._verified = False
        self._key = 0
        self._chained = b""
        self._rest = b""

    def process(self, command: bytes) -> bytes:
        """Give the answer to a command, status word included."""
        cla, ins, p1, p2 = command[:4]
        self.seen.append((ins, p1, p2))
        if ins in self.answers:
            return _word(self.answers[ins])
        data, expected = _parts(command)
        if ins == GET_RESPONSE:
            return self._fetched(expected or 256)
        if self.is_extended and (cla == 0x10 or ins == GET_RESPONSE):
            return _word(0x6884)
        if cla == 0x10:
            self._chained += data
            return _word(OK)
        data, self._chained = self._chained + data, b""
        handlers = {
            SELECT: self._select,
            READ_BINARY: self._read,
            VERIFY: self._verify,
            MANAGE: self._manage,
            INTERNAL_AUTHENTICATE: self._sign,
            PERFORM: self._sign,
        }
        if cla != 0 or ins not in handlers:
            return _word(0x6E00 if cla else 0x6D00)
        answer = handlers[ins](p1, p2, data, expected)
        if self.is_extended and ins in {INTERNAL_AUTHENTICATE, PERFORM} and len(answer) - 2 > expected:
            return _word(0x6700)
        if self.short_answers and len(answer) > 2:
            self._rest = answer[:-2]
            return bytes((0x61, min(len(self._rest), 255) if len(self._rest) < 256 else 0))
        return answer

    def _fetched(self, most: int) -> bytes:
        given, self._rest = self._rest[:most], self._rest[most:]
        more = bytes((0x61, len(self._rest) if len(self._rest) < 256 else 0))
        return given + (more if self._rest else _word(OK))

    def _select(self, p1: int, _p2: int, data: bytes, _expected: int) -> bytes:
        if p1 == 0x04:
            if data not in self.applications:
                return _word(0x6A82)
            self.selected.append(data)
            self._application, self._file, self._verified = data, b"", False
            return _word(OK)
        if self._application != AUTHENTICATION or data != CERTIFICATE_FILE:
            return _word(0x6A82)
        self._file = data
        return _word(OK)

    def _read(self, p1: int, p2: int, _data: bytes, expected: int) -> bytes:
        if self._file != CERTIFICATE_FILE:
            return _word(0x6986)
        content = self.identity.der + bytes(8)  # files are longer than what is in them
        at = p1 << 8 | p2
        if at >= len(content):
            return _word(0x6B00)
        piece = content[at : at + expected]
        return piece + _word(OK if len(piece) == expected else 0x6282)

    def _verify(self, _p1: int, p2: int, data: bytes, _expected: int) -> bytes:
        if self._application != AUTHENTICATION or p2 != PIN:
            return _word(0x6A88)
        if not self.activated:
            return _word(0x6984)
        if not self.tries_left:
            return _word(0x6983)
        if not data:
            return _word(OK if self._verified else 0x63C0 | self.tries_left)
        self.pins += 1
        if data == self.block or (not self.block and data.rstrip(b"\xff") == self.pin.encode()):
            self.tries_left, self._verified = 3, True
            return _word(OK)
        self.tries_left -= 1
        self._verified = False
        return _word(0x63C0 | self.tries_left)

    def _manage(self, p1: int, p2: int, data: bytes, _expected: int) -> bytes:
        if data[:2] == b"\x80\x01":  # a mechanism, whichever
            data = data[3:]
        if p1 != 0x41 or p2 not in {0xA4, 0xB6} or data[:2] != b"\x84\x01":
            return _word(0x6A80)
        if data[2] != KEY:
            return _word(0x6A88)
        self._key = data[2]
        return _word(OK)

    def _sign(self, _p1: int, _p2: int, data: bytes, _expected: int) -> bytes:
        if self._application != AUTHENTICATION or self._key != KEY:
            return _word(0x6985)
        if not self._verified:
            return _word(0x6982)
        self.before_signing()
        signature = self._signature(data)
        if signature is None:
            return _word(0x6A80)
        if self.corrupts:
            signature = signature[:-1] + bytes((signature[-1] ^ 1,))
        return signature + _word(OK)

    def _signature(self, data: bytes) -> bytes | None:
        if self.takes == "digest_info":
            if not data.startswith(SHA256_INFO):
                return None
            data = data.removeprefix(SHA256_INFO)
        if self.takes == "message":
            made = hashes.Hash(hashes.SHA256())
            made.update(data)
            data = made.finalize()
        digests: dict[int, hashes.HashAlgorithm] = {32: hashes.SHA256(), 48: hashes.SHA384()}
        if len(data) not in digests:
            return None
        digest, key = Prehashed(digests[len(data)]), self.identity.key
        if isinstance(key, rsa.RSAPrivateKey):
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
            return key.sign(data, pss if self.is_pss else padding.PKCS1v15(), digest)
        size = (key.curve.key_size + 7) // 8
        made_der = key.sign(data, ec.ECDSA(digest))
        if self.gives_der:
            return made_der
        r, s = decode_dss_signature(made_der)
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def _parts(command: bytes) -> tuple[bytes, int]:
    """Take a command apart, a short or an extended one: its data, and how many bytes are expected."""
    body = command[4:]
    if len(body) > 6 and body[0] == 0:
        length = int.from_bytes(body[1:3], "big")
        end = body[3 + length :]
        return body[3 : 3 + length], int.from_bytes(end, "big") or (1 << 16 if end else 0)
    if not body:
        return b"", 0
    if len(body) == 1:
        return b"", body[0] or 256
    length = body[0]
    data, rest = body[1 : 1 + length], body[1 + length :]
    return data, (rest[0] or 256) if rest else 0


def _word(word: int) -> bytes:
    return word.to_bytes(2, "big")
