"""Every named fault does what its sentence says, to the connection and to the register."""

from __future__ import annotations

import http.client
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from signxml.exceptions import SignXMLException

from runner.simulator.fault import FAULTS
from runner.simulator.process import SimulatorProcess
from runner.simulator.refusal import SimulatorError
from tests.simulator.example import TAJ, WORKPLACE, available, prescription, query
from tests.simulator.hand_client import Answer, HandClient, Request, Token, verified

Send = Callable[[], Answer]


class Scene:
    """One prescription under a fault."""

    def __init__(self, simulator: SimulatorProcess, client: HandClient, token: Token) -> None:
        self.simulator = simulator
        self.control = simulator.control
        self.client = client
        self.token = token
        self.request: Request = prescription(client.addresses["erecept"])

    def send(self, request: Request | None = None, timeout_s: float = 10) -> Answer:
        return self.client.send(request or self.request, self.token, timeout_s=timeout_s)

    def copies(self) -> int:
        """How many documents the message made."""
        return sum(1 for d in self.control.register() if d["message_id"] == self.request.message_id)

    def verify(self, answer: Answer) -> object:
        return verified(answer, self.simulator.pki.service, self.request.message_id)


@pytest.fixture
def scene(simulator: SimulatorProcess, client: HandClient, shared_token: Token) -> Scene:
    return Scene(simulator, client, shared_token)


def until(condition: Callable[[], bool], limit_s: float = 5.0) -> None:
    """Wait until it is so."""
    ends = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < ends, "did not become true"
        time.sleep(0.01)


def test_slow_answers_late_but_rightly(scene: Scene) -> None:
    scene.control.fault("slow", operation="Feliras", times=1, seconds=0.2)
    began = time.monotonic()
    scene.verify(scene.send())
    assert time.monotonic() - began >= 0.2


def test_silent_records_nothing_and_never_answers(scene: Scene) -> None:
    scene.control.fault("silent", operation="Feliras", times=1)
    with pytest.raises(TimeoutError):
        scene.send(timeout_s=0.3)
    assert scene.copies() == 0
    assert scene.send().status == 200


def test_cut_before_records_nothing(scene: Scene) -> None:
    scene.control.fault("cut_before", times=1)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        scene.send()
    assert scene.copies() == 0


def test_cut_after_accept_has_recorded(scene: Scene) -> None:
    scene.control.fault("cut_after_accept", times=1)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        scene.send()
    assert scene.copies() == 1
    assert scene.send().code == "MAR_RENDBEN"


def test_late_accept_records_after_the_connection_is_gone(scene: Scene) -> None:
    scene.control.fault("late_accept", times=1, seconds=0.2)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        scene.send()
    assert scene.copies() == 0
    until(lambda: scene.copies() == 1)


def test_late_accept_does_not_record_what_has_expired(scene: Scene) -> None:
    scene.control.fault("late_accept", times=1, seconds=0.3)
    scene.request.life_s = 0.2
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        scene.send()
    ended = (scene.request.message_id, "LEJART_UZENET")
    until(lambda: ended in [(e["message_id"], e["outcome"]) for e in scene.control.log()])
    assert scene.copies() == 0


def test_html_comes_with_status_200(scene: Scene) -> None:
    scene.control.fault("html", times=1)
    answer = scene.send()
    assert (answer.status, answer.body[:6], scene.copies()) == (200, b"<html>", 0)


@pytest.mark.parametrize("how", ["value", "body", "signer"])
def test_a_wrong_signature_does_not_verify_though_recorded(scene: Scene, how: str) -> None:
    scene.control.fault("wrong_signature", times=1, how=how)
    answer = scene.send()
    assert answer.status == 200
    with pytest.raises(SignXMLException):
        scene.verify(answer)
    assert scene.copies() == 1


def test_a_missing_signature_is_missing_though_recorded(scene: Scene) -> None:
    scene.control.fault("missing_signature", times=1)
    answer = scene.send()
    assert answer.text(".//er:Azonosito") is not None
    assert answer.root is not None
    assert answer.root.find(".//{http://www.w3.org/2000/09/xmldsig#}Signature") is None
    assert scene.copies() == 1


def test_a_wrong_relates_to_is_signed_all_the_same(scene: Scene) -> None:
    scene.control.fault("wrong_relates_to", times=1)
    other = scene.send().text(".//wsa:RelatesTo")
    assert other is not None
    assert other != scene.request.message_id
    assert scene.copies() == 1


@pytest.mark.parametrize(
    ("fault", "code"),
    [("expired_token", "TOKEN_LEJART"), ("overloaded", "TULTERHELT"), ("unknown_fault", "ISMERETLEN_HIBA")],
)
def test_a_refusal_on_request_records_nothing(scene: Scene, fault: str, code: str) -> None:
    scene.control.fault(fault, operation="Feliras", times=1)
    answer = scene.send()
    assert (answer.status, answer.code, scene.copies()) == (500, code, 0)
    scene.verify(answer)


@pytest.mark.parametrize("signed", [True, False])
def test_duplicate_claims_what_is_not_so(scene: Scene, signed: bool) -> None:  # noqa: FBT001  a parameter of pytest
    scene.control.fault("duplicate", times=1, signed=signed, identifier="SIM1")
    answer = scene.send()
    assert (answer.code, answer.text(".//kz:Hiba/kz:Azonosito"), scene.copies()) == ("MAR_RENDBEN", "SIM1", 0)
    if signed:
        scene.verify(answer)
    else:
        with pytest.raises(SignXMLException):
            scene.verify(answer)


def test_index_lag_hides_what_is_young(scene: Scene) -> None:
    identifier = scene.send().text(".//er:Azonosito")
    scene.control.fault("index_lag", seconds=60)
    scene.control.add_document("erecept.Feliras", patient=f"TAJ:{TAJ}", id="SIM-REGI", created="2020-01-01T00:00:00Z")
    shown = scene.send(query(scene.request.address)).body.decode()
    assert "SIM-REGI" in shown
    assert str(identifier) not in shown
    scene.control.clear()
    assert str(identifier) in scene.send(query(scene.request.address)).body.decode()


def test_clock_skew_refuses_what_is_fresh_and_dates_answers_wrongly(scene: Scene) -> None:
    scene.control.fault("clock_skew", times=1, seconds=360)
    answer = scene.send()
    assert (answer.code, scene.copies()) == ("LEJART_UZENET", 0)
    created = datetime.fromisoformat(str(answer.text(".//wsu:Created")))
    assert timedelta(minutes=5) < created - datetime.now(UTC) < timedelta(minutes=7)


def test_an_outage_ends_with_its_window(scene: Scene) -> None:
    scene.control.fault("outage", seconds=0.3)
    assert scene.send().status == 503
    until(lambda: scene.send().status != 503)
    assert scene.copies() == 1


def test_an_outage_can_close_connections(scene: Scene) -> None:
    scene.control.fault("outage", how="closed", times=1)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        scene.send()
    assert scene.copies() == 0


def test_the_sts_alone_can_be_down(scene: Scene) -> None:
    scene.control.fault("sts_down")
    assert scene.client.post(scene.client.addresses["sts"], b"<a/>").status == 503
    assert scene.send().status == 200


def test_an_oversized_answer_never_ends(scene: Scene) -> None:
    scene.control.fault("oversized", times=1)
    answer = scene.send()
    assert len(answer.body) == 5_000_000
    assert scene.copies() == 0


def test_an_entity_bomb_has_a_dtd(scene: Scene) -> None:
    scene.control.fault("entity_bomb", times=1)
    assert b"<!DOCTYPE" in scene.send().body
    assert scene.copies() == 0


def test_wrong_patient_shows_somebody_elses(scene: Scene) -> None:
    scene.control.add_document("erecept.Feliras", patient="TAJ:200000006", id=f"SIM-MAS-{uuid.uuid4().hex[:8]}")
    scene.control.fault("wrong_patient", times=1)
    shown = scene.send(query(scene.request.address)).text(".//er:Recept/er:Azonosito")
    other = next(d for d in scene.control.register() if d["id"] == shown)
    assert other["patient"] != f"TAJ:{TAJ}"


def test_faults_meet_only_their_operation_and_as_often_as_said(scene: Scene) -> None:
    scene.control.fault("overloaded", operation=r"^ekat\.", times=2)
    assert scene.send().status == 200
    calls = [scene.send(available(scene.client.addresses["ekat"], "ekat")).code for _ in range(3)]
    assert calls == ["TULTERHELT", "TULTERHELT", None]


def test_every_fault_has_a_sentence_and_unknown_ones_are_refused(scene: Scene) -> None:
    assert scene.control.faults().keys() == FAULTS.keys()
    assert all(sentence.endswith(".") for sentence in scene.control.faults().values())
    with pytest.raises(SimulatorError, match="no fault is called"):
        scene.control.fault("slwo")
    with pytest.raises(SimulatorError, match="secs"):
        scene.control.fault("slow", secs=1)


def test_the_log_names_no_patient(scene: Scene) -> None:
    scene.send()
    scene.send(query(scene.request.address))
    assert TAJ not in str(scene.control.log())
    assert WORKPLACE not in str(scene.control.log())
