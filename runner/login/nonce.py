"""The one-time identifier of a login request: its form, and what is stored of it."""

from __future__ import annotations

import hashlib
import re

NONCE = re.compile(r"[A-Za-z0-9_-]{22,128}")
"""base64url, or hexadecimal, of at least 16 bytes."""


def nonce_hash(nonce: str) -> str:
    """Give what is stored of a nonce: SHA-256, hex."""
    return hashlib.sha256(nonce.encode()).hexdigest()
