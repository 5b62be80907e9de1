"""Who is registered at the simulated EESZT, where he may work, and his one-time passwords."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
import struct
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from runner.simulator.refusal import SimulatorError

#: RFC 6238 with its defaults. Ours: what the EESZT's one-time passwords are is not public.
STEP_S = 30
DIGITS = 6


@dataclass(frozen=True)
class User:
    """One registered user."""

    eeszt_user: str
    #: ORVOS, SZAKDOLGOZO, EGYEB or TECHNIKAI in the reference contract.
    role: str
    #: Seed of the one-time passwords, base32; None for the technical user.
    seed: str | None
    active: bool
    #: OTH codes.
    workplaces: frozenset[str]
    #: Stamp number of a doctor.
    stamp: str | None
    #: SHA-256 (hex) of the certificates of the cards that he has activated.
    cards: frozenset[str] = frozenset()


class UserRegister:
    """The users of ``users.yaml``, read anew when the file changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] = (0, 0)
        self._users: dict[str, User] = {}
        self.institution = ""
        self._technical = ""
        self._read()

    def get(self, eeszt_user: str) -> User | None:
        """The user of that name."""
        with self._lock:
            self._read()
            return self._users.get(eeszt_user)

    def owner(self, card: str) -> User | None:
        """Who has activated the card with that certificate (SHA-256, hex)."""
        with self._lock:
            self._read()
            return next((user for user in self._users.values() if card in user.cards), None)

    @property
    def technical_user(self) -> str:
        """The name of the institution's technical user."""
        with self._lock:
            self._read()
            return self._technical

    def _read(self) -> None:
        status = self._path.stat()
        stamp = (status.st_mtime_ns, status.st_size)
        if stamp == self._stamp:
            return
        try:
            content = yaml.safe_load(self._path.read_text(encoding="utf-8"))
            users = [_user(entry) for entry in content["users"]]
            technical = _user({"role": "TECHNIKAI", **content["technical_user"]})
            self.institution = str(content["institution"])
        except (yaml.YAMLError, KeyError, TypeError, AttributeError) as exc:
            if self._users:
                return  # somebody is writing it; what was known stays, and the next request looks again
            raise SimulatorError(f"{self._path}: cannot be read as a list of users: {exc!r}") from exc
        self._technical = technical.eeszt_user
        self._users = {user.eeszt_user: user for user in [*users, technical]}
        self._stamp = stamp


def _user(entry: dict[str, Any]) -> User:
    name = str(entry["eeszt_user"])
    doctor = re.fullmatch(r"O(\d+)", name)
    stamp = entry.get("pecsetszam", doctor[1] if doctor else None)
    return User(
        eeszt_user=name,
        role=str(entry["role"]),
        seed=entry.get("seed"),
        active=bool(entry.get("active", True)),
        workplaces=frozenset(str(workplace) for workplace in entry.get("workplaces", [])),
        stamp=None if stamp is None else str(stamp),
        cards=frozenset(str(card).lower() for card in entry.get("cards", [])),
    )


def one_time_password(seed: str, at_s: float) -> str:
    """The password of that moment (RFC 6238: SHA-1, 30 s, 6 digits)."""
    return _hotp(seed, int(at_s) // STEP_S)


def matching_step(seed: str, password: str, at_s: float) -> int | None:
    """The time step that the password belongs to, one step early or late at most; None if it is wrong."""
    now = int(at_s) // STEP_S
    for step in (now, now - 1, now + 1):
        if hmac.compare_digest(_hotp(seed, step).encode(), password.encode()):
            return step
    return None


def _hotp(seed: str, counter: int) -> str:
    key = base64.b32decode(seed + "=" * (-len(seed) % 8), casefold=True)
    digest = hmac.digest(key, struct.pack(">Q", counter), hashlib.sha1)
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def new_seed() -> str:
    """A new random seed, 160 bits in base32."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def write_example_users(path: Path, institution: str, technical_user: str) -> None:
    """Write a ``users.yaml`` to begin with: two doctors, a health worker, a clerk, one not activated yet."""
    workplaces = ["010100101", "010100102"]
    content = {
        "institution": institution,
        "technical_user": {"eeszt_user": technical_user, "workplaces": workplaces},
        "users": [
            {"eeszt_user": "O52713", "role": "ORVOS", "workplaces": workplaces},
            {"eeszt_user": "O61142", "role": "ORVOS", "workplaces": workplaces[:1]},
            {"eeszt_user": "SZ3301", "role": "SZAKDOLGOZO", "workplaces": workplaces},
            {"eeszt_user": "E4402", "role": "EGYEB", "workplaces": workplaces[1:]},
            {"eeszt_user": "O70070", "role": "ORVOS", "active": False, "workplaces": workplaces},
        ],
    }
    for user in content["users"]:
        assert isinstance(user, dict)
        user["seed"] = new_seed()
    text = (
        "# Users of the simulated EESZT; read again when it changes. `seed`: RFC 6238, base32. Nobody here is real.\n"
    )
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text + yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
