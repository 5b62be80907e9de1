"""The simulator's books: what it accepted, kept in one file that survives a restart."""

from __future__ import annotations

import json
import os
import secrets
import threading
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from runner.simulator.refusal import SimulatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path


@dataclass
class Document:
    """One accepted document."""

    #: Identifier that the simulator gave: SIM and twelve digits.
    id: str
    operation: str
    message_id: str
    user: str
    role: str
    #: Aware UTC, ISO 8601.
    created: str
    state: str = ""
    own_reference: str | None = None
    workplace: str | None = None
    #: The key that queries find it under, such as ``TAJ:123456788``.
    patient: str | None = None
    #: Named values kept for the answers of queries.
    fields: dict[str, str] = field(default_factory=dict)
    #: The operation has no script.
    unscripted: bool = False
    #: How often a message with this message identifier came.
    copies: int = 1
    #: Counts its new versions.
    version: int = 1
    #: Each change: at, state, by, message_id, own_reference, version.
    history: list[dict[str, Any]] = field(default_factory=list)

    def has_reference(self, own_reference: str) -> bool:
        """Whether it was made or changed by a message with that reference."""
        return own_reference in (self.own_reference, *(change.get("own_reference") for change in self.history))

    def version_of(self, own_reference: str) -> int:
        """The version that the message with that reference left."""
        made = [change["version"] for change in self.history if change.get("own_reference") == own_reference]
        return int(made[-1]) if made else 1


@dataclass(frozen=True)
class Change:
    """A withdrawal, a new version, or what a pharmacy does."""

    state: str
    #: User or move.
    by: str
    #: Empty where no message asked for it.
    message_id: str = ""
    own_reference: str | None = None
    #: Kept values of the new version; None where it is no new version.
    fields: dict[str, str] | None = None


class Register:
    """All documents; every change is one line, written out before the answer leaves."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._documents: dict[str, Document] = {}
        #: Message identifier → document that it made or changed.
        self._accepted: dict[str, str] = {}
        self._passwords: set[tuple[str, int]] = set()
        if path.exists():
            self._load(path)
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w", encoding="utf-8")

    def close(self) -> None:
        """Close the file; nothing can be recorded afterwards."""
        with self._lock:
            self._file.close()

    def documents(self) -> list[Document]:
        """All documents in the order of their acceptance."""
        with self._lock:
            return list(self._documents.values())

    def as_json(self) -> list[dict[str, Any]]:
        """All documents as plain values."""
        with self._lock:
            return [asdict(document) for document in self._documents.values()]

    def find(self, identifier: str) -> Document | None:
        """The document with that identifier."""
        with self._lock:
            return self._documents.get(identifier)

    def new_id(self) -> str:
        """An identifier that no document has."""
        with self._lock:
            while (identifier := f"SIM{secrets.randbelow(10**12):012d}") in self._documents:
                pass
            return identifier

    def accept(self, document: Document, *, refuse_duplicates: bool) -> str | None:
        """
        Record a new document, or count a copy of one that is there.

        Returns:
            None if it was recorded, else the identifier of the one that its message identifier made before.
        """
        with self._lock:
            first = self.duplicate_of(document.message_id)
            if first is not None and refuse_duplicates:
                return first
            self._store({"event": "document", **asdict(document)})
            return None

    def duplicate_of(self, message_id: str) -> str | None:
        """The document that a message with this identifier made or changed; the copy is counted."""
        with self._lock:
            first = self._accepted.get(message_id)
            if first is not None:
                self._store({"event": "copy", "id": first, "at": now_text()})
            return first

    def change(self, identifier: str, allow: Callable[[Document], None], change: Change) -> Document:
        """
        Change a document that is there.

        Args:
            identifier: Which.
            allow: Raises if its present state does not allow it; called under the lock.
            change: What becomes of it.
        """
        with self._lock:
            document = self._documents[identifier]
            allow(document)
            self._store({"event": "state", "id": identifier, "at": now_text(), **asdict(change)})
            return document

    def first_of(self, message_id: str) -> str | None:
        """The document that a message with this identifier made or changed; nothing is counted."""
        with self._lock:
            return self._accepted.get(message_id)

    def add(self, document: Document) -> None:
        """Record a document that no message brought, for the queries of tests."""
        with self._lock:
            if document.id in self._documents:
                raise SimulatorError(f"there is a document {document.id} already")
            self._store({"event": "document", **asdict(document)})

    def use_password(self, user: str, step: int) -> bool:
        """Take that user's one-time password of that time step; False if it was taken before."""
        with self._lock:
            if (user, step) in self._passwords:
                return False
            self._store({"event": "password", "user": user, "step": step})
            return True

    def use_card_proof(self, statement: str) -> bool:
        """Take what a card signed (SHA-256, hex); False if it was taken before."""
        return self.use_password(f"card {statement}", 0)

    def _store(self, event: dict[str, Any]) -> None:
        self._file.write(json.dumps(event, ensure_ascii=False) + "\n")
        self._file.flush()
        self._apply(event)

    def _load(self, path: Path) -> None:
        lines = path.read_bytes().splitlines(keepends=True)
        for number, line in enumerate(lines, start=1):
            try:
                self._apply(json.loads(line))
            except (ValueError, KeyError, TypeError) as exc:
                if number == len(lines) and not line.endswith(b"\n"):
                    # Killed while it wrote: that answer never left, and the half line must not spoil the next.
                    os.truncate(path, sum(map(len, lines[:-1])))
                    return
                raise SimulatorError(f"{path}:{number}: is no line of a register: {exc!r}") from exc

    def _apply(self, event: dict[str, Any]) -> None:
        kind = event["event"]
        if kind == "document":
            document = Document(**{key: value for key, value in event.items() if key != "event"})
            self._documents[document.id] = document
            if document.message_id:
                self._accepted.setdefault(document.message_id, document.id)
        elif kind == "copy":
            self._documents[event["id"]].copies += 1
        elif kind == "state":
            document = self._documents[event["id"]]
            document.state = event["state"]
            if event.get("fields") is not None:
                document.fields = event["fields"]
                document.version += 1
            entry = {key: event.get(key) for key in ("at", "state", "by", "message_id", "own_reference")}
            document.history.append({**entry, "version": document.version})
            if event["message_id"]:
                self._accepted.setdefault(event["message_id"], document.id)
        elif kind == "password":
            self._passwords.add((event["user"], event["step"]))
        else:
            raise ValueError(f"unknown event {kind!r}")


def now_text() -> str:
    """This moment, aware UTC, ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def matching(documents: Iterable[Document], operations: frozenset[str], wanted: dict[str, str]) -> list[Document]:
    """The documents of those operations whose attributes are all as wanted."""
    return [
        document
        for document in documents
        if (not operations or document.operation in operations)
        and all(_is(document, name, value) for name, value in wanted.items())
    ]


def _is(document: Document, name: str, value: str) -> bool:
    return document.has_reference(value) if name == "own_reference" else getattr(document, name) == value
