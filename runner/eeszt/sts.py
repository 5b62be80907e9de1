"""
Tokens from the STS: a person's by one-time password or card, the technical user's by certificate.

Source: WS-Trust 1.3 (Issue), SAML 2.0; how the request is signed and what a refusal means: the contract pack.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import random
from urllib.parse import urlsplit

from runner.domain.audit import EntryKind
from runner.domain.card import CardProof
from runner.eeszt.answer import Answer
from runner.eeszt.assertion import ASSERTION, Grant, believed, within_lifetime
from runner.eeszt.exchange import Exchange, read_fault
from runner.eeszt.http import HttpClient, LostError, NotSentError
from runner.eeszt.keys import Signer, signers_of
from runner.eeszt.names import Ns, tag
from runner.eeszt.parts import KeyName, user_part
from runner.eeszt.record import Asker, Record, entry, without_grant, without_password
from runner.eeszt.renewal import Renewal
from runner.eeszt.token_request import card_element, request_body
from runner.eeszt.wsse import Request
from runner.eeszt.xml import UnverifiedError, only, parse
from runner.errors import LoginError, RunnerError, StoreError, TransportError, fault
from runner.mapping.pack import ContractPack
from runner.ports import AuditLog, Clock, Token

_CODE = re.compile(r"[\w.:-]{1,80}")
#: Meanings that a pack's ``sts.faults`` may name, and the faults they are to us.
_MEANINGS = {"wrong_password": 4101, "used_password": 4102, "not_active": 4103}
_MEANINGS |= {"card_not_activated": 4237, "card_refused": 4238}


TRY_S = 5.0
"""Between two questions to an STS that does not answer, seconds."""


@dataclass(frozen=True, slots=True)
class TechnicalUser:
    """
    The institution's technical user.

    Attributes:
        name: EESZT name.
        signer: His key, with its certificate.
    """

    name: str
    signer: Signer


class Sts:
    """
    The token service, as ``ports.Tokens``. Safe for threads.

    Args:
        pack: The contract.
        address: URL of the STS.
        http: Sends.
        pins: Certificates (DER) of the STS: they sign its answers and its assertions.
        clock: Time.
        institution_signer: The institution's key; people's requests are signed with it where the proof is ``bearer``.
        technical: The technical user, or None where the institution has none.
        institution: What assertions must name as institution; None: not compared.
        chance: From 0 up to 1, for the moment of renewal.
        audit: Where everything is logged; None: nowhere.

    Raises:
        ValueError: A pin is no certificate.
    """

    def __init__(
        self,
        pack: ContractPack,
        address: str,
        http: HttpClient,
        pins: Sequence[bytes],
        clock: Clock,
        *,
        institution_signer: Signer | None = None,
        technical: TechnicalUser | None = None,
        institution: str | None = None,
        chance: Callable[[], float] = random,
        audit: AuditLog | None = None,
    ) -> None:
        self._record = Record(audit)
        self._pack = pack
        self._operation = pack.operation(pack.sts.operation)
        self._address = address
        self._where = urlsplit(address).netloc or "sts"
        self._exchange = Exchange(pack, http, pins)
        self._signers = signers_of(pins)
        self._clock = clock
        self._institution_signer = institution_signer
        self._technical = technical
        self._institution = institution
        self._is_bearer = pack.security.proof == "bearer"
        self._meanings = {
            code: _MEANINGS[meaning]
            for meaning, codes in pack.sts.faults.items()
            if meaning in _MEANINGS
            for code in codes
        }
        self._asked_in_vain_at: float | None = None
        self._renewal = Renewal(self._fetch_technical, clock, chance=chance)

    def technical_user(self) -> str | None:
        """EESZT name of the institution's technical user, None where none is configured."""
        return None if self._technical is None else self._technical.name

    def technical(self) -> Token:
        """
        The technical user's token, from the cache, renewed at half its life by one caller at a time.

        Raises:
            LoginError: RNR-4101 to 4106: refused, granted to somebody else, or no technical user is configured.
            TransportError: RNR-5101 or 5102: the STS could not be asked, or its answer does not verify.
        """
        if self._technical is None:
            raise fault(4106, self._where, what="technical user")
        return self._renewal.get()

    def refused(self) -> None:
        """Forget the technical user's token: the EESZT no longer takes it."""
        self._renewal.drop()

    def issue(self, eeszt_user: str, one_time_password: str) -> Token:
        """
        Log a person in; the password is used once and forgotten.

        Whose session it became stands in the token; that it is the one who was meant is for the caller to compare.

        Raises:
            LoginError: RNR-4101 to 4104: wrong or used password, not active, refused.
            TransportError: RNR-5101 (surely not asked: the password is still good) or 5102 (it may be used up).
        """
        try:
            user = user_part(eeszt_user, one_time_password)
        except ValueError:
            raise fault(4101, self._where) from None
        if self._is_bearer:
            if self._institution_signer is None:
                raise fault(4106, self._where, what="institution's key")
            return self._issue(
                self._institution_signer, KeyName.CERTIFICATE, Asker(eeszt_user, user, one_time_password)
            )
        session = Signer.fresh()
        return self._issue(session, KeyName.VALUE, Asker(eeszt_user, user, one_time_password), session)

    def issue_by_card(self, eeszt_user: str, proof: CardProof, session_key: bytes) -> Token:
        """
        Log a person in whose card has signed for this session key (PKCS#8 DER).

        Raises:
            LoginError: RNR-4103, 4104, 4237, 4238: refused; RNR-4239, the contract has no login with a card.
            TransportError: RNR-5101 or 5102.
        """
        namespace = self._pack.sts.card_proof
        if namespace is None:
            raise fault(4239, self._where)
        asker = Asker(eeszt_user, proof=card_element(proof, namespace))
        session = Signer.from_pkcs8(session_key)
        if not self._is_bearer:
            return self._issue(session, KeyName.VALUE, asker, session)
        if self._institution_signer is None:
            raise fault(4106, self._where, what="institution's key")
        return self._issue(self._institution_signer, KeyName.CERTIFICATE, asker)

    def _fetch_technical(self) -> Token:
        assert self._technical is not None
        signer = self._technical.signer
        token = self._issue(signer, KeyName.CERTIFICATE, Asker(self._technical.name))
        if token.eeszt_user != self._technical.name:
            raise fault(4105, self._where)
        return token

    def _issue(self, signer: Signer, named_by: KeyName, asker: Asker, session: Signer | None = None) -> Token:
        now = self._clock.now()
        request = Request(
            operation=self._operation,
            to=self._address,
            message_id=uuid.uuid4().urn,
            body=request_body(signer, asker.proof, is_bearer=self._is_bearer),
            created_at=now,
            expires_at=now + self._exchange.life,
        )
        signed = self._exchange.sign(request, signer, named_by, asker.part)
        shown = without_password(signed, asker.part)
        try:
            self._record.request(entry(EntryKind.TOKEN_REQUEST, request, shown, acting_user=asker.name))
        except StoreError as error:
            raise fault(5101, self._where, reason=error.what) from error
        answer = self._ask(request, signed, asker)
        try:
            grant = self._grant(answer, None if self._is_bearer else signer.spki)
        except UnverifiedError as error:
            raise fault(5102, self._where, reason=str(error)) from error
        if self._institution is not None and grant.institution != self._institution:
            raise fault(4105, self._where)
        if grant.expires_at <= self._clock.now():
            raise fault(5102, self._where, reason="the session has ended before it began; compare the clocks")
        return Token(
            eeszt_user=grant.user,
            assertion=grant.assertion,
            assertion_id=grant.identifier,
            key=None if session is None else session.pkcs8(),
            role=grant.role,
            institution=grant.institution,
            issued_at=grant.issued_at,
            expires_at=grant.expires_at,
        )

    @property
    def is_down(self) -> bool:
        """Whether the last question to it was not answered; what MedWorkS sees as an outage of the login."""
        return self._asked_in_vain_at is not None

    def try_again(self) -> bool:
        """Ask an STS that did not answer, if it is time to; whether it answers. Nobody is logged in by it."""
        at = self._asked_in_vain_at
        if at is None:
            return True
        if self._clock.monotonic() < at + TRY_S:
            return False
        self._asked_in_vain_at = self._clock.monotonic()
        try:
            if self._technical is not None:
                self._fetch_technical()
            else:
                self._exchange.shake_hands(self._address)
        except LoginError:
            return True
        except (TransportError, NotSentError):
            return False
        self._asked_in_vain_at = None
        return True

    def _ask(self, request: Request, signed: bytes, asker: Asker) -> Answer:
        try:
            answer = self._asked(request, signed, asker)
        except TransportError:
            self._asked_in_vain_at = self._clock.monotonic()
            raise
        except LoginError:
            self._asked_in_vain_at = None
            raise
        self._asked_in_vain_at = None
        return answer

    def _asked(self, request: Request, signed: bytes, asker: Asker) -> Answer:
        until = self._clock.monotonic() + self._exchange.life.total_seconds()
        heard, outcome = b"", "ANSWERED"
        try:
            received = self._exchange.post(request, signed, until)
            heard = received.body
            answer = self._exchange.believe(request, received, self._clock.now())
            if answer.is_fault:
                outcome = "FAULT"
                raise self._refusal(answer.payload)
        except NotSentError as error:
            outcome = "NOT_SENT"
            raise fault(5101, self._where, reason=str(error)) from error
        except (LostError, UnverifiedError) as error:
            outcome = "LOST"
            raise fault(5102, self._where, reason=str(error)) from error
        finally:
            shown = without_grant(heard, asker.password) if heard else heard
            about = entry(EntryKind.TOKEN_ANSWER, request, shown, outcome=outcome, acting_user=asker.name)
            self._record.answer(about)
        return answer

    def _refusal(self, payload: bytes) -> RunnerError:
        code = read_fault(payload, self._pack.fault, self._pack.prefixes).code or ""
        if code in self._pack.faults.retry:
            return fault(5101, self._where, reason="it is overloaded")
        if code in self._meanings:
            return fault(self._meanings[code], self._where)
        return fault(4104, self._where, code=code if _CODE.fullmatch(code) else "no code")

    def _grant(self, answer: Answer, proof_key: bytes | None) -> Grant:
        response = only(parse(answer.payload), tag(Ns.WST, "RequestSecurityTokenResponse"))
        assertion = only(only(response, tag(Ns.WST, "RequestedSecurityToken")), ASSERTION)
        grant = believed(
            assertion,
            self._signers,
            self._exchange.allowed,
            self._pack.sts,
            proof_key,
            self._clock.now(),
            self._exchange.skew,
        )
        return within_lifetime(grant, response)
