"""
Golden tests: ``mapping_test.yaml`` beside each mapping says what becomes of a row and of an answer.

A message is compared canonically, so that spaces and prefixes do not matter, after the contract's schema has judged it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import unified_diff
from pathlib import Path
from typing import Any

from lxml import etree

from runner.domain.outbox import Row, State
from runner.domain.outcome import Ending, Outcome
from runner.errors import RunnerError, fault
from runner.mapping.case_replies import WORDS, reply_of
from runner.mapping.document_type import BUDAPEST, DocumentType, Prepared
from runner.mapping.language import check_shape
from runner.mapping.loader import Mappings
from runner.mapping.places import YamlFile, read_yaml
from runner.mapping.problems import Problems
from runner.mapping.refusal import RowRefused
from runner.mapping.values import written
from runner.ports import Delivery, Item, Reply

MESSAGE_ID = "urn:uuid:00000000-0000-4000-8000-000000000001"
"""Message identifier of every test's item unless it says otherwise."""

STATES: Mapping[Ending, State] = {
    Ending.INVALID: State.INVALID,
    Ending.SKIPPED: State.SKIPPED,
    Ending.TOO_LATE: State.MISSED,
    Ending.PARKED: State.PARKED,
    Ending.NEEDS_PERSON: State.PARKED,
    Ending.ACCEPTED: State.ACCEPTED,
    Ending.REJECTED: State.REJECTED,
    Ending.NOT_RECEIVED: State.WAITING,
    Ending.UNKNOWN: State.UNKNOWN,
    Ending.ABSENT: State.UNKNOWN,
    Ending.NO_ANSWER: State.UNKNOWN,
    Ending.GIVEN_BACK: State.NEW,
}
"""The state that an outcome leads to, as a test calls it."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """
    How one case went.

    Attributes:
        document_type: The mapping.
        name: The case's sentence.
        where: ``file:line``.
        problems: What differs; empty is good.
    """

    document_type: str
    name: str
    where: str
    problems: tuple[RunnerError, ...]


@dataclass(slots=True)
class _Case:
    """One case on its way."""

    kind: DocumentType
    mappings: Mappings
    folder: Path
    file: YamlFile
    number: int
    data: Mapping[str, Any]
    update: bool
    problems: list[RunnerError] = field(default_factory=list)

    def differs(self, what: str, expected: object, got: object) -> None:
        where = self.file.at("cases", self.number)
        self.problems.append(fault(2050, where, case=self.data["name"], what=what, expected=expected, got=got))

    def compare(self, what: str, expected: object, got: object) -> None:
        if expected != got:
            self.differs(what, repr(expected), repr(got))


def run_cases(
    mappings: Mappings, folder: Path, names: Iterable[str] | None = None, *, update: bool = False
) -> list[CaseResult]:
    """
    Run the tests beside the mappings.

    Args:
        mappings: As loaded.
        folder: ``mappings``.
        names: Document types to test; None: all.
        update: Write the messages that come out into the files that are named, instead of comparing them.

    Raises:
        ProblemsError: A test file cannot be read.
    """
    results: list[CaseResult] = []
    problems = Problems()
    for name in names if names is not None else mappings.types:
        file = read_yaml(folder / name / "mapping_test.yaml", problems)
        if file is None or not check_shape(file, "mapping_test", problems):
            continue
        for number, data in enumerate(file.data["cases"]):
            case = _Case(mappings.types[name], mappings, folder / name, file, number, data, update)
            _run(case)
            where = file.at("cases", number)
            results.append(CaseResult(name, data["name"], where, tuple(case.problems)))
    problems.raise_any()
    return results


def make_item(kind: DocumentType, said: Mapping[str, Any]) -> Item:
    """Make the item of a test, or of `mapping show`, from what is said of it."""
    at = datetime.fromisoformat(said.get("recorded_at", "2026-01-15T10:00:00+00:00"))
    at = at if at.tzinfo is not None else at.replace(tzinfo=BUDAPEST)
    first = datetime.fromisoformat(said["first_recorded_at"]) if "first_recorded_at" in said else None
    row = Row(int(said.get("item_id", 1)), State.CLAIMED, message_id=said.get("message_id", MESSAGE_ID))
    return Item(
        lane=kind.version.lane,
        row=row,
        document_type=kind.name,
        recorded_by=said.get("recorded_by", "teszt.orvos"),
        workplace=said.get("workplace", "013579101"),
        recorded_at=at,
        created_at=at,
        source_key=said.get("source_key", "1"),
        order_key=said.get("order_key"),
        payload=said.get("payload"),
        prescriber=said.get("prescriber"),
        first_recorded_at=first,
    )


def _run(case: _Case) -> None:
    said = {**case.file.data.get("item", {}), **case.data.get("item", {})}
    try:
        item = make_item(case.kind, said)
    except ValueError:
        case.differs("the item's recorded_at", "a time such as 2026-01-15T10:00:00Z", repr(said["recorded_at"]))
        return
    then: Mapping[str, Any] = case.data.get("then", {})
    prepared: Prepared | None = None
    column: str | None = None
    outcome: Outcome | None = None
    try:
        row = _with_files({**case.file.data["row"], **case.data.get("row", {})})
        if "payload" in said:
            row = case.kind.row_of(item)
        prepared = case.kind.prepare(row, item, item.row.message_id or "")
    except RowRefused as refused:
        outcome, column = refused.outcome, refused.column
    except RunnerError as error:
        case.differs("the mapping", "a message", error)
        return
    if "message" in case.data:
        refused_for = (outcome.status_text if outcome is not None else None) or ""
        _compare_message(case, case.data["message"], prepared.body if prepared else None, refused_for)
    if "document" in case.data:
        _compare_document(case, case.data["document"], prepared.document if prepared else {}, "")
    if prepared is not None and "answer" in case.data:
        outcome = case.kind.outcome(_reply(case, case.kind, case.data["answer"]), prepared.document, item)
        outcome = _asked(case, outcome, prepared, item)
    if then:
        _compare_end(case, then, outcome, column, prepared)


def _with_files(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give a row with the binary columns that a test writes as ``{base64: …}``."""
    return {
        name: base64.b64decode(value["base64"]) if isinstance(value, dict) and value.keys() == {"base64"} else value
        for name, value in row.items()
    }


def _asked(case: _Case, outcome: Outcome, prepared: Prepared, item: Item) -> Outcome:
    """Ask after an unknown fate, where the case speaks of that."""
    then, plan = case.data.get("then", {}), case.kind.ask
    if "asks" in then:
        asks = plan.document_type if plan is not None and outcome.ending is Ending.UNKNOWN else None
        case.compare("asks", then["asks"], asks)
    if plan is None or outcome.ending is not Ending.UNKNOWN:
        return outcome
    asking = case.mappings.types[plan.document_type]
    if "asked" in then:
        question = asking.prepare(plan.row(prepared.document, item), item, MESSAGE_ID)
        _compare_message(case, then["asked"], question.body)
    if "probe" in case.data:
        return plan.judge(_reply(case, asking, case.data["probe"]), asking, prepared.document, item)
    return outcome


def _reply(case: _Case, kind: DocumentType, name: str) -> Reply:
    if name in WORDS:
        return WORDS[name]
    try:
        return reply_of(case.folder / name, kind.operation, case.mappings.pack)
    except (OSError, etree.XMLSyntaxError) as error:
        case.differs("the answer's file", "XML", f"{name}: {type(error).__name__}")
        return Reply(Delivery.LOST)


def _compare_end(
    case: _Case, then: Mapping[str, Any], outcome: Outcome | None, column: str | None, prepared: Prepared | None
) -> None:
    if outcome is None:
        case.differs("the end", "an outcome", "a message, but the case names no answer")
        return
    if "state" in then:
        case.compare("state", then["state"], str(STATES[outcome.ending]))
    if "ending" in then:
        case.compare("ending", then["ending"], str(outcome.ending))
    if "reason" in then:
        case.compare("reason", then["reason"], outcome.reason_code and str(outcome.reason_code))
    if "column" in then:
        case.compare("column", then["column"], column)
    if "text" in then and then["text"] not in (outcome.status_text or ""):
        case.differs("text", repr(then["text"]), repr(outcome.status_text))
    if "receipt" in then:
        case.compare("receipt", then["receipt"], _named(outcome.receipt, then["receipt"]))
    _compare_result(case, then, json.loads(outcome.result or "{}"))
    if "write_back" in then and prepared is not None:
        copies = case.kind.write_backs(prepared.document, outcome.receipt)
        written_back = {name: _text(value) for copy in copies for name, value in copy.values.items()}
        case.compare("write_back", then["write_back"], _named(written_back, then["write_back"]))


def _compare_result(case: _Case, then: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    if "result" in then:
        case.compare("result", then["result"], _result(found.get("rows", []), then["result"]))
    if "about" in then:
        case.compare("about", then["about"], _named(found.get("about", {}), then["about"]))
    if "filtered" in then:
        case.compare("filtered", then["filtered"], found.get("filtered"))


def _named(found: Mapping[str, Any], expected: Mapping[str, Any]) -> dict[str, Any]:
    """Give of what was found the names that a case speaks of; all of it where the case expects nothing."""
    return {name: value for name, value in found.items() if name in expected or not expected}


def _text(value: object) -> object:
    return value if value is None or isinstance(value, bool) else written(value)


def _result(found: list[dict[str, Any]], expected: list[Any]) -> list[Any]:
    """Give what a query found, of each element what the case speaks of."""
    return [
        {name: value for name, value in each.items() if number >= len(expected) or name in expected[number]}
        for number, each in enumerate(found)
    ]


def _compare_message(case: _Case, name: str, body: bytes | None, refused: str = "") -> None:
    path = case.folder / name
    if body is None:
        case.differs("the message", name, f"none, the row was refused: {refused}")
        return
    parser = etree.XMLParser(remove_blank_text=True, remove_comments=True)
    got = etree.fromstring(body, parser)
    if case.update:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(etree.tostring(got, pretty_print=True, encoding="utf-8"))
        return
    try:
        expected = etree.parse(str(path), parser).getroot()
    except (OSError, etree.XMLSyntaxError) as error:
        case.differs("the message", "XML", f"{name}: {type(error).__name__}; write it with `mapping test --update`")
        return
    if etree.tostring(expected, method="c14n2") == etree.tostring(got, method="c14n2"):
        return
    lines = [etree.tostring(each, pretty_print=True, encoding="unicode").splitlines() for each in (expected, got)]
    difference = unified_diff(lines[0], lines[1], lineterm="", n=0)
    changes = [line for line in difference if line[:1] in "+-" and line[:3] not in {"+++", "---"}]
    case.differs("the message", name, " ".join(changes[:6]) or "the same with other prefixes")


def _compare_document(case: _Case, expected: Mapping[str, Any], got: Mapping[str, Any], path: str) -> None:
    for name, value in expected.items():
        found = got.get(name)
        if isinstance(value, dict) and isinstance(found, Mapping):
            _compare_document(case, value, found, f"{path}{name}.")
        elif isinstance(value, str) and found is not None and not isinstance(found, list | Mapping):
            case.compare(f"document {path}{name}", value, written(found))
        else:
            case.compare(f"document {path}{name}", value, found)
