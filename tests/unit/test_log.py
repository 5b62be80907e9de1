"""The technical log: lines that machines can read and nobody can forge, without foreign texts."""

from __future__ import annotations

import json
import logging
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner import log
from runner.errors import fault
from runner.settings import Log

logger = logging.getLogger("runner.test")


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    root = logging.getLogger()
    before = list(root.handlers), root.level, logging.getLogger("runner").level
    yield
    for each in set(root.handlers) - set(before[0]):
        each.close()
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    logging.getLogger("runner").setLevel(before[2])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runner.log"


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_an_event_is_one_json_object_with_its_fields(path: Path) -> None:
    log.configure(Log(file=path))
    logger.info("item completed", extra={"event": "item.completed", "item": 81234, "took_ms": 4.5})
    (line,) = lines(path)
    assert line["text"] == "item completed"
    assert (line["event"], line["item"], line["took_ms"]) == ("item.completed", 81234, 4.5)
    assert line["level"] == "INFO"
    assert str(line["at"]).endswith("Z")


def test_plain_text_shows_sentence_and_fields(path: Path) -> None:
    log.configure(Log(file=path, format="text"))
    logger.warning("login refused", extra={"event": "login.refused", "reason": "not the matched one"})
    text = path.read_text(encoding="utf-8")
    assert text.endswith('WARNING login refused event=login.refused reason="not the matched one"\n')


@pytest.mark.parametrize("format_", ["json", "text"])
@pytest.mark.parametrize("forged", ["a\nINFO item completed", "a\r\n", "\x1b[31m", "\u2028x", "\u202eab", "\x85"])
def test_a_value_cannot_begin_a_line_or_command_a_terminal(path: Path, format_: str, forged: str) -> None:
    log.configure(Log(file=path, format=format_))  # type: ignore[arg-type]
    logger.info("asked", extra={"event": "x", "user": forged})
    text = path.read_text(encoding="utf-8").removesuffix("\n")
    assert text.isprintable()


def test_accents_stay_readable_and_escapes_stay_json(path: Path) -> None:
    log.configure(Log(file=path))
    logger.info("asked", extra={"user": "Árvíztűrő\u202e\U000e0001"})
    assert "Árvíztűrő" in path.read_text(encoding="utf-8")
    assert lines(path)[0]["user"] == "Árvíztűrő\u202e\U000e0001"


def test_a_foreign_exceptions_text_is_not_written_but_ours_is(path: Path) -> None:
    log.configure(Log(file=path))
    try:
        try:
            int("Kovács Béla 123456788")
        except ValueError as exc:
            raise fault(9001, "item 5", kind="ValueError") from exc
    except Exception:
        logger.exception("item failed", extra={"event": "item.failed"})
    text = path.read_text(encoding="utf-8")
    assert "Kovács" not in text
    (line,) = lines(path)
    assert str(line["error"]).startswith("RNR-9001 item 5")
    assert str(line["error"]).endswith("< ValueError")
    assert "test_log.py:" in str(line["way"])


def test_a_foreign_librarys_text_is_not_written(path: Path) -> None:
    log.configure(Log(file=path))
    logging.getLogger("foreign.library").warning("value %s of Kovács", "123456788")
    logging.getLogger("foreign.library").info("nothing of it")
    (line,) = lines(path)
    assert line["logger"] == "foreign.library"
    assert "Kovács" not in str(line)


def test_the_level_counts_for_ours_and_traffic_is_below_debug(path: Path) -> None:
    log.configure(Log(file=path, level="TRAFFIC"))
    logger.log(log.TRAFFIC, "sent")
    log.configure(Log(file=path, level="DEBUG"))
    logger.log(log.TRAFFIC, "sent")
    logger.debug("worked")
    assert [line["level"] for line in lines(path)] == ["TRAFFIC", "DEBUG"]


def test_configured_again_it_writes_each_line_once_into_a_private_file(path: Path) -> None:
    log.configure(Log(file=path))
    log.configure(Log(file=path))
    logger.info("once")
    assert len(lines(path)) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
