"""Does what a request asks for: creates, withdraws, answers queries; scripted, or by the smallest valid answer."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lxml import etree

from runner.simulator.assertion import instant, parse_instant
from runner.simulator.envelope import text_of
from runner.simulator.refusal import Code, Refusal
from runner.simulator.register import Document, matching, now_text
from runner.simulator.rendering import identifier_texts, rendered
from runner.simulator.sample import NoSampleError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.simulator.gate import Caller, Verified
    from runner.simulator.pack import Pack
    from runner.simulator.register import Register
    from runner.simulator.sample import Sampler
    from runner.simulator.schema import Schemas
    from runner.simulator.script import Act, Script
    from runner.simulator.wsdl import Operation


@dataclass(frozen=True)
class Distortion:
    """How a fault bends what a query sees."""

    #: Documents younger than this are not shown.
    lag_s: float = 0.0
    #: Documents of other patients are shown instead.
    other_patient: bool = False


class _Fields(dict[str, str]):
    """The kept values of a document; what was not kept is none."""

    def __missing__(self, key: str) -> None:
        return None


class Acts:
    """What the operations of a pack do."""

    def __init__(
        self,
        pack: Pack,
        script: Script,
        register: Register,
        schemas: Mapping[str, Schemas],
        samplers: Mapping[str, Sampler],
        *,
        refuse_duplicates: bool,
    ) -> None:
        self._pack = pack
        self._script = script
        self._register = register
        self._schemas = schemas
        self._refuse_duplicates = refuse_duplicates
        self._samplers = samplers

    def perform(
        self, operation: Operation, verified: Verified, caller: Caller, now: datetime, distortion: Distortion
    ) -> etree._Element:
        """
        The answer's element, after whatever the operation does is in the register.

        Raises:
            Refusal: It may not or cannot be done; nothing was recorded but that a copy came.
        """
        self.check_request(operation, verified.content)
        act = self._script.acts.get(operation.name)
        if act is None:
            return self._unscripted(operation, verified, caller)
        workplace = self._permit(act, verified.content, caller)
        if act.does == "create":
            return self._create(act, operation, verified, caller, workplace)
        if act.does == "withdraw":
            return self._withdraw(act, operation, verified, caller)
        if act.does == "query":
            return self._query(act, operation, verified, now, distortion)
        return self._render(act, operation, {"now": instant(now)})

    def unanswerable(self) -> dict[str, str]:
        """Operation → why the smallest valid answer cannot be made, for those that nobody has scripted."""
        found: dict[str, str] = {}
        for name, operation in self._pack.operations.items():
            act = self._script.acts.get(name)
            if act is None or (act.answer is None and act.does != "issue"):
                try:
                    self._sample(operation, self._register.new_id())
                except NoSampleError as exc:
                    found[name] = str(exc)
        return found

    def _permit(self, act: Act, content: etree._Element, caller: Caller) -> str | None:
        if act.roles is not None and caller.role not in act.roles:
            raise Refusal(Code.NOT_ALLOWED, why=f"role {caller.role}")
        if act.workplace is None:
            return None
        workplace = _text(act.workplace(content))
        if workplace not in caller.user.workplaces:
            raise Refusal(Code.NOT_ASSIGNED, field="Munkahely", why="workplace is not one of the user's")
        return workplace

    def _check(self, act: Act, content: etree._Element, caller: Caller) -> None:
        for check in act.checks:
            if check.when(content, user=caller.user.eeszt_user, stamp=caller.user.stamp or ""):
                raise Refusal(check.refuse, field=check.field)

    def _create(
        self, act: Act, operation: Operation, verified: Verified, caller: Caller, workplace: str | None
    ) -> etree._Element:
        self._refuse_duplicate(verified)
        content = verified.content
        self._check(act, content, caller)
        kept = {name: _text(xpath(content)) for name, xpath in act.keep.items()}
        document = replace(
            self._new_document(operation, verified, caller),
            state=act.state,
            own_reference=_text(act.own_reference(content)) if act.own_reference else None,
            workplace=workplace,
            patient=_key(act.patient(content)) if act.patient else None,
            fields={name: value for name, value in kept.items() if value},
        )
        answer = self._render(act, operation, {"document": _view(document)})
        self._accept(document)
        return answer

    def _new_document(self, operation: Operation, verified: Verified, caller: Caller) -> Document:
        return Document(
            id=self._register.new_id(),
            operation=operation.name,
            message_id=verified.message_id,
            user=caller.user.eeszt_user,
            role=caller.role,
            created=now_text(),
        )

    def _accept(self, document: Document) -> None:
        """Record the document: the last thing done, so that a request that is refused has left nothing behind."""
        first = self._register.accept(document, refuse_duplicates=self._refuse_duplicates)
        if first is not None:
            raise Refusal(Code.DUPLICATE, identifier=first)

    def _refuse_duplicate(self, verified: Verified) -> None:
        """What was taken once is said before what may be wrong with it now."""
        if self._refuse_duplicates:
            first = self._register.duplicate_of(verified.message_id)
            if first is not None:
                raise Refusal(Code.DUPLICATE, identifier=first)

    def _withdraw(self, act: Act, operation: Operation, verified: Verified, caller: Caller) -> etree._Element:
        self._refuse_duplicate(verified)
        self._check(act, verified.content, caller)
        identifier = _text(act.document(verified.content)) if act.document else ""
        document = self._register.find(identifier)
        if document is None or (act.of and document.operation not in act.of):
            raise Refusal(Code.NOT_FOUND, field="Azonosito")
        if document.user != caller.user.eeszt_user:
            raise Refusal(Code.NOT_ALLOWED, field="Azonosito", why="somebody else's document")

        def allow(present: Document) -> None:
            refused = act.refuse_in.get(present.state)
            if refused is not None:
                raise Refusal(refused, identifier=present.id)

        allow(document)
        answer = self._render(act, operation, {"document": {**_view(document), "state": act.state}})
        self._register.change(identifier, allow, act.state, caller.user.eeszt_user, verified.message_id)
        return answer

    def _query(
        self, act: Act, operation: Operation, verified: Verified, now: datetime, distortion: Distortion
    ) -> etree._Element:
        wanted = {name: _key(xpath(verified.content)) for name, xpath in act.by.items()}
        wanted = {name: value for name, value in wanted.items() if value}
        if not wanted:
            raise Refusal(Code.BAD_MESSAGE, why="the query names nothing to look for")
        documents = self._register.documents()
        of = act.of | self._pack.complete_queries.get(operation.name, frozenset()) if act.of else act.of
        found = matching(documents, of, wanted)
        if distortion.other_patient:
            found = [d for d in matching(documents, of, {}) if d not in found][:1] or [self._strange(act)]
        if distortion.lag_s:
            horizon = now - timedelta(seconds=distortion.lag_s)
            found = [document for document in found if parse_instant(document.created) <= horizon]
        values = {"documents": [_view(document) for document in found], "now": instant(now)}
        return self._render(act, operation, values)

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
        )

    def _unscripted(self, operation: Operation, verified: Verified, caller: Caller) -> etree._Element:
        """The smallest valid answer; what the operation means is not known, so that it is taken as a new document."""
        if operation.name in self._pack.read_only:
            return self._sample_or_refuse(operation, self._register.new_id())
        self._refuse_duplicate(verified)
        own = verified.message_id if _repeats(verified.content, verified.message_id) else None
        document = replace(self._new_document(operation, verified, caller), unscripted=True, own_reference=own)
        answer = self._sample_or_refuse(operation, document.id)
        self._accept(document)
        return answer

    def _sample_or_refuse(self, operation: Operation, identifier: str) -> etree._Element:
        try:
            return self._sample(operation, identifier)
        except NoSampleError as exc:
            raise Refusal(Code.UNAVAILABLE, why=str(exc)) from exc

    def _sample(self, operation: Operation, identifier: str) -> etree._Element:
        if operation.answer is None:
            raise NoSampleError("the operation has no answer with one body element")
        return self._samplers[operation.service].make(operation.answer, identifier_texts(identifier))

    def _render(self, act: Act, operation: Operation, values: dict[str, Any]) -> etree._Element:
        """The scripted answer, or the smallest valid one where the script has none."""
        if act.answer is None:
            return self._sample_or_refuse(operation, values.get("document", {}).get("id") or self._register.new_id())
        answer = rendered(act.answer, values)
        self.check_answer(operation, answer)
        return answer

    def check_request(self, operation: Operation, content: etree._Element) -> None:
        """Refuse what the schema does not allow."""
        problem = self._schemas[operation.service].problem(content)
        if problem is not None:
            raise Refusal(Code.BAD_MESSAGE, why=f"is not valid: {problem}")

    def check_answer(self, operation: Operation, answer: etree._Element) -> None:
        """Refuse to send what the schema does not allow: the script is wrong then."""
        problem = self._schemas[operation.service].problem(answer)
        if answer.tag != operation.answer or problem is not None:
            raise Refusal(Code.UNAVAILABLE, why=f"the scripted answer is not valid: {problem or answer.tag}")


def _repeats(content: etree._Element, message_id: str) -> bool:
    """Whether a request says its message identifier again: then that is its own reference."""
    return any(text_of(element) == message_id for element in content.iter(etree.Element))


def _view(document: Document) -> dict[str, Any]:
    return {**asdict(document), "fields": _Fields(document.fields)}


def _text(found: Any) -> str:
    """The text of what an XPath found: the first node, a string or a number."""
    if isinstance(found, list):
        if not found:
            return ""
        found = found[0]
    return text_of(found) if etree.iselement(found) else str(found).strip()


def _key(found: Any) -> str:
    """The key that an XPath found: its attributes and its text, joined by colons."""
    if isinstance(found, list) and found and etree.iselement(found[0]):
        attributes = [str(value) for _, value in sorted(found[0].attrib.items())]
        return ":".join([*attributes, _text(found)])
    return _text(found)
