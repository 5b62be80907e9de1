"""What the simulator does not let in, and that nothing of it is recorded."""

from __future__ import annotations

import copy
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from runner.simulator.process import SimulatorProcess
from tests.simulator.example import CLERK, DOCTOR, OTHER_DOCTOR, available, event, prescription, query, withdrawal
from tests.simulator.hand_client import NS, HandClient, Token, security


@pytest.fixture
def somebody_elses(simulator: SimulatorProcess) -> str:
    """The identifier of a prescription of the first doctor."""
    return simulator.control.add_document("erecept.Feliras", user=DOCTOR)


@pytest.fixture(autouse=True)
def _nothing_recorded(simulator: SimulatorProcess, somebody_elses: str) -> object:
    before = len(simulator.control.register())
    yield
    assert len(simulator.control.register()) == before


def why(simulator: SimulatorProcess) -> str:
    return str(simulator.control.log()[-1]["why"])


def test_an_expired_message_is_refused(client: HandClient, shared_token: Token) -> None:
    request = prescription(client.addresses["erecept"])
    request.created = datetime.now(UTC) - timedelta(seconds=61)
    assert client.send(request, shared_token).code == "LEJART_UZENET"


@pytest.mark.parametrize(("ahead_s", "life_s"), [(120.0, 60.0), (0.0, 3600.0)])
def test_a_message_from_the_future_or_with_too_long_a_life_is_refused(
    client: HandClient, shared_token: Token, ahead_s: float, life_s: float
) -> None:
    request = prescription(client.addresses["erecept"])
    request.created = datetime.now(UTC) + timedelta(seconds=ahead_s)
    request.life_s = life_s
    assert client.send(request, shared_token).code == "HIBAS_IDO"


@pytest.mark.parametrize("part", ["timestamp", "body", "to", "action", "message-id", "assertion"])
def test_each_part_must_be_signed(client: HandClient, shared_token: Token, part: str) -> None:
    request = prescription(client.addresses["erecept"])
    request.leave_unsigned = (shared_token.assertion.get("ID", "") if part == "assertion" else part,)
    assert client.send(request, shared_token).code == "ALAIRAS_HIBAS"


def _change_body(root: etree._Element) -> None:
    found = root.find(".//er:Jogcim", NS)
    assert found is not None
    found.text = "1"


def _move_body(root: etree._Element) -> None:
    """The classic wrapping attack: the signed body is put aside, and another takes its place."""
    body = root[1]
    fake = copy.deepcopy(body)
    fake.attrib.clear()
    root.replace(body, fake)
    wrapper = etree.SubElement(root[0], "{urn:x}Wrapper")
    wrapper.append(body)


def _two_bodies(root: etree._Element) -> None:
    root.append(copy.deepcopy(root[1]))


def _second_security(root: etree._Element) -> None:
    root[0].append(copy.deepcopy(security(root)))


def _same_identifier_twice(root: etree._Element) -> None:
    etree.SubElement(root[0], "{urn:x}Other").set("Id", "body")


def _other_digest(root: etree._Element) -> None:
    for method in root.iterfind(".//ds:DigestMethod", NS):
        method.set("Algorithm", "http://www.w3.org/2000/09/xmldsig#sha1")


def _no_signature(root: etree._Element) -> None:
    found = security(root).find("ds:Signature", NS)
    assert found is not None
    security(root).remove(found)


def _changed_assertion(root: etree._Element) -> None:
    name = root.find(".//saml2:NameID", NS)
    assert name is not None
    name.text = OTHER_DOCTOR


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_change_body, "ALAIRAS_HIBAS"),
        (_move_body, "ALAIRAS_HIBAS"),
        (_two_bodies, "HIBAS_UZENET"),
        (_second_security, "HIBAS_UZENET"),
        (_same_identifier_twice, "ALAIRAS_HIBAS"),
        (_other_digest, "ALAIRAS_HIBAS"),
        (_no_signature, "ALAIRAS_HIBAS"),
        (_changed_assertion, "ALAIRAS_HIBAS"),
    ],
)
def test_an_altered_message_is_refused(
    client: HandClient, shared_token: Token, change: Callable[[etree._Element], None], code: str
) -> None:
    root = client.envelope(prescription(client.addresses["erecept"]), shared_token)
    change(root)
    assert client.post(client.addresses["erecept"], etree.tostring(root)).code == code


def test_a_message_signed_by_another_key_than_the_tokens_is_refused(client: HandClient, shared_token: Token) -> None:
    other = Token(shared_token.assertion, ec.generate_private_key(ec.SECP256R1()))
    assert client.send(prescription(client.addresses["erecept"]), other).code == "ALAIRAS_HIBAS"


def test_a_token_that_the_sts_did_not_sign_is_refused(client: HandClient, shared_token: Token) -> None:
    forged = copy.deepcopy(shared_token.assertion)
    signature = forged.find("ds:Signature", NS)
    assert signature is not None
    forged.remove(signature)
    assert (
        client.send(prescription(client.addresses["erecept"]), Token(forged, shared_token.key)).code == "ALAIRAS_HIBAS"
    )


def test_bytes_with_a_dtd_are_refused(client: HandClient, simulator: SimulatorProcess) -> None:
    data = b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'
    assert client.post(client.addresses["erecept"], data).code == "HIBAS_UZENET"
    assert why(simulator) == "has a DTD"


def test_a_message_that_the_schema_refuses_is_refused_without_its_values(
    client: HandClient, simulator: SimulatorProcess, shared_token: Token
) -> None:
    request = prescription(client.addresses["erecept"])
    request.body = request.body.replace("I10H0", "titkos-ertek")
    answer = client.send(request, shared_token)
    assert answer.code == "HIBAS_UZENET"
    assert b"titkos" not in answer.body
    assert "titkos" not in str(simulator.control.log())


def test_action_and_address_must_be_the_operations(client: HandClient, shared_token: Token) -> None:
    request = prescription(client.addresses["erecept"])
    request.action = available("", "ekat").action
    assert client.send(request, shared_token).code == "HIBAS_UZENET"
    elsewhere = prescription(client.addresses["ekat"])
    root = client.envelope(elsewhere, shared_token)
    assert client.post(client.addresses["erecept"], etree.tostring(root)).code == "HIBAS_UZENET"


def test_only_a_doctor_writes_and_never_the_technical_user(client: HandClient, login: Callable[[str], Token]) -> None:
    clerk = login(CLERK)
    _, technical = client.technical_token()
    for token in (clerk, technical):
        assert client.send(prescription(client.addresses["erecept"]), token).code == "NINCS_JOGOSULTSAG"
        assert client.send(query(client.addresses["erecept"]), token).code == "NINCS_JOGOSULTSAG"


def test_nobody_works_where_he_is_not_assigned(
    client: HandClient, login: Callable[[str], Token], shared_token: Token
) -> None:
    address = client.addresses["erecept"]
    answer = client.send(prescription(address, workplace="999999999"), shared_token)
    assert (answer.code, answer.text(".//kz:Mezo")) == ("NINCS_HOZZARENDELES", "Munkahely")
    assert client.send(event(client.addresses["ekat"]), login(CLERK)).code == "NINCS_HOZZARENDELES"


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"taj": "123456789"}, "HIBAS_TAJ", "Paciens/Azonosito"),
        ({"ttt": "912345678"}, "HIBAS_TTT", "Gyari/Ttt"),
        ({"stamp": "61142"}, "NINCS_JOGOSULTSAG", "Felirta/Pecsetszam"),
    ],
)
def test_the_script_refuses_what_the_schema_cannot(
    client: HandClient, shared_token: Token, changed: dict[str, str], code: str, field: str
) -> None:
    answer = client.send(prescription(client.addresses["erecept"], **changed), shared_token)
    assert (answer.code, answer.text(".//kz:Mezo")) == (code, field)


def test_a_client_without_our_certificate_is_refused_in_the_handshake(
    client: HandClient, simulator: SimulatorProcess
) -> None:
    context = ssl.create_default_context(cafile=str(client.pki.ca.certificate))
    strangers = HandClient(client.addresses, client.pki, client.pki.stranger)
    for refused in (context, strangers.context):
        strangers.context = refused
        with pytest.raises((ssl.SSLError, ConnectionError)):
            strangers.post(client.addresses["erecept"], b"<a/>")
    assert simulator.control.log()[-1]["outcome"] == "tls_refused"


def test_a_token_is_worth_nothing_to_another_institution(
    client: HandClient, simulator: SimulatorProcess, shared_token: Token
) -> None:
    other = HandClient(simulator.addresses, simulator.pki, simulator.pki.other_institution)
    assert other.send(prescription(client.addresses["erecept"]), shared_token).code == "IDEGEN_INTEZMENY"


def test_another_doctor_withdraws_nothing(
    client: HandClient, somebody_elses: str, login: Callable[[str], Token]
) -> None:
    request = withdrawal(client.addresses["erecept"], somebody_elses, stamp="61142")
    assert client.send(request, login(OTHER_DOCTOR)).code == "NINCS_JOGOSULTSAG"
