"""
The outcome contract of a mapping: what every reply means.

It is total: an answer is accepted or believed by nobody, a fault's code stands in exactly one list, and whatever stands
in none is UNKNOWN. Nothing that was not verified is ever ACCEPTED, REJECTED or accepted before.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lxml import etree

from runner.domain import long_texts, sentences
from runner.domain.outcome import Ending, Outcome, Reason
from runner.mapping.pack import ContractPack, Operation
from runner.mapping.refusal import the_field
from runner.ports import Delivery, Reply

NOTHING_SHOWN = "Az EESZT nem adott vissza megjeleníthető adatot."
"""What an empty answer means: never that there is none, since the patient's own settings may hide it."""

FILTERED = "Az EESZT a beteg önrendelkezése szerint nem minden adatot adott vissza."
"""What an answer means that says of itself that something was left out."""

_CODE = re.compile(r"(?=.*[A-Z])(?!.*\d{8})[A-Z0-9_.-]{1,40}")
"""What a fault's code looks like; what does not may quote the patient, such as by a TAJ's nine digits."""


class _OfThread(threading.local):
    """A parser of each thread's own."""

    def __init__(self) -> None:
        self.parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
        )


_own = _OfThread()


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a code of the list ``rejected`` says: the field that it names, and a sentence of its own; or neither."""

    field: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class AnswerContract:
    """
    ``answer:`` of a mapping, compiled.

    Attributes:
        accepted: What an accepted answer has.
        receipt: What is kept of it, name → XPath.
        one_identifier: Whether all of the receipt is the same place, so that a fault's identifier fills it.
        each: What a query found, or None.
        fields: Names of that, relative to each.
        about: What a query's answer says of itself, such as its page.
        filtered: Whether it says that the patient's self-determination left something out.
        partial: Whether it says that it shows only a part, such as one page of several.
        keeps_raw: Whether the answer itself is kept beside what was read of it.
        accepted_before: Codes that say that it is there already.
        retry: Codes that say that it was surely not taken.
        needs_person: Codes that say that a person must act first.
        rejected: Codes that say no.
        send_again: Whether an unknown fate simply means again (queries).
    """

    accepted: etree.XPath
    receipt: Mapping[str, etree.XPath] = field(default_factory=dict)
    one_identifier: bool = False
    each: etree.XPath | None = None
    fields: Mapping[str, etree.XPath] = field(default_factory=dict)
    about: Mapping[str, etree.XPath] = field(default_factory=dict)
    filtered: etree.XPath | None = None
    partial: etree.XPath | None = None
    keeps_raw: bool = True
    accepted_before: frozenset[str] = frozenset()
    retry: frozenset[str] = frozenset()
    needs_person: frozenset[str] = frozenset()
    rejected: Mapping[str, Refusal] = field(default_factory=dict)
    send_again: bool = False

    @property
    def is_query(self) -> bool:
        """Whether its answers are results, not receipts."""
        return self.each is not None


class Reader:
    """Reads replies of one operation by one contract."""

    def __init__(
        self, contract: AnswerContract, operation: Operation, pack: ContractPack, label: Callable[[str], str]
    ) -> None:
        """``label`` gives the column behind a document's field, for sentences."""
        self.contract = contract
        self._operation = operation
        self._pack = pack
        self._label = label

    def outcome(self, reply: Reply) -> Outcome:
        """Say how a try ended."""
        if reply.delivery is Delivery.NOT_SENT:
            return Outcome(Ending.NOT_RECEIVED, Reason.NOT_REACHED, sentences.NOT_REACHED, burns_attempt=False)
        if reply.delivery is Delivery.LOST:
            return self._unknown(
                Reason.BAD_ANSWER if reply.bad_answer else Reason.LOST_ANSWER,
                sentences.BAD_ANSWER if reply.bad_answer else sentences.LOST_ANSWER,
            )
        if reply.delivery is Delivery.FAULT:
            return self._fault(reply)
        root = self.parsed(reply)
        if root is None:
            return self._unknown(Reason.BAD_ANSWER, sentences.UNKNOWN_ANSWER)
        return self._answer(root, reply.body or b"")

    def parsed(self, reply: Reply) -> etree._Element | None:
        """Give the answer's element; None where it is not the operation's answer, or not valid, or not accepted."""
        try:
            root = etree.fromstring(reply.body or b"", _own.parser)
        except etree.XMLSyntaxError:
            return None
        if root.getroottree().docinfo.internalDTD is not None:
            return None
        good = root.tag == self._operation.output_element and self._pack.schema(self._operation.service).validate(root)
        return root if good and self.contract.accepted(root) else None

    def candidates(self, root: etree._Element) -> list[dict[str, str | None]]:
        """Give what a query found, in the answer's order."""
        contract = self.contract
        each: Any = contract.each(root) if contract.each is not None else []
        return [{name: text_at(path, element) for name, path in contract.fields.items()} for element in each]

    def shows_all(self, root: etree._Element) -> bool:
        """Whether a query's answer leaves nothing out by its own word, so that what is not in it is not there."""
        left_out = (self.contract.filtered, self.contract.partial)
        return not any(path is not None and bool(path(root)) for path in left_out)

    def _answer(self, root: etree._Element, body: bytes) -> Outcome:
        if self.contract.is_query:
            return self._result(root, body)
        receipt = {name: text_at(path, root) for name, path in self.contract.receipt.items()}
        kept = {name: value for name, value in receipt.items() if value}
        if len(kept) < len(receipt):
            return self._unknown(Reason.BAD_ANSWER, sentences.UNKNOWN_ANSWER)
        return Outcome(Ending.ACCEPTED, None, sentences.ACCEPTED, receipt=kept)

    def _result(self, root: etree._Element, body: bytes) -> Outcome:
        contract = self.contract
        rows = self.candidates(root)
        filtered = contract.filtered is not None and bool(contract.filtered(root))
        about = {name: text_at(path, root) for name, path in contract.about.items()}
        result: dict[str, Any] = {"rows": rows, "about": about, "filtered": filtered}
        files = long_texts.texts_of(body)
        if contract.keeps_raw:
            result["raw"] = body.decode("utf-8")
        text = FILTERED if filtered else sentences.ACCEPTED if rows else NOTHING_SHOWN
        made = json.dumps(result, ensure_ascii=bool(files))  # of two bytes a letter a file would be twice as long
        return Outcome(Ending.ACCEPTED, None, text, result=_with_files(made, files) if files else made)

    def session_ended(self, reply: Reply) -> bool:
        """Whether the EESZT no longer takes the session."""
        return reply.delivery is Delivery.FAULT and reply.fault_code in self._pack.faults.session_ended

    def unlisted_code(self, reply: Reply) -> str | None:
        """Give the code of a fault that no list names, for those who look after the lists; None where there is none."""
        code, contract, faults = reply.fault_code, self.contract, self._pack.faults
        lists = (contract.accepted_before, contract.rejected, contract.needs_person, contract.retry, faults.retry)
        if code is None or self.session_ended(reply) or any(code in each for each in lists):
            return None
        return code if _CODE.fullmatch(code) else None

    def _fault(self, reply: Reply) -> Outcome:
        contract, code = self.contract, reply.fault_code or ""
        if code in contract.accepted_before:
            return self._accepted_before(reply.fault_identifier)
        if code in contract.rejected:
            return Outcome(Ending.REJECTED, code, self._refusal(code))
        if code in contract.needs_person:
            return Outcome(Ending.NEEDS_PERSON, code, f"Az EESZT nem fogadta be, előbb intézkedés szükséges ({code}).")
        if self.session_ended(reply):
            return Outcome(Ending.NOT_RECEIVED, Reason.TOKEN_REFUSED, sentences.LOGIN_NEEDED)
        if code in contract.retry or code in self._pack.faults.retry:
            return Outcome(Ending.NOT_RECEIVED, code, sentences.RETRY)
        outcome = self._unknown(Reason.UNKNOWN_ANSWER, sentences.UNKNOWN_ANSWER)
        return replace(outcome, unlisted_code=self.unlisted_code(reply))

    def _accepted_before(self, identifier: str | None) -> Outcome:
        """It is there already; without an identifier that fills the receipt, it is asked after."""
        if identifier and self.contract.one_identifier:
            receipt = dict.fromkeys(self.contract.receipt, identifier)
            return Outcome(Ending.ACCEPTED, None, sentences.ACCEPTED, receipt=receipt)
        return self._unknown(Reason.LOST_ANSWER, sentences.LOST_ANSWER)

    def _refusal(self, code: str) -> str:
        refusal = self.contract.rejected[code]
        if refusal.text is not None:
            return refusal.text
        if refusal.field is not None:
            return f"Az EESZT elutasította ({code}): {the_field(self._label(refusal.field))} hibás."
        return f"Az EESZT elutasította ({code})."

    def _unknown(self, reason: Reason, text: str) -> Outcome:
        if self.contract.send_again:
            return Outcome(Ending.NOT_RECEIVED, reason, sentences.RETRY)
        return Outcome(Ending.UNKNOWN, reason, text)


def _with_files(result: str, files: Mapping[bytes, bytes | memoryview]) -> str:
    """Put files into a result, each once: where a row has it, else into the raw answer; there its mark stays."""
    places = {mark: result.find(mark) for mark in (mark.decode() for mark in files)}
    made, at = [], 0
    for mark, place in sorted(places.items(), key=lambda each: each[1]):
        if place >= 0:
            made += [result[at:place], "".join(str(files[mark.encode()], "ascii").split())]
            at = place + len(mark)
    return "".join([*made, result[at:]])


def text_at(path: etree.XPath, element: etree._Element) -> str | None:
    """Give the text of what an XPath finds first, or None."""
    found: Any = path(element)
    if isinstance(found, list):
        if not found:
            return None
        found = found[0]
    if not etree.iselement(found):
        text = str(found)
    elif len(found) == 0:
        text = found.text or ""
    else:
        text = "".join(str(part) for part in found.itertext())
    return text.strip() or None
