"""The story of one item on one screen."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any
from zoneinfo import ZoneInfo

from runner.cli.output import plain

WIDTH = 108
"""Of the screen."""

LABEL = 13
"""Of the names on the left."""

BUDAPEST = ZoneInfo("Europe/Budapest")


def screen(story: Mapping[str, Any]) -> str:
    """Give the story as it is printed."""
    row, when = story["item"], _When(story["item"]["created_at"])
    title = f" ({row['title']})" if row["title"] else ""
    head = f"Item {row['item_id']} · {row['document_type']}{title} · {row['state']}"
    lines = [head, "─" * min(WIDTH, len(head))]
    for name, part in (
        ("row", _row(row, when)),
        ("decision", _decisions(story["decisions"], when)),
        ("message", _message(story["message"], when)),
        ("attempts", _attempts(story["attempts"], when)),
        ("answer", _answer(story, when)),
        ("write-backs", _write_backs(story["write_backs"])),
        ("withdrawals", _withdrawals(story["withdrawals"], row)),
    ):
        for number, line in enumerate(part):
            lines += _wrapped(name if number == 0 else "", plain(line))
    return "\n".join(lines)


def _wrapped(name: str, line: str) -> list[str]:
    indent = len(line) - len(line.lstrip())
    parts = textwrap.wrap(
        line, WIDTH - LABEL, subsequent_indent=" " * (indent + 2), break_on_hyphens=False, drop_whitespace=True
    )
    return [f"{name if number == 0 else '':{LABEL}}{part}" for number, part in enumerate(parts or [""])]


class _When:
    """Instants as the clocks on the wards show them; the day of the row itself is not said again."""

    def __init__(self, created_at: str) -> None:
        self.day = _local(created_at).date()

    def __call__(self, stored: str) -> str:
        """Give a stored instant, with milliseconds."""
        at = _local(stored)
        hour = f"{at:%H:%M:%S}.{at.microsecond // 1000:03}"
        return hour if at.date() == self.day else f"{at:%Y-%m-%d} {hour}"


def _local(stored: str) -> datetime:
    return datetime.fromisoformat(stored).replace(tzinfo=UTC).astimezone(BUDAPEST)


def _row(row: Mapping[str, Any], when: _When) -> Iterator[str]:
    yield (
        f"recorded by {row['recorded_by']} ({row['recorder_proof']}) at {row['workplace']}, {row['recorded_local']};"
        f" login then: {row['login_at_recording']}"
    )
    keys = (("key", "source_key"), ("order", "order_key"), ("withdraws", "withdraws"), ("behind", "depends_on"))
    limits = (("sent", "sent_at"), ("send by", "send_by"), ("answer by", "answer_by"))
    yield " · ".join([row["lane"], *(f"{name} {row[column]}" for name, column in keys if row[column] is not None)])
    yield " · ".join(
        [f"written {row['created_local']}", *(f"{name} {when(row[at])}" for name, at in limits if row[at])]
    )
    facts = (row["ward_answer"] and f"ward {row['ward_answer']}", row["reason_code"], row["status_text"])
    yield " · ".join([f"{row['state']} since {when(row['state_at'])}", *(fact for fact in facts if fact)])


def _decisions(decisions: Sequence[Mapping[str, Any]], when: _When) -> Iterator[str]:
    for each in decisions:
        ended = " ".join(str(each[name]) for name in ("ending", "reason_code") if each[name])
        under = f" as {each['acting_user']}" if each["acting_user"] else ""
        yield f"line {each['line']}, {when(each['decided_at'])}{under}: {ended}"
        yield f"  {each['statement'] or 'this version of the table has no such line'}"
        is_open = " - no public source decides it: our default, or the site's rule" if each["open"] else ""
        yield f"  source: {each['source']}{is_open}"
        if each["rules"]:
            yield f"  rules: {' · '.join(_rule(name, said) for name, said in each['rules'].items())}"
    if not decisions:
        yield "none: the decision table was not asked"


def _rule(name: str, said: Mapping[str, str]) -> str:
    version = f" of {said['from']}" if "from" in said else ""
    values = " ".join(f"{key} {value}" for key, value in said.items() if key != "from")
    return f"{name}{version}{' ' if values else ''}{values}"


def _message(message: Mapping[str, Any] | None, when: _When) -> Iterator[str]:
    if message is None:
        yield "none: nothing was stored, so nothing left"
        return
    bytes_are = "bytes purged" if message["purged"] else f"expires {when(message['expires_at'])}"
    yield (f"{message['message_id']} as {message['acting_user']}, stored {when(message['stored_at'])}, {bytes_are}")
    yield f"SHA-256 {message['digest'][:16]}… · mapping {message['mapping_version'][:16]}…; values masked:"
    fields = list(message["fields"].items())
    names = min(max((len(name) for name, _ in fields), default=0), 26)
    rows = (len(fields) + 1) // 2
    for left, right in zip_longest(fields[:rows], fields[rows:]):
        pair = (f"{_shortened(name, names):{names}} {form:20}" for name, form in (left, right or ("", "")))
        yield ("  " + " ".join(pair)).rstrip()


def _attempts(attempts: Sequence[Mapping[str, Any]], when: _When) -> Iterator[str]:
    if not attempts:
        yield "none"
    for each in attempts:
        reason = f" {each['reason_code']}" if each["reason_code"] else ""
        verdict = "" if each["verdict"] == "DONE" else f" ({each['verdict']})"
        yield (
            f"{when(each['ended_at'])} {each['kind']} → {each['ending']}{reason}{verdict}, "
            f"{each['took_ms']} ms, as {each['acting_user']}"
        )


def _answer(story: Mapping[str, Any], when: _When) -> Iterator[str]:
    for each in story["receipt"]:
        second = " (a second one!)" if each["is_second"] else ""
        yield f"{each['name']} {each['value']}{second}"
    if story["result"]:
        result = story["result"]
        until = when(result["expires_at"])
        yield f"a result of {result['entries']} entries, for {result['asker']} alone until {until}"
    if not story["receipt"] and not story["result"]:
        yield "nothing to keep"


def _write_backs(copies: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for each in copies:
        error = f": {each['error']}" if each["error"] else ""
        columns, key = ", ".join(each["values_json"]), ", ".join(each["key_json"])
        yield f"{each['table_name']} ({columns}) by {key} → {each['state']}, tries {each['tries']}{error}"
    if not copies:
        yield "none"


def _withdrawals(withdrawals: Sequence[Mapping[str, Any]], row: Mapping[str, Any]) -> Iterator[str]:
    if row["withdraw_asked_by"]:
        yield f"asked for by {row['withdraw_asked_by']}"
    if row["compensation"]:
        yield f"owed by the runner: {row['compensation']}"
    for each in withdrawals:
        under = f" as {each['acting_user']}" if each["acting_user"] else ""
        yield f"item {each['item_id']} {each['state']}{under} · {each['status_text'] or ''}".rstrip(" ·")
    if not withdrawals and not row["withdraw_asked_by"] and not row["compensation"]:
        yield "none"


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
