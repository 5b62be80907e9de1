"""``answer:`` and ``write_back:`` of a mapping, read and checked: total, and with names that exist."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from lxml import etree

from runner.domain.policy import Kind
from runner.mapping.element_names import ElementNames
from runner.mapping.expressions import Expression, chain_of, read_expression
from runner.mapping.fields import Field, check_document_names
from runner.mapping.outboxes import is_ours
from runner.mapping.outcomes import AnswerContract, Refusal
from runner.mapping.places import Key, YamlFile
from runner.mapping.problems import Problems
from runner.mapping.program import Several
from runner.mapping.sandbox import Language
from runner.mapping.writeback import Copy, WriteBackPlan

LISTS = ("accepted_before", "retry", "needs_person", "rejected")

Reading = tuple[Language, YamlFile, Problems]
"""What every reader here needs: the language, the file, and where problems go."""


def read_answer(
    reading: Reading, elements: ElementNames | None, fields: Collection[Field], kind: Kind | None
) -> AnswerContract | None:
    """Read the outcome contract; None, with the problems noted, where it is wrong or not total."""
    _, file, problems = reading
    before = len(problems.found)
    node = file.data.get("answer")
    if node is None:
        return None
    query = "each" in node or node.get("unknown") == "send_again"
    _check_total(file, node, problems, query=query)
    asks_only = file.data.get("probe_only", False) or kind in {Kind.QUERY, Kind.LOOKUP, None}
    if node.get("unknown") == "send_again" and not asks_only:
        reason = "sent again, it may be there twice"
        problems.add(
            2023, file.at("answer", "unknown"), what="`send_again`", reason=reason, instead="Name the query to ask with"
        )
    _check_faults(file, node.get("faults", {}), fields, kind, problems)
    _check_query(file, node, problems, query=query)
    paths = _compiled(file, node, elements, problems) if elements is not None else {}
    if elements is None or len(problems.found) > before or file.lost:
        return None
    faults = node["faults"]
    return AnswerContract(
        accepted=paths[("accepted",)],
        receipt={name: paths[("receipt", name)] for name in node.get("receipt", {})},
        one_identifier=_is_one_place(node.get("receipt", {}), paths),
        each=paths.get(("each",)),
        fields={name: paths[("fields", name)] for name in node.get("fields", {})},
        about={name: paths[("about", name)] for name in node.get("about", {})},
        filtered=paths.get(("filtered",)),
        partial=paths.get(("partial",)),
        keeps_raw=node.get("raw", True),
        accepted_before=frozenset(faults["accepted_before"]),
        retry=frozenset(faults["retry"]),
        needs_person=frozenset(faults["needs_person"]),
        rejected={code: _refusal(value) for code, value in faults["rejected"].items()},
        send_again=node["unknown"] == "send_again",
    )


def _is_one_place(receipt: Mapping[str, str], paths: Mapping[tuple[Key, ...], etree.XPath]) -> bool:
    """Whether all of the receipt is one element: what is computed of several, a fault's identifier cannot fill."""
    nothing = etree.Element("x")
    return len(set(receipt.values())) == 1 and all(isinstance(paths[("receipt", n)](nothing), list) for n in receipt)


def _compiled(
    file: YamlFile, node: Mapping[str, Any], elements: ElementNames, problems: Problems
) -> dict[tuple[Key, ...], etree.XPath]:
    found: dict[tuple[Key, ...], etree.XPath] = {}
    for place, text in _xpaths(node):
        where = file.at("answer", *place)
        try:
            found[place] = etree.XPath(text, namespaces=dict(elements.prefixes), smart_strings=False)
            found[place](etree.Element("x"))
        except etree.XPathError as error:
            problems.add(2012, where, path=text, reason=str(error))
        else:
            elements.check_xpath(text, where, problems)
    return found


def _xpaths(node: Mapping[str, Any]) -> list[tuple[tuple[Key, ...], str]]:
    found: list[tuple[tuple[Key, ...], str]] = [
        ((name,), node[name]) for name in ("accepted", "each", "filtered", "partial") if name in node
    ]
    for group in ("receipt", "fields", "about"):
        found += [((group, name), text) for name, text in node.get(group, {}).items()]
    return found


def _check_total(file: YamlFile, node: Mapping[str, Any], problems: Problems, *, query: bool) -> None:
    needed = ["accepted", "faults", "unknown", *(["each", "fields"] if query else ["receipt"])]
    for name in needed:
        if not file.says("answer", name):
            problems.add(2020, file.at("answer"), part=f"`{name}`")
    for name in LISTS:
        if "faults" in node and not file.says("answer", "faults", name):
            problems.add(2020, file.at("answer", "faults"), part=f"`faults.{name}`")
    if query and "receipt" in node:
        problems.add(2014, file.at("answer", "receipt"), what="`receipt`", instead="A query has `each` and `fields`")
    if query and isinstance(node.get("unknown"), dict):
        problems.add(2014, file.at("answer", "unknown"), what="a question", instead="Write `unknown: send_again`")


def _check_query(file: YamlFile, node: Mapping[str, Any], problems: Problems, *, query: bool) -> None:
    """Check what only a query may say, and that what must be the same is a field of its result."""
    for name in ("about", "filtered", "partial", "same", "raw"):
        if name in node and not query:
            problems.add(2014, file.at("answer", name), what=f"`{name}`", instead="Only a query (`each`) has one")
    for name in node.get("same", {}):
        if name not in node.get("fields", {}):
            problems.add_unknown(file.at("answer", "same", name), "field of the result", name, node.get("fields", {}))


def _check_faults(
    file: YamlFile, faults: Mapping[str, Any], fields: Collection[Field], kind: Kind | None, problems: Problems
) -> None:
    seen: set[str] = set()
    for name in LISTS:
        for place, code in enumerate(faults.get(name, ())):
            path: Key = code if name == "rejected" else place
            if code in seen:
                problems.add(2021, file.at("answer", "faults", name, path), code=code)
            seen.add(code)
    if kind is Kind.AT_RECORDING and faults.get("needs_person"):
        problems.add(2022, file.at("answer", "faults", "needs_person"))
    known = [".".join(field.path) for field in fields]
    for code, value in faults.get("rejected", {}).items():
        named = _refusal(value).field
        if named is not None and named not in known:
            problems.add_unknown(file.at("answer", "faults", "rejected", code), "field", named, known)


def _refusal(value: Any) -> Refusal:
    return Refusal(value.get("field"), value.get("text")) if isinstance(value, dict) else Refusal(value)


def read_several(
    reading: Reading,
    path: tuple[Key, ...],
    known: Collection[str],
    fields: Collection[Field],
    *,
    leave_out: Collection[str] = (),
) -> Several | None:
    """Read a map of expressions, or one expression; None, with the problems noted, where one is wrong."""
    made, file, problems = reading
    node = file.data
    for step in path:
        node = node[step] if not isinstance(node, dict) else node.get(step, {})
    if node == {}:
        return None
    texts = {str(path[-1]): node} if isinstance(node, str) else node
    read: dict[str, Expression] = {}
    every = {field.path for field in fields}
    for name, text in texts.items():
        if name in leave_out:
            continue
        place = path if isinstance(node, str) else (*path, name)
        expression = read_expression(made, file, place, text, known, problems)
        if expression is None:
            return None
        check_document_names(expression, every, every, problems)
        read[name] = expression
    return Several(made, read, f"{file.name}:{'.'.join(str(step) for step in path)}")


def read_write_backs(
    reading: Reading, receipt: Collection[str], fields: Collection[Field], outboxes: Collection[str]
) -> WriteBackPlan:
    """Read the copies into the HIS's tables; those that are wrong are left out, with the problem noted."""
    made, file, problems = reading
    copies: list[Copy] = []
    for number, node in enumerate(file.data.get("write_back", ())):
        path = ("write_back", number)
        if not node.keys() >= {"table", "key", "set"}:
            continue
        if is_ours(node["table"]) or node["table"].upper() in {each.upper() for each in outboxes}:
            instead = "Name a table of the HIS; the runner's own are written by the runner alone"
            problems.add(2014, file.at(*path, "table"), what=f"the table {node['table']!r}", instead=instead)
        from_receipt = _from_receipt(reading, (*path, "set"), node["set"], receipt)
        names = ("row", "doc", "item")
        key = read_several((made, file, problems), (*path, "key"), names, fields)
        values = read_several((made, file, problems), (*path, "set"), names, fields, leave_out=from_receipt)
        when = read_several((made, file, problems), (*path, "when"), names, fields) if "when" in node else None
        if key is not None and values is not None:
            copies.append(Copy(node["table"], key, values, from_receipt, when))
    return WriteBackPlan(copies)


def _from_receipt(
    reading: Reading, path: tuple[Key, ...], node: Mapping[str, str], receipt: Collection[str]
) -> dict[str, str]:
    """Give column → name in the receipt; a copy is stored before the receipt is there, so nothing computes with it."""
    made, file, problems = reading
    found: dict[str, str] = {}
    for column, text in node.items():
        if "receipt" not in text:
            continue
        where = file.at(*path, column)
        nothing = Problems()
        read = read_expression(made, file, (*path, column), text, ("row", "doc", "item", "receipt"), nothing)
        if read is None or not any(chain[0] == "receipt" for chain in read.names):
            continue
        chain = chain_of(read.tree)
        if chain is None or len(chain) != 2:  # noqa: PLR2004  receipt.name
            problems.add(2014, where, what="a computation with `receipt`", instead="Write `receipt.name` alone")
        elif chain[1] not in receipt:
            problems.add_unknown(where, "part of the receipt", chain[1], receipt)
        found[column] = chain[1] if chain and len(chain) > 1 else ""
    return found
