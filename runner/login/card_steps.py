"""The steps of a login agent, as JSON: its nonce, the certificate, the signature, or that it goes no further."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from typing import Any

_NAME = re.compile(r"[A-Za-z0-9_-]{22,128}")
_HIGHEST_NUMBER = 9999


@dataclass(frozen=True, slots=True)
class CertificateShown:
    """The card's certificate, DER, in a conversation."""

    conversation: str
    certificate: bytes


@dataclass(frozen=True, slots=True)
class Signed:
    """The card's signature over the statement that the agent made."""

    conversation: str
    signature: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Abandoned:
    """The person goes no further, by a number of the table of faults."""

    conversation: str
    number: int


Step = CertificateShown | Signed | Abandoned


def read_step(body: bytes) -> Step | str | None:
    """Give the step that an agent sent, or the nonce with which it begins; None where it is neither."""
    try:
        said = json.loads(body.decode("utf-8"))
        if not isinstance(said, dict):
            return None
        match sorted(said):
            case ["nonce"]:
                return _name(said["nonce"])
            case ["certificate", "conversation"]:
                return CertificateShown(_name(said["conversation"]), _bytes(said["certificate"]))
            case ["conversation", "signature"]:
                return Signed(_name(said["conversation"]), _bytes(said["signature"]))
            case ["abandoned", "conversation"]:
                return Abandoned(_name(said["conversation"]), _number(said["abandoned"]))
    except (ValueError, RecursionError, binascii.Error):
        return None
    return None


def _name(said: Any) -> str:
    if not isinstance(said, str) or not _NAME.fullmatch(said):
        raise ValueError("no name")
    return said


def _bytes(said: Any) -> bytes:
    if not isinstance(said, str):
        raise ValueError("no base64")  # noqa: TRY004  callers handle one kind of bad step
    return base64.b64decode(said, validate=True)


def _number(said: Any) -> int:
    if isinstance(said, bool) or not isinstance(said, int) or not 0 < said <= _HIGHEST_NUMBER:
        raise ValueError("no number")
    return said
