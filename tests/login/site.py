"""A small hospital for the login's tests: who works there, and everything wired in memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from runner.domain.policy import Recorder, Registration
from runner.login.admission import Admission
from runner.login.nonce import nonce_hash
from runner.login.seal import Sealer
from runner.login.sessions import SealedSessions
from runner.ports import Token
from tests.support.logins import INSTITUTION, FrozenClock, MemoryDirectory, MemoryLogins, TableTokens, a_token

KEY = bytes(range(32))
PASSWORD = "Kuku-481516"  # the mark that no log may show

RECORDERS = (
    Recorder("kovacs", Registration.DOCTOR, "O12345"),
    Recorder("szucs", Registration.DOCTOR, "O23456"),
    Recorder("orosz", Registration.OTHER, "SZ34567"),
    Recorder("nemes", Registration.UNREGISTERED_DOCTOR),
    Recorder("vidor", Registration.UNREGISTERED_OTHER),
)


@dataclass
class Site:
    """Everything of it."""

    clock: FrozenClock = field(default_factory=FrozenClock)
    grants: dict[str, Token] = field(default_factory=lambda: {PASSWORD: a_token()})

    def __post_init__(self) -> None:
        self.woken: list[int] = []
        self.logins = MemoryLogins(self.clock)
        self.directory = MemoryDirectory(*RECORDERS)
        self.tokens = TableTokens(self.clock, self.grants)
        self.sealer = Sealer(KEY, environment="test")
        self.sessions = SealedSessions(self.logins, self.tokens, self.sealer, self.clock)
        self.admission = Admission(
            self.directory,
            self.logins,
            self.tokens,
            self.sealer,
            self.clock,
            institution=INSTITUTION,
            doctor_roles=["ORVOS"],
            logged_in=lambda: self.woken.append(len(self.logins.state())),
        )

    def begin(self, his_user: str, nonce: str, life_s: float = 120.0) -> str:
        """Do what the HIS does; the nonce."""
        self.logins.begin(his_user, nonce_hash(nonce), life_s)
        return nonce
