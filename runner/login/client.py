"""What `eeszt-runner login otp` does: begins a request, asks for the password, and shows it to the endpoint alone."""

from __future__ import annotations

import getpass
import http.client
import json
import secrets
import ssl
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from runner.errors import fault
from runner.login.granted import Granted
from runner.login.nonce import nonce_hash
from runner.login.reception import JSON
from runner.ports import Logins
from runner.settings import Login

_TIMEOUT_S = 60.0  # the endpoint itself waits for the EESZT
_LONGEST_ANSWER_BYTES = 65536


def log_in(
    settings: Login,
    logins: Logins,
    his_user: str | None,
    ask: Callable[[], str],
    *,
    address: str | None = None,
    ask_nonce: Callable[[], str] | None = None,
) -> Granted:
    """
    Log a HIS user in through the endpoint.

    The password is asked for first, so that neither it nor the request grows old.

    Args:
        settings: Where the endpoint is and which certificate is believed.
        logins: Where the request is noted.
        his_user: Whose login it is; None: the HIS began it.
        ask: Gives the one-time password.
        address: Where the endpoint is, if not where the settings say.
        ask_nonce: Gives the nonce of a login that the HIS began.

    Raises:
        LoginError: RNR-4410, the endpoint cannot be reached; RNR-4411, it refused, with its sentence.
    """
    begun = ask_nonce() if his_user is None and ask_nonce is not None else None
    one_time_password = ask()
    nonce = begun or secrets.token_urlsafe(32)
    if begun is None:
        assert his_user is not None
        logins.begin(his_user, nonce_hash(nonce), settings.request_life_s)
    body = json.dumps({"nonce": nonce, "one_time_password": one_time_password}).encode()
    url = urlsplit(address or settings.address or f"https://{settings.listen}")
    status, answer = _posted(settings, url.hostname or "", url.port or 443, body)
    where = url.netloc
    try:
        facts: Any = json.loads(answer)
        if status == http.client.OK:
            return Granted.of(facts)
        number, sentence = int(facts["error"]["number"]), str(facts["error"]["sentence_hu"])
    except (ValueError, KeyError, TypeError) as exc:
        raise fault(4410, where, reason=f"HTTP {status} with an answer that is not its own") from exc
    raise fault(4411, where, code=number, message=sentence)


def ask_nonce() -> str:
    """Give the nonce of a login that the HIS began: the next line of standard input."""
    return sys.stdin.readline().strip()


def ask_password() -> str:
    """Give the one-time password: asked for without echo at a terminal, else the first line of standard input."""
    if sys.stdin.isatty():
        return getpass.getpass("One-time password: ")
    return sys.stdin.readline().rstrip("\r\n")


def _posted(settings: Login, host: str, port: int, body: bytes) -> tuple[int, bytes]:
    """Post to the endpoint, believing only the certificate or authority that the settings name; status and answer."""
    trust = settings.trust or settings.certificate
    where = f"{host}:{port}"
    try:
        context = ssl.create_default_context(cafile=trust)
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # the endpoint's own certificate may be the trusted one
        connection = http.client.HTTPSConnection(host, port, timeout=_TIMEOUT_S, context=context)
        try:
            connection.request("POST", "/login/otp", body, {"Content-Type": JSON})
            response = connection.getresponse()
            return response.status, response.read(_LONGEST_ANSWER_BYTES)
        finally:
            connection.close()
    except ssl.SSLCertVerificationError as exc:
        raise fault(4410, where, reason=exc.verify_message) from exc
    except (OSError, http.client.HTTPException) as exc:
        reason = getattr(exc, "strerror", None) or type(exc).__name__
        raise fault(4410, where, reason=reason) from exc
