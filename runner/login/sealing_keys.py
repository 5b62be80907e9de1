"""
The keys under which sessions are sealed: where they lie, and how a new one comes into use.

A source holds keys of 32 bytes in base64, separated by blanks or lines, the newest first: the first one seals and
opens, the others only open. So whoever changes the key puts the new one before it, and nobody has to log in again.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.errors import fault
from runner.settings import Sealing

KEY_BYTES = 32
KEPT = 3
"""How many keys a source holds after a change: the new one and the two before it."""
ENTRY_USER = "sealing"
"""User name of the entry in the operating system's keyring; its service is what the settings say."""
_LEAST_PRIORITY = 1.0
"""What `keyring` gives to stores that it recommends; those below keep their entries in plain text, or keep none."""


@dataclass(frozen=True, slots=True)
class SealingKeys:
    """
    Keys, and where they come from.

    Attributes:
        source: In words, for whoever checks the installation; nothing of a key.
        keys: At least one; the first seals.
    """

    source: str
    keys: tuple[bytes, ...] = field(repr=False)


def read_keys(settings: Sealing) -> SealingKeys:
    """
    Give the keys of the source that the settings name.

    Raises:
        SettingsError: RNR-1006, 1013, 1087, 1088: it cannot be read, holds no key, or protects none.
    """
    source, text = _read(settings)
    keys = tuple(_decoded(word) for word in text.split())
    if keys and all(len(each) == KEY_BYTES for each in keys):
        return SealingKeys(source, keys)
    if settings.key_file is not None:
        raise fault(1013, "sealing.key_file", file=str(settings.key_file), name="sealing.key_file")
    raise fault(1087, "sealing", source=source, reason="what it holds is no key" if text else "it is empty")


def renew(settings: Sealing) -> SealingKeys:
    """
    Put a new key before those of the source, or make its first one; what it holds now.

    Raises:
        SettingsError: RNR-1089, a process cannot change its surroundings' variables; or as ``read_keys``, or it cannot
            be written.
    """
    if settings.key_variable is not None:
        raise fault(1089, "sealing.key_variable", name=settings.key_variable)
    is_first = not settings.key_file.exists() if settings.key_file else _entry(settings) is None
    before = () if is_first else read_keys(settings).keys
    keys = (secrets.token_bytes(KEY_BYTES), *before)[:KEPT]
    text = "".join(base64.b64encode(each).decode() + "\n" for each in keys)
    if settings.key_file is not None:
        _write(settings.key_file, text)
    else:
        _store(settings, text)
    return read_keys(settings)


def _read(settings: Sealing) -> tuple[str, str]:
    """Give source and text."""
    if settings.key_file is not None:
        try:
            return f"file {settings.key_file}", settings.key_file.read_bytes().decode("ascii", "replace")
        except OSError as exc:
            reason = exc.strerror or type(exc).__name__
            name = "sealing.key_file"
            raise fault(1006, name, file=str(settings.key_file), name=name, reason=reason) from exc
    if settings.key_variable is not None:
        source = f"environment variable {settings.key_variable}"
        if settings.key_variable not in os.environ:
            raise fault(1087, "sealing.key_variable", source=source, reason="it is not set")
        return source, os.environ[settings.key_variable]
    text = _entry(settings)
    source = f"keyring entry {settings.key_keyring}, user {ENTRY_USER}"
    if text is None:
        raise fault(1087, "sealing.key_keyring", source=source, reason="there is none for the runner's user")
    return source, text


def _decoded(word: str) -> bytes:
    try:
        return base64.b64decode(word, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _write(file: Path, text: str) -> None:
    """Put a file in the place of the old one, whole or not at all, its owner's alone."""
    try:
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # of rights 600
        try:
            with os.fdopen(handle, "w", encoding="ascii") as new:
                new.write(text)
                new.flush()
                os.fsync(new.fileno())
            if hasattr(os, "chown") and file.exists():  # so that the daemon still reads what an administrator renews
                os.chown(name, file.stat().st_uid, file.stat().st_gid)
            Path(name).replace(file)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as exc:
        reason = exc.strerror or type(exc).__name__
        raise fault(1021, "sealing.key_file", folder=str(file.parent), name="sealing.key_file", reason=reason) from exc


def _entry(settings: Sealing) -> str | None:
    keyring, errors = _keyring(settings)
    try:
        found: str | None = keyring.get_password(settings.key_keyring, ENTRY_USER)
    except errors.KeyringError as exc:
        source = f"keyring entry {settings.key_keyring}, user {ENTRY_USER}"
        raise fault(1087, "sealing.key_keyring", source=source, reason=type(exc).__name__) from exc
    return found


def _store(settings: Sealing, text: str) -> None:
    keyring, errors = _keyring(settings)
    try:
        keyring.set_password(settings.key_keyring, ENTRY_USER, text)
    except errors.KeyringError as exc:
        source = f"keyring entry {settings.key_keyring}, user {ENTRY_USER}"
        raise fault(1087, "sealing.key_keyring", source=source, reason=type(exc).__name__) from exc


def _keyring(settings: Sealing) -> tuple[Any, Any]:
    """Give the operating system's store, if there is one that protects what it holds, and its errors."""
    try:
        import keyring  # noqa: PLC0415  an extra: most sites have a file
        import keyring.errors  # noqa: PLC0415
    except ImportError as exc:
        source = f"keyring entry {settings.key_keyring}, user {ENTRY_USER}"
        reason = "its library is not installed (`pip install 'eeszt-runner[keyring]'`)"
        raise fault(1087, "sealing.key_keyring", source=source, reason=reason) from exc
    store = keyring.get_keyring()
    if store.priority < _LEAST_PRIORITY:
        raise fault(1088, "sealing.key_keyring", store=f"{type(store).__module__}.{type(store).__name__}")
    return store, keyring.errors
