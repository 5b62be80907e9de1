"""The way of ordinary requests: token, prescription, withdrawal, query, event."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

from lxml import etree

from runner.simulator.process import SimulatorProcess
from tests.simulator.example import DOCTOR, TAJ, available, event, prescription, query, submissions, withdrawal
from tests.simulator.hand_client import HandClient, Token, verified


def test_a_prescription_gets_an_identifier_and_a_signed_answer(
    simulator: SimulatorProcess, client: HandClient, shared_token: Token
) -> None:
    request = prescription(client.addresses["erecept"])
    answer = client.send(request, shared_token)
    assert answer.status == 200, answer.body
    body = verified(answer, simulator.pki.service, request.message_id)
    identifier = body.findtext(".//{*}Azonosito")
    assert identifier is not None
    assert identifier.startswith("SIM")
    document = next(d for d in simulator.control.register() if d["message_id"] == request.message_id)
    assert (document["id"], document["user"], document["state"], document["patient"]) == (
        identifier,
        DOCTOR,
        "FELIRT",
        f"TAJ:{TAJ}",
    )
    assert document["own_reference"] == request.message_id
    assert document["copies"] == 1
    assert document["unscripted"] is False


def test_a_message_that_comes_again_is_refused_with_the_first_identifier(
    simulator: SimulatorProcess, client: HandClient, shared_token: Token
) -> None:
    request = prescription(client.addresses["erecept"])
    first = client.send(request, shared_token).text(".//er:Azonosito")
    again = client.send(request, shared_token)
    assert again.status == 500
    assert again.code == "MAR_RENDBEN"
    assert again.text(".//kz:Hiba/kz:Azonosito") == first
    verified(again, simulator.pki.service, request.message_id)
    found = [d for d in simulator.control.register() if d["message_id"] == request.message_id]
    assert [(d["id"], d["copies"]) for d in found] == [(first, 2)]


def test_a_prescriber_withdraws_once_and_the_query_shows_it(
    simulator: SimulatorProcess, client: HandClient, shared_token: Token
) -> None:
    address = client.addresses["erecept"]
    identifier = client.send(prescription(address, taj="100000003"), shared_token).text(".//er:Azonosito")
    assert identifier is not None
    answer = client.send(withdrawal(address, identifier), shared_token)
    assert answer.text(".//er:Allapot") == "VISSZAVONT"
    assert client.send(withdrawal(address, identifier), shared_token).code == "MAR_VISSZAVONT"
    shown = client.send(query(address, "100000003"), shared_token)
    assert shown.text(".//er:Recept/er:Azonosito") == identifier
    assert shown.text(".//er:Recept/er:Allapot") == "VISSZAVONT"
    assert client.send(withdrawal(address, "SIM-nincs"), shared_token).code == "NEM_TALALHATO"


def test_a_dispensed_prescription_is_not_withdrawn(
    simulator: SimulatorProcess, client: HandClient, shared_token: Token
) -> None:
    address = client.addresses["erecept"]
    identifier = client.send(prescription(address), shared_token).text(".//er:Azonosito")
    assert identifier is not None
    simulator.control.reserve(identifier)
    simulator.control.dispense(identifier)
    assert client.send(withdrawal(address, identifier), shared_token).code == "MAR_KIVALTOTT"


def test_a_query_finds_only_what_was_stored_under_the_same_identifier(
    client: HandClient, simulator: SimulatorProcess, shared_token: Token
) -> None:
    simulator.control.add_document("erecept.Feliras", patient="UTLEVEL:AB123456", fields={"pecsetszam": "52713"})
    address = client.addresses["erecept"]
    assert client.send(query(address, "AB123456", "UTLEVEL"), shared_token).text(".//er:Recept/er:Allapot") == "FELIRT"
    other = client.send(query(address, "AB123456", "EGYEB"), shared_token)
    assert other.status == 200
    assert other.text(".//er:Recept/er:Allapot") is None


def test_the_technical_user_sends_events_and_asks_what_became_of_them(
    client: HandClient, simulator: SimulatorProcess
) -> None:
    answer, token = client.technical_token()
    assert answer.status == 200, answer.body
    request = event(client.addresses["ekat"])
    identifier = client.send(request, token).text(".//ek:Azonosito")
    assert identifier is not None
    asked = client.send(submissions(client.addresses["ekat"], request.message_id), token)
    assert asked.text(".//ek:Bekuldes/ek:Azonosito") == identifier
    absent = client.send(
        submissions(client.addresses["ekat"], "urn:uuid:" + "0" * 8 + "-0000-0000-0000-" + "0" * 12), token
    )
    assert absent.status == 200
    assert absent.text(".//ek:Bekuldes") is None


def test_a_connection_is_kept_for_further_requests(client: HandClient, shared_token: Token) -> None:
    address = urlsplit(client.addresses["erecept"])
    connection = http.client.HTTPSConnection(address.netloc, context=client.context, timeout=10)
    ports = set()
    for _ in range(3):
        root = client.envelope(available(client.addresses["erecept"]), shared_token)
        connection.request("POST", address.path, etree.tostring(root), {"Content-Type": "application/soap+xml"})
        with connection.getresponse() as response:
            assert response.status == 200
            response.read()
        ports.add(connection.sock.getsockname()[1])
    connection.close()
    assert len(ports) == 1


def test_the_harmless_call_stores_nothing(client: HandClient, simulator: SimulatorProcess, shared_token: Token) -> None:
    before = len(simulator.control.register())
    answer = client.send(available(client.addresses["erecept"]), shared_token)
    assert answer.text(".//er:Ido") is not None
    assert len(simulator.control.register()) == before
