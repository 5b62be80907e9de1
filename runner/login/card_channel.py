"""How the login agent speaks with the endpoint: HTTPS to the one certificate that the workstation's file names."""

from __future__ import annotations

import hashlib
import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any

from cryptography import x509

from runner.domain.card import fingerprint
from runner.errors import fault
from runner.login.card_proof import spki_of
from runner.settings.workstation import Workstation

_TIMEOUT_S = 60.0  # the endpoint itself waits for the EESZT
_LONGEST_ANSWER_BYTES = 65536


class Channel:
    """
    Steps to the endpoint and back.

    Attributes:
        endpoint: SHA-256 (hex) of the public key that the endpoint showed last.
    """

    def __init__(self, workstation: Workstation) -> None:
        self._workstation = workstation
        self._where = f"{workstation.host}:{workstation.port}"
        self.endpoint = ""

    def step(self, said: Mapping[str, object]) -> Mapping[str, Any]:
        """
        Take a step; what the endpoint says next.

        Raises:
            LoginError: RNR-4221 it is somebody else, and nothing was sent; 4222 it cannot be reached; 4411 it refused.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # who it is, is told by its pin, before a byte is sent
        connection = http.client.HTTPSConnection(
            self._workstation.host, self._workstation.port, timeout=_TIMEOUT_S, context=context
        )
        try:
            connection.connect()
            self._recognise(connection.sock)
            body = json.dumps(said).encode()
            connection.request("POST", "/login/card", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            status, answer = response.status, response.read(_LONGEST_ANSWER_BYTES)
        except (OSError, http.client.HTTPException) as exc:
            reason = getattr(exc, "strerror", None) or type(exc).__name__
            raise fault(4222, self._where, reason=reason) from exc
        finally:
            connection.close()
        return self._understood(status, answer)

    def _recognise(self, connection: Any) -> None:
        shown = connection.getpeercert(binary_form=True) or b""
        found = hashlib.sha256(shown).hexdigest()
        if found not in self._workstation.pins:
            raise fault(4221, self._where, found=found)
        self.endpoint = fingerprint(spki_of(x509.load_der_x509_certificate(shown)))

    def _understood(self, status: int, answer: bytes) -> Mapping[str, Any]:
        try:
            said: Any = json.loads(answer)
            if status == http.client.OK and isinstance(said, dict):
                return said
            number, sentence = int(said["error"]["number"]), str(said["error"]["sentence_hu"])
        except (ValueError, KeyError, TypeError) as exc:
            raise fault(4222, self._where, reason=f"HTTP {status} with an answer that is not its own") from exc
        raise fault(4411, self._where, code=number, message=sentence)
