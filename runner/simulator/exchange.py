"""The course of a request: read, bent by faults, verified, performed, answered, logged."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from lxml import etree

from runner.simulator.answer import AnswerSigner, fault
from runner.simulator.envelope import parse, peek, read_envelope
from runner.simulator.names import Ns
from runner.simulator.refusal import Code, Refusal
from runner.simulator.turn import Log, Reply, Turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography import x509

    from runner.simulator.act import Acts
    from runner.simulator.fault import Faults
    from runner.simulator.gate import Gate
    from runner.simulator.pack import Pack
    from runner.simulator.register import Register
    from runner.simulator.rendering import FaultDetails
    from runner.simulator.sts import TokenService

_SERVER_SIDE = {Code.OVERLOADED, Code.UNAVAILABLE}
_CONTENT_TYPES = {Ns.SOAP11: "text/xml; charset=utf-8", Ns.SOAP12: "application/soap+xml; charset=utf-8"}


@dataclass(frozen=True)
class Signers:
    """Who signs answers: the services, the STS, and one whom nobody trusts."""

    service: AnswerSigner
    sts: AnswerSigner
    stranger: AnswerSigner


class Exchange:
    """Turns requests into replies; safe for many threads."""

    def __init__(
        self,
        pack: Pack,
        gate: Gate,
        acts: Acts,
        details: FaultDetails,
        sts: TokenService,
        register: Register,
        faults: Faults,
        signers: Signers,
        log: Log,
        wait: Callable[[float], None],
        *,
        issuing: frozenset[str],
        latency_s: float = 0.0,
    ) -> None:
        self._pack = pack
        self._gate = gate
        self._acts = acts
        self._details = details
        self._sts = sts
        self._register = register
        self._faults = faults
        self._signers = signers
        self._log = log
        self._wait = wait
        self._latency_s = latency_s
        self._issuing = issuing
        self._token_services = {name.partition(".")[0] for name in issuing}

    def reply(self, service: str, data: bytes, peer: x509.Certificate) -> Reply:
        """What to do with a request; its log entry is written when this returns."""
        turn = self._turn(service, data, peer)
        started = time.monotonic()
        reply = self._faults.around(turn, partial(self._process, turn))()
        self._log.add(turn, reply, (time.monotonic() - started) * 1000)
        return replace(reply, skew_s=turn.skew_s)

    def _turn(self, service: str, data: bytes, peer: x509.Certificate) -> Turn:
        root: etree._Element | None = None
        soap, element, message_id, why = str(Ns.SOAP12), "", None, ""
        try:
            root = parse(data)
            soap, element, message_id = peek(root)
        except Refusal as exc:
            root, why = None, exc.why
        operation = self._pack.operation(service, element)
        return Turn(
            service=service,
            root=root,
            peer=peer,
            operation=operation,
            is_token_request=service in self._token_services,
            soap=soap if soap in _CONTENT_TYPES else str(Ns.SOAP12),
            message_id=message_id,
            relates_to=message_id,
            wait=self._wait,
            refuse=self._refuse,
            first_of=self._first_of,
            note=lambda late, reply: self._log.add(late, reply, 0.0),
            why=why,
        )

    def _first_of(self, message_id: str | None) -> str | None:
        return None if message_id is None else self._register.first_of(message_id)

    def _process(self, turn: Turn) -> Reply:
        if self._latency_s:
            turn.wait(self._latency_s)
        try:
            content = self._perform(turn)
        except Refusal as refusal:
            return self._refuse(turn, refusal)
        assert turn.operation is not None
        return self._signed(turn, turn.operation.answer_action, content, 200, "accepted")

    def _perform(self, turn: Turn) -> etree._Element:
        if turn.root is None:
            raise Refusal(Code.BAD_MESSAGE, why=turn.why)
        envelope = read_envelope(turn.root)
        operation = turn.operation
        if operation is None or envelope.soap not in operation.envelopes:
            raise Refusal(Code.BAD_MESSAGE, field="Body", why="no operation of the service in this SOAP version")
        now = turn.now()
        if operation.name in self._issuing:
            content, verified, user = self._sts.issue(envelope, operation, turn.peer, now)
            turn.user = user.eeszt_user
            self._acts.check_request(operation, verified.content)
            self._acts.check_answer(operation, content)
            return content
        verified, caller = self._gate.service_request(envelope, operation, turn.peer, now)
        turn.user = caller.user.eeszt_user
        return self._acts.perform(operation, verified, caller, now, turn.distortion)

    def _refuse(self, turn: Turn, refusal: Refusal) -> Reply:
        turn.why = refusal.why or turn.why
        try:
            detail, text = self._details.detail(turn.operation, refusal)
        except Refusal as broken:
            turn.why = f"{turn.why}; the fault template: {broken.why}"
            detail, text = etree.Element("Hiba"), refusal.code
        content = fault(turn.soap, detail, text, ours=refusal.code in _SERVER_SIDE)
        action = turn.operation.fault_action if turn.operation is not None else f"{Ns.WSA}/soap/fault"
        return self._signed(turn, action, content, 500, refusal.code)

    def _signed(self, turn: Turn, action: str, content: etree._Element, status: int, outcome: str) -> Reply:
        signer = self._signers.sts if turn.is_token_request else self._signers.service
        if turn.signed_by_stranger:
            signer = self._signers.stranger
        envelope = signer.envelope(turn.soap, action, turn.relates_to, content, turn.now())
        body = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
        return Reply(status, body, _CONTENT_TYPES[Ns(turn.soap)], "answer", outcome)
