"""
The same work done the usual way: a zeep client on the same WSDL with zeep's own WS-Security, over requests.

Given every advantage that needs no code of one's own: the WSDL is loaded once, the session is kept alive, the row's
values go up as they are. It signs Timestamp and Body alone, where the runner signs six parts; it checks no field, keeps
no document and knows no token. What it does not do counts for it.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
import xmlsec
import zeep
from lxml import etree
from zeep import ns
from zeep.wsse.signature import BinarySignature, _make_verify_key, _verify_envelope_with_key
from zeep.wsse.utils import get_security_header

from runner import app
from tests.bench.site import Bench, KeyKind

METHODS = {"rsa": xmlsec.Transform.RSA_SHA256, "p256": xmlsec.Transform.ECDSA_SHA256}


class Signing(BinarySignature):  # type: ignore[misc]
    """zeep's signature with SHA-256 and a Timestamp, and the service's certificate for the answers."""

    def __init__(self, bench: Bench, keys: KeyKind) -> None:
        identity = bench.pki.technical
        super().__init__(
            str(identity.key),
            str(identity.certificate),
            signature_method=METHODS[keys],
            digest_method=xmlsec.Transform.SHA256,
        )
        self._service = bench.pki.service.certificate.read_bytes()

    def apply(self, envelope: Any, headers: Any) -> Any:
        timestamp = etree.SubElement(get_security_header(envelope), etree.QName(ns.WSU, "Timestamp"))
        now = datetime.now(UTC)
        for name, at in (("Created", now), ("Expires", now + timedelta(seconds=60))):
            etree.SubElement(timestamp, etree.QName(ns.WSU, name)).text = at.isoformat(timespec="milliseconds")
        return super().apply(envelope, headers)

    def verify(self, envelope: Any) -> Any:
        _verify_envelope_with_key(envelope, _make_verify_key(self._service))
        return envelope


class Transport(zeep.Transport):  # type: ignore[misc]
    """requests, with the moments when bytes are ready and when an answer is there."""

    def __init__(self, session: requests.Session) -> None:
        super().__init__(session=session, timeout=20, operation_timeout=20)
        self.ready_at = self.answered_at = 0.0

    def post(self, address: str, message: Any, headers: Any) -> Any:
        self.ready_at = time.process_time()
        answer = super().post(address, message, headers)
        self.answered_at = time.process_time()
        return answer


@dataclass
class Usual:
    """
    CPU seconds of a batch.

    Attributes:
        out_s: Row → signed bytes.
        http_s: Inside requests.
        back_s: Answer → believed answer.
    """

    out_s: float = 0.0
    http_s: float = 0.0
    back_s: float = 0.0


class Client:
    """A zeep client, warm."""

    def __init__(self, bench: Bench, keys: KeyKind) -> None:
        session = requests.Session()
        session.trust_env = False  # no look at proxies and bundles of the environment: faster, and the CA is ours
        session.cert = (str(bench.pki.institution.certificate), str(bench.pki.institution.key))
        session.verify = str(bench.pki.ca.certificate)
        self._transport = Transport(session)
        wsdl = app.default_pack() / "ekat.wsdl"
        client = zeep.Client(wsdl.as_posix(), transport=self._transport, wsse=Signing(bench, keys))
        binding = next(iter(client.wsdl.bindings))
        self._service = client.create_service(binding, f"https://127.0.0.1:{bench.port}/ekat")

    def take(self, payloads: list[str], workplace: str, recorder: str, message_ids: list[str]) -> Usual:
        """Send one event after the other."""
        took, cpu = Usual(), time.process_time
        for payload, message_id in zip(payloads, message_ids, strict=True):
            started = cpu()
            row = json.loads(payload)
            answer = self._service.Esemeny(**_fields(row, workplace, recorder, message_id))
            ended = cpu()
            assert answer.Azonosito.startswith("BENCH")
            took.out_s += self._transport.ready_at - started
            took.http_s += self._transport.answered_at - self._transport.ready_at
            took.back_s += ended - self._transport.answered_at
        return took


def _fields(row: dict[str, Any], workplace: str, recorder: str, message_id: str) -> dict[str, Any]:
    kinds = {"1": "ALAP", "2": "KISERO"}
    return {
        "Paciens": {
            "Azonosito": {"_value_1": row["TAJ"], "tipus": "TAJ"},
            "Nev": row["NEV"],
            "SzuletesiDatum": row["SZUL_DATUM"],
        },
        "Ellato": {"Munkahely": workplace, "Rogzitette": recorder},
        "SajatAzonosito": message_id,
        "Tipus": row["TIPUS"],
        "Naplosorszam": row["NAPLOSORSZAM"],
        "Kezdete": row["KEZDETE"],
        "Diagnozis": [{"Bno": each["BNO"], "Tipus": kinds[each["TIPUS"]]} for each in row["DIAGNOZISOK"]],
    }
