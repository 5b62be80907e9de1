"""
Sessions under seal: what lies in the database opens only here, and only in the row it was made for.

AES-256-GCM (NIST SP 800-38D) with a random nonce; the row's facts are authenticated with it, so that a token that is
copied to another person's row, or whose end was moved, does not open. The layout is ours: version 1, eight bytes that
tell the key, twelve of nonce, then the sealed JSON.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from runner.errors import RunnerError, fault
from runner.login.sealing_keys import read_keys
from runner.ports import LoginRow, Token
from runner.settings import Sealing

_VERSION = b"\x01"
_KEY_ID_BYTES = 8
_NONCE_BYTES = 12
_HEAD_BYTES = len(_VERSION) + _KEY_ID_BYTES + _NONCE_BYTES


class Sealer:
    """Seals with one key and opens with any that was in use. Safe for threads."""

    def __init__(
        self,
        key: bytes,
        previous: Sequence[bytes] = (),
        *,
        environment: str,
        database_id: str = "",
        again: Callable[[], Sequence[bytes]] | None = None,
    ) -> None:
        """
        Make a sealer.

        Args:
            key: 32 bytes; seals and opens.
            previous: Keys that only open.
            environment: ``test`` or ``production``; a session of one does not open in the other.
            database_id: Of the database that the sessions lie in; a session of another one does not open.
            again: Gives the keys anew where another daemon seals with one that is not known here; None: nobody can.
        """
        self._again = again
        self._environment = environment
        self._database_id = database_id
        self._key_id = _key_id(key)
        self._ciphers = _ciphers((key, *previous))

    def seal(self, row: LoginRow, token: Token) -> bytes:
        """Give the sealed token, bound to the row."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._key_id].encrypt(nonce, _packed(token), self._bound(row))
        return _VERSION + self._key_id + nonce + sealed

    def unknown_key(self, row: LoginRow) -> str | None:
        """Give the key that a row is sealed under, where it is none of ours; None where it is, or nothing is sealed."""
        key_id = (row.sealed or b"")[len(_VERSION) : len(_VERSION) + _KEY_ID_BYTES]
        is_known = not key_id or key_id in self._ciphers or key_id in self._with_new_keys()
        return None if is_known else key_id.hex()

    def open(self, row: LoginRow) -> Token:
        """
        Give the token of a row.

        Raises:
            IntegrityError: RNR-8101, it was changed or belongs to another row; RNR-8102, its key is not known here.
        """
        sealed = row.sealed or b""
        where = f"login {row.login_id}"
        key_id = sealed[len(_VERSION) : len(_VERSION) + _KEY_ID_BYTES]
        if len(sealed) <= _HEAD_BYTES or not sealed.startswith(_VERSION):
            raise fault(8101, where)
        cipher = self._ciphers.get(key_id) or self._with_new_keys().get(key_id)
        if cipher is None:
            raise fault(8102, where, key=key_id.hex())
        nonce = sealed[_HEAD_BYTES - _NONCE_BYTES : _HEAD_BYTES]
        try:
            packed = cipher.decrypt(nonce, sealed[_HEAD_BYTES:], self._bound(row))
        except InvalidTag as exc:
            raise fault(8101, where) from exc
        return _unpacked(json.loads(packed))

    def _with_new_keys(self) -> Mapping[bytes, AESGCM]:
        """Read the keys anew: while they are being changed, another daemon may be ahead. What seals stays."""
        if self._again is not None:
            try:
                self._ciphers = {**self._ciphers, **_ciphers(self._again())}
            except RunnerError:
                return (
                    self._ciphers
                )  # what could not be read says nothing; the session is told as one that does not open
        return self._ciphers

    def _bound(self, row: LoginRow) -> bytes:
        """Give the row's facts in canonical JSON: sorted keys, no spaces, instants in UTC to the millisecond."""
        facts = {
            "database_id": self._database_id,
            "ends_at": row.ends_at.isoformat(timespec="milliseconds"),
            "environment": self._environment,
            "eeszt_user": row.eeszt_user,
            "his_user": row.his_user,
            "institution": row.institution,
            "login_id": row.login_id,
            "role": row.role,
        }
        return json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()


def sealer(settings: Sealing, environment: str, database_id: str = "") -> Sealer:
    """
    Give the sealer of the keys in the source that the settings name.

    Raises:
        SettingsError: As ``read_keys``.
    """
    keys = read_keys(settings).keys
    return Sealer(
        keys[0],
        keys[1:],
        environment=environment,
        database_id=database_id,
        again=lambda: read_keys(settings).keys,
    )


def _ciphers(keys: Sequence[bytes]) -> dict[bytes, AESGCM]:
    return {_key_id(each): AESGCM(each) for each in keys}


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"eeszt-runner sealing key\x00" + key).digest()[:_KEY_ID_BYTES]


def _packed(token: Token) -> bytes:
    return json.dumps(
        {
            "eeszt_user": token.eeszt_user,
            "assertion": base64.b64encode(token.assertion).decode(),
            "assertion_id": token.assertion_id,
            "key": None if token.key is None else base64.b64encode(token.key).decode(),
            "role": token.role,
            "institution": token.institution,
            "issued_at": token.issued_at.isoformat(),
            "expires_at": token.expires_at.isoformat(),
        }
    ).encode()


def _unpacked(facts: Mapping[str, Any]) -> Token:
    return Token(
        eeszt_user=facts["eeszt_user"],
        assertion=base64.b64decode(facts["assertion"]),
        assertion_id=facts["assertion_id"],
        key=None if facts["key"] is None else base64.b64decode(facts["key"]),
        role=facts["role"],
        institution=facts["institution"],
        issued_at=datetime.fromisoformat(facts["issued_at"]),
        expires_at=datetime.fromisoformat(facts["expires_at"]),
    )
