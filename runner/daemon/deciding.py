"""Under whose name an item may go: its facts gathered, the decision table asked, and what it said kept for later."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from runner.domain import formats
from runner.domain.facts import Assignment, Facts
from runner.domain.policy import Decision, Recorder, Sender, decide, rules_asked
from runner.errors import LoginError, RunnerError, TransportError
from runner.ports import DecisionNote, LoginAtRecording, Proof

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from runner.daemon.work import LaneSettings, Site
    from runner.domain.facts import Choice, Option
    from runner.mapping import DocumentType, Mappings
    from runner.ports import Item, Token

logger = logging.getLogger(__name__)


_decided = lru_cache(maxsize=1024)(decide)
"""The table is walked once for the same facts."""


@lru_cache(maxsize=64)
def _options_on(mappings: Mappings, day: date) -> Mapping[Option, Choice]:
    """The rules are read once for a day: most items are of today."""
    return mappings.options_on(day)


@lru_cache(maxsize=1024)
def _rules(mappings: Mappings, kind: DocumentType, facts: Facts, workplace: str, day: date) -> str:
    """The rules that applied, each in its version of that day; written once for the same facts."""
    asked = mappings.said_on(rules_asked(_decided(facts, workplace), facts), day)
    return json.dumps({**kind.rules_on(day).said, **asked}, ensure_ascii=False, separators=(",", ":"))


class NoTokenError(Exception):
    """The issuer of tokens cannot be asked, or refuses the technical user: the item waits."""


@dataclass(frozen=True, slots=True)
class Decided:
    """
    What the table said of an item.

    Attributes:
        decision: The line, and the sender or what becomes of the item.
        note: The same as it is stored, so that it can be proved later.
        personal: The recorder's token, where he is logged in.
    """

    decision: Decision
    note: DecisionNote
    personal: Token | None


def decide_sender(site: Site, lane: LaneSettings, item: Item, kind: DocumentType) -> Decided:
    """
    Ask the decision table, by the rules in force on the day of the recording.

    Raises:
        NoTokenError: Whether the recorder is logged in cannot be said now.
        MappingError: RNR-2901, nothing says on that day who may send.
    """
    recorder = site.directory.recorder(item.recorded_by)
    # recorded without a login: perhaps just after a logout, which what is remembered may not know of
    look = item.login_at_recording is not LoginAtRecording.LIVE
    personal = token_of(site, recorder.eeszt_user, item.recorded_by, look=look) if recorder.eeszt_user else None
    day = kind.day_of(item)
    facts = _facts(site, lane, item, kind, recorder, day, session=personal is not None)
    workplace = workplace_named(item)
    decision = _decided(facts, workplace)
    acting_user = {Sender.RECORDER: recorder.eeszt_user, Sender.TECHNICAL: site.technical_user, None: None}
    logger.debug(
        "sender decided",
        extra={
            "event": "item.decided",
            "item": item.row.item_id,
            "line": decision.line.number,
            "sender": decision.sender or "",
        },
    )
    rules = _rules(site.mappings, kind, facts, workplace, day)
    note = DecisionNote(decision.line.number, rules, acting_user[decision.sender])
    return Decided(decision, note, personal)


def workplace_named(item: Item) -> str:
    """Name the item's workplace in a sentence: as EESZT_WORKPLACE has it or as a code; else only its column."""
    return item.workplace if item.oth_code is not None or _is_code(item.workplace) else "WORKPLACE"


def _is_code(workplace: str) -> bool:
    return formats.check("oth", workplace) is None and formats.may_be_named(workplace)


def token_of(site: Site, acting_user: str, his_user: str | None = None, *, look: bool = False) -> Token | None:
    """
    Give the identity's token, of ``his_user``'s own session where he is named; None for who is not logged in.

    Raises:
        NoTokenError: It cannot be had now.
    """
    try:
        token = site.sessions.token(acting_user, his_user, look=look)
    except (LoginError, TransportError) as error:
        site.tokens.met(error)
        raise NoTokenError from error
    site.tokens.passed()
    return token


def lives_on(site: Site, token: Token) -> bool:
    """Whether a token that was given is still its person's, and not that of a session that has ended since."""
    try:
        now = site.sessions.token(token.eeszt_user)
    except RunnerError:
        return True  # nothing was heard of an end; the token has its own
    if now is None:
        return False
    return now.assertion_id == token.assertion_id or token.eeszt_user == site.technical_user


def _facts(
    site: Site, lane: LaneSettings, item: Item, kind: DocumentType, recorder: Recorder, day: date, *, session: bool
) -> Facts:
    return Facts(
        kind=kind.rules_on(day).kind,
        registration=recorder.registration,
        login_at_recording=item.login_at_recording,
        session=session,
        proved=lane.trusted or item.proof is Proof.BOUND,
        certificate=site.technical_user is not None,
        prescriber=item.prescriber is None or item.prescriber == item.recorded_by,
        recorder_assigned=_assignment(site, recorder.eeszt_user, item.workplace),
        technical_assigned=_assignment(site, site.technical_user, item.workplace) is not Assignment.NONE,
        options=_options_on(site.mappings, day),
    )


def _assignment(site: Site, eeszt_user: str | None, workplace: str) -> Assignment:
    roles = site.directory.roles(eeszt_user, workplace) if eeszt_user else frozenset()
    if not roles:
        return Assignment.NONE
    return Assignment.DOCTOR if roles & set(site.mappings.pack.sts.doctor_roles) else Assignment.OTHER
