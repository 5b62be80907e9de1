"""Tokens: who gets one, and how long it is worth something."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ec

from runner.simulator.process import SimulatorProcess
from runner.simulator.user import matching_step, one_time_password
from tests.simulator.example import DOCTOR, NOT_ACTIVE, OTHER_DOCTOR, available, prescription
from tests.simulator.hand_client import NS, HandClient, Token

RFC_6238_SEED = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.mark.parametrize(
    ("at_s", "password"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]
)
def test_one_time_passwords_are_those_of_rfc_6238(at_s: int, password: str) -> None:
    assert one_time_password(RFC_6238_SEED, at_s) == password


def test_one_step_early_or_late_is_taken_and_no_more() -> None:
    steps = [
        matching_step(RFC_6238_SEED, one_time_password(RFC_6238_SEED, at_s), 3000) for at_s in range(2910, 3091, 30)
    ]
    assert steps == [None, None, 99, 100, 101, None, None]


def test_a_token_says_who_in_which_role_of_which_institution(login: Callable[[str], Token]) -> None:
    assertion = login(OTHER_DOCTOR).assertion
    attributes = assertion.iter("{*}Attribute")
    values = {a.get("Name"): a.findtext("saml2:AttributeValue", namespaces=NS) for a in attributes}
    assert assertion.findtext(".//saml2:NameID", namespaces=NS) == OTHER_DOCTOR
    assert values == {"szerepkor": "ORVOS", "intezmeny": "100001"}


def test_the_lifetime_of_a_token_is_that_of_its_assertion(client: HandClient, simulator: SimulatorProcess) -> None:
    answer, token = client.technical_token()
    conditions = token.assertion.find("saml2:Conditions", NS)
    assert conditions is not None
    assert answer.text(".//wst:Lifetime/wsu:Expires") == conditions.get("NotOnOrAfter")


def test_a_password_is_taken_once_also_after_a_restart(started: Callable[..., SimulatorProcess]) -> None:
    first = started()
    password = first.one_time_password(DOCTOR)
    client = HandClient(first.addresses, first.pki)
    assert client.token(DOCTOR, password)[0].status == 200
    assert client.token(DOCTOR, password)[0].code == "FELHASZNALT_JELSZO"
    first.stop()
    second = started()
    assert HandClient(second.addresses, second.pki).token(DOCTOR, password)[0].code == "FELHASZNALT_JELSZO"


def test_a_wrong_password_an_unknown_user_and_one_not_activated_are_told_apart(
    client: HandClient, simulator: SimulatorProcess
) -> None:
    assert client.token(DOCTOR, "00000a")[0].code == "HIBAS_JELSZO"
    assert client.token("O99999", "123456")[0].code == "HIBAS_JELSZO"
    assert client.token(NOT_ACTIVE, simulator.one_time_password(NOT_ACTIVE))[0].code == "NEM_AKTIV"


def test_the_request_must_be_signed_by_the_key_that_the_token_shall_name(
    client: HandClient, simulator: SimulatorProcess
) -> None:
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    password = simulator.one_time_password(OTHER_DOCTOR, ahead_s=-30)
    answer, _ = client.token(OTHER_DOCTOR, password, key=keys[0], signed_by=keys[1])
    assert answer.code == "ALAIRAS_HIBAS"


def test_only_the_technical_users_certificate_gets_his_token(client: HandClient, simulator: SimulatorProcess) -> None:
    assert client.technical_token(simulator.pki.institution)[0].code == "NINCS_JOGOSULTSAG"
    assert client.technical_token(simulator.pki.other_institution)[0].code == "IDEGEN_INTEZMENY"
    assert client.technical_token(simulator.pki.stranger)[0].code == "ALAIRAS_HIBAS"


def test_a_token_that_has_run_out_is_refused_as_such(started: Callable[..., SimulatorProcess]) -> None:
    process = started(token_life=0.001)
    client = HandClient(process.addresses, process.pki)
    _, token = client.token(DOCTOR, process.one_time_password(DOCTOR))
    assert client.send(prescription(client.addresses["erecept"]), token).code == "TOKEN_LEJART"


def test_a_user_who_is_no_longer_active_loses_his_session(
    started: Callable[..., SimulatorProcess], state: Path
) -> None:
    process = started()
    client = HandClient(process.addresses, process.pki)
    _, token = client.token(DOCTOR, process.one_time_password(DOCTOR))
    assert client.send(available(client.addresses["erecept"]), token).status == 200
    users = yaml.safe_load((state / "users.yaml").read_text(encoding="utf-8"))
    next(user for user in users["users"] if user["eeszt_user"] == DOCTOR)["active"] = False
    (state / "users.yaml").write_text(yaml.safe_dump(users), encoding="utf-8")
    assert client.send(available(client.addresses["erecept"]), token).code == "TOKEN_LEJART"


def test_bearer_tokens_are_proved_by_the_institutions_key(started: Callable[..., SimulatorProcess]) -> None:
    process = started(proof="bearer")
    client = HandClient(process.addresses, process.pki)
    answer, person = client.token(DOCTOR, process.one_time_password(DOCTOR), bearer=True)
    assert answer.status == 200, answer.body
    _, technical = client.technical_token(bearer=True)
    assert client.send(prescription(client.addresses["erecept"]), person, bearer=True).status == 200
    assert client.send(available(client.addresses["ekat"], "ekat"), technical, bearer=True).status == 200
    assert client.send(prescription(client.addresses["erecept"]), person).code == "ALAIRAS_HIBAS"
    bound = client.token(DOCTOR, process.one_time_password(DOCTOR, ahead_s=30))[0]
    assert bound.code == "ALAIRAS_HIBAS"
