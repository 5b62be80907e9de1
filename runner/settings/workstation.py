"""
The workstation's own file: where the login endpoint is, and by what it is known.

Neither is ever taken from what a program is told. It is TOML with few keys, so that the login agent needs nothing of
the rest of the package.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from runner.errors import ProblemsError, RunnerError, fault

VARIABLE = "EESZT_LOGIN_WORKSTATION"
_PIN = re.compile(r"[0-9a-f]{64}")
_NAMES = ("address", "client", "pins", "reader")


@dataclass(frozen=True, slots=True)
class Workstation:
    """
    What the machine's configuration says.

    Attributes:
        host: Of the login endpoint.
        port: Its port.
        pins: SHA-256 (hex) of the certificates by which it may show itself; none other is believed.
        reader: Part of the reader's name, where several hold cards.
        client: Words of the command that is the card's own client, for profiles of conversation ``external``.
    """

    host: str
    port: int
    pins: frozenset[str]
    reader: str | None = None
    client: tuple[str, ...] = ()


def workstation_path(named: str | Path | None) -> Path:
    """Give the file: the named one, the environment's, or the machine's."""
    if named or os.environ.get(VARIABLE):
        return Path(named or os.environ[VARIABLE])
    if sys.platform == "win32":
        return Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData")) / "eeszt-runner" / "login.toml"
    return Path("/etc/eeszt-runner/login.toml")


def read_workstation(path: Path) -> Workstation:
    """
    Read the workstation's file.

    Raises:
        ProblemsError: RNR-1080 to 1082, everything that is wrong with it.
    """
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise ProblemsError([fault(1080, str(path), reason=exc.strerror or type(exc).__name__)]) from exc
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise ProblemsError([fault(1080, str(path), reason="it is no TOML")]) from exc
    problems: list[RunnerError] = [
        fault(1082, str(path), name=name, allowed=", ".join(_NAMES)) for name in sorted(said.keys() - set(_NAMES))
    ]
    url = urlsplit(said["address"]) if isinstance(said.get("address"), str) else None
    if url is None or url.scheme != "https" or not url.hostname or url.path not in {"", "/"}:
        problems.append(
            fault(1081, str(path), name="address", expected="an address such as https://eeszt.korhaz.hu:8443")
        )
    pins = _texts(said, "pins")
    if not pins or not all(_PIN.fullmatch(each) for each in pins):
        problems.append(fault(1081, str(path), name="pins", expected="a list of SHA-256 in hexadecimal (`login pin`)"))
    if not isinstance(said.get("reader", ""), str):
        problems.append(fault(1081, str(path), name="reader", expected="a part of the reader's name"))
    client = _texts(said, "client")
    if client is None:
        problems.append(fault(1081, str(path), name="client", expected="a list of the command's words"))
    if problems or url is None or pins is None or client is None:
        raise ProblemsError(problems)
    return Workstation(url.hostname or "", url.port or 443, frozenset(pins), said.get("reader"), tuple(client))


def _texts(said: Mapping[str, Any], name: str) -> list[str] | None:
    """Give a list of texts, pins in lower case without colons; None where it is none."""
    found = said.get(name, [])
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        return None
    return [each.replace(":", "").lower() for each in found] if name == "pins" else found
