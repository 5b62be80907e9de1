"""Named faults: each bends the course of a request in one way, and its docstring's first sentence says which."""

from __future__ import annotations

import inspect
import re
import threading
import time
import uuid
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from lxml import etree

from runner.simulator.names import Ns, tag
from runner.simulator.parser import parser
from runner.simulator.refusal import Code, Refusal, SimulatorError
from runner.simulator.turn import Reply, Turn

if TYPE_CHECKING:
    from collections.abc import Callable

    Proceed = Callable[[], Reply]

_BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "haha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;">]>'
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>&d;&d;&d;</s:Body></s:Envelope>'
)


def slow(turn: Turn, proceed: Proceed, *, seconds: float = 3.0) -> Reply:
    """Everything is right, but the answer comes `seconds` late."""
    turn.wait(seconds)
    return proceed()


def silent(_turn: Turn, _proceed: Proceed) -> Reply:
    """The request is taken off the line, nothing is recorded, and no answer ever comes."""
    return Reply(ending="silent", outcome="silent")


def cut_before(_turn: Turn, _proceed: Proceed) -> Reply:
    """The connection is closed without an answer, and nothing is recorded."""
    return Reply(ending="cut", outcome="cut_before")


def cut_after_accept(_turn: Turn, proceed: Proceed) -> Reply:
    """The request is processed and recorded, then the connection is closed without an answer."""
    return replace(proceed(), ending="cut")


def late_accept(turn: Turn, proceed: Proceed, *, seconds: float = 1.0) -> Reply:
    """The connection is closed at once, and the request is processed `seconds` later, if it has not expired by then."""

    def later() -> None:
        turn.wait(seconds)
        turn.note(turn, proceed())

    threading.Thread(target=later, daemon=True).start()
    return Reply(ending="cut", outcome="cut_before_late_accept")


def html(_turn: Turn, proceed: Proceed, *, accept: bool = False) -> Reply:
    """An HTML page with status 200 comes instead of SOAP, as of a proxy; recorded only with `accept`."""
    if accept:
        proceed()
    page = "<html><body><h1>Karbantartás</h1></body></html>".encode()
    return Reply(status=200, body=page, outcome="html")


def wrong_signature(turn: Turn, proceed: Proceed, *, how: str = "value") -> Reply:
    """Recorded, but the answer's signature is wrong: `how` is value, body (changed afterwards) or signer (unknown)."""
    if how == "signer":
        turn.signed_by_stranger = True
        return proceed()

    def spoil(root: etree._Element) -> None:
        spoiled = next(root.iterfind(f"{{*}}Header/{tag(Ns.WSSE, 'Security')}/*/{tag(Ns.DS, 'SignatureValue')}"))
        if how == "body":
            spoiled = next(e for e in root.iterfind("{*}Body//*") if len(e) == 0)
        text = spoiled.text or "A"
        spoiled.text = ("B" if text[0] == "A" else "A") + text[1:]

    return _changed(proceed(), spoil)


def missing_signature(_turn: Turn, proceed: Proceed) -> Reply:
    """Recorded, but the answer is not signed."""
    return _unsigned(proceed())


def wrong_relates_to(turn: Turn, proceed: Proceed) -> Reply:
    """Recorded, but the answer says that it belongs to another message."""
    turn.relates_to = uuid.uuid4().urn
    return proceed()


def expired_token(turn: Turn, _proceed: Proceed) -> Reply:
    """Nothing is recorded: the token is said to have run out."""
    return turn.refuse(turn, Refusal(Code.SESSION_ENDED))


def duplicate(turn: Turn, _proceed: Proceed, *, signed: bool = True, identifier: str | None = None) -> Reply:
    """Nothing is recorded: the message is said to have come before; unsigned unless `signed`."""
    refusal = Refusal(Code.DUPLICATE, identifier=identifier or turn.first_of(turn.message_id))
    reply = turn.refuse(turn, refusal)
    return reply if signed else _unsigned(reply)


def index_lag(turn: Turn, proceed: Proceed, *, seconds: float = 60.0) -> Reply:
    """Queries do not show documents younger than `seconds`."""
    turn.distortion = replace(turn.distortion, lag_s=seconds)
    return proceed()


def clock_skew(turn: Turn, proceed: Proceed, *, seconds: float = 360.0) -> Reply:
    """The simulator's clock is `seconds` ahead (behind, if negative), for what it checks and for what it writes."""
    turn.skew_s += seconds
    return proceed()


def outage(_turn: Turn, _proceed: Proceed, *, how: str = "503", seconds: float | None = None) -> Reply:  # noqa: ARG001
    """Nothing answers for `seconds` (or until it is cleared): `how` is 503 or closed (the connection is cut)."""
    if how == "closed":
        return Reply(ending="cut", outcome="outage")
    return Reply(status=503, body=b"Service Unavailable", content_type="text/plain", outcome="outage")


def sts_down(turn: Turn, proceed: Proceed, *, how: str = "503", seconds: float | None = None) -> Reply:
    """The token service alone does not answer; the rest as in outage."""
    return outage(turn, proceed, how=how, seconds=seconds)


def overloaded(turn: Turn, _proceed: Proceed) -> Reply:
    """Nothing is recorded: the service says that it is overloaded."""
    return turn.refuse(turn, Refusal(Code.OVERLOADED))


def unknown_fault(turn: Turn, proceed: Proceed, *, code: str = "ISMERETLEN_HIBA", accept: bool = False) -> Reply:
    """A fault comes whose code is in nobody's list; recorded only with `accept`."""
    if accept:
        proceed()
    return turn.refuse(turn, Refusal(code))


def oversized(_turn: Turn, _proceed: Proceed) -> Reply:
    """Nothing is recorded, and the answer never ends."""
    return Reply(ending="endless", content_type="application/soap+xml; charset=utf-8", outcome="oversized")


def entity_bomb(_turn: Turn, _proceed: Proceed) -> Reply:
    """Nothing is recorded, and the answer has a DTD whose entities grow when they are expanded."""
    return Reply(body=_BOMB, content_type="application/soap+xml; charset=utf-8", outcome="entity_bomb")


def wrong_patient(turn: Turn, proceed: Proceed) -> Reply:
    """A query's answer shows the document of somebody else."""
    turn.distortion = replace(turn.distortion, other_patient=True)
    return proceed()


def self_determination(turn: Turn, proceed: Proceed, *, shown: int = 0, tell: bool = True) -> Reply:
    """Queries show at most `shown` documents, as the patient decided; the answer says so only with `tell`."""
    turn.distortion = replace(turn.distortion, shown=shown, tell=tell)
    return proceed()


def _unsigned(reply: Reply) -> Reply:
    def strip(root: etree._Element) -> None:
        for security in root.iterfind(f"{{*}}Header/{tag(Ns.WSSE, 'Security')}"):
            for signature in security.findall(tag(Ns.DS, "Signature")):
                security.remove(signature)

    return _changed(reply, strip)


def _changed(reply: Reply, change: Callable[[etree._Element], None]) -> Reply:
    """The reply with its envelope changed; one without an envelope as it is."""
    if reply.ending != "answer" or "xml" not in reply.content_type:
        return reply
    root = etree.fromstring(reply.body, parser(len(reply.body)))
    change(root)
    return replace(reply, body=etree.tostring(root, xml_declaration=True, encoding="utf-8"))


_ALL: tuple[Callable[..., Reply], ...] = (
    *(slow, silent, cut_before, cut_after_accept, late_accept, html, wrong_signature, missing_signature),
    *(wrong_relates_to, expired_token, duplicate, index_lag, clock_skew, outage, sts_down, overloaded),
    *(unknown_fault, oversized, entity_bomb, wrong_patient, self_determination),
)
FAULTS = {fault.__name__: fault for fault in _ALL}
_OF_TOKEN_SERVICE = {"sts_down"}
_NOT_OF_TOKEN_SERVICE = {"expired_token", "duplicate", "index_lag", "wrong_patient", "self_determination"}


@dataclass
class Rule:
    """A fault that is switched on."""

    name: str
    #: Searched in ``service.Operation``; None is every operation.
    operation: str | None
    #: How many requests it still meets; None is until it is cleared.
    times: int | None
    args: dict[str, Any]
    #: Monotonic end of its window.
    until_s: float | None


class Faults:
    """The faults that are switched on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []

    def add(self, name: str, operation: str | None, times: int | None, args: dict[str, Any]) -> None:
        """
        Switch a fault on.

        Raises:
            SimulatorError: There is no such fault, or it does not take these arguments.
        """
        fault = FAULTS.get(name)
        if fault is None:
            raise SimulatorError(f"no fault is called {name!r}; there are {', '.join(FAULTS)}")
        try:
            inspect.signature(fault).bind(None, None, **args)
            re.compile(operation or "")
        except (TypeError, re.error) as exc:
            raise SimulatorError(f"{name}: {exc}") from exc
        window = args.get("seconds") if name in ("outage", "sts_down") else None
        until_s = None if window is None else time.monotonic() + float(window)
        with self._lock:
            self._rules.append(Rule(name, operation, times, args, until_s))

    def clear(self) -> None:
        """Switch all faults off."""
        with self._lock:
            self._rules.clear()

    def active(self) -> list[dict[str, Any]]:
        """What is switched on."""
        with self._lock:
            return [{"fault": r.name, "operation": r.operation, "times": r.times, "args": r.args} for r in self._rules]

    def around(self, turn: Turn, proceed: Proceed) -> Proceed:
        """The request's course with every fault that meets it, the one first switched on outermost."""
        for rule in reversed(self._meeting(turn)):
            turn.faults.insert(0, rule.name)
            proceed = partial(FAULTS[rule.name], turn, proceed, **rule.args)
        return proceed

    def _meeting(self, turn: Turn) -> list[Rule]:
        met: list[Rule] = []
        now_s = time.monotonic()
        with self._lock:
            self._rules = [r for r in self._rules if r.times != 0 and (r.until_s is None or r.until_s > now_s)]
            for rule in self._rules:
                if turn.is_token_request and rule.name in _NOT_OF_TOKEN_SERVICE:
                    continue
                if not turn.is_token_request and rule.name in _OF_TOKEN_SERVICE:
                    continue
                if rule.operation is not None and re.search(rule.operation, turn.name) is None:
                    continue
                if rule.times is not None:
                    rule.times -= 1
                met.append(rule)
        return met
