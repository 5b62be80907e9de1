"""
The other side of the benchmark: takes a fixed time, verifies nothing, and signs every answer properly.

A process of its own (``python -m tests.bench.peer PKI LATENCY_MS``) that shares no code with the runner. It prints its
port, answers POSTs, and tells on GET what it saw since it was last asked.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import itertools
import json
import ssl
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

S12 = "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
DS = "http://www.w3.org/2000/09/xmldsig#"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
X509 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"
BASE64 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
HEAD_BYTES = 100_000
OPERATIONS = {b"EsemenyKeres": ("ekat", "Esemeny"), b"FeltoltesKeres": ("ehr", "Feltoltes")}
NOTHING = (
    '<e:LekerdezesValasz xmlns:e="{namespace}"><e:Talalat><k:Lap xmlns:k="{common}">1</k:Lap>'
    '<k:Lapok xmlns:k="{common}">1</k:Lapok><k:Osszes xmlns:k="{common}">0</k:Osszes>'
    '<k:Szurt xmlns:k="{common}">false</k:Szurt></e:Talalat></e:LekerdezesValasz>'
)
"""An answer to a query that found nothing."""
CONTRACT = "urn:x-eeszt-runner:reference-contract:1"


class Answers:
    """Makes signed answers as text whose parts are their own canonical form."""

    def __init__(self, pki: Path) -> None:
        self._key = serialization.load_pem_private_key((pki / "service.key").read_bytes(), None)
        certificate = x509.load_pem_x509_certificate((pki / "service.crt").read_bytes())
        self._certificate = base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()
        self._numbers = itertools.count(time.time_ns() // 1000)

    def answer(self, request: bytes) -> bytes:
        """An acceptance of whatever was asked."""
        message_id = _between(request, b'wsu:Id="message-id">', b"<") or _between(request, b"MessageID>", b"<")
        name, content = self._content(request, message_id)
        body = f'<s:Body xmlns:s="{S12}" xmlns:wsu="{WSU}" wsu:Id="body">{content}</s:Body>'
        now = datetime.now(UTC)
        created, expires = (
            at.isoformat(timespec="milliseconds").replace("+00:00", "Z") for at in (now, now + timedelta(seconds=60))
        )
        timestamp = (
            f'<wsu:Timestamp xmlns:wsu="{WSU}" wsu:Id="timestamp"><wsu:Created>{created}</wsu:Created>'
            f"<wsu:Expires>{expires}</wsu:Expires></wsu:Timestamp>"
        )
        headers = [
            _header("Action", "action", name),
            _header("MessageID", "own-id", f"urn:uuid:{next(self._numbers):032x}"),
            _header("RelatesTo", "relates-to", message_id),
        ]
        parts = [
            ("timestamp", timestamp),
            ("body", body),
            *zip(("action", "own-id", "relates-to"), headers, strict=True),
        ]
        return (
            f'<s:Envelope xmlns:s="{S12}"><s:Header>{"".join(headers)}'
            f'<wsse:Security xmlns:wsse="{WSSE}">{timestamp}'
            f'<wsse:BinarySecurityToken xmlns:wsu="{WSU}" EncodingType="{BASE64}" ValueType="{X509}"'
            f' wsu:Id="certificate">{self._certificate}</wsse:BinarySecurityToken>{self._signature(parts)}'
            f"</wsse:Security></s:Header>{body}</s:Envelope>"
        ).encode()

    def _content(self, request: bytes, message_id: str) -> tuple[str, str]:
        head = request[:HEAD_BYTES]
        if b"LekerdezesKeres" in head:
            namespace = f"{CONTRACT}:ebeutalo"
            return f"{namespace}/LekerdezesValasz", NOTHING.format(namespace=namespace, common=f"{CONTRACT}:kozos")
        service, element = next((known for mark, known in OPERATIONS.items() if mark in head), ("erecept", "Feliras"))
        own = "" if service == "erecept" else f"<e:SajatAzonosito>{message_id}</e:SajatAzonosito>"
        version = "<e:Valtozat>1</e:Valtozat>" if service == "ehr" else ""
        namespace = f"{CONTRACT}:{service}"
        identifier = f"<e:Azonosito>BENCH{next(self._numbers)}</e:Azonosito>"
        return (
            f"{namespace}/{element}Valasz",
            f'<e:{element}Valasz xmlns:e="{namespace}">{identifier}{version}{own}</e:{element}Valasz>',
        )

    def _signature(self, parts: list[tuple[str, str]]) -> str:
        references = "".join(
            f'<ds:Reference URI="#{identifier}"><ds:Transforms><ds:Transform Algorithm="{EXC}"></ds:Transform>'
            f'</ds:Transforms><ds:DigestMethod Algorithm="{SHA256}"></ds:DigestMethod>'
            f"<ds:DigestValue>{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}</ds:DigestValue>"
            "</ds:Reference>"
            for identifier, text in parts
        )
        is_ec = isinstance(self._key, ec.EllipticCurvePrivateKey)
        method = MORE + ("ecdsa-sha256" if is_ec else "rsa-sha256")
        info = (
            f'<ds:SignedInfo xmlns:ds="{DS}"><ds:CanonicalizationMethod Algorithm="{EXC}"></ds:CanonicalizationMethod>'
            f'<ds:SignatureMethod Algorithm="{method}"></ds:SignatureMethod>{references}</ds:SignedInfo>'
        )
        if is_ec:
            r, s = decode_dss_signature(self._key.sign(info.encode(), ec.ECDSA(hashes.SHA256())))
            value = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        else:
            value = self._key.sign(info.encode(), padding.PKCS1v15(), hashes.SHA256())
        return (
            f'<ds:Signature xmlns:ds="{DS}">{info}<ds:SignatureValue>{base64.b64encode(value).decode()}'
            f'</ds:SignatureValue><ds:KeyInfo><wsse:SecurityTokenReference xmlns:wsse="{WSSE}">'
            f'<wsse:Reference URI="#certificate" ValueType="{X509}"></wsse:Reference>'
            "</wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature>"
        )


class Peer:
    """Listens; counts what arrives."""

    def __init__(self, answers: Answers, latency_s: float) -> None:
        self._answers = answers
        self._latency_s = latency_s
        self._arrived: list[float] = []
        self._late_s = 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, kept alive."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                arrived, due = time.time(), asyncio.get_running_loop().time() + self._latency_s
                length = int(_between(head.lower(), b"content-length: ", b"\r\n") or "0")
                body = await reader.readexactly(length)
                if head.startswith(b"GET"):
                    answer, kind = self._told(), "application/json"
                else:
                    self._arrived.append(arrived)
                    answer, kind = self._answers.answer(body), "application/soap+xml; charset=utf-8"
                    await self._wait(due)
                top = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(answer)}\r\n\r\n"
                writer.write(top.encode() + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def _wait(self, due: float) -> None:
        """Answer ``latency`` after the request's head arrived; what the answer cost is part of it."""
        loop = asyncio.get_running_loop()
        if self._latency_s:
            await asyncio.sleep(max(0.0, due - loop.time()))
            self._late_s += loop.time() - due

    def _told(self) -> bytes:
        arrived, late_s = self._arrived, self._late_s
        self._arrived, self._late_s = [], 0.0
        told = {"arrived": arrived, "cpu_s": time.process_time(), "late_ms": 1000 * late_s / max(1, len(arrived))}
        return json.dumps(told).encode()


def _header(element: str, identifier: str, text: str) -> str:
    return f'<wsa:{element} xmlns:wsa="{WSA}" xmlns:wsu="{WSU}" wsu:Id="{identifier}">{text}</wsa:{element}>'


def _between(data: bytes, before: bytes, after: bytes) -> str:
    _, found, rest = data.partition(before)
    return rest.partition(after)[0].decode() if found else ""


async def main(pki: Path, latency_s: float) -> None:
    """Listen until the process is ended."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=pki / "ca.crt")
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_cert_chain(pki / "server.crt", pki / "server.key")
    peer = Peer(Answers(pki), latency_s)
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0, ssl=tls, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2]) / 1000))
