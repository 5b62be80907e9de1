"""What a query finds: by patient or identifier, in a period, page by page, as self-determination allows."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lxml import etree

from runner.simulator.assertion import parse_instant
from runner.simulator.envelope import text_of
from runner.simulator.refusal import Code, Refusal
from runner.simulator.register import Document, matching, now_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.simulator.pack import Pack
    from runner.simulator.register import Register
    from runner.simulator.script import Act, Script

STRANGER = "TAJ:111111110"
"""A patient that nobody asks for."""

_DAY = 10
"""Length of a date, with which an instant begins."""


@dataclass(frozen=True)
class Distortion:
    """How a fault bends what a query sees."""

    #: Documents younger than this are not shown.
    lag_s: float = 0.0
    #: Documents of other patients are shown instead.
    other_patient: bool = False
    #: How many the patient's self-determination lets be shown; None is all.
    shown: int | None = None
    #: Whether the answer says that something was left out.
    tell: bool = True


@dataclass(frozen=True)
class Page:
    """Which page of a query's answer this is."""

    number: int
    pages: int
    total: int


@dataclass(frozen=True)
class Found:
    """What a query found."""

    documents: Sequence[Document]
    asked: Mapping[str, str]
    page: Page
    filtered: bool


class Lookup:
    """Answers queries from the register."""

    def __init__(self, pack: Pack, script: Script, register: Register) -> None:
        self._pack = pack
        self._script = script
        self._register = register

    def find(
        self,
        act: Act,
        operation: str,
        content: etree._Element,
        institution: str,
        now: datetime,
        distortion: Distortion,
    ) -> Found:
        """
        What the query shows to an institution.

        Raises:
            Refusal: It names nothing to look for.
        """
        asked = {name: key_found(xpath(content)) for name, xpath in act.by.items()}
        asked = {name: value for name, value in asked.items() if value}
        if not asked:
            raise Refusal(Code.BAD_MESSAGE, why="the query names nothing to look for")
        documents = self._register.documents()
        of = act.of | self._pack.complete_queries.get(operation, frozenset()) if act.of else act.of
        found = [document for document in matching(documents, of, asked) if _is_wanted(act, content, document)]
        found = [document for document in found if document.state not in act.hides]
        if act.addressed and set(asked) == {"patient"}:
            found = [d for d in found if d.fields.get(act.addressed) in {None, "", institution}]
        if distortion.other_patient:
            found = [d for d in matching(documents, of, {}) if d not in found][:1] or [self._strange(act)]
        if distortion.lag_s:
            horizon = now - timedelta(seconds=distortion.lag_s)
            found = [document for document in found if parse_instant(document.created) <= horizon]
        is_filtered = distortion.shown is not None and len(found) > distortion.shown
        found = found[: distortion.shown]
        shown, page = _page(act, content, found)
        return Found(shown, asked, page, is_filtered and distortion.tell)

    def _strange(self, act: Act) -> Document:
        """A document of a patient that nobody asked for."""
        operation = next(iter(sorted(act.of)), "")
        created_by = self._script.acts.get(operation)
        return Document(
            id=self._register.new_id(),
            operation=operation,
            message_id="",
            user="",
            role="",
            created=now_text(),
            state=created_by.state if created_by is not None else "",
            own_reference=uuid.uuid4().urn,
            patient=STRANGER,
        )


def _is_wanted(act: Act, content: etree._Element, document: Document) -> bool:
    """Whether a document is of the kinds and the days that a query names."""
    for name, xpath in act.among.items():
        nodes: Any = xpath(content)
        wanted = {text_of(node) for node in nodes}
        if wanted and document.fields.get(name) not in wanted:
            return False
    for edges, is_inside in ((act.since, str.__ge__), (act.until, str.__le__)):
        for name, xpath in edges.items():
            edge = text_found(xpath(content))
            if edge and not is_inside(document.fields.get(name, document.created)[:_DAY], edge[:_DAY]):
                return False
    return True


def _page(act: Act, content: etree._Element, found: list[Document]) -> tuple[list[Document], Page]:
    if not act.page_size:
        return found, Page(1, 1, len(found))
    number = int((text_found(act.page(content)) if act.page else "") or 1)
    pages = -(-len(found) // act.page_size)
    first = (number - 1) * act.page_size
    return found[first : first + act.page_size], Page(number, pages, len(found))


def text_found(found: Any) -> str:
    """The text of what an XPath found: the first node, a string or a number."""
    if isinstance(found, list):
        if not found:
            return ""
        found = found[0]
    return text_of(found) if etree.iselement(found) else str(found).strip()


def key_found(found: Any) -> str:
    """The key that an XPath found: its attributes and its text, joined by colons."""
    if isinstance(found, list) and found and etree.iselement(found[0]):
        attributes = [str(value) for _, value in sorted(found[0].attrib.items())]
        return ":".join([*attributes, text_found(found)])
    return text_found(found)
