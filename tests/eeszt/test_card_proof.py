"""A card's proof at the token service, judged by the simulator's own code under both ways of proof."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from runner.domain.card import Algorithm, CardProof, Statement, fingerprint
from runner.eeszt.keys import Signer
from runner.errors import LoginError
from runner.mapping.pack import ContractPack
from runner.simulator.process import start
from tests.eeszt.test_against_simulator import DOCTOR, PACK, Site
from tests.support.card.identity import CardAuthority, CardIdentity

CARDS = CardAuthority()


@dataclass
class Portal:
    """A simulated EESZT on whose portal cards are activated."""

    site: Site
    users: Path

    def activate(self, identity: CardIdentity, owner: str = DOCTOR) -> None:
        said = yaml.safe_load(self.users.read_text())
        user = next(each for each in said["users"] if each["eeszt_user"] == owner)
        user.setdefault("cards", []).append(hashlib.sha256(identity.der).hexdigest())
        self.users.write_text(yaml.safe_dump(said, allow_unicode=True))

    def prove(self, identity: CardIdentity, **other: object) -> CardProof:
        """What the card signs for a new session key, or for what a test says."""
        facts = {
            "endpoint": "a" * 64,
            "request": secrets.token_hex(32),
            "session": fingerprint(self.session.spki),
            "institution": "100001",
            "time": datetime.now(UTC).replace(microsecond=0),
            **other,
        }
        data = Statement(**facts).bytes()  # type: ignore[arg-type]
        if isinstance(identity.key, rsa.RSAPrivateKey):
            signature = identity.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
            return CardProof(identity.der, Algorithm.RSA_PKCS1_SHA256, data, signature)
        r, s = decode_dss_signature(identity.key.sign(data, ec.ECDSA(hashes.SHA256())))
        return CardProof(identity.der, Algorithm.ECDSA_SHA256, data, r.to_bytes(32, "big") + s.to_bytes(32, "big"))

    def __post_init__(self) -> None:
        self.session = Signer.fresh()

    def refused(self, proof: CardProof) -> int:
        with pytest.raises(LoginError) as error:
            self.site.sts.issue_by_card(DOCTOR, proof, self.session.pkcs8())
        assert error.value.sentence
        return error.value.number


@pytest.fixture(scope="module", params=["holder_of_key", "bearer"])
def portal(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, pack: ContractPack
) -> Iterator[Portal]:
    folder = tmp_path_factory.mktemp("portal")
    with start(folder, pack=PACK, proof=request.param) as sim:
        made = Site(sim, replace(pack, security=replace(pack.security, proof=request.param)))
        yield Portal(made, folder / "users.yaml")
        made.http.close()


@pytest.mark.parametrize("kind", ["p256", "rsa"])
def test_an_activated_card_logs_its_owner_in_and_its_proof_is_taken_once(portal: Portal, kind: str) -> None:
    identity = CARDS.issue(kind=kind)  # type: ignore[arg-type]
    portal.activate(identity)
    proof = portal.prove(identity)
    token = portal.site.sts.issue_by_card(DOCTOR, proof, portal.session.pkcs8())
    assert (token.eeszt_user, token.role, token.institution) == (DOCTOR, "ORVOS", "100001")
    assert portal.refused(proof) == 4238


def test_a_card_that_nobody_activated_is_told_apart(portal: Portal) -> None:
    assert portal.refused(portal.prove(CARDS.issue())) == 4237


def test_a_card_of_a_user_who_is_not_active_is_told_apart(portal: Portal) -> None:
    identity = CARDS.issue()
    portal.activate(identity, "O70070")
    assert portal.refused(portal.prove(identity)) == 4103


def test_a_proof_for_elsewhere_or_of_another_time_is_refused(portal: Portal) -> None:
    identity = CARDS.issue()
    portal.activate(identity)
    now = datetime.now(UTC).replace(microsecond=0)
    others: list[dict[str, object]] = [
        {"institution": "999999"},
        {"time": now - timedelta(minutes=6)},
        {"time": now + timedelta(minutes=6)},
    ]
    if portal.site.pack.security.proof == "holder_of_key":
        others.append({"session": "0" * 64})
    assert [portal.refused(portal.prove(identity, **other)) for other in others] == [4238] * len(others)


def test_a_changed_statement_signature_or_certificate_is_refused(portal: Portal) -> None:
    identity, other = CARDS.issue(), CARDS.issue()
    portal.activate(identity)
    portal.activate(other)
    good = portal.prove(identity)
    changed = [
        replace(good, statement=good.statement + b"\n"),
        replace(good, signature=good.signature[:-1] + bytes((good.signature[-1] ^ 1,))),
        replace(good, certificate=other.der),
        replace(good, certificate=b"x"),
        replace(good, algorithm=Algorithm.RSA_PKCS1_SHA256),
    ]
    assert [portal.refused(each) for each in changed] == [4238] * len(changed)


def test_a_contract_that_knows_no_cards_says_so(portal: Portal) -> None:
    pack = portal.site.pack
    site = Site(portal.site.sim, replace(pack, sts=replace(pack.sts, card_proof=None)))
    with pytest.raises(LoginError) as error:
        site.sts.issue_by_card(DOCTOR, portal.prove(CARDS.issue()), portal.session.pkcs8())
    site.http.close()
    assert error.value.number == 4239
