"""One mapping folder: ``mapping.yaml``, its template and its source query, read into a document type."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from runner.domain.outbox import Needs, Waits
from runner.domain.policy import Kind
from runner.domain.rules import RuleKind, seconds
from runner.mapping.answer_file import Reading, read_answer, read_several, read_write_backs
from runner.mapping.asking import AskPlan
from runner.mapping.document import DocumentProgram
from runner.mapping.document_type import DocumentType, item_record
from runner.mapping.fields import Field, FieldReader
from runner.mapping.language import read_shaped
from runner.mapping.outboxes import check_zone
from runner.mapping.outcomes import Reader
from runner.mapping.places import YamlFile
from runner.mapping.problems import Problems
from runner.mapping.program import Several
from runner.mapping.rulefile import InForce, ReadRules, in_force
from runner.mapping.same_patient import SamePlan
from runner.mapping.send_file import read_beside, read_operation, read_source, read_template
from runner.mapping.surroundings import Surroundings
from runner.mapping.template_lint import template_files
from runner.ports import TypeVersion

USUAL_LANES = {
    "interactive": {Kind.AT_RECORDING, Kind.WITHDRAWAL},
    "query": {Kind.QUERY, Kind.LOOKUP},
}
"""Lane of a mapping that names none; every other kind goes in the background."""

BACKGROUND = "background"


@dataclass(frozen=True, slots=True)
class ReadAsk:
    """
    The expressions of ``unknown:``; None where one is wrong.

    Attributes:
        question: The query's row.
        found: Whether a candidate is ours.
        receipt: What is kept of it.
    """

    question: Several | None
    found: Several | None
    receipt: Several | None

    def answer_names(self) -> list[tuple[str, str]]:
        """Give what is read of a candidate, each with its place."""
        return [
            (expression.where, name)
            for several in (self.found, self.receipt)
            if several is not None
            for expression in several.expressions
            for name in expression.columns("answer")
        ]


@dataclass(frozen=True, slots=True)
class ReadMapping:
    """
    What is readable of a mapping.

    Attributes:
        file: Its ``mapping.yaml``.
        ask: Its question, if it asks one.
        kind: The document type; None where something is wrong, with it or with what it is read with.
    """

    file: YamlFile
    ask: ReadAsk | None
    kind: DocumentType | None


def read_mapping(folder: Path, around: Surroundings, problems: Problems) -> ReadMapping | None:
    """Read what is readable of a mapping, with the problems noted; None where nothing is."""
    file = read_shaped(folder / "mapping.yaml", "mapping", problems)
    if file is None or "document" not in file.data:
        return None
    data = file.data
    name = data.get("document_type", folder.name)
    if name != folder.name:
        problems.add(2008, file.at("document_type"), expected=f"the folder's name {folder.name!r}", got=name)
    lane = _lane(file, around, problems)
    zone = _zone(file, lane, around, problems)
    fields = FieldReader(around.expressions, file, around.code_lists, zone, problems).read(data["document"])
    every = tuple(_all(fields))
    kind = _check_rules(file, every, around.rules, problems)
    operation = read_operation(file, around.pack, problems)
    sql = read_source(file, around.source_folder, problems)
    beside = read_beside(file, around.source_folder, problems)
    reading = (around.expressions, file, problems)
    answer = read_answer(reading, around.answer_elements(operation), every, kind)
    outboxes = [each.table for each in around.outboxes.values()]
    copies = read_write_backs(reading, data.get("answer", {}).get("receipt", {}), every, outboxes)
    template = read_template(file, operation, every, around, problems)
    ask = _read_ask(reading, every)
    same = read_several(reading, ("answer", "same"), ("doc", "item"), every)
    if problems.found or around.pack is None or operation is None or answer is None or template is None:
        return ReadMapping(file, ask, None)
    program = DocumentProgram(around.expressions, fields, folder.name, lenient=sql is None)
    digest = _digest(file, folder, [sql, beside] if beside else sql, around)
    made = DocumentType(
        name=folder.name,
        title=data["title"],
        digest=digest,
        version=_version(data, lane, digest, around),
        operation=operation,
        source_sql=sql,
        beside_sql=beside,
        waits=_waits(data),
        result_life_s=seconds(data.get("result_life", "15min")),
        complete_for=around.pack.complete_queries.get(operation.name, frozenset()),
        ask=_ask_plan(data, ask, program),
        program=program,
        template=template,
        reader=Reader(answer, operation, around.pack, lambda path: program.column_of(f"doc.{path}")),
        same=SamePlan(same) if same is not None else None,
        write_back_plan=copies,
        rules_on=_rules_on(data["rules"], around),
        published=around.published,
    )
    return ReadMapping(file, ask, made)


def _rules_on(names: Sequence[str], around: Surroundings) -> Callable[[date], InForce]:
    rules = around.rules
    assert rules is not None  # without rules there is a problem, and no document type
    return lru_cache(maxsize=64)(lambda day: in_force(around.expressions, rules, names, day))


def _all(fields: Sequence[Field]) -> list[Field]:
    return [each for field in fields for each in (field, *_all(field.children))]


def _lane(file: YamlFile, around: Surroundings, problems: Problems) -> str:
    """Give the lane that a mapping names, else the usual one of those who send such documents."""
    lane = file.data.get("lane")
    if lane is None:
        rules = around.rules.book.rules if around.rules is not None else ()
        senders = [rule for rule in rules if rule.identifier in file.data.get("rules", ())]
        kinds = {Kind(rule.parameters["kind"]) for rule in senders if rule.kind is RuleKind.SENDER}
        lane = next((name for name, usual in USUAL_LANES.items() if kinds & usual), BACKGROUND)
    if around.outboxes and lane not in around.outboxes:
        problems.add_unknown(file.at("lane"), "lane", lane, around.outboxes)
    elif "withdrawn_by" in file.data and around.outboxes and around.outboxes[lane].key:
        instead = (
            "Give it the lane of an outbox of its own: nobody but the HIS inserts into its tables, no withdrawal either"
        )
        problems.add(
            2014, file.at("withdrawn_by"), what=f"a withdrawal, in the table of the HIS {lane!r},", instead=instead
        )
    return str(lane)


def _zone(file: YamlFile, lane: str, around: Surroundings, problems: Problems) -> ZoneInfo:
    own = file.data.get("time_zone")
    if own is not None:
        return ZoneInfo(own if check_zone(own, file.at("time_zone"), problems) else "UTC")
    return ZoneInfo(around.outboxes[lane].time_zone if lane in around.outboxes else "UTC")


def _check_guarded(file: YamlFile, fields: Collection[Field], rules: ReadRules, problems: Problems) -> None:
    """Check that what may be an identifier of nobody is asked about: a type that forgets the rule would send it."""
    asked = [rule for rule in rules.book.rules if rule.kind is RuleKind.IDENTIFIER]
    for type_ in sorted({field.wanted.type for field in fields}):
        about = {rule.identifier for rule in asked if type_ in rule.parameters["types"].split(",")}
        if about and not about.intersection(file.data["rules"]):
            [field, *_] = [each for each in fields if each.wanted.type == type_]
            problems.add(2027, field.where, field=".".join(field.path), type=type_, rules=" or ".join(sorted(about)))


def _check_rules(file: YamlFile, fields: Collection[Field], rules: ReadRules | None, problems: Problems) -> Kind | None:
    """Check the rules that a mapping names; give what the item is to the law today."""
    names = file.data.get("rules", ())
    if rules is None or not names:
        return None
    every = {field.path for field in fields}
    senders = 0
    kind: Kind | None = None
    for number, name in enumerate(names):
        versions = [rule for rule in rules.book.rules if rule.identifier == name]
        where = file.at("rules", number)
        if not versions and name not in rules.unread:
            problems.add_unknown(where, "rule", name, {*rules.book.identifiers, *filter(None, rules.unread)})
        for rule in versions:
            condition = rules.conditions.get((rule.identifier, rule.valid_from))
            if condition is not None:
                _check_condition(condition.names, name, where, every, problems)
        if versions and versions[0].kind is RuleKind.SENDER:
            senders += 1
            kind = Kind(versions[-1].parameters["kind"])
    if senders != 1 and not rules.unread.intersection(names):
        problems.add(2024, file.at("rules"), count=senders)
    _check_guarded(file, fields, rules, problems)
    return kind


def _check_condition(
    names: Sequence[tuple[str, ...]], rule: str, where: str, every: Collection[tuple[str, ...]], problems: Problems
) -> None:
    for chain in names:
        if chain[0] == "doc" and not any(path[: len(chain) - 1] == chain[1:] for path in every):
            reason = f"it reads doc.{'.'.join(chain[1:])}, which is no field here"
            problems.add(2023, where, what=f"rule {rule!r}", reason=reason, instead="Add the field or remove the rule")


def _read_ask(reading: Reading, fields: Collection[Field]) -> ReadAsk | None:
    _, file, problems = reading
    answer = file.data.get("answer", {})
    if not isinstance(answer.get("unknown"), dict):
        return None
    path = ("answer", "unknown")
    known = ("doc", "item")
    for name in answer.get("receipt", {}):
        if not file.says(*path, "receipt", name):
            problems.add(2007, file.at(*path, "receipt"), name=f"receipt.{name}")
    return ReadAsk(
        read_several(reading, (*path, "row"), known, fields),
        read_several(reading, (*path, "found"), (*known, "answer"), fields),
        read_several(reading, (*path, "receipt"), (*known, "answer"), fields),
    )


def _ask_plan(data: Mapping[str, Any], ask: ReadAsk | None, program: DocumentProgram) -> AskPlan | None:
    if ask is None:
        return None
    assert ask.question is not None and ask.found is not None and ask.receipt is not None  # noqa: PT018  all are read
    name = data["answer"]["unknown"]["ask"]
    operation = data["send"]["operation"]
    return AskPlan(name, operation, ask.question, ask.found, ask.receipt, program.overlaid, item_record)


def _waits(data: Mapping[str, Any]) -> Waits:
    said = {name: seconds(value) for name, value in data.get("waits", {}).items()}
    unknown = data["answer"]["unknown"]
    if isinstance(unknown, dict):
        said |= {"settle": seconds(unknown["settle"]), "give_up": seconds(unknown["give_up"])}
    return Waits(**said)


def _version(data: Mapping[str, Any], lane: str, digest: str, around: Surroundings) -> TypeVersion:
    rules = _rules_on(data["rules"], around)(around.today)
    return TypeVersion(
        document_type=data["document_type"],
        digest=digest,
        title=data["title"],
        lane=lane,
        kind=rules.kind,
        send_limit_s=rules.send_limit_s,
        answer_limit_s=rules.answer_limit_s,
        needs=Needs(data.get("needs", "FINAL")),
        withdrawal_type=data.get("withdrawn_by"),
        is_probe=data.get("probe_only", False),
    )


def _digest(file: YamlFile, folder: Path, sql: Any, around: Surroundings) -> str:
    """SHA-256 over everything that a document type is made of; comments in YAML and the tests are not."""
    data: Any = file.data
    contract = around.pack.digest if around.pack is not None else ""
    parts: dict[str, Any] = {"mapping": data, "sql": sql, "contract": contract, "name": folder.name}
    files = template_files(around.templates, around.template_folder, data["send"]["template"])
    parts["templates"] = [(path.name, path.read_text("utf-8")) for path in files]
    rules = around.rules.book.rules if around.rules is not None else ()
    parts["rules"] = [asdict(rule) for rule in rules if rule.identifier in data["rules"]]
    parts["codes"] = [
        (code_list.name, code_list.format, sorted(code_list.codes or ()))
        for name, code_list in sorted(around.code_lists.items())
        if f'"{name}"' in json.dumps(data)
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
