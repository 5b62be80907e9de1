"""
The technical log: one line for each event, a constant sentence with fields, never with patients' data.

Write it as ``logger.info("item completed", extra={"event": "item.completed", "item": 81234})``: the sentence holds no
value, each value is a field. Two things are kept out here, whoever logs: texts of foreign exceptions and of foreign
libraries may quote what they worked on, so only their class and place are written; and control characters in values
are escaped, so that nobody can write a line of his own.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import os
import re
import traceback
from datetime import UTC, datetime
from io import TextIOWrapper
from typing import TYPE_CHECKING

from runner.errors import ProblemsError, RunnerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.settings import Log

TRAFFIC = 5
"""Level below DEBUG: the headers of each message."""

_encode = json.JSONEncoder(ensure_ascii=False, default=str).encode
_OURS = ("runner", "__main__")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_PLAIN = re.compile(r"[^\s\"'=\\]+")
_DEEPEST_CAUSE = 5


def configure(settings: Log) -> None:
    """
    Send everything that is logged from now on where the settings say; may be called again.

    Raises:
        OSError: The log's file cannot be opened.
    """
    logging.addLevelName(TRAFFIC, "TRAFFIC")
    handler: logging.Handler
    handler = logging.StreamHandler() if settings.file is None else _PrivateFile(settings.file, encoding="utf-8")
    handler.setFormatter(JsonLines() if settings.format == "json" else TextLines())
    root = logging.getLogger()
    for old in [each for each in root.handlers if isinstance(each.formatter, JsonLines | TextLines)]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)  # what foreign libraries say below that is theirs
    logging.getLogger("runner").setLevel(settings.level)


class _PrivateFile(logging.handlers.WatchedFileHandler):
    """A file that others cannot read; notices when a log rotation has moved it away."""

    def _open(self) -> TextIOWrapper:
        def private(path: str, flags: int) -> int:
            return os.open(path, flags, 0o600)

        return open(self.baseFilename, "a", encoding=self.encoding, opener=private)


class JsonLines(logging.Formatter):
    """One JSON object a line: ``at``, ``level``, ``logger``, ``text``, then the fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line."""
        fields = {"at": _instant(record), "level": record.levelname, "logger": record.name, **_facts(record)}
        return _escaped(_encode(fields))


class TextLines(logging.Formatter):
    """One line of text: instant, level, sentence, then ``name=value`` for each field."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line."""
        facts = _facts(record)
        sentence = str(facts.pop("text"))
        shown = "".join(f" {name}={_plain(value)}" for name, value in facts.items())
        return _escaped(f"{_instant(record)} {record.levelname:<7} {sentence}{shown}")


def _instant(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    return at.replace("+00:00", "Z")


def _facts(record: logging.LogRecord) -> dict[str, object]:
    """Give the sentence as ``text``, the fields, and of an exception what may be told."""
    facts: dict[str, object] = {}
    if record.name.split(".", 1)[0] in _OURS:
        facts["text"] = record.getMessage()
        facts |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
    else:
        facts |= {"text": "message of a library", "place": f"{record.module}:{record.lineno}"}
    if record.exc_info and (error := record.exc_info[1]):
        facts |= _told(error)
    return facts


def _told(error: BaseException) -> Mapping[str, object]:
    """Give our own faults in full, foreign ones by class only, with the way through the code."""
    chain: list[str] = []
    at: BaseException | None = error
    while at is not None and len(chain) < _DEEPEST_CAUSE:
        chain.append(str(at) if isinstance(at, RunnerError | ProblemsError) else type(at).__name__)
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    frames = traceback.extract_tb(error.__traceback__)
    way = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
    return {"error": " < ".join(chain), "way": " > ".join(way)}


def _plain(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _escaped(line: str) -> str:
    r"""Write every character that is not printable as ``\uXXXX``: no line break, no colour, no change of direction."""
    if line.isprintable():
        return line
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in line)
