"""Why the network failed, in words of ours."""

from __future__ import annotations

import ssl


def reason(error: Exception) -> str:
    """Give a technical reason that quotes nothing which the other side chose."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server's certificate: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or type(error).__name__}"
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return type(error).__name__
