"""
One question to a time server.

Source: RFC 5905 §6 (clock offset), §14 (SNTP), RFC 4330 §3 (times after 2036), §5 (what a client checks).
"""

from __future__ import annotations

import secrets
import socket
import struct
from time import time

from runner.errors import fault

PORT = 123
TIMEOUT_S = 3.0

_PACKET = struct.Struct(">BBbb11I")
_CLIENT = 0x23  # version 4, mode 3
_SERVER_MODE, _NOT_SYNCHRONISED, _MOST_STRATUM = 4, 3, 15
_FROM_1900_TO_1970_S = 2_208_988_800
_ERA_S = 1 << 32
_PARTS = 1 << 32


def ask_time_server(server: str, timeout_s: float = TIMEOUT_S) -> tuple[float, float]:
    """
    Ask once; how far our clock is ahead of the server's, and how far that may be off, seconds.

    Args:
        server: Name or address, perhaps with ``:port``.
        timeout_s: Longest wait.

    Raises:
        TransportError: RNR-5205, no usable answer.
    """
    host, colon, port = server.partition(":")
    mark = secrets.randbits(32), secrets.randbits(32)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(timeout_s)
            asking.connect((host, int(port) if colon else PORT))
            asked_at = time()
            asking.send(_PACKET.pack(_CLIENT, 0, 0, 0, *([0] * 9), *mark))
            answer = asking.recv(512)
            heard_at = time()
    except (OSError, ValueError) as error:
        reason = "timed out" if isinstance(error, TimeoutError) else getattr(error, "strerror", None)
        raise fault(5205, server, reason=reason or type(error).__name__) from error
    received_at, sent_at = _times(server, answer, mark)
    return ((asked_at - received_at) + (heard_at - sent_at)) / 2, (heard_at - asked_at) / 2


def _times(server: str, answer: bytes, mark: tuple[int, int]) -> tuple[float, float]:
    """Give when the server received and answered, by its own clock, seconds since 1970."""
    if len(answer) < _PACKET.size:
        raise fault(5205, server, reason="it is too short")
    first, stratum, _, _, *words = _PACKET.unpack(answer[: _PACKET.size])
    if tuple(words[5:7]) != mark:
        raise fault(5205, server, reason="it answers another question")
    if first & 7 != _SERVER_MODE or first >> 6 == _NOT_SYNCHRONISED or not 1 <= stratum <= _MOST_STRATUM:
        raise fault(5205, server, reason="it does not know the time itself")
    return _seconds(words[7], words[8]), _seconds(words[9], words[10])


def _seconds(whole: int, parts: int) -> float:
    era = _ERA_S if whole < 1 << 31 else 0  # the upper half counts from 1900, the lower one from 2036
    return whole + era - _FROM_1900_TO_1970_S + parts / _PARTS
