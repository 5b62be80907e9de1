"""What the operations of a pack mean, as ``simulator.yaml`` beside it says."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

import yaml
from jinja2 import Environment, StrictUndefined, Template, TemplateSyntaxError
from lxml import etree

from runner.simulator.names import Ns
from runner.simulator.refusal import TEXTS, SimulatorError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from runner.simulator.pack import Pack

Does = Literal["create", "modify", "withdraw", "query", "issue", "echo"]
Owner = Literal["user", "workplace"]
_KEYS = {
    *("does", "roles", "workplace", "own_reference", "patient", "state", "keep", "keep_xml", "checks", "answer"),
    *(
        "of",
        "document",
        "owner",
        "refuse_in",
        "by",
        "among",
        "since",
        "until",
        "hides",
        "addressed",
        "page",
        "page_size",
    ),
}
_TAJ_WEIGHTS = (3, 7, 3, 7, 3, 7, 3, 7)


@dataclass(frozen=True)
class Check:
    """A condition under which a request is refused."""

    refuse: str
    field: str | None
    when: etree.XPath


@dataclass(frozen=True)
class Act:
    """What one operation does."""

    does: Does
    #: Roles that may; None is everybody with a valid token.
    roles: frozenset[str] | None = None
    workplace: etree.XPath | None = None
    own_reference: etree.XPath | None = None
    patient: etree.XPath | None = None
    #: State that the document gets.
    state: str = ""
    keep: Mapping[str, etree.XPath] = field(default_factory=dict)
    #: The same for an element that is kept whole.
    keep_xml: Mapping[str, etree.XPath] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()
    answer: Template | None = None
    #: Operations whose documents it concerns.
    of: frozenset[str] = frozenset()
    document: etree.XPath | None = None
    #: Who may change it: the user who made it, or whoever works at its workplace.
    owner: Owner = "user"
    refuse_in: Mapping[str, str] = field(default_factory=dict)
    by: Mapping[str, etree.XPath] = field(default_factory=dict)
    #: Kept value → what it must be one of, where the query names any.
    among: Mapping[str, etree.XPath] = field(default_factory=dict)
    #: Kept value → day from which, day until which.
    since: Mapping[str, etree.XPath] = field(default_factory=dict)
    until: Mapping[str, etree.XPath] = field(default_factory=dict)
    #: States that a query does not show.
    hides: frozenset[str] = frozenset()
    #: Field with the institution that a document is for; a query by the patient alone shows others no such document.
    addressed: str = ""
    #: Number of the page that a query asks for, and how many documents a page has; 0 is one page.
    page: etree.XPath | None = None
    page_size: int = 0


@dataclass(frozen=True)
class Move:
    """Something that happens to a document without a message of ours, such as dispensing."""

    before: frozenset[str]
    after: str


@dataclass(frozen=True)
class Script:
    """The whole of a ``simulator.yaml``."""

    acts: Mapping[str, Act]
    moves: Mapping[str, Move]
    #: The simulator's own refusals → codes of the contract.
    codes: Mapping[str, str]
    texts: Mapping[str, str]
    fault: Template | None
    #: Published code tables: name → ``fields`` and ``rows``.
    publications: dict[str, Any] = field(default_factory=dict)

    def code(self, refusal: str) -> str:
        """The contract's code for a refusal."""
        return self.codes.get(refusal, refusal)

    def text(self, refusal: str) -> str:
        """What a person may read of it."""
        return self.texts.get(refusal) or TEXTS.get(refusal) or "A kérés nem teljesíthető."


def read_script(pack: Pack) -> Script:
    """
    The script beside the pack; without a file nothing is scripted but the pack's own token operation.

    Raises:
        SimulatorError: The file has mistakes; all are named.
    """
    path = pack.folder / "simulator.yaml"
    content: dict[str, Any] = {}
    if path.exists():
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except yaml.YAMLError as exc:
            raise SimulatorError(f"{path}: is no YAML: {exc}") from exc
    reader = _Reader(pack, path, content)
    acts = {name: reader.act(name, entry) for name, entry in (content.get("operations") or {}).items()}
    if pack.sts.operation is not None:
        acts.setdefault(pack.sts.operation, Act("issue"))
    script = Script(
        acts=acts,
        moves={
            name: Move(frozenset(entry["from"]), entry["to"]) for name, entry in (content.get("moves") or {}).items()
        },
        codes=content.get("codes") or {},
        texts=content.get("texts") or {},
        fault=reader.template("fault", content.get("fault")),
        publications=content.get("publications") or {},
    )
    if reader.problems:
        raise SimulatorError("\n".join(reader.problems))
    return script


class _Reader:
    """Turns the entries into acts and collects what is wrong with them."""

    def __init__(self, pack: Pack, path: Path, content: dict[str, Any]) -> None:
        self._pack = pack
        self._path = path
        self._lists = {name: {str(v) for v in values} for name, values in (content.get("lists") or {}).items()}
        self._jinja = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        functions = {"taj": _taj, "listed": self._listed, "sha256": _sha256}
        self._extensions = {(str(Ns.SIM), name): function for name, function in functions.items()}
        self.problems: list[str] = []

    def act(self, name: str, entry: dict[str, Any]) -> Act:
        if name not in self._pack.operations:
            self._problem(name, "no such operation in the pack")
        for key in sorted(set(entry) - _KEYS):
            self._problem(name, f"unknown key {key!r}")
        does = entry.get("does")
        if does not in get_args(Does):
            self._problem(name, f"does: {does!r} is none of {', '.join(get_args(Does))}")
        roles = entry.get("roles")
        return Act(
            does=cast("Does", does),
            roles=None if roles is None else frozenset(roles),
            workplace=self._xpath(name, entry.get("workplace")),
            own_reference=self._xpath(name, entry.get("own_reference")),
            patient=self._xpath(name, entry.get("patient")),
            state=str(entry.get("state", "")),
            keep=self._xpaths(name, entry.get("keep")),
            keep_xml=self._xpaths(name, entry.get("keep_xml")),
            checks=tuple(self._check(name, check) for check in entry.get("checks") or ()),
            answer=self.template(name, entry.get("answer")),
            of=frozenset(entry.get("of") or ()),
            document=self._xpath(name, entry.get("document")),
            owner=self._owner(name, entry.get("owner", "user")),
            refuse_in=entry.get("refuse_in") or {},
            by=self._xpaths(name, entry.get("by")),
            among=self._xpaths(name, entry.get("among")),
            since=self._xpaths(name, entry.get("since")),
            until=self._xpaths(name, entry.get("until")),
            hides=frozenset(entry.get("hides") or ()),
            addressed=str(entry.get("addressed") or ""),
            page=self._xpath(name, entry.get("page")),
            page_size=int(entry.get("page_size", 0)),
        )

    def template(self, where: str, text: str | None) -> Template | None:
        if text is None:
            return None
        declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in self._pack.prefixes.items())
        try:
            return self._jinja.from_string(f"<sablon {declared}>{text}</sablon>")
        except TemplateSyntaxError as exc:
            self._problem(where, f"line {exc.lineno} of the template: {exc.message}")
            return None

    def _owner(self, name: str, owner: str) -> Owner:
        if owner not in get_args(Owner):
            self._problem(name, f"owner: {owner!r} is none of {', '.join(get_args(Owner))}")
        return cast("Owner", owner)

    def _check(self, name: str, check: dict[str, Any]) -> Check:
        when = self._xpath(name, check.get("when", "true()")) or etree.XPath("true()")
        return Check(str(check["refuse"]), check.get("field"), when)

    def _xpaths(self, name: str, entries: dict[str, str] | None) -> dict[str, etree.XPath]:
        compiled = {key: self._xpath(name, text) for key, text in (entries or {}).items()}
        return {key: xpath for key, xpath in compiled.items() if xpath is not None}

    def _xpath(self, name: str, text: str | None) -> etree.XPath | None:
        if text is None:
            return None
        namespaces = {**self._pack.prefixes, "sim": str(Ns.SIM)}
        try:
            return etree.XPath(text, namespaces=namespaces, extensions=self._extensions)
        except etree.XPathSyntaxError as exc:
            self._problem(name, f"{text!r} is no XPath: {exc}")
            return None

    def _problem(self, where: str, what: str) -> None:
        self.problems.append(f"{self._path}: {where}: {what}")

    def _listed(self, _: object, nodes: Any, name: str) -> bool:
        return _string(nodes) in self._lists.get(name, set())


def _taj(_: object, nodes: Any) -> bool:
    """Whether nine digits end in the check digit: 3 and 7 by turns, modulo ten."""
    digits = _string(nodes)
    if len(digits) != len(_TAJ_WEIGHTS) + 1 or not (digits.isascii() and digits.isdigit()):
        return False
    return sum(w * int(d) for w, d in zip(_TAJ_WEIGHTS, digits, strict=False)) % 10 == int(digits[-1])


def _sha256(_: object, nodes: Any) -> str:
    """The digest of what base64 stands for, hexadecimal; empty where it is none."""
    try:
        return hashlib.sha256(base64.b64decode(_string(nodes), validate=True)).hexdigest()
    except ValueError:
        return ""


def _string(nodes: Any) -> str:
    if isinstance(nodes, list):
        return "".join(nodes[0].itertext()) if nodes else ""
    return str(nodes)
