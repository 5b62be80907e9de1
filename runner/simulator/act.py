"""Does what a request asks for: creates, withdraws, answers queries; scripted, or by the smallest valid answer."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from lxml import etree

from runner.simulator.assertion import instant
from runner.simulator.envelope import text_of
from runner.simulator.lookup import Lookup, key_found, text_found
from runner.simulator.refusal import Code, Refusal
from runner.simulator.register import Change, Document, now_text
from runner.simulator.rendering import identifier_texts, rendered
from runner.simulator.sample import NoSampleError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from runner.simulator.gate import Caller, Verified
    from runner.simulator.lookup import Distortion
    from runner.simulator.pack import Pack
    from runner.simulator.register import Register
    from runner.simulator.sample import Sampler
    from runner.simulator.schema import Schemas
    from runner.simulator.script import Act, Script
    from runner.simulator.wsdl import Operation


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
        self._lookup = Lookup(pack, script, register)

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
        if act.does in ("withdraw", "modify"):
            return self._change(act, operation, verified, caller)
        if act.does == "query":
            return self._query(act, operation, verified, caller, now, distortion)
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
        workplace = text_found(act.workplace(content))
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
        document = replace(
            self._new_document(operation, verified, caller),
            state=act.state,
            own_reference=text_found(act.own_reference(content)) if act.own_reference else None,
            workplace=workplace,
            patient=key_found(act.patient(content)) if act.patient else None,
            fields=_kept(act, content),
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

    def _change(self, act: Act, operation: Operation, verified: Verified, caller: Caller) -> etree._Element:
        """Withdraw a document, or give it a new version; what it was stays in its history."""
        self._refuse_duplicate(verified)
        content = verified.content
        self._check(act, content, caller)
        identifier = text_found(act.document(content)) if act.document else ""
        document = self._register.find(identifier)
        if document is None or (act.of and document.operation not in act.of):
            raise Refusal(Code.NOT_FOUND, field="Azonosito")
        is_own = document.user == caller.user.eeszt_user
        if not is_own and not (act.owner == "workplace" and document.workplace in caller.user.workplaces):
            raise Refusal(Code.NOT_ALLOWED, field="Azonosito", why="somebody else's document")
        if act.patient is not None and key_found(act.patient(content)) != document.patient:
            raise Refusal(Code.NOT_FOUND, field="Azonosito", why="another patient's document")

        def allow(present: Document) -> None:
            refused = act.refuse_in.get(present.state)
            if refused is not None:
                raise Refusal(refused, identifier=present.id)

        allow(document)
        own = text_found(act.own_reference(content)) if act.own_reference else None
        fields = _kept(act, content) if act.does == "modify" else None
        version = document.version + (fields is not None)
        after = {**_view(document), "state": act.state, "version": version, "own_reference": own}
        answer = self._render(act, operation, {"document": after})
        change = Change(act.state, caller.user.eeszt_user, verified.message_id, own, fields)
        self._register.change(identifier, allow, change)
        return answer

    def _query(
        self,
        act: Act,
        operation: Operation,
        verified: Verified,
        caller: Caller,
        now: datetime,
        distortion: Distortion,
    ) -> etree._Element:
        found = self._lookup.find(act, operation.name, verified.content, caller.institution, now, distortion)
        shown = [_view(document, found.asked.get("own_reference")) for document in found.documents]
        values = {"documents": shown, "asked": _Fields(found.asked), "now": instant(now)}
        return self._render(act, operation, {**values, "page": found.page, "filtered": found.filtered})

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


def _view(document: Document, own_reference: str | None = None) -> dict[str, Any]:
    """
    What templates see of a document.

    ``asked_reference`` is the sender's reference that was asked with, where it is one of the document's, and
    ``asked_version`` the version that it made.
    """
    is_its = own_reference is not None and document.has_reference(own_reference)
    reference = own_reference if is_its else document.own_reference
    version = document.version_of(own_reference) if is_its and own_reference else document.version
    asked = {"asked_reference": reference, "asked_version": version}
    return {**asdict(document), "fields": _Fields(document.fields), **asked}


def _kept(act: Act, content: etree._Element) -> dict[str, str]:
    kept = {name: text_found(xpath(content)) for name, xpath in act.keep.items()}
    for name, xpath in act.keep_xml.items():
        nodes: Any = xpath(content)
        if nodes:
            kept[name] = etree.tostring(nodes[0], encoding="unicode", with_tail=False)
    return {name: value for name, value in kept.items() if value}
