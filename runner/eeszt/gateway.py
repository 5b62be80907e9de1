"""
Sends messages and says what is known of them afterwards.

Whatever happens, the reply is one of four: a believed answer, a believed fault, surely not received, or in doubt. Only
what was verified can be an answer or a fault, and nothing is ever sent twice from here.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from runner.domain.audit import EntryKind
from runner.eeszt.breaker import Breaker, BreakerSettings, BreakerState
from runner.eeszt.exchange import Exchange, NoAnswerError, read_fault
from runner.eeszt.http import HttpClient, LostError, NotSentError
from runner.eeszt.keys import Signer
from runner.eeszt.parts import KeyName, Part, assertion_part
from runner.eeszt.record import Record, entry, without_token
from runner.eeszt.wsse import Request
from runner.eeszt.xml import UnverifiedError, escaped
from runner.errors import LoginError, StoreError, TransportError, fault
from runner.mapping.pack import ContractPack, Operation
from runner.ports import AuditLog, Clock, Delivery, Message, Noted, Reply, Token, Tokens

logger = logging.getLogger(__name__)

_KEPT_TOKENS = 512
_UNSIGNABLE = "the message cannot be signed"
_UNLOGGED = "the audit log cannot be written"
_LATE = "its lease runs short"
_OWN_TROUBLE = frozenset({_UNSIGNABLE, _UNLOGGED, _LATE})
"""What says nothing of the service."""


class EesztGateway:
    """
    The EESZT, as ``ports.Gateway``. Safe for threads.

    Args:
        pack: The contract.
        addresses: Service → URL.
        http: Sends.
        pins: Certificates (DER) that may sign the services' answers.
        clock: Time.
        tokens: For the technical user's token, with which an interrupted service is asked; None: TLS handshake only.
        institution_signer: Signs where the proof is ``bearer``.
        technical_signer: The technical user's key; signs his messages where the proof is ``holder_of_key``.
        breaker: When to leave a service alone.
        audit: Where everything is logged; None: nowhere.

    Raises:
        SettingsError: RNR-1003, a service has no address.
    """

    def __init__(
        self,
        pack: ContractPack,
        addresses: Mapping[str, str],
        http: HttpClient,
        pins: Sequence[bytes],
        clock: Clock,
        *,
        tokens: Tokens | None = None,
        institution_signer: Signer | None = None,
        technical_signer: Signer | None = None,
        breaker: BreakerSettings | None = None,
        audit: AuditLog | None = None,
    ) -> None:
        self._record = Record(audit)
        self._pack = pack
        self._services = [service for service in pack.services if service != pack.operation(pack.sts.operation).service]
        for service in self._services:
            if service not in addresses:
                raise fault(1003, "settings", name=f"eeszt.addresses.{service}")
        self._addresses = dict(addresses)
        self._http = http
        self._exchange = Exchange(pack, http, pins)
        self._clock = clock
        self._tokens = tokens
        self._institution_signer = institution_signer
        self._technical_signer = technical_signer
        self._is_bearer = pack.security.proof == "bearer"
        self._breakers = {service: Breaker(clock, breaker) for service in self._services}
        self._prepared: OrderedDict[bytes, tuple[Signer, Part]] = OrderedDict()
        self._lock = threading.Lock()

    def send(self, message: Message, token: Token) -> Reply:
        """
        Sign, send, verify the answer; see ``ports.Gateway``.

        Raises:
            KeyError: The contract has no such operation.
        """
        operation = self._pack.operation(message.operation)
        if self.is_interrupted(operation.service):
            return Reply(Delivery.NOT_SENT, detail="the service is interrupted")
        return self._deliver(operation, message, token)

    def is_open(self, service: str) -> bool:
        """Whether messages are kept from this service now: it is interrupted, or nothing can be logged."""
        return self._record.is_down or self.is_interrupted(service)

    def is_interrupted(self, service: str) -> bool:
        """Whether the breaker keeps messages from this service now."""
        return self._breakers[service].state is BreakerState.OPEN

    def most_per_claim(self, service: str) -> int | None:
        """How many items may be claimed for a service that is just coming back; None: no bound."""
        return self._breakers[service].most_per_claim()

    def try_again(self, service: str) -> bool:
        """Ask an interrupted service with its harmless call, if it is time to; whether it is back."""
        breaker = self._breakers[service]
        if breaker.state is not BreakerState.OPEN:
            return True
        if not breaker.may_try():
            return False
        if self._is_alive(service):
            self._note(service, changed=breaker.answered())
            return True
        return False

    def _is_alive(self, service: str) -> bool:
        name = self._pack.harmless.get(service)
        try:
            token = self._technical_token() if name is not None else None
            if token is None or name is None:
                self._http.shake_hands(self._addresses[service])
                return True
        except (NotSentError, TransportError):
            # A token service that cannot be asked says nothing good of the service beside it.
            return False
        reply = self._harmless(self._pack.operation(name), token)
        return reply.delivery in {Delivery.ANSWERED, Delivery.FAULT}

    def ask(self, service: str, token: Token) -> Reply | None:
        """Ask a service with its harmless call, whatever its breaker says; None where the contract has none."""
        name = self._pack.harmless.get(service)
        return None if name is None else self._harmless(self._pack.operation(name), token)

    def _harmless(self, operation: Operation, token: Token) -> Reply:
        namespace, _, local = operation.input_element[1:].partition("}")
        message = Message(
            operation=operation.name,
            message_id=uuid.uuid4().urn,
            body=f'<q:{local} xmlns:q="{escaped(namespace)}"></q:{local}>'.encode(),
            expires_at=self._clock.now() + self._exchange.life,
        )
        return self._exchanged(operation, message, token)

    def _technical_token(self) -> Token | None:
        if self._tokens is None or self._tokens.technical_user() is None:
            return None
        try:
            return self._tokens.technical()
        except LoginError:
            return None

    def _deliver(self, operation: Operation, message: Message, token: Token) -> Reply:
        breaker = self._breakers[operation.service]
        now = self._clock.now()
        if now >= message.expires_at:
            return Reply(Delivery.NOT_SENT, detail="the message has expired")
        if now >= token.expires_at:
            return Reply(Delivery.NOT_SENT, detail="the session has ended")
        reply = self._exchanged(operation, message, token)
        if reply.delivery in {Delivery.ANSWERED, Delivery.FAULT}:
            self._note(operation.service, changed=breaker.answered())
        elif reply.detail not in _OWN_TROUBLE:
            failed = message.item_id if message.item_id is not None else message.message_id
            self._note(operation.service, changed=breaker.failed(failed))
        return reply

    def _exchanged(self, operation: Operation, message: Message, token: Token) -> Reply:
        started = self._clock.monotonic()
        reply, noted = self._reply(operation, message, token)
        took_s = self._clock.monotonic() - started
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug(
                "message exchanged",
                extra={
                    "event": "message.exchanged",
                    "item": message.item_id,
                    "message_id": message.message_id,
                    "operation": operation.name,
                    "delivery": reply.delivery,
                    "detail": reply.detail,
                    "took_ms": round(took_s * 1000),
                },
            )
        return replace(reply, took_s=took_s, noted=noted)

    def _reply(self, operation: Operation, message: Message, token: Token) -> tuple[Reply, Noted | None]:
        now = self._clock.now()
        send_until = self._clock.monotonic() + (message.expires_at - now).total_seconds()
        request = Request(
            operation=operation,
            to=self._addresses[operation.service],
            message_id=message.message_id,
            body=message.body,
            created_at=now,
            expires_at=min(message.expires_at, now + self._exchange.life),
            is_fresh=message.is_fresh,
        )
        try:
            signer, part = self._prepare(token)
            named_by = KeyName.CERTIFICATE if self._is_bearer else KeyName.ASSERTION
            signed = self._exchange.sign(request, signer, named_by, part)
        except (ValueError, UnverifiedError) as error:
            logger.error(
                "message cannot be signed",
                extra={"event": "message.unsignable", "item": message.item_id, "reason": str(error)},
            )
            return Reply(Delivery.NOT_SENT, detail=_UNSIGNABLE), None
        about = entry(
            EntryKind.REQUEST,
            request,
            without_token(signed, part),
            item=message.item_id,
            acting_user=token.eeszt_user,
            his_user=message.his_user,
        )
        try:
            self._record.request(about)
        except StoreError:
            return Reply(Delivery.NOT_SENT, detail=_UNLOGGED), None
        reply, heard = self._posted(request, signed, send_until, message)
        answered = replace(about, kind=EntryKind.ANSWER, body=without_token(heard, part), outcome=reply.delivery)
        return reply, self._record.answer(answered)

    def _posted(self, request: Request, signed: bytes, send_until: float, message: Message) -> tuple[Reply, bytes]:
        """Send once, if there is still time; what is known afterwards, and what came back as it came."""
        heard = b""
        try:
            with message.wire:
                if message.begin_by is not None and self._clock.monotonic() >= message.begin_by:
                    return Reply(Delivery.NOT_SENT, detail=_LATE), heard
                received = self._exchange.post(request, signed, send_until, message.read_timeout_s)
            heard = received.body
            answer = self._exchange.believe(request, received, self._clock.now())
            if not answer.is_fault:
                return Reply(Delivery.ANSWERED, body=answer.payload, detail=f"HTTP {received.status}"), heard
            facts = read_fault(answer.payload, self._pack.fault, self._pack.prefixes)
        except NotSentError as error:
            return Reply(Delivery.NOT_SENT, detail=str(error)), heard
        except LostError as error:
            is_bad = isinstance(error, NoAnswerError) and error.is_bad
            return Reply(Delivery.LOST, detail=str(error), bad_answer=is_bad), heard
        except UnverifiedError as error:
            return Reply(Delivery.LOST, detail=str(error), bad_answer=True), heard
        reply = Reply(
            Delivery.FAULT,
            fault_code=facts.code,
            fault_field=facts.field,
            fault_identifier=facts.identifier,
            detail=f"HTTP {received.status}",
        )
        return reply, heard

    def _prepare(self, token: Token) -> tuple[Signer, Part]:
        """Key and assertion of a token, read once as long as it is in use."""
        with self._lock:
            if (known := self._prepared.get(token.assertion)) is not None:
                self._prepared.move_to_end(token.assertion)
                return known
        if self._is_bearer:
            signer = self._institution_signer
        else:
            signer = Signer.from_pkcs8(token.key) if token.key is not None else self._technical_signer
        if signer is None:
            raise ValueError("no key is configured that this token's messages are signed with")
        made = signer, assertion_part(token.assertion, token.assertion_id)
        with self._lock:
            self._prepared[token.assertion] = made
            while len(self._prepared) > _KEPT_TOKENS:
                self._prepared.popitem(last=False)
        return made

    def _note(self, service: str, *, changed: bool) -> None:
        if changed:
            state = self._breakers[service].state
            level = logging.WARNING if state is BreakerState.OPEN else logging.INFO
            logger.log(level, "breaker changed", extra={"event": f"breaker.{state.lower()}", "service": service})
