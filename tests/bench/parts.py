"""
The parts of an item that nobody can leave out, each measured alone on what a batch of real items used.

Each is the shortest call that does it: no check, no log, no bookkeeping of ours around it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
import sqlite3
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from io import FileIO
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

from runner.mapping.document_type import item_record
from runner.mapping.values import Record
from runner.simulator.pki import Identity, load_certificate, load_key
from tests.bench.flow import Taken
from tests.bench.site import Bench, client_tls

WSU_ID = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}Id"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
OUT_PARTS = 5
"""Digests of a request besides the token's, which is made once: Timestamp, Body, To, Action, MessageID."""

PREPARING = ("row", "map", "render", "parse", "XSD")
ON_THE_WAY_OUT = (
    *PREPARING,
    "C14N + digests",
    "raw sign",
    "database: claim",
    "database: permit",
)
BETWEEN = ("audit log", "HTTP")
ON_THE_WAY_BACK = (
    "parse of the answer",
    "C14N + digests of the answer",
    "raw verify",
    "XSD of the answer",
    "database: complete",
)


def cpu_s(work: Callable[[], object]) -> float:
    """CPU seconds of this process that the work takes."""
    started = time.process_time()
    work()
    return time.process_time() - started


def raw_signer(identity: Identity) -> Callable[[bytes], bytes]:
    """The key's own signature, nothing around it."""
    key = load_key(identity.key)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        algorithm = ec.ECDSA(hashes.SHA256())
        return lambda data: key.sign(data, algorithm)
    pad, sha = padding.PKCS1v15(), hashes.SHA256()
    return lambda data: key.sign(data, pad, sha)


def raw_verifier(identity: Identity) -> Callable[[bytes, bytes], None]:
    """Its verification; ECDSA values come as XML Signature writes them."""
    key: Any = load_certificate(identity.certificate).public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        algorithm = ec.ECDSA(hashes.SHA256())

        def verify(value: bytes, data: bytes) -> None:
            r, s = int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big")
            key.verify(encode_dss_signature(r, s), data, algorithm)

        return verify
    pad, sha = padding.PKCS1v15(), hashes.SHA256()
    return lambda value, data: key.verify(value, data, pad, sha)


@dataclass(frozen=True)
class Stuff:
    """What one item's parts work on, taken from its real way through the runner."""

    item: Any
    kind: Any
    record: dict[str, Any]
    row: dict[str, Any]
    document: dict[str, Any]
    text: str
    root: etree._Element
    body: etree._Element
    pieces: list[bytes]
    request: bytes
    answer: bytes
    signed: list[etree._Element]
    info: etree._Element
    signed_info: bytes
    value: bytes
    payload: etree._Element

    @classmethod
    def of(cls, ready: Any, request: bytes, answer: bytes) -> Stuff:
        item, kind = ready.item, ready.kind
        row = kind.row_of(item)
        document = kind.document(row, item, ready.message_id)
        text = kind.template.render(document, item_record(item, ready.message_id))
        root = etree.fromstring(ready.body)
        whole, answered = etree.fromstring(request), etree.fromstring(answer)
        by_id = {each.get(WSU_ID): each for each in answered.iter(etree.Element) if each.get(WSU_ID)}
        signature = next(answered.iter(f"{DS}Signature"))
        references = [each.get("URI", "")[1:] for each in signature.iter(f"{DS}Reference")]
        return cls(
            item=item,
            kind=kind,
            record=item_record(item, ready.message_id),
            row=row,
            document=document,
            text=f"{kind.template._open}{text}</prefixes>",
            root=root,
            body=whole[1],
            pieces=[b"x" * 220 for _ in range(OUT_PARTS - 1)],
            request=request,
            answer=answer,
            signed=[by_id[each] for each in references],
            info=signature[0],
            signed_info=c14n(signature[0]),
            value=base64.b64decode(signature[1].text or ""),
            payload=answered[1][0],
        )


def c14n(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)


def measure(bench: Bench, taken: Taken) -> dict[str, float]:
    """
    CPU seconds of each part for the whole batch.

    As in the runner all items pass through the parts of preparing, one item after the other; then each passes through
    all other parts in their order, with the exchange in the middle. Each part is timed by itself: in a loop over one
    part alone everything lies in the processor's nearest cache, which no real item finds.
    """
    stuff = [
        Stuff.of(ready, request, answer.body)
        for ready, (request, answer) in zip(taken.ready, taken.exchanged, strict=True)
    ]
    kind = stuff[0].kind
    schema = kind.template._pack.schema(kind.operation.service)
    cipher = AESGCM(os.urandom(32))
    sign, verify = raw_signer(bench.pki.technical), raw_verifier(bench.pki.service)
    template = kind.template._template
    with _connected(bench) as sock, (bench.folder / "bare.log").open("wb", buffering=0) as log:
        parts: dict[str, Callable[[Stuff], object]] = {
            "row": lambda each: json.loads(each.item.payload, parse_float=Decimal),
            "map": lambda each: kind.program.run(each.row, each.record),
            "render": lambda each: template.render(
                doc=Record(each.document, "doc."), item=Record(each.record, "item.")
            ),
            "parse": lambda each: etree.fromstring(each.text),
            "XSD": lambda each: schema.validate(each.root),
            "C14N + digests": lambda each: [
                hashlib.sha256(piece).digest() for piece in (c14n(each.body), *each.pieces)
            ],
            "raw sign": lambda each: sign(each.signed_info),
            "audit log": lambda each: _logged(log, cipher, each.request, each.answer),
            "HTTP": lambda each: _ask(sock, each.request),
            "parse of the answer": lambda each: etree.fromstring(each.answer),
            "C14N + digests of the answer": lambda each: [
                c14n(each.info),
                *(hashlib.sha256(c14n(element)).digest() for element in each.signed),
            ],
            "raw verify": lambda each: verify(each.value, each.signed_info),
            "XSD of the answer": lambda each: schema.validate(each.payload),
        }
        measured = dict.fromkeys(parts, 0.0)
        clock = time.process_time
        for names in (PREPARING, [name for name in parts if name not in PREPARING]):
            for each in stuff:
                for name in names:
                    started = clock()
                    parts[name](each)
                    measured[name] += clock() - started
    return measured | database(bench, taken)


def _logged(log: FileIO, cipher: AESGCM, *bodies: bytes) -> None:
    """Seal messages, hash each before and after, and make them durable in one file, with one sync for all."""
    for body in bodies:
        sealed = cipher.encrypt(os.urandom(12), body, None)
        log.write(sealed + hashlib.sha256(hashlib.sha256(body).digest() + hashlib.sha256(sealed).digest()).digest())
    os.fdatasync(log.fileno())


@contextmanager
def _connected(bench: Bench) -> Iterator[ssl.SSLSocket]:
    """A socket to the peer with nothing around it."""
    with (
        socket.create_connection(("127.0.0.1", bench.port)) as plain,
        client_tls(bench.pki).wrap_socket(plain, server_hostname="127.0.0.1") as sock,
    ):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield sock


def _ask(sock: ssl.SSLSocket, body: bytes) -> bytes:
    sock.sendall(b"POST /ekat HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    received = sock.recv(65536)
    while b"\r\n\r\n" not in received:
        received += sock.recv(65536)
    head, _, rest = received.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while len(rest) < length:
        rest += sock.recv(65536)
    return rest


CLAIMABLE = (
    "SELECT item_id FROM EESZT_OUT_BACKGROUND WHERE state IN ('NEW', 'WAITING') AND next_at <= ?"
    " ORDER BY priority, item_id LIMIT ?"
)
CLAIM = (
    "UPDATE EESZT_OUT_BACKGROUND SET state = 'CLAIMED', claim_token = ?, lease_until = ?, state_at = ?"
    " WHERE item_id = ? AND state IN ('NEW', 'WAITING')"
)
READ = "SELECT * FROM EESZT_OUT_BACKGROUND WHERE claim_token = ?"
STORE = (
    "INSERT INTO EESZT_MESSAGE (item_id, message_id, digest, body, document, acting_user, mapping_version, stored_at,"
    " expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
PERMIT = (
    "UPDATE EESZT_OUT_BACKGROUND SET state = 'SENDING', sent_at = ?, message_id = ?, acting_user = ?,"
    " mapping_version = ?, attempts = attempts + 1, state_at = ?"
    " WHERE item_id = ? AND state = 'CLAIMED' AND claim_token = ?"
)
IDENTIFIER = "INSERT INTO EESZT_IDENTIFIER (name, value, item_id, is_second, kept_at) VALUES ('eeszt_id', ?, ?, 0, ?)"
ATTEMPT = (
    "INSERT INTO EESZT_ATTEMPT (item_id, kind, ended_at, took_ms, ending, acting_user, verdict)"
    " VALUES (?, 'SEND', ?, 100, 'ACCEPTED', ?, 'DONE')"
)
COMPLETE = (
    "UPDATE EESZT_OUT_BACKGROUND SET state = 'ACCEPTED', claim_token = NULL, claim_owner = NULL, lease_until = NULL,"
    " next_at = NULL, status_text = ?, state_at = ? WHERE item_id = ? AND state = 'SENDING' AND claim_token = ?"
)
FORGET = "UPDATE EESZT_MESSAGE SET body = NULL, purged_at = ? WHERE item_id = ?"


def database(bench: Bench, taken: Taken) -> dict[str, float]:
    """As many rows of the same tables through the same states by bare SQL in three transactions."""
    now, until, token = "2026-01-01 00:00:00.000000", "2026-01-01 00:01:00.000000", f"bare-{time.time_ns()}"
    ready, measured = taken.ready, {}
    with closing(sqlite3.connect(bench.database, timeout=30, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        bench_now = connection.execute("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'").fetchone()[0]
        rows: list[Any] = []

        def claim() -> None:
            connection.execute("BEGIN IMMEDIATE")
            found = [row[0] for row in connection.execute(CLAIMABLE, (bench_now, len(ready)))]
            connection.executemany(CLAIM, [(token, until, now, item) for item in found])
            rows.extend(connection.execute(READ, (token,)).fetchall())
            connection.execute("COMMIT")

        measured["database: claim"] = cpu_s(claim)
        items = [row[0] for row in rows]
        assert len(items) == len(ready)
        pairs = list(zip(items, ready, strict=True))

        def permit() -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(STORE, [_message(item, each, now, until) for item, each in pairs])
            sent = [
                (now, f"urn:bare:{item}", each.token.eeszt_user, each.kind.digest, now, item, token)
                for item, each in pairs
            ]
            connection.executemany(PERMIT, sent)
            connection.execute("COMMIT")

        def complete() -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(IDENTIFIER, [(f"BARE{item}", item, now) for item in items])
            connection.executemany(ATTEMPT, [(item, now, each.token.eeszt_user) for item, each in pairs])
            connection.executemany(COMPLETE, [("Az EESZT befogadta.", now, item, token) for item in items])
            connection.executemany(FORGET, [(now, item) for item in items])
            connection.execute("COMMIT")

        measured["database: permit"] = cpu_s(permit)
        measured["database: complete"] = cpu_s(complete)
    return measured


def _message(item: int, ready: Any, now: str, until: str) -> tuple[object, ...]:
    digest = hashlib.sha256(ready.body).hexdigest()
    user, version = ready.token.eeszt_user, ready.kind.digest
    return (item, f"urn:bare:{item}", digest, ready.body, ready.document_json, user, version, now, until)
