"""
The TLS context of the institution's client certificate.

Source: design of the transport: TLS 1.2 at least, the host verified, only the named authorities trusted.
"""

from __future__ import annotations

import os
import secrets
import ssl
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from runner.errors import fault


def client_tls(
    *, trusted: Path | None, certificate: Path, key: Path | None = None, password: str | None = None
) -> ssl.SSLContext:
    """
    A context for mutual TLS.

    Args:
        trusted: PEM of the authorities that the other side's certificate must come from; None: those of the system.
        certificate: PEM chain, or PKCS#12 (ending ``.p12`` or ``.pfx``) with the key inside.
        key: PEM, where it is in a file of its own.
        password: Of the key or the PKCS#12, or None.

    Raises:
        LoginError: RNR-4152, certificate, key or authorities cannot be used.
    """
    try:
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=None if trusted is None else str(trusted))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if certificate.suffix.lower() in {".p12", ".pfx"}:
            _load_pkcs12(context, certificate, password)
        else:
            # An empty password instead of None: the library would otherwise ask for one on the terminal.
            context.load_cert_chain(certificate, key, password or "")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        raise fault(4152, str(certificate), reason=reason) from error
    return context


def _load_pkcs12(context: ssl.SSLContext, file: Path, password: str | None) -> None:
    """The ssl module reads files only: the key passes through one that is encrypted with a password nobody knows."""
    key, certificate, chain = pkcs12.load_key_and_certificates(
        file.read_bytes(), password.encode() if password else None
    )
    if key is None or certificate is None:
        raise ValueError("no key or no certificate")
    once = secrets.token_hex(32)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(once.encode()),
    )
    pem += b"".join(c.public_bytes(serialization.Encoding.PEM) for c in (certificate, *chain))
    handle, name = tempfile.mkstemp(prefix="eeszt-runner-")
    try:
        with os.fdopen(handle, "wb") as passing:
            passing.write(pem)
        context.load_cert_chain(name, password=once)
    finally:
        Path(name).unlink()
