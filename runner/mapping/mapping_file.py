"""One mapping folder: ``mapping.yaml``, its template and its source query, read into a document type."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import TemplateNotFound, TemplateSyntaxError

from runner.domain.outbox import Needs, Waits
from runner.domain.policy import Kind
from runner.domain.rules import RuleKind, seconds
from runner.mapping.answer_file import Reading, read_answer, read_several, read_write_backs
from runner.mapping.asking import AskPlan
from runner.mapping.convert import CodeList
from runner.mapping.document import DocumentProgram
from runner.mapping.document_type import DocumentType, item_record
from runner.mapping.fields import Field, FieldReader
from runner.mapping.language import check_shape
from runner.mapping.message import MessageTemplate
from runner.mapping.outboxes import OutboxConfig, check_zone
from runner.mapping.outcomes import Reader
from runner.mapping.pack import ContractPack, Operation
from runner.mapping.places import YamlFile, read_yaml, shown
from runner.mapping.problems import Problems
from runner.mapping.rulefile import ReadRules, in_force
from runner.mapping.sandbox import Language
from runner.mapping.template_lint import check_template, template_files
from runner.ports import TypeVersion

BINDS = frozenset({"item_id", "source_key", "order_key", "withdraws", "workplace", "recorded_by"})
"""What a source query may bind by name."""

USUAL_LANES = {
    "interactive": {Kind.AT_RECORDING, Kind.WITHDRAWAL},
    "query": {Kind.QUERY, Kind.LOOKUP},
}
"""Lane of a mapping that names none; every other kind goes in the background."""

BACKGROUND = "background"

_NOT_SQL = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
_BIND = re.compile(r"(?<![:\w]):([A-Za-z_]\w*)")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """
    Everything beside its own folder that a mapping is read with.

    Attributes:
        pack: The contract.
        rules: Dated rules.
        outboxes: Lanes.
        code_lists: Lists of codes.
        expressions: Environment of expressions.
        templates: Environment of templates.
        template_folder: Where they are.
        source_folder: Where source queries are.
        today: Day whose rules the database is told.
    """

    pack: ContractPack
    rules: ReadRules
    outboxes: Mapping[str, OutboxConfig]
    code_lists: Mapping[str, CodeList]
    expressions: Language
    templates: Language
    template_folder: Path
    source_folder: Path
    today: date


def read_mapping(folder: Path, around: Surroundings, problems: Problems) -> DocumentType | None:
    """Read a mapping; None, with the problems noted, where it is wrong."""
    before = len(problems.found)
    file = read_yaml(folder / "mapping.yaml", problems)
    if file is None or not check_shape(file, "mapping", problems):
        return None
    data = file.data
    if data["document_type"] != folder.name:
        problems.add(
            2008, file.at("document_type"), expected=f"the folder's name {folder.name!r}", got=data["document_type"]
        )
    lane = _lane(file, around, problems)
    zone = _zone(file, lane, around, problems)
    fields = FieldReader(around.expressions, file, around.code_lists, zone, problems).read(data["document"])
    every = tuple(_all(fields))
    kind = _check_rules(file, every, around, problems)
    operation = _operation(file, around.pack, problems)
    sql = _source(file, around.source_folder, problems)
    reading = (around.expressions, file, problems)
    answer = read_answer(reading, around.pack.prefixes, every, kind)
    outboxes = [each.table for each in around.outboxes.values()]
    copies = read_write_backs(reading, data["answer"].get("receipt", {}), every, outboxes)
    template = _template(file, operation, every, around, problems)
    ask = _read_ask(reading, every)
    if len(problems.found) > before or operation is None or answer is None or template is None:
        return None
    program = DocumentProgram(around.expressions, fields, folder.name, lenient=sql is None)
    digest = _digest(file, folder, sql, around)
    return DocumentType(
        name=folder.name,
        title=data["title"],
        digest=digest,
        version=_version(data, lane, digest, around),
        operation=operation,
        source_sql=sql,
        waits=_waits(data),
        result_life_s=seconds(data.get("result_life", "15min")),
        is_complete_query=operation.name in around.pack.complete_queries,
        ask=_ask_plan(data, ask, program),
        program=program,
        template=template,
        reader=Reader(answer, operation, around.pack, lambda path: program.column_of(f"doc.{path}")),
        write_back_plan=copies,
        rules_on=lru_cache(maxsize=64)(
            lambda day: in_force(around.expressions, around.rules, data["rules"], day),
        ),
    )


def _all(fields: Sequence[Field]) -> list[Field]:
    return [each for field in fields for each in (field, *_all(field.children))]


def _lane(file: YamlFile, around: Surroundings, problems: Problems) -> str:
    """Give the lane that a mapping names, else the usual one of those who send such documents."""
    lane = file.data.get("lane")
    if lane is None:
        senders = [rule for rule in around.rules.book.rules if rule.identifier in file.data["rules"]]
        kinds = {Kind(rule.parameters["kind"]) for rule in senders if rule.kind is RuleKind.SENDER}
        lane = next((name for name, usual in USUAL_LANES.items() if kinds & usual), BACKGROUND)
    if lane not in around.outboxes:
        problems.add_unknown(file.at("lane"), "lane", lane, around.outboxes)
    return str(lane)


def _zone(file: YamlFile, lane: str, around: Surroundings, problems: Problems) -> ZoneInfo:
    own = file.data.get("time_zone")
    if own is not None:
        return ZoneInfo(own if check_zone(own, file.at("time_zone"), problems) else "UTC")
    return ZoneInfo(around.outboxes[lane].time_zone if lane in around.outboxes else "UTC")


def _check_rules(file: YamlFile, fields: Collection[Field], around: Surroundings, problems: Problems) -> Kind | None:
    """Check the rules that a mapping names; give what the item is to the law today."""
    every = {field.path for field in fields}
    senders = 0
    kind: Kind | None = None
    for number, name in enumerate(file.data["rules"]):
        versions = [rule for rule in around.rules.book.rules if rule.identifier == name]
        where = file.at("rules", number)
        if not versions:
            problems.add_unknown(where, "rule", name, around.rules.book.identifiers)
        for rule in versions:
            condition = around.rules.conditions.get((rule.identifier, rule.valid_from))
            if condition is not None:
                _check_condition(condition.names, name, where, every, problems)
        if versions and versions[0].kind is RuleKind.SENDER:
            senders += 1
            kind = Kind(versions[-1].parameters["kind"])
    if senders != 1:
        problems.add(2024, file.at("rules"), count=senders)
    return kind


def _check_condition(
    names: Sequence[tuple[str, ...]], rule: str, where: str, every: Collection[tuple[str, ...]], problems: Problems
) -> None:
    for chain in names:
        if chain[0] == "doc" and not any(path[: len(chain) - 1] == chain[1:] for path in every):
            reason = f"it reads doc.{'.'.join(chain[1:])}, which is no field here"
            problems.add(2023, where, what=f"rule {rule!r}", reason=reason, instead="Add the field or remove the rule")


def _operation(file: YamlFile, pack: ContractPack, problems: Problems) -> Operation | None:
    name = file.data["send"]["operation"]
    if name not in pack.operations:
        problems.add_unknown(file.at("send", "operation"), "operation", name, pack.operations)
    return pack.operations.get(name)


def _source(file: YamlFile, folder: Path, problems: Problems) -> str | None:
    source = file.data["source"]
    if source == "payload":
        return None
    path = folder / Path(source).name
    where = file.at("source")
    if not path.is_file():
        known = ["payload", *(f"sql/sources/{each.name}" for each in folder.glob("*.sql"))]
        problems.add_unknown(where, "source", source, known)
        return None
    sql = path.read_text("utf-8").strip().rstrip(";").rstrip()
    bare = _NOT_SQL.sub(" ", sql)
    if not re.match(r"\s*(select|with)\b", bare, re.IGNORECASE):
        problems.add(2008, f"{shown(path)}:1", expected="a query (SELECT or WITH)", got="something else")
    if ";" in bare:
        problems.add(2008, f"{shown(path)}:1", expected="one statement", got="several")
    for match in _BIND.finditer(bare):
        if match[1].lower() not in BINDS:
            line = sql.count("\n", 0, sql.find(match[0])) + 1
            problems.add_unknown(f"{shown(path)}:{line}", "bind", match[1], BINDS)
    return sql


def _template(
    file: YamlFile, operation: Operation | None, fields: Sequence[Field], around: Surroundings, problems: Problems
) -> MessageTemplate | None:
    name = file.data["send"]["template"]
    if not (around.template_folder / name).is_file():
        known = [path.name for path in around.template_folder.glob("*.j2")]
        problems.add_unknown(file.at("send", "template"), "template", name, known)
        return None
    before = len(problems.found)
    check_template(around.templates, around.template_folder, name, fields, problems)
    if operation is None or len(problems.found) > before:
        return None
    try:
        return MessageTemplate(around.templates, around.template_folder, name, operation, around.pack)
    except (TemplateSyntaxError, TemplateNotFound) as error:
        reason = " ".join((error.message or "it cannot be read").rstrip(".").split())
        line = getattr(error, "lineno", 1)
        problems.add(2011, f"{shown(around.template_folder / name)}:{line}", reason=reason)
        return None


def _read_ask(reading: Reading, fields: Collection[Field]) -> dict[str, Any] | None:
    _, file, problems = reading
    unknown = file.data["answer"].get("unknown")
    if not isinstance(unknown, dict):
        return None
    path = ("answer", "unknown")
    known = ("doc", "item")
    receipt = file.data["answer"].get("receipt", {})
    for name in receipt:
        if name not in unknown.get("receipt", {}):
            problems.add(2007, file.at(*path, "receipt"), name=f"receipt.{name}")
    return {
        "question": read_several(reading, (*path, "row"), known, fields),
        "found": read_several(reading, (*path, "found"), (*known, "answer"), fields),
        "receipt": read_several(reading, (*path, "receipt"), (*known, "answer"), fields),
    }


def _ask_plan(data: Mapping[str, Any], ask: dict[str, Any] | None, program: DocumentProgram) -> AskPlan | None:
    if ask is None:
        return None
    name = data["answer"]["unknown"]["ask"]
    return AskPlan(name, ask["question"], ask["found"], ask["receipt"], program.overlaid, item_record)


def _waits(data: Mapping[str, Any]) -> Waits:
    said = {name: seconds(value) for name, value in data.get("waits", {}).items()}
    unknown = data["answer"]["unknown"]
    if isinstance(unknown, dict):
        said |= {"settle": seconds(unknown["settle"]), "give_up": seconds(unknown["give_up"])}
    return Waits(**said)


def _version(data: Mapping[str, Any], lane: str, digest: str, around: Surroundings) -> TypeVersion:
    rules = in_force(around.expressions, around.rules, data["rules"], around.today)
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


def _digest(file: YamlFile, folder: Path, sql: str | None, around: Surroundings) -> str:
    """SHA-256 over everything that a document type is made of; comments in YAML and the tests are not."""
    data: Any = file.data
    parts: dict[str, Any] = {"mapping": data, "sql": sql, "contract": around.pack.digest, "name": folder.name}
    files = template_files(around.templates, around.template_folder, data["send"]["template"])
    parts["templates"] = [(path.name, path.read_text("utf-8")) for path in files]
    parts["rules"] = [asdict(rule) for rule in around.rules.book.rules if rule.identifier in data["rules"]]
    parts["codes"] = [
        (code_list.name, code_list.format, sorted(code_list.codes or ()))
        for name, code_list in sorted(around.code_lists.items())
        if f'"{name}"' in json.dumps(data)
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
